//! Templates: Jinja2 as Ansible uses it, evaluated over kdo's values. The syntax tree comes from minijinja's
//! parser; evaluation, filters, tests and lookups are here.

mod call;
mod environment;
mod error;
pub mod filters;
pub mod lookups;
mod registry;
pub mod tests;
mod variables;

pub(crate) use call::Check;
pub use call::{Call, Engine};
pub use environment::{Environment, SearchPath, Vault};
pub use error::TemplateError;
pub use registry::{Callable, Example, filter, lookup, test};
pub use variables::Variables;
