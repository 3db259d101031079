//! Playbooks and the playbooks that they import.

use crate::{
    Loader, Play, Scope, ScopeKind,
    keywords::{Where, allowed, names},
    loader::{key_place, place},
    role_files,
};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Origin, Value};
use std::{path::Path, rc::Rc};

/// Keys that import a playbook.
const IMPORT_PLAYBOOK: &[&str] = &[
    "import_playbook",
    "ansible.builtin.import_playbook",
    "ansible.legacy.import_playbook",
];

/// Deeper static imports are taken for endless.
const MAX_DEPTH: usize = 100;

impl Loader {
    /// Loads a playbook with the playbooks that it imports.
    pub fn playbook(&self, path: &Path) -> Vec<Rc<Play>> {
        let dir = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        self.playbook_dir.replace(dir);
        let top = Scope::top(ScopeKind::Playbook, Map::new(), Map::new(), None);
        self.plays(path, &top, 0)
    }

    fn plays(&self, path: &Path, above: &Rc<Scope>, depth: usize) -> Vec<Rc<Play>> {
        let Some(value) = self.yaml(path) else {
            return Vec::new();
        };
        let start = Origin {
            file: self.last_file(path),
            line: 1,
            column: 1,
        };
        let entries = match &value {
            Value::List(entries) if entries.is_empty() => {
                self.fail("A playbook must contain at least one play", Some(start));
                return Vec::new();
            }
            Value::List(entries) => entries.to_vec(),
            Value::None => {
                self.fail(format!("the playbook `{}` is empty", path.display()), None);
                return Vec::new();
            }
            other => {
                self.fail(
                    format!(
                        "A playbook must be a list of plays, got a {} instead",
                        other.type_name()
                    ),
                    Some(start),
                );
                return Vec::new();
            }
        };
        let mut plays = Vec::new();
        for entry in entries {
            let Some(map) = entry.as_map() else {
                self.fail(
                    "playbook entries must be either valid plays or 'import_playbook' statements",
                    entry.origin().or(Some(start)),
                );
                continue;
            };
            let import = IMPORT_PLAYBOOK.iter().find_map(|k| map.get(k));
            match import {
                Some(target) if depth < MAX_DEPTH => {
                    plays.extend(self.import_playbook(map, &target, path, above, depth));
                }
                Some(target) => self.fail(
                    "playbooks import each other without end",
                    target.origin().or(place(map)),
                ),
                None => plays.extend(self.play(map, path, above)),
            }
        }
        plays
    }

    fn last_file(&self, path: &Path) -> u32 {
        (1..)
            .take_while(|n| self.sources.get(*n).is_some())
            .filter(|n| self.sources.path(*n).as_deref() == Some(path))
            .last()
            .unwrap_or(0)
    }

    fn import_playbook(
        &self,
        map: &Map,
        target: &Value,
        from: &Path,
        above: &Rc<Scope>,
        depth: usize,
    ) -> Vec<Rc<Play>> {
        let keywords = Map::new();
        for (key, value) in map.text_entries() {
            match key.as_str() {
                "when" | "tags" | "name" => {
                    keywords.insert(key, value);
                }
                "vars" => {}
                // Only conditions and tags come to the plays; the others are allowed and mean nothing.
                _ if IMPORT_PLAYBOOK.contains(&key.as_str()) || allowed(&key, Where::PlaybookImport) => {}
                _ => self.unknown_keyword(
                    &key,
                    "PlaybookInclude",
                    key_place(map, &key),
                    ["when", "vars"].into_iter().chain(names(Where::PlaybookImport)),
                ),
            }
        }
        let vars = self.vars_map("PlaybookInclude", map.get("vars"), place(map));
        let scope = Scope::below(above, ScopeKind::Playbook, keywords, vars, place(map));
        match target {
            Value::None => {
                let text = "The field 'import_playbook' is required but was not set.";
                self.fail(text, place(map));
                return Vec::new();
            }
            Value::List(_) | Value::Map(_) => {
                let text = format!(
                    "The field 'import_playbook' is supposed to be a string type, however the incoming data structure is a {}",
                    target.type_name()
                );
                self.fail(text, target.origin().or(place(map)));
                return Vec::new();
            }
            _ => {}
        }
        let name = match self.static_text(target, &scope) {
            Ok(name) => name,
            Err(e) => {
                self.fail(e, target.origin());
                return Vec::new();
            }
        };
        let base = from.parent().unwrap_or(Path::new("."));
        let mut path = base.join(&name);
        if !path.exists()
            && let [ns, collection, rest] = name.splitn(3, '.').collect::<Vec<_>>()[..]
            && let Some(folder) = self.collection_folder(ns, collection)
            && let Some(found) = role_files::file(&folder.join("playbooks"), &rest.replace('.', "/"))
        {
            path = found;
        }
        if !path.is_file() {
            self.report(
                Diagnostic::error(format!(
                    "the imported playbook `{}` does not exist",
                    path.display()
                ))
                .at(target.origin()),
            );
            return Vec::new();
        }
        // Imported plays are relative to their own folder, as in Ansible.
        let dir = path.parent().map(Path::to_owned).unwrap_or_default();
        let before = self
            .playbook_dir
            .replace(std::path::absolute(&dir).unwrap_or(dir));
        let plays = self.plays(&path, &scope, depth + 1);
        self.playbook_dir.replace(before);
        plays
    }
}
