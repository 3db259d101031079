//! Paths as users write them.

use super::accounts::Accounts;
use std::{fs, io, path::Path};

/// The error that changing into that folder would give.
pub fn enter(folder: &Path) -> io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(rustix::io::Errno::NOTDIR.into());
    }
    Ok(rustix::fs::access(folder, rustix::fs::Access::EXEC_OK)?)
}

/// Expands `~`, `~user`, `$VAR` and `${VAR}` with this process's environment, as Ansible does for path arguments.
pub fn expand(path: &str) -> String {
    expand_with(path, &[])
}

/// As [`expand`], with variables that stand above those of the process.
pub fn expand_with(path: &str, above: &[(String, String)]) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    if let Some(after) = path.strip_prefix('~') {
        let end = after.find('/').unwrap_or(after.len());
        let (user, tail) = after.split_at(end);
        let home = if user.is_empty() {
            std::env::var("HOME").ok().or_else(|| {
                Accounts::default()
                    .user_by_id(rustix::process::getuid().as_raw())
                    .map(|u| u.home)
            })
        } else {
            Accounts::default().user(user).map(|u| u.home)
        };
        if let Some(home) = home {
            out.push_str(home.trim_end_matches('/'));
            if home == "/" && tail.is_empty() {
                out.push('/');
            }
            rest = tail;
        }
    }
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let after = after.get(1..).unwrap_or("");
        let (name, consumed) = match after.strip_prefix('{') {
            Some(braced) => match braced.find('}') {
                Some(end) => (braced.get(..end).unwrap_or(""), end + 2),
                None => ("", 0),
            },
            None => {
                let end = after
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(after.len());
                (after.get(..end).unwrap_or(""), end)
            }
        };
        let found = above.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
        match found.map_or_else(|| std::env::var(name), Ok) {
            Ok(value) if !name.is_empty() => out.push_str(&value),
            _ => {
                out.push('$');
                out.push_str(after.get(..consumed).unwrap_or(""));
            }
        }
        rest = after.get(consumed..).unwrap_or("");
    }
    out.push_str(rest);
    out
}
