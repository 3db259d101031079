//! Tasks, handlers and blocks.

use crate::{
    Action, Block, Item, Loader, Loop, Scope, ScopeKind, Task,
    action::short,
    keywords::{Where, allowed, names},
    loader::{key_place, place},
    words::{free_form_and_pairs, split_args},
};
use kdo_syntax::{Diagnostic, nearest};
use kdo_value::{Map, Origin, Text, Value};
use std::{path::Path, rc::Rc};

/// Actions whose argument in one line is (in part) free text.
const FREE_FORM: &[&str] = &["command", "shell", "script", "raw", "win_command", "win_shell"];

/// Actions that take free text beside pairs, as `_raw_params`.
const RAW_NAME: &[&str] = &[
    "include_tasks",
    "import_tasks",
    "include_vars",
    "meta",
    "add_host",
    "group_by",
    "set_fact",
    "include_role",
    "import_role",
    "include",
    "debug",
];

const MAX_DEPTH: usize = 100;

impl Loader {
    /// Loads a file of tasks below a scope.
    pub(crate) fn tasks_file(&self, path: &Path, scope: &Rc<Scope>, kind: Where, depth: usize) -> Vec<Item> {
        let Some(value) = self.yaml(path) else {
            return Vec::new();
        };
        let dir = path.parent().unwrap_or(Path::new("."));
        match value {
            Value::None => Vec::new(),
            Value::List(l) if l.is_empty() => Vec::new(),
            v if v.as_list().is_none() => {
                let at = v.as_map().and_then(place).or_else(|| v.origin());
                self.fail("included task files must contain a list of tasks", at);
                Vec::new()
            }
            v => {
                let section = if kind == Where::Handler {
                    "handlers"
                } else {
                    "tasks"
                };
                self.items(section, Some(v), scope, dir, kind, depth, None)
            }
        }
    }

    /// Loads a file of tasks for an include at run time.
    pub fn included_tasks(&self, path: &Path, scope: &Rc<Scope>, handlers: bool) -> Vec<Item> {
        self.tasks_file(
            path,
            scope,
            if handlers { Where::Handler } else { Where::Task },
            0,
        )
    }

