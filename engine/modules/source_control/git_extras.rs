//! `git`: signatures, submodules, archives, and repositories kept elsewhere.

use super::{
    git::{GitModule, State, absolute},
    git_remote::Git,
};
use crate::prelude::*;
use std::{fs, path::Path};

impl GitModule {
    pub(super) fn verify(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        if !self.verify_commit {
            return Ok(());
        }
        let reference = format!("refs/tags/{}", self.version);
        let kind = git.run(host, &["cat-file", "-t", &reference])?.stdout_text();
        let tag = kind.trim() == "tag";
        let mut args = vec![if tag { "verify-tag" } else { "verify-commit" }];
        if !self.gpg_allowlist.is_empty() {
            args.push("--raw");
        }
        args.push(&self.version);
        let out = git.run(host, &args)?;
        let text = out.stderr_text();
        let signer = text
            .lines()
            .find_map(|l| l.strip_prefix("[GNUPG:] VALIDSIG "))
            .and_then(|l| l.split_whitespace().next());
        let allowed = self.gpg_allowlist.is_empty()
            || signer.is_some_and(|s| {
                self.gpg_allowlist
                    .iter()
                    .any(|a| s.ends_with(a.trim_start_matches("0x")))
            });
        if out.rc != 0 || !allowed {
            return Err(Failure::new(format!(
                "Failed to verify GPG signature of commit/tag \"{}\"",
                self.version
            ))
            .with("stdout", out.stdout_text())
            .with("stderr", text)
            .with("rc", out.rc));
        }
        Ok(())
    }

    /// Brings submodules to their commits; says whether any was elsewhere.
    pub(super) fn submodules(&self, host: &mut Host<'_>, git: &Git) -> Result<bool, Failure> {
        if !git.dest.join(".gitmodules").exists() {
            return Ok(false);
        }
        let status = |host: &mut Host<'_>| git.must(host, &["submodule", "status", "--recursive"]);
        let before = status(host)?;
        git.must(host, &["submodule", "sync", "--recursive"])?;
        let mut args = vec!["submodule", "update", "--init", "--recursive"];
        if self.track_submodules {
            args.push("--remote");
        }
        if self.force {
            args.push("--force");
        }
        let command = git.command(&args);
        let out = host.query(command)?;
        if out.rc != 0 {
            let words = out.stdout_text() + &out.stderr_text();
            return Err(Failure::new(format!("Failed to init/update submodules: {words}")));
        }
        Ok(status(host)? != before)
    }

    pub(super) fn packed(&self, host: &mut Host<'_>, git: &Git, state: &mut State) -> Result<(), Failure> {
        let Some(archive) = self.archive.as_ref().filter(|_| !host.check()) else {
            return Ok(());
        };
        let name = archive.to_string_lossy().into_owned();
        let format = ["tar.gz", "tgz", "tar", "zip"]
            .into_iter()
            .find(|f| name.ends_with(&format!(".{f}")));
        let Some(format) = format else {
            return Err(Failure::new(format!(
                "Unable to get file extension from archive file name : {name}"
            )));
        };
        let temp = crate::files::tempfile::make_folder(&std::env::temp_dir(), "kdo.", "")?;
        let made = temp.join("archive");
        let result = (|| {
            let output = format!("--output={}", made.display());
            let kind = format!("--format={format}");
            let prefix = self
                .archive_prefix
                .as_ref()
                .map(|p| format!("--prefix={}/", p.trim_end_matches('/')));
            let mut args = vec!["archive", &output, &kind];
            args.extend(prefix.as_deref());
            args.push(&self.version);
            git.must(host, &args)?;
            host.read(&made)
        })();
        let _ = fs::remove_dir_all(&temp);
        let content = result?;
        let done = host.write(archive, &content, &Save::default(), &FileAttrs::default())?;
        state.changed |= done.changed;
        Ok(())
    }

    pub(super) fn relocate(
        &self,
        host: &mut Host<'_>,
        repository: &Path,
        dest: &Path,
        state: &mut State,
    ) -> Result<(), Failure> {
        let Some(wanted) = self.separate_git_dir.as_deref().map(absolute) else {
            return Ok(());
        };
        if wanted != repository {
            state.changed = true;
            let shown = |path: &Path| path.to_string_lossy().into_owned();
            state.values.insert("git_dir_before", shown(repository));
            state.values.insert("git_dir_now", shown(&wanted));
            host.mark_changed();
            if !host.check() {
                let failed = |e: std::io::Error| Failure::new(format!("Unable to move git dir. {e}"));
                if wanted.exists() {
                    return Err(Failure::new(format!(
                        "Separate-git-dir path {} already exists.",
                        wanted.display()
                    )));
                }
                fs::rename(repository, &wanted).map_err(failed)?;
                fs::write(dest.join(".git"), format!("gitdir: {}", wanted.display())).map_err(failed)?;
            }
        }
        Ok(())
    }
}
