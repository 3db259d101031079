//! What rescue tasks see of the task that failed: `ansible_failed_task` and `ansible_failed_result`.

use crate::{
    engine::Engine,
    play_run::PlayRun,
    process::{clean, untrust, with_exception},
    task::{Done, full_name},
};
use kdo_playbook::Task;
use kdo_value::{Map, Value};
use kdo_vars::TaskVars;
use std::rc::Rc;

/// Keywords that are lists of conditions, whether one or more were written.
const LISTS: &[&str] = &["changed_when", "failed_when", "until"];

/// Keywords that are there with their value, or `None`.
const PLAIN: &[&str] = &[
    "become_exe",
    "become_flags",
    "become_user",
    "debugger",
    "delegate_facts",
    "delegate_to",
    "ignore_errors",
    "ignore_unreachable",
    "port",
    "register",
    "remote_user",
    "retries",
    "run_once",
];

impl Engine {
    /// The variables of the rescue of a block in which this task failed.
    pub(crate) fn rescue_level(&self, play: &Rc<PlayRun>, task: &Rc<Task>, done: &Done) -> Map {
        let vars = TaskVars::new(&self.store, &play.vars, &done.host, Some(&task.scope));
        let info = self.task_info(&vars, task);
        let result = clean(&done.result);
        with_exception(&result, task);
        result.insert("_ansible_no_log", info.no_log);
        let value = |name: &str| self.keyword(&vars, task, name).ok().flatten();
        let map = Map::new();
        let named = task.name.is_some();
        map.insert("name", if named { info.name.as_str() } else { "" });
        map.insert("action", task.action.name.as_str());
        map.insert("_resolved_action", full_name(&task.action.name));
        let args = match task.repeat {
            // An item's arguments are not those of the whole.
            Some(_) => None,
            None => self.arguments(&vars, task).ok(),
        };
        map.insert(
            "args",
            untrust(&args.unwrap_or_else(|| task.action.args.copied()).into()),
        );
        for name in PLAIN {
            map.insert(*name, untrust(&value(name).unwrap_or(Value::None)));
        }
        for name in LISTS {
            map.insert(*name, Value::list(each(&task.own(name).unwrap_or(Value::None))));
        }
        for name in ["environment", "module_defaults", "notify", "when"] {
            map.insert(name, Value::list(task.scope.listed(name).iter().map(untrust)));
        }
        for name in ["any_errors_fatal", "become"] {
            map.insert(name, value(name).is_some_and(|v| v.truthy()));
        }
        for (name, default) in [("throttle", 0), ("timeout", 0), ("poll", 15)] {
            map.insert(name, number(value(name)).unwrap_or(default));
        }
        let limit = number(value("async")).unwrap_or(0);
        map.insert("async", limit);
        map.insert("async_val", limit);
        map.insert("delay", value("delay").and_then(|v| v.as_float()).unwrap_or(5.0));
        map.insert(
            "become_method",
            value("become_method").unwrap_or_else(|| "sudo".into()),
        );
        map.insert("check_mode", info.check);
        map.insert("diff", info.diff);
        map.insert("no_log", info.no_log);
        let connection =
            value("connection").unwrap_or_else(|| self.options.connection.connection.as_str().into());
        map.insert("connection", connection);
        map.insert(
            "collections",
            Value::list(each(&value("collections").unwrap_or(Value::None))),
        );
        map.insert("tags", Value::list(info.tags.iter().map(Value::from)));
        map.insert("vars", untrust(&task.scope.vars.clone().into()));
        let repeat = task.repeat.as_ref();
        map.insert("loop", repeat.map(|r| untrust(&r.value)).unwrap_or(Value::None));
        map.insert(
            "loop_with",
            repeat
                .and_then(|r| r.lookup.as_deref())
                .map(Value::str)
                .unwrap_or(Value::None),
        );
        map.insert(
            "loop_control",
            untrust(&task.own("loop_control").unwrap_or(Value::None)),
        );
        map.insert("finalized", true);
        map.insert("squashed", true);
        map.insert("uuid", task.id.to_string());
        let level = Map::new();
        level.insert("ansible_failed_result", Value::Map(result).into_frozen());
        level.insert("ansible_failed_task", Value::Map(map).into_frozen());
        level
    }
}

fn number(value: Option<Value>) -> Option<i64> {
    value.and_then(|v| v.to_text().trim().parse().ok())
}

/// The items of a list, or the one value; nothing for none.
fn each(value: &Value) -> Vec<Value> {
    match value {
        Value::None => Vec::new(),
        Value::List(l) => l.to_vec().iter().map(untrust).collect(),
        v => vec![untrust(v)],
    }
}
