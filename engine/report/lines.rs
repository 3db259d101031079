//! Pieces of text that several outputs share.

use crate::{Options, width::width};
use kdo_event::HostResult;

/// A line of stars after a title, with an empty line before.
pub(crate) fn banner(title: &str, options: &Options) -> String {
    let title = title.trim();
    let time = options.timestamp.as_ref().map(|(format, zone)| {
        let now = jiff::Zoned::now();
        let now = now.in_tz(zone).unwrap_or(now);
        format!(" {}", now.strftime(format))
    });
    let time = time.unwrap_or_default();
    let stars = options.width.saturating_sub(width(title) + width(&time)).max(3);
    format!("\n{title} {}{time}", "*".repeat(stars))
}

/// The host, and where it was delegated to.
pub(crate) fn host_label(of: &HostResult) -> String {
    match &of.delegated {
        Some(other) if *other != of.host => format!("{} -> {other}", of.host),
        _ => of.host.clone(),
    }
}

/// An item's label.
pub(crate) fn item_label(of: &HostResult) -> Option<String> {
    let item = of.item.as_ref()?;
    Some(if of.task.no_log {
        crate::clean::CENSORED_ITEM.to_owned()
    } else {
        item.to_text()
    })
}

/// The job's id if an asynchronous task has just ended.
pub(crate) fn finished_job(of: &HostResult) -> Option<String> {
    let finished = of.result.get("finished").is_some_and(|v| v.truthy());
    let waiting = crate::clean::short(&of.task.action) == "async_status";
    let job = of.result.get("ansible_job_id").filter(|_| finished && !waiting)?;
    Some(job.to_text())
}
