//! What the `git` module asks of repositories, near and far.

use crate::{
    Failure, Host,
    commands::words,
    host::{Command, Output},
};
use kdo_value::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The git program with what every call of it needs.
pub(super) struct Git {
    pub(super) program: PathBuf,
    /// How ssh is called.
    pub(super) ssh: String,
    /// Permissions that new files do not get.
    pub(super) umask: Option<u32>,
    /// The working copy.
    pub(super) dest: PathBuf,
}

impl Git {
    /// A call in the working copy.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.dest, args)
    }

    pub(super) fn command_in(&self, folder: &Path, args: &[&str]) -> Command {
        let command = Command::new(&self.program)
            .args(args)
            .umask(self.umask)
            .env("LC_ALL", "C")
            .env("LANGUAGE", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSH_COMMAND", self.ssh.as_str());
        if folder.is_dir() {
            command.directory(folder)
        } else {
            command
        }
    }

    /// Runs a call whatever comes of it.
    pub(super) fn run(&self, host: &mut Host<'_>, args: &[&str]) -> Result<Output, Failure> {
        host.query(self.command(args))
    }

    /// Runs a call that must succeed.
    pub(super) fn must(&self, host: &mut Host<'_>, args: &[&str]) -> Result<String, Failure> {
        let command = self.command(args);
        let line = shown(&command);
        checked(host.query(command)?, &line)
    }

    /// Runs a call that must succeed, else that message tells what did not.
    pub(super) fn attempt(&self, host: &mut Host<'_>, args: &[&str], message: &str) -> Result<(), Failure> {
        let out = self.run(host, args)?;
        match out.rc {
            0 => Ok(()),
            _ => Err(described(&out, message)),
        }
    }

    /// The same; the failure tells the call too.
    pub(super) fn attempt_told(
        &self,
        host: &mut Host<'_>,
        args: &[&str],
        message: &str,
    ) -> Result<(), Failure> {
        let line = self.command(args).argv_text().join(" ");
        self.attempt(host, args, message).map_err(|f| f.with("cmd", line))
    }

    /// The commit that is checked out, as git names it.
    pub(super) fn version(&self, host: &mut Host<'_>) -> Result<String, Failure> {
        let out = self.run(host, &["rev-parse", "HEAD"])?;
        Ok(out.stdout_text().trim_end_matches('\n').to_owned())
    }

    /// The address of the remote; its name, if there is none.
    pub(super) fn remote_url(&self, host: &mut Host<'_>, remote: &str) -> Result<Option<String>, Failure> {
        let out = self.run(host, &["ls-remote", "--get-url", remote])?;
        let text = out.stdout_text().trim_end_matches('\n').to_owned();
        Ok((out.rc == 0).then_some(text))
    }

    /// Whether files of the working copy differ from the commit.
    pub(super) fn has_changes(&self, host: &mut Host<'_>) -> Result<bool, Failure> {
        let text = self.run(host, &["status", "--porcelain"])?.stdout_text();
        Ok(text.lines().any(|l| !l.is_empty() && !l.starts_with("??")))
    }

    /// Whether the remote has a branch of that name.
    pub(super) fn remote_has_branch(
        &self,
        host: &mut Host<'_>,
        remote: &str,
        name: &str,
    ) -> Result<bool, Failure> {
        let wanted = format!("refs/heads/{name}");
        Ok(self
            .must(host, &["ls-remote", remote, "-h", &wanted])?
            .contains(name))
    }

    /// Whether the remote has a tag of that name.
    pub(super) fn remote_has_tag(
        &self,
        host: &mut Host<'_>,
        remote: &str,
        name: &str,
    ) -> Result<bool, Failure> {
        let wanted = format!("refs/tags/{name}");
        Ok(self
            .must(host, &["ls-remote", remote, "-t", &wanted])?
            .contains(name))
    }

    /// Whether there is a branch of that name here.
    pub(super) fn has_branch(&self, host: &mut Host<'_>, name: &str) -> Result<bool, Failure> {
        let reference = format!("refs/heads/{name}");
        let out = self.run(host, &["show-ref", "--verify", "--quiet", &reference])?;
        Ok(out.rc == 0)
    }

    /// The branch that is checked out, or the remote's main branch if none is.
    pub(super) fn head_branch(&self, host: &mut Host<'_>, remote: &str) -> Result<String, Failure> {
        for (reference, prefix) in [
            ("HEAD".to_owned(), "refs/heads/".to_owned()),
            (
                format!("refs/remotes/{remote}/HEAD"),
                format!("refs/remotes/{remote}/"),
            ),
        ] {
            let out = self.run(host, &["symbolic-ref", "--quiet", &reference])?;
            if let Some(branch) = out.stdout_text().trim().strip_prefix(&prefix) {
                return Ok(branch.to_owned());
            }
        }
        let out = self.run(host, &["ls-remote", "--symref", remote, "HEAD"])?;
        let text = out.stdout_text();
        let branch = text.lines().find_map(|l| l.strip_prefix("ref: refs/heads/"));
        let branch = branch.and_then(|b| b.split_whitespace().next());
        branch
            .map(str::to_owned)
            .ok_or_else(|| Failure::new(format!("the main branch of {remote} is not known")))
    }

    /// The commit that `version` is at the remote; `cloning` if there is no working copy yet.
    pub(super) fn remote_commit(
        &self,
        host: &mut Host<'_>,
        remote: &str,
        version: &str,
        cloning: bool,
    ) -> Result<String, Failure> {
        let heads = |name: &str| format!("refs/heads/{name}");
        let (kind, reference) = if version == "HEAD" && cloning {
            ("-h", "HEAD".to_owned())
        } else if version == "HEAD" {
            ("-h", heads(&self.head_branch(host, remote)?))
        } else if self.remote_has_branch(host, remote, version)? {
            ("-h", heads(version))
        } else if self.remote_has_tag(host, remote, version)? {
            ("-t", format!("refs/tags/{version}*"))
        } else {
            return Ok(version.to_owned());
        };
        let text = self.must(host, &["ls-remote", remote, kind, &reference])?;
        // The commit of an annotated tag stands on a line of its own.
        let line = |name: &str| text.lines().find(|l| l.ends_with(name));
        let tag = (kind == "-t").then(|| line(&format!("{version}^{{}}")).or_else(|| line(version)));
        let line = tag.unwrap_or_else(|| text.lines().next());
        let commit = line.and_then(|l| l.split_whitespace().next());
        commit.map(str::to_owned).ok_or_else(|| {
            Failure::new(format!("Could not determine remote revision for {version}"))
                .with("stdout", text.as_str())
                .with("stderr", "")
                .with("rc", 0_i64)
        })
    }
}

