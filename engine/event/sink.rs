//! Readers of events.

use crate::Event;

/// Something that reads events: a terminal, a file, a test.
pub trait Sink {
    /// Takes one event.
    fn event(&mut self, event: &Event);

    /// Called now and then (some ten times a second) while nothing happens, for outputs that show time.
    fn tick(&mut self) {}

    /// Called before the user is asked something on the terminal, and after: what moves there has to rest.
    fn rest(&mut self, _rest: bool) {}
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn event(&mut self, event: &Event) {
        (**self).event(event);
    }

    fn tick(&mut self) {
        (**self).tick();
    }

    fn rest(&mut self, rest: bool) {
        (**self).rest(rest);
    }
}
