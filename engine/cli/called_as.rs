//! The name under which kdo was called.

use crate::{
    stop::{Result, Stop},
    version,
};
use std::{ffi::OsString, path::Path};

/// Names of Ansible's programs and the subcommand that stands for each.
const PROGRAMS: [(&str, &str); 4] = [
    ("ansible-playbook", "play"),
    ("ansible", "run"),
    ("ansible-inventory", "inventory"),
    ("ansible-vault", "vault"),
];

/// The command line with the subcommand that the program's name asks for.
pub(crate) fn arguments(mut arguments: Vec<OsString>) -> Result<Vec<OsString>> {
    let name = arguments
        .first()
        .and_then(|a| Path::new(a).file_name())
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    if let Some((_, subcommand)) = PROGRAMS.iter().find(|(program, _)| *program == name) {
        if arguments.iter().skip(1).any(|a| a == "--version") {
            return Ok(vec![version::FLAG.into(), name.into()]);
        }
        arguments.insert(1, (*subcommand).into());
        return Ok(arguments);
    }
    if name.starts_with("ansible-") {
        let known: Vec<&str> = PROGRAMS.iter().map(|(program, _)| *program).collect();
        return Err(Stop::usage(format!(
            "kdo cannot stand in for `{name}`; it takes the place of {}",
            known.join(", ")
        )));
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::arguments;

    fn as_text(words: &[&str]) -> Vec<String> {
        arguments(words.iter().map(Into::into).collect())
            .unwrap()
            .into_iter()
            .map(|a| a.into_string().unwrap())
            .collect()
    }

    #[test]
    fn the_programs_name_chooses_the_subcommand() {
        assert_eq!(
            as_text(&["/usr/bin/ansible-playbook", "a.yml"])[1..],
            ["play", "a.yml"]
        );
        assert_eq!(as_text(&["ansible", "all"])[1..], ["run", "all"]);
        assert_eq!(as_text(&["kdo", "play"])[1..], ["play"]);
        assert!(arguments(vec!["ansible-galaxy".into()]).is_err());
    }
}
