//! Ansible's default view, byte for byte.

use crate::{
    Console, Options, clean, diff::diff_text, lines, notices, recap, render::result_text, text_result,
};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};
use kdo_value::{Map, Value};
use std::rc::Rc;

/// Ansible's default view.
pub struct Default {
    console: Console,
    options: Options,
    /// The play's banner, to be printed with its first line where hosts may be left out.
    task: Option<Rc<TaskInfo>>,
    /// Whose banner was printed last.
    banner: Option<u64>,
    /// The play's strategy has no common task: banners come with results.
    free: bool,
}

impl Default {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            task: None,
            banner: None,
            free: false,
        }
    }

    fn show(&self, text: &str, code: &str) {
        self.console.show(text, code, false);
    }

    fn failure(&self, text: &str, code: &str) {
        self.console.show(text, code, self.options.display_failed_stderr);
    }

    fn title(&self, title: &str) {
        self.show(&lines::banner(title, &self.options), "");
    }

    fn task_banner(&mut self, task: &Rc<TaskInfo>) {
        if self.banner == Some(task.id) {
            return;
        }
        self.banner = Some(task.id);
        let o = &self.options;
        let kind = if task.handler { "RUNNING HANDLER" } else { "TASK" };
        let mut name = task.full_name();
        if let (true, Some(args), false) = (o.display_args_to_stdout, &task.args, task.no_log) {
            let args: Vec<String> = args
                .text_entries()
                .iter()
                .map(|(k, v)| format!("{k}={}", v.to_text()))
                .collect();
            name = format!("{name} {}", args.join(", "));
        }
        let mark = if o.check_mode_markers && task.check {
            " [CHECK MODE]"
        } else {
            ""
        };
        self.title(&format!("{kind} [{name}]{mark}"));
        if o.verbosity >= 2 {
            self.show(&format!("task path: {}", task.path), &o.palette.debug);
        }
    }

    fn lazy(&self) -> bool {
        self.free || !(self.options.display_ok_hosts && self.options.display_skipped_hosts)
    }

    fn verbose(&self, of: &HostResult) -> bool {
        let always = clean::always_verbose(of);
        (self.options.verbosity > 0 || always) && !clean::never_verbose(of)
    }

    fn result(&self, of: &HostResult) -> String {
        let map = clean::shown(of, self.options.verbosity);
        result_text(&map, clean::always_verbose(of), &self.options)
    }

    fn diff(&mut self, of: &HostResult) {
        let changed = of.status == Status::Changed && of.task.diff && !of.task.no_log && self.options.diffs;
        let Some(diff) = of.result.get("diff").filter(|_| changed) else {
            return;
        };
        let text = diff_text(&diff, &self.options);
        if !text.is_empty() {
            self.task_banner(&of.task);
            self.show(&text, "");
        }
    }

    fn error(&mut self, of: &HostResult) {
        self.task_banner(&of.task);
        if let Some(text) = &of.error {
            self.console.error(
                text,
                &self.options.palette.error,
                self.options.display_failed_stderr,
            );
        }
    }

    fn async_end(&self, of: &HostResult) {
        if let Some(job) = lines::finished_job(of) {
            let how = if of.status == Status::Failed {
                "FAILED"
            } else {
                "OK"
            };
            self.show(
                &format!("ASYNC {how} on {}: jid={job}", of.host),
                &self.options.palette.debug,
            );
        }
    }

    fn text_below(&self, of: &HostResult, code: &str) {
        if self.options.text_results && !of.task.no_log {
            let text = text_result::text(&of.result);
            if !text.is_empty() {
                self.failure(&text, code);
            }
        }
    }

    fn item(&mut self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        self.async_end(of);
        self.diff(of);
        let (host, label) = (lines::host_label(of), lines::item_label(of).unwrap_or_default());
        let palette = self.options.palette.clone();
        match of.status {
            Status::Ok | Status::Changed => {
                if of.status == Status::Ok && !self.options.display_ok_hosts {
                    return;
                }
                self.task_banner(&of.task);
                let (word, code) = match of.status {
                    Status::Changed => ("changed", &palette.changed),
                    _ => ("ok", &palette.ok),
                };
                let mut line = format!("{word}: [{host}] => (item={label})");
                if self.verbose(of) {
                    line.push_str(&format!(" => {}", self.result(of)));
                }
                self.show(&line, code);
            }
            Status::Skipped => {
                if !self.options.display_skipped_hosts {
                    return;
                }
                self.task_banner(&of.task);
                let mut line = format!("skipping: [{host}] => (item={label}) ");
                if self.verbose(of) {
                    line.push_str(&format!(" => {}", self.result(of)));
                }
                self.show(&line, &palette.skip);
            }
            Status::Failed | Status::Unreachable => {
                self.error(of);
                let line = format!("failed: [{host}] (item={label}) => {}", self.result(of));
                self.failure(&line, &palette.error);
                self.text_below(of, &palette.error);
            }
        }
    }

    fn host(&mut self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        let host = lines::host_label(of);
        let palette = self.options.palette.clone();
        if !of.looped {
            self.async_end(of);
            self.diff(of);
        }
        match of.status {
            Status::Ok | Status::Changed => {
                if of.looped || (of.status == Status::Ok && !self.options.display_ok_hosts) {
                    return;
                }
                self.task_banner(&of.task);
                let (word, code) = match of.status {
                    Status::Changed => ("changed", &palette.changed),
                    _ => ("ok", &palette.ok),
                };
                let mut line = format!("{word}: [{host}]");
                if self.verbose(of) {
                    line.push_str(&format!(" => {}", self.result(of)));
                }
                self.show(&line, code);
            }
            Status::Skipped => {
                if !self.options.display_skipped_hosts {
                    return;
                }
                self.task_banner(&of.task);
                let mut line = format!("skipping: [{host}]");
                if self.options.verbosity > 0 && !clean::never_verbose(of) {
                    let map = clean::shown(of, self.options.verbosity);
                    map.remove("results");
                    line.push_str(&format!(" => {}", result_text(&map, false, &self.options)));
                }
                self.show(&line, &palette.skip);
            }
            Status::Failed => {
                if of.looped && clean::short(&of.task.action) != "debug" {
                    self.task_banner(&of.task);
                } else {
                    self.error(of);
                    if self.options.show_task_path_on_failure && self.options.verbosity < 2 {
                        self.show(&format!("task path: {}", of.task.path), &palette.debug);
                    }
                    self.failure(
                        &format!("fatal: [{host}]: FAILED! => {}", self.result(of)),
                        &palette.error,
                    );
                    self.text_below(of, &palette.error);
                }
                if of.ignored {
                    self.show("...ignoring", &palette.skip);
                }
            }
            Status::Unreachable => {
                self.error(of);
                self.failure(
                    &format!("fatal: [{host}]: UNREACHABLE! => {}", self.result(of)),
                    &palette.unreachable,
                );
                if of.ignored {
                    self.show("...ignoring", &palette.skip);
                }
            }
        }
    }

    fn retry(&self, host: &str, task: &Rc<TaskInfo>, left: u64, result: &Map) {
        let mut line = format!(
            "FAILED - RETRYING: [{host}]: {} ({left} retries left).",
            task.full_name()
        );
        if self.options.verbosity > 2 || text_of(result, "_ansible_verbose_always") == "True" {
            let map = if task.no_log {
                clean::censored(result)
            } else {
                clean::printable(result)
            };
            for key in ["warnings", "deprecations", "exception", "failed"] {
                map.remove(key);
            }
            line.push_str(&format!("Result was: {}", result_text(&map, true, &self.options)));
        }
        self.show(&line, &self.options.palette.debug);
    }

    fn verbose_line(&self, level: u8, host: Option<&str>, text: &str) {
        if self.options.verbosity >= level {
            let text = host.map_or(text.to_owned(), |h| format!("<{h}> {text}"));
            self.show(&text, &self.options.palette.verbose);
        }
    }

    fn recap(&self, stats: &[(String, kdo_event::Stats)], custom: &Map) {
        if self.options.tasks_only {
            return;
        }
        self.console.raw(&format!(
            "{}\n",
            recap::recap(stats, &self.options).trim_end_matches('\n')
        ));
        self.show("", "");
        if self.options.show_custom_stats {
            recap::custom_stats(custom, &self.console, &self.options);
        }
        if self.options.check && self.options.check_mode_markers {
            self.title("DRY RUN");
        }
    }
}

