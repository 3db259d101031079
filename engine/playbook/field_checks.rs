//! What can be said of keywords' values before the run: types that are fixed, names of variables.

use crate::{
    Loader,
    action::{FALSE, TRUE},
    loader::key_place,
    variable_name::is_variable_name,
};
use kdo_value::{Map, Value};

/// Keywords that hold one text.
const TEXTS: &[&str] = &[
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "connection",
    "debugger",
    "delegate_to",
    "fact_path",
    "name",
    "order",
    "register",
    "remote_user",
    "strategy",
];

/// Keywords of a play that are truth values and are needed before it begins.
const TRUTHS: &[&str] = &["force_handlers", "gather_facts"];

/// Lists whose items are texts.
const TEXT_LISTS: &[&str] = &["collections", "gather_subset", "listen"];

impl Loader {
    /// Checks the keywords of a play, role, block, task or handler.
    pub(crate) fn check_fields(&self, keywords: &Map) {
        for (key, value) in keywords.text_entries() {
            if let Err(text) = field(&key, &value) {
                self.fail(text, value.origin().or_else(|| key_place(keywords, &key)));
            }
            if key == "module_defaults" {
                self.check_module_defaults(&value, key_place(keywords, &key));
            }
        }
    }

    /// Checks the names of variables that are set at some level.
    pub(crate) fn check_variable_names(&self, vars: &Map) {
        for key in vars.keys() {
            match key.as_str() {
                Some(name) if is_variable_name(name) => {}
                Some(name) => self.fail(format!("Invalid variable name '{name}'."), key.origin()),
                None => {
                    let (name, kind) = (key.repr(), key.type_name());
                    self.fail(
                        format!("Invalid variable name '{name}' of type '{kind}'."),
                        key.origin(),
                    );
                }
            }
        }
    }
}

fn field(key: &str, value: &Value) -> Result<(), String> {
    if value.is_none() || value.is_templated() {
        return Ok(());
    }
    if TEXTS.contains(&key) && matches!(value, Value::List(_) | Value::Map(_)) {
        return Err(format!(
            "The field '{key}' is supposed to be a string type, however the incoming data structure is a {}",
            value.type_name()
        ));
    }
    if TEXT_LISTS.contains(&key) {
        let items = value
            .as_list()
            .map_or_else(|| vec![value.clone()], |l| l.to_vec());
        if let Some(item) = items.iter().find(|i| i.as_str().is_none()) {
            return Err(format!(
                "Keyword '{key}' items must be of type 'str', not '{}'.",
                item.type_name()
            ));
        }
    }
    match key {
        "tags" if !matches!(value, Value::Str(_) | Value::List(_)) => {
            Err("tags must be specified as a list".into())
        }
        "register" => match value.as_str() {
            Some(name) if is_variable_name(name) => Ok(()),
            Some(name) => Err(format!(
                "Invalid 'register' specified: Invalid variable name '{name}'."
            )),
            None => Err(format!(
                "Invalid 'register' specified: Invalid variable name '{}' of type '{}'.",
                value.repr(),
                value.type_name()
            )),
        },
        "max_fail_percentage" if value.to_text().replace('%', "").trim().parse::<f64>().is_err() => {
            Err(cannot(key, value, "percent"))
        }
        _ if TRUTHS.contains(&key) && !is_truth(value) => Err(cannot(key, value, "bool")),
        _ => Ok(()),
    }
}

fn cannot(key: &str, value: &Value, kind: &str) -> String {
    format!(
        "Error processing keyword '{key}': The value {} could not be converted to '{kind}'.",
        value.repr()
    )
}

fn is_truth(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        v => {
            let word = v.to_text().trim().to_lowercase();
            TRUE.iter().chain(FALSE).any(|known| *known == word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::field;
    use kdo_value::json;

    #[test]
    fn values_of_a_wrong_type_are_told_as_ansible_does() {
        for (key, value, problem) in [
            ("tags", "[\"a\", 3]", ""),
            ("tags", "{\"a\": 1}", "tags must be specified as a list"),
            (
                "listen",
                "[1]",
                "Keyword 'listen' items must be of type 'str', not 'int'.",
            ),
            (
                "register",
                "\"a b\"",
                "Invalid 'register' specified: Invalid variable name 'a b'.",
            ),
            (
                "register",
                "3",
                "Invalid 'register' specified: Invalid variable name '3' of type 'int'.",
            ),
            (
                "gather_facts",
                "\"abc\"",
                "Error processing keyword 'gather_facts': The value 'abc' could not be converted to 'bool'.",
            ),
            ("gather_facts", "\"yes\"", ""),
            ("max_fail_percentage", "\"20%\"", ""),
            (
                "max_fail_percentage",
                "\"abc\"",
                "Error processing keyword 'max_fail_percentage': The value 'abc' could not be converted to 'percent'.",
            ),
            (
                "delegate_to",
                "[\"a\"]",
                "The field 'delegate_to' is supposed to be a string type, however the incoming data structure is a list",
            ),
        ] {
            let told = field(key, &json::read(value).unwrap()).err().unwrap_or_default();
            assert_eq!(told, problem, "{key}: {value}");
        }
    }
}
