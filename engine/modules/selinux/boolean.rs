//! `seboolean`: switches of the SELinux policy.

use super::{KERNEL, Store, config_file, enabled, need_enabled};
use crate::prelude::*;
use std::{fs, path::Path};

/// Switch a boolean of the SELinux policy
///
/// Now by the kernel's files; for good with `setsebool`. Changes of the running kernel are not tested, as lab hosts have
/// no SELinux.
#[derive(Params)]
pub struct Seboolean {
    /// Work on the policy's store even where SELinux is off, with `persistent`.
    #[param(default = false)]
    ignore_selinux_state: bool,
    /// Its name.
    #[param(required)]
    name: String,
    /// Whether it stays so after a restart.
    #[param(default = false)]
    persistent: bool,
    /// On or off.
    #[param(required)]
    state: bool,
}

/// The name that takes the place of an old one, by the policy's table.
fn current_name(name: &str, table: &str) -> String {
    let new = table.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == name).then(|| words.next()).flatten()
    });
    new.unwrap_or(name).to_owned()
}

/// The value that is kept, in the list of `semanage boolean`: `name (now , kept) text`.
fn kept(list: &str, name: &str) -> Option<bool> {
    let line = list.lines().find(|l| l.split_whitespace().next() == Some(name))?;
    let values = line.split_once('(')?.1.split_once(')')?.0;
    Some(values.split(',').nth(1)?.trim() == "on")
}

impl Seboolean {
    fn keep(&self, host: &mut Host<'_>, name: &str) -> Result<(), Failure> {
        let list = Store::find(host, false)?.list(host, "boolean", false)?;
        let Some(is) = kept(&list, name) else {
            return Err(Failure::new(format!(
                "SELinux boolean {name} is not defined in persistent policy"
            )));
        };
        if is != self.state {
            let program = host.need_program("setsebool", "policycoreutils")?;
            let value = if self.state { "on" } else { "off" };
            if let Some(out) = host.execute(Command::new(program).args(["-N", "-P", name, value]))? {
                out.success(&format!("Failed to manage policy for boolean {name}"))?;
            }
        }
        Ok(())
    }

    fn switch(&self, host: &mut Host<'_>, name: &str) -> Result<(), Failure> {
        let file = Path::new(KERNEL).join("booleans").join(name);
        let text = fs::read_to_string(&file)
            .map_err(|_| format!("Failed to determine current state for boolean {name}"))?;
        // The value now and the one that waits to be committed.
        let is = text.split_whitespace().next() == Some("1");
        if is == self.state {
            return Ok(());
        }
        let value = if self.state { "1" } else { "0" };
        host.set_kernel_value(&file, value)
            .map_err(|e| format!("Failed to set boolean {name} to {value}: {e}"))?;
        host.set_kernel_value(&Path::new(KERNEL).join("commit_pending_bools"), "1")
            .map_err(|e| format!("Failed to commit pending boolean {name} value: {e}"))?;
        Ok(())
    }
}

impl Module for Seboolean {
    const META: Meta = Meta {
        name: "ansible.posix.seboolean",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "name",
                doc: "The boolean's name.",
            },
            Return {
                name: "persistent",
                doc: "Whether it was to be for good.",
            },
            Return {
                name: "state",
                doc: "The value that was wanted.",
            },
        ],
        examples: &[Example {
            title: "Let the web server open connections",
            args: r#"{"name": "httpd_can_network_connect", "state": true, "persistent": true}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        need_enabled(self.ignore_selinux_state)?;
        let policy = config_file::policy();
        let table = format!("/etc/selinux/{policy}/booleans.subs_dist");
        let name = current_name(&self.name, &fs::read_to_string(table).unwrap_or_default());
        if self.persistent {
            self.keep(host, &name)?;
        } else if enabled() {
            self.switch(host, &name)?;
        }
        Ok(Outcome::new()
            .with("name", self.name)
            .with("persistent", self.persistent)
            .with("state", self.state))
    }
}

#[cfg(test)]
mod tests {
    use super::{current_name, kept};

    #[test]
    fn the_kept_value_is_the_second() {
        let list = "httpd_can_sendmail             (off  ,   on)  Allow httpd to can sendmail\nhttpd_x (on,off) text\n";
        assert_eq!(kept(list, "httpd_can_sendmail"), Some(true));
        assert_eq!(kept(list, "httpd_x"), Some(false));
        assert_eq!(kept(list, "httpd"), None);
    }

    #[test]
    fn old_names_are_replaced() {
        let table = "allow_execheap selinuxuser_execheap\n";
        assert_eq!(current_name("allow_execheap", table), "selinuxuser_execheap");
        assert_eq!(current_name("other", table), "other");
    }
}
