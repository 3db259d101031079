//! Readers of events.

use crate::Event;

/// Something that reads events: a terminal, a file, a test.
pub trait Sink {
    /// Takes one event.
    fn event(&mut self, event: &Event);

    /// Called now and then (some ten times a second) while nothing happens, for outputs that show time.
    fn tick(&mut self) {}
}
