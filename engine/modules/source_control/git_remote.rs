//! What the `git` module asks of repositories, near and far.

use crate::{
    Failure, Host,
    host::{Command, Output},
};
use std::path::{Path, PathBuf};

/// The git program with what every call of it needs.
pub(super) struct Git {
    pub(super) program: PathBuf,
    /// Environment, mainly of ssh.
    pub(super) environment: Vec<(String, String)>,
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
        let mut command = Command::new(&self.program)
            .args(args)
            .umask(self.umask)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0");
        for (name, value) in &self.environment {
            command = command.env(name, value.clone());
        }
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
        let line = command.argv_text().join(" ");
        let out = host.query(command)?;
        checked(out, &line)
    }

    /// The commit that is checked out.
    pub(super) fn version(&self, host: &mut Host<'_>) -> Result<Option<String>, Failure> {
        let out = self.run(host, &["rev-parse", "HEAD"])?;
        let text = out.stdout_text().trim().to_owned();
        Ok((out.rc == 0 && !text.is_empty()).then_some(text))
    }

    /// The address of the remote.
    pub(super) fn remote_url(&self, host: &mut Host<'_>, remote: &str) -> Result<Option<String>, Failure> {
        let out = self.run(host, &["ls-remote", "--get-url", remote])?;
        let text = out.stdout_text().trim().to_owned();
        // Git answers with the name itself if there is no such remote.
        Ok((out.rc == 0 && text != remote).then_some(text))
    }

    /// Whether files of the working copy differ from the commit.
    pub(super) fn has_changes(&self, host: &mut Host<'_>) -> Result<bool, Failure> {
        let text = self.must(host, &["status", "--porcelain"])?;
        Ok(text.lines().any(|l| !l.is_empty() && !l.starts_with("??")))
    }

    fn listed(
        &self,
        host: &mut Host<'_>,
        remote: &str,
        kind: &str,
        reference: &str,
    ) -> Result<String, Failure> {
        self.must(host, &["ls-remote", remote, kind, reference])
    }

    /// Whether the remote has a branch of that name.
    pub(super) fn remote_has_branch(
        &self,
        host: &mut Host<'_>,
        remote: &str,
        name: &str,
    ) -> Result<bool, Failure> {
        let wanted = format!("refs/heads/{name}");
        Ok(self.listed(host, remote, "-h", &wanted)?.contains(&wanted))
    }

    /// Whether the remote has a tag of that name.
    pub(super) fn remote_has_tag(
        &self,
        host: &mut Host<'_>,
        remote: &str,
        name: &str,
    ) -> Result<bool, Failure> {
        let wanted = format!("refs/tags/{name}");
        Ok(self.listed(host, remote, "-t", &wanted)?.contains(&wanted))
    }

    /// Whether there is a branch of that name here.
    pub(super) fn has_branch(&self, host: &mut Host<'_>, name: &str) -> Result<bool, Failure> {
        let reference = format!("refs/heads/{name}");
        Ok(self
            .run(host, &["show-ref", "--verify", "--quiet", &reference])?
            .rc
            == 0)
    }

    /// The remote's main branch.
    pub(super) fn head_branch(&self, host: &mut Host<'_>, remote: &str) -> Result<String, Failure> {
        let reference = format!("refs/remotes/{remote}/HEAD");
        let out = self.run(host, &["symbolic-ref", &reference])?;
        let prefix = format!("refs/remotes/{remote}/");
        if let Some(branch) = out.stdout_text().trim().strip_prefix(&prefix) {
            return Ok(branch.to_owned());
        }
        let out = self.run(host, &["ls-remote", "--symref", remote, "HEAD"])?;
        for line in out.stdout_text().lines() {
            if let Some(rest) = line.strip_prefix("ref: refs/heads/") {
                return Ok(rest.split_whitespace().next().unwrap_or_default().to_owned());
            }
        }
        let out = self.run(host, &["symbolic-ref", "--short", "HEAD"])?;
        let branch = out.stdout_text().trim().to_owned();
        if branch.is_empty() {
            return Err(Failure::new(format!("the main branch of {remote} is not known")));
        }
        Ok(branch)
    }

    /// The commit that `version` is at the remote; `cloning` if there is no working copy yet.
    pub(super) fn remote_commit(
        &self,
        host: &mut Host<'_>,
        remote: &str,
        version: &str,
        cloning: bool,
    ) -> Result<String, Failure> {
        let text = if version == "HEAD" {
            if cloning {
                self.must(host, &["ls-remote", remote, "-h", "HEAD"])?
            } else {
                let branch = self.head_branch(host, remote)?;
                self.listed(host, remote, "-h", &format!("refs/heads/{branch}"))?
            }
        } else if self.remote_has_branch(host, remote, version)? {
            self.listed(host, remote, "-h", &format!("refs/heads/{version}"))?
        } else if self.remote_has_tag(host, remote, version)? {
            let all = self.listed(host, remote, "-t", &format!("refs/tags/{version}*"))?;
            // The commit of an annotated tag stands on a line of its own.
            let exact = format!("refs/tags/{version}");
            let target = format!("{exact}^{{}}");
            let line = |name: &str| all.lines().find(|l| l.ends_with(name)).map(str::to_owned);
            line(&target).or_else(|| line(&exact)).unwrap_or_default()
        } else {
            return Ok(version.to_owned());
        };
        let commit = text.split_whitespace().next().unwrap_or_default().to_owned();
        if commit.is_empty() {
            return Err(Failure::new(format!(
                "Could not determine remote revision for {version}"
            )));
        }
        Ok(commit)
    }
}

/// The standard output, or a failure as Ansible reports programs.
pub(super) fn checked(out: Output, line: &str) -> Result<String, Failure> {
    if out.rc == 0 {
        return Ok(out.stdout_text());
    }
    Err(Failure::new(out.stderr_text().trim_end().to_owned())
        .with("rc", out.rc)
        .with("stdout", out.stdout_text())
        .with("stderr", out.stderr_text())
        .with("cmd", line))
}
