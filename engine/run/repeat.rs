//! A task's loop: its items, one after the other, and the result that sums them up.

use crate::{
    engine::Engine,
    failure::TaskFailure,
    loop_control::LoopControl,
    play_run::PlayRun,
    task::{CENSORED_ITEM, DELEGATED, Done, status, truthy},
};
use kdo_event::{Event, HostResult, Status, TaskInfo};
use kdo_playbook::Task;
use kdo_template::Variables;
use kdo_value::{Map, Value};
use kdo_vars::TaskVars;
use std::{rc::Rc, time::Instant};

impl Engine {
    /// The loop's items, if the task is looped.
    pub(crate) fn items(&self, vars: &TaskVars, task: &Task) -> Result<Option<Vec<Value>>, TaskFailure> {
        let Some(repeat) = &task.repeat else {
            return Ok(None);
        };
        if let Some(Value::Map(control)) = task.own("loop_control") {
            for name in ["loop_var", "index_var"] {
                if let Some(raw) = control.get(name).filter(|v| !v.is_none()) {
                    let name = self.resolve(vars, &raw)?.to_text();
                    if !kdo_playbook::is_variable_name(&name) {
                        return Err(TaskFailure::new(format!("Invalid variable name '{name}'.")));
                    }
                }
            }
        }
        let list = match &repeat.lookup {
            None => {
                let Some(value) = self.resolve_or_omit(vars, &repeat.value)? else {
                    return Ok(None);
                };
                match value {
                    Value::List(l) => l.to_vec(),
                    Value::Tuple(t) => t.to_vec(),
                    other => {
                        return Err(TaskFailure::new(format!(
                            "The `loop` value must resolve to a 'list', not '{}'.",
                            other.type_name()
                        )));
                    }
                }
            }
            Some(name) => {
                // `with_LOOKUP` is `query('LOOKUP', …)` over its terms. Where it looks for files depends on the action.
                let action = &task.action.name;
                let folder = ["template", "var", "file"]
                    .into_iter()
                    .find(|f| action.contains(f));
                let options: Vec<(String, Value)> = match (name.rsplit('.').next(), folder) {
                    (Some("first_found"), Some(folder)) => {
                        vec![("_subdir".into(), Value::str(format!("{folder}s")))]
                    }
                    _ => Vec::new(),
                };
                self.with_templar(vars, |t| t.lookup_terms(name, &repeat.value, options))
                    .map_err(|e| self.template_failure(e))?
            }
        };
        Ok(Some(list))
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn run_loop(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        info: &Rc<TaskInfo>,
        vars: &TaskVars,
        host: &str,
        items: Vec<Value>,
    ) -> Done {
        let control = match LoopControl::of(self, vars, task) {
            Ok(control) => control,
            Err(failure) => return broken(host, failure),
        };
        let loop_var = control.loop_var.as_str();
        if vars.get(loop_var).is_some() {
            let origin = match task.own("loop_control") {
                Some(Value::Map(m)) => m.get("loop_var").and_then(|v| v.origin()),
                _ => None,
            };
            let text = format!("The loop variable '{loop_var}' is already in use.");
            let text = self.with_place(&text, origin);
            self.warn(format!(
                "{text}{}You should set the `loop_var` value in the `loop_control` option for the task to something else to avoid variable collisions and unexpected behavior.",
                if text.ends_with('\n') { "\n" } else { " " }
            ));
        }
        let (mut results, mut includes, mut delegated) = (Vec::new(), Vec::new(), None);
        let mut every_failure_ignored = true;
        for (index, item) in items.iter().enumerate() {
            let began = Instant::now();
            if index > 0 && !control.pause.is_zero() {
                tokio::time::sleep(control.pause).await;
            }
            let level = Map::new();
            level.insert(loop_var, item.clone());
            level.insert("ansible_loop_var", loop_var);
            if let Some(name) = &control.index_var {
                level.insert(name.as_str(), index);
                level.insert("ansible_index_var", name.as_str());
            }
            if control.extended {
                level.insert("ansible_loop", extended_loop(&items, index, control.all_items));
            }
            vars.push(level.clone());
            let loop_hidden = info.no_log;
            let info = &self.item_info(vars, task, info);
            let done = self.run_item(play, task, info, vars, host).await;
            let result = done.result;
            if loop_hidden && !info.no_log && !result.contains("_ansible_no_log") {
                result.insert("_ansible_no_log", false);
            }
            let label = match &control.label {
                Some(raw) => {
                    self.with_result(vars, task, &result);
                    let label = self.resolve(vars, raw);
                    vars.pop();
                    label.unwrap_or_else(|failure| {
                        let text = format!("Failed to template loop_control.label: {}", failure.message);
                        result.insert("failed", true);
                        result.insert("msg", text);
                        item.clone()
                    })
                }
                None => item.clone(),
            };
            result.insert(loop_var, item.clone());
            result.insert("ansible_loop_var", loop_var);
            if let Some(name) = &control.index_var {
                result.insert("ansible_index_var", name.as_str());
                result.insert(name.as_str(), index);
            }
            if control.extended
                && let Some(extended) = level.get("ansible_loop")
            {
                result.insert("ansible_loop", extended);
            }
            if control.label.is_some() {
                result.insert("_ansible_item_label", label.clone());
            }
            let state = status(&result);
            let failed = matches!(state, Status::Failed | Status::Unreachable);
            if failed {
                every_failure_ignored &= done.ignored || self.ignores(vars, task);
            }
            let stop = match &control.break_when {
                Some(raw) => {
                    self.with_result(vars, task, &result);
                    let stop = self.conditional(vars, raw);
                    vars.pop();
                    stop
                }
                None => Ok(false),
            };
            if let Some(mut include) = done.include {
                include.vars = level.copied();
                include.item = Some(match info.no_log {
                    true => CENSORED_ITEM.to_owned(),
                    false => label.to_text(),
                });
                includes.push(include);
            }
            delegated = delegated.or(done.delegated.clone());
            vars.pop();
            if includes.is_empty() || state != Status::Ok {
                self.tell(&Event::ItemResult(HostResult {
                    host: host.to_owned(),
                    delegated: self.shown_delegate(vars, done.delegated.as_deref()),
                    task: crate::task::as_told(info, &result),
                    status: state,
                    ignored: failed && every_failure_ignored,
                    result: result.clone(),
                    item: Some(if info.no_log {
                        Value::str(CENSORED_ITEM)
                    } else {
                        label
                    }),
                    looped: false,
                    error: self.told_failure(task, info, state, &result),
                    elapsed: began.elapsed().as_secs_f64(),
                }));
            }
            let lost = state == Status::Unreachable;
            if task.action.short() == "set_fact" {
                // The next item sees what this one set.
                self.keep_item_facts(task, host, done.delegated.as_deref(), &result);
                if let Some(target) = &done.delegated {
                    result.insert(DELEGATED, target.as_str());
                }
            }
            results.push(Value::Map(result));
            let stop = match stop {
                Ok(stop) => stop,
                Err(failure) => return broken(host, failure),
            };
            if lost || stop || self.interrupted.get() {
                break;
            }
        }
        let result = loop_result(&results);
        let state = status(&result);
        let ignored = state == Status::Failed && every_failure_ignored;
        Done {
            host: host.to_owned(),
            status: state,
            result,
            ignored,
            delegated,
            includes,
        }
    }
}

impl Engine {
    /// The task as it is shown for the item that `vars` know.
    fn item_info(&self, vars: &TaskVars, task: &Task, info: &Rc<TaskInfo>) -> Rc<TaskInfo> {
        let hidden = task.keyword("no_log").filter(Value::is_templated);
        match hidden.and_then(|_| self.flag(vars, task, "no_log").ok().flatten()) {
            Some(no_log) if no_log != info.no_log => Rc::new(TaskInfo {
                no_log,
                ..TaskInfo::clone(info)
            }),
            _ => Rc::clone(info),
        }
    }
}

/// The loop itself is wrong: a result without those of items.
fn broken(host: &str, failure: TaskFailure) -> Done {
    let result = TaskFailure {
        early: false,
        ..failure
    }
    .into_result();
    result.remove("changed");
    Done {
        host: host.to_owned(),
        status: Status::Failed,
        result,
        ignored: false,
        delegated: None,
        includes: Vec::new(),
    }
}

/// The result of a looped task from those of its items.
fn loop_result(results: &[Value]) -> Map {
    let map = Map::new();
    let any = |key: &str| results.iter().any(|r| r.as_map().is_some_and(|m| truthy(m, key)));
    let all_skipped = results
        .iter()
        .all(|r| r.as_map().is_some_and(|m| truthy(m, "skipped")));
    map.insert("changed", any("changed"));
    if results.is_empty() {
        map.insert("skipped", true);
        map.insert("skipped_reason", "No items in the list");
        map.insert("results", Value::list([]));
        return map;
    }
    if any("unreachable") {
        map.insert("unreachable", true);
    }
    if any("failed") {
        map.insert("failed", true);
        map.insert("msg", "One or more items failed");
    } else if all_skipped {
        map.insert("msg", "All items skipped");
        map.insert("skipped", true);
    } else {
        map.insert("msg", "All items completed");
    }
    map.insert("results", Value::list(results.iter().cloned()));
    if all_skipped {
        map.insert("skipped", true);
    } else {
        map.insert("skipped", false);
    }
    map
}

fn extended_loop(items: &[Value], index: usize, all: bool) -> Map {
    let map = Map::new();
    let count = items.len();
    map.insert("index", index + 1);
    map.insert("index0", index);
    map.insert("first", index == 0);
    map.insert("last", index + 1 == count);
    map.insert("length", count);
    map.insert("revindex", count - index);
    map.insert("revindex0", count - index - 1);
    if all {
        map.insert("allitems", Value::list(items.iter().cloned()));
    }
    if let Some(next) = items.get(index + 1) {
        map.insert("nextitem", next.clone());
    }
    if let Some(previous) = index.checked_sub(1).and_then(|i| items.get(i)) {
        map.insert("previtem", previous.clone());
    }
    map
}
