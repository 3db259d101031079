//! How long it took: `timer` and `profile_tasks`, besides another view.

use crate::{Console, Options, lines};
use kdo_event::{Event, Sink};
use std::time::{Duration, Instant};

/// `timer`: the whole run's time, at its end.
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

/// `profile_tasks`: time of each task, the slowest at the end.
pub struct ProfileTasks {
    console: Console,
    options: Options,
    start: Instant,
    tasks: Vec<(u64, String, Instant, Duration)>,
}

impl ProfileTasks {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            start: Instant::now(),
            tasks: Vec::new(),
        }
    }

    fn stop(&mut self) {
        if let Some((_, _, since, took)) = self.tasks.last_mut()
            && took.is_zero()
        {
            *took = since.elapsed();
        }
    }

    fn stamp(&self) -> String {
        let took = self.tasks.last().map_or(Duration::ZERO, |t| t.3);
        let now = jiff::Zoned::now()
            .strftime("%A %d %B %Y  %H:%M:%S %z")
            .to_string();
        let text = format!("{now} ({})       {} ", span(took), span(self.start.elapsed()));
        let stars = self.options.width.saturating_sub(text.chars().count());
        format!("{text}{}", "*".repeat(stars))
    }
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

impl Sink for ProfileTasks {
    fn event(&mut self, event: &Event) {
        match event {
            Event::TaskStart { task } => {
                self.stop();
                self.console.show(&self.stamp(), "", false);
                self.tasks
                    .push((task.id, lines::full_name(task), Instant::now(), Duration::ZERO));
            }
            Event::Recap { .. } => {
                self.stop();
                self.console.show(&self.stamp(), "", false);
                let line = "=".repeat(self.options.width + 1);
                self.console.show(&line, "", false);
                self.tasks.sort_by_key(|t| std::cmp::Reverse(t.3));
                for (_, name, _, took) in self.tasks.iter().take(20) {
                    let time = format!("{:.2}s", took.as_secs_f64());
                    let room = self.options.width.saturating_sub(time.len() + 1);
                    let dashes = "-".repeat(room.saturating_sub(crate::width::width(name) + 1));
                    self.console.show(&format!("{name} {dashes} {time}"), "", false);
                }
            }
            _ => {}
        }
    }
}
