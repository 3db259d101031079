//! What people and programs see of a run: readers of events, one file each.

mod clean;
mod console;
mod default;
mod diff;
#[cfg(test)]
mod golden;
mod lines;
mod live;
mod minimal;
mod notices;
mod oneline;
mod options;
mod palette;
mod recap;
mod record;
mod redact;
mod render;
mod sequence;
mod tee;
mod text_result;
mod width;
mod yaml_text;

pub use console::Console;
pub use default::Default;
pub use live::{Live, terminal_size, wants_live};
pub use minimal::Minimal;
pub use oneline::Oneline;
pub use options::{Options, ResultFormat};
pub use palette::{Palette, color_code};
pub use redact::{Redact, Secrets};
pub use tee::Tee;
