//! The name under which kdo was called.

use crate::stop::{Result, Stop};
use std::{ffi::OsString, path::Path};

/// Names of Ansible's programs and the subcommand that stands for each.
const PROGRAMS: [(&str, &str); 9] = [
    ("ansible-playbook", "play"),
    ("ansible", "run"),
    ("ansible-inventory", "inventory"),
    ("ansible-vault", "vault"),
    ("ansible-config", "config"),
    ("ansible-doc", "doc"),
    ("ansible-console", "console"),
    ("ansible-galaxy", "galaxy"),
    ("ansible-pull", "pull"),
];

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Called {
    /// A command of kdo's.
    Command(Vec<OsString>),
    /// The version, as this program of Ansible's tells it.
    Version(String),
}

/// The name of the program, without its folder.
fn name(arguments: &[OsString]) -> String {
    let first = arguments.first().and_then(|a| Path::new(a).file_name());
    first
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Whether this process stands in for a program of Ansible's.
pub(crate) fn ansible() -> bool {
    let arguments: Vec<OsString> = std::env::args_os().take(1).collect();
    let name = name(&arguments);
    name == "ansible" || name.starts_with("ansible-")
}

/// The command line with the subcommand that the program's name asks for.
pub(crate) fn arguments(mut arguments: Vec<OsString>) -> Result<Called> {
    let name = name(&arguments);
    if let Some((_, subcommand)) = PROGRAMS.iter().find(|(program, _)| *program == name) {
        if arguments.iter().skip(1).any(|a| a == "--version") {
            return Ok(Called::Version(name));
        }
        arguments.insert(1, (*subcommand).into());
        return Ok(Called::Command(arguments));
    }
    if name.starts_with("ansible-") {
        let known: Vec<&str> = PROGRAMS.iter().map(|(program, _)| *program).collect();
        return Err(Stop::usage(format!(
            "kdo cannot stand in for `{name}`; it takes the place of {}",
            known.join(", ")
        )));
    }
    Ok(Called::Command(arguments))
}

#[cfg(test)]
mod tests {
    use super::{Called, arguments};

    fn as_text(words: &[&str]) -> Vec<String> {
        let Called::Command(words) = arguments(words.iter().map(Into::into).collect()).unwrap() else {
            panic!("no command");
        };
        words.into_iter().map(|a| a.into_string().unwrap()).collect()
    }

    #[test]
    fn the_programs_name_chooses_the_subcommand() {
        assert_eq!(
            as_text(&["/usr/bin/ansible-playbook", "a.yml"])[1..],
            ["play", "a.yml"]
        );
        assert_eq!(as_text(&["ansible", "all"])[1..], ["run", "all"]);
        assert_eq!(as_text(&["kdo", "play"])[1..], ["play"]);
        let version = arguments(vec!["ansible-vault".into(), "--version".into()]);
        assert!(matches!(version, Ok(Called::Version(name)) if name == "ansible-vault"));
        assert!(arguments(vec!["ansible-test".into()]).is_err());
    }
}
