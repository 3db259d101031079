//! `git`: a working copy of a repository.

use super::git_remote::{Git, checked};
use crate::{params::Raw, prelude::*};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Check out a git repository
///
/// Makes a working copy or brings an existing one to the wanted version. In check mode only the remote is asked.
#[derive(Params)]
#[params(
    exclusive(separate_git_dir, bare),
    exclusive(accept_hostkey, accept_newhostkey),
    required_by(archive_prefix, archive)
)]
pub struct GitModule {
    /// Address of the repository.
    #[param(required, alias = "name")]
    pub(super) repo: String,
    /// The working copy.
    pub(super) dest: Option<PathBuf>,
    /// Branch, tag or commit.
    #[param(default = "HEAD")]
    pub(super) version: String,
    /// Name of the remote.
    #[param(default = "origin")]
    pub(super) remote: String,
    /// A further refspec to fetch.
    pub(super) refspec: Option<String>,
    /// Throw changed files away.
    #[param(default = false)]
    pub(super) force: bool,
    /// Number of commits to fetch.
    pub(super) depth: Option<i64>,
    /// Make a working copy if there is none.
    #[param(default = true)]
    pub(super) clone: bool,
    /// Fetch new commits.
    #[param(default = true)]
    pub(super) update: bool,
    /// A local repository to take objects from.
    pub(super) reference: Option<String>,
    /// A repository without working files.
    #[param(default = false)]
    pub(super) bare: bool,
    /// Path of the git program.
    pub(super) executable: Option<PathBuf>,
    /// Accept whatever key the host shows.
    #[param(default = false)]
    pub(super) accept_hostkey: bool,
    /// Accept the key of a host that is not known yet.
    #[param(default = false)]
    pub(super) accept_newhostkey: bool,
    /// Further options of ssh.
    pub(super) ssh_opts: Option<String>,
    /// Private key for ssh.
    pub(super) key_file: Option<PathBuf>,
    /// Fetch submodules too.
    #[param(default = true)]
    pub(super) recursive: bool,
    /// Only the history of the wanted branch.
    #[param(default = false)]
    pub(super) single_branch: bool,
    /// Bring submodules to the newest commit of their branch.
    #[param(default = false)]
    pub(super) track_submodules: bool,
    /// Check the signature of the version.
    #[param(default = false)]
    pub(super) verify_commit: bool,
    /// Fingerprints of keys that may have signed.
    #[param(default = [], alias = "gpg_whitelist", elements = "str")]
    pub(super) gpg_allowlist: Vec<String>,
    /// File to pack the working copy into; the ending says how.
    pub(super) archive: Option<PathBuf>,
    /// Folder that the packed files are in.
    pub(super) archive_prefix: Option<String>,
    /// Keep the repository itself here.
    pub(super) separate_git_dir: Option<PathBuf>,
    /// Permissions that new files do not get.
    pub(super) umask: Option<Raw>,
}

/// Results so far.
pub(super) struct State {
    pub(super) values: Map,
    pub(super) changed: bool,
}

impl State {
    fn done(self) -> Outcome {
        Outcome::from(self.values).changed(self.changed)
    }
}

/// A folder below the working copy's parent, with `..` left to the system.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn plain(address: &str) -> &str {
    let address = address.strip_prefix("file://").unwrap_or(address);
    address.strip_suffix('/').unwrap_or(address)
}

impl GitModule {
    fn git(&self, host: &Host<'_>, dest: &Path) -> Result<Git, Failure> {
        let program = match &self.executable {
            Some(path) => path.clone(),
            None => host.need_program("git", "git")?,
        };
        let umask = match &self.umask {
            Some(Raw(Value::Int(n))) => u32::try_from(*n).ok(),
            Some(Raw(v)) => {
                let text = v.to_text();
                Some(
                    u32::from_str_radix(&text, 8)
                        .map_err(|_| Failure::new("umask must be an octal integer"))?,
                )
            }
            None => None,
        };
        let mut ssh = String::from("ssh -o BatchMode=yes");
        if self.accept_hostkey {
            ssh.push_str(" -o StrictHostKeyChecking=no");
        }
        if self.accept_newhostkey {
            ssh.push_str(" -o StrictHostKeyChecking=accept-new");
        }
        if let Some(options) = &self.ssh_opts {
            ssh.push_str(&format!(" {options}"));
        }
        if let Some(key) = &self.key_file {
            let key = crate::commands::words::quote(&key.to_string_lossy());
            ssh.push_str(&format!(" -i {key} -o IdentitiesOnly=yes"));
        }
        Ok(Git {
            program,
            environment: vec![("GIT_SSH_COMMAND".into(), ssh)],
            umask,
            dest: dest.to_owned(),
        })
    }

