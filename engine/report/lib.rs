//! What people and programs see of a run: readers of events, one file each.

mod by_name;
mod clean;
mod compose;
mod console;
mod default;
mod diff;
mod files;
#[cfg(test)]
mod golden;
mod journal;
mod json;
mod lines;
mod live;
mod lucid;
mod minimal;
mod notices;
mod oneline;
mod options;
mod palette;
mod recap;
mod record;
mod redact;
#[cfg(test)]
mod redact_tests;
mod render;
mod runs;
mod sequence;
mod state;
mod table;
mod tee;
mod text_result;
mod timing;
mod width;
mod yaml_text;

pub use by_name::{additional_by_name, by_name};
pub use compose::compose;
pub use console::Console;
pub use default::Default;
pub use files::{Junit, Tree};
pub use journal::Journal;
pub use json::Json;
pub use live::{Live, terminal_size, wants_live};
pub use lucid::Lucid;
pub use minimal::Minimal;
pub use oneline::Oneline;
pub use options::{Options, ResultFormat};
pub use palette::{Palette, color_code};
pub use redact::{Redact, Secrets};
pub use runs::{Run, find_run, list_runs, replay};
pub use state::runs_dir;
pub use table::runs_table;
pub use tee::Tee;
pub use timing::{ProfileTasks, Timer};
