//! Options of callbacks, as configuration and environment give them.

use kdo_value::Map;
use std::{collections::BTreeMap, fmt, rc::Rc};

/// What was given for the options of callbacks, by callback (short name) and option.
#[derive(Clone, Debug, Default)]
pub struct Chosen(pub BTreeMap<(String, String), String>);

impl Chosen {
    /// What was given, else the documented default; an empty text where there is neither.
    pub fn text(&self, callback: &str, option: &str) -> String {
        self.given(callback, option).map_or_else(
            || {
                crate::callbacks::find(callback)
                    .and_then(|c| c.options.iter().find(|o| o.name == option))
                    .map_or_else(String::new, |o| o.default.to_owned())
            },
            str::to_owned,
        )
    }

    /// What was given.
    pub fn given(&self, callback: &str, option: &str) -> Option<&str> {
        self.0
            .get(&(callback.to_owned(), option.to_owned()))
            .map(String::as_str)
    }

    /// The same as a truth value.
    pub fn flag(&self, callback: &str, option: &str) -> bool {
        matches!(
            self.text(callback, option).to_ascii_lowercase().as_str(),
            "true" | "yes" | "on" | "1" | "y" | "t"
        )
    }

    /// The same as a number.
    pub fn number(&self, callback: &str, option: &str) -> Option<usize> {
        self.text(callback, option).trim().parse().ok()
    }
}

type Evaluate = dyn Fn(&str, &Map) -> Result<String, String>;

/// Evaluates a template with variables; this crate knows no templates.
#[derive(Clone)]
pub struct Evaluator(pub Rc<Evaluate>);

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Evaluator")
    }
}

impl Default for Evaluator {
    fn default() -> Self {
        Self(Rc::new(|_, _| {
            Err("templates cannot be evaluated here".to_owned())
        }))
    }
}
