//! Memory, load and uptime.

use super::{Gather, source};
use kdo_value::{Map, Value};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    if let Some(text) = source::text("/proc/meminfo") {
        parse(&text, &g.facts);
    }
    let up = source::text("/proc/uptime").unwrap_or_default();
    if let Some(seconds) = up.split(['.', ' ']).next().and_then(|s| s.parse::<i64>().ok()) {
        g.facts.insert("uptime_seconds", seconds);
    }
}

pub(super) fn loadavg(g: &mut Gather<'_, '_>) {
    let loads = rustix::system::sysinfo().loads;
    let load = |i: usize| Value::Float(loads.get(i).map_or(0.0, |l| *l as f64 / 65536.0));
    g.facts.insert(
        "loadavg",
        Map::from_iter([("1m", load(0)), ("5m", load(1)), ("15m", load(2))]),
    );
}

fn parse(text: &str, out: &Map) {
    let get = |key: &str| -> Option<i64> {
        let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
        let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<i64>().ok());
        kb.map(|kb| kb / 1024)
    };
    let (total, free) = (get("MemTotal"), get("MemFree"));
    let (swap_total, swap_free) = (get("SwapTotal"), get("SwapFree"));
    let both = |a: Option<i64>, b: Option<i64>, f: fn(i64, i64) -> i64| Some(f(a?, b?));
    let less = |a, b| both(a, b, |a, b| a - b);
    let more = |a, b| both(a, b, |a, b| a + b);
    let available = more(more(get("Cached"), free), get("Buffers"));
    for (name, value) in [
        ("memtotal_mb", total),
        ("memfree_mb", free),
        ("swaptotal_mb", swap_total),
        ("swapfree_mb", swap_free),
    ] {
        if let Some(value) = value {
            out.insert(name, value);
        }
    }
    let map = |entries: &[(&str, Option<i64>)]| -> Map {
        let of =
            |(name, value): &(&str, Option<i64>)| (name.to_string(), value.map_or(Value::None, Value::from));
        entries.iter().map(of).collect()
    };
    let memory = Map::from_iter([
        (
            "nocache",
            map(&[("free", available), ("used", less(total, available))]),
        ),
        (
            "real",
            map(&[("free", free), ("total", total), ("used", less(total, free))]),
        ),
        (
            "swap",
            map(&[
                ("cached", get("SwapCached")),
                ("free", swap_free),
                ("total", swap_total),
                ("used", less(swap_total, swap_free)),
            ]),
        ),
    ]);
    out.insert("memory_mb", memory);
}

#[cfg(test)]
mod tests {
    use super::parse;
    use kdo_value::{Map, json};

    #[test]
    fn kilobytes_become_megabytes() {
        let out = Map::new();
        parse(
            "MemTotal: 4194304 kB\nMemFree: 1048576 kB\nBuffers: 1024 kB\nCached: 2048 kB\nSwapTotal: 2048 kB\nSwapFree: 1024 kB\n",
            &out,
        );
        assert_eq!(
            json::line(&out.get("memory_mb").unwrap()),
            r#"{"nocache": {"free": 1027, "used": 3069}, "real": {"free": 1024, "total": 4096, "used": 3072}, "swap": {"cached": null, "free": 1, "total": 2, "used": 1}}"#
        );
    }
}
