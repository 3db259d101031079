//! The line with date and times of the views that tell times.

use crate::{Options, lines::banner, width::width};
use std::time::Duration;

/// Date, time of what just ended, time since the beginning.
pub(crate) fn stamp(last: Duration, all: Duration, options: &Options) -> String {
    let now = jiff::Zoned::now()
        .strftime("%A %d %B %Y  %H:%M:%S %z")
        .to_string();
    let text = format!("{now} ({})       {} ", span(last), span(all));
    let stars = options.width.saturating_sub(text.chars().count());
    format!("{text}{} ", "*".repeat(stars))
}

fn span(d: Duration) -> String {
    let s = d.as_secs();
    format!(
        "{}:{:02}:{:02}.{:03}",
        s / 3600,
        s / 60 % 60,
        s % 60,
        d.subsec_millis()
    )
}

/// A line of the given sign.
pub(crate) fn rule(sign: char, options: &Options) -> String {
    format!("{} ", sign.to_string().repeat(options.width))
}

/// A name and its time, with dashes between.
pub(crate) fn entry(name: &str, took: Duration, options: &Options) -> String {
    let time = format!(" {:.2}s", took.as_secs_f64());
    let room = options.width.saturating_sub(time.len());
    let dashes = room.saturating_sub(width(name) + 1);
    format!("{name} {}{time}", "-".repeat(dashes))
}

/// A heading, without the empty line that banners have before them where one is there already.
pub(crate) fn heading(title: &str, options: &Options) -> String {
    banner(title, options)
}
