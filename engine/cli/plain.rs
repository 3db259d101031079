//! A provisional view until the outputs of `kdo-report` are there.

use crate::screen::say;
use kdo_event::{Event, Sink, Status};
use kdo_value::{Value, json};

/// Prints what Ansible's default view prints, without its finer points.
#[derive(Default)]
pub(crate) struct Plain;

impl Sink for Plain {
    fn event(&mut self, event: &Event) {
        match event {
            Event::PlayStart { name, .. } => say(&format!("\nPLAY [{name}] {}", stars(name.len() + 8))),
            Event::TaskStart { task } => {
                let what = if task.handler { "RUNNING HANDLER" } else { "TASK" };
                let role = task.role.as_ref().map(|r| format!("{r} : ")).unwrap_or_default();
                let head = format!("{what} [{role}{}]", task.name);
                say(&format!("\n{head} {}", stars(head.len() + 1)));
            }
            Event::ItemResult(r) | Event::HostResult(r) => {
                if r.looped {
                    return;
                }
                let word = match r.status {
                    Status::Ok => "ok",
                    Status::Changed => "changed",
                    Status::Failed => "fatal",
                    Status::Skipped => "skipping",
                    Status::Unreachable => "fatal",
                };
                let item = r
                    .item
                    .as_ref()
                    .map(|i| format!(" (item={})", i.to_text()))
                    .unwrap_or_default();
                let shown = json::line(&Value::Map(r.result.clone()));
                let detail = match r.status {
                    Status::Failed => format!(": FAILED! => {shown}"),
                    Status::Unreachable => format!(": UNREACHABLE! => {shown}"),
                    _ => format!(" => {shown}"),
                };
                say(&format!("{word}: [{}]{item}{detail}", r.host));
                if r.ignored {
                    say("...ignoring");
                }
            }
            Event::Recap { stats, .. } => {
                say(&format!("\nPLAY RECAP {}", stars(11)));
                for (host, s) in stats {
                    say(&format!(
                        "{host:<26} : ok={:<4} changed={:<4} unreachable={:<4} failed={:<4} skipped={:<4} rescued={:<4} ignored={:<4}",
                        s.ok, s.changed, s.unreachable, s.failed, s.skipped, s.rescued, s.ignored
                    ));
                }
            }
            Event::Warning { text } => crate::screen::warn(text),
            Event::Error { text } => crate::screen::complain(text),
            _ => {}
        }
    }
}

fn stars(used: usize) -> String {
    "*".repeat(79_usize.saturating_sub(used).max(3))
}
