//! What may stand at `include_tasks`, `include_role` and their static kin: keywords and arguments.

use crate::{Action, Loader, keywords::Where, loader::key_place};
use kdo_value::{Map, Value};

/// Keywords that an include at run time may have; all else belongs into `apply`.
const KEYWORDS: &[&str] = &[
    "collections",
    "debugger",
    "ignore_errors",
    "loop_control",
    "name",
    "no_log",
    "register",
    "run_once",
    "tags",
    "timeout",
    "when",
];

const TASKS: &[&str] = &["_raw_params", "file", "apply"];
/// Options of `include_role` and `import_role`.
pub const ROLE: &[&str] = &[
    "name",
    "role",
    "tasks_from",
    "vars_from",
    "defaults_from",
    "handlers_from",
    "apply",
    "public",
    "allow_duplicates",
    "rolespec_validate",
];

impl Loader {
    /// Checks a task that includes or imports tasks or a role; says whether it may be used.
    pub(crate) fn check_include(&self, action: &Action, keywords: &Map, kind: Where) -> bool {
        let before = self.diagnostics.borrow().len();
        let short = action.short();
        let tasks = matches!(short, "include_tasks" | "import_tasks");
        let included = match (short, kind) {
            ("include_tasks", Where::Handler) => Some("HandlerTaskInclude"),
            ("include_tasks", _) => Some("TaskInclude"),
            ("include_role", _) => Some("IncludeRole"),
            _ => None,
        };
        if let Some(what) = included {
            for (key, _) in keywords.text_entries() {
                let listening = key == "listen" && kind == Where::Handler;
                if !KEYWORDS.contains(&key.as_str()) && !listening {
                    let place = key_place(keywords, &key).or(action.origin);
                    self.unknown_keyword(&key, what, place, KEYWORDS.iter().copied());
                }
            }
        }
        if action.template.is_some() {
            return self.diagnostics.borrow().len() == before;
        }
        let known = if tasks { TASKS } else { ROLE };
        let unknown: Vec<String> = action
            .args
            .text_entries()
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| !known.contains(&key.as_str()))
            .collect();
        if !unknown.is_empty() {
            let text = format!("Invalid options for {}: {}", action.name, unknown.join(","));
            self.fail(text, action.origin);
        }
        let given = |name: &str| action.arg(name).filter(|v| !v.is_none());
        if tasks {
            if given("_raw_params").or_else(|| given("file")).is_none() {
                self.fail(format!("No file specified for {}", action.name), action.origin);
            }
        } else {
            if given("name").or_else(|| given("role")).is_none() {
                let text = format!("'name' is a required field for {}.", action.name);
                self.fail(text, action.origin);
            }
            for (key, value) in action.args.text_entries() {
                if key.ends_with("_from") && value.as_str().is_none() {
                    let kind = value.type_name();
                    let text = format!("Expected a string for {key} but got {kind} instead");
                    self.fail(text, value.origin().or(action.origin));
                }
            }
        }
        match action.arg("apply") {
            None => {}
            Some(Value::Map(m)) if m.is_empty() => {}
            Some(_) if short.starts_with("import") => {
                self.fail(
                    format!("Invalid options for {}: apply", action.name),
                    action.origin,
                );
            }
            Some(Value::Map(_)) => {}
            Some(v) if v.is_templated() => {}
            Some(v) => self.fail(
                format!("Expected a dict for apply but got {} instead", v.type_name()),
                v.origin().or(action.origin),
            ),
        }
        self.diagnostics.borrow().len() == before
    }
}
