//! `acl`: access control lists of files, by the host's `setfacl` and `getfacl`.

use crate::{commands::words::quote, prelude::*};
use std::path::PathBuf;

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Etype {
    Group,
    Mask,
    Other,
    User,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Recalculation {
    Default,
    Mask,
    NoMask,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Present,
    Query,
}

/// Give users and groups rights on files by access control lists
///
/// The programs of the package `acl` do the work, or those of `nfs4-acl-tools` with `use_nfsv4_acls`.
#[derive(Params)]
pub struct Acl {
    /// The file or folder.
    #[param(required, alias = "name")]
    path: PathBuf,
    /// Whether the entry must be there, must not be there, or the list is only told.
    #[param(default = "query")]
    state: State,
    /// Whom the entry is for: a user, a group, the mask or all others.
    etype: Option<Etype>,
    /// Name or number of the user or group.
    #[param(default = "")]
    entity: String,
    /// The rights, letters of `rwxX`.
    permissions: Option<String>,
    /// The entry in the notation of `setfacl`, instead of `etype`, `entity` and `permissions`.
    entry: Option<String>,
    /// Change the list that new files of a folder get.
    #[param(default = false)]
    default: bool,
    /// Change everything below a folder too.
    #[param(default = false, alias = "recurse")]
    recursive: bool,
    /// Work on what a link points to.
    #[param(default = true)]
    follow: bool,
    /// Whether the mask is computed anew: as `setfacl` does by itself, always or never.
    #[param(default = "default")]
    recalculate_mask: Recalculation,
    /// The list is one of NFSv4.
    #[param(default = false)]
    use_nfsv4_acls: bool,
}

/// One entry in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    etype: Option<Etype>,
    entity: String,
    permissions: Option<String>,
    default: bool,
}

impl Entry {
    /// From `[default:]kind:name[:permissions]`, each word by its first letter.
    fn parse(text: &str) -> Result<Self, Failure> {
        let default = text.to_lowercase().starts_with('d');
        let mut words: Vec<&str> = text.split(':').collect();
        if default {
            words.remove(0);
        }
        let (kind, entity, permissions) = match words[..] {
            [kind, entity] => (kind, entity, None),
            [kind, entity, permissions] => (kind, entity, Some(permissions.to_owned())),
            _ => {
                return Err(Failure::new(format!(
                    "'{text}' is no entry of an access control list"
                )));
            }
        };
        let etype = match kind.chars().next().map(|c| c.to_ascii_lowercase()) {
            Some('u') => Some(Etype::User),
            Some('g') => Some(Etype::Group),
            Some('m') => Some(Etype::Mask),
            Some('o') => Some(Etype::Other),
            _ => None,
        };
        if etype.is_none() {
            return Err(Failure::new(format!(
                "'{kind}' is no kind of an entry: it is user, group, mask or other"
            )));
        }
        Ok(Self {
            etype,
            entity: entity.to_owned(),
            permissions,
            default,
        })
    }

    /// As the programs take it; without the permissions if they are not given.
    fn written(&self, nfs: bool) -> String {
        let kind = match self.etype {
            Some(Etype::User) => "user",
            Some(Etype::Group) => "group",
            Some(Etype::Mask) => "mask",
            Some(Etype::Other) => "other",
            None => "None",
        };
        if nfs {
            let group = if kind == "group" { "g" } else { "" };
            let permissions = self.permissions.as_deref().unwrap_or_default();
            return format!("A:{group}:{}:{permissions}tcy", self.entity);
        }
        match self.permissions.as_deref().filter(|p| !p.is_empty()) {
            Some(permissions) => format!("{kind}:{}:{permissions}", self.entity),
            None => format!("{kind}:{}", self.entity),
        }
    }
}

