//! `when`, `until`, `changed_when`, `failed_when`.

use crate::{Templar, TemplateError};
use kdo_value::{Origin, Text, Value};

/// What `--strict` says of a condition that gives no boolean.
const STRICT: &str = "Conditionals must have a boolean result.";

impl Templar<'_> {
    /// The truth of a condition: an expression without delimiters, a boolean, or a list of these that must all hold
    /// (later ones are not evaluated when one does not). Results that are not boolean count by their truth, with a
    /// warning; with `strict_conditions` they are errors.
    pub fn condition(&self, condition: &Value) -> Result<bool, TemplateError> {
        match condition {
            Value::Bool(b) => Ok(*b),
            Value::List(items) => {
                for item in items.to_vec() {
                    if !self.condition(&item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Value::Str(text) => self.condition_text(text),
            Value::None => self.doubtful(true, "Empty conditional expressions are not allowed.", None),
            other => self.doubtful(other.truthy(), "Conditional expressions must be strings.", None),
        }
    }

    fn condition_text(&self, text: &Text) -> Result<bool, TemplateError> {
        let origin = text.origin();
        let source = text.trim();
        if source.is_empty() {
            return self.doubtful(true, "Empty conditional expressions are not allowed.", origin);
        }
        let surrounded = (source.starts_with("{{") && source.ends_with("}}"))
            || (source.starts_with("{%") && source.ends_with("%}"));
        let value = if surrounded && text.is_trusted() {
            self.evaluator.warn(
                "Conditionals should not be surrounded by templating delimiters such as {{ }} or {% %}.",
                origin,
            );
            let value = self.resolve_keep_omit(&Value::Str(text.clone()))?;
            match &value {
                Value::Str(inner) => match plain_word(inner) {
                    Some(b) => Value::Bool(b),
                    // What the template gives is a condition once more, but only if it was written by the user.
                    None => self.condition_expression(inner, origin)?,
                },
                _ => value,
            }
        } else {
            self.condition_expression(text, origin)?
        };
        match value {
            Value::Bool(b) => Ok(b),
            other => self.doubtful(
                other.truthy(),
                &format!(
                    "Conditional result ({}) was derived from value of type '{}'. {STRICT}",
                    if other.truthy() { "True" } else { "False" },
                    other.type_name()
                ),
                origin,
            ),
        }
    }

    fn condition_expression(&self, text: &Text, origin: Option<Origin>) -> Result<Value, TemplateError> {
        if let Some(b) = plain_word(text) {
            return Ok(Value::Bool(b));
        }
        if text.is_trusted() && text.contains("{{") {
            self.evaluator.warn(
                "Jinja constant strings should not contain embedded templates; name the variable instead.",
                origin,
            );
        }
        self.evaluate(text, true)
    }

    fn doubtful(&self, truth: bool, message: &str, origin: Option<Origin>) -> Result<bool, TemplateError> {
        if self.evaluator.environment.strict_conditions {
            return Err(TemplateError::new(message).written_at(origin));
        }
        self.evaluator.warn(message, origin);
        Ok(truth)
    }
}

/// The boolean that a text means without being evaluated.
fn plain_word(text: &str) -> Option<bool> {
    match text.trim() {
        "True" | "true" => Some(true),
        "False" | "false" | "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Environment, Templar};
    use kdo_value::{List, Map, Origin, Value};
    use std::cell::RefCell;

    fn check(condition: &Value, strict: bool) -> (Result<bool, String>, usize) {
        let variables = Map::new();
        variables.insert("n", 5_i64);
        variables.insert("yes", true);
        variables.insert("cond", Value::trusted("n == 5"));
        variables.insert("word", Value::trusted("{{ 'x' }}"));
        let warnings = RefCell::new(Vec::new());
        let warn = |message: String, _: Option<Origin>| warnings.borrow_mut().push(message);
        let environment = Environment {
            strict_conditions: strict,
            warn: Some(&warn),
            ..Environment::default()
        };
        let result = Templar::new(&variables, &environment)
            .condition(condition)
            .map_err(|e| e.message);
        (result, warnings.borrow().len())
    }

    #[test]
    fn booleans_are_taken_without_a_warning() {
        for (text, truth) in [
            ("n == 5", true),
            ("n > 5 or not yes", false),
            ("nope.x is not defined", true),
            ("true", true),
        ] {
            if text.contains("defined") && crate::test("defined").is_none() {
                continue;
            }
            assert_eq!(check(&Value::trusted(text), true), (Ok(truth), 0), "{text}");
        }
        assert_eq!(check(&Value::Bool(false), true), (Ok(false), 0));
    }

    #[test]
    fn other_results_count_by_their_truth_with_a_warning_unless_strict() {
        for text in ["n", "word", "[1]", "", "{{ n }}"] {
            let (result, warnings) = check(&Value::trusted(text), false);
            assert_eq!(result, Ok(true), "{text}");
            assert!(warnings > 0, "{text}");
            assert!(check(&Value::trusted(text), true).0.is_err(), "{text}");
        }
        assert_eq!(check(&Value::None, false), (Ok(true), 1));
        assert_eq!(check(&Value::trusted("{{ yes }}"), true), (Ok(true), 1));
    }

    #[test]
    fn a_list_stops_at_the_first_false_one() {
        let list =
            |texts: &[&str]| Value::List(List::frozen(texts.iter().map(|t| Value::trusted(*t)).collect()));
        assert_eq!(check(&list(&["yes", "n == 6", "nope"]), true).0, Ok(false));
        assert_eq!(
            check(&list(&["yes", "nope"]), true).0,
            Err("'nope' is undefined".into())
        );
    }

    #[test]
    fn text_from_hosts_is_never_evaluated() {
        assert!(check(&Value::str("n == 5"), false).0.is_err());
        assert!(check(&Value::str("{{ n }}"), false).0.is_err());
        assert_eq!(check(&Value::str("true"), true), (Ok(true), 0));
    }

    #[test]
    fn templates_inside_conditions_are_evaluated_in_literals_only() {
        assert_eq!(check(&Value::trusted("'{{ n }}' == 5"), false), (Ok(true), 1));
        assert!(check(&Value::trusted("{{ n }} == 5"), false).0.is_err());
        assert!(check(&Value::trusted("{{ n }} == {{ n }}"), false).0.is_err());
        assert_eq!(check(&Value::trusted("{{ cond }}"), false), (Ok(true), 1));
    }
}
