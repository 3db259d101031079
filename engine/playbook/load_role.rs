//! Roles: where they stand, what is in their folders, what they depend on.

use crate::{
    Item, Loader, Role, RoleInstance, RoleOptions, Scope, ScopeKind,
    find_role::FoundRole,
    keywords::{Where, allowed},
    loader::{key_place, list, place},
    role_files,
};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Origin, Value};
use std::{cell::RefCell, path::Path, rc::Rc};

impl Loader {
    pub(crate) fn role_list(
        &self,
        value: Option<Value>,
        scope: &Rc<Scope>,
        origin: Option<Origin>,
    ) -> Vec<Rc<RoleInstance>> {
        let entries = match value {
            None | Some(Value::None) => return Vec::new(),
            Some(Value::List(l)) => l.to_vec(),
            Some(other) => {
                self.fail(
                    format!(
                        "A malformed role declaration was encountered: {} should be a list but is {}",
                        other.to_text(),
                        other.type_name()
                    ),
                    origin,
                );
                return Vec::new();
            }
        };
        entries
            .iter()
            .filter_map(|e| self.role_entry(e, scope, &[], origin))
            .collect()
    }

    /// A role's entry: its name, or a dict with `role`, keywords and parameters.
    pub(crate) fn role_entry(
        &self,
        entry: &Value,
        above: &Rc<Scope>,
        chain: &[Rc<Role>],
        origin: Option<Origin>,
    ) -> Option<Rc<RoleInstance>> {
        let (keywords, params) = (Map::new(), Map::new());
        let mut vars = Map::new();
        let name = match entry {
            Value::Str(_) => entry.clone(),
            Value::Map(map) => {
                for (key, value) in map.text_entries() {
                    if key == "role" || key == "name" {
                        continue;
                    } else if key == "vars" {
                        vars = self.vars_map("RoleInclude", Some(value), key_place(map, "vars"));
                    } else if allowed(&key, Where::Role) {
                        keywords.insert(key, value);
                    } else if !matches!(key.as_str(), "src" | "scm" | "version") {
                        params.insert(key, value);
                    }
                }
                match map.get("role").or_else(|| map.get("name")) {
                    Some(v @ Value::Str(_)) => v,
                    _ => {
                        self.fail("role definitions must contain a role name", place(map));
                        return None;
                    }
                }
            }
            other => {
                self.fail(
                    format!("Invalid role definition: {}", other.repr()),
                    other.origin().or(origin),
                );
                return None;
            }
        };
        self.check_fields(&keywords);
        params.freeze();
        let at = name.origin().or(origin);
        let scope = Scope::below(above, ScopeKind::Role, keywords, vars, at);
        let text = match self.static_text(&name, &scope) {
            Ok(t) => t,
            Err(e) => {
                self.fail(e, at);
                return None;
            }
        };
        if text.contains(',') {
            self.fail(format!("Invalid old style role requirement: {text}"), at);
            return None;
        }
        let options = RoleOptions {
            public: !self.private_role_vars.unwrap_or(false),
            validate: true,
            ..RoleOptions::default()
        };
        self.role(&text, scope, params, &options, chain, at)
    }

    /// Loads a role for use below `scope` (which becomes the role's own scope), with its dependencies.
    pub fn role(
        &self,
        name: &str,
        scope: Rc<Scope>,
        params: Map,
        options: &RoleOptions,
        chain: &[Rc<Role>],
        origin: Option<Origin>,
    ) -> Option<Rc<RoleInstance>> {
        let FoundRole {
            path,
            collection,
            name,
        } = self.find_role(name, &scope, chain, origin)?;
        let role = self.read_role(&name, &path, collection, options);
        if let Some(at) = chain.iter().position(|r| r.path == role.path) {
            let mut names: Vec<_> = chain
                .iter()
                .skip(at)
                .map(|r| format!("{} ({})", r.name, r.path.display()))
                .collect();
            names.push(format!("{} ({})", role.name, role.path.display()));
            self.report(
                Diagnostic::error(format!(
                    "role `{}` depends on itself: {}",
                    role.name,
                    names.join(" → ")
                ))
                .at(origin),
            );
            return None;
        }
        let mut chain = chain.to_vec();
        chain.push(Rc::clone(&role));
        let meta = role.meta.clone();
        let dependencies = list(meta.get("dependencies"))
            .iter()
            .filter_map(|entry| self.role_entry(entry, &scope, &chain, key_place(&meta, "dependencies")))
            .collect();
        let parents = scope
            .parent
            .as_ref()
            .map(crate::handlers::role_names)
            .unwrap_or_default();
        let instance = Rc::new(RoleInstance {
            role: Rc::clone(&role),
            scope: Rc::clone(&scope),
            params,
            dependencies,
            tasks: RefCell::default(),
            handlers: RefCell::default(),
            parents,
            dependency: chain.len() > 1,
            public: options.public,
            options: RoleOptions {
                // These do not make it another role.
                public: true,
                allow_duplicates: false,
                validate: true,
                ..options.clone()
            },
            again: options.allow_duplicates
                || role
                    .meta
                    .get("allow_duplicates")
                    .as_ref()
                    .is_some_and(Value::truthy),
            entry_point: options
                .validate
                .then(|| options.tasks_from.clone().unwrap_or_else(|| "main".into())),
        });
        scope.role.replace(Some(Rc::clone(&instance)));
        let section = |folder: &str, from: &Option<String>, place: Where| -> Vec<Item> {
            let dir = path.join(folder);
            let wanted = from.as_deref().unwrap_or("main");
            let found = match from {
                Some(_) => role_files::file(&dir, wanted),
                None => role_files::main_file(&dir),
            };
            match found {
                Some(file) if !role_files::inside(&dir, &file) => {
                    let what = format!(
                        "Failed loading '{}' for role ({}) as it is not inside the expected role path: '{}'",
                        file.display(),
                        role.name,
                        dir.display()
                    );
                    self.report(Diagnostic::error(what).at(origin));
                    Vec::new()
                }
                Some(file) => self.tasks_file(&file, &scope, place, 0),
                None => {
                    if from.is_some() && dir.is_dir() {
                        let what = format!("Could not find specified file in role: {folder}/{wanted}");
                        self.report(Diagnostic::error(what).at(origin));
                    }
                    Vec::new()
                }
            }
        };
        let tasks = section("tasks", &options.tasks_from, Where::Task);
        instance.tasks.replace(tasks);
        let handlers = section("handlers", &options.handlers_from, Where::Handler);
        crate::handlers::flatten(&handlers, &mut instance.handlers.borrow_mut());
        Some(instance)
    }

