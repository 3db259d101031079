//! `requirements.yml`: a list of roles, or `roles` and `collections`.

use crate::{Failure, Kind, Requirement, Result, collection_spec, role_spec};
use kdo_syntax::{Diagnostic, LoadOptions, SourceMap, load_file, nearest};
use kdo_value::{Map, Value};
use std::path::Path;

const SECTIONS: &[&str] = &["roles", "collections"];
const ROLE_KEYS: &[&str] = &["include", "name", "role", "scm", "src", "version"];
const COLLECTION_KEYS: &[&str] = &["name", "signatures", "source", "type", "version"];

/// What the files say.
#[derive(Debug, Default)]
pub struct Requirements {
    /// In the order of the file.
    pub list: Vec<Requirement>,
    /// Likely slips that are none for Ansible.
    pub warnings: Vec<Diagnostic>,
    /// Whether the file is a list of roles, as all were before there were collections.
    pub is_list: bool,
    /// What is wrong in entries that are not in the list.
    pub wrong: Vec<Failure>,
}

impl Requirements {
    /// Reads a file and those that it includes, as far as they make sense.
    pub fn read_what_fits(path: &Path, sources: &SourceMap) -> Result<Self> {
        let mut all = Self::default();
        all.add_file(path, sources, None)?;
        Ok(all)
    }

    /// Reads a file and those that it includes. All that is wrong in them is told at once.
    pub fn read(path: &Path, sources: &SourceMap) -> Result<Self> {
        let mut all = Self::read_what_fits(path, sources)?;
        match Failure::all(std::mem::take(&mut all.wrong)) {
            Some(failure) => Err(failure),
            None => Ok(all),
        }
    }

