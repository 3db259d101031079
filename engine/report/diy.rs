//! `community.general.diy`: the default view with messages of the user's own, which are templates.

use crate::{
    Console, Default, Options, callbacks::CallbackOption, clean, color_code, diff::diff_text, lines,
    render::result_text,
};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};
use kdo_value::{Map, Value};

const fn own(
    name: &'static str,
    env: &'static [&'static str],
    ini: &'static [(&'static str, &'static str)],
) -> CallbackOption {
    CallbackOption {
        name,
        default: "",
        env,
        ini,
        doc: "What is shown there (a template), or its colour; an empty message shows nothing.",
    }
}

/// Its options: a message and its colour for each thing that happens.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[CallbackOption] = &[
    own("on_any_msg", &["ANSIBLE_CALLBACK_DIY_ON_ANY_MSG"], &[("callback_diy", "on_any_msg")]),
    own("on_any_msg_color", &["ANSIBLE_CALLBACK_DIY_ON_ANY_MSG_COLOR"], &[("callback_diy", "on_any_msg_color")]),
    own("on_file_diff_msg", &["ANSIBLE_CALLBACK_DIY_ON_FILE_DIFF_MSG"], &[("callback_diy", "on_file_diff_msg")]),
    own("on_file_diff_msg_color", &["ANSIBLE_CALLBACK_DIY_ON_FILE_DIFF_MSG_COLOR"], &[("callback_diy", "on_file_diff_msg_color")]),
    own("playbook_on_handler_task_start_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_HANDLER_TASK_START_MSG"], &[("callback_diy", "playbook_on_handler_task_start_msg")]),
    own("playbook_on_handler_task_start_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_HANDLER_TASK_START_MSG_COLOR"], &[("callback_diy", "playbook_on_handler_task_start_msg_color")]),
    own("playbook_on_include_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_INCLUDE_MSG"], &[("callback_diy", "playbook_on_include_msg")]),
    own("playbook_on_include_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_INCLUDE_MSG_COLOR"], &[("callback_diy", "playbook_on_include_msg_color")]),
    own("playbook_on_no_hosts_matched_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_NO_HOSTS_MATCHED_MSG"], &[("callback_diy", "playbook_on_no_hosts_matched_msg")]),
    own("playbook_on_no_hosts_matched_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_NO_HOSTS_MATCHED_MSG_COLOR"], &[("callback_diy", "playbook_on_no_hosts_matched_msg_color")]),
    own("playbook_on_no_hosts_remaining_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_NO_HOSTS_REMAINING_MSG"], &[("callback_diy", "playbook_on_no_hosts_remaining_msg")]),
    own("playbook_on_no_hosts_remaining_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_NO_HOSTS_REMAINING_MSG_COLOR"], &[("callback_diy", "playbook_on_no_hosts_remaining_msg_color")]),
    own("playbook_on_notify_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_NOTIFY_MSG"], &[("callback_diy", "playbook_on_notify_msg")]),
    own("playbook_on_notify_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_NOTIFY_MSG_COLOR"], &[("callback_diy", "playbook_on_notify_msg_color")]),
    own("playbook_on_play_start_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_PLAY_START_MSG"], &[("callback_diy", "playbook_on_play_start_msg")]),
    own("playbook_on_play_start_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_PLAY_START_MSG_COLOR"], &[("callback_diy", "playbook_on_play_start_msg_color")]),
    own("playbook_on_setup_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_SETUP_MSG"], &[("callback_diy", "playbook_on_setup_msg")]),
    own("playbook_on_setup_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_SETUP_MSG_COLOR"], &[("callback_diy", "playbook_on_setup_msg_color")]),
    own("playbook_on_start_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_START_MSG"], &[("callback_diy", "playbook_on_start_msg")]),
    own("playbook_on_start_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_START_MSG_COLOR"], &[("callback_diy", "playbook_on_start_msg_color")]),
    own("playbook_on_stats_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_STATS_MSG"], &[("callback_diy", "playbook_on_stats_msg")]),
    own("playbook_on_stats_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_STATS_MSG_COLOR"], &[("callback_diy", "playbook_on_stats_msg_color")]),
    own("playbook_on_task_start_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_TASK_START_MSG"], &[("callback_diy", "playbook_on_task_start_msg")]),
    own("playbook_on_task_start_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_TASK_START_MSG_COLOR"], &[("callback_diy", "playbook_on_task_start_msg_color")]),
    own("playbook_on_vars_prompt_msg", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_VARS_PROMPT_MSG"], &[("callback_diy", "playbook_on_vars_prompt_msg")]),
    own("playbook_on_vars_prompt_msg_color", &["ANSIBLE_CALLBACK_DIY_PLAYBOOK_ON_VARS_PROMPT_MSG_COLOR"], &[("callback_diy", "playbook_on_vars_prompt_msg_color")]),
    own("runner_item_on_failed_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ITEM_ON_FAILED_MSG"], &[("callback_diy", "runner_item_on_failed_msg")]),
    own("runner_item_on_failed_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ITEM_ON_FAILED_MSG_COLOR"], &[("callback_diy", "runner_item_on_failed_msg_color")]),
    own("runner_item_on_ok_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ITEM_ON_OK_MSG"], &[("callback_diy", "runner_item_on_ok_msg")]),
    own("runner_item_on_ok_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ITEM_ON_OK_MSG_COLOR"], &[("callback_diy", "runner_item_on_ok_msg_color")]),
    own("runner_item_on_skipped_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ITEM_ON_SKIPPED_MSG"], &[("callback_diy", "runner_item_on_skipped_msg")]),
    own("runner_item_on_skipped_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ITEM_ON_SKIPPED_MSG_COLOR"], &[("callback_diy", "runner_item_on_skipped_msg_color")]),
    own("runner_on_failed_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_FAILED_MSG"], &[("callback_diy", "runner_on_failed_msg")]),
    own("runner_on_failed_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_FAILED_MSG_COLOR"], &[("callback_diy", "runner_on_failed_msg_color")]),
    own("runner_on_no_hosts_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_NO_HOSTS_MSG"], &[("callback_diy", "runner_on_no_hosts_msg")]),
    own("runner_on_no_hosts_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_NO_HOSTS_MSG_COLOR"], &[("callback_diy", "runner_on_no_hosts_msg_color")]),
    own("runner_on_ok_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_OK_MSG"], &[("callback_diy", "runner_on_ok_msg")]),
    own("runner_on_ok_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_OK_MSG_COLOR"], &[("callback_diy", "runner_on_ok_msg_color")]),
    own("runner_on_skipped_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_SKIPPED_MSG"], &[("callback_diy", "runner_on_skipped_msg")]),
    own("runner_on_skipped_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_SKIPPED_MSG_COLOR"], &[("callback_diy", "runner_on_skipped_msg_color")]),
    own("runner_on_start_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_START_MSG"], &[("callback_diy", "runner_on_start_msg")]),
    own("runner_on_start_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_START_MSG_COLOR"], &[("callback_diy", "runner_on_start_msg_color")]),
    own("runner_on_unreachable_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_UNREACHABLE_MSG"], &[("callback_diy", "runner_on_unreachable_msg")]),
    own("runner_on_unreachable_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_ON_UNREACHABLE_MSG_COLOR"], &[("callback_diy", "runner_on_unreachable_msg_color")]),
    own("runner_retry_msg", &["ANSIBLE_CALLBACK_DIY_RUNNER_RETRY_MSG"], &[("callback_diy", "runner_retry_msg")]),
    own("runner_retry_msg_color", &["ANSIBLE_CALLBACK_DIY_RUNNER_RETRY_MSG_COLOR"], &[("callback_diy", "runner_retry_msg_color")]),
];

