//! `profile_tasks`: time of each task, the slowest at the end.

use crate::{
    Console, Options,
    callbacks::CallbackOption,
    stamp::{entry, heading, rule, stamp},
};
use kdo_event::{Event, Sink};
use std::time::{Duration, Instant};

/// Its options.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[CallbackOption] = &[
    CallbackOption { name: "output_limit", default: "20", env: &["PROFILE_TASKS_TASK_OUTPUT_LIMIT"], ini: &[("callback_profile_tasks", "task_output_limit")], doc: "Tasks in the list at the end, or `all`." },
    CallbackOption { name: "sort_order", default: "descending", env: &["PROFILE_TASKS_SORT_ORDER"], ini: &[("callback_profile_tasks", "sort_order")], doc: "`descending`, `ascending` or `none`, which is the order of the run." },
    CallbackOption { name: "summary_only", default: "false", env: &["PROFILE_TASKS_SUMMARY_ONLY"], ini: &[("callback_profile_tasks", "summary_only")], doc: "Only the list at the end." },
];

/// Prints when each task begins, and at the end how long they took.
pub struct ProfileTasks {
    console: Console,
    options: Options,
    start: Instant,
    tasks: Vec<(u64, String, Instant, Option<Duration>)>,
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

    fn stop(&mut self) -> Duration {
        let Some((_, _, since, took)) = self.tasks.last_mut() else {
            return Duration::ZERO;
        };
        *took.get_or_insert_with(|| since.elapsed())
    }

    fn summary(&mut self) {
        let last = self.stop();
        let o = &self.options;
        let show = |text: &str| self.console.show(text, "", false);
        show(&heading("TASKS RECAP", o));
        show(&stamp(last, self.start.elapsed(), o));
        show(&rule('=', o));
        let took = |t: &(u64, String, Instant, Option<Duration>)| t.3.unwrap_or_default();
        match o.chosen.text("profile_tasks", "sort_order").as_str() {
            "none" => {}
            "ascending" => self.tasks.sort_by_key(took),
            _ => self.tasks.sort_by_key(|t| std::cmp::Reverse(took(t))),
        }
        let limit = o
            .chosen
            .number("profile_tasks", "output_limit")
            .unwrap_or(usize::MAX);
        for task in self.tasks.iter().take(limit) {
            show(&entry(&task.1, took(task), o));
        }
    }
}

impl Sink for ProfileTasks {
    fn event(&mut self, event: &Event) {
        match event {
            Event::TaskStart { task } => {
                let last = self.stop();
                if !self.options.chosen.flag("profile_tasks", "summary_only") {
                    let text = stamp(last, self.start.elapsed(), &self.options);
                    self.console.show(&text, "", false);
                }
                self.tasks.push((task.id, task.full_name(), Instant::now(), None));
            }
            Event::Recap { .. } => self.summary(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, callbacks::find, golden};
    use std::rc::Rc;

    #[test]
    fn the_list_has_the_asked_number_and_order() {
        let (console, out, _) = golden::console(false);
        let mut chosen = crate::Chosen::default();
        for (name, value) in [
            ("output_limit", "2"),
            ("sort_order", "none"),
            ("summary_only", "yes"),
        ] {
            chosen
                .0
                .insert(("profile_tasks".into(), name.into()), value.into());
        }
        let options = Options {
            chosen: Rc::new(chosen),
            ..Options::default()
        };
        let mut sink = find("ansible.posix.profile_tasks")
            .unwrap()
            .make(&console, &options);
        golden::events("hosts").iter().for_each(|e| sink.event(e));
        let text = out.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert!(lines[1].starts_with("TASKS RECAP ****"));
        assert_eq!(lines[3], format!("{} ", "=".repeat(79)));
        assert!(lines[4].ends_with("s") && lines[4].len() == 79, "{text}");
    }
}
