//! kdevops' `lucid` look: what changed and what failed, more with `-v`; everything goes to a file of the run.

use crate::{
    Console, Options,
    callbacks::CallbackOption,
    clean,
    default::text_of,
    diff::diff_text,
    lines,
    lucid_log::LucidLog,
    notices, recap,
    render::{json_text, result_text},
};
use kdo_event::{Event, HostResult, Sink, Stats, Status, TaskInfo};
use kdo_value::{Map, Value};

/// Its options.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[CallbackOption] = &[
    CallbackOption { name: "output_mode", default: "auto", env: &["ANSIBLE_LUCID_OUTPUT_MODE"], ini: &[("callback_lucid", "output_mode")], doc: "`static` prints lines, `dynamic` keeps what runs below them; `auto`: the latter on terminals." },
];

/// Modules whose command is shown with `-v`, and the key that holds it.
const COMMANDS: &[(&str, &str)] = &[
    ("shell", "cmd"),
    ("command", "cmd"),
    ("pip", "cmd"),
    ("make", "command"),
    ("flatpak", "command"),
    ("flatpak_remote", "command"),
    ("terraform", "command"),
];

/// One line per change or failure; `-v` shows everything, with output.
pub struct Lucid {
    console: Console,
    options: Options,
    log: LucidLog,
    /// The play's banner, to be printed with its first task.
    play: Option<String>,
    /// Failed items of the task that runs.
    items: Vec<String>,
    tries: u64,
}

/// The sign of a result.
pub(crate) fn sign(status: Status) -> &'static str {
    match status {
        Status::Ok => "✓",
        Status::Changed => "*",
        Status::Failed => "✗",
        Status::Skipped => "⊘",
        Status::Unreachable => "!",
    }
}

/// A time for people.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = if seconds.is_finite() {
        seconds.max(0.0) as u64
    } else {
        0
    };
    match whole {
        0..60 => format!(
            "{:.1}s",
            if seconds.is_finite() {
                seconds.max(0.0)
            } else {
                0.0
            }
        ),
        60..3600 => format!("{}m {}s", whole / 60, whole % 60),
        3600..86400 => format!("{}h {}m", whole / 3600, whole % 3600 / 60),
        _ => format!("{}d {}h", whole / 86400, whole % 86400 / 3600),
    }
}

/// What a module ran, for those that tell.
pub(crate) fn command(of: &HostResult) -> Option<String> {
    let action = of.task.action.rsplit('.').next().unwrap_or_default();
    let (_, key) = COMMANDS.iter().find(|(name, _)| *name == action)?;
    if of.task.no_log {
        return None;
    }
    let value = of.result.get(key)?;
    Some(match value.as_sequence() {
        Some(words) => words.iter().map(Value::to_text).collect::<Vec<_>>().join(" "),
        None => value.to_text(),
    })
}

/// The parts of a result that are text, under their names.
pub(crate) fn texts(map: &Map, msg_too: bool) -> String {
    let mut out = String::new();
    for key in ["stdout", "stderr", "msg"] {
        let Some(value) = map.get(key).filter(Value::truthy) else {
            continue;
        };
        if key == "msg" && !msg_too && map.get("stdout").is_some_and(|v| v.truthy()) {
            continue;
        }
        let text = match &value {
            Value::Map(m) => json_text(m, Some(2)),
            other => other.to_text(),
        };
        out.push_str(&format!("\n{}:\n{text}", key.to_uppercase()));
    }
    out
}

