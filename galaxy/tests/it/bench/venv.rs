//! Programs of Python that tests talk to: `.ci/run` keeps them in the cache folder.

use std::path::PathBuf;

/// A program there, such as the real ansible-galaxy; tells loudly if there is none.
pub(crate) fn python_program(name: &str) -> Option<PathBuf> {
    let told = std::env::var_os("KDO_INTEROP_VENV").map(PathBuf::from);
    let cache = || {
        let told = std::env::var_os("XDG_CACHE_HOME").filter(|c| !c.is_empty());
        let cache = told.map(PathBuf::from);
        Some(
            cache
                .or(Some(std::env::home_dir()?.join(".cache")))?
                .join("kdo-interop/venv"),
        )
    };
    let venv = told.or_else(cache)?;
    // The list is copied into it when all is there.
    let whole = venv.join("requirements.txt").is_file();
    let found = Some(venv.join("bin").join(name)).filter(|p| whole && p.is_file());
    if found.is_none() {
        eprintln!(
            "SKIPPED: {name} is not in {}, which .ci/run makes",
            venv.display()
        );
    }
    found
}
