//! Where templates find variables.

use kdo_value::Value;

/// The variables that a template sees. Values are given as they were written: whoever looks one up evaluates the
/// templates in it, at the moment of use.
pub trait Variables {
    /// The raw value of a variable.
    fn get(&self, name: &str) -> Option<Value>;

    /// Names of all variables, for `vars`, `varnames` and suggestions.
    fn names(&self) -> Vec<String>;
}

impl Variables for kdo_value::Map {
    fn get(&self, name: &str) -> Option<Value> {
        Self::get(self, name)
    }

    fn names(&self) -> Vec<String> {
        self.keys()
            .iter()
            .filter_map(|k| k.as_str().map(str::to_owned))
            .collect()
    }
}
