//! `null`: nothing is shown.

use kdo_event::{Event, Sink};

/// Shows nothing.
pub struct Null;

impl Sink for Null {
    fn event(&mut self, _: &Event) {}
}
