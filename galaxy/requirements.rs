//! `requirements.yml`: a list of roles, or `roles` and `collections`.

use crate::{Failure, Kind, Requirement, Result, collection_spec, role_spec};
use kdo_syntax::{Diagnostic, LoadOptions, SourceMap, load_file, nearest};
use kdo_value::{Map, Value};
use std::path::Path;

const ROLE_KEYS: &[&str] = &["include", "name", "role", "scm", "src", "version"];
const COLLECTION_KEYS: &[&str] = &["name", "signatures", "source", "type", "version"];

/// What the files say.
#[derive(Debug, Default)]
pub struct Requirements {
    /// In the order of the file.
    pub list: Vec<Requirement>,
    /// Likely slips that are none for Ansible.
    pub warnings: Vec<Diagnostic>,
}

impl Requirements {
    /// Reads a file and those that it includes.
    pub fn read(path: &Path, sources: &SourceMap) -> Result<Self> {
        let mut all = Self::default();
        all.add_file(path, sources, None)?;
        Ok(all)
    }

    /// One word of the command line.
    pub fn of_word(kind: Kind, word: &str) -> Result<Requirement> {
        let base = Path::new(".");
        match kind {
            Kind::Role => role_spec::of_text(word, base),
            Kind::Collection => collection_spec::of_word(word, base),
        }
    }

    /// Only those of one kind.
    #[must_use]
    pub fn only(mut self, kind: Kind) -> Self {
        self.list.retain(|r| r.kind == kind);
        self
    }

    fn add_file(&mut self, path: &Path, sources: &SourceMap, included: Option<&Value>) -> Result<()> {
        if !path.is_file() {
            return Err(Failure::not_found(format!(
                "The requirements file '{}' does not exist.",
                path.display()
            ))
            .at(included.and_then(Value::origin)));
        }
        let documents = load_file(sources, path, LoadOptions::UNTRUSTED)?;
        self.warnings.extend(documents.warnings.iter().cloned());
        let base = path.parent().unwrap_or(Path::new("."));
        match documents.single()? {
            Value::None => Err(Failure::invalid(format!(
                "No requirements found in file '{}'",
                path.display()
            ))),
            Value::List(roles) => self.add_roles(&roles.to_vec(), base, sources, included.is_none()),
            Value::Map(map) if included.is_none() => self.add_map(&map, base, sources),
            other => Err(Failure::invalid(
                "requirements are a list of roles, or a mapping with `roles` and `collections`",
            )
            .at(other.origin())),
        }
    }

    fn add_map(&mut self, map: &Map, base: &Path, sources: &SourceMap) -> Result<()> {
        for (key, _) in map.entries() {
            if !["roles", "collections"].contains(&&*key.to_text()) {
                let message = format!(
                    "Expecting only 'roles' and/or 'collections' as base keys in the requirements file. Found: {}",
                    key.to_text()
                );
                return Err(Failure::invalid(message).at(key.origin()));
            }
        }
        self.add_roles(&section(map, "roles")?, base, sources, true)?;
        for entry in section(map, "collections")? {
            let requirement = match &entry {
                Value::Map(keys) => {
                    self.tell_slips(keys, COLLECTION_KEYS);
                    collection_spec::of_map(keys, base)
                }
                other => collection_spec::of_word(&other.to_text(), base),
            };
            self.push(requirement, &entry)?;
        }
        Ok(())
    }

    fn add_roles(&mut self, roles: &[Value], base: &Path, sources: &SourceMap, includes: bool) -> Result<()> {
        for entry in roles {
            let requirement = match entry {
                Value::Map(keys) => {
                    if let Some(file) = keys.get("include").filter(|_| includes) {
                        let written = file.to_text();
                        let written = Path::new(&*written);
                        let beside = base.join(written);
                        let path = if written.is_file() { written } else { &beside };
                        self.add_file(path, sources, Some(&file))?;
                        continue;
                    }
                    self.tell_slips(keys, ROLE_KEYS);
                    role_spec::of_map(keys, base)
                }
                Value::Str(text) => role_spec::of_text(text.as_str(), base),
                _ => Err(Failure::invalid("a role is a text or a mapping")),
            };
            self.push(requirement, entry)?;
        }
        Ok(())
    }

    fn push(&mut self, requirement: Result<Requirement>, entry: &Value) -> Result<()> {
        let origin = place(entry);
        let mut requirement = requirement.map_err(|f| f.at(origin))?;
        requirement.origin = origin;
        self.list.push(requirement);
        Ok(())
    }

    /// Keys that Ansible drops silently although they were surely meant to be another.
    fn tell_slips(&mut self, keys: &Map, known: &[&str]) {
        for (key, _) in keys.entries() {
            let text = key.to_text();
            if known.contains(&&*text) {
                continue;
            }
            if let Some(meant) = nearest(&text, known.iter().copied()) {
                self.warnings.push(Diagnostic {
                    severity: kdo_syntax::Severity::Warning,
                    ..Diagnostic::error(format!("the key `{text}` has no effect here"))
                        .at(key.origin())
                        .length(text.chars().count())
                        .label(format!("did you mean `{meant}`?"))
                });
            }
        }
    }
}

/// The place of an entry: its own, or that of its first key.
fn place(entry: &Value) -> Option<kdo_value::Origin> {
    let first = || entry.as_map()?.first()?.0.origin();
    entry.origin().or_else(first)
}

fn section(map: &Map, key: &str) -> Result<Vec<Value>> {
    match map.get(key) {
        None | Some(Value::None) => Ok(Vec::new()),
        Some(Value::List(list)) => Ok(list.to_vec()),
        Some(other) => Err(Failure::invalid(format!("`{key}` must be a list")).at(other.origin())),
    }
}
