//! What a finished task means for its host and the play.

use crate::{
    engine::Engine,
    play_run::PlayRun,
    task::{DELEGATED, Done, truthy},
    tries::said_to_fail,
};
use kdo_event::Status;
use kdo_playbook::Task;
use kdo_value::{Map, Value};
use std::rc::Rc;

/// Where the host goes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// On.
    Next,
    /// Where the step's failure leads.
    Failed,
    /// Out: it cannot be reached.
    Lost,
}

impl Engine {
    /// Registers, notifies, counts. `hosts`: those that the result counts for (with `run_once`, all of the batch).
    pub(crate) fn process(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        done: &Done,
        hosts: &[String],
        rescued: bool,
    ) -> Fate {
        for host in hosts {
            self.register(task, host, done);
            self.keep_facts(task, host, done);
        }
        if matches!(done.status, Status::Changed)
            || (done.status == Status::Failed && done.ignored && truthy(&done.result, "changed"))
        {
            self.notify(play, task, done, hosts);
        }
        if matches!(task.action.short(), "add_host" | "group_by") {
            self.welcome(play);
        }
        if let Some(role) = task.scope.role()
            && !matches!(done.status, Status::Skipped | Status::Unreachable)
        {
            let mut begun = play.role_begun.borrow_mut();
            begun.insert((role.identity(), done.host.clone()));
        }
        let host = &done.host;
        match done.status {
            Status::Ok => {
                if done.includes.is_empty() {
                    self.count(host, |s| s.ok += 1);
                }
                Fate::Next
            }
            Status::Changed => {
                self.count(host, |s| {
                    s.ok += 1;
                    s.changed += 1;
                });
                Fate::Next
            }
            Status::Skipped => {
                self.count(host, |s| s.skipped += 1);
                Fate::Next
            }
            Status::Failed if done.ignored => {
                self.count(host, |s| {
                    s.ok += 1;
                    s.ignored += 1;
                    s.changed += u64::from(truthy(&done.result, "changed"));
                });
                Fate::Next
            }
            Status::Failed => {
                self.count(host, |s| if rescued { s.rescued += 1 } else { s.failed += 1 });
                if rescued {
                    let level = self.rescue_level(play, task, done);
                    for h in hosts {
                        play.rescue_vars.borrow_mut().insert(h.clone(), level.clone());
                    }
                }
                Fate::Failed
            }
            Status::Unreachable if done.ignored => {
                self.count(host, |s| {
                    s.ok += 1;
                    s.ignored += 1;
                });
                self.count(host, |s| s.unreachable += 0);
                Fate::Next
            }
            Status::Unreachable => {
                self.count(host, |s| s.unreachable += 1);
                Fate::Lost
            }
        }
    }

    /// Hosts that the play's pattern selects since the inventory grew are named with the others; they do not take part.
    fn welcome(&self, play: &PlayRun) {
        let Ok(now) = self.play_hosts(&play.play) else {
            return;
        };
        let mut all = play.vars.all_hosts.borrow_mut();
        for host in now {
            if !all.contains(&host) {
                play.vars.active_hosts.borrow_mut().push(host.clone());
                all.push(host);
            }
        }
    }

    fn register(&self, task: &Task, host: &str, done: &Done) {
        let Some(name) = task.own("register") else { return };
        self.warn_of_name(&name);
        let shown = clean(&done.result);
        // Only the outputs, and the results of loops' items, tell how a module was called.
        shown.remove("invocation");
        with_exception(&shown, task);
        let map = Map::new();
        map.insert(name.to_text(), shown);
        self.store.set(host, &map);
    }

    fn keep_facts(&self, task: &Task, host: &str, done: &Done) {
        if task.action.short() != "set_fact" {
            return;
        }
        match done.result.get("results") {
            Some(Value::List(items)) if task.repeat.is_some() => {
                for item in items.to_vec() {
                    if let Value::Map(item) = item {
                        let target = item.get(DELEGATED).map(|v| v.to_text());
                        self.keep_item_facts(task, host, target.as_deref(), &item);
                    }
                }
            }
            _ => self.keep_item_facts(task, host, done.delegated.as_deref(), &done.result),
        }
    }

    /// Keeps what `set_fact` set, for the host or, with `delegate_facts`, for the one it was delegated to.
    pub(crate) fn keep_item_facts(&self, task: &Task, host: &str, delegated: Option<&str>, result: &Map) {
        let Some(Value::Map(facts)) = result.get("ansible_facts") else {
            return;
        };
        if truthy(result, "skipped") || truthy(result, "failed") {
            return;
        }
        let to_target = task.keyword("delegate_facts").is_some_and(|v| v.truthy());
        let owner = delegated.filter(|_| to_target).unwrap_or(host);
        self.warn_of_reserved(&facts);
        self.store.set(owner, &facts);
        if truthy(result, "_ansible_facts_cacheable") {
            self.store.add_facts(owner, &facts);
        }
    }
}

/// A result without the keys that are only for outputs.
pub(crate) fn clean(result: &Map) -> Map {
    let out = Map::new();
    for (key, value) in result.entries() {
        let name = key.to_text();
        if name.starts_with("_ansible_") && name != "_ansible_no_log" || name == "_kdo_rendered" {
            continue;
        }
        let value = match (&value, name.as_str()) {
            (Value::List(items), "results") => {
                Value::list(items.to_vec().into_iter().map(|v| match v.as_map() {
                    Some(map) => Value::Map(clean(map)),
                    None => v,
                }))
            }
            _ => value,
        };
        if name != "_ansible_no_log" {
            out.insert(name, value);
        }
    }
    out
}

/// Failed results have an `exception` in variables, though there is none to tell of.
pub(crate) fn with_exception(result: &Map, task: &Task) {
    if said_to_fail(task.action.short()) {
        return;
    }
    let mark = |map: &Map| {
        if (truthy(map, "failed") || truthy(map, "unreachable")) && !map.contains("exception") {
            map.insert("exception", "(traceback unavailable)");
        }
    };
    match result.get("results") {
        Some(Value::List(items)) => items.to_vec().iter().filter_map(Value::as_map).for_each(mark),
        _ => mark(result),
    }
}

/// The same value as plain data: nothing in it is a template any more.
pub(crate) fn untrust(value: &Value) -> Value {
    match value {
        Value::Str(t) => Value::Str(t.untrusted()),
        Value::List(l) => Value::list(l.to_vec().iter().map(untrust)),
        Value::Map(m) => Value::Map(
            m.entries()
                .into_iter()
                .map(|(k, v)| (untrust(&k), untrust(&v)))
                .collect(),
        ),
        v => v.clone(),
    }
}
