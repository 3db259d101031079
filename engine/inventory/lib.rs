//! Hosts, groups and their variables, as Ansible reads them from inventory files, directories, scripts and lists.

mod address;
mod evaluate;
mod folder;
mod group;
mod host;
mod inventory;
mod levels;
mod literal;
mod load;
mod merge;
mod names;
mod pattern;
mod plugins;
mod python;
mod show;
mod source;
mod vars_files;
mod words;

pub use address::{expand_host, parse_address};
pub use evaluate::Evaluate;
pub use folder::VarsFolder;
pub use group::Group;
pub use host::Host;
pub use inventory::{Inventory, LOCALHOST, PYTHON};
pub use levels::{BesidePlay, Level, LevelKind, Precedence};
pub use literal::parse_literal;
pub use load::{Decrypt, LoadContext};
pub use merge::{HashBehaviour, merge};
pub use names::GroupNames;
pub use pattern::{Mismatch, Selection, split_pattern};
pub use plugins::inventory_plugins;
pub use show::Show;
pub use vars_files::{VarsKind, load_vars_dir, load_vars_file};
pub use words::{Word, split_words};
