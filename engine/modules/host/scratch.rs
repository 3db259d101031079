//! Folders for what lives no longer than a step.

use crate::Failure;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A folder that only this user can use; it goes with its content when it is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A folder below the usual place for temporary files.
    pub fn new() -> Result<Self, Failure> {
        Self::below(&env::temp_dir())
    }

    /// A folder below another one.
    pub fn below(base: &Path) -> Result<Self, Failure> {
        crate::files::tempfile::make_folder(base, "kdo.", "").map(Self)
    }

    /// A folder for programs: beside the agent, where programs surely may run, as hardened hosts forbid it in `/tmp`.
    pub fn for_programs() -> Result<Self, Failure> {
        let agent = env::current_exe().ok();
        let beside = agent.as_deref().and_then(Path::parent).map(Self::below);
        beside.and_then(Result::ok).map_or_else(Self::new, Ok)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A name inside.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
