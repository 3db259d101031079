//! Variables: the levels in Ansible's order of precedence, looked up lazily.

mod compose;
mod explain;
mod fact_cache;
mod hostvars;
mod magic;
mod play_vars;
mod reserved;
mod store;
mod tagged_json;
mod task_vars;

pub use compose::Composer;
pub use explain::{Place, Watched, explanation, inventory_places, winner};
pub use fact_cache::FactCache;
pub use hostvars::HostVars;
pub use play_vars::PlayVars;
pub use reserved::is_reserved;
pub use store::{RunInfo, Store};
pub use task_vars::TaskVars;