    /// One word of the command line.
    pub fn of_word(kind: Kind, word: &str) -> Result<Requirement> {
        let base = Path::new(".");
        match kind {
            Kind::Role => role_spec::of_text(word, base),
            Kind::Collection => collection_spec::of_word(word, base),
        }
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
            Value::List(roles) => {
                self.is_list |= included.is_none();
                self.add_roles(&roles.to_vec(), base, sources, included.is_none());
                Ok(())
            }
            Value::Map(map) if included.is_none() => {
                self.add_map(&map, base, sources);
                Ok(())
            }
            Value::Map(map) => Err(Failure::invalid("an included file is a list of roles")
                .at(map.first().and_then(|(k, _)| k.origin()))
                .help("leave `roles:` out there; collections cannot be included")),
            other => Err(Failure::invalid(
                "requirements are a list of roles, or a mapping with `roles` and `collections`",
            )
            .at(other.origin())),
        }
    }

    fn add_map(&mut self, map: &Map, base: &Path, sources: &SourceMap) {
        for (key, _) in map.entries() {
            let key_text = key.to_text();
            if !SECTIONS.contains(&&*key_text) {
                let message = format!(
                    "Expecting only 'roles' and/or 'collections' as base keys in the requirements file. Found: {key_text}"
                );
                let failure = Failure::invalid(message).at(key.origin());
                let near = nearest(&key_text, SECTIONS.iter().copied());
                self.wrong.push(
                    near.into_iter()
                        .fold(failure, |f, n| f.help(format!("did you mean `{n}`?"))),
                );
            }
        }
        let roles = self.section(map, "roles");
        self.add_roles(&roles, base, sources, true);
        for (at, entry) in self.section(map, "collections").iter().enumerate() {
            let requirement = match entry {
                Value::Map(keys) => {
                    self.tell_slips(keys, COLLECTION_KEYS, sources);
                    collection_spec::of_map(keys, base)
                }
                Value::Str(text) => collection_spec::of_word(text.as_str(), base),
                // A number or a list does not know its place.
                _ => Err(Failure::invalid("a collection is a text or a mapping")
                    .of(format!("entry {} of collections", at + 1))
                    .help("write NAMESPACE.NAME, or the keys name, version, source, type and signatures")),
            };
            self.push(requirement, entry);
        }
    }

    fn add_roles(&mut self, roles: &[Value], base: &Path, sources: &SourceMap, includes: bool) {
        for (at, entry) in roles.iter().enumerate() {
            let requirement = match entry {
                Value::Map(keys) => {
                    if let Some(file) = keys.get("include") {
                        if let Err(failure) = self.include(&file, base, sources, includes) {
                            self.wrong.push(failure.at(file.origin()).at(place(entry)));
                        }
                        continue;
                    }
                    self.tell_slips(keys, ROLE_KEYS, sources);
                    role_spec::of_map(keys, base)
                }
                Value::Str(text) => role_spec::of_text(text.as_str(), base),
                _ => Err(Failure::invalid("a role is a text or a mapping")
                    .of(format!("entry {} of roles", at + 1))
                    .help("write SRC[,VERSION[,NAME]], or the keys src, version, name and scm")),
            };
            self.push(requirement, entry);
        }
    }

    fn include(&mut self, file: &Value, base: &Path, sources: &SourceMap, includes: bool) -> Result<()> {
        if !includes {
            return Err(Failure::invalid("an included file includes no further one")
                .help("name it in the file with the requirements"));
        }
        let written = file.to_text();
        let written = Path::new(&*written);
        let beside = base.join(written);
        let path = if written.is_file() { written } else { &beside };
        self.add_file(path, sources, Some(file))
    }

    fn push(&mut self, requirement: Result<Requirement>, entry: &Value) {
        let origin = place(entry);
        let key = |name: &str| entry.as_map().and_then(|m| m.get(name)?.origin());
        let checked = requirement.and_then(|r| {
            let name = key("name").or_else(|| key("role")).or_else(|| key("src"));
            r.package().map_err(|f| f.at(name))?;
            r.range().map_err(|f| f.at(key("version")))?;
            Ok(r)
        });
        match checked {
            Ok(requirement) => self.list.push(Requirement {
                origin,
                ..requirement
            }),
            Err(failure) => self.wrong.push(failure.at(origin)),
        }
    }

    fn section(&mut self, map: &Map, key: &str) -> Vec<Value> {
        match map.get(key) {
            None | Some(Value::None) => Vec::new(),
            Some(Value::List(list)) => list.to_vec(),
            Some(other) => {
                let failure = Failure::invalid(format!("`{key}` must be a list"));
                self.wrong
                    .push(failure.at(other.origin()).help("put `- ` before each entry"));
                Vec::new()
            }
        }
    }

    /// Keys that Ansible drops silently although they were surely meant to be another, and versions that are other
    /// numbers than they look.
    fn tell_slips(&mut self, keys: &Map, known: &[&str], sources: &SourceMap) {
        for (key, value) in keys.entries() {
            let text = key.to_text();
            if known.contains(&&*text) {
                let number = Some(&value).filter(|v| matches!(v, Value::Float(_)) && &*text == "version");
                let written = number.and_then(|_| written(&key, sources));
                if let Some(written) = written.filter(|w| *w != value.to_text()) {
                    self.warnings.push(Diagnostic {
                        severity: kdo_syntax::Severity::Warning,
                        ..Diagnostic::error(format!(
                            "the version {written} is the number {} here",
                            value.to_text()
                        ))
                        .at(key.origin())
                        .length(text.chars().count())
                        .label(format!("write it in quotes: '{written}'"))
                    });
                }
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

/// What stands behind a key, as it was written.
fn written(key: &Value, sources: &SourceMap) -> Option<String> {
    let origin = key.origin()?;
    let source = sources.get(origin.file)?;
    let line = source.line(origin.line)?;
    let start = usize::try_from(origin.column).ok()?.checked_sub(1)?;
    let rest: String = line.chars().skip(start).collect();
    let (_, value) = rest.split_once(':')?;
    let value = value.trim_start().split([' ', ',', '}', '#']).next()?;
    Some(value.to_owned()).filter(|v| !v.is_empty())
}

/// The place of an entry: its own, or that of its first key.
fn place(entry: &Value) -> Option<kdo_value::Origin> {
    let first = || entry.as_map()?.first()?.0.origin();
    entry.origin().or_else(first)
}
