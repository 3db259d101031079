//! Blocks.

use crate::{Scope, Task};
use std::rc::Rc;

/// A task or a block of them.
#[derive(Clone, Debug)]
pub enum Item {
    /// A task.
    Task(Rc<Task>),
    /// A block.
    Block(Rc<Block>),
}

/// Tasks that belong together: with `rescue` and `always`, or just under common keywords.
#[derive(Debug)]
pub struct Block {
    /// Keywords and variables.
    pub scope: Rc<Scope>,
    /// The tasks.
    pub body: Vec<Item>,
    /// What is done when one fails.
    pub rescue: Vec<Item>,
    /// What is done in any case.
    pub always: Vec<Item>,
}
