//! `selinux`: state and policy of SELinux.

use super::{KERNEL, config_file, enabled};
use crate::{host::io_failure, prelude::*};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Set SELinux to enforce, to warn only, or off, and choose its policy
///
/// The configuration file is edited, and the running kernel is told where that is possible. What concerns a kernel that
/// runs with SELinux is not tested, as lab hosts have none.
#[derive(Params)]
pub struct Selinux {
    /// The configuration file.
    #[param(default = "/etc/selinux/config", alias = "conf", alias = "file")]
    configfile: String,
    /// The policy; required unless SELinux is to be off.
    policy: Option<String>,
    /// What SELinux does.
    #[param(required, choices("enforcing", "permissive", "disabled"))]
    state: String,
    /// Also set or remove `selinux=0` for the kernels of the boot loader, with `grubby`.
    #[param(default = false)]
    update_kernel_param: bool,
}

/// Whether all kernels of `grubby --info=ALL` start with SELinux; `None` if some do and some do not.
fn kernels_enabled(text: &str) -> Option<bool> {
    let args = text
        .lines()
        .filter_map(|l| l.strip_prefix("args=\"")?.strip_suffix('"'));
    let off: Vec<bool> = args
        .map(|a| a.split(' ').any(|word| word == "selinux=0"))
        .collect();
    match (off.iter().any(|o| *o), off.iter().any(|o| !o)) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}

/// What the running kernel does.
fn running() -> &'static str {
    match fs::read_to_string(Path::new(KERNEL).join("enforce")) {
        Ok(text) if text.trim() == "1" => "enforcing",
        Ok(_) => "permissive",
        Err(_) => "disabled",
    }
}

impl Selinux {
    fn edit(&self, host: &mut Host<'_>, name: &str, value: &str) -> Result<(), Failure> {
        let path = Path::new(&self.configfile);
        let text = String::from_utf8_lossy(&host.read(path)?).into_owned();
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        let text = config_file::with(&text, name, value);
        host.replace(
            path,
            &mut text.as_bytes(),
            &Save::default(),
            &FileAttrs::default(),
        )
    }

    fn enforce(host: &mut Host<'_>, on: bool) -> Result<(), Failure> {
        let file = Path::new(KERNEL).join("enforce");
        host.set_kernel_value(&file, if on { "1" } else { "0" })
            .map_err(|e| io_failure("could not write", &file, &e))
    }

    /// Brings the running kernel to the wanted state; says whether that takes a restart.
    fn tell_kernel(&self, host: &mut Host<'_>, messages: &mut Vec<String>) -> Result<bool, Failure> {
        let (is, state) = (running(), self.state.as_str());
        if state == is {
            return Ok(false);
        }
        if !enabled() {
            host.warn(format!("Reboot is required to set SELinux state to '{state}'"));
            return Ok(true);
        }
        if state != "disabled" {
            Self::enforce(host, state == "enforcing")?;
            messages.push(format!("SELinux state changed from '{is}' to '{state}'"));
            return Ok(false);
        }
        if is == "permissive" {
            host.warn("SELinux state change will take effect next reboot");
        } else {
            Self::enforce(host, false)?;
            host.warn(format!(
                "SELinux state temporarily changed from '{is}' to 'permissive'. State change will take effect next reboot."
            ));
        }
        Ok(true)
    }

    fn grubby(host: &Host<'_>) -> Result<PathBuf, Failure> {
        host.need_program("grubby", "grubby")
    }

    fn set_kernels(&self, host: &mut Host<'_>, messages: &mut Vec<String>) -> Result<(), Failure> {
        let program = Self::grubby(host)?;
        let out = host
            .query(Command::new(&program).arg("--info=ALL"))?
            .success("unable to run grubby")?;
        let is = kernels_enabled(&out.stdout_text());
        let wanted = self.state != "disabled";
        if is == Some(wanted) {
            return Ok(());
        }
        let verb = if wanted { "--remove-args" } else { "--args" };
        let command = Command::new(program).args(["--update-kernel=ALL", verb, "selinux=0"]);
        if let Some(out) = host.execute(command)? {
            out.success("unable to change the kernels' arguments")?;
        }
        let word = |on: bool| if on { "enabled" } else { "disabled" };
        let before = is.map_or("<inconsistent>", word);
        messages.push(format!(
            "Kernel SELinux state changed from '{before}' to '{}'",
            word(wanted)
        ));
        Ok(())
    }
}

