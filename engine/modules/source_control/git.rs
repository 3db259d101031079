//! `git`: a working copy of a repository.

use super::git_remote::{Git, repository, same_address};
use crate::{commands::words, host::expand, params::Raw, prelude::*};
use std::path::{Path, PathBuf};

/// Check out a git repository
///
/// Makes a working copy or brings an existing one to the wanted version. In check mode only the remote is asked; a
/// difference that is wanted needs the new commits, which are fetched without touching branches.
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

/// A path below the current folder, with `..` left to the system.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl GitModule {
    fn git(&self, host: &mut Host<'_>, dest: &Path) -> Result<Git, Failure> {
        let program = match &self.executable {
            Some(path) => {
                host.query(Command::new(path).arg("--version"))?;
                path.clone()
            }
            None => host.need_program("git", "git")?,
        };
        let umask = match &self.umask {
            None => None,
            Some(Raw(Value::Str(text))) => {
                let text = text.as_str();
                let umask = u32::from_str_radix(text.trim_start_matches("0o"), 8);
                Some(umask.map_err(|_| {
                    let details = format!("invalid literal for int() with base 8: '{text}'");
                    Failure::new("umask must be an octal integer").with("details", details)
                })?)
            }
            Some(_) => return Err("umask must be defined as a quoted octal integer".into()),
        };
        Ok(Git {
            program,
            ssh: self.ssh(host),
            umask,
            dest: dest.to_owned(),
        })
    }

    /// How git calls ssh: as the environment says, with the options that are wanted.
    fn ssh(&self, host: &Host<'_>) -> String {
        let base = host
            .variable("GIT_SSH")
            .or_else(|| host.variable("GIT_SSH_COMMAND"));
        let mut line = base.unwrap_or_else(|| "ssh".to_owned());
        for options in [host.variable("GIT_SSH_OPTS"), self.ssh_opts.clone()]
            .into_iter()
            .flatten()
        {
            line += &format!(" {options}");
        }
        let decided = ["StrictHostKeyChecking=no", "StrictHostKeyChecking=accept-new"]
            .iter()
            .any(|o| line.contains(o));
        if self.accept_hostkey && !decided {
            line += " -o StrictHostKeyChecking=no";
        }
        if self.accept_newhostkey && !decided {
            line += " -o StrictHostKeyChecking=accept-new";
        }
        if !line.contains("BatchMode=yes") {
            line += " -o BatchMode=yes";
        }
        if let Some(key) = &self.key_file {
            line += &format!(" -i {}", words::quote(&key.to_string_lossy()));
            if !line.contains("IdentitiesOnly=yes") {
                line += " -o IdentitiesOnly=yes";
            }
        }
        line
    }

    /// Throws changes away where that is wanted, and gives the remote its address; says whether there were changes.
    fn prepare(&self, host: &mut Host<'_>, git: &Git, state: &mut State) -> Result<bool, Failure> {
        let dirty = !self.bare && git.has_changes(host)?;
        if dirty {
            let text = format!(
                "Local modifications exist in the destination: {}",
                git.dest.display()
            );
            if !self.force {
                let before = state.values.get("before").unwrap_or(Value::None);
                return Err(Failure::new(format!("{text} (force=no).")).with("before", before));
            }
            if !host.check() {
                git.must(host, &["reset", "--hard", "HEAD"])?;
                state.values.insert("msg", text);
                state.changed = true;
            }
        }
        let now = git.remote_url(host, &self.remote)?.filter(|n| !n.is_empty());
        let moved = now.is_some_and(|n| !same_address(&n, &self.repo));
        if moved && !host.check() {
            let out = git.run(host, &["remote", "set-url", &self.remote, &self.repo])?;
            if out.rc != 0 {
                let said = format!("{} {}", out.stdout_text(), out.stderr_text());
                let (repo, remote) = (&self.repo, &self.remote);
                return Err(Failure::new(format!(
                    "Failed to set a new url {repo} for {remote}: {said}"
                )));
            }
        }
        state.values.insert("remote_url_changed", moved);
        state.changed |= moved;
        Ok(dirty)
    }

    /// The difference of two commits, as far as it is wanted.
    fn difference(
        &self,
        host: &mut Host<'_>,
        git: &Git,
        before: Option<&str>,
        after: &str,
    ) -> Result<Option<Value>, Failure> {
        if !host.wants_diff() || before == Some(after) {
            return Ok(None);
        }
        let text = match before {
            None => format!(">> Newly checked out {after}"),
            Some(before) => {
                if host.check() {
                    let quiet = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
                    git.run(host, &[&quiet[..], &[&self.remote, &self.version]].concat())?;
                }
                let out = git.run(host, &["diff", before, after])?;
                match (out.rc, out.stdout_text()) {
                    (0, text) if text.is_empty() => {
                        format!(">> No visual differences between {before} and {after}")
                    }
                    (0, text) => text,
                    _ => {
                        let said = out.stderr_text();
                        format!(">> Failed to get proper diff between {before} and {after}:\n>> {said}")
                    }
                }
            }
        };
        Ok(Some(Map::from_iter([("prepared", text)]).into()))
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
                name: "git_dir_before",
                doc: "Where the repository was, if it was moved.",
            },
            Return {
                name: "git_dir_now",
                doc: "Where the repository is, if it was moved.",
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
        for (what, value) in [
            ("version", &self.version),
            ("remote", &self.remote),
            ("repo", &self.repo),
        ] {
            if value.starts_with('-') {
                return Err(format!("{what} must not begin with a dash: {value}").into());
            }
        }
        let repo = expand(&self.repo);
        if repo.starts_with('/') {
            // As an address, so that shallow copies of a local repository work too.
            self.repo = format!("file://{repo}");
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
        let mut there = false;
        if self.dest.is_some() {
            let place = repository(&dest, self.bare)?;
            let place = self.relocate(host, place, &dest, &mut state)?;
            there = place.join("config").exists();
        }
        state.values.insert("before", Value::None);
        if !there {
            if host.check() || !self.clone {
                let commit = git.remote_commit(host, &self.repo, &self.version, true)?;
                state.changed = true;
                return self.told(host, &git, state, None, commit);
            }
            self.clone_into(host, &git)?;
            return self.checked_out(host, &git, state, None, false);
        }
        let before = git.version(host)?;
        state.values.insert("before", before.as_str());
        if !self.update {
            state.values.insert("after", before);
            self.packed(host, &git, &mut state)?;
            return Ok(state.done());
        }
        let dirty = self.prepare(host, &git, &mut state)?;
        if host.check() {
            let commit = git.remote_commit(host, &self.remote, &self.version, false)?;
            state.changed |= before != commit;
            return self.told(host, &git, state, Some(&before), commit);
        }
        self.fetch(host, &git)?;
        self.checked_out(host, &git, state, Some(&before), dirty)
    }
}

impl GitModule {
    /// Brings the working copy to the version, and the rest with it.
    fn checked_out(
        &self,
        host: &mut Host<'_>,
        git: &Git,
        mut state: State,
        before: Option<&str>,
        dirty: bool,
    ) -> Result<Outcome, Failure> {
        if !self.bare {
            self.switch(host, git)?;
            if self.recursive && self.submodules(host, git)? {
                state.values.insert("submodules_changed", true);
                state.changed = true;
            }
        }
        let after = git.version(host)?;
        state.changed |= before != Some(&after) || dirty;
        let outcome = self.told(host, git, state, before, after)?;
        let changed = outcome.values.get("changed").is_some_and(|c| c.truthy());
        let mut state = State {
            values: outcome.values,
            changed,
        };
        self.packed(host, git, &mut state)?;
        Ok(state.done())
    }

    /// The result with the commit and the way there.
    fn told(
        &self,
        host: &mut Host<'_>,
        git: &Git,
        state: State,
        before: Option<&str>,
        after: String,
    ) -> Result<Outcome, Failure> {
        if let Some(diff) = self.difference(host, git, before, &after)? {
            state.values.insert("diff", diff);
        }
        state.values.insert("after", after);
        Ok(state.done())
    }
}
