//! `dpkg_selections`: what dpkg is to do with a package.

use super::dpkg::Database;
use crate::{host::Command, prelude::*};

/// Set what dpkg is to do with a package, such as holding it at its version
#[derive(Params)]
pub struct DpkgSelections {
    /// Name of the package.
    #[param(required)]
    name: String,
    /// What is to be done.
    #[param(required, choices("install", "hold", "deinstall", "purge"))]
    selection: String,
}

impl Module for DpkgSelections {
    const META: Meta = Meta {
        name: "ansible.builtin.dpkg_selections",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "before",
                doc: "What it was.",
            },
            Return {
                name: "after",
                doc: "What it is.",
            },
        ],
        examples: &[Example {
            title: "Hold a package",
            args: r#"{"name": "linux-image-amd64", "selection": "hold"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let now = Database::read().find(&self.name).map(|p| p.selection.clone());
        let Some(now) = now else {
            return Err(Failure::new(format!(
                "Failed to find package '{}' to perform selection '{}'.",
                self.name, self.selection
            )));
        };
        if now != self.selection {
            let c = Command::new(host.need_program("dpkg", "dpkg")?).arg("--set-selections");
            let c = c.stdin(format!("{} {}\n", self.name, self.selection));
            if let Some(out) = host.execute(c)? {
                out.success("dpkg --set-selections failed")?;
            }
            host.record_diff("", now.as_str(), "", self.selection.as_str());
        }
        Ok(Outcome::new().with("before", now).with("after", self.selection))
    }
}
