//! Memory, load and uptime.

use super::{Gather, source};
use kdo_value::{Map, Value};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    parse(&source::text("/proc/meminfo").unwrap_or_default(), &g.facts);
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
    let get = |key: &str| -> i64 {
        let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
        let kb = line.and_then(|l| l.split_whitespace().next()?.parse::<i64>().ok());
        kb.unwrap_or(0) / 1024
    };
    let (total, free) = (get("MemTotal"), get("MemFree"));
    let available = free + get("Buffers") + get("Cached");
    let (swap_total, swap_free) = (get("SwapTotal"), get("SwapFree"));
    out.insert("memtotal_mb", total);
    out.insert("memfree_mb", free);
    out.insert("swaptotal_mb", swap_total);
    out.insert("swapfree_mb", swap_free);
    let swap = Map::from_iter([
        ("cached", get("SwapCached")),
        ("free", swap_free),
        ("total", swap_total),
        ("used", swap_total - swap_free),
    ]);
    let memory = Map::from_iter([
        (
            "nocache",
            Map::from_iter([("free", available), ("used", total - available)]),
        ),
        (
            "real",
            Map::from_iter([("free", free), ("total", total), ("used", total - free)]),
        ),
        ("swap", swap),
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
            r#"{"nocache": {"free": 1027, "used": 3069}, "real": {"free": 1024, "total": 4096, "used": 3072}, "swap": {"cached": 0, "free": 1, "total": 2, "used": 1}}"#
        );
    }
}
