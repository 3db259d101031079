//! Init scripts and the links that start them.

use crate::files::pattern;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The script of that name; a path is taken as it is.
pub(super) fn path(name: &str) -> PathBuf {
    Path::new("/etc/init.d").join(name)
}

/// Whether a start link is there, in one runlevel or in any.
pub(super) fn enabled(name: &str, runlevel: Option<&str>) -> bool {
    linked('S', name, runlevel)
}

/// Whether a start (`S`) or kill link (`K`) is there, in one runlevel or in any.
pub(super) fn linked(kind: char, name: &str, runlevel: Option<&str>) -> bool {
    let top = if Path::new("/etc/rc0.d").is_dir() {
        "/etc"
    } else {
        "/etc/init.d"
    };
    let level = runlevel.unwrap_or("?");
    !pattern::expand(Path::new(&format!("{top}/rc{level}.d/{kind}??{name}"))).is_empty()
}

/// Whether a process has that text in its command line (without one: its name in brackets), as `ps` shows it.
pub(super) fn process_matches(text: &str) -> bool {
    let own = std::process::id().to_string();
    let read = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut lines = read.filter_map(|e| {
        let id = e.file_name().to_string_lossy().into_owned();
        if id == own || !id.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let words = fs::read(e.path().join("cmdline")).ok()?;
        if !words.is_empty() {
            return Some(String::from_utf8_lossy(&words).replace('\0', " "));
        }
        let name = fs::read_to_string(e.path().join("comm")).ok()?;
        Some(format!("[{}]", name.trim_end()))
    });
    lines.any(|l| l.contains(text))
}
