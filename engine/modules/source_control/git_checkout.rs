//! `git`: cloning, fetching, and the way to the wanted version.

use super::{
    git::{GitModule, absolute},
    git_remote::{Git, checked, shown},
};
use crate::prelude::*;
use std::path::Path;

impl GitModule {
    pub(super) fn clone_into(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        let parent = git.dest.parent().unwrap_or(Path::new("/")).to_owned();
        host.make_directory(&parent)?;
        let depth = self.shallow().map(|d| d.to_string());
        let dest = git.dest.to_string_lossy().into_owned();
        let named = git.remote_has_branch(host, &self.repo, &self.version)?
            || git.remote_has_tag(host, &self.repo, &self.version)?;
        let mut args = vec!["clone"];
        args.extend(if self.bare {
            vec!["--bare"]
        } else {
            vec!["--origin", &self.remote]
        });
        if let Some(depth) = &depth {
            if self.version == "HEAD" || self.refspec.is_some() {
                args.extend(["--depth", depth]);
            } else if named {
                args.extend(["--depth", depth, "--branch", &self.version]);
            } else {
                host.warn("Ignoring depth argument. Shallow clones are only available for HEAD, branches, tags or in combination with refspec.");
            }
        }
        if let Some(reference) = &self.reference {
            args.extend(["--reference", reference]);
        }
        if self.single_branch {
            args.push("--single-branch");
            if named {
                args.extend(["--branch", &self.version]);
            }
        }
        let separate = self
            .separate_git_dir
            .as_ref()
            .map(|d| format!("--separate-git-dir={}", absolute(d).display()));
        args.extend(separate.as_deref());
        args.extend([self.repo.as_str(), &dest]);
        let command = git.command_in(&parent, &args);
        let line = shown(&command);
        if let Some(out) = host.execute(command)? {
            checked(out, &line)?;
        }
        if self.bare && self.remote != "origin" {
            git.must(host, &["remote", "add", &self.remote, &self.repo])?;
        }
        if let Some(refspec) = &self.refspec {
            let mut args = vec!["fetch"];
            if let Some(depth) = &depth {
                args.extend(["--depth", depth]);
            }
            args.extend([self.remote.as_str(), refspec]);
            git.must(host, &args)?;
        }
        self.verify(host, git)
    }

    /// How many commits are wanted; no number at all means all of them, and so does zero.
    fn shallow(&self) -> Option<i64> {
        self.depth.filter(|d| *d != 0)
    }

    /// What is fetched with a depth: no more than the version needs. Nothing if the remote has no such name.
    fn shallow_refs(&self, host: &mut Host<'_>, git: &Git) -> Result<Vec<String>, Failure> {
        let (version, remote) = (&self.version, &self.remote);
        if let Some(refspec) = &self.refspec {
            return Ok(vec![refspec.clone()]);
        }
        let head = git.head_branch(host, remote)?;
        Ok(if version == "HEAD" {
            vec![head]
        } else if git.remote_has_branch(host, &self.repo, version)? {
            let tracking = format!("+refs/heads/{version}:refs/remotes/{remote}/{version}");
            // The branch that is checked out cannot be fetched into.
            let own = (head != *version).then(|| format!("+refs/heads/{version}:refs/heads/{version}"));
            own.into_iter().chain([tracking]).collect()
        } else if git.remote_has_tag(host, &self.repo, version)? {
            vec![format!("+refs/tags/{version}:refs/tags/{version}")]
        } else {
            Vec::new()
        })
    }

    pub(super) fn fetch(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        let (mut args, mut refs) = (vec!["fetch".to_owned()], Vec::new());
        if let Some(depth) = self.shallow() {
            refs = self.shallow_refs(host, git)?;
            if !refs.is_empty() {
                args.extend(["--depth".into(), depth.to_string()]);
            }
        }
        if refs.is_empty() {
            if self.bare {
                refs = vec![
                    "+refs/heads/*:refs/heads/*".into(),
                    "+refs/tags/*:refs/tags/*".into(),
                ];
            } else {
                args.push("--tags".into());
            }
            refs.extend(self.refspec.clone());
        }
        if self.force {
            args.push("--force".into());
        }
        args.push(self.remote.clone());
        args.extend(refs);
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let command = git.command(&words);
        let line = command.argv_text();
        let out = host.query(command)?;
        if out.rc != 0 {
            let said = format!("{} {}", out.stdout_text(), out.stderr_text());
            let failure = Failure::new(format!("Failed to download remote objects and refs: {said}"));
            return Err(failure.with("cmd", Value::list(line.iter().map(Value::from))));
        }
        Ok(())
    }

    pub(super) fn switch(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        let (version, remote) = (self.version.as_str(), self.remote.as_str());
        if version == "HEAD" {
            let branch = git.head_branch(host, remote)?;
            let message = format!("Failed to checkout branch {branch}");
            git.attempt(host, &["checkout", "--force", &branch], &message)?;
            let upstream = format!("{remote}/{branch}");
            git.attempt_told(host, &["reset", "--hard", &upstream, "--"], &message)?;
            return self.verify(host, git);
        }
        let message = format!("Failed to checkout {version}");
        if !git.remote_has_branch(host, remote, version)? {
            git.attempt_told(host, &["checkout", "--force", version], &message)?;
            return self.verify(host, git);
        }
        if let Some(depth) = self.shallow()
            && !git.has_branch(host, version)?
        {
            // A shallow copy only knows the branch that it was made of.
            let own = format!("+refs/heads/{version}:refs/heads/{version}");
            let tracking = format!("+refs/heads/{version}:refs/remotes/{remote}/{version}");
            let args = ["fetch", &format!("--depth={depth}"), remote, &own, &tracking];
            git.attempt(
                host,
                &args,
                &format!("Failed to fetch branch from remote: {version}"),
            )?;
        }
        let upstream = format!("{remote}/{version}");
        if git.has_branch(host, version)? {
            let branch = format!("Failed to checkout branch {version}");
            git.attempt(host, &["checkout", "--force", version], &branch)?;
            git.attempt_told(host, &["reset", "--hard", &upstream], &message)?;
        } else {
            git.attempt_told(host, &["checkout", "--track", "-b", version, &upstream], &message)?;
        }
        self.verify(host, git)
    }
}
