//! Variables that are known before the run: for file names of static imports.

use crate::Scope;
use kdo_template::Variables;
use kdo_value::{Map, Value};
use std::rc::Rc;

/// Extra variables, then those of the scopes (nearest first), then the role's variables and defaults.
pub(crate) struct StaticVars<'a> {
    pub(crate) extra: &'a Map,
    pub(crate) scope: &'a Rc<Scope>,
    pub(crate) playbook_dir: &'a str,
}

impl Variables for StaticVars<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.extra.get(name) {
            return Some(value);
        }
        match name {
            "playbook_dir" => return Some(Value::str(self.playbook_dir)),
            "role_path" => {
                return self
                    .scope
                    .role()
                    .map(|r| Value::str(r.role.path.to_string_lossy()));
            }
            "role_name" => return self.scope.role().map(|r| Value::str(r.role.name.as_str())),
            _ => {}
        }
        for scope in self.scope.chain() {
            if let Some(value) = scope.vars.get(name) {
                return Some(value);
            }
            if let Some(value) = scope.role().and_then(|r| r.params.get(name)) {
                return Some(value);
            }
        }
        let role = self.scope.role()?;
        role.role.vars.get(name).or_else(|| role.role.defaults.get(name))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.extra.text_entries().into_iter().map(|(k, _)| k).collect();
        for scope in self.scope.chain() {
            names.extend(scope.vars.text_entries().into_iter().map(|(k, _)| k));
        }
        names
    }
}
