//! What kernel test suites said on hosts, read from the folders that roles fetch, against what is known of them.
//!
//! ```text
//! FOLDER/HOST/SUITE/RUN/run.txt                what the run was
//!                       results.tsv            what it said; or raw output: *.tap, result.xml, check.log
//!                       logs/SECTION/TEST.*    logs of a test
//! FOLDER/baseline.tsv                          what is known
//! ```
//!
//! docs/results.md has the formats. Everything is read in bounded memory; a broken line is a [`Note`] and the rest is shown.

mod baseline;
mod change;
mod choice;
mod log;
mod missing;
mod note;
mod outcome;
mod pattern;
mod read;
mod report;
mod run;
mod show;
mod status;
mod text;

pub use baseline::Expected;
pub use change::Change;
pub use choice::Choice;
pub use log::{Log, SHOWN_LINES, Tail};
pub use missing::Missing;
pub use note::Note;
pub use outcome::Outcome;
pub use report::{Column, Entry, Error, Report, Result, Totals};
pub use run::Run;
pub use show::{html::html, json::json, junit::junit, terminal::terminal};
pub use status::Status;
