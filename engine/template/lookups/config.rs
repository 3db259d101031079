//! The lookup of settings.

use super::options::word;
use crate::{Call, Callable, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.config", config, "The value of settings, from the environment or their defaults.", [];
        "{{ lookup('config', 'NO_SUCH_SETTING', on_missing='skip') }}" => "[]"),
];

/// Settings that roles ask for: name, environment variable, default as YAML-like text.
const SETTINGS: [(&str, &str, &str); 23] = [
    // Conditions without a boolean result are accepted unless that is switched off.
    (
        "ALLOW_BROKEN_CONDITIONALS",
        "ANSIBLE_ALLOW_BROKEN_CONDITIONALS",
        "true",
    ),
    ("DEFAULT_FORKS", "ANSIBLE_FORKS", "5"),
    (
        "DEFAULT_ROLES_PATH",
        "ANSIBLE_ROLES_PATH",
        "~/.ansible/roles:/usr/share/ansible/roles:/etc/ansible/roles",
    ),
    (
        "COLLECTIONS_PATHS",
        "ANSIBLE_COLLECTIONS_PATH",
        "~/.ansible/collections:/usr/share/ansible/collections",
    ),
    ("DEFAULT_HOST_LIST", "ANSIBLE_INVENTORY", "/etc/ansible/hosts"),
    ("DEFAULT_TIMEOUT", "ANSIBLE_TIMEOUT", "10"),
    ("DEFAULT_REMOTE_USER", "ANSIBLE_REMOTE_USER", "null"),
    ("DEFAULT_REMOTE_PORT", "ANSIBLE_REMOTE_PORT", "null"),
    ("DEFAULT_PRIVATE_KEY_FILE", "ANSIBLE_PRIVATE_KEY_FILE", "null"),
    ("DEFAULT_BECOME", "ANSIBLE_BECOME", "false"),
    ("DEFAULT_BECOME_METHOD", "ANSIBLE_BECOME_METHOD", "sudo"),
    ("DEFAULT_BECOME_USER", "ANSIBLE_BECOME_USER", "root"),
    ("DEFAULT_GATHERING", "ANSIBLE_GATHERING", "implicit"),
    ("DEFAULT_HASH_BEHAVIOUR", "ANSIBLE_HASH_BEHAVIOUR", "replace"),
    ("DEFAULT_STRATEGY", "ANSIBLE_STRATEGY", "linear"),
    ("DEFAULT_TRANSPORT", "ANSIBLE_TRANSPORT", "ssh"),
    ("DEFAULT_MODULE_NAME", "", "command"),
    ("DEFAULT_LOCAL_TMP", "ANSIBLE_LOCAL_TEMP", "~/.ansible/tmp"),
    ("DEFAULT_VAULT_IDENTITY", "ANSIBLE_VAULT_IDENTITY", "default"),
    ("DEFAULT_POLL_INTERVAL", "ANSIBLE_POLL_INTERVAL", "15"),
    ("HOST_KEY_CHECKING", "ANSIBLE_HOST_KEY_CHECKING", "true"),
    ("RETRY_FILES_ENABLED", "ANSIBLE_RETRY_FILES_ENABLED", "false"),
    ("DEFAULT_JINJA2_NATIVE", "ANSIBLE_JINJA2_NATIVE", "true"),
];

fn is_truth(name: &str) -> bool {
    ["ENABLED", "CHECKING", "CONDITIONALS"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn value(name: &str, text: &str) -> Value {
    if name.ends_with("PATH") || name.ends_with("PATHS") || name == "DEFAULT_HOST_LIST" {
        let separator = if name == "DEFAULT_HOST_LIST" { ',' } else { ':' };
        return Value::list(
            text.split(separator)
                .map(|p| Value::str(crate::filters::expand_user(p))),
        );
    }
    match text {
        "null" => Value::None,
        "true" | "True" | "yes" | "1" if is_truth(name) => Value::Bool(true),
        "false" | "False" | "no" | "0" if is_truth(name) => Value::Bool(false),
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => match text.parse() {
            Ok(n) => Value::Int(n),
            Err(_) => Value::str(crate::filters::expand_user(text)),
        },
    }
}

fn config(call: &Call<'_>) -> Result<Value, TemplateError> {
    let missing = word(call, "on_missing")?.unwrap_or_else(|| "error".into());
    if !["error", "warn", "skip"].contains(&missing.as_str()) {
        return call.fail(format!(
            "\"on_missing\" must be a string and one of \"error\", \"warn\" or \"skip\", not {missing}"
        ));
    }
    let mut out = Vec::new();
    for term in &call.args {
        let name = text(term)?;
        match SETTINGS.iter().find(|(n, _, _)| *n == name) {
            Some((_, variable, default)) => {
                let given = std::env::var(variable).ok().filter(|_| !variable.is_empty());
                out.push(value(&name, given.as_deref().unwrap_or(default)));
            }
            None if missing == "error" => {
                return call.fail(format!("No config definition exists for '{name}'."));
            }
            None => {}
        }
    }
    Ok(Value::list(out))
}
