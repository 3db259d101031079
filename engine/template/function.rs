//! Values that can be called.

use crate::{
    ast::{Macro, Name},
    scope::Scope,
};
use kdo_value::{Object, Value};
use std::{any::Any, cell::Cell, rc::Rc};

/// What is behind a callable value.
pub(crate) enum Function {
    /// A global function by name.
    Global(&'static str),
    /// A method of a plain value.
    Method(Value, Name),
    /// A macro or call block with the scope it was defined in.
    Macro(Rc<Macro>, Rc<Scope>),
    /// `super` and `self.name`: the block's versions from `level` on.
    Block(Name, usize, Rc<Scope>),
    /// `joiner(', ')`: empty at the first call.
    Joiner(String, Cell<bool>),
}

impl Function {
    /// As a value.
    pub(crate) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }
}

impl Object for Function {
    fn type_name(&self) -> &str {
        match self {
            Self::Global(_) => "function",
            Self::Method(..) => "builtin_function_or_method",
            Self::Macro(..) => "Macro",
            Self::Block(..) => "BlockReference",
            Self::Joiner(..) => "Joiner",
        }
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let Self::Macro(m, _) = self else { return None };
        match key.as_str()? {
            "name" => Some(Value::str(&*m.name)),
            "arguments" => Some(Value::Tuple(
                m.params.iter().map(|(n, _)| Value::str(&**n)).collect(),
            )),
            "catch_varargs" => Some(Value::Bool(m.varargs)),
            "catch_kwargs" => Some(Value::Bool(m.kwargs)),
            _ => None,
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Global(name) => format!("<function {name}>"),
            Self::Method(v, name) => format!("<built-in method {name} of {} object>", v.type_name()),
            Self::Macro(m, _) => format!("<Macro {}>", kdo_value::repr_str(&m.name)),
            Self::Block(name, ..) => format!("<BlockReference {name}>"),
            Self::Joiner(..) => "<Joiner>".into(),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
