//! What happens in a run, told as events. The journal, the terminal and every other output read the same events.

mod event;
mod sink;
mod status;

pub use event::{Event, HostResult, OPEN, TaskInfo};
pub use sink::Sink;
pub use status::{Stats, Status};