/// Where the repository of a working copy is, which need not be there.
pub(super) fn repository(dest: &Path, bare: bool) -> Result<PathBuf, Failure> {
    let inside = if bare { dest.to_owned() } else { dest.join(".git") };
    if !inside.is_file() {
        return Ok(inside);
    }
    let invalid = |details: String| {
        let message = "Current repo does not have a valid reference to a separate Git dir or it refers to the \
                       invalid path";
        Failure::new(message).with("details", details)
    };
    let text = fs::read_to_string(&inside).unwrap_or_default();
    let path = text
        .strip_prefix("gitdir: ")
        .ok_or_else(|| invalid(".git file has invalid git dir reference format".into()))?;
    let path = dest.join(path.trim_end());
    match path.is_dir() {
        true => Ok(path),
        false => Err(invalid(format!("{} is not a directory", path.display()))),
    }
}

/// Whether two addresses mean the same: what slashes and dots do not change.
pub(super) fn same_address(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let mut out: Vec<String> = Vec::new();
        for part in text.split('/').filter(|p| !matches!(*p, "" | ".")) {
            if part == ".." {
                out.pop();
            } else {
                out.push(part.to_owned());
            }
        }
        (text.starts_with('/'), out)
    };
    one == other || parts(one) == parts(other)
}

/// A call as results tell it, without passwords of addresses.
pub(super) fn shown(command: &Command) -> String {
    let words: Vec<String> = command.argv_text().iter().map(|w| without_password(w)).collect();
    words::join(&words)
}

/// A word whose password is hidden, if it is an address with one. As in Ansible, a user alone counts as one.
fn without_password(word: &str) -> String {
    let hidden = || {
        let (scheme, rest) = word.split_once("://")?;
        let (user, place) = rest.rsplit_once('@')?;
        let kept = user
            .split_once(':')
            .map_or(scheme.to_owned(), |(name, _)| format!("{scheme}://{name}"));
        Some(format!("{kept}:********@{place}"))
    };
    hidden().unwrap_or_else(|| word.to_owned())
}

/// What a program said, as keys of a failure.
pub(super) fn described(out: &Output, message: &str) -> Failure {
    Failure::new(message)
        .with("rc", out.rc)
        .with("stdout", out.stdout_text())
        .with("stderr", out.stderr_text())
}

/// The standard output, or a failure as Ansible reports programs.
pub(super) fn checked(out: Output, line: &str) -> Result<String, Failure> {
    if out.rc == 0 {
        return Ok(out.stdout_text());
    }
    Err(described(&out, out.stderr_text().trim_end()).with("cmd", Value::str(line)))
}

#[cfg(test)]
mod tests {
    use super::{same_address, without_password};

    #[test]
    fn passwords_of_addresses_are_hidden() {
        assert_eq!(
            without_password("https://me:secret@h/x"),
            "https://me:********@h/x"
        );
        assert_eq!(without_password("ssh://root@h/x"), "ssh:********@h/x");
        assert_eq!(without_password("git@h:x"), "git@h:x");
    }

    #[test]
    fn addresses_are_the_same_but_for_slashes_and_dots() {
        assert!(same_address("file:///srv/a", "file:///srv/a/"));
        assert!(same_address("https://h//x/../y", "https://h/y"));
        assert!(!same_address("/srv/a", "file:///srv/a"));
        assert!(!same_address("git@h:a", "git@h:b"));
        assert!(!same_address("srv/a", "/srv/a"));
    }
}
