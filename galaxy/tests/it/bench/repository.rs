//! A repository of git.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A repository with a work tree.
pub(crate) struct Repository {
    folder: PathBuf,
    /// Removed with the repository, unless the folder is somebody else's.
    _own: Option<tempfile::TempDir>,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let own = tempfile::tempdir().unwrap();
        let repository = Self::at(own.path());
        Self {
            _own: Some(own),
            ..repository
        }
    }

    /// A repository in a folder that is there.
    pub(crate) fn at(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let repository = Self {
            folder: folder.to_owned(),
            _own: None,
        };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.path())
            .args([
                "-c",
                "user.name=someone",
                "-c",
                "user.email=a@b.test",
                "-c",
                "protocol.file.allow=always",
            ])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Commits all there is; gives the commit.
    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=change"]);
        self.git(&["rev-parse", "HEAD"])
    }
}
