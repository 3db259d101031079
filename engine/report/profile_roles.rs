//! `profile_roles`: time of each role (of tasks without one: of each action), at the end.

use crate::{
    Console, Options,
    callbacks::CallbackOption,
    clean,
    stamp::{entry, heading, rule, stamp},
};
use kdo_event::{Event, Sink};
use std::time::{Duration, Instant};

/// Its options.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[CallbackOption] = &[
    CallbackOption { name: "summary_only", default: "false", env: &["PROFILE_ROLES_SUMMARY_ONLY"], ini: &[("callback_profile_roles", "summary_only")], doc: "Only the list at the end." },
];

/// Adds up the times of tasks by role.
pub struct ProfileRoles {
    console: Console,
    options: Options,
    start: Instant,
    running: Option<(String, Instant)>,
    last: Duration,
    totals: Vec<(String, Duration)>,
}

impl ProfileRoles {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            start: Instant::now(),
            running: None,
            last: Duration::ZERO,
            totals: Vec::new(),
        }
    }

    fn stop(&mut self) {
        let Some((name, since)) = self.running.take() else {
            return;
        };
        self.last = since.elapsed();
        match self.totals.iter_mut().find(|(known, _)| *known == name) {
            Some((_, total)) => *total += self.last,
            None => self.totals.push((name, self.last)),
        }
    }
}

impl Sink for ProfileRoles {
    fn event(&mut self, event: &Event) {
        let o = self.options.clone();
        match event {
            Event::TaskStart { task } => {
                self.stop();
                if !o.chosen.flag("profile_roles", "summary_only") {
                    let text = stamp(self.last, self.start.elapsed(), &o);
                    self.console.show(&text, "", false);
                }
                let name = task.role.clone();
                let name = name.unwrap_or_else(|| clean::short(&task.action).to_owned());
                self.running = Some((name, Instant::now()));
            }
            Event::Recap { .. } => {
                self.stop();
                let show = |text: &str| self.console.show(text, "", false);
                show(&heading("ROLES RECAP", &o));
                show(&stamp(self.last, self.start.elapsed(), &o));
                show(&rule('=', &o));
                self.totals.sort_by_key(|t| std::cmp::Reverse(t.1));
                for (name, took) in &self.totals {
                    show(&entry(name, *took, &o));
                }
                show(&rule('~', &o));
                show(&entry("total", self.totals.iter().map(|t| t.1).sum(), &o));
            }
            _ => {}
        }
    }
}
