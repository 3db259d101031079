//! The plan of a play: a directed graph of steps with the reason of every edge. Strategies are ways of walking it.

mod plan;
mod show;
mod step;

pub use plan::Plan;
pub use show::{Format, show};
pub use step::{Edge, EdgeKind, Position, Step, StepId, StepKind};