impl Lucid {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        let log = LucidLog::new(console.clone(), options.palette.warn.clone());
        Self {
            console,
            options,
            log,
            play: None,
            items: Vec::new(),
            tries: 0,
        }
    }

    fn say(&self, text: &str, code: &str) {
        self.console.show(text, code, false);
    }

    fn task(&mut self, task: &TaskInfo) {
        self.items.clear();
        self.tries = 0;
        if let Some(play) = self.play.take() {
            self.say(&lines::banner(&play, &self.options), "");
        }
        let kind = if task.handler { "HANDLER" } else { "TASK" };
        let mark = if self.options.check_mode_markers && task.check {
            " [CHECK MODE]"
        } else {
            ""
        };
        let text = format!("{kind}: {}{mark}", task.full_name());
        self.say(&text, "");
        self.log.line(&text);
    }

    fn item(&mut self, of: &HostResult) {
        self.diff(of);
        self.log.item(of);
        if !matches!(of.status, Status::Failed | Status::Unreachable) || of.task.no_log {
            return;
        }
        let label = lines::item_label(of).unwrap_or_default();
        if let Some(command) = command(of) {
            self.items.push(format!("  [{label}] $ {command}"));
        }
        for key in ["stderr", "stdout", "msg"] {
            let text = text_of(&of.result, key);
            let twice = key == "msg" && !text_of(&of.result, "stdout").is_empty();
            if !text.is_empty() && !twice {
                self.items.push(format!("  [{label}] {key}: {text}"));
            }
        }
    }

    fn diff(&self, of: &HostResult) {
        let diff = of
            .result
            .get("diff")
            .filter(|_| of.task.diff && !of.task.no_log && !of.looped && of.status == Status::Changed);
        let Some(text) = diff
            .map(|d| diff_text(&d, &self.options))
            .filter(|t| !t.is_empty())
        else {
            return;
        };
        if self.options.verbosity >= 1 {
            self.say(&text, "");
        }
        self.log.line(&format!("DIFF:\n{text}"));
    }

    fn host(&mut self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        self.diff(of);
        self.log.result(of);
        let (o, p) = (self.options.clone(), self.options.palette.clone());
        let bad = matches!(of.status, Status::Failed | Status::Unreachable);
        let on_error = bad && o.display_failed_stderr;
        if bad {
            for line in std::mem::take(&mut self.items) {
                self.console.show(&line, &p.error, on_error);
            }
        }
        let shown = match of.status {
            Status::Ok => o.verbosity >= 1 && o.display_ok_hosts,
            Status::Skipped => o.verbosity >= 1 && o.display_skipped_hosts,
            _ => true,
        };
        if !shown {
            return;
        }
        let code = match of.status {
            Status::Ok => &p.ok,
            Status::Changed => &p.changed,
            Status::Failed => &p.error,
            Status::Skipped => &p.skip,
            Status::Unreachable => &p.unreachable,
        };
        let line = format!(
            "  {} [{}] ({})",
            sign(of.status),
            lines::host_label(of),
            duration(of.elapsed)
        );
        self.console.show(&line, code, on_error);
        if o.verbosity >= 1
            && let Some(mut command) = command(of)
        {
            if command.chars().count() > 200 {
                command = format!("{}...", command.chars().take(197).collect::<String>());
            }
            self.console
                .show(&format!("    $ {command}"), &p.verbose, on_error);
        }
        self.output(of, bad, on_error);
    }

    fn output(&self, of: &HostResult, bad: bool, on_error: bool) {
        let o = &self.options;
        let wanted = i64::from(o.verbosity) >= of.task.output_verbosity.unwrap_or(1);
        let mut text = String::new();
        if bad
            || of.status == Status::Changed
            || (wanted && of.status == Status::Ok)
            || of.status == Status::Skipped
        {
            let map = clean::shown(of, o.verbosity.min(2));
            text.push_str(&texts(&map, false));
            if o.verbosity >= 3 {
                text.push_str(&format!("\n{}", result_text(&map, true, o)));
            }
        }
        if bad {
            if let Some(error) = &of.error {
                self.console.error(error, &o.palette.error, on_error);
            }
            if o.show_task_path_on_failure || o.verbosity >= 2 {
                text.push_str(&format!("\ntask path: {}", of.task.path));
            }
        }
        if !text.is_empty() {
            self.console.show(&text, "", on_error);
        }
    }

    fn recap(&mut self, stats: &[(String, Stats)], custom: &Map) {
        self.say(&lines::banner("PLAY RECAP", &self.options), "");
        let p = self.options.palette.clone();
        let mut stats: Vec<_> = stats.iter().collect();
        stats.sort_by(|a, b| a.0.cmp(&b.0));
        for (host, s) in stats {
            let code = p.of_host(s);
            let text = format!(
                "{host:25} : ok={:<3} changed={:<3} unreachable={:<3} failed={:<3} skipped={:<3}",
                s.ok, s.changed, s.unreachable, s.failed, s.skipped
            );
            self.say(&text, code);
        }
        if self.options.show_custom_stats {
            recap::custom_stats(custom, &self.console, &self.options);
        }
        if self.options.check && self.options.check_mode_markers {
            self.say("\nDRY RUN", "");
        }
        self.log.end();
    }
}

