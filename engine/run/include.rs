//! Includes at run time: loading what an include names and putting it into the plan.

use crate::{
    engine::Engine,
    failure::TaskFailure,
    play_run::PlayRun,
    task::{Include, truthy},
};
use kdo_event::{Event, HostResult, Status};
use kdo_playbook::{Block, Item, RoleInstance, RoleOptions, Scope, ScopeKind, Task};
use kdo_syntax::excerpt;
use kdo_template::SearchPath;
use kdo_value::{Map, Value};
use kdo_vars::TaskVars;
use std::{path::PathBuf, rc::Rc};

/// What an include brought.
pub(crate) struct Loaded {
    /// What to run.
    pub(crate) items: Vec<Item>,
    /// How it is told: the file's path or the role's name.
    pub(crate) shown: String,
    /// The role that was included, with those it depends on.
    roles: Vec<Rc<RoleInstance>>,
}

/// Keywords of an include that do not belong to what is included.
const OWN_KEYWORDS: &[&str] = &[
    "collections",
    "debugger",
    "no_log",
    "run_once",
    "timeout",
    "name",
    "register",
    "when",
    "tags",
    "args",
    "until",
    "retries",
    "delay",
    "loop_control",
    "notify",
    "ignore_errors",
    "changed_when",
    "failed_when",
];

/// How deep includes may be in one another. Ansible has no limit but its memory.
const MAX_DEPTH: usize = 200;

impl Engine {
    /// Loads the files or the role of an include for a host.
    pub(crate) fn load_include(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        include: &Include,
        host: &str,
    ) -> Result<Loaded, TaskFailure> {
        let role = task.action.short() == "include_role";
        let args = &include.args;
        let above = task.scope.chain().filter(|s| s.kind == ScopeKind::Include);
        if above.count() >= MAX_DEPTH {
            let what = if role { "roles" } else { "task files" };
            return Err(TaskFailure::new(format!(
                "{what} include each other without end: this one is in {MAX_DEPTH} others"
            )));
        }
        let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
        // Variables of the include are evaluated where the loop's item is known.
        let level = include.vars.copied();
        for (name, raw) in task.scope.vars.text_entries() {
            level.insert(name, raw);
        }
        let apply = match args.get("apply") {
            None | Some(Value::None) => Map::new(),
            Some(Value::Map(m)) => m,
            Some(other) => {
                return Err(TaskFailure::new(format!(
                    "Expected a dict for apply but got {} instead",
                    other.repr()
                )));
            }
        };
        let keywords = Map::new();
        let outer = task
            .scope
            .parent
            .clone()
            .unwrap_or_else(|| Rc::clone(&task.scope));
        for (key, value) in task.scope.keywords.text_entries() {
            if !OWN_KEYWORDS.contains(&key.as_str()) {
                keywords.insert(key, value);
            }
        }
        level.freeze();
        let mut scope = Scope::below(&outer, ScopeKind::Include, keywords, level, task.origin);
        if !apply.is_empty() {
            // What is applied is a block around what is included.
            let (keywords, vars) = (apply.copied(), Map::new());
            if let Some(Value::Map(given)) = keywords.remove("vars") {
                given.entries().into_iter().for_each(|(k, v)| {
                    vars.insert(k, v);
                });
            }
            vars.freeze();
            scope = Scope::below(&scope, ScopeKind::Block, keywords, vars, task.origin);
        }
        let loaded = if role {
            self.load_role(play, task, args, &scope, &vars)
        } else {
            self.load_tasks(task, args, &scope, &vars)
        }?;
        for role in kdo_playbook::imports(&loaded.items) {
            let mut roles = play.play.roles.borrow_mut();
            if !loaded.roles.iter().chain(&*roles).any(|r| Rc::ptr_eq(r, &role)) {
                play.add_handlers(&role.handlers.borrow());
                roles.push(role);
            }
        }
        Ok(loaded)
    }

    fn diagnostics(&self) -> Result<(), TaskFailure> {
        let problems: Vec<_> = self.loader.take_diagnostics();
        let errors: Vec<_> = problems
            .iter()
            .filter(|d| d.severity == kdo_syntax::Severity::Error)
            .collect();
        let Some(first) = errors.first() else {
            return Ok(());
        };
        // One mark, as Ansible sets it: the length is that of the words for the terminal.
        let shown = |d: &kdo_syntax::Diagnostic| excerpt(&d.clone().length(1), self.sources());
        let mut text = shown(first);
        for d in errors.iter().skip(1) {
            text.push_str(&format!("\n\n{}\n{}", d.message, shown(d)));
        }
        Err(TaskFailure {
            message: first.message.clone(),
            rendered: Some(text),
            ..TaskFailure::default()
        })
    }

