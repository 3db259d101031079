//! What one task on one host sees.

use crate::{
    PlayVars, Store,
    magic::{MAGIC, OF_HOST},
};
use kdo_inventory::{HashBehaviour, merge};
use kdo_playbook::{RoleInstance, Scope, ScopeKind};
use kdo_template::Variables;
use kdo_value::{Map, Value};
use std::{cell::RefCell, collections::HashSet, path::PathBuf, rc::Rc};

/// The variables of a host in a play, seen from a task (or from outside of any). Levels are searched from the
/// highest to the lowest at each look-up; nothing is evaluated here.
#[derive(Clone)]
pub struct TaskVars {
    /// Of all hosts.
    pub store: Rc<Store>,
    /// Of the play.
    pub play: Rc<PlayVars>,
    /// The host.
    pub host: String,
    /// The task's level, if seen from a task.
    pub scope: Option<Rc<Scope>>,
    /// Above everything: the loop's item, results being judged.
    pub local: Rc<RefCell<Vec<Map>>>,
    /// Whether facts come from the delegated host under `ansible_delegated_vars`.
    pub delegated: Option<String>,
    /// Without what the play and its roles set, as `hostvars` shows hosts.
    pub alone: bool,
}

impl TaskVars {
    /// A host's variables seen from a task.
    pub fn new(store: &Rc<Store>, play: &Rc<PlayVars>, host: &str, scope: Option<&Rc<Scope>>) -> Self {
        Self {
            store: Rc::clone(store),
            play: Rc::clone(play),
            host: host.to_owned(),
            scope: scope.cloned(),
            local: Rc::default(),
            delegated: None,
            alone: false,
        }
    }

    /// Puts a level above all others, until [`Self::pop`].
    pub fn push(&self, values: Map) {
        values.freeze();
        self.local.borrow_mut().push(values);
    }

    /// Takes the topmost level away again.
    pub fn pop(&self) {
        self.local.borrow_mut().pop();
    }

    pub(crate) fn role(&self) -> Option<Rc<RoleInstance>> {
        self.scope.as_ref().and_then(|s| s.role())
    }

    /// Folders in which the task's files are looked for: its role and those around it, its own file's, the playbook's.
    pub fn search_bases(&self) -> Vec<PathBuf> {
        let mut bases: Vec<PathBuf> = Vec::new();
        let mut add = |dir: PathBuf| {
            if !bases.contains(&dir) {
                bases.push(dir);
            }
        };
        if let Some(scope) = &self.scope {
            for role in scope.chain().filter_map(|s| s.role()) {
                add(role.role.path.clone());
            }
            let file = scope.origin.and_then(|o| self.store.sources.path(o.file));
            if let Some(dir) = file.and_then(|p| p.parent().map(ToOwned::to_owned)) {
                // A file named without a folder is in the current one.
                add(match dir.as_os_str().is_empty() {
                    true => std::env::current_dir().unwrap_or(dir),
                    false => std::path::absolute(&dir).unwrap_or(dir),
                });
            }
        }
        add(self.play.playbook_dir.clone());
        bases
    }

    fn scopes_below_play(&self) -> impl Iterator<Item = Rc<Scope>> {
        self.scope
            .iter()
            .flat_map(|s| s.chain().collect::<Vec<_>>())
            .take_while(|s| !matches!(s.kind, ScopeKind::Play | ScopeKind::Playbook))
    }

    /// Shows the values that the variable has at all levels, highest first, until `take` has enough (`true`).
    fn levels(&self, name: &str, take: &mut dyn FnMut(Value) -> bool) -> bool {
        let mut at = |value: Option<Value>| value.is_some_and(&mut *take);
        at(self.store.extra.get(name))
            || self.given(name, &mut at)
            || at(self.fact(name))
            || at(self.store.base(&self.host, &self.play.playbook_dir).get(name))
            || (!self.alone && self.role_level(|r| at(r.role.defaults.get(name))))
            || at(self
                .store
                .info
                .login_password
                .as_ref()
                .filter(|_| name == "ansible_password")
                .map(|p| Value::Str(p.clone())))
            || at((name == "ansible_managed").then(|| Value::str("Ansible managed")))
    }

    /// What playbooks and tasks give: from the parameters of roles and includes down to the play's variables.
    fn given(&self, name: &str, at: &mut dyn FnMut(Option<Value>) -> bool) -> bool {
        // Of what tasks, blocks, imports and entries of roles say, the nearest counts.
        let mut written = None;
        for scope in self.scopes_below_play() {
            let own = scope.vars.get(name);
            if scope.kind == ScopeKind::Include && at(own.clone()) {
                return true;
            }
            if let Some(role) = scope.role().filter(|r| Rc::ptr_eq(&r.scope, &scope))
                && at(role.params.get(name))
            {
                return true;
            }
            written = written.or(own);
        }
        let from = |map: Option<Map>| map.and_then(|m| m.get(name));
        if at(from(self.store.set_values(&self.host))) || at(from(self.store.included(&self.host))) {
            return true;
        }
        if self.alone {
            return false;
        }
        let mut entries = self.scopes_below_play().filter(|s| s.kind == ScopeKind::Role);
        if at(written)
            || entries.any(|s| at(s.vars.get(name)))
            || self.role_level(|r| at(r.role.vars.get(name)))
            || at(self.play.files.borrow().get(&self.host).and_then(|m| m.get(name)))
            || at(self.play.prompted.get(name))
        {
            return true;
        }
        // What an import gives wins over the play's own.
        let levels: Vec<_> = self.play.play.scope.chain().collect();
        levels.iter().rev().any(|s| at(s.vars.get(name)))
    }

