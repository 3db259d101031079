//! `loop` inside a loop.

use crate::{ast::For, scope::Scope};
use kdo_value::{Object, Value};
use std::{
    any::Any,
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The state of a running loop.
pub(crate) struct Loop {
    pub(crate) items: Vec<Value>,
    pub(crate) index: Cell<usize>,
    pub(crate) depth: usize,
    /// What `loop.changed` was called with last.
    pub(crate) last: RefCell<Option<Vec<Value>>>,
    /// For `loop(…)` in recursive loops: the loop and the scope around it.
    pub(crate) recursion: Option<(Rc<For>, Rc<Scope>)>,
}

impl Object for Loop {
    fn type_name(&self) -> &str {
        "LoopContext"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let (index, length) = (self.index.get(), self.items.len());
        Some(match key.as_str()? {
            "index" => Value::from(index + 1),
            "index0" => Value::from(index),
            "revindex" => Value::from(length.saturating_sub(index)),
            "revindex0" => Value::from(length.saturating_sub(index + 1)),
            "first" => Value::Bool(index == 0),
            "last" => Value::Bool(index + 1 == length),
            "length" => Value::from(length),
            "depth" => Value::from(self.depth + 1),
            "depth0" => Value::from(self.depth),
            "previtem" => match index.checked_sub(1).and_then(|i| self.items.get(i)) {
                Some(v) => v.clone(),
                None => Value::missing(Some("previtem"), "there is no previous item"),
            },
            "nextitem" => match self.items.get(index + 1) {
                Some(v) => v.clone(),
                None => Value::missing(Some("nextitem"), "there is no next item"),
            },
            _ => return None,
        })
    }

    fn call_method(
        &self,
        name: &str,
        args: &[Value],
        _: &[(String, Value)],
    ) -> Option<Result<Value, String>> {
        match name {
            "cycle" => Some(match args.len() {
                0 => Err("no items for cycling given".into()),
                n => args
                    .get(self.index.get() % n)
                    .cloned()
                    .ok_or_else(|| "no items for cycling given".into()),
            }),
            "changed" => {
                let mut last = self.last.borrow_mut();
                let changed = last.as_deref() != Some(args);
                *last = Some(args.to_vec());
                Some(Ok(Value::Bool(changed)))
            }
            _ => None,
        }
    }

    fn to_text(&self) -> String {
        format!("<LoopContext {}/{}>", self.index.get() + 1, self.items.len())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