/// Shows the user's messages, and the default view where there are none.
pub struct Diy {
    console: Console,
    options: Options,
    inner: Default,
    playbook: Map,
    play: Map,
}

impl Diy {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        let own_diff = options.chosen.given("diy", "on_file_diff_msg").is_some();
        let inner = Default::new(
            console.clone(),
            Options {
                diffs: options.diffs && !own_diff,
                ..options.clone()
            },
        );
        Self {
            console,
            options,
            inner,
            playbook: Map::new(),
            play: Map::new(),
        }
    }

    /// Shows the message for something that happened; says whether there is one.
    fn message(&self, hook: &str, vars: &Map) -> bool {
        let chosen = &self.options.chosen;
        let Some(template) = chosen.given("diy", &format!("{hook}_msg")) else {
            return false;
        };
        if template.is_empty() {
            return true;
        }
        let own = Map::new();
        own.insert("playbook", self.playbook.clone());
        own.insert("play", self.play.clone());
        vars.for_each(|k, v| {
            own.insert(k.clone(), v.clone());
        });
        let all = Map::new();
        all.insert("ansible_callback_diy", own);
        let color = chosen.text("diy", &format!("{hook}_msg_color"));
        match (self.options.evaluate.0)(template, &all) {
            Ok(text) => {
                let code = color_code(&color).unwrap_or_default();
                self.console.show(&text, &code, false);
            }
            Err(error) => {
                let text = format!("{hook}_msg of the callback diy: {error}");
                self.console.warning(&text, &self.options.palette.warn);
            }
        }
        true
    }

    fn result_vars(&self, of: &HostResult) -> Map {
        let map = clean::shown(of, self.options.verbosity);
        let result = Map::new();
        let host = named("name", &of.host);
        result.insert("host", host.clone());
        result.insert("is_changed", of.status == Status::Changed);
        result.insert("is_failed", of.status == Status::Failed);
        result.insert("is_skipped", of.status == Status::Skipped);
        result.insert("is_unreachable", of.status == Status::Unreachable);
        result.insert("output", result_text(&map, false, &self.options));
        result.insert("result", map);
        result.insert("delegated", of.delegated.clone().map_or(Value::None, Value::from));
        if let Some(label) = lines::item_label(of) {
            result.insert("item", label);
        }
        let vars = Map::new();
        vars.insert("result", result);
        vars.insert("host", host);
        vars.insert("task", task_vars(&of.task));
        vars
    }

    fn diff(&self, of: &HostResult) {
        let changed = of.status == Status::Changed && of.task.diff && !of.task.no_log && !of.looped;
        if let Some(diff) = of.result.get("diff").filter(|_| changed && self.options.diffs) {
            let text = diff_text(&diff, &self.options);
            let vars = self.result_vars(of);
            vars.insert("diff", text);
            self.message("on_file_diff", &vars);
        }
    }

    /// What happened, by the name of its option, and its variables.
    fn hook(&self, event: &Event) -> Option<(&'static str, Map)> {
        let of_task = |hook, task: &TaskInfo| {
            let vars = Map::new();
            vars.insert("task", task_vars(task));
            Some((hook, vars))
        };
        match event {
            Event::PlaybookStart { .. } => Some(("playbook_on_start", Map::new())),
            Event::PlayStart { .. } => Some(("playbook_on_play_start", Map::new())),
            Event::NoHostsMatched => Some(("playbook_on_no_hosts_matched", Map::new())),
            Event::NoHostsRemaining => Some(("playbook_on_no_hosts_remaining", Map::new())),
            Event::TaskStart { task } if task.handler => of_task("playbook_on_handler_task_start", task),
            Event::TaskStart { task } => of_task("playbook_on_task_start", task),
            Event::HostStart { host, task } => {
                let (hook, vars) = of_task("runner_on_start", task)?;
                vars.insert("host", named("name", host));
                Some((hook, vars))
            }
            Event::ItemResult(of) => {
                let hook = match of.status {
                    Status::Ok | Status::Changed => "runner_item_on_ok",
                    Status::Skipped => "runner_item_on_skipped",
                    Status::Failed | Status::Unreachable => "runner_item_on_failed",
                };
                Some((hook, self.result_vars(of)))
            }
            Event::HostResult(of) => {
                let hook = match of.status {
                    Status::Ok | Status::Changed => "runner_on_ok",
                    Status::Skipped => "runner_on_skipped",
                    Status::Failed => "runner_on_failed",
                    Status::Unreachable => "runner_on_unreachable",
                };
                Some((hook, self.result_vars(of)))
            }
            Event::Retry {
                host, task, result, ..
            } => {
                let (hook, vars) = of_task("runner_retry", task)?;
                let shown = if task.no_log {
                    clean::censored(result)
                } else {
                    clean::printable(result)
                };
                let of = named("result", Value::Map(shown));
                of.insert("host", named("name", host));
                vars.insert("result", of);
                Some((hook, vars))
            }
            Event::Include { what, hosts, .. } => {
                let file = named("filename", what);
                file.insert(
                    "hosts",
                    Value::list(hosts.iter().map(|h| Value::Map(named("name", h)))),
                );
                Some(("playbook_on_include", named("included_file", file)))
            }
            Event::Notified { handler, host } => {
                let vars = named("handler", named("name", handler));
                vars.insert("host", named("name", host));
                Some(("playbook_on_notify", vars))
            }
            Event::Recap { stats, custom } => {
                let by_kind = Map::new();
                for kind in [
                    "ok", "changed", "dark", "failures", "skipped", "rescued", "ignored",
                ] {
                    let hosts: Map = stats
                        .iter()
                        .map(|(host, s)| {
                            let n = match kind {
                                "ok" => s.ok,
                                "changed" => s.changed,
                                "dark" => s.unreachable,
                                "failures" => s.failed,
                                "skipped" => s.skipped,
                                "rescued" => s.rescued,
                                _ => s.ignored,
                            };
                            (host, n)
                        })
                        .collect();
                    by_kind.insert(kind, hosts);
                }
                by_kind.insert("processed", stats.iter().map(|(h, _)| (h, 1)).collect::<Map>());
                by_kind.insert("custom", clean::printable(custom));
                Some(("playbook_on_stats", named("stats", by_kind)))
            }
            _ => None,
        }
    }
}

