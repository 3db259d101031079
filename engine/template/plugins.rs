//! Filters, tests and lookups that users bring along.

use crate::TemplateError;
use kdo_value::Value;

/// What a plugin serves as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PluginKind {
    /// `value | name(…)`
    Filter,
    /// `value is name(…)`
    Test,
    /// `lookup('name', …)`
    Lookup,
}

impl PluginKind {
    /// As it is written in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Test => "test",
            Self::Lookup => "lookup",
        }
    }
}

/// One use of a name that is not built in.
pub struct PluginCall<'a> {
    /// What the name is used as.
    pub kind: PluginKind,
    /// The name as the template has it, short or with namespace and collection.
    pub name: &'a str,
    /// Positional arguments, evaluated; for filters and tests the first is the value.
    pub args: &'a [Value],
    /// Keyword arguments, evaluated.
    pub kwargs: &'a [(String, Value)],
    /// Gives the evaluated value of a variable; `None` if there is none of that name.
    pub variable: &'a dyn Fn(&str) -> Result<Option<Value>, TemplateError>,
}

/// Where such names are found and how they are run. Templates do not know where plugins lie.
pub trait Plugins {
    /// Whether there is something usable of that name.
    fn has(&self, kind: PluginKind, name: &str) -> bool;

    /// Runs the plugin; `None` if nobody knows the name. What is known but cannot be run is an error that says why.
    /// Results are data: they are never evaluated as templates.
    fn call(&self, call: &PluginCall<'_>) -> Option<Result<Value, TemplateError>>;
}
