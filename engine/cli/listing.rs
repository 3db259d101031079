//! What `--list-tasks` and the like show: on standard output, whatever the view.

use kdo_event::{Event, Sink};
use std::io::Write;

/// Prints listings and nothing else.
pub(crate) struct ListingPrinter;

impl Sink for ListingPrinter {
    fn event(&mut self, event: &Event) {
        if let Event::Listing { text } = event {
            // A closed pipe (`| head`) is no error.
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }
}
