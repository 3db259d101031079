//! Which handlers a task notifies.

use crate::{engine::Engine, play_run::PlayRun, task::Done};
use kdo_event::Event;
use kdo_playbook::{RoleInstance, Task};
use kdo_value::Value;
use kdo_vars::TaskVars;
use std::{collections::HashSet, rc::Rc};

impl Engine {
    /// Notes the hosts at the handlers that a task notifies.
    pub(crate) fn notify(&self, play: &Rc<PlayRun>, task: &Rc<Task>, done: &Done, hosts: &[String]) {
        let vars = TaskVars::new(&self.store, &play.vars, &done.host, Some(&task.scope));
        for name in self.wanted_handlers(task, &vars) {
            for handler in self.find_handlers(play, &name) {
                let shown = self.task_info(&vars, &handler).name.clone();
                let mut notified = play.notified.borrow_mut();
                let list = notified.entry(handler.id).or_default();
                for host in hosts {
                    if !list.contains(host) {
                        list.push(host.clone());
                        self.tell(&Event::Notified {
                            handler: shown.clone(),
                            host: host.clone(),
                        });
                    }
                }
            }
        }
    }

    /// The names that a task notifies.
    fn wanted_handlers(&self, task: &Rc<Task>, vars: &TaskVars) -> Vec<String> {
        let mut wanted = Vec::new();
        for level in task.scope.collected("notify") {
            match self.resolve(vars, &level) {
                Ok(Value::List(l)) => wanted.extend(l.to_vec().iter().map(Value::to_text)),
                Ok(v) => wanted.push(v.to_text()),
                Err(e) => self.warn(format!("notify could not be evaluated: {}", e.message)),
            }
        }
        wanted
    }

    /// Whether a task that changed something notifies a handler that does not exist; then the play is in error, unless
    /// the settings make that a warning.
    pub(crate) fn misses_handler(&self, play: &Rc<PlayRun>, task: &Rc<Task>, vars: &TaskVars) -> bool {
        let missing = self
            .wanted_handlers(task, vars)
            .into_iter()
            .find(|name| self.find_handlers(play, name).is_empty());
        let Some(name) = missing else { return false };
        let text = format!(
            "The requested handler '{name}' was not found in either the main handlers list nor in the listening handlers list"
        );
        if !self.options.error_on_missing_handler {
            self.warn(text);
            return false;
        }
        play.error.borrow_mut().get_or_insert(text);
        true
    }

    /// The handler of that name and all that listen to it.
    fn find_handlers(&self, play: &Rc<PlayRun>, wanted: &str) -> Vec<Rc<Task>> {
        let all = play.handlers();
        // Of handlers with the same name, the first one of the section that was loaded last counts.
        let mut sections: Vec<Vec<&Rc<Task>>> = Vec::new();
        for handler in &all {
            let same = |other: &&Rc<Task>| match (handler.scope.role(), other.scope.role()) {
                (Some(a), Some(b)) => Rc::ptr_eq(&a, &b),
                (None, None) => true,
                _ => false,
            };
            match sections.last_mut().filter(|s| s.last().is_some_and(same)) {
                Some(section) => section.push(handler),
                None => sections.push(vec![handler]),
            }
        }
        let order: Vec<&Rc<Task>> = sections.into_iter().rev().flatten().collect();
        let named = order.iter().find(|h| {
            self.handler_name(play, h)
                .is_some_and(|own| answers(h, &own, wanted))
        });
        let mut found: Vec<Rc<Task>> = named.map(|h| Rc::clone(h)).into_iter().collect();
        let mut seen = HashSet::new();
        let mut listening = Vec::new();
        for &handler in &order {
            if !handler.listen().iter().any(|own| answers(handler, own, wanted)) {
                continue;
            }
            // Of equal names only one listens; those without a name all do.
            if let Some(name) = handler.name.as_ref()
                && !seen.insert(name.as_str())
            {
                continue;
            }
            if !found.iter().any(|f| f.id == handler.id) {
                listening.push(Rc::clone(handler));
            }
        }
        listening.sort_by_key(|h| all.iter().position(|a| a.id == h.id));
        found.extend(listening);
        found
    }

    /// A handler's name, which may use the play's variables but none of a host.
    fn handler_name(&self, play: &Rc<PlayRun>, handler: &Rc<Task>) -> Option<String> {
        let text = handler.name.as_ref()?;
        let vars = TaskVars::new(&self.store, &play.vars, "", Some(&handler.scope));
        match self.with_templar(&vars, |t| t.template(text)) {
            Ok(name) => Some(name.to_text()),
            Err(e) => {
                if handler.listen().is_empty() {
                    self.warn(format!(
                        "Handler '{}' is unusable because it has no listen topics and the name could not be templated \
                         (host-specific variables are not supported in handler names). The error: {}",
                        text.as_str(),
                        e.message
                    ));
                }
                None
            }
        }
    }
}

/// Whether a handler's own name or topic is the wanted one, alone or behind its role's name with or without collection.
fn answers(handler: &Task, own: &str, wanted: &str) -> bool {
    let of_role = |role: Rc<RoleInstance>| {
        let name = wanted.strip_suffix(own).and_then(|w| w.strip_suffix(" : "));
        name.is_some_and(|n| n == role.role.name || n == role.full_name())
    };
    own == wanted || handler.scope.role().is_some_and(of_role)
}
