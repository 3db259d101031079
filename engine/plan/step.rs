//! Steps and edges.

use kdo_playbook::Task;
use std::rc::Rc;

/// Names a step in its plan.
pub type StepId = petgraph::graph::NodeIndex<u32>;

/// The place of a step in the play's order; included steps come between the including one and the next.
pub type Position = Vec<u32>;

/// What a step is.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A task.
    Task(Rc<Task>),
    /// Handlers that were notified run here.
    Flush,
    /// A block's `rescue` begins; entered by a failure only.
    Rescue(u32),
    /// A block's `always` begins.
    Always(u32),
    /// A block ends: a failure that is still pending goes on outwards from here.
    BlockEnd(u32),
    /// What one include brought begins here, for the hosts that it is for; the others go past it.
    Gate(u32),
    /// A handler; not in the order of steps, but run at a flush.
    Handler(Rc<Task>),
    /// The play ends.
    End,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Where it is in the order.
    pub position: Position,
}

/// What an edge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// The step after this one on the same host.
    Next,
    /// Where a host goes when the step fails on it.
    Failure,
    /// The way past a gate.
    Past,
    /// A changed step makes the handler run at the next flush.
    Notify,
}

/// An edge with its reason.
#[derive(Clone, Debug)]
pub struct Edge {
    /// What it means.
    pub kind: EdgeKind,
    /// Whether no host goes along it before all have come to it (linear strategy).
    pub barrier: bool,
    /// Why it is there.
    pub reason: String,
}
