//! Roles.

use crate::{Item, Scope, Task};
use kdo_value::Map;
use std::{cell::RefCell, fmt, path::PathBuf, rc::Rc};

/// What a role's files say, read once for each choice of files.
#[derive(Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The collection it comes from.
    pub collection: Option<String>,
    /// Its folder.
    pub path: PathBuf,
    /// `defaults/`.
    pub defaults: Map,
    /// `vars/`.
    pub vars: Map,
    /// `meta/main.yml`.
    pub meta: Map,
    /// `meta/argument_specs.yml`.
    pub argument_specs: Option<Map>,
}

/// Which of a role's files are taken, and how it is used.
#[derive(Clone, Debug, Default)]
pub struct RoleOptions {
    /// Instead of `tasks/main`.
    pub tasks_from: Option<String>,
    /// Instead of `vars/main`.
    pub vars_from: Option<String>,
    /// Instead of `defaults/main`.
    pub defaults_from: Option<String>,
    /// Instead of `handlers/main`.
    pub handlers_from: Option<String>,
    /// Whether the play sees the role's variables.
    pub public: bool,
    /// Whether it comes from `include_role` or `import_role`.
    pub included: bool,
    /// Whether the same role may run again.
    pub allow_duplicates: bool,
    /// Whether arguments are checked against the role's specification.
    pub validate: bool,
}

/// A role used in a play.
pub struct RoleInstance {
    /// What it is.
    pub role: Rc<Role>,
    /// Keywords of its entry; above it: the role that depends on it, the including task or the play.
    pub scope: Rc<Scope>,
    /// Parameters given beside keywords.
    pub params: Map,
    /// Roles it depends on, in order.
    pub dependencies: Vec<Rc<RoleInstance>>,
    /// Its tasks, without those of the dependencies.
    pub tasks: RefCell<Vec<Item>>,
    /// Its handlers.
    pub handlers: RefCell<Vec<Rc<Task>>>,
    /// Names of the roles through which it came (outermost first), without itself.
    pub parents: Vec<String>,
    /// Whether it came as another role's dependency.
    pub dependency: bool,
    /// Whether the whole play sees its variables.
    pub public: bool,
    /// How it was asked for: an included role is another one than the same role in a play's list.
    pub options: RoleOptions,
    /// Whether it may run again where it has run.
    pub again: bool,
    /// Arguments are to be checked against this entry point.
    pub entry_point: Option<String>,
}

impl RoleInstance {
    /// The name to show and to match handlers with: with its collection, if it has one.
    pub fn full_name(&self) -> String {
        match &self.role.collection {
            Some(collection) => format!("{collection}.{}", self.role.name),
            None => self.role.name.clone(),
        }
    }

    /// This role's dependencies (theirs first), then itself.
    pub fn with_dependencies(self: &Rc<Self>) -> Vec<Rc<RoleInstance>> {
        let mut out = Vec::new();
        for dependency in &self.dependencies {
            out.extend(dependency.with_dependencies());
        }
        out.push(Rc::clone(self));
        out
    }

    /// The same for uses of a role that count as one: same role, parameters, variables and keywords.
    pub fn identity(&self) -> String {
        format!(
            "{} {} {:?} {:?} {:?} {:?}",
            self.role.name,
            self.role.path.display(),
            self.options,
            self.params,
            self.scope.vars,
            self.scope.keywords
        )
    }
}

impl fmt::Debug for RoleInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoleInstance({})", self.role.name)
    }
}
