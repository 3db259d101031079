//! Names that a template defines for itself.

use crate::ast::{Block, Name};
use crate::syntax::Syntax;
use kdo_value::Value;
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    path::PathBuf,
    rc::{Rc, Weak},
};

/// What all scopes of one running template share.
pub(crate) struct Unit {
    pub(crate) changed: Rc<HashSet<Name>>,
    /// Blocks by name, the outermost child's first.
    pub(crate) blocks: RefCell<HashMap<Name, Vec<Rc<Block>>>>,
    /// For templates that it includes.
    pub(crate) syntax: Syntax,
    pub(crate) folder: Option<PathBuf>,
    /// Scopes with macros, which keep their scopes: the circles are broken when the outermost template is done.
    pub(crate) circles: Circles,
}

/// Scopes that hold themselves.
pub(crate) type Circles = Rc<RefCell<Vec<Weak<Scope>>>>;

/// One level of names. Macros keep the scope they were defined in and see later changes of it, as in Python.
pub(crate) struct Scope {
    names: RefCell<Vec<(Name, Value)>>,
    parent: Option<Rc<Scope>>,
    pub(crate) unit: Rc<Unit>,
}

impl Scope {
    /// The outermost scope of a template.
    pub(crate) fn root(unit: Unit) -> Rc<Self> {
        Rc::new(Self {
            names: RefCell::default(),
            parent: None,
            unit: Rc::new(unit),
        })
    }

    /// The outermost scope of an included template that sees the names of `parent`.
    pub(crate) fn included(unit: Unit, parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self {
            names: RefCell::default(),
            parent: Some(Rc::clone(parent)),
            unit: Rc::new(unit),
        })
    }

    /// A scope inside this one.
    pub(crate) fn inner(self: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self {
            names: RefCell::default(),
            parent: Some(Rc::clone(self)),
            unit: Rc::clone(&self.unit),
        })
    }

    /// The value of a name here or in an outer scope.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let mut scope = self;
        loop {
            if let Some((_, v)) = scope.names.borrow().iter().rev().find(|(n, _)| &**n == name) {
                return Some(v.clone());
            }
            scope = scope.parent.as_deref()?;
        }
    }

    /// The value of a name of this very scope.
    pub(crate) fn own(&self, name: &str) -> Option<Value> {
        self.names
            .borrow()
            .iter()
            .rev()
            .find(|(n, _)| &**n == name)
            .map(|(_, v)| v.clone())
    }

    /// Sets a name in this scope.
    pub(crate) fn set(&self, name: &Name, value: Value) {
        let mut names = self.names.borrow_mut();
        match names.iter_mut().find(|(n, _)| n == name) {
            Some(slot) => slot.1 = value,
            None => names.push((Rc::clone(name), value)),
        }
    }

    /// Sets a name to a macro that keeps this scope.
    pub(crate) fn set_macro(self: &Rc<Self>, name: &Name, function: Value) {
        self.unit.circles.borrow_mut().push(Rc::downgrade(self));
        self.set(name, function);
    }

    /// Sets a name in the outermost scope: copies of variables that the template changes.
    pub(crate) fn set_outermost(&self, name: &Name, value: Value) {
        let mut scope = self;
        while let Some(parent) = scope.parent.as_deref() {
            scope = parent;
        }
        scope.set(name, value);
    }
}

/// The outermost scope of a running template; its names go when the template is done.
pub(crate) struct Running(pub(crate) Rc<Scope>);

impl Drop for Running {
    fn drop(&mut self) {
        let scopes = self.0.unit.circles.take();
        for scope in scopes
            .iter()
            .filter_map(Weak::upgrade)
            .chain([Rc::clone(&self.0)])
        {
            // Taken out first: dropping values may drop scopes that look at this one.
            let names = scope.names.take();
            drop(names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Running, Scope, Unit};
    use crate::{function::Function, syntax::Syntax};
    use std::rc::Rc;

    #[test]
    fn macros_do_not_keep_their_scopes_alive() {
        let root = Scope::root(Unit {
            changed: Rc::default(),
            blocks: Default::default(),
            syntax: Syntax::default(),
            folder: None,
            circles: Rc::default(),
        });
        let inner = root.inner();
        let name = "m".into();
        let function = Function::Block(Rc::clone(&name), 0, Rc::clone(&inner)).value();
        inner.set_macro(&name, function);
        let watch = Rc::downgrade(&inner);
        drop(inner);
        assert!(watch.upgrade().is_some());
        drop(Running(root));
        assert!(watch.upgrade().is_none());
    }
}