    /// Where the repository of a working copy is; `None` if there is none.
    fn repository(&self, dest: &Path) -> Result<Option<PathBuf>, Failure> {
        let inside = if self.bare {
            dest.to_owned()
        } else {
            dest.join(".git")
        };
        if inside.is_file() {
            let text = fs::read_to_string(&inside).unwrap_or_default();
            let Some(path) = text.trim().strip_prefix("gitdir:") else {
                return Err(Failure::new(
                    "Current repo does not have a valid reference to a separate Git dir or it refers to the invalid path",
                ));
            };
            return Ok(Some(dest.join(path.trim())));
        }
        Ok(inside.join("config").exists().then_some(inside))
    }

    fn clone_into(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        let parent = git.dest.parent().unwrap_or(Path::new("/")).to_owned();
        host.make_directory(&parent)?;
        let depth = self.depth.map(|d| d.to_string());
        let dest = git.dest.to_string_lossy().into_owned();
        let named = git.remote_has_branch(host, &self.repo, &self.version)?
            || git.remote_has_tag(host, &self.repo, &self.version)?;
        let mut args = vec!["clone"];
        args.extend(if self.bare {
            vec!["--bare"]
        } else {
            vec!["--origin", &self.remote]
        });
        let mut branch = false;
        if let Some(depth) = &depth {
            if self.version == "HEAD" || self.refspec.is_some() {
                args.extend(["--depth", depth]);
            } else if named {
                args.extend(["--depth", depth, "--branch", &self.version]);
                branch = true;
            } else {
                host.warn("Ignoring depth argument. Shallow clones are only available for HEAD, branches, tags or in combination with refspec.");
            }
        }
        if let Some(reference) = &self.reference {
            args.extend(["--reference", reference]);
        }
        if self.single_branch {
            args.push("--single-branch");
            if named && !branch {
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
        let line = command.argv_text().join(" ");
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
        Ok(())
    }

    fn fetch(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        let depth = self.depth.map(|d| d.to_string());
        let (mut args, mut refs) = (vec!["fetch".to_owned()], Vec::new());
        if let Some(depth) = depth {
            let version = &self.version;
            if let Some(refspec) = &self.refspec {
                refs.push(refspec.clone());
            } else if version == "HEAD" {
                refs.push(git.head_branch(host, &self.remote)?);
            } else if git.remote_has_branch(host, &self.repo, version)? {
                refs.push(format!(
                    "+refs/heads/{version}:refs/remotes/{}/{version}",
                    self.remote
                ));
            } else if git.remote_has_tag(host, &self.repo, version)? {
                refs.push(format!("+refs/tags/{version}:refs/tags/{version}"));
            }
            if !refs.is_empty() {
                args.extend(["--depth".into(), depth]);
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
            return Err(Failure::new(format!(
                "Failed to download remote objects and refs: {} {}",
                out.stdout_text(),
                out.stderr_text()
            ))
            .with("cmd", line));
        }
        Ok(())
    }

    fn switch(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        let version = self.version.as_str();
        let checkout = |host: &mut Host<'_>, args: &[&str], what: &str| -> Result<(), Failure> {
            let command = git.command(args);
            let line = command.argv_text().join(" ");
            let out = host.query(command)?;
            if out.rc == 0 {
                return Ok(());
            }
            Err(Failure::new(format!("Failed to checkout {what}"))
                .with("stdout", out.stdout_text())
                .with("stderr", out.stderr_text())
                .with("rc", out.rc)
                .with("cmd", line))
        };
        let is_branch = version == "HEAD" || git.remote_has_branch(host, &self.remote, version)?;
        if !is_branch {
            checkout(host, &["checkout", "--force", version, "--"], version)?;
            return self.verify(host, git);
        }
        let branch = if version == "HEAD" {
            git.head_branch(host, &self.remote)?
        } else {
            version.to_owned()
        };
        let upstream = format!("{}/{branch}", self.remote);
        let local = git.has_branch(host, &branch)?;
        if let Some(depth) = self.depth.filter(|_| version != "HEAD" && !local) {
            // A shallow copy only knows the branch that it was made of.
            let refs = format!("+refs/heads/{branch}:refs/remotes/{upstream}");
            git.must(host, &["remote", "set-branches", "--add", &self.remote, &branch])?;
            git.must(host, &["fetch", &format!("--depth={depth}"), &self.remote, &refs])?;
        }
        if local || version == "HEAD" {
            checkout(
                host,
                &["checkout", "--force", &branch, "--"],
                &format!("branch {branch}"),
            )?;
            checkout(host, &["reset", "--hard", &upstream, "--"], version)?;
        } else {
            checkout(
                host,
                &["checkout", "--track", "-b", &branch, &upstream, "--"],
                version,
            )?;
        }
        self.verify(host, git)
    }

    fn update_copy(&self, host: &mut Host<'_>, git: &Git, state: &mut State) -> Result<bool, Failure> {
        let mut local = false;
        if !self.bare && git.has_changes(host)? {
            local = true;
            if !self.force {
                let text = format!(
                    "Local modifications exist in the destination: {} (force=no).",
                    git.dest.display()
                );
                let before = state.values.get("before").unwrap_or(Value::None);
                return Err(Failure::new(text).with("before", before));
            }
            if !host.check() {
                git.must(host, &["reset", "--hard", "HEAD"])?;
                state.values.insert(
                    "msg",
                    format!(
                        "Local modifications exist in the destination: {}",
                        git.dest.display()
                    ),
                );
                state.changed = true;
            }
        }
        let now = git.remote_url(host, &self.remote)?;
        let moved = now
            .as_deref()
            .is_some_and(|n| n != self.repo && plain(n) != plain(&self.repo));
        if !host.check() {
            if now.is_none() {
                git.must(host, &["remote", "add", &self.remote, &self.repo])?;
            } else if moved {
                git.must(host, &["remote", "set-url", &self.remote, &self.repo])?;
            }
        }
        state.values.insert("remote_url_changed", moved);
        state.changed |= moved;
        Ok(local)
    }
}

impl Module for GitModule {
    const META: Meta = Meta {
        name: "ansible.builtin.git",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "after",
                doc: "The commit that is (would be) checked out.",
            },
            Return {
                name: "before",
                doc: "The commit that was checked out; null if there was no working copy.",
            },
            Return {
                name: "remote_url_changed",
                doc: "Whether the remote had another address.",
            },
        ],
        examples: &[Example {
            title: "A shallow copy of a branch",
            args: r#"{"repo": "https://git.example.org/linux.git", "dest": "/data/linux", "version": "main", "depth": 1}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(mut self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.repo.starts_with('/') {
            // As an address, so that shallow copies of a local repository work too.
            self.repo.insert_str(0, "file://");
        }
        let dest = match &self.dest {
            Some(dest) => absolute(dest),
            None if self.clone => {
                return Err("the destination directory must be specified unless clone=no".into());
            }
            None => PathBuf::new(),
        };
        let git = self.git(host, &dest)?;
        let mut state = State {
            values: Map::new(),
            changed: false,
        };
        state.values.insert("before", Value::None);
        let repository = if self.dest.is_some() {
            self.repository(&dest)?
        } else {
            None
        };
        if let Some(repository) = &repository {
            self.relocate(host, repository, &dest, &mut state)?;
        }
        let mut local = false;
        let before = if repository.is_some() {
            git.version(host)?
        } else {
            None
        };
        if repository.is_none() {
            if host.check() || !self.clone {
                let commit = git.remote_commit(host, &self.repo, &self.version, true)?;
                state.values.insert("after", commit);
                state.changed = true;
                return Ok(state.done());
            }
            self.clone_into(host, &git)?;
        } else {
            state.values.insert("before", before.clone());
            if !self.update {
                state.values.insert("after", before);
                self.packed(host, &git, &mut state)?;
                return Ok(state.done());
            }
            local = self.update_copy(host, &git, &mut state)?;
            if host.check() {
                let commit = git.remote_commit(host, &self.remote, &self.version, false)?;
                state.changed |= before.as_deref() != Some(&commit);
                state.values.insert("after", commit);
                return Ok(state.done());
            }
            self.fetch(host, &git)?;
        }
        if !self.bare {
            self.switch(host, &git)?;
            if self.recursive && self.submodules(host, &git)? {
                state.values.insert("submodules_changed", true);
                state.changed = true;
            }
        }
        let after = git.version(host)?;
        state.changed |= before != after || local || repository.is_none();
        if host.wants_diff()
            && before != after
            && let (Some(a), Some(b)) = (&before, &after)
        {
            let out = git.run(host, &["diff", &format!("{a}..{b}")])?;
            if out.rc == 0 && out.stdout.len() < 104_448 {
                state
                    .values
                    .insert("diff", Map::from_iter([("prepared", out.stdout_text())]));
            }
        }
        state.values.insert("after", after);
        self.packed(host, &git, &mut state)?;
        if state.changed {
            host.mark_changed();
        }
        Ok(state.done())
    }
}
