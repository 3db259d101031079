//! `sysctl`: parameters of the running kernel and their file.

use crate::{files::followed, params::parse_bool, prelude::*};
use std::path::PathBuf;

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
    let error = out.stderr_text();
    out.rc != 0 || error.contains("Invalid argument") || error.contains("Read-only file system")
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
        let flags: &[&str] = if self.ignoreerrors { &["-e"] } else { &[] };
        let file = followed(&self.sysctl_file);
        let old = host.stat(&file)?.map(|_| host.read(&file)).transpose()?;
        let text = String::from_utf8_lossy(old.as_deref().unwrap_or_default()).into_owned();
        let now = text
            .lines()
            .filter_map(setting)
            .filter(|(k, _)| *k == self.name)
            .last();
        let write = match now {
            None => present,
            Some((_, v)) => !present || v != value,
        };
        let mut changed = write;
        let mut set = false;
        if self.sysctl_set && present {
            let program = host.need_program("sysctl", "procps")?;
            let out = host.query(Command::new(program).args(["-e", "-n"]).arg(&self.name))?;
            let running = out.stdout_text();
            let known = out.rc == 0 && !running.trim().is_empty();
            let same = known && running.split_whitespace().eq(value.split_whitespace());
            changed |= !same;
            set = known && !same;
        }
        if set {
            let program = host.need_program("sysctl", "procps")?;
            let word = format!("{}={value}", self.name);
            if let Some(out) = host.execute(Command::new(program).args(flags).arg("-w").arg(word))?
                && failed(&out)
            {
                let words = out.stdout_text() + &out.stderr_text();
                return Err(Failure::new(format!("setting {} failed: {words}", self.name)));
            }
        }
        if write {
            let new = edit(&text, &self.name, present.then_some(value.as_str()));
            host.write(&file, new.as_bytes(), &Save::default(), &FileAttrs::default())?;
        }
        if changed && self.reload {
            let program = host.need_program("sysctl", "procps")?;
            if let Some(out) = host.execute(Command::new(program).args(flags).arg("-p").path(&file))?
                && failed(&out)
            {
                let words = out.stdout_text() + &out.stderr_text();
                return Err(Failure::new(format!("Failed to reload sysctl: {words}")));
            }
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
