//! Templates: Jinja2 as Ansible uses it, evaluated over kdo's values. The syntax tree comes from minijinja's
//! parser; evaluation, filters, tests and lookups are here.

mod access;
mod ast;
mod call;
mod calls;
mod changes;
mod condition;
mod convert;
mod cycler;
mod declare;
mod elsewhere;
mod environment;
mod error;
mod eval_expr;
mod eval_stmt;
mod evaluator;
#[cfg(test)]
mod examples;
mod file_options;
pub mod filters;
mod finalize;
mod format;
mod function;
#[cfg(test)]
mod fuzz;
mod globals;
mod inherit;
mod iterate;
mod jmespath;
mod letters;
mod literal;
pub mod lookups;
mod loop_object;
mod lorem;
mod mersenne;
mod methods;
mod methods_bytes;
mod methods_dict;
mod methods_list;
mod methods_number;
mod methods_str;
mod module;
mod moment;
mod namespace;
mod nearest;
mod number_text;
mod operators;
mod output;
mod parse;
mod plugins;
mod printf;
mod pyregex;
mod pyset;
mod range;
mod registry;
#[cfg(test)]
mod robustness;
mod scope;
mod settings;
mod signatures;
mod slice;
mod source_fixes;
mod stack;
mod strftime;
mod syntax;
mod templar;
pub mod tests;
mod variables;

pub(crate) use call::Check;
pub use call::{Call, Engine};
pub use environment::{Environment, SearchPath, Vault};
pub use error::TemplateError;
pub use file_options::FileOptions;
pub use plugins::{PluginCall, PluginKind, Plugins};
pub use registry::{Callable, Example, filter, lookup, test};
pub use settings::{NoSetting, SettingValue, Settings};
pub use templar::Templar;
pub use variables::Variables;

/// Lines of a text as Python's `str.splitlines` sees them.
pub fn splitlines(text: &str) -> Vec<&str> {
    methods_str::splitlines(text, false)
}
