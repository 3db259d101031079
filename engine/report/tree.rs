//! `tree`: each host's last result as a file.

use crate::{Console, Options, clean, output_file, render::json_text};
use kdo_event::{Event, Sink};

/// Writes each host's last result into a file named after it.
pub struct Tree {
    console: Console,
    options: Options,
}

impl Tree {
    /// Writes below `options.folder` (`--tree`), else below the option `directory`.
    pub fn new(console: Console, options: Options) -> Self {
        Self { console, options }
    }
}

impl Sink for Tree {
    fn event(&mut self, event: &Event) {
        let Event::HostResult(of) = event else { return };
        let folder = self.options.folder.clone();
        let folder =
            folder.unwrap_or_else(|| output_file::folder(&self.options.chosen.text("tree", "directory")));
        let name = of.host.replace('/', "_");
        let name = if name.starts_with('.') {
            format!("_{name}")
        } else {
            name
        };
        let text = json_text(&clean::shown(of, 0), None);
        if let Err(error) = output_file::write(&folder, &name, &text) {
            self.console.warning(&error, &self.options.palette.warn);
        }
    }
}
