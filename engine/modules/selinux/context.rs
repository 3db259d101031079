//! `sefcontext`: which labels files get.

use super::{Store, need_enabled};
use crate::prelude::*;

/// Say which SELinux labels files get, by patterns of their paths
///
/// Works on the policy's store with `semanage`. Files that are there keep their labels until `restorecon` is run.
#[derive(Params)]
#[params(exclusive(setype, substitute))]
#[params(exclusive(substitute, ftype))]
#[params(exclusive(substitute, seuser))]
#[params(exclusive(substitute, selevel))]
#[params(required_if_any(state = "present", setype, substitute))]
pub struct Sefcontext {
    /// Kind of file: all, block device, character device, directory, regular file, link, pipe or socket.
    #[param(default = "a", choices("a", "b", "c", "d", "f", "l", "p", "s"))]
    ftype: String,
    /// Work on the policy's store even where SELinux is off.
    #[param(default = false)]
    ignore_selinux_state: bool,
    /// Load the policy into the kernel after a change.
    #[param(default = true)]
    reload: bool,
    /// Level of the label.
    #[param(alias = "serange")]
    selevel: Option<String>,
    /// Type of the label.
    setype: Option<String>,
    /// User of the label.
    seuser: Option<String>,
    /// Whether the policy says so.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Path whose labels hold for `target` and what is below it, too.
    #[param(alias = "equal")]
    substitute: Option<String>,
    /// Path, or pattern of paths.
    #[param(required, alias = "path")]
    target: String,
}

/// Kinds of files, and how semanage calls them.
const KINDS: &[(&str, &str)] = &[
    ("a", "all files"),
    ("b", "block device"),
    ("c", "character device"),
    ("d", "directory"),
    ("f", "regular file"),
    ("l", "symbolic link"),
    ("p", "named pipe"),
    ("s", "socket"),
];

/// A label.
struct Label {
    user: String,
    role: String,
    kind: String,
    range: String,
}

impl Label {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ':').map(str::to_owned);
        Some(Self {
            user: parts.next()?,
            role: parts.next()?,
            kind: parts.next()?,
            range: parts.next()?,
        })
    }

    fn text(&self) -> String {
        format!("{}:{}:{}:{}", self.user, self.role, self.kind, self.range)
    }
}

/// The label of a pattern in the list of `semanage fcontext`: pattern, kind of file, label.
fn label(list: &str, target: &str, kind: &str) -> Option<Label> {
    let name = KINDS.iter().find(|(k, _)| *k == kind)?.1;
    list.lines().find_map(|line| {
        let (rest, context) = line.trim_end().rsplit_once(' ')?;
        let pattern = rest.trim_end().strip_suffix(name)?.trim_end();
        if pattern == target {
            Label::read(context)
        } else {
            None
        }
    })
}

/// What stands for a path in the list: `path = other`.
fn substitute(list: &str, target: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let (path, other) = line.trim_end().split_once(" = ")?;
        (path == target).then(|| other.to_owned())
    })
}

impl Sefcontext {
    fn line(&self, sign: char, label: &str) -> String {
        format!("{sign}{}      {}      {label}\n", self.target, self.ftype)
    }

    /// Sets the label; gives what changes as text, user and level.
    fn set_label(
        &self,
        host: &mut Host<'_>,
        store: &Store,
        list: &str,
        setype: &str,
    ) -> Result<(String, Label), Failure> {
        let old = label(list, &self.target, &self.ftype);
        let given = |value: &Option<String>, old: Option<&String>, default: &str| {
            value
                .clone()
                .or_else(|| old.cloned())
                .unwrap_or_else(|| default.to_owned())
        };
        let new = Label {
            user: given(&self.seuser, old.as_ref().map(|l| &l.user), "system_u"),
            role: old
                .as_ref()
                .map_or_else(|| "object_r".to_owned(), |l| l.role.clone()),
            kind: setype.to_owned(),
            range: given(&self.selevel, old.as_ref().map(|l| &l.range), "s0"),
        };
        if old.as_ref().is_some_and(|old| old.text() == new.text()) {
            return Ok((String::new(), new));
        }
        let verb = if old.is_some() { "--modify" } else { "--add" };
        store.change(
            host,
            "fcontext",
            &[
                verb,
                "--type",
                setype,
                "--ftype",
                &self.ftype,
                "--seuser",
                &new.user,
                "--range",
                &new.range,
                &self.target,
            ],
        )?;
        let diff = match old {
            Some(old) => format!(
                "# Change to semanage file context mappings\n{}{}",
                self.line('-', &old.text()),
                self.line('+', &new.text())
            ),
            None => format!(
                "# Addition to semanage file context mappings\n{}",
                self.line('+', &new.text())
            ),
        };
        Ok((diff, new))
    }

