//! The filter that names a value's type with those of its items.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::Value;
use std::collections::BTreeSet;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.reveal_ansible_type", reveal, "The type of the value with the types of its items, as `list[int|str]`; `alias` renames types.", ["reveal_ansible_type"];
        "{{ [1, 'a'] | community.general.reveal_ansible_type }}" => r#""list[int|str]""#,
        "{{ {'a': 1} | community.general.reveal_ansible_type }}" => r#""dict[str, int]""#,
        "{{ 'a' | community.general.reveal_ansible_type({'str': 'text'}) }}" => r#""text""#),
];

fn reveal(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(Value::str(full_name(call, call.get(1, "alias"))?))
}

/// A type's name: texts of playbooks have a name of their own where the value is shown as it is.
fn name(value: &Value, alias: Option<&Value>) -> Result<String, TemplateError> {
    let own = match value {
        Value::Str(text) if text.origin().is_some() || text.is_trusted() => "_AnsibleTaggedStr",
        Value::Tuple(_) => "_AnsibleLazyAccessTuple",
        other => other.type_name(),
    };
    match alias {
        None | Some(Value::None) => Ok(own.to_owned()),
        Some(Value::Map(m)) => Ok(m.get(own).map_or_else(|| own.to_owned(), |v| v.to_text())),
        Some(other) => Err(format!(
            "The argument alias must be a dictionary. {} is {}",
            other.repr(),
            other.type_name()
        )
        .into()),
    }
}

/// The subject's type with those of its items.
pub(crate) fn full_name(call: &Call<'_>, alias: Option<&Value>) -> Result<String, TemplateError> {
    let value = call.subject()?;
    let own = name(value, alias)?;
    let joined = |items: &[Value]| -> Result<String, TemplateError> {
        let names: BTreeSet<String> = items.iter().map(|i| name(i, alias)).collect::<Result<_, _>>()?;
        Ok(names.into_iter().collect::<Vec<_>>().join("|"))
    };
    match value {
        Value::List(l) if own == "list" && !l.is_empty() => Ok(format!("list[{}]", joined(&l.to_vec())?)),
        Value::Map(m) if own == "dict" && !m.is_empty() => {
            Ok(format!("dict[{}, {}]", joined(&m.keys())?, joined(&m.values())?))
        }
        _ => Ok(own),
    }
}
