//! `git`: signatures, submodules, archives, and repositories kept elsewhere.

use super::{
    git::{GitModule, State, absolute},
    git_remote::{Git, described},
};
use crate::{files::stat::file_checksum, host::Scratch, prelude::*};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Formats of archives by the ends of their names.
const FORMATS: [(&str, &str); 4] = [("zip", "zip"), ("gz", "tar.gz"), ("tar", "tar"), ("tgz", "tgz")];

/// The keys that git says a signature was made with: the signing one and its primary one.
fn signers(raw: &str) -> Vec<String> {
    let line = raw.lines().find_map(|l| l.strip_prefix("[GNUPG:] VALIDSIG "));
    let words: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    let keys = [words.first(), words.get(9)];
    keys.into_iter().flatten().map(|k| (*k).to_owned()).collect()
}

impl GitModule {
    pub(super) fn verify(&self, host: &mut Host<'_>, git: &Git) -> Result<(), Failure> {
        if !self.verify_commit {
            return Ok(());
        }
        let reference = format!("refs/tags/{}", self.version);
        let kind = git.run(host, &["cat-file", "-t", &reference])?.stdout_text();
        let tag = kind.trim() == "tag";
        let mut args = vec![if tag { "verify-tag" } else { "verify-commit" }, &self.version];
        if !self.gpg_allowlist.is_empty() {
            args.push("--raw");
        }
        let out = git.run(host, &args)?;
        if out.rc != 0 {
            let message = format!(
                "Failed to verify GPG signature of commit/tag \"{}\"",
                self.version
            );
            return Err(described(&out, &message));
        }
        let signers = signers(&out.stderr_text());
        if !self.gpg_allowlist.is_empty() && !self.gpg_allowlist.iter().any(|a| signers.contains(a)) {
            let signer = signers.first().map_or("", String::as_str);
            let message =
                format!("The gpg_allowlist does not include the public key \"{signer}\" for this commit");
            return Err(described(&out, &message));
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

    /// Packs the version into a file, if that is wanted and the file is another one.
    pub(super) fn packed(&self, host: &mut Host<'_>, git: &Git, state: &mut State) -> Result<(), Failure> {
        let Some(archive) = &self.archive else {
            return Ok(());
        };
        if host.check() {
            state.changed = true;
            return Ok(());
        }
        let end = archive.extension().map(|e| e.to_string_lossy().into_owned());
        let format = FORMATS.iter().find(|(known, _)| Some(*known) == end.as_deref());
        let Some((_, format)) = format else {
            let message = format!(
                "Unable to get file extension from archive file name : {}",
                archive.display()
            );
            return Err(Failure::new(message).with(
                "details",
                "Please specify archive as filename with extension. File extension can be one of ['tar', 'tar.gz', 'zip', 'tgz']",
            ));
        };
        let scratch = Scratch::new()?;
        let made = scratch.join("archive");
        let name = made.to_string_lossy().into_owned();
        let mut args = vec!["archive", "--format", format, "--output", &name];
        if let Some(prefix) = &self.archive_prefix {
            args.extend(["--prefix", prefix]);
        }
        args.push(&self.version);
        let failed = |error: &str| {
            let (archive, dest) = (archive.display(), git.dest.display());
            let details = format!(
                "Git archive command failed to create archive {archive} using {dest} directory.Error: {error}"
            );
            Failure::new("Failed to perform archive operation").with("details", details)
        };
        let folder = archive.parent().unwrap_or(Path::new("/"));
        if !folder.is_dir() {
            let archive = archive.display();
            let error = format!("fatal: could not open '{archive}' for writing: No such file or directory\n");
            return Err(failed(&error));
        }
        let out = git.run(host, &args)?;
        if out.rc != 0 {
            return Err(failed(&out.stderr_text()));
        }
        state.changed = file_checksum(&made, "sha1") != file_checksum(archive, "sha1");
        if state.changed {
            let failed = |e: std::io::Error| Failure::new(format!("could not read the archive: {e}"));
            let mut content = fs::File::open(&made).map_err(failed)?;
            host.replace(archive, &mut content, &Save::default(), &FileAttrs::default())?;
        }
        Ok(())
    }

    /// Moves the repository to the folder where it is wanted; gives the folder where it is.
    pub(super) fn relocate(
        &self,
        host: &mut Host<'_>,
        repository: PathBuf,
        dest: &Path,
        state: &mut State,
    ) -> Result<PathBuf, Failure> {
        let wanted = self.separate_git_dir.as_deref().map(absolute);
        let Some(wanted) = wanted.filter(|w| *w != repository && repository.exists()) else {
            return Ok(repository);
        };
        state.changed = true;
        if host.check() {
            host.mark_changed();
            return Ok(repository);
        }
        if wanted.exists() {
            return Err(format!("Separate-git-dir path {} already exists.", wanted.display()).into());
        }
        let failed = |e: std::io::Error| Failure::new(format!("Unable to move git dir. {e}"));
        host.rename(&repository, &wanted).map_err(failed)?;
        let link = format!("gitdir: {}", wanted.display());
        let (path, save) = (dest.join(".git"), Save::default());
        host.replace(&path, &mut link.as_bytes(), &save, &FileAttrs::default())?;
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        state.values.insert("git_dir_before", shown(&repository));
        state.values.insert("git_dir_now", shown(&wanted));
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::signers;

    #[test]
    fn signers_are_the_signing_and_the_primary_key() {
        let raw = "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 Ann\n[GNUPG:] VALIDSIG AAAA 2020-01-01 1 0 4 0 22 10 00 BBBB\n";
        assert_eq!(signers(raw), ["AAAA", "BBBB"]);
        assert!(signers("error: no signature found\n").is_empty());
    }
}
