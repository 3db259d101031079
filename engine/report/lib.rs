//! What people and programs see of a run: readers of events, one file each.

mod clean;
mod console;
mod default;
mod diff;
mod lines;
mod notices;
mod options;
mod palette;
mod recap;
mod render;
mod sequence;
mod text_result;
mod width;
mod yaml_text;

pub use console::Console;
pub use default::Default;
pub use options::{Options, ResultFormat};
pub use palette::{Palette, color_code};
