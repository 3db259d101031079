//! Tasks and handlers.

use crate::{Action, Scope};
use kdo_value::{Origin, Text, Value};
use std::rc::Rc;

/// How a task is repeated.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The lookup's name for `with_LOOKUP`; `None` for `loop`.
    pub lookup: Option<String>,
    /// The list, or the lookup's terms, as written.
    pub value: Value,
}

/// A task or handler.
#[derive(Clone, Debug)]
pub struct Task {
    /// Unique in the run.
    pub id: u64,
    /// The name as written.
    pub name: Option<Text>,
    /// What it does.
    pub action: Action,
    /// Its own level: keywords and variables, and what is above.
    pub scope: Rc<Scope>,
    /// How it is repeated.
    pub repeat: Option<Loop>,
    /// Whether it is a handler.
    pub handler: bool,
    /// Where it begins.
    pub origin: Option<Origin>,
}

impl Task {
    /// A keyword of the task itself, as written.
    pub fn own(&self, name: &str) -> Option<Value> {
        self.scope.keywords.get(name).filter(|v| !v.is_none())
    }

    /// A keyword of the task or the nearest level above that has it.
    pub fn keyword(&self, name: &str) -> Option<Value> {
        self.scope.inherited(name)
    }

    /// Names that a handler listens to, as written.
    pub fn listen(&self) -> Vec<String> {
        match self.own("listen") {
            Some(Value::List(l)) => l.to_vec().iter().map(Value::to_text).collect(),
            Some(v) => vec![v.to_text()],
            None => Vec::new(),
        }
    }
}
