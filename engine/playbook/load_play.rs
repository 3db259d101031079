//! Plays.

use crate::{
    Loader, Play, Scope, ScopeKind,
    keywords::{Where, allowed, names},
    loader::{key_place, list, place},
};
use kdo_value::{Map, Text, Value};
use std::{cell::RefCell, path::Path, rc::Rc};

impl Loader {
    pub(crate) fn play(&self, map: &Map, path: &Path, above: &Rc<Scope>) -> Option<Rc<Play>> {
        let origin = place(map);
        let keywords = Map::new();
        let mut complete = true;
        for (key, value) in map.text_entries() {
            if allowed(&key, Where::Play) {
                keywords.insert(
                    if key == "user" {
                        "remote_user"
                    } else {
                        key.as_str()
                    },
                    value,
                );
            } else {
                self.unknown_keyword(&key, "Play", key_place(map, &key), names(Where::Play));
                complete = false;
            }
        }
        if map.contains("user") && map.contains("remote_user") {
            self.fail(
                "both 'user' and 'remote_user' are set for this play. The use of 'user' is deprecated, and should be removed",
                key_place(map, "user"),
            );
        }
        let hosts = match map.get("hosts") {
            None => {
                if complete {
                    self.fail("the field 'hosts' is required but was not set", origin);
                }
                return None;
            }
            Some(Value::None) => {
                self.fail(
                    "Hosts list cannot be empty. Please check your playbook",
                    key_place(map, "hosts"),
                );
                return None;
            }
            Some(Value::List(l)) if l.is_empty() => {
                self.fail(
                    "Hosts list cannot be empty. Please check your playbook",
                    key_place(map, "hosts"),
                );
                return None;
            }
            Some(Value::Str(t)) if t.is_empty() => {
                self.fail(
                    "Hosts list cannot be empty. Please check your playbook",
                    key_place(map, "hosts"),
                );
                return None;
            }
            Some(Value::List(l)) if l.items().iter().any(|v| v.as_str().is_none()) => {
                let wrong = l.to_vec().into_iter().find(|v| v.as_str().is_none());
                let text = match wrong {
                    None | Some(Value::None) => {
                        "Hosts list cannot contain values of 'None'. Please check your playbook".to_owned()
                    }
                    Some(v) => format!("Hosts list contains an invalid host value: '{}'", v.to_text()),
                };
                self.fail(text, key_place(map, "hosts"));
                return None;
            }
            Some(v @ (Value::Str(_) | Value::List(_))) => v,
            Some(_) => {
                self.fail(
                    "Hosts list must be a sequence or string. Please check your playbook.",
                    key_place(map, "hosts"),
                );
                return None;
            }
        };
        self.check_fields(&keywords);
        let vars = self.vars_map("Play", map.get("vars"), key_place(map, "vars"));
        if let Some(files) = map.get("vars_files").filter(|v| matches!(v, Value::Map(_))) {
            let text = format!("Invalid `vars_files` value of type '{}'.", files.type_name());
            self.fail(text, key_place(map, "vars_files"));
        }
        let scope = Scope::below(above, ScopeKind::Play, keywords, vars, origin);
        let name = match map.get("name") {
            Some(Value::Str(t)) => Some(t),
            Some(Value::None) | None => None,
            Some(v) => Some(Text::new(v.to_text())),
        };
        let dir = self.playbook_dir.borrow().clone();
        let items = |section: &str, place: Where| {
            let value = map.get(section);
            self.items(section, value, &scope, &dir, place, 0, key_place(map, section))
        };
        let roles = self.role_list(map.get("roles"), &scope, key_place(map, "roles"));
        let mut handlers = Vec::new();
        let mut all_roles = Vec::new();
        for role in &roles {
            for r in role.with_dependencies() {
                handlers.extend(r.handlers.borrow().iter().cloned());
                all_roles.push(r);
            }
        }
        let role_tasks = self.tasks_of_roles(&roles);
        let (pre_tasks, tasks, post_tasks) = (
            items("pre_tasks", Where::Task),
            items("tasks", Where::Task),
            items("post_tasks", Where::Task),
        );
        let own = items("handlers", Where::Handler);
        let play = Play {
            name,
            hosts,
            scope: Rc::clone(&scope),
            pre_tasks,
            role_tasks,
            tasks,
            post_tasks,
            handlers: RefCell::new(handlers),
            roles: RefCell::new(all_roles),
            vars_files: list(map.get("vars_files")),
            vars_prompt: self.prompts(map),
            path: path.to_owned(),
            origin,
        };
        for section in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
            crate::handlers::imported_roles(section, &play);
        }
        crate::handlers::flatten(&own, &mut play.handlers.borrow_mut());
        Some(Rc::new(play))
    }

    /// The entries of `vars_prompt`.
    fn prompts(&self, play: &Map) -> Vec<Map> {
        const KNOWN: &[&str] = &[
            "name",
            "prompt",
            "default",
            "private",
            "confirm",
            "encrypt",
            "salt_size",
            "salt",
            "unsafe",
        ];
        let section = key_place(play, "vars_prompt");
        let mut prompts = Vec::new();
        for entry in list(play.get("vars_prompt")) {
            let Some(map) = entry.as_map() else {
                let text = format!(
                    "Invalid vars_prompt data structure: {} is no dictionary",
                    entry.repr()
                );
                self.fail(text, entry.origin().or(section));
                continue;
            };
            if !map.contains("name") {
                let text = "Invalid vars_prompt data structure, missing 'name' key";
                self.fail(text, place(map).or(section));
            }
            for (key, _) in map.text_entries() {
                if !KNOWN.contains(&key.as_str()) {
                    let text = format!("Invalid vars_prompt data structure, found unsupported key '{key}'");
                    self.fail(text, key_place(map, &key));
                }
            }
            prompts.push(map.clone());
        }
        prompts
    }
}
