//! The task that checks a role's arguments before the role's own tasks.

use crate::{Action, Item, Loader, RoleInstance, Scope, ScopeKind, Task};
use kdo_value::{Map, Text, Value};
use std::rc::Rc;

/// The checking task of a role with a specification for the entry point that is used.
pub fn argument_check(loader: &Loader, role: &Rc<RoleInstance>) -> Option<Item> {
    let entry = role.entry_point.as_deref()?;
    let entry = entry.trim_end_matches(".yml").trim_end_matches(".yaml");
    let specs = role.role.argument_specs.as_ref()?;
    let Some(Value::Map(spec)) = specs.get(entry) else { return None };
    let options = match spec.get("options") {
        Some(Value::Map(m)) => m,
        _ => Map::new(),
    };
    let args = Map::new();
    args.insert("argument_spec", untemplated(&options.into()));
    args.insert("provided_arguments", role.params.clone());
    let context = Map::new();
    context.insert("type", "role");
    context.insert("name", role.role.name.as_str());
    context.insert("argument_spec_name", entry);
    context.insert("path", role.role.path.to_string_lossy().into_owned());
    args.insert("validate_args_context", context);
    let about = match spec.get("short_description") {
        Some(v) if !v.is_none() => format!("Validating arguments against arg spec '{entry}' - {}", v.to_text()),
        _ => format!("Validating arguments against arg spec '{entry}'"),
    };
    let keywords = Map::new();
    keywords.insert("tags", Value::list([Value::str("always")]));
    let scope = Scope::below(&role.scope, ScopeKind::Task, keywords, Map::new(), role.scope.origin);
    Some(Item::Task(Rc::new(Task {
        id: loader.fresh_id(),
        name: Some(Text::new(about)),
        action: Action { name: "ansible.builtin.validate_argument_spec".into(), origin: role.scope.origin, args, template: None },
        scope,
        repeat: None,
        handler: false,
        origin: role.scope.origin,
    })))
}

/// A copy in which nothing is a template: descriptions may hold braces.
fn untemplated(value: &Value) -> Value {
    match value {
        Value::Str(t) => Value::Str(t.untrusted()),
        Value::List(l) => Value::list(l.to_vec().iter().map(untemplated)),
        Value::Map(m) => Value::Map(m.entries().into_iter().map(|(k, v)| (k, untemplated(&v))).collect()),
        v => v.clone(),
    }
}