impl Sink for Lucid {
    fn event(&mut self, event: &Event) {
        let p = self.options.palette.clone();
        let both = |this: &mut Self, text: &str, level: u8, code: &str| {
            if this.options.verbosity >= level {
                this.say(text, code);
            }
            this.log.line(text);
        };
        match event {
            Event::PlaybookStart { path, .. } => {
                let name = path.rsplit('/').next().unwrap_or(path);
                let text = format!("PLAYBOOK: {name}");
                self.say(&lines::banner(&text, &self.options), "");
                if let Some(file) = self.log.begin(name) {
                    self.say(&format!("Log: {file}"), "");
                }
                self.log.line(&text);
                if self.options.check && self.options.check_mode_markers {
                    self.say("DRY RUN", "");
                }
            }
            Event::PlayStart {
                name, hosts, check, ..
            } => {
                let mut who = hosts.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
                if hosts.len() > 3 {
                    who.push_str(&format!(" (+{} more)", hosts.len() - 3));
                }
                let mark = if self.options.check_mode_markers && *check {
                    " [CHECK MODE]"
                } else {
                    ""
                };
                let text = format!("PLAY: {} [{who}]{mark}", name.trim());
                self.log.line(&format!("\n{text}"));
                self.play = Some(text);
            }
            Event::TaskStart { task } => self.task(task),
            Event::ItemResult(of) => self.item(of),
            Event::HostResult(of) => self.host(of),
            Event::Retry { host, left, .. } => {
                self.tries += 1;
                let text = format!("  ✗ [{host}] retry {}/{}", self.tries, self.tries + left);
                both(self, &text, 0, &p.warn);
            }
            Event::Include { what, hosts, .. } => {
                both(
                    self,
                    &format!("INCLUDED: {what} for {}", hosts.join(",")),
                    1,
                    &p.skip,
                );
            }
            Event::Notified { handler, host } => {
                both(self, &format!("NOTIFY: {handler} on {host}"), 1, &p.verbose);
            }
            Event::AsyncPoll { host, job, .. } => {
                both(self, &format!("ASYNC POLL: [{host}] job {job}"), 2, &p.verbose);
            }
            Event::NoHostsMatched => both(self, "skipping: no hosts matched", 0, &p.skip),
            Event::NoHostsRemaining => both(self, "NO MORE HOSTS LEFT", 0, &p.error),
            Event::Warning { text } => {
                self.log.line(&format!("[WARNING]: {text}"));
                self.console.warning(text, &p.warn);
            }
            Event::Deprecation { text } if self.options.deprecation_warnings => {
                self.console.deprecation(text, &p.deprecate, &p.warn);
            }
            Event::Error { text } => {
                self.log.line(&format!("[ERROR]: {text}"));
                self.console.error(text, &p.error, true);
            }
            Event::Verbose { level, text, .. } if self.options.verbosity >= *level => {
                self.say(text, &p.verbose);
            }
            Event::Recap { stats, custom } => self.recap(stats, custom),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lucid, duration};
    use crate::{Options, golden};
    use kdo_event::Sink;

    fn shown(verbosity: u8) -> String {
        let (console, out, _) = golden::console(false);
        let mut sink = Lucid::new(
            console,
            Options {
                verbosity,
                ..Options::default()
            },
        );
        for event in golden::events("main") {
            // Without the playbook's name there is no log file.
            if !matches!(event, kdo_event::Event::PlaybookStart { .. }) {
                sink.event(&event);
            }
        }
        out.text()
    }

    #[test]
    fn only_changes_and_failures_are_shown_at_first() {
        let text = shown(0);
        assert!(
            text.contains("TASK: cmd\n  * [a] (0.0s)\n\nSTDOUT:\nout\nout2\nSTDERR:\nerr\n"),
            "{text}"
        );
        assert!(text.contains("TASK: skipped\nTASK: loop\n"), "{text}");
        assert!(text.contains("  [2] $ sh -c exit 2\n"), "{text}");
        assert!(
            text.contains("a                         : ok=22  changed=12"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn more_is_shown_with_v() {
        let text = shown(1);
        assert!(text.contains("TASK: skipped\n  ⊘ [a] (0.0s)\n"), "{text}");
        assert!(
            text.contains("    $ sh -c echo out; echo out2; echo err >&2\n"),
            "{text}"
        );
    }

    #[test]
    fn times_are_for_people() {
        for (seconds, text) in [
            (0.04, "0.0s"),
            (61.0, "1m 1s"),
            (7300.0, "2h 1m"),
            (90000.0, "1d 1h"),
            (f64::NAN, "0.0s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
