//! An imported template, and `self`.

use crate::{function::Function, scope::Scope};
use kdo_value::{Object, Value};
use std::{any::Any, rc::Rc};

/// The names that an imported template defined.
pub(crate) struct Module {
    pub(crate) scope: Rc<Scope>,
}

impl Object for Module {
    fn type_name(&self) -> &str {
        "TemplateModule"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        self.scope.own(key.as_str()?)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `self`: the blocks of the running template by name.
pub(crate) struct TemplateReference {
    pub(crate) scope: Rc<Scope>,
}

impl Object for TemplateReference {
    fn type_name(&self) -> &str {
        "TemplateReference"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let known = self.scope.unit.blocks.borrow().contains_key(name);
        known.then(|| Function::Block(name.into(), 0, Rc::clone(&self.scope)).value())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
