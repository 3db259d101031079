//! Shared, mutable lists.

use crate::Value;
use std::{
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

struct Inner {
    items: RefCell<Vec<Value>>,
    frozen: Cell<bool>,
    templated: bool,
}

/// A Python list: clones share their items. A *frozen* list belongs to the variables and must be copied before
/// a template may change it; a *templated* one holds templates (at any depth) that are evaluated on access.
#[derive(Clone)]
pub struct List(Rc<Inner>);

impl List {
    /// A list that a template may change.
    pub fn new(items: Vec<Value>) -> Self {
        Self(Rc::new(Inner {
            items: RefCell::new(items),
            frozen: Cell::new(false),
            templated: false,
        }))
    }

    /// A list of variables: frozen; whether it holds templates is found out here.
    pub fn frozen(items: Vec<Value>) -> Self {
        let templated = items.iter().any(Value::is_templated);
        Self(Rc::new(Inner {
            items: RefCell::new(items),
            frozen: Cell::new(true),
            templated,
        }))
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.0.items.borrow().len()
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `index`.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.0.items.borrow().get(index).cloned()
    }

    /// Borrowed items; do not keep the borrow while foreign code runs.
    pub fn items(&self) -> Ref<'_, Vec<Value>> {
        self.0.items.borrow()
    }

    /// A copy of the items, safe to walk while the list changes.
    pub fn to_vec(&self) -> Vec<Value> {
        self.0.items.borrow().clone()
    }

    /// Changes the items. Gives `None` where the list is frozen.
    pub fn change<T>(&self, f: impl FnOnce(&mut Vec<Value>) -> T) -> Option<T> {
        if self.0.frozen.get() {
            None
        } else {
            Some(f(&mut self.0.items.borrow_mut()))
        }
    }

    /// Whether it belongs to the variables.
    pub fn is_frozen(&self) -> bool {
        self.0.frozen.get()
    }

    /// Makes it belong to the variables from now on.
    pub fn freeze(&self) {
        self.0.frozen.set(true);
    }

    /// Whether it holds templates.
    pub fn is_templated(&self) -> bool {
        self.0.templated
    }

    /// A number that is the same for all clones of this list and for no other living list.
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Whether both are the same list.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(iter: I) -> Self {
        Self::new(iter.into_iter().collect())
    }
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.to_vec()).finish()
    }
}
