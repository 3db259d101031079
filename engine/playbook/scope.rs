//! What gives keywords and variables to the tasks below it.

use crate::RoleInstance;
use kdo_value::{Map, Origin, Value};
use std::{cell::RefCell, rc::Rc};

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// An imported playbook.
    Playbook,
    /// A play.
    Play,
    /// A role: of the play's list, a dependency, imported or included.
    Role,
    /// Statically imported tasks or the import of a role.
    Import,
    /// Dynamically included tasks or the include of a role.
    Include,
    /// A block.
    Block,
    /// A task.
    Task,
}

/// A level of the tree: its keywords, its variables, and the level above.
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// Keywords as written.
    pub keywords: Map,
    /// Variables as written.
    pub vars: Map,
    /// The level above.
    pub parent: Option<Rc<Scope>>,
    /// The role it belongs to.
    pub role: RefCell<Option<Rc<RoleInstance>>>,
    /// Where it begins.
    pub origin: Option<Origin>,
}

impl Scope {
    /// A level below `parent`, in the same role.
    pub fn below(
        parent: &Rc<Scope>,
        kind: ScopeKind,
        keywords: Map,
        vars: Map,
        origin: Option<Origin>,
    ) -> Rc<Self> {
        let role = parent.role.borrow().clone();
        Rc::new(Self {
            kind,
            keywords,
            vars,
            parent: Some(Rc::clone(parent)),
            role: RefCell::new(role),
            origin,
        })
    }

    /// A level without one above it.
    pub fn top(kind: ScopeKind, keywords: Map, vars: Map, origin: Option<Origin>) -> Rc<Self> {
        Rc::new(Self {
            kind,
            keywords,
            vars,
            parent: None,
            role: RefCell::new(None),
            origin,
        })
    }

    /// This level and those above it, nearest first.
    pub fn chain(self: &Rc<Self>) -> impl Iterator<Item = Rc<Scope>> {
        std::iter::successors(Some(Rc::clone(self)), |s| s.parent.clone())
    }

    /// The keyword's value at the nearest level that has it.
    pub fn inherited(self: &Rc<Self>, name: &str) -> Option<Value> {
        self.chain()
            .find_map(|s| s.keywords.get(name).filter(|v| !v.is_none()))
    }

    /// The keyword's values at all levels, outermost first (`when`, `tags`, `environment`, `module_defaults`).
    pub fn collected(self: &Rc<Self>, name: &str) -> Vec<Value> {
        let mut all: Vec<_> = self
            .chain()
            .filter_map(|s| s.keywords.get(name))
            .filter(|v| !v.is_none())
            .collect();
        all.reverse();
        all
    }

    /// The keyword's values at all levels, outermost first, those of lists one by one.
    pub fn listed(self: &Rc<Self>, name: &str) -> Vec<Value> {
        self.collected(name)
            .into_iter()
            .flat_map(|level| match level {
                Value::List(l) => l.to_vec(),
                v => vec![v],
            })
            .collect()
    }

    /// The role it belongs to.
    pub fn role(&self) -> Option<Rc<RoleInstance>> {
        self.role.borrow().clone()
    }
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scope({:?}, {:?})", self.kind, self.keywords)
    }
}