    /// Visits the task's role, the roles it depends on and those around it; then the play's public roles, last first.
    fn role_level(&self, mut visit: impl FnMut(&RoleInstance) -> bool) -> bool {
        if let Some(role) = self.role() {
            if role.with_dependencies().iter().rev().any(|r| visit(r)) {
                return true;
            }
            let mut seen = Rc::clone(&role);
            for s in self.scopes_below_play() {
                if let Some(r) = s.role()
                    && !Rc::ptr_eq(&r, &seen)
                {
                    if visit(&r) {
                        return true;
                    }
                    seen = r;
                }
            }
        }
        let roles = self.play.play.roles.borrow();
        roles.iter().rev().filter(|r| r.public).any(|r| visit(r))
    }

    pub(crate) fn fact(&self, name: &str) -> Option<Value> {
        let facts = self.store.facts(&self.host);
        if name == "ansible_facts" {
            return Some(facts.unwrap_or_default().into());
        }
        if name == "ansible_local" {
            return facts?.get("local");
        }
        if !self.store.info.inject_facts {
            return None;
        }
        if self.store.is_bare(&self.host, name) {
            return facts?.get(name);
        }
        let plain = name.strip_prefix("ansible_")?;
        facts?.get(plain)
    }

    fn raw(&self, name: &str) -> Option<Value> {
        let local = self.local.borrow().iter().rev().find_map(|m| m.get(name));
        if let Some(own) = local.or_else(|| self.magic(name)) {
            return Some(own);
        }
        let mut found = None;
        if self.store.info.hash_behaviour != HashBehaviour::Merge {
            self.levels(name, &mut |value| {
                found = Some(value);
                true
            });
            return found;
        }
        // Dicts of all levels, down to the first value that is none.
        let mut dicts: Vec<Map> = Vec::new();
        self.levels(name, &mut |value| match value {
            Value::Map(map) => {
                dicts.push(map);
                false
            }
            other => {
                found = Some(other);
                true
            }
        });
        if dicts.len() < 2 {
            return dicts.pop().map(Value::Map).or(found);
        }
        let all = Map::new();
        for dict in dicts.iter().rev() {
            merge(&all, dict, HashBehaviour::Merge);
        }
        all.freeze();
        Some(all.into())
    }
}

impl Variables for TaskVars {
    fn get(&self, name: &str) -> Option<Value> {
        self.raw(name)
    }

    /// Each name once, in the order in which Ansible's levels bring them up: lowest level first. Templates that go
    /// through `vars` or `hostvars` see this order.
    fn names(&self) -> Vec<String> {
        let mut names = Names::default();
        let scopes: Vec<_> = self
            .scope
            .iter()
            .flat_map(|s| s.chain().collect::<Vec<_>>())
            .collect();
        let mut roles = self.play.play.roles.borrow().clone();
        roles.extend(self.role().iter().flat_map(|r| r.with_dependencies()));
        if self.alone {
            roles.clear();
        }
        roles.iter().for_each(|r| names.all(&r.role.defaults));
        names.all(&self.store.base(&self.host, &self.play.playbook_dir));
        OF_HOST.iter().for_each(|n| names.add(n));
        if let Some(facts) = self.store.facts(&self.host)
            && self.store.info.inject_facts
        {
            for (key, _) in facts.text_entries() {
                match self.store.is_bare(&self.host, &key) {
                    true => names.add(&key),
                    false => names.add(&format!("ansible_{key}")),
                }
            }
        }
        if !self.alone {
            let play: Vec<_> = self.play.play.scope.chain().collect();
            play.iter().for_each(|s| names.all(&s.vars));
            names.all(&self.play.prompted);
            if let Some(map) = self.play.files.borrow().get(&self.host) {
                names.all(map);
            }
            roles.iter().for_each(|r| names.all(&r.role.vars));
        }
        let given = |s: &Scope| s.kind == ScopeKind::Include;
        for scope in scopes.iter().rev().filter(|s| !given(s)) {
            names.all(&scope.vars);
        }
        for map in [self.store.included(&self.host), self.store.set_values(&self.host)] {
            map.iter().for_each(|m| names.all(m));
        }
        roles.iter().for_each(|r| names.all(&r.params));
        scopes.iter().rev().for_each(|s| names.all(&s.vars));
        names.all(&self.store.extra);
        for name in MAGIC.iter().filter(|n| self.magic(n).is_some()) {
            names.add(name);
        }
        self.local.borrow().iter().for_each(|m| names.all(m));
        names.in_order
    }
}

/// Names, each once.
#[derive(Default)]
struct Names {
    in_order: Vec<String>,
    seen: HashSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
            self.in_order.push(name.to_owned());
        }
    }

    fn all(&mut self, map: &Map) {
        map.text_entries().iter().for_each(|(name, _)| self.add(name));
    }
}