impl Sink for Default {
    fn event(&mut self, event: &Event) {
        let palette = self.options.palette.clone();
        match event {
            Event::PlaybookStart { path, plays } => {
                if self.options.verbosity > 1 {
                    let name = path.rsplit('/').next().unwrap_or(path);
                    self.title(&format!("PLAYBOOK: {name}"));
                    self.verbose_line(2, None, &format!("{plays} plays in {path}"));
                }
                if self.options.check && self.options.check_mode_markers {
                    self.title("DRY RUN");
                }
            }
            Event::PlayStart {
                name,
                check,
                strategy,
                ..
            } => {
                self.free = matches!(clean::short(strategy), "free" | "host_pinned");
                (self.task, self.banner) = (None, None);
                let mark = if *check && self.options.check_mode_markers {
                    " [CHECK MODE]"
                } else {
                    ""
                };
                if !self.options.tasks_only {
                    self.title(&format!("PLAY [{}]{mark}", name.trim()));
                }
            }
            Event::NoHostsMatched => self.show("skipping: no hosts matched", &palette.skip),
            Event::NoHostsRemaining => self.title("NO MORE HOSTS LEFT"),
            Event::TaskStart { task } => {
                self.task = Some(task.clone());
                if !self.lazy() {
                    self.banner = None;
                    self.task_banner(task);
                }
            }
            Event::HostStart { host, task } => {
                if self.options.show_per_host_start {
                    let kind = if task.handler { "HANDLER" } else { "TASK" };
                    self.show(
                        &format!(" [started {kind}: {} on {host}]", task.full_name()),
                        &palette.ok,
                    );
                }
            }
            Event::ItemResult(of) => self.item(of),
            Event::HostResult(of) => self.host(of),
            Event::Retry {
                host,
                task,
                left,
                result,
            } => self.retry(host, task, *left, result),
            Event::Include { what, hosts, item } => {
                if let (true, Some(task)) = (self.lazy(), self.task.clone()) {
                    self.task_banner(&task);
                }
                let mut line = format!("included: {what} for {}", hosts.join(", "));
                if let Some(item) = item {
                    line.push_str(&format!(" => (item={item})"));
                }
                self.show(&line, &palette.included);
            }
            Event::Notified { handler, host } => {
                self.verbose_line(2, None, &format!("NOTIFIED HANDLER {handler} for {host}"));
            }
            Event::AsyncPoll { host, job, .. } => {
                self.show(
                    &format!("ASYNC POLL on {host}: jid={job} started=True finished=False"),
                    &palette.debug,
                );
            }
            Event::Warning { text } => self.console.warning(text, &palette.warn),
            Event::Deprecation { text } if self.options.deprecation_warnings => {
                self.console.deprecation(text, &palette.deprecate, &palette.warn);
            }
            Event::Error { text } => self.console.error(text, &palette.error, true),
            Event::Verbose { level, host, text } => self.verbose_line(*level, host.as_deref(), text),
            Event::Recap { stats, custom } => self.recap(stats, custom),
            Event::RunStart { .. }
            | Event::Output { .. }
            | Event::Deprecation { .. }
            | Event::IncludeResult(_)
            | Event::Listing { .. }
            | Event::RunEnd { .. } => {}
        }
    }
}

/// A result's value as text, for readers that look into results.
pub(crate) fn text_of(result: &Map, key: &str) -> String {
    result.get(key).map_or(String::new(), |v: Value| v.to_text())
}
