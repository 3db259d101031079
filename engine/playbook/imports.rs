//! Static imports: `import_tasks` and `import_role`, and where files of tasks are.

use crate::{Action, Block, Item, Loader, RoleOptions, Scope, ScopeKind, keywords::Where};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Value};
use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

/// Keywords that an import does not pass on to what it imports.
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
    "changed_when",
    "failed_when",
];

/// Deeper imports are taken for endless.
const MAX_DEPTH: usize = 100;

impl Loader {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn import_tasks(
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
        let given = |name: &str| action.arg(name).filter(|v| !v.is_none());
        let file = given("_raw_params").or_else(|| given("file"))?;
        let name = match self.static_text(&file, &scope) {
            Ok(name) => name,
            Err(e) => {
                self.report(
                    Diagnostic::error(format!("Error when evaluating variable in import path {}: {e}", file.repr()))
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
        let before = self.diagnostics.borrow().len();
        let body = self.tasks_file(&path, &scope, kind, depth + 1);
        if body.is_empty() && self.diagnostics.borrow().len() == before {
            let text = format!("file {} is empty and had no tasks to include", path.display());
            self.report(Diagnostic::warning(text));
        }
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
        Scope::below(above, ScopeKind::Import, passed, all, action.origin)
    }

    pub(crate) fn import_role(
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
        let outer = self.import_scope(keywords, vars, above, action, OWN);
        let scope = Scope::below(&outer, ScopeKind::Role, Map::new(), Map::new(), action.origin);
        let name = action.arg("name").or_else(|| action.arg("role"))?;
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
            included: true,
            tasks_from: text("tasks_from"),
            vars_from: text("vars_from"),
            defaults_from: text("defaults_from"),
            handlers_from: text("handlers_from"),
            public: action.flag("public", !self.private_role_vars.unwrap_or(false)),
            allow_duplicates: action.flag("allow_duplicates", true),
            validate: action.flag("rolespec_validate", true),
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
