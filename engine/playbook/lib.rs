//! Playbooks as typed trees: plays, blocks, tasks, handlers, roles. Loading finds all static errors at once.

mod action;
mod argument_specs;
mod block;
mod field_checks;
mod find_role;
mod handlers;
mod imports;
mod include_checks;
mod keywords;
mod load_play;
mod load_playbook;
mod load_role;
mod loader;
mod module_defaults;
mod pieces;
mod play;
mod role;
mod role_files;
mod role_meta;
mod scope;
mod static_vars;
mod task;
mod variable_name;
mod words;

pub use action::Action;
pub use argument_specs::argument_check;
pub use block::{Block, Item};
pub use handlers::imports;
pub use include_checks::ROLE as ROLE_OPTIONS;
/// Values as written.
pub use kdo_value::Value as RawValue;
pub use keywords::{KEYWORDS, Keyword, Where};
pub use loader::{Duplicates, Known, Loader};
pub use play::Play;
pub use role::{Role, RoleInstance, RoleOptions};
pub use scope::{Scope, ScopeKind};
pub use task::{Loop, Task};
pub use variable_name::is_variable_name;
pub use words::{free_form_and_pairs, split_args};
