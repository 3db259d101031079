//! Arguments of a filter, test, lookup or method.

use crate::{Environment, TemplateError, Variables};
use kdo_value::Value;

/// One call. For filters and tests `args[0]` is the value before the `|` or `is`; for lookups `args` are the terms.
/// All arguments are evaluated, at every depth; a missing value among them is a [`Value::Undefined`].
pub struct Call<'a> {
    /// Name it was called by, for messages.
    pub name: &'a str,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments, in order.
    pub kwargs: Vec<(String, Value)>,
    /// The variables in scope.
    pub variables: &'a dyn Variables,
    /// The world beside them.
    pub environment: &'a Environment<'a>,
    /// Calls filters and tests by name (`map('upper')`, `select('match', …)`), evaluates templates.
    pub engine: &'a dyn Engine,
}

/// What filters and lookups may ask of the evaluator.
pub trait Engine {
    /// Applies a filter by name: `args[0]` is the value.
    fn filter(
        &self,
        name: &str,
        args: Vec<Value>,
        kwargs: Vec<(String, Value)>,
    ) -> Result<Value, TemplateError>;

    /// Applies a test by name.
    fn test(&self, name: &str, args: Vec<Value>, kwargs: Vec<(String, Value)>)
    -> Result<bool, TemplateError>;

    /// `value.name` / `value[name]` as Jinja's `getattr` and `map(attribute='a.b.0')` do it; missing gives `Undefined`.
    fn attribute(&self, value: &Value, path: &Value) -> Value;

    /// Calls a callable value (macro, `caller`).
    fn call(
        &self,
        callee: &Value,
        args: Vec<Value>,
        kwargs: Vec<(String, Value)>,
    ) -> Result<Value, TemplateError>;

    /// Evaluates every template in a raw value, at all depths.
    fn resolve(&self, raw: &Value) -> Result<Value, TemplateError>;

    /// Renders a template file's text with extra variables over the ones in scope.
    fn render(
        &self,
        source: &str,
        extra: &[(String, Value)],
        options: &[(String, Value)],
    ) -> Result<Value, TemplateError>;
}

impl Call<'_> {
    /// The value a filter or test is applied to; a missing one is an error with its own message.
    pub fn subject(&self) -> Result<&Value, TemplateError> {
        self.arg(0)
            .ok_or_else(|| TemplateError::new(format!("{} needs a value", self.name)))?
            .check()
    }

    /// Positional argument `index` as it is.
    pub fn arg(&self, index: usize) -> Option<&Value> {
        self.args.get(index)
    }

    /// Argument by position (0 = the subject) or keyword.
    pub fn get(&self, index: usize, name: &str) -> Option<&Value> {
        self.args
            .get(index)
            .or_else(|| self.kwargs.iter().find(|(k, _)| k == name).map(|(_, v)| v))
    }

    /// Keyword argument only.
    pub fn keyword(&self, name: &str) -> Option<&Value> {
        self.kwargs.iter().find(|(k, _)| k == name).map(|(_, v)| v)
    }

    /// A required argument.
    pub fn required(&self, index: usize, name: &str) -> Result<&Value, TemplateError> {
        self.get(index, name)
            .ok_or_else(|| TemplateError::new(format!("{}: missing argument '{name}'", self.name)))?
            .check()
    }

    /// An optional truth value.
    pub fn flag(&self, index: usize, name: &str, default: bool) -> bool {
        self.get(index, name).map_or(default, Value::truthy)
    }

    /// An optional text argument, by Python's `str()`.
    pub fn text(&self, index: usize, name: &str, default: &str) -> Result<String, TemplateError> {
        match self.get(index, name) {
            Some(v) => Ok(v.check()?.to_text()),
            None => Ok(default.to_owned()),
        }
    }

    /// An optional integer argument.
    pub fn int(&self, index: usize, name: &str, default: i64) -> Result<i64, TemplateError> {
        match self.get(index, name) {
            None => Ok(default),
            Some(v) => v.check()?.as_int().ok_or_else(|| {
                TemplateError::new(format!(
                    "{}: '{name}' must be an integer, not {}",
                    self.name,
                    v.type_name()
                ))
            }),
        }
    }

    /// Fails with this filter's name before the message.
    pub fn fail<T>(&self, message: impl std::fmt::Display) -> Result<T, TemplateError> {
        Err(TemplateError::new(message.to_string()))
    }
}

/// Turns missing values into errors.
pub(crate) trait Check: Sized {
    /// The value, unless it is missing.
    fn check(self) -> Result<Self, TemplateError>;
}

impl Check for &Value {
    fn check(self) -> Result<Self, TemplateError> {
        match self {
            Value::Undefined(u) => Err(TemplateError {
                undefined: u.kind == kdo_value::UndefinedKind::Missing,
                ..TemplateError::new(u.message.clone())
            }),
            v => Ok(v),
        }
    }
}