    fn read_role(
        &self,
        name: &str,
        path: &Path,
        collection: Option<String>,
        options: &RoleOptions,
    ) -> Rc<Role> {
        let key = format!(
            "{name} {} {:?} {:?}",
            path.display(),
            options.vars_from,
            options.defaults_from
        );
        if let Some(role) = self.roles.borrow().get(&key) {
            return Rc::clone(role);
        }
        let merged = |folder: &str, from: &Option<String>| {
            let all = Map::new();
            let name = from.as_deref().unwrap_or("main");
            let files = role_files::file_or_folder(&path.join(folder), name);
            if files.is_empty() && from.is_some() && path.join(folder).is_dir() {
                self.fail(
                    format!("Could not find specified file in role: {folder}/{name}"),
                    None,
                );
            }
            for file in files {
                match self.yaml(&file) {
                    Some(Value::Map(m)) => m.entries().into_iter().for_each(|(k, v)| {
                        all.insert(k, v);
                    }),
                    Some(Value::None) | None => {}
                    Some(_) => self.fail(
                        format!(
                            "The {folder}/main.yml file for role '{}' must contain a dictionary of variables",
                            path.display()
                        ),
                        None,
                    ),
                }
            }
            all.freeze();
            all
        };
        let meta = match role_files::file(&path.join("meta"), "main").and_then(|f| self.yaml(&f)) {
            Some(Value::Map(m)) => {
                self.check_meta(&m);
                m
            }
            Some(Value::None) | None => Map::new(),
            Some(other) => {
                self.fail(
                    format!("the 'meta/main.yml' for role {name} is not a dictionary"),
                    other.origin(),
                );
                Map::new()
            }
        };
        let specs = role_files::file(&path.join("meta"), "argument_specs")
            .and_then(|f| self.yaml(&f))
            .and_then(|v| v.get("argument_specs"))
            .or_else(|| meta.get("argument_specs"));
        let role = Rc::new(Role {
            name: name.to_owned(),
            collection,
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            defaults: merged("defaults", &options.defaults_from),
            vars: merged("vars", &options.vars_from),
            meta,
            argument_specs: specs.and_then(|v| v.as_map().cloned()),
        });
        if !self.role_folders.borrow().contains(&role.path) {
            self.role_folders.borrow_mut().push(role.path.clone());
        }
        self.roles.borrow_mut().insert(key, Rc::clone(&role));
        role
    }

    /// The tasks of a play's roles, dependencies first. A role that has run on a host is left out there at run time.
    pub(crate) fn tasks_of_roles(&self, roles: &[Rc<RoleInstance>]) -> Vec<Item> {
        let mut out = Vec::new();
        for role in roles {
            for instance in role.with_dependencies() {
                out.extend(crate::argument_check(self, &instance));
                out.push(Item::Block(self.role_block(&instance)));
            }
        }
        out
    }

    /// A role's own tasks as a block.
    pub fn role_block(&self, instance: &Rc<RoleInstance>) -> Rc<crate::Block> {
        let mut body = instance.tasks.borrow().clone();
        let end = Map::new();
        end.insert("_raw_params", "role_complete");
        body.push(Item::Task(Rc::new(crate::Task {
            id: self.task_id(),
            name: None,
            action: crate::Action {
                name: "meta".into(),
                origin: None,
                args: end,
                template: None,
            },
            scope: Scope::below(&instance.scope, ScopeKind::Task, Map::new(), Map::new(), None),
            repeat: None,
            handler: false,
            origin: None,
        })));
        Rc::new(crate::Block {
            scope: Rc::clone(&instance.scope),
            body,
            rescue: Vec::new(),
            always: Vec::new(),
        })
    }
}
