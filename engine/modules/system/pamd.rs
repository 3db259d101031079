//! `pamd`: rules of PAM services.

use super::{clock, pamd_rule::Service};
use crate::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Change the rules of a PAM service
///
/// Rules are found by their type, control and module path, which must all be as in the file; what is found nowhere changes nothing. A
/// file that is changed is written anew: one space between the fields, and a second line with the time of the change. As with
/// Ansible, comments between a new rule and the rule on its other side are lost.
#[derive(Params)]
#[params(required_if(state = "args_present", module_arguments))]
#[params(required_if(state = "args_absent", module_arguments))]
#[params(required_if(state = "before", new_control, new_type, new_module_path))]
#[params(required_if(state = "after", new_control, new_type, new_module_path))]
pub struct Pamd {
    /// The service, which is the name of its file.
    #[param(required)]
    name: String,
    /// The rule's type.
    #[param(
        name = "type",
        required,
        choices(
            "account",
            "-account",
            "auth",
            "-auth",
            "password",
            "-password",
            "session",
            "-session"
        )
    )]
    kind: String,
    /// The rule's control: a word, or `[value=action ...]`.
    #[param(required)]
    control: String,
    /// The rule's module.
    #[param(required)]
    module_path: String,
    /// The type to have.
    #[param(choices(
        "account",
        "-account",
        "auth",
        "-auth",
        "password",
        "-password",
        "session",
        "-session"
    ))]
    new_type: Option<String>,
    /// The control to have.
    new_control: Option<String>,
    /// The module to have.
    new_module_path: Option<String>,
    /// Arguments of the module: all of them (`updated`, `before`, `after`), or those to add, set or remove.
    #[param(elements = "str")]
    module_arguments: Option<Vec<String>>,
    /// Change the rule, remove it, put another one before or after it, or see to some of its arguments only.
    #[param(
        default = "updated",
        choices("absent", "before", "after", "args_absent", "args_present", "updated")
    )]
    state: String,
    /// Folder of the services.
    #[param(default = "/etc/pam.d")]
    path: PathBuf,
    /// Keep a copy of the old file.
    #[param(default = false)]
    backup: bool,
}

impl Pamd {
    /// Changes the rules; gives how many it changed.
    fn edit(&self, service: &mut Service) -> Result<usize, Failure> {
        let rule = (
            self.kind.as_str(),
            self.control.as_str(),
            self.module_path.as_str(),
        );
        let arguments = self.module_arguments.as_deref().map(words);
        let given = arguments.as_deref().unwrap_or_default();
        // An empty text is as good as none.
        let new = [&self.new_type, &self.new_control, &self.new_module_path]
            .map(|text| text.as_deref().filter(|t| !t.is_empty()));
        Ok(match self.state.as_str() {
            "absent" => service.remove(rule),
            "args_absent" => service.remove_arguments(rule, given),
            "args_present" => {
                if given.iter().any(|a| a.starts_with('[')) {
                    return Err(Failure::new(
                        "Unable to process bracketed '[' complex arguments with 'args_present'. Please use 'updated'.",
                    ));
                }
                service.add_arguments(rule, given)
            }
            "updated" => service.update(rule, new, arguments.as_deref()),
            side => {
                let [kind, control, path] = new.map(Option::unwrap_or_default);
                service.insert(rule, (kind, control, path), given, side == "after")
            }
        })
    }
}

/// Arguments as a rule has them: words, and what is in brackets as one.
pub(super) fn words(texts: impl AsRef<[String]>) -> Vec<String> {
    let mut out = Vec::new();
    for text in texts.as_ref() {
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let end = match rest.starts_with('[').then(|| rest.rfind(']')).flatten() {
                Some(bracket) => bracket + 1,
                None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
            };
            let (word, behind) = rest.split_at(end);
            out.push(word.to_owned());
            rest = behind.trim_start();
        }
    }
    out
}

/// The line that tells when the file was changed.
fn mark() -> String {
    let (seconds, micros) = clock::now();
    let t = clock::local(seconds);
    format!(
        "# Updated by Ansible - {:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{micros:06}",
        t.year, t.month, t.day, t.hour, t.minute, t.second
    )
}

impl Module for Pamd {
    const META: Meta = Meta {
        name: "community.general.pamd",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "change_count",
                doc: "How many rules were changed.",
            },
            Return {
                name: "backupdest",
                doc: "The copy of the old file; empty without.",
            },
        ],
        examples: &[Example {
            title: "Fewer tries",
            args: r#"{"path": "{dir}", "name": "login", "type": "auth", "control": "required", "module_path": "pam_faillock.so", "module_arguments": "deny=3", "state": "args_present"}"#,
            given: &[("login", "auth required pam_faillock.so silent deny=5\n")],
            then: &[],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let file = self.path.join(&self.name);
        let content = match fs::read_to_string(&file) {
            Ok(content) => content,
            Err(e) => {
                return Err(Failure::new(format!(
                    "Unable to open/read PAM module file {} with error {}.",
                    file.display(),
                    crate::host::errno(&e, &file.to_string_lossy())
                )));
            }
        };
        let mut service = Service::read(&content)?;
        let changes = self.edit(&mut service)?;
        service.check()?;
        let mut copy = PathBuf::new();
        if changes > 0 {
            if self.backup && !host.check() {
                copy = host.backup(&file)?;
            }
            let content = service.text(&mark());
            let write = |host: &mut Host<'_>| write(host, &file, &content);
            host.quietly(write)?;
        }
        Ok(Outcome::new()
            .changed(changes > 0)
            .with("change_count", changes)
            .with("backupdest", copy.to_string_lossy().into_owned()))
    }
}

fn write(host: &mut Host<'_>, file: &Path, content: &str) -> Result<(), Failure> {
    host.write(file, content.as_bytes(), &Save::default(), &FileAttrs::default())?;
    Ok(())
}
