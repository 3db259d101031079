//! Hosts, groups and their variables, as Ansible reads them from inventory files, directories, scripts and lists.

mod address;
mod dump;
mod group;
mod host;
mod ini;
mod inventory;
mod literal;
mod load;
mod pattern;
mod script;
mod vars_files;
mod words;
mod yaml;

pub use address::{expand_host, parse_address};
pub use dump::{dump_graph, dump_host, dump_list, dump_yaml};
pub use group::Group;
pub use host::Host;
pub use inventory::{Inventory, LOCALHOST};
pub use literal::parse_literal;
pub use load::{Decrypt, LoadContext};
pub use pattern::{Selection, split_pattern};
pub use vars_files::{VarsKind, load_vars_dir, load_vars_file};
pub use words::{Word, split_words};
