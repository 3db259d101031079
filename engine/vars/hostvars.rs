//! `hostvars`: the variables of any host, evaluated when they are used.

use crate::{PlayVars, Store, TaskVars};
use kdo_template::{Environment, SearchPath, Templar, Variables};
use kdo_value::{Object, Value};
use std::{any::Any, rc::Rc};

/// All hosts by name.
pub struct HostVars {
    store: Rc<Store>,
    play: Rc<PlayVars>,
}

impl HostVars {
    /// The hosts of the store, seen in a play.
    pub fn new(store: &Rc<Store>, play: &Rc<PlayVars>) -> Self {
        Self {
            store: Rc::clone(store),
            play: Rc::clone(play),
        }
    }
}

impl Object for HostVars {
    fn type_name(&self) -> &str {
        "HostVars"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        self.store.inventory.borrow().host(name)?;
        let vars = TaskVars {
            alone: true,
            ..TaskVars::new(&self.store, &self.play, name, None)
        };
        Some(Value::Object(Rc::new(OneHost { vars })))
    }

    fn keys(&self) -> Option<Vec<Value>> {
        Some(
            self.store
                .inventory
                .borrow()
                .hosts
                .keys()
                .map(Value::from)
                .collect(),
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// One host's variables.
struct OneHost {
    vars: TaskVars,
}

impl Object for OneHost {
    fn type_name(&self) -> &str {
        "HostVarsVars"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let raw = self.vars.get(name)?;
        let environment = Environment {
            vault: self.vars.store.vault.as_deref(),
            search: SearchPath {
                bases: self.vars.search_bases(),
            },
            plugins: self.vars.store.plugins.as_deref(),
            settings: self.vars.store.settings.as_deref(),
            ..Environment::default()
        };
        Some(
            match Templar::new(&self.vars, &environment).resolve_keep_omit(&raw) {
                Ok(value) => value,
                Err(e) if e.undefined => Value::missing(None, e.message),
                Err(e) => Value::Undefined(Rc::new(kdo_value::Undefined::error(e.message))),
            },
        )
    }

    fn keys(&self) -> Option<Vec<Value>> {
        Some(
            self.vars
                .names()
                .iter()
                .filter(|n| *n != "hostvars")
                .map(Value::from)
                .collect(),
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
