//! `timer`: the whole run's time, at its end.

use crate::Console;
use kdo_event::{Event, Sink};
use std::time::Instant;

/// Prints how long the run took.
pub struct Timer {
    console: Console,
    start: Instant,
}

impl Timer {
    /// Writes to a console.
    pub fn new(console: Console) -> Self {
        Self {
            console,
            start: Instant::now(),
        }
    }
}

impl Sink for Timer {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStart { .. } | Event::PlaybookStart { .. } => self.start = Instant::now(),
            Event::Recap { .. } => {
                let s = self.start.elapsed().as_secs();
                let text = format!(
                    "Playbook run took {} days, {} hours, {} minutes, {} seconds",
                    s / 86400,
                    s / 3600 % 24,
                    s / 60 % 60,
                    s % 60
                );
                self.console.show(&text, "", false);
            }
            _ => {}
        }
    }
}
