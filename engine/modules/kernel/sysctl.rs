//! `sysctl`: parameters of the running kernel and their file.

use crate::{
    files::{file_text, followed},
    params::parse_bool,
    prelude::*,
};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

/// Set kernel parameters in a file and, if wished, in the running kernel
#[derive(Params)]
#[params(required_if(state = "present", value))]
pub struct Sysctl {
    /// Name of the parameter, `net.ipv4.ip_forward`.
    #[param(required, alias = "key")]
    name: String,
    /// Its value; words for truth become 1 and 0.
    #[param(alias = "val")]
    value: Option<String>,
    /// Whether it should be in the file.
    #[param(default = "present")]
    state: State,
    /// Go on when the kernel does not know a parameter.
    #[param(default = false)]
    ignoreerrors: bool,
    /// Load the file into the kernel after a change.
    #[param(default = true)]
    reload: bool,
    /// The file.
    #[param(default = "/etc/sysctl.conf")]
    sysctl_file: PathBuf,
    /// Compare with the running kernel and set it there too.
    #[param(default = false)]
    sysctl_set: bool,
}

fn parsed(value: Option<&str>) -> String {
    let value = value.unwrap_or_default();
    match parse_bool(value) {
        Some(true) => "1".into(),
        Some(false) => "0".into(),
        None => value.trim().to_owned(),
    }
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    Some((name.trim(), value.trim()))
}

/// The file's lines with the parameter set (or gone), every parameter once.
fn edit(text: &str, name: &str, value: Option<&str>) -> String {
    let (mut out, mut seen) = (String::new(), Vec::new());
    for line in text.lines() {
        match setting(line) {
            None => out.push_str(line.trim()),
            Some((key, _)) if seen.contains(&key) => continue,
            Some((key, old)) => {
                seen.push(key);
                match value {
                    Some(new) if key == name => out.push_str(&format!("{key}={new}")),
                    None if key == name => continue,
                    _ => out.push_str(&format!("{key}={old}")),
                }
            }
        }
        out.push('\n');
    }
    if let Some(value) = value
        && !seen.contains(&name)
    {
        out.push_str(&format!("{name}={value}\n"));
    }
    out
}

/// Some failures are only told on standard error.
fn failed(out: &Output) -> bool {
    let refused = |line: &str| {
        line.starts_with("sysctl: setting key \"")
            && (line.ends_with(": Invalid argument") || line.ends_with(": Read-only file system"))
    };
    out.rc != 0 || out.stderr_text().lines().any(refused)
}

/// Whether the running kernel has the value; `None` if it does not tell. What it does not know is empty.
fn runs_with(name: &str, value: &str) -> Option<bool> {
    // As in file names and interfaces with dots: what comes first of `.` and `/` separates.
    let swapped = name
        .find(['.', '/'])
        .is_none_or(|at| name.get(at..).is_some_and(|r| r.starts_with('.')));
    let path: String = name
        .chars()
        .map(|c| match c {
            '.' if swapped => '/',
            '/' if swapped => '.',
            c => c,
        })
        .collect();
    match fs::read(Path::new("/proc/sys").join(path)) {
        Ok(bytes) => {
            let running = String::from_utf8_lossy(&bytes).into_owned();
            Some(running.split_whitespace().eq(value.split_whitespace()))
        }
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Some(value.is_empty())
        }
        Err(_) => None,
    }
}

impl Sysctl {
    /// Runs `sysctl`, which may fail for unknown names if the user says so.
    fn call(&self, host: &mut Host<'_>, args: &[&str], what: &str) -> Result<(), Failure> {
        let program = host.need_program("sysctl", "procps")?;
        let mut command = Command::new(program).env("LC_ALL", "C");
        if self.ignoreerrors {
            command = command.arg("-e");
        }
        match host.execute(command.args(args))? {
            Some(out) if failed(&out) => {
                let words = out.stdout_text() + &out.stderr_text();
                Err(Failure::new(format!("{what}: {words}")))
            }
            _ => Ok(()),
        }
    }
}

impl Module for Sysctl {
    const META: Meta = Meta {
        name: "ansible.posix.sysctl",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[],
        examples: &[Example {
            title: "A file of its own, not loaded",
            args: r#"{"name": "vm.swappiness", "value": "5", "sysctl_file": "{dir}/s.conf", "reload": false}"#,
            given: &[("s.conf", "# mine\nvm.swappiness = 60\nkernel.x=1\n")],
            then: &[("s.conf", "# mine\nvm.swappiness=5\nkernel.x=1\n")],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.name.is_empty() {
            return Err("name cannot be blank".into());
        }
        let present = self.state == State::Present;
        let value = parsed(self.value.as_deref());
        if present && value.is_empty() {
            return Err("value cannot be blank".into());
        }
        let name = self.name.trim();
        let file = followed(&self.sysctl_file);
        let old = host.stat(&file)?.map(|_| host.read(&file)).transpose()?;
        let text = String::from_utf8_lossy(old.as_deref().unwrap_or_default()).into_owned();
        let now = text.lines().filter_map(setting).rfind(|(k, _)| *k == name);
        let write = match now {
            None => present,
            Some((_, v)) => !present || v != value,
        };
        let runs = if present && (self.reload || self.sysctl_set) {
            runs_with(name, &value)
        } else {
            Some(true)
        };
        // What only the file should say need not run; but a reload is due where it does not.
        let changed = write || runs != Some(true);
        if self.sysctl_set && runs == Some(false) {
            let word = format!("{name}={value}");
            self.call(host, &["-w", &word], &format!("setting {name} failed"))?;
        }
        if write {
            let new = edit(&text, name, present.then_some(value.as_str()));
            host.write(&file, new.as_bytes(), &Save::default(), &FileAttrs::default())?;
        }
        if changed && self.reload {
            let path = file_text(&self.sysctl_file);
            self.call(host, &["-p", &path], "Failed to reload sysctl")?;
        }
        Ok(Outcome::new().changed(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::edit;

    #[test]
    fn lines_are_set_once_and_comments_stay() {
        assert_eq!(edit("a = 1\n; x\na=2\nb=3\n", "a", Some("9")), "a=9\n; x\nb=3\n");
        assert_eq!(edit("a = 1\nb=3", "a", None), "b=3\n");
        assert_eq!(edit("", "a", Some("1")), "a=1\n");
    }
}
