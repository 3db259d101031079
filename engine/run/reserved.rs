//! Warnings of variables whose names are keywords or functions.

use crate::{engine::Engine, play_run::PlayRun};
use kdo_playbook::Task;
use kdo_syntax::{Diagnostic, excerpt};
use kdo_value::{Map, Origin, Value};
use kdo_vars::is_reserved;
use std::rc::Rc;

impl Engine {
    /// Looks at all that a host's task sees and that has not been looked at yet.
    pub(crate) fn warn_of_names(&self, play: &PlayRun, task: &Task, host: &str) {
        if self.checked_names.borrow_mut().insert((0, host.to_owned())) {
            self.warn_of_reserved(&self.store.extra);
            self.warn_of_reserved(&self.store.base(host, &play.vars.playbook_dir));
        }
        for scope in task.scope.chain() {
            let seen = Rc::as_ptr(&scope) as usize;
            if !self.checked_names.borrow_mut().insert((seen, String::new())) {
                // What is above was looked at with it.
                break;
            }
            self.warn_of_reserved(&scope.vars);
            if let Some(role) = scope.role().filter(|r| Rc::ptr_eq(&r.scope, &scope)) {
                self.warn_of_reserved(&role.params);
                self.warn_of_reserved(&role.role.vars);
                self.warn_of_reserved(&role.role.defaults);
            }
        }
    }

    /// Warns of reserved names among a level's.
    pub(crate) fn warn_of_reserved(&self, level: &Map) {
        level.for_each(|name, _| {
            if name.as_str().is_some_and(is_reserved) {
                self.warn_of_name(name);
            }
        });
    }

    /// Warns of a name if it is reserved.
    pub(crate) fn warn_of_name(&self, name: &Value) {
        if is_reserved(&name.to_text()) {
            let text = format!("Found variable using reserved name {}.", name.repr());
            self.warn(self.with_place(&text, name.origin()));
        }
    }

    /// A text with the place it speaks of and the lines that lead there.
    pub(crate) fn with_place(&self, text: &str, origin: Option<Origin>) -> String {
        let place = excerpt(&Diagnostic::error("").at(origin), self.sources());
        if place.is_empty() {
            return text.to_owned();
        }
        format!("{text}\n{place}\n")
    }
}
