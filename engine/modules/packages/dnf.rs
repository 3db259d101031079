//! `dnf`, `yum`: packages of Fedora and its relatives.

use super::{dnf_options::Options, dnf4, dnf5};
use crate::prelude::*;
use std::fs;

/// Install, upgrade and remove packages with dnf
///
/// rpm tells what is installed; dnf is started only where something is to be done. What is to be done is one
/// transaction: it is resolved first, and run only if each part of it can be done. On hosts with dnf 5 this is `dnf5`.
#[derive(Params)]
pub struct Dnf {
    #[param(flatten)]
    options: Options,
    /// Which program: found out unless named.
    #[param(default = "auto", choices("auto", "dnf", "dnf4", "dnf5", "yum", "yum4"))]
    use_backend: String,
}

/// Whether this host's dnf is dnf 5.
fn is_five(host: &Host<'_>) -> bool {
    match host.find_program("dnf") {
        Some(path) => fs::canonicalize(path).is_ok_and(|p| p.ends_with("dnf5")),
        None => host.find_program("dnf-3").is_none() && host.find_program("dnf5").is_some(),
    }
}

impl Module for Dnf {
    const META: Meta = Meta {
        name: "ansible.builtin.dnf",
        aliases: &["ansible.builtin.yum"],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "results",
                doc: "What was installed and removed; with `list`, the packages.",
            },
            Return {
                name: "rc",
                doc: "0, or 1 when it failed.",
            },
            Return {
                name: "failures",
                doc: "What could not be done, when it failed.",
            },
        ],
        examples: &[
            Example {
                title: "Install packages",
                args: r#"{"name": ["git", "bc"], "state": "present"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
            Example {
                title: "Upgrade all that repository testing has, too",
                args: r#"{"name": "*", "state": "latest", "enablerepo": "testing"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let options = self.options.checked()?;
        let five = match self.use_backend.as_str() {
            "dnf5" => true,
            "auto" | "yum" => is_five(host),
            _ => false,
        };
        if five {
            dnf5::run(options, host)
        } else {
            dnf4::run(options, host)
        }
    }
}