    /// A list of tasks and blocks, which stands under the key `section`.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn items(
        &self,
        section: &str,
        value: Option<Value>,
        scope: &Rc<Scope>,
        dir: &Path,
        kind: Where,
        depth: usize,
        origin: Option<Origin>,
    ) -> Vec<Item> {
        let entries = match value {
            None | Some(Value::None) => return Vec::new(),
            Some(Value::List(l)) => l.to_vec(),
            Some(other) => {
                let origin = origin
                    .or_else(|| other.as_map().and_then(place))
                    .or_else(|| other.origin());
                self.fail(
                    format!(
                        "A malformed block was encountered while loading {section}: {} should be a list or None but is {}",
                        other.to_text(),
                        other.type_name()
                    ),
                    origin,
                );
                return Vec::new();
            }
        };
        if depth > MAX_DEPTH {
            self.fail("task files import each other without end", origin);
            return Vec::new();
        }
        let mut out = Vec::new();
        for entry in entries {
            match &entry {
                Value::None => {}
                Value::Map(map) if kind == Where::Handler && map.contains("block") => {
                    self.fail(
                        "Using a block as a handler is not supported.",
                        key_place(map, "block"),
                    );
                }
                Value::Map(map) if ["block", "rescue", "always"].iter().any(|k| map.contains(k)) => {
                    out.extend(self.block(map, scope, dir, kind, depth));
                }
                Value::Map(map) => out.extend(self.task(map, scope, dir, kind, depth)),
                other => self.fail(
                    format!(
                        "task/handler entries must be dictionaries, got a {}",
                        other.type_name()
                    ),
                    other.origin().or(origin),
                ),
            }
        }
        out
    }

    fn block(&self, map: &Map, above: &Rc<Scope>, dir: &Path, kind: Where, depth: usize) -> Option<Item> {
        let keywords = Map::new();
        for (key, value) in map.text_entries() {
            if matches!(key.as_str(), "block" | "rescue" | "always" | "vars") {
                continue;
            }
            if allowed(&key, Where::Block) {
                keywords.insert(key, value);
            } else {
                self.unknown_keyword(&key, "Block", key_place(map, &key), names(Where::Block));
            }
        }
        if !map.contains("block") {
            self.fail("'rescue' and 'always' need a 'block'", place(map));
        }
        self.check_fields(&keywords);
        let vars = self.vars_map("Block", map.get("vars"), key_place(map, "vars"));
        let scope = Scope::below(above, ScopeKind::Block, keywords, vars, place(map));
        let part = |name: &str| {
            let value = map.get(name);
            self.items(name, value, &scope, dir, kind, depth + 1, key_place(map, name))
        };
        Some(Item::Block(Rc::new(Block {
            body: part("block"),
            rescue: part("rescue"),
            always: part("always"),
            scope: Rc::clone(&scope),
        })))
    }

    fn task(&self, map: &Map, above: &Rc<Scope>, dir: &Path, kind: Where, depth: usize) -> Option<Item> {
        let origin = place(map);
        let keywords = Map::new();
        let mut repeat = None;
        let mut candidates: Vec<(Value, Value)> = Vec::new();
        let mut wrong = false;
        for (key, value) in map.entries() {
            let Some(name) = key.as_str() else {
                self.fail(format!("a task's key must be text, not {}", key.repr()), origin);
                return None;
            };
            match name {
                "action" | "local_action" => candidates.push((key.clone(), value)),
                "vars" | "args" => {}
                "loop" => repeat = self.one_loop(repeat, None, value, key.origin()),
                _ if name.starts_with("with_") => {
                    repeat = self.one_loop(
                        repeat,
                        name.strip_prefix("with_").map(str::to_owned),
                        value,
                        key.origin(),
                    );
                }
                _ if allowed(name, kind) => {
                    keywords.insert(name, value);
                }
                "listen" => {
                    self.unknown_keyword(name, "Task", key.origin(), names(kind));
                    wrong = true;
                }
                _ => candidates.push((key.clone(), value)),
            }
        }
        let collections = self.searched_collections(above, &keywords);
        let action = self.action(map, &candidates, &collections, kind);
        let (action, local) = action?;
        if wrong {
            return None;
        }
        self.check_loop_control(&keywords);
        self.check_fields(&keywords);
        if local && !keywords.contains("delegate_to") {
            keywords.insert("delegate_to", "localhost");
        }
        let what = if kind == Where::Handler { "Handler" } else { "Task" };
        let vars = self.vars_map(what, map.get("vars"), key_place(map, "vars"));
        let name = match map.get("name") {
            Some(Value::Str(t)) => Some(t),
            Some(Value::None) | None => None,
            Some(v) => Some(Text::new(v.to_text())),
        };
        match action.short() {
            name @ ("include_role" | "import_role") if kind == Where::Handler => {
                let text = format!("Using '{name}' as a handler is not supported.");
                self.fail(text, action.origin);
                return None;
            }
            "meta" if is_end_role(&action) && (kind == Where::Handler || above.role().is_none()) => {
                let place = if kind == Where::Handler {
                    "a handler"
                } else {
                    "outside of a role"
                };
                self.fail(format!("Cannot execute 'end_role' from {place}"), action.origin);
                return None;
            }
            "meta" if kind == Where::Handler && is_flush(&action) => {
                self.fail("flush_handlers cannot be used as a handler", action.origin);
                return None;
            }
            "import_tasks" | "import_role" | "include_tasks" | "include_role"
                if !self.check_include(&action, &keywords, kind) =>
            {
                return None;
            }
            "import_tasks" => {
                return self.import_tasks(&action, keywords, vars, above, dir, kind, depth, repeat.is_some());
            }
            "import_role" => return self.import_role(&action, keywords, vars, above, repeat.is_some()),
            _ => {}
        }
        let scope = Scope::below(above, ScopeKind::Task, keywords, vars, origin);
        Some(Item::Task(Rc::new(Task {
            id: self.task_id(),
            name,
            action,
            scope,
            repeat,
            handler: kind == Where::Handler,
            origin,
        })))
    }

    fn one_loop(
        &self,
        before: Option<Loop>,
        lookup: Option<String>,
        value: Value,
        origin: Option<Origin>,
    ) -> Option<Loop> {
        if before.is_some() {
            self.fail(
                "duplicate loop in task: only one of `loop` and `with_…` is allowed",
                origin,
            );
            return before;
        }
        if value.is_none() && lookup.is_none() {
            return None;
        }
        Some(Loop { lookup, value })
    }

    fn check_loop_control(&self, keywords: &Map) {
        match keywords.get("loop_control") {
            None | Some(Value::None) => {}
            Some(Value::Map(control)) => {
                for (key, _) in control.text_entries() {
                    if !allowed(&key, Where::LoopControl) {
                        self.unknown_keyword(&key, "LoopControl", key_place(&control, &key), names(Where::LoopControl));
                    }
                }
            }
            Some(_) => self.fail("the `loop_control` value must be specified as a dictionary and cannot be a variable itself (though it can contain variables)", key_place(keywords, "loop_control")),
        }
    }

    /// Finds the one action among the keys that are no keywords. Says whether it is a local action.
    fn action(
        &self,
        map: &Map,
        candidates: &[(Value, Value)],
        collections: &[String],
        kind: Where,
    ) -> Option<(Action, bool)> {
        let origin = place(map);
        let exists = |name: &str| self.qualified_action(name, collections).is_some();
        let (known, unknown): (Vec<_>, Vec<_>) = candidates.iter().partition(|(k, _)| {
            matches!(k.as_str(), Some("action" | "local_action")) || k.as_str().is_some_and(exists)
        });
        let args_keyword = map.get("args");
        match (&known[..], &unknown[..]) {
            ([], []) => {
                self.fail("no module/action detected in task.", origin);
                None
            }
            ([], [(key, value)])
                if key
                    .as_str()
                    .is_some_and(|k| k.contains('.') || !likely_keyword(k, kind))
                    || value.is_none() =>
            {
                self.unknown_action(key.as_str().unwrap_or_default(), key.origin(), kind);
                None
            }
            ([], many) => {
                for (key, _) in many {
                    let name = key.as_str().unwrap_or_default();
                    self.unknown_action(name, key.origin(), kind);
                }
                None
            }
            ([(key, value)], []) => {
                let name = key.as_str().unwrap_or_default();
                let parsed = if matches!(name, "action" | "local_action") {
                    self.old_action(value, args_keyword, key.origin())
                } else {
                    self.arguments(name, value, args_keyword, key.origin())
                };
                let mut action = parsed?;
                // A templated name is known when the task runs.
                if !action.name.contains("{{") {
                    match self.qualified_action(&action.name, collections) {
                        Some(name) => action.name = name,
                        None => {
                            self.unknown_action(&action.name, key.origin(), kind);
                            return None;
                        }
                    }
                }
                Some((action, name == "local_action"))
            }
            ([_], extra) => {
                for (key, _) in extra {
                    let name = key.as_str().unwrap_or_default();
                    let what = if kind == Where::Handler { "Handler" } else { "Task" };
                    self.unknown_keyword(name, what, key.origin(), names(kind));
                }
                None
            }
            (many, _) => {
                let names: Vec<_> = many.iter().filter_map(|(k, _)| k.as_str()).collect();
                self.fail(
                    format!("conflicting action statements: {}", names.join(", ")),
                    many.last().and_then(|(k, _)| k.origin()),
                );
                None
            }
        }
    }

    fn unknown_action(&self, name: &str, origin: Option<Origin>, kind: Where) {
        if short(name) == "include" {
            let text = "The 'ansible.builtin.include' action plugin has been removed. Use include_tasks or import_tasks instead.";
            self.report(Diagnostic::error(text).at(origin).length(name.chars().count()));
            return;
        }
        let near = (self.known)(name).err().unwrap_or_default();
        let keyword = nearest(name, names(kind)).map(str::to_owned);
        let mut d = Diagnostic::error(format!(
            "couldn't resolve module/action '{name}'. This often indicates a misspelling, missing collection, or incorrect module path."
        ))
        .at(origin)
        .length(name.chars().count());
        if let Some(near) = near.first().or(keyword.as_ref()) {
            d = d.label(format!("did you mean `{near}`?"));
        }
        self.report(d);
    }

    /// `action: copy src=a dest=b`, `action: {module: copy, src: a}`.
    fn old_action(&self, value: &Value, args: Option<Value>, origin: Option<Origin>) -> Option<Action> {
        match value {
            Value::Str(text) => {
                let line = text.as_str().trim_start();
                let first = split_args(line).ok().and_then(|words| words.into_iter().next());
                let (name, rest) = match first.as_deref().and_then(|f| Some((f, line.strip_prefix(f)?))) {
                    Some(found) => found,
                    None => line.split_once(char::is_whitespace).unwrap_or((line, "")),
                };
                let rest = rest.trim_start();
                let rest = if text.is_trusted() {
                    Text::trusted(rest, text.origin())
                } else {
                    Text::new(rest)
                };
                self.arguments(name, &Value::Str(rest), args, origin)
            }
            Value::Map(map) => {
                let Some(module) = map.get("module") else {
                    self.fail("an action that is a dictionary needs the key `module`", origin);
                    return None;
                };
                let rest = map.copied();
                rest.remove("module");
                if let Some(Value::Map(args)) = rest.remove("args") {
                    for (k, v) in args.entries() {
                        if !k.as_str().is_some_and(|k| rest.contains(k)) {
                            rest.insert(k, v);
                        }
                    }
                }
                rest.freeze();
                let module = module.to_text();
                let first = split_args(&module)
                    .ok()
                    .and_then(|words| words.into_iter().next());
                let (name, line) = match first.as_deref().and_then(|f| Some((f, module.strip_prefix(f)?))) {
                    Some((name, line)) => (name, line.trim_start()),
                    None => (module.as_str(), ""),
                };
                let action = self.arguments(name, &Value::Map(rest), args, origin)?;
                if !line.is_empty()
                    && let Ok(pairs) =
                        free_form_and_pairs(&Text::trusted(line, origin), FREE_FORM.contains(&short(name)))
                {
                    for (k, v) in pairs.entries() {
                        action.args.insert(k, v);
                    }
                }
                Some(action)
            }
            _ => {
                self.fail("unexpected parameter type in action", origin);
                None
            }
        }
    }

    /// The arguments of an action: dict, line, or nothing; `args` fills what is not given there.
    fn arguments(
        &self,
        name: &str,
        value: &Value,
        extra: Option<Value>,
        origin: Option<Origin>,
    ) -> Option<Action> {
        let all = Map::new();
        let mut template = None;
        match extra {
            None | Some(Value::None) => {}
            Some(Value::Map(map)) => map.entries().into_iter().for_each(|(k, v)| {
                all.insert(k, v);
            }),
            Some(Value::Str(text)) if text.is_template() => template = Some(text),
            Some(Value::Str(text)) => match free_form_and_pairs(&text, FREE_FORM.contains(&short(name))) {
                Ok(map) => map.entries().into_iter().for_each(|(k, v)| {
                    all.insert(k, v);
                }),
                Err(e) => self.fail(e, origin),
            },
            Some(_) => self.fail("The value of the task `args` keyword is invalid.", origin),
        }
        match value {
            Value::None => {}
            Value::Map(map) => map.entries().into_iter().for_each(|(k, v)| {
                all.insert(k, v);
            }),
            Value::Str(text) => {
                let free = FREE_FORM.contains(&short(name));
                // One template is the whole of the arguments, for actions that take no free text.
                let raw = RAW_NAME.contains(&short(name)) && short(name) != "debug";
                if !free && !raw && text.is_template() && whole_template(text) {
                    template = Some(text.clone());
                } else if RAW_NAME.contains(&short(name)) && !text.contains('=') {
                    all.insert("_raw_params", Value::Str(text.clone()));
                } else {
                    match free_form_and_pairs(text, free) {
                        Ok(map) => map.entries().into_iter().for_each(|(k, v)| {
                            all.insert(k, v);
                        }),
                        Err(e) => {
                            self.fail(e, text.origin().or(origin));
                            return None;
                        }
                    }
                }
            }
            other => {
                self.fail(
                    format!("unexpected parameter type in action: {}", other.type_name()),
                    origin,
                );
                return None;
            }
        }
        let reserved = all.entries().into_iter().find_map(|(k, _)| {
            let key = k.as_str()?.to_owned();
            key.starts_with("_ansible_").then_some(key)
        });
        if let Some(key) = reserved {
            self.fail(
                format!(
                    "Invalid parameter specified beginning with keyword '_ansible_' for action '{name}': '{key}'. The prefix '_ansible_' is reserved for internal use only."
                ),
                origin,
            );
            return None;
        }
        Some(Action {
            name: name.to_owned(),
            origin,
            args: all,
            template,
        })
    }
}

fn is_end_role(meta: &Action) -> bool {
    let what = meta.arg("_raw_params").map(|v| v.to_text());
    what.is_some_and(|w| w.trim() == "end_role")
}

fn is_flush(meta: &Action) -> bool {
    let what = meta.arg("_raw_params").map(|v| v.to_text());
    what.is_some_and(|w| w.trim() == "flush_handlers")
}

/// Whether the text is nothing but one `{{ … }}`.
fn whole_template(text: &str) -> bool {
    let t = text.trim();
    t.starts_with("{{") && t.ends_with("}}") && t.matches("{{").count() == 1
}

/// Whether an unknown key is rather a mistyped keyword than a module.
fn likely_keyword(key: &str, kind: Where) -> bool {
    nearest(key, names(kind)).is_some()
}
