//! What a finished task means for its host and the play.

use crate::{
    engine::Engine,
    play_run::PlayRun,
    task::{Done, truthy},
};
use kdo_event::{Event, Status};
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
    pub(crate) fn process(&self, play: &Rc<PlayRun>, task: &Rc<Task>, done: &Done, hosts: &[String], rescued: bool) -> Fate {
        for host in hosts {
            self.register(task, host, done);
            self.keep_facts(task, host, &done.result);
        }
        if matches!(done.status, Status::Changed) || (done.status == Status::Failed && done.ignored && truthy(&done.result, "changed")) {
            self.notify(play, task, done, hosts);
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
                    let level = Map::new();
                    level.insert("ansible_failed_result", done.result.copied().into_frozen());
                    level.insert("ansible_failed_task", self.describe(task));
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

    fn describe(&self, task: &Task) -> Map {
        let map = Map::new();
        let name = task.name.as_ref().map_or_else(|| task.action.name.clone(), |n| n.as_str().to_owned());
        map.insert("name", name);
        map.insert("action", task.action.name.as_str());
        map.insert("args", untrust(&Value::Map(task.action.args.copied())));
        map.insert("uuid", task.id.to_string());
        map.freeze();
        map
    }

    fn register(&self, task: &Task, host: &str, done: &Done) {
        let Some(name) = task.own("register") else { return };
        let shown = clean(&done.result);
        let map = Map::new();
        map.insert(name.to_text(), shown);
        self.store.set(host, &map);
    }

    fn keep_facts(&self, task: &Task, host: &str, result: &Map) {
        if task.action.short() != "set_fact" {
            return;
        }
        let one = |result: &Map| {
            if let Some(Value::Map(facts)) = result.get("ansible_facts") {
                let owner = match self.delegated_owner(task, host) {
                    Some(owner) => owner,
                    None => host.to_owned(),
                };
                self.store.set(&owner, &facts);
                if truthy(result, "_ansible_facts_cacheable") {
                    self.store.add_facts(&owner, &facts);
                }
            }
        };
        // Items of a loop set their facts as they run; see `set_facts_now`.
        if !result.contains("results") || task.repeat.is_none() {
            one(result);
        }
    }

    /// Where facts of a delegated task belong, with `delegate_facts`.
    fn delegated_owner(&self, task: &Task, host: &str) -> Option<String> {
        let wanted = task.keyword("delegate_facts").is_some_and(|v| v.truthy());
        let target = task.keyword("delegate_to")?;
        let _ = host;
        (wanted && !target.is_templated()).then(|| target.to_text())
    }

    fn notify(&self, play: &Rc<PlayRun>, task: &Rc<Task>, done: &Done, hosts: &[String]) {
        let vars = kdo_vars::TaskVars::new(&self.store, &play.vars, &done.host, Some(&task.scope));
        let mut wanted = Vec::new();
        for level in task.scope.collected("notify") {
            match self.resolve(&vars, &level) {
                Ok(Value::List(l)) => wanted.extend(l.to_vec().iter().map(Value::to_text)),
                Ok(v) => wanted.push(v.to_text()),
                Err(e) => self.warn(format!("notify could not be evaluated: {}", e.message)),
            }
        }
        for name in wanted {
            let found = self.find_handlers(play, &name, &done.host);
            if found.is_empty() {
                let text = format!(
                    "The requested handler '{name}' was not found in either the main handlers list nor in the listening handlers list"
                );
                play.missing_handler(&text);
                continue;
            }
            for handler in found {
                let mut notified = play.notified.borrow_mut();
                let list = notified.entry(handler.id).or_default();
                for host in hosts {
                    if !list.contains(host) {
                        list.push(host.clone());
                        self.tell(&Event::Notified { handler: name.clone(), host: host.clone() });
                    }
                }
            }
        }
    }

    /// Handlers of that name (the last one defined) and all that listen to it.
    fn find_handlers(&self, play: &Rc<PlayRun>, name: &str, host: &str) -> Vec<Rc<Task>> {
        let all = play.handlers();
        let mut found = Vec::new();
        for handler in all.iter().rev() {
            let Some(text) = &handler.name else { continue };
            let vars = kdo_vars::TaskVars::new(&self.store, &play.vars, host, Some(&handler.scope));
            let own = match self.with_templar(&vars, |t| t.template(text)) {
                Ok(v) => v.to_text(),
                Err(_) => text.as_str().to_owned(),
            };
            let role = handler.scope.role().map(|r| r.full_name());
            let with_role = role.as_ref().map(|r| format!("{r} : {own}"));
            if own == name || with_role.as_deref() == Some(name) {
                found.push(Rc::clone(handler));
                break;
            }
        }
        for handler in &all {
            if handler.listen().iter().any(|l| l == name) && !found.iter().any(|f| f.id == handler.id) {
                found.push(Rc::clone(handler));
            }
        }
        found
    }
}

impl PlayRun {
    fn missing_handler(&self, text: &str) {
        self.error.borrow_mut().get_or_insert_with(|| text.to_owned());
    }
}

/// Freezing of maps that were just made.
trait IntoFrozen {
    fn into_frozen(self) -> Value;
}

impl IntoFrozen for Map {
    fn into_frozen(self) -> Value {
        Value::Map(self).into_frozen()
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
            (Value::List(items), "results") => Value::list(items.to_vec().into_iter().map(|v| match v.as_map() {
                Some(map) => Value::Map(clean(map)),
                None => v,
            })),
            _ => value,
        };
        if name != "_ansible_no_log" {
            out.insert(name, value);
        }
    }
    out
}

/// The same value as plain data: nothing in it is a template any more.
fn untrust(value: &Value) -> Value {
    match value {
        Value::Str(t) => Value::Str(t.untrusted()),
        Value::List(l) => Value::list(l.to_vec().iter().map(untrust)),
        Value::Map(m) => Value::Map(m.entries().into_iter().map(|(k, v)| (untrust(&k), untrust(&v))).collect()),
        v => v.clone(),
    }
}
