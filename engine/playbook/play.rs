//! Plays.

use crate::{Item, RoleInstance, Scope, Task};
use kdo_value::{Map, Origin, Text, Value};
use std::{cell::RefCell, path::PathBuf, rc::Rc};

/// A play.
#[derive(Debug)]
pub struct Play {
    /// The name as written.
    pub name: Option<Text>,
    /// The hosts pattern as written: text or list.
    pub hosts: Value,
    /// Keywords and variables.
    pub scope: Rc<Scope>,
    /// Before the roles.
    pub pre_tasks: Vec<Item>,
    /// The roles' tasks in order, dependencies first.
    pub role_tasks: Vec<Item>,
    /// The tasks.
    pub tasks: Vec<Item>,
    /// After the tasks.
    pub post_tasks: Vec<Item>,
    /// Handlers: the roles', then the play's own. Included roles add theirs while the play runs.
    pub handlers: RefCell<Vec<Rc<Task>>>,
    /// Roles whose defaults and variables the whole play sees.
    pub roles: RefCell<Vec<Rc<RoleInstance>>>,
    /// `vars_files` as written.
    pub vars_files: Vec<Value>,
    /// `vars_prompt` as written.
    pub vars_prompt: Vec<Map>,
    /// The playbook's file.
    pub path: PathBuf,
    /// Where it begins.
    pub origin: Option<Origin>,
}

impl Play {
    /// A keyword of the play as written.
    pub fn keyword(&self, name: &str) -> Option<Value> {
        self.scope.keywords.get(name).filter(|v| !v.is_none())
    }
}