impl Acl {
    /// What the parameters say together, if they fit together.
    fn wanted(&self) -> Result<Option<Entry>, Failure> {
        let wrong = |text: &str| Err(Failure::new(text));
        if !self.path.exists() {
            return wrong("Path not found or not accessible.");
        }
        if self.state == State::Query {
            if self.recursive {
                return wrong("'recursive' MUST NOT be set when 'state=query'.");
            }
            if self.recalculate_mask != Recalculation::Default {
                return wrong(
                    "'recalculate_mask' MUST NOT be set to 'mask' or 'no_mask' when 'state=query'.",
                );
            }
        }
        let given = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.is_empty());
        let Some(entry) = self.entry.as_ref().filter(|e| !e.is_empty()) else {
            if self.state == State::Absent && given(&self.permissions) && !self.use_nfsv4_acls {
                return wrong("'permissions' MUST NOT be set when 'state=absent'.");
            }
            if self.state == State::Absent && self.entity.is_empty() {
                return wrong("'entity' MUST be set when 'state=absent'.");
            }
            if self.state == State::Query {
                return Ok(None);
            }
            if self.etype.is_none() {
                return wrong("'etype' MUST be set when 'state' is present or absent.");
            }
            return Ok(Some(Entry {
                etype: self.etype,
                entity: self.entity.clone(),
                permissions: self.permissions.clone(),
                default: self.default,
            }));
        };
        if self.etype.is_some() || !self.entity.is_empty() || given(&self.permissions) {
            return wrong("'entry' MUST NOT be set when 'entity', 'etype' or 'permissions' are set.");
        }
        let colons = entry.matches(':').count();
        match self.state {
            State::Present if !matches!(colons, 2 | 3) => {
                wrong("'entry' MUST have 3 or 4 sections divided by ':' when 'state=present'.")
            }
            State::Absent if !matches!(colons, 1 | 2) => {
                wrong("'entry' MUST have 2 or 3 sections divided by ':' when 'state=absent'.")
            }
            State::Query => wrong("'entry' MUST NOT be set when 'state=query'."),
            State::Present | State::Absent => {
                let mut parsed = Entry::parse(entry)?;
                parsed.default |= self.default;
                Ok(Some(parsed))
            }
        }
    }

    fn program(&self, host: &Host<'_>, name: &str) -> Result<Command, Failure> {
        let found = match self.use_nfsv4_acls {
            true => host.need_program(&format!("nfs4_{name}"), "nfs4-acl-tools")?,
            false => host.need_program(name, "acl")?,
        };
        Ok(Command::new(found))
    }

    /// What all calls end with.
    fn ending(&self, mut command: Command, changes: bool) -> Command {
        if self.recursive && !self.use_nfsv4_acls {
            command = command.arg("--recursive");
        }
        match self.recalculate_mask {
            Recalculation::Mask if changes => command = command.arg("--mask"),
            Recalculation::NoMask if changes => command = command.arg("--no-mask"),
            _ => {}
        }
        if !self.follow && !self.use_nfsv4_acls {
            command = command.arg("--physical");
        }
        command.path(&self.path)
    }

    /// Changes the list if that makes a difference.
    fn set(&self, host: &mut Host<'_>, entry: &Entry) -> Result<bool, Failure> {
        let written = entry.written(self.use_nfsv4_acls);
        let action = match (self.state, self.use_nfsv4_acls) {
            (State::Absent, _) => "-x",
            (_, true) => "-a",
            (_, false) => "-m",
        };
        let call = |host: &Host<'_>, test: bool| -> Result<Command, Failure> {
            let mut command = self.program(host, "setfacl")?;
            if test {
                command = command.arg("--test");
            }
            if entry.default {
                command = command.arg("-d");
            }
            Ok(self.ending(command.args([action, &written]), true))
        };
        let told = lines(host, call(host, true)?)?;
        let changed = match self.use_nfsv4_acls {
            // It shows the new entry, then those that are there.
            true => told.iter().filter(|l| **l == written).count() != 2,
            false => !told.iter().any(|l| l.ends_with("*,*")),
        };
        if changed {
            let command = call(host, false)?;
            let words = command.argv_text();
            // An entry that cannot be removed is not there.
            match host.execute(command)? {
                Some(out) if self.state == State::Present => drop(succeeded(out, &words)?),
                Some(_) | None => {}
            }
        }
        Ok(changed)
    }

    fn list(&self, host: &mut Host<'_>, default: bool) -> Result<Vec<String>, Failure> {
        let mut command = self.program(host, "getfacl")?;
        if default {
            command = command.arg("-d");
        }
        if !self.use_nfsv4_acls {
            command = command.args(["--absolute-names", "--omit-header"]);
        }
        lines(host, self.ending(command, false))
    }
}

fn succeeded(out: Output, call: &[String]) -> Result<Output, Failure> {
    if out.rc == 0 {
        return Ok(out);
    }
    let call: Vec<_> = call.iter().map(|w| quote(w)).collect();
    Err(Failure::new(out.stderr_text().trim_end())
        .with("rc", out.rc)
        .with("cmd", call.join(" "))
        .with("stdout", out.stdout_text())
        .with("stderr", out.stderr_text()))
}

/// What a program tells, without its comments.
fn lines(host: &mut Host<'_>, command: Command) -> Result<Vec<String>, Failure> {
    let call = command.argv_text();
    let out = succeeded(host.query(command)?, &call)?;
    let text = out.stdout_text();
    let told = text.lines().filter(|l| !l.starts_with('#'));
    let mut lines: Vec<String> = told.map(|l| l.trim().to_owned()).collect();
    lines.pop_if(|last| last.is_empty());
    Ok(lines)
}

impl Module for Acl {
    const META: Meta = Meta {
        name: "ansible.posix.acl",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "acl",
            doc: "The entries of the list, after the change.",
        }],
        examples: &[Example {
            title: "Let a user read the logs",
            args: r#"{"path": "/var/log/app", "etype": "user", "entity": "monitor", "permissions": "rX", "recursive": true, "state": "present"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let wanted = self.wanted()?;
        let (changed, message) = match &wanted {
            None => (false, "current acl".to_owned()),
            Some(entry) => {
                let changed = self.set(host, entry)?;
                let state = if self.state == State::Present {
                    "present"
                } else {
                    "absent"
                };
                let written = entry.written(self.use_nfsv4_acls);
                (changed, format!("{written} is {state}"))
            }
        };
        let default = wanted.map_or(self.default, |e| e.default);
        let acl = self.list(host, default)?;
        Ok(Outcome::new()
            .with("acl", Value::list(acl.iter().map(Value::from)))
            .with("msg", message)
            .changed(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Etype};

    #[test]
    fn entries_are_read_in_the_notation_of_setfacl() {
        let entry = Entry::parse("d:u:ann:rw").unwrap();
        assert!(entry.default && entry.etype == Some(Etype::User));
        assert_eq!(entry.written(false), "user:ann:rw");
        assert_eq!(entry.written(true), "A::ann:rwtcy");
        assert_eq!(Entry::parse("group:4").unwrap().written(false), "group:4");
        assert_eq!(Entry::parse("OTHER::r").unwrap().written(false), "other::r");
        assert!(Entry::parse("user").is_err());
    }
}