    fn set_substitute(
        &self,
        host: &mut Host<'_>,
        store: &Store,
        list: &str,
        other: &str,
    ) -> Result<String, Failure> {
        let target = self.target.as_str();
        let old = substitute(list, target);
        if old.as_deref() == Some(other) {
            return Ok(String::new());
        }
        let verb = if old.is_some() { "--modify" } else { "--add" };
        store.change(host, "fcontext", &[verb, "--equal", other, target])?;
        Ok(match old {
            Some(old) => format!(
                "# Change to semanage file context path substitutions\n-{target} = {old}\n+{target} = {other}\n"
            ),
            None => format!("# Addition to semanage file context path substitutions\n+{target} = {other}\n"),
        })
    }

    fn remove(&self, host: &mut Host<'_>, store: &Store, list: &str) -> Result<String, Failure> {
        let target = self.target.as_str();
        let mut diff = String::new();
        if self.substitute.is_none()
            && let Some(old) = label(list, target, &self.ftype)
        {
            store.change(host, "fcontext", &["--delete", "--ftype", &self.ftype, target])?;
            diff += "# Deletion to semanage file context mappings\n";
            diff += &self.line('-', &old.text());
        }
        if self.setype.is_none()
            && let Some(old) = substitute(list, target)
            && self.substitute.as_ref().is_none_or(|wanted| *wanted == old)
        {
            store.change(host, "fcontext", &["--delete", target])?;
            diff += "# Deletion to semanage file context path substitutions\n";
            diff += &format!("-{target} = {old}\n");
        }
        Ok(diff)
    }
}

impl Module for Sefcontext {
    const META: Meta = Meta {
        name: "community.general.sefcontext",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "target",
                doc: "Path, or pattern of paths.",
            },
            Return {
                name: "ftype",
                doc: "Kind of file.",
            },
            Return {
                name: "setype",
                doc: "Type of the label.",
            },
            Return {
                name: "substitute",
                doc: "Path whose labels hold.",
            },
            Return {
                name: "state",
                doc: "The state that was wanted.",
            },
            Return {
                name: "seuser",
                doc: "User of the label, unless it is removed.",
            },
            Return {
                name: "serange",
                doc: "Level of the label, unless it is removed.",
            },
        ],
        examples: &[Example {
            title: "Let the web server read a folder",
            args: r#"{"target": "/srv/web(/.*)?", "setype": "httpd_sys_content_t", "state": "present"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        need_enabled(self.ignore_selinux_state)?;
        let store = Store::find(host, self.reload)?;
        let list = store.list(host, "fcontext", false)?;
        let (mut user, mut range) = (self.seuser.clone(), self.selevel.clone());
        let diff = match (self.state.as_str(), &self.substitute, &self.setype) {
            ("absent", ..) => self.remove(host, &store, &list)?,
            (_, Some(other), _) => self.set_substitute(host, &store, &list, other)?,
            (_, None, Some(setype)) => {
                let (diff, label) = self.set_label(host, &store, &list, setype)?;
                (user, range) = (Some(label.user), Some(label.range));
                diff
            }
            _ => String::new(),
        };
        let mut outcome = Outcome::new()
            .with("target", self.target)
            .with("ftype", self.ftype)
            .with("setype", self.setype)
            .with("substitute", self.substitute);
        if self.state == "present" {
            outcome = outcome.with("seuser", user).with("serange", range);
        }
        if host.wants_diff() && !diff.is_empty() {
            outcome = outcome.with("diff", Map::from_iter([("prepared", diff)]));
        }
        Ok(outcome.with("state", self.state))
    }
}

#[cfg(test)]
mod tests {
    use super::{label, substitute};

    const LIST: &str = "/                                                  directory          system_u:object_r:root_t:s0 \n\
        /srv/my web(/.*)?                                  all files          system_u:object_r:web_t:s0:c1,c2 \n\
        /dev/x                                             block device       <<None>>\n\
        /srv/www = /var/www\n";

    #[test]
    fn labels_are_found_by_pattern_and_kind() {
        assert_eq!(
            label(LIST, "/", "d").map(|l| l.text()).as_deref(),
            Some("system_u:object_r:root_t:s0")
        );
        assert_eq!(
            label(LIST, "/srv/my web(/.*)?", "a").map(|l| l.range).as_deref(),
            Some("s0:c1,c2")
        );
        assert!(label(LIST, "/", "a").is_none() && label(LIST, "/dev/x", "b").is_none());
    }

    #[test]
    fn substitutes_are_found_by_path() {
        assert_eq!(substitute(LIST, "/srv/www").as_deref(), Some("/var/www"));
        assert_eq!(substitute(LIST, "/"), None);
    }
}
