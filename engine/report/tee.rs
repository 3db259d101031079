//! Several outputs at once.

use kdo_event::{Event, Sink};

/// Gives each event to several sinks, in order.
#[derive(Default)]
pub struct Tee(pub Vec<Box<dyn Sink>>);

impl Sink for Tee {
    fn event(&mut self, event: &Event) {
        for sink in &mut self.0 {
            sink.event(event);
        }
    }

    fn tick(&mut self) {
        for sink in &mut self.0 {
            sink.tick();
        }
    }

    fn rest(&mut self, rest: bool) {
        for sink in &mut self.0 {
            sink.rest(rest);
        }
    }
}
