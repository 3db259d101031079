//! The totals.

use crate::{Console, Options, clean, lines::banner, palette::paint, render, width::width};
use kdo_event::Stats;
use kdo_value::{Map, Value};

/// `PLAY RECAP`, one line per host.
pub(crate) fn recap(stats: &[(String, Stats)], options: &Options) -> String {
    let mut stats: Vec<_> = stats.iter().collect();
    stats.sort_by(|a, b| a.0.cmp(&b.0));
    let p = &options.palette;
    let mut out = format!("{}\n", banner("PLAY RECAP", options));
    for (host, s) in stats {
        let color = |text: String, code: &str| {
            if options.color && !code.is_empty() {
                paint(&text, code)
            } else {
                text
            }
        };
        let code = p.of_host(s);
        let pad = " ".repeat(26usize.saturating_sub(width(host)));
        out.push_str(&format!("{}{pad} :", color(host.clone(), code)));
        for (name, n, code) in [
            ("ok", s.ok, p.ok.as_str()),
            ("changed", s.changed, &p.changed),
            ("unreachable", s.unreachable, &p.unreachable),
            ("failed", s.failed, &p.error),
            ("skipped", s.skipped, &p.skip),
            ("rescued", s.rescued, &p.ok),
            ("ignored", s.ignored, &p.warn),
        ] {
            let code = if n > 0 { code } else { "" };
            out.push_str(&format!(" {}", color(format!("{name}={n:<4}"), code)));
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

/// A host's totals as the views write them that do not count skipped tasks.
pub(crate) fn short_line(host: &str, s: &Stats, options: &Options) -> String {
    let p = &options.palette;
    let color = |text: String, code: &str, n: u64| {
        if options.color && n > 0 {
            paint(&text, code)
        } else {
            text
        }
    };
    let code = p.of_host(s);
    let pad = " ".repeat(26usize.saturating_sub(width(host)));
    let mut out = format!("  {}{pad} :", color(host.to_owned(), code, 1));
    for (name, n, code) in [
        ("ok", s.ok, &p.ok),
        ("changed", s.changed, &p.changed),
        ("unreachable", s.unreachable, &p.unreachable),
        ("failed", s.failed, &p.error),
        ("rescued", s.rescued, &p.ok),
        ("ignored", s.ignored, &p.warn),
    ] {
        out.push_str(&format!(" {}", color(format!("{name}={n:<4}"), code, n)));
    }
    out
}

/// What `set_stats` collected.
pub(crate) fn custom_stats(custom: &Map, console: &Console, options: &Options) {
    if custom.is_empty() {
        return;
    }
    console.show(&banner("CUSTOM STATS: ", options), "", false);
    let custom = clean::printable(custom);
    let text = |v: &Value| match v {
        Value::Map(m) => render::json_text(m, Some(1)).replace('\n', ""),
        other => other.to_text(),
    };
    let mut hosts = custom.text_entries();
    hosts.sort_by(|a, b| a.0.cmp(&b.0));
    for (host, value) in hosts.iter().filter(|(host, _)| host != "_run") {
        console.show(&format!("\t{host}: {}", text(value)), "", false);
    }
    if let Some(run) = custom.get("_run") {
        console.show("", "", false);
        console.show(&format!("\tRUN: {}", text(&run)), "", false);
    }
    console.show("", "", false);
}
