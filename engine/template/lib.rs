//! Templates: Jinja2 as Ansible uses it, evaluated over kdo's values. The syntax tree comes from minijinja's
//! parser; evaluation, filters, tests and lookups are here.

mod call;
mod declare;
mod environment;
mod error;
pub mod filters;
mod iterate;
pub mod lookups;
mod mersenne;
mod pyregex;
mod registry;
mod strftime;
pub mod tests;
mod variables;

pub(crate) use call::Check;
pub use call::{Call, Engine};
pub use environment::{Environment, SearchPath, Vault};
pub use error::TemplateError;
pub use registry::{Callable, Example, filter, lookup, test};
pub use variables::Variables;
