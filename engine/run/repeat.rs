//! A task's loop: its items, one after the other, and the result that sums them up.

use crate::{
    engine::Engine,
    failure::TaskFailure,
    play_run::PlayRun,
    task::{DELEGATED, Done, status, truthy},
};
use kdo_event::{Event, HostResult, Status, TaskInfo};
use kdo_playbook::Task;
use kdo_template::Variables;
use kdo_value::{Map, Value};
use kdo_vars::TaskVars;
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

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
        started: Instant,
    ) -> Done {
        let control = match task.own("loop_control") {
            Some(Value::Map(m)) => m,
            _ => Map::new(),
        };
        let text = |key: &str| match control.get(key) {
            None | Some(Value::None) => None,
            Some(raw) => self.resolve(vars, &raw).ok().map(|v| v.to_text()),
        };
        let flag = |key: &str| {
            control
                .get(key)
                .is_some_and(|raw| self.resolve(vars, &raw).is_ok_and(|v| v.truthy()))
        };
        let loop_var = text("loop_var").unwrap_or_else(|| "item".into());
        let index_var = text("index_var");
        let pause = text("pause")
            .and_then(|p| p.trim().parse::<f64>().ok())
            .unwrap_or(0.0);
        let extended = flag("extended");
        let all_items = control.get("extended_allitems").is_none_or(|v| v.truthy());
        if vars.get(&loop_var).is_some() {
            self.warn(format!(
                "The loop variable '{loop_var}' is already in use. You should set the `loop_var` value in the `loop_control` option for the task to something else to avoid variable collisions and unexpected behavior."
            ));
        }
        let (mut results, mut includes, mut delegated) = (Vec::new(), Vec::new(), None);
        let mut every_failure_ignored = true;
        let count = items.len();
        for (index, item) in items.iter().enumerate() {
            let began = Instant::now();
            if index > 0 && pause > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(pause)).await;
            }
            let level = Map::new();
            level.insert(loop_var.as_str(), item.clone());
            level.insert("ansible_loop_var", loop_var.as_str());
            if let Some(name) = &index_var {
                level.insert(name.as_str(), index);
                level.insert("ansible_index_var", name.as_str());
            }
            if extended {
                level.insert("ansible_loop", extended_loop(&items, index, all_items));
            }
            vars.push(level.clone());
            let done = self.run_item(play, task, info, vars, host).await;
            let result = done.result;
            let label = match control.get("label") {
                Some(raw) if !raw.is_none() => {
                    self.with_result(vars, task, &result);
                    let label = self.resolve(vars, &raw);
                    vars.pop();
                    label.unwrap_or_else(|failure| {
                        let text = format!("Failed to template loop_control.label: {}", failure.message);
                        result.insert("failed", true);
                        result.insert("msg", text);
                        item.clone()
                    })
                }
                _ => item.clone(),
            };
            result.insert("ansible_loop_var", loop_var.as_str());
            result.insert(loop_var.as_str(), item.clone());
            if let Some(name) = &index_var {
                result.insert("ansible_index_var", name.as_str());
                result.insert(name.as_str(), index);
            }
            if extended && let Some(extended) = level.get("ansible_loop") {
                result.insert("ansible_loop", extended);
            }
            if control.contains("label") {
                result.insert("_ansible_item_label", label.clone());
            }
            let state = status(&result);
            let failed = matches!(state, Status::Failed | Status::Unreachable);
            if failed {
                every_failure_ignored &= done.ignored || self.ignores(vars, task);
            }
            let stop = match control.get("break_when") {
                Some(raw) if !raw.is_none() => {
                    vars.push(result.clone());
                    let stop = self.condition(vars, &raw).unwrap_or(false);
                    vars.pop();
                    stop
                }
                _ => false,
            };
            if let Some(mut include) = done.include {
                include.vars = level.copied();
                include.item = Some(label.to_text());
                includes.push(include);
            }
            delegated = delegated.or(done.delegated.clone());
            vars.pop();
            if includes.is_empty() || state != Status::Ok {
                self.tell(&Event::ItemResult(HostResult {
                    host: host.to_owned(),
                    delegated: done.delegated.clone(),
                    task: crate::task::as_told(info, &result),
                    status: state,
                    ignored: failed && every_failure_ignored,
                    result: result.clone(),
                    item: Some(if info.no_log {
                        Value::str("(censored due to no_log)")
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
            if lost || stop || self.interrupted.get() {
                break;
            }
        }
        let _ = (count, started);
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
        if !any("failed") {
            map.insert("failed", false);
        }
    }
    map
}

fn extended_loop(items: &[Value], index: usize, all: bool) -> Map {
    let map = Map::new();
    let count = items.len();
    if all {
        map.insert("allitems", Value::list(items.iter().cloned()));
    }
    map.insert("index", index + 1);
    map.insert("index0", index);
    map.insert("first", index == 0);
    map.insert("last", index + 1 == count);
    map.insert("length", count);
    map.insert("revindex", count - index);
    map.insert("revindex0", count - index - 1);
    if let Some(next) = items.get(index + 1) {
        map.insert("nextitem", next.clone());
    }
    if let Some(previous) = index.checked_sub(1).and_then(|i| items.get(i)) {
        map.insert("previtem", previous.clone());
    }
    map
}
