//! Tasks, handlers and blocks.

use crate::{
    Action, Block, Item, Loader, Loop, RoleOptions, Scope, ScopeKind, Task,
    action::short,
    keywords::{Where, allowed, names},
    loader::{key_place, place},
    words::{free_form_and_pairs, split_args},
};
use kdo_syntax::{Diagnostic, nearest};
use kdo_value::{Map, Origin, Text, Value};
use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

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

/// Keywords that an import passes on to what it imports.
const NOT_PASSED_ON: &[&str] = &[
    "name",
    "register",
    "loop",
    "loop_control",
    "until",
    "retries",
    "delay",
    "args",
    "action",
    "local_action",
    "async",
    "poll",
    "notify",
    "changed_when",
    "failed_when",
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
        let vars = self.vars_map(map.get("vars"), key_place(map, "vars"));
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
        let action = self.action(map, &candidates, &keywords, kind);
        let (action, local) = action?;
        if wrong {
            return None;
        }
        self.check_loop_control(&keywords);
        if local && !keywords.contains("delegate_to") {
            keywords.insert("delegate_to", "localhost");
        }
        let vars = self.vars_map(map.get("vars"), key_place(map, "vars"));
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
            "meta" if kind == Where::Handler && is_flush(&action) => {
                self.fail("flush_handlers cannot be used as a handler", action.origin);
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
        keywords: &Map,
        kind: Where,
    ) -> Option<(Action, bool)> {
        let origin = place(map);
        let exists = |name: &str| (self.known)(name).is_ok();
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
                let _ = keywords;
                let action = parsed?;
                // A templated name is known when the task runs.
                if !action.name.contains("{{") && !exists(&action.name) {
                    self.unknown_action(&action.name, key.origin(), kind);
                    return None;
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
            Some(_) => self.fail("the `args` of a task must be a dictionary or a template", origin),
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

    #[allow(clippy::too_many_arguments)]
    fn import_tasks(
        &self,
        action: &Action,
        keywords: Map,
        vars: Map,
        above: &Rc<Scope>,
        dir: &Path,
        kind: Where,
        depth: usize,
        looped: bool,
    ) -> Option<Item> {
        if looped {
            self.fail(
                "You cannot use loops on 'import_tasks' statements. You should use 'include_tasks' instead.",
                action.origin,
            );
            return None;
        }
        let scope = self.import_scope(keywords, vars, above, action, &["file", "_raw_params"]);
        let Some(file) = action
            .arg("file")
            .or_else(|| action.arg("_raw_params"))
            .filter(|v| !v.is_none())
        else {
            self.fail("No file specified for import_tasks", action.origin);
            return None;
        };
        let name = match self.static_text(&file, &scope) {
            Ok(name) => name,
            Err(e) => {
                self.report(
                    Diagnostic::error(format!("Error when evaluating the dynamic path in 'import_tasks': {e}"))
                        .at(file.origin().or(action.origin))
                        .help("variables in the name of a static import must be known before the run; use `include_tasks` for facts and registered results"),
                );
                return None;
            }
        };
        let Some(path) = self.find_tasks_file(&name, &scope, dir, kind == Where::Handler) else {
            self.report(
                Diagnostic::error(format!("the task file '{name}' to import was not found"))
                    .at(file.origin().or(action.origin)),
            );
            return None;
        };
        if depth >= MAX_DEPTH {
            self.fail(
                "task files import each other without end",
                file.origin().or(action.origin),
            );
            return None;
        }
        let body = self.tasks_file(&path, &scope, kind, depth + 1);
        Some(Item::Block(Rc::new(Block {
            scope,
            body,
            rescue: Vec::new(),
            always: Vec::new(),
        })))
    }

    /// Where a file of tasks is: beside the file that names it, in the role, or beside the playbook.
    pub fn find_tasks_file(
        &self,
        name: &str,
        scope: &Rc<Scope>,
        dir: &Path,
        handlers: bool,
    ) -> Option<PathBuf> {
        let name = Path::new(name);
        if name.is_absolute() {
            return name.is_file().then(|| name.to_owned());
        }
        let mut bases = Vec::new();
        for s in scope.chain() {
            if let Some(role) = s.role() {
                let sub = role.role.path.join(if handlers { "handlers" } else { "tasks" });
                if !bases.contains(&sub) {
                    bases.push(sub);
                    bases.push(role.role.path.clone());
                }
            }
        }
        bases.insert(0, dir.to_owned());
        let playbook = self.playbook_dir.borrow().clone();
        bases.push(playbook.join("tasks"));
        bases.push(playbook);
        bases.iter().map(|b| b.join(name)).find(|p| p.is_file())
    }

    fn import_scope(
        &self,
        keywords: Map,
        vars: Map,
        above: &Rc<Scope>,
        action: &Action,
        own: &[&str],
    ) -> Rc<Scope> {
        let passed = Map::new();
        for (k, v) in keywords.text_entries() {
            if !NOT_PASSED_ON.contains(&k.as_str()) {
                passed.insert(k, v);
            }
        }
        let all = vars.copied();
        for (k, v) in action.args.text_entries() {
            if !own.contains(&k.as_str()) {
                all.insert(k, v);
            }
        }
        all.freeze();
        Scope::below(above, ScopeKind::Include, passed, all, action.origin)
    }

    fn import_role(
        &self,
        action: &Action,
        keywords: Map,
        vars: Map,
        above: &Rc<Scope>,
        looped: bool,
    ) -> Option<Item> {
        if looped {
            self.fail(
                "You cannot use loops on 'import_role' statements. You should use 'include_role' instead.",
                action.origin,
            );
            return None;
        }
        const OWN: &[&str] = &[
            "name",
            "role",
            "tasks_from",
            "vars_from",
            "defaults_from",
            "handlers_from",
            "allow_duplicates",
            "public",
            "rolespec_validate",
            "_raw_params",
            "apply",
        ];
        for (key, value) in action.args.text_entries() {
            if !OWN.contains(&key.as_str()) {
                self.fail(
                    format!("Invalid options for import_role: {key}"),
                    value.origin().or(action.origin),
                );
            }
        }
        let outer = self.import_scope(keywords, vars, above, action, OWN);
        let scope = Scope::below(&outer, ScopeKind::Role, Map::new(), Map::new(), action.origin);
        let Some(name) = action.arg("name").or_else(|| action.arg("role")) else {
            self.fail("'name' is a required field for import_role.", action.origin);
            return None;
        };
        let text = |key: &str| match action.arg(key) {
            None | Some(Value::None) => None,
            Some(v) => match self.static_text(&v, &outer) {
                Ok(t) => Some(t),
                Err(e) => {
                    self.fail(e, v.origin().or(action.origin));
                    None
                }
            },
        };
        let role = match self.static_text(&name, &outer) {
            Ok(role) => role,
            Err(e) => {
                self.fail(e, name.origin().or(action.origin));
                return None;
            }
        };
        let options = RoleOptions {
            tasks_from: text("tasks_from"),
            vars_from: text("vars_from"),
            defaults_from: text("defaults_from"),
            handlers_from: text("handlers_from"),
            public: action.arg("public").is_none_or(|v| v.truthy()),
            allow_duplicates: action.arg("allow_duplicates").is_none_or(|v| v.truthy()),
            validate: action.arg("rolespec_validate").is_none_or(|v| v.truthy()),
        };
        let instance = self.role(
            &role,
            scope,
            Map::new(),
            &options,
            &self.roles_above(above),
            name.origin().or(action.origin),
        )?;
        let mut body = Vec::new();
        for r in instance.with_dependencies() {
            body.extend(crate::argument_check(self, &r));
            body.push(Item::Block(self.role_block(&r)));
        }
        Some(Item::Block(Rc::new(Block {
            scope: outer,
            body,
            rescue: Vec::new(),
            always: Vec::new(),
        })))
    }

    fn roles_above(&self, scope: &Rc<Scope>) -> Vec<Rc<crate::Role>> {
        // Only an import chain that never ends is an error; importing other entry points of the same role is usual.
        let depth = scope.chain().filter(|s| s.kind == ScopeKind::Role).count();
        if depth < 40 {
            return Vec::new();
        }
        let mut roles: Vec<_> = scope
            .chain()
            .filter_map(|s| s.role())
            .map(|r| Rc::clone(&r.role))
            .collect();
        roles.reverse();
        // Once round is enough to see.
        if let Some(last) = roles.last().map(|r| r.path.clone())
            && let Some(before) = roles.iter().rev().skip(1).position(|r| r.path == last)
        {
            roles.drain(..roles.len() - 1 - before);
        }
        roles
    }
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