    fn load_tasks(
        &self,
        task: &Rc<Task>,
        args: &Map,
        scope: &Rc<Scope>,
        vars: &TaskVars,
    ) -> Result<Loaded, TaskFailure> {
        for (key, _) in args.text_entries() {
            if !matches!(key.as_str(), "file" | "_raw_params" | "apply") {
                return Err(TaskFailure::new(format!(
                    "Invalid options for include_tasks: {key}"
                )));
            }
        }
        let Some(name) = args
            .get("file")
            .or_else(|| args.get("_raw_params"))
            .map(|v| v.to_text())
            .filter(|n| !n.is_empty())
        else {
            return Err(TaskFailure::new("No file specified for include_tasks"));
        };
        let here = task
            .origin
            .and_then(|o| self.sources().path(o.file))
            .and_then(|p| p.parent().map(ToOwned::to_owned));
        let here = here.unwrap_or_else(|| vars.play.playbook_dir.clone());
        let path = self
            .loader
            .find_tasks_file(&name, scope, &here, task.handler)
            .or_else(|| {
                let search = SearchPath {
                    bases: vars.search_bases(),
                };
                search.find("tasks", &name).filter(|p| p.is_file())
            });
        let Some(path) = path else {
            let full = std::path::absolute(here.join(&name)).unwrap_or_else(|_| PathBuf::from(&name));
            let full = full.display();
            let access = format!("Could not find or access '{full}' on the Ansible Controller");
            return Err(TaskFailure::new(format!(
                "{access}: Unable to retrieve file contents.\n{access}.\nIf you are using a module and expect the file to \
                 exist on the remote, see the remote_src option: [Errno 2] No such file or directory: '{full}'"
            )));
        };
        let path = std::path::absolute(&path).unwrap_or(path);
        self.loader.playbook_dir.replace(vars.play.playbook_dir.clone());
        let items = self.loader.included_tasks(&path, scope, task.handler);
        self.diagnostics()?;
        Ok(Loaded {
            items,
            shown: path.to_string_lossy().into_owned(),
            roles: Vec::new(),
        })
    }

    fn load_role(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        args: &Map,
        scope: &Rc<Scope>,
        vars: &TaskVars,
    ) -> Result<Loaded, TaskFailure> {
        if let Some((key, _)) = args
            .text_entries()
            .into_iter()
            .find(|(k, _)| k != "_raw_params" && !kdo_playbook::ROLE_OPTIONS.contains(&k.as_str()))
        {
            return Err(TaskFailure::new(format!(
                "Invalid options for include_role: {key}"
            )));
        }
        let text = |name: &str| args.get(name).filter(|v| !v.is_none()).map(|v| v.to_text());
        let Some(name) = text("name").or_else(|| text("role")) else {
            return Err(TaskFailure::new("'name' is a required field for include_role."));
        };
        let options = RoleOptions {
            included: true,
            tasks_from: text("tasks_from"),
            vars_from: text("vars_from"),
            defaults_from: text("defaults_from"),
            handlers_from: text("handlers_from"),
            public: match args.get("public").filter(|v| !v.is_none()) {
                Some(_) => truthy(args, "public"),
                None => self.loader.private_role_vars.is_some_and(|private| !private),
            },
            allow_duplicates: !args.contains("allow_duplicates") || truthy(args, "allow_duplicates"),
            validate: !args.contains("rolespec_validate") || truthy(args, "rolespec_validate"),
        };
        self.loader.playbook_dir.replace(vars.play.playbook_dir.clone());
        // Its variables are the role's too, as those of an entry of `roles` are.
        let given = match scope.kind {
            ScopeKind::Include => scope.vars.clone(),
            _ => Map::new(),
        };
        let own = Scope::below(scope, ScopeKind::Role, Map::new(), given, task.origin);
        let role = self.loader.role(
            &name,
            own,
            Map::new(),
            &options,
            &[],
            args.get("name").and_then(|v| v.origin()).or(task.origin),
        );
        self.diagnostics()?;
        let Some(role) = role else {
            return Err(TaskFailure::new(format!("the role '{name}' was not found")));
        };
        let mut items = Vec::new();
        let roles = role.with_dependencies();
        for instance in &roles {
            play.add_handlers(&instance.handlers.borrow());
            if options.public {
                play.play.roles.borrow_mut().push(Rc::clone(instance));
            }
            items.extend(kdo_playbook::argument_check(&self.loader, instance));
            items.push(Item::Block(self.loader.role_block(instance)));
        }
        let block = Block {
            scope: Rc::clone(scope),
            body: items,
            rescue: Vec::new(),
            always: Vec::new(),
        };
        Ok(Loaded {
            items: vec![Item::Block(Rc::new(block))],
            shown: name,
            roles,
        })
    }

    /// Tells that something was included.
    pub(crate) fn told_include(&self, shown: &str, hosts: &[String], item: Option<&str>) {
        self.tell(&Event::Include {
            what: shown.to_owned(),
            hosts: hosts.to_vec(),
            item: item.map(str::to_owned),
        });
    }

    /// A failed include is a failed task on the host.
    pub(crate) fn include_failed(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        host: &str,
        include: &Include,
        failure: TaskFailure,
        rescued: bool,
    ) {
        let place = failure.rendered.as_ref();
        if let Some(place) = place {
            // As Ansible: what is wrong with a file is an error of its own, not that of a task's result.
            let text = format!("{}\n{place}", failure.message);
            self.tell(&Event::Error { text });
        }
        let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
        let info = self.task_info(&vars, task);
        let result = failure.into_result();
        result.insert("reason", result.get("msg").unwrap_or(Value::None));
        result.remove("msg");
        result.remove(crate::failure::RENDERED);
        if let Some(file) = include
            .args
            .get("file")
            .or_else(|| include.args.get("_raw_params"))
        {
            result.insert("include", file.to_text());
        }
        self.tell(&Event::HostResult(HostResult {
            host: host.to_owned(),
            delegated: None,
            task: info,
            status: Status::Failed,
            ignored: false,
            result,
            item: None,
            looped: false,
            error: None,
            elapsed: 0.0,
        }));
        self.count(host, |s| s.failed += 1);
        if !rescued {
            play.failed.borrow_mut().insert(host.to_owned());
        }
    }
}
