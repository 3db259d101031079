//! Programs in Python on hosts that have none: the one cause of failure that users of a Python-free host keep meeting, and
//! which neither the shell nor the kernel names.

use crate::prelude::*;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Statuses of a shell or `env` that could not start a program.
const NOT_STARTED: [i64; 2] = [126, 127];

/// What to say of a program that ended with `rc` and said `stderr`, if it needs a Python that is not there.
pub(super) fn missing(host: &Host<'_>, line: &str, rc: i64, stderr: &str) -> Option<String> {
    let told = NOT_STARTED.contains(&rc) && stderr.split(is_border).any(is_python);
    told.then(|| lacking(host, line)).flatten()
}

/// The same for a program that the kernel did not start: its first line may name a Python that is not there.
pub(super) fn not_started(host: &Host<'_>, directory: Option<&Path>, words: &[String]) -> Option<String> {
    let path = PathBuf::from(words.first()?);
    let path = directory.map_or_else(|| path.clone(), |d| d.join(&path));
    let named = is_python(words.first()?) || first_line(&path).split(is_border).any(is_python);
    named.then(|| lacking(host, &words.join(" "))).flatten()
}

fn lacking(host: &Host<'_>, line: &str) -> Option<String> {
    if ["python3", "python"]
        .iter()
        .any(|n| host.find_program(n).is_some())
    {
        return None;
    }
    let program = line.split(is_border).find(|w| is_python(w)).unwrap_or(line);
    Some(format!(
        "`{program}` needs Python, and this host has none; install it before (package python3)"
    ))
}

/// What ends a word, in command lines and in what shells say of them.
fn is_border(c: char) -> bool {
    c.is_whitespace() || "'\"`‘’:;|&()!".contains(c)
}

/// Whether a word is Python itself, with or without version, or a program by its ending.
pub fn is_python(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let version = name.strip_prefix("python");
    version.is_some_and(|v| v.chars().all(|c| c.is_ascii_digit() || c == '.'))
        || name.strip_suffix(".py").is_some_and(|n| !n.is_empty())
}

/// The first line of a file, if it is a text.
fn first_line(path: &Path) -> String {
    let mut start = [0_u8; 128];
    let read = File::open(path).and_then(|mut f| f.read(&mut start)).unwrap_or(0);
    let text = String::from_utf8_lossy(&start[..read]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{is_python, missing, not_started};
    use crate::{Host, NoLink, host::Context};

    fn with_path<T>(path: &str, ask: impl FnOnce(&Host<'_>) -> T) -> T {
        let mut link = NoLink;
        let context = Context {
            environment: vec![("PATH".into(), path.into())],
            ..Context::default()
        };
        ask(&Host::new(context, &mut link))
    }

    #[test]
    fn python_and_its_programs_are_known_by_name() {
        for word in ["python3", "/usr/bin/python3.11", "python", "./a/gen.py"] {
            assert!(is_python(word), "{word}");
        }
        for word in ["pythonic", "python-config", "x.pyc", ".py", "sh"] {
            assert!(!is_python(word), "{word}");
        }
    }

    #[test]
    fn what_lacks_python_is_named_and_nothing_else_is_blamed_on_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        let says = "/bin/sh: 1: ./gen.py: not found\n";
        let hint = with_path(&path, |h| missing(h, "cd x && ./gen.py --all", 127, says)).unwrap();
        assert!(hint.starts_with("`./gen.py` needs Python"), "{hint}");
        let env = "env: ‘python3’: No such file or directory\n";
        assert!(with_path(&path, |h| missing(h, "./summary", 127, env)).is_some());
        assert!(with_path(&path, |h| missing(h, "./gen.py", 1, says)).is_none());
        assert!(with_path(&path, |h| missing(h, "nothing", 127, "sh: nothing: not found")).is_none());
        let program = dir.path().join("summary");
        std::fs::write(&program, "#!/no/such/python3\n").unwrap();
        let words = ["./summary".to_owned()];
        assert!(with_path(&path, |h| not_started(h, Some(dir.path()), &words)).is_some());
        std::fs::write(&program, "#!/no/such/perl\n").unwrap();
        assert!(with_path(&path, |h| not_started(h, Some(dir.path()), &words)).is_none());
        let python = dir.path().join("python3");
        std::fs::write(&python, "").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&python, mode).unwrap();
        assert!(with_path(&path, |h| missing(h, "./gen.py", 127, says)).is_none());
    }
}
