//! Filters on POSIX file names.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::path_text};
use kdo_value::Value;
use std::path::{Path, PathBuf};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.basename", |c| map(c, |p| basename(p).to_owned()), "The last part of a path.", [];
        "{{ '/a/b/c.tar.gz' | basename }}" => r#""c.tar.gz""#, "{{ '/a/b/' | basename }}" => r#""""#),
    callable!("ansible.builtin.dirname", |c| map(c, |p| dirname(p).to_owned()), "All but the last part of a path.", [];
        "{{ '/a/b/c' | dirname }}" => r#""/a/b""#, "{{ 'c' | dirname }}" => r#""""#, "{{ '/' | dirname }}" => r#""/""#),
    callable!("ansible.builtin.expanduser", |c| map(c, expand_user), "The path with `~` and `~user` replaced by home folders.", [];
        "{{ '~nosuchuser/x' | expanduser }}" => r#""~nosuchuser/x""#),
    callable!("ansible.builtin.expandvars", |c| map(c, expand_variables), "The path with `$NAME` and `${NAME}` replaced by environment variables.", [];
        "{{ '$NO_SUCH_VARIABLE/x' | expandvars }}" => r#""$NO_SUCH_VARIABLE/x""#),
    callable!("ansible.builtin.realpath", |c| map(c, real_path), "The absolute path with symbolic links resolved.", [];
        "{{ '/nosuch/../b' | realpath }}" => r#""/b""#),
    callable!("ansible.builtin.normpath", |c| map(c, normalize), "The path without `.`, `..` and repeated slashes.", [];
        "{{ '/a//b/../c/./d' | normpath }}" => r#""/a/c/d""#, "{{ '' | normpath }}" => r#"".""#),
    callable!("ansible.builtin.relpath", relative, "The way to the path from a folder.", [];
        "{{ '/a/b/c' | relpath('/a/d') }}" => r#""../b/c""#, "{{ '/a' | relpath('/a') }}" => r#"".""#),
    callable!("ansible.builtin.splitext", split_extension, "The path without its extension, and the extension with its dot.", [];
        "{{ '/a/b.tar.gz' | splitext }}" => r#"["/a/b.tar", ".gz"]"#, "{{ '.bashrc' | splitext }}" => r#"[".bashrc", ""]"#),
    callable!("ansible.builtin.path_join", join, "The parts joined with slashes; an absolute part starts anew.", [];
        "{{ ['a', 'b', '/c', 'd'] | path_join }}" => r#""/c/d""#, "{{ ['/a/', 'b'] | path_join }}" => r#""/a/b""#),
    callable!("ansible.builtin.commonpath", common, "The longest folder that all paths share.", [];
        "{{ ['/a/b/c', '/a/b/d'] | commonpath }}" => r#""/a/b""#),
    callable!("ansible.builtin.fileglob", glob_filter, "The files on the controller that match a shell pattern.", [];
        "{{ '/nosuch/*' | fileglob }}" => "[]"),
];

fn map(call: &Call<'_>, f: impl Fn(&str) -> String) -> Result<Value, TemplateError> {
    Ok(Value::str(f(path_text(call.subject()?)?)))
}

/// What follows the last slash.
pub(crate) fn basename(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, b)| b)
}

/// What precedes the last slash, without slashes at its end unless it is only slashes.
pub(crate) fn dirname(path: &str) -> &str {
    let Some(at) = path.rfind('/') else { return "" };
    let head = path.get(..=at).unwrap_or("");
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { head } else { trimmed }
}

/// Replaces `~` and `~user` at the start.
pub(crate) fn expand_user(path: &str) -> String {
    let Some(rest) = path.strip_prefix('~') else {
        return path.to_owned();
    };
    let (user, rest) = match rest.find('/') {
        Some(i) => rest.split_at(i),
        None => (rest, ""),
    };
    let passwd = |user: &str| {
        let text = std::fs::read_to_string("/etc/passwd").ok()?;
        text.lines().find_map(|l| {
            let mut fields = l.split(':');
            (fields.next() == Some(user))
                .then(|| fields.nth(4).map(str::to_owned))
                .flatten()
        })
    };
    let home = if user.is_empty() {
        std::env::home_dir().map(|h| h.to_string_lossy().into_owned())
    } else {
        passwd(user)
    };
    match home {
        Some(home) => {
            let joined = format!("{}{rest}", home.trim_end_matches('/'));
            if joined.is_empty() { "/".to_owned() } else { joined }
        }
        None => path.to_owned(),
    }
}

fn expand_variables(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let after = rest.get(at + 1..).unwrap_or("");
        let (name, length) = match after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            Some((name, _)) => (name, name.len() + 3),
            None => {
                let end = after
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(after.len());
                (after.get(..end).unwrap_or(""), end + 1)
            }
        };
        match std::env::var(name) {
            Ok(value) if !name.is_empty() => out.push_str(&value),
            _ => out.push_str(rest.get(at..at + length).unwrap_or("$")),
        }
        rest = rest.get(at + length..).unwrap_or("");
    }
    out + rest
}

/// Python's `os.path.normpath`: by the text alone.
pub(crate) fn normalize(path: &str) -> String {
    let slashes = path.len() - path.trim_start_matches('/').len();
    let root = match slashes {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|l| *l != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') {
        return normalize(path);
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    normalize(&format!("{}/{path}", here.display()))
}

/// The absolute path with the links of its existing part resolved.
pub(crate) fn real_path(path: &str) -> String {
    let mut current = if path.starts_with('/') {
        PathBuf::from(path)
    } else {
        std::env::current_dir()
            .unwrap_or_else(|_| PathBuf::from("/"))
            .join(path)
    };
    let mut rest: Vec<String> = Vec::new();
    loop {
        if let Ok(found) = std::fs::canonicalize(&current) {
            let mut out = found.to_string_lossy().trim_end_matches('/').to_owned();
            for part in rest.iter().rev() {
                out.push('/');
                out.push_str(part);
            }
            return if out.is_empty() {
                "/".to_owned()
            } else {
                normalize(&out)
            };
        }
        let text = current.to_string_lossy().into_owned();
        let trimmed = text.trim_end_matches('/');
        let Some((head, tail)) = trimmed.rsplit_once('/') else {
            return absolute(path);
        };
        rest.push(tail.to_owned());
        current = PathBuf::from(if head.is_empty() { "/" } else { head });
    }
}

fn relative(call: &Call<'_>) -> Result<Value, TemplateError> {
    let path = path_text(call.subject()?)?;
    if path.is_empty() {
        return call.fail("no path specified");
    }
    let start = call.text(1, "start", ".")?;
    let (path, start) = (absolute(path), absolute(&start));
    let parts = |s: &str| -> Vec<String> {
        s.split('/')
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (path, start) = (parts(&path), parts(&start));
    let shared = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", start.len() - shared);
    let way: Vec<&str> = up.chain(path.iter().skip(shared).map(String::as_str)).collect();
    Ok(Value::str(if way.is_empty() {
        ".".to_owned()
    } else {
        way.join("/")
    }))
}

fn split_extension(call: &Call<'_>) -> Result<Value, TemplateError> {
    let path = path_text(call.subject()?)?;
    let name = basename(path);
    let stem = name.trim_start_matches('.');
    let at = match stem.rfind('.') {
        Some(dot) => path.len() - (stem.len() - dot),
        None => path.len(),
    };
    let (root, extension) = path.split_at(at);
    Ok(Value::Tuple([Value::str(root), Value::str(extension)].into()))
}

fn join(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let parts = match value {
        Value::Str(_) => vec![value.clone()],
        v => match v.as_sequence() {
            Some(parts) => parts,
            None => {
                return call.fail(format!(
                    "|path_join expects string or sequence, got <class '{}'> instead.",
                    value.type_name()
                ));
            }
        },
    };
    let mut out = String::new();
    for (i, part) in parts.iter().enumerate() {
        let part = match part {
            Value::Str(s) => s.as_str(),
            Value::Undefined(_) => path_text(part)?,
            other => {
                return call.fail(format!(
                    "join() argument must be str, bytes, or os.PathLike object, not '{}'",
                    other.type_name()
                ));
            }
        };
        if part.starts_with('/') {
            out.clear();
        } else if i > 0 && !out.is_empty() && !out.ends_with('/') {
            out.push('/');
        }
        out.push_str(part);
    }
    Ok(Value::str(out))
}

fn common(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(paths) = value.as_sequence() else {
        return call.fail(format!(
            "|commonpath expects sequence, got <class '{}'> instead.",
            value.type_name()
        ));
    };
    let mut shared: Option<Vec<String>> = None;
    let mut rooted = None;
    for path in &paths {
        let path = path_text(path)?;
        if rooted.is_some_and(|r| r != path.starts_with('/')) {
            return call.fail("Can't mix absolute and relative paths");
        }
        rooted = Some(path.starts_with('/'));
        let parts: Vec<String> = path
            .split('/')
            .filter(|p| !p.is_empty() && *p != ".")
            .map(str::to_owned)
            .collect();
        shared = Some(match shared {
            None => parts,
            Some(s) => s
                .into_iter()
                .zip(parts)
                .take_while(|(a, b)| a == b)
                .map(|(a, _)| a)
                .collect(),
        });
    }
    match shared {
        None => call.fail("commonpath() arg is an empty sequence"),
        Some(parts) => {
            let root = if rooted == Some(true) { "/" } else { "" };
            Ok(Value::str(format!("{root}{}", parts.join("/"))))
        }
    }
}

/// Whether a file name matches a shell pattern (`*`, `?`, `[…]`); a dot at the start must be matched by a dot.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(
                pattern.get(p..).unwrap_or(&[]),
                name.get(n).copied().unwrap_or('\0'),
            ),
            Some(c) => (name.get(n) == Some(c)).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => {
                p += length;
                n += 1;
            }
            (None, Some((sp, sn))) => {
                p = sp + 1;
                n = sn + 1;
                star = Some((sp, n));
            }
            (None, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or(&[]).iter().all(|c| *c == '*')
}

/// Length of the bracket expression if it matches `c`; a `[` without end is itself.
fn class(pattern: &[char], c: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    let Some(end) = pattern
        .iter()
        .skip(start + 1)
        .position(|c| *c == ']')
        .map(|i| i + start + 1)
    else {
        return (c == '[').then_some(1);
    };
    let inner = pattern.get(start..end)?;
    let mut found = false;
    let mut i = 0;
    while let Some(low) = inner.get(i) {
        if inner.get(i + 1) == Some(&'-')
            && let Some(high) = inner.get(i + 2)
        {
            found |= (*low..=*high).contains(&c);
            i += 3;
        } else {
            found |= *low == c;
            i += 1;
        }
    }
    (found != negated).then_some(end + 1)
}

/// Existing paths that match a pattern with wildcards in any part, sorted.
pub(crate) fn glob(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from(if pattern.starts_with('/') { "/" } else { "" })];
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        let mut next = Vec::new();
        for base in found {
            if !part.contains(['*', '?', '[']) {
                let path = base.join(part);
                if path.symlink_metadata().is_ok() {
                    next.push(path);
                }
                continue;
            }
            let folder: &Path = if base.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &base
            };
            let Ok(entries) = std::fs::read_dir(folder) else {
                continue;
            };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if matches(part, &name) {
                    next.push(base.join(name));
                }
            }
        }
        found = next;
    }
    found.sort();
    found
}

fn glob_filter(call: &Call<'_>) -> Result<Value, TemplateError> {
    let pattern = path_text(call.subject()?)?;
    Ok(Value::list(
        glob(pattern)
            .into_iter()
            .filter(|p| p.is_file())
            .map(|p| Value::str(p.to_string_lossy().into_owned())),
    ))
}

#[cfg(test)]
mod tests {
    use super::{glob, matches, real_path};

    #[test]
    fn shell_patterns_match_as_in_a_shell() {
        for (pattern, name, want) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".a.conf", false),
            (".*", ".a", true),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[", "[", true),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXbYb", false),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn links_are_resolved_and_missing_parts_kept() {
        let dir = std::env::temp_dir().join(format!("kdo-paths-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("real")).unwrap();
        let link = dir.join("link");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink("real", &link).unwrap();
        std::fs::write(dir.join("real/f.txt"), "").unwrap();
        let dir = std::fs::canonicalize(&dir).unwrap();
        assert_eq!(
            real_path(&format!("{}/link/no/file", dir.display())),
            format!("{}/real/no/file", dir.display())
        );
        assert_eq!(glob(&format!("{}/*/f.t?t", dir.display())).len(), 2);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
