//! Templates for inventory plugins, which know none themselves.

use kdo_inventory::Evaluate;
use kdo_template::{Environment, SearchPath, Templar, TemplateError, Vault};
use kdo_value::{Map, Text, Value};
use std::path::PathBuf;

/// Evaluates expressions of inventory files; conditions must give a boolean.
pub struct Composer<'a> {
    vault: Option<&'a dyn Vault>,
    bases: Vec<PathBuf>,
    jinja2_extensions: Vec<String>,
}

impl<'a> Composer<'a> {
    /// With these vault passwords; lookups look for files in the working directory.
    pub fn new(vault: Option<&'a dyn Vault>, jinja2_extensions: &[String]) -> Self {
        Self {
            vault,
            bases: std::env::current_dir().into_iter().collect(),
            jinja2_extensions: jinja2_extensions.to_vec(),
        }
    }

    fn with<T>(
        &self,
        vars: &Map,
        evaluate: impl FnOnce(&Templar<'_>) -> Result<T, TemplateError>,
    ) -> Result<T, String> {
        let environment = Environment {
            vault: self.vault,
            search: SearchPath {
                bases: self.bases.clone(),
            },
            jinja2_extensions: self.jinja2_extensions.clone(),
            strict_conditions: true,
            ..Environment::default()
        };
        evaluate(&Templar::new(vars, &environment)).map_err(|e| e.message)
    }
}

impl Evaluate for Composer<'_> {
    fn expression(&self, text: &Text, vars: &Map) -> Result<Value, String> {
        self.with(vars, |t| t.expression(text))
    }

    fn condition(&self, condition: &Value, vars: &Map) -> Result<bool, String> {
        self.with(vars, |t| t.condition(condition))
    }

    fn template(&self, text: &Text, vars: &Map) -> Result<Value, String> {
        self.with(vars, |t| t.template(text))
    }
}

#[cfg(test)]
mod tests {
    use super::Composer;
    use kdo_inventory::Evaluate;
    use kdo_value::{Map, Text, Value};

    #[test]
    fn conditions_must_be_true_or_false() {
        let composer = Composer::new(None, &[]);
        let vars: Map = [("n", Value::Int(2)), ("t", Value::trusted("{{ n }}"))]
            .into_iter()
            .collect();
        let text = |t: &str| Text::trusted(t, None);
        assert_eq!(composer.expression(&text("n + 1"), &vars).unwrap().repr(), "3");
        assert_eq!(
            composer.template(&text("a{{ t }}"), &vars).unwrap().repr(),
            "'a2'"
        );
        assert!(composer.condition(&Value::trusted("n > 1"), &vars).unwrap());
        assert!(composer.condition(&Value::trusted("n"), &vars).is_err());
        assert!(
            composer
                .expression(&text("missing"), &vars)
                .unwrap_err()
                .contains("undefined")
        );
    }
}
