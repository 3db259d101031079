//! `cycler('odd', 'even')`.

use kdo_value::{Object, Value};
use std::{any::Any, cell::Cell};

/// Gives its items in turn.
pub(crate) struct Cycler {
    pub(crate) items: Vec<Value>,
    pub(crate) position: Cell<usize>,
}

impl Cycler {
    fn current(&self) -> Value {
        self.items
            .get(self.position.get())
            .cloned()
            .unwrap_or(Value::None)
    }
}

impl Object for Cycler {
    fn type_name(&self) -> &str {
        "Cycler"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        (key.as_str() == Some("current")).then(|| self.current())
    }

    fn call_method(&self, name: &str, _: &[Value], _: &[(String, Value)]) -> Option<Result<Value, String>> {
        match name {
            "next" => {
                let value = self.current();
                self.position
                    .set((self.position.get() + 1) % self.items.len().max(1));
                Some(Ok(value))
            }
            "reset" => {
                self.position.set(0);
                Some(Ok(Value::None))
            }
            _ => None,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