fn named(key: &str, value: impl Into<Value>) -> Map {
    let map = Map::new();
    map.insert(key, value.into());
    map
}

fn task_vars(task: &TaskInfo) -> Map {
    let map = named("name", task.full_name().as_str());
    map.insert("action", task.action.as_str());
    map.insert("no_log", task.no_log);
    map.insert("check_mode", task.check);
    map.insert("diff", task.diff);
    map.insert("path", task.path.as_str());
    map.insert("uuid", task.id.to_string());
    map.insert(
        "tags",
        Value::list(task.tags.iter().map(|t| Value::str(t.as_str()))),
    );
    map.insert("role", task.role.as_deref().map_or(Value::None, Value::str));
    if let Some(args) = task.args.as_ref().filter(|_| !task.no_log) {
        map.insert("args", clean::printable(args));
    }
    map
}

impl Sink for Diy {
    fn event(&mut self, event: &Event) {
        match event {
            Event::PlaybookStart { path, .. } => {
                self.playbook = named("file_name", path);
                let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
                self.playbook.insert("basedir", folder);
            }
            Event::PlayStart {
                name,
                check,
                hosts,
                strategy,
            } => {
                self.play = named("name", name.trim());
                self.play.insert("check_mode", *check);
                self.play.insert("strategy", strategy.as_str());
                self.play
                    .insert("hosts", Value::list(hosts.iter().map(|h| Value::str(h.as_str()))));
            }
            Event::ItemResult(of) | Event::HostResult(of) => self.diff(of),
            _ => {}
        }
        let Some((hook, vars)) = self.hook(event) else {
            return self.inner.event(event);
        };
        self.message("on_any", &vars);
        if !self.message(hook, &vars) {
            self.inner.event(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Diy;
    use crate::{Chosen, Evaluator, Options, golden};
    use kdo_event::Sink;
    use std::rc::Rc;

    #[test]
    fn own_messages_take_the_place_of_the_default_ones() {
        let mut chosen = Chosen::default();
        for (name, value) in [
            ("runner_on_ok_msg", "OK"),
            ("playbook_on_task_start_msg", ""),
            ("playbook_on_stats_msg", "END"),
            ("playbook_on_stats_msg_color", "red"),
        ] {
            chosen.0.insert(("diy".into(), name.into()), value.into());
        }
        let evaluate = Evaluator(Rc::new(|template, vars| {
            let own = vars.get("ansible_callback_diy").unwrap();
            let own = own.as_map().unwrap();
            let host = own.get("host").and_then(|h| h.as_map()?.get("name"));
            Ok(format!(
                "{template} {}",
                host.map(|h| h.to_text()).unwrap_or_default()
            ))
        }));
        let (console, out, _) = golden::console(true);
        let options = Options {
            chosen: Rc::new(chosen),
            evaluate,
            ..Options::default()
        };
        let mut sink = Diy::new(console, options);
        golden::events("hosts").iter().for_each(|e| sink.event(e));
        let text = out.text();
        assert!(text.contains("\nOK a\n"), "{text}");
        assert!(text.contains("PLAY [") && !text.contains("TASK [stat]"), "{text}");
        assert!(text.ends_with("\u{1b}[0;31mEND \u{1b}[0m\n"), "{text}");
        assert!(!text.contains("PLAY RECAP"), "{text}");
    }
}