impl Module for Selinux {
    const META: Meta = Meta {
        name: "ansible.posix.selinux",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "configfile",
                doc: "The configuration file.",
            },
            Return {
                name: "msg",
                doc: "What was changed.",
            },
            Return {
                name: "policy",
                doc: "The policy.",
            },
            Return {
                name: "reboot_required",
                doc: "Whether a restart is needed before all of it holds.",
            },
            Return {
                name: "state",
                doc: "What SELinux does.",
            },
        ],
        examples: &[Example {
            title: "Only warn",
            args: r#"{"policy": "targeted", "state": "permissive"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let file = self.configfile.as_str();
        if !Path::new(file).is_file() {
            return Err(Failure::new(format!(
                "Unable to find file {file}; it comes with the package of a policy, such as selinux-policy-targeted or selinux-policy-default"
            )));
        }
        let text = String::from_utf8_lossy(&host.read(Path::new(file))?).into_owned();
        let config_policy = config_file::setting(&text, "SELINUXTYPE");
        let config_state = config_file::setting(&text, "SELINUX");
        if self.update_kernel_param {
            Self::grubby(host)?;
        }
        let policy = match self.policy.clone().filter(|p| !p.is_empty()) {
            Some(policy) => Some(policy),
            None if self.state != "disabled" => {
                return Err(Failure::new("Policy is required if state is not 'disabled'"));
            }
            None => config_policy.clone(),
        };
        let mut messages = Vec::new();
        let shown = |policy: &Option<String>| policy.clone().unwrap_or_else(|| "None".to_owned());
        let runtime = Some(config_file::policy());
        if policy != runtime {
            host.mark_changed();
            messages.push(format!(
                "Running SELinux policy changed from '{}' to '{}'",
                shown(&runtime),
                shown(&policy)
            ));
        }
        if policy != config_policy {
            host.mark_changed();
            messages.push(format!(
                "SELinux policy configuration in '{file}' changed from '{}' to '{}'",
                shown(&config_policy),
                shown(&policy)
            ));
        }
        if host.check() && host.changed() {
            return Ok(Outcome::new());
        }
        if let Some(policy) = policy.as_ref().filter(|_| policy != config_policy) {
            if !Path::new("/etc/selinux").join(policy).join("policy").exists() {
                return Err(Failure::new(format!(
                    "Policy {policy} does not exist in /etc/selinux/"
                )));
            }
            self.edit(host, "SELINUXTYPE", policy)?;
        }
        let reboot = self.tell_kernel(host, &mut messages)?;
        if config_state.as_ref() != Some(&self.state) {
            self.edit(host, "SELINUX", &self.state)?;
            messages.push(format!(
                "Config SELinux state changed from '{}' to '{}'",
                shown(&config_state),
                self.state
            ));
        }
        if self.update_kernel_param {
            self.set_kernels(host, &mut messages)?;
        }
        Ok(Outcome::new()
            .with("msg", messages.join(", "))
            .with("configfile", self.configfile)
            .with("policy", policy)
            .with("state", self.state)
            .with("reboot_required", reboot))
    }
}

#[cfg(test)]
mod tests {
    use super::kernels_enabled;

    #[test]
    fn kernels_that_differ_are_neither_on_nor_off() {
        let entry = |args: &str| format!("index=0\nkernel=\"/boot/vmlinuz\"\nargs=\"{args}\"\n");
        let (on, off) = (entry("ro quiet"), entry("ro selinux=0"));
        assert_eq!(kernels_enabled(&on), Some(true));
        assert_eq!(kernels_enabled(&off), Some(false));
        assert_eq!(kernels_enabled(&(on + &off)), None);
        assert_eq!(kernels_enabled(""), None);
    }
}
