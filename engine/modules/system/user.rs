//! `user`: accounts.

pub use super::user_params::User;

use super::{shadow, user_home};
use crate::{
    facts,
    host::{Command, User as Account},
    prelude::*,
};
use std::{fs, path::Path};

/// Outputs of the programs that ran.
#[derive(Default)]
pub(super) struct Said {
    out: String,
    err: String,
}

impl Said {
    fn into(self, mut out: Outcome) -> Outcome {
        if !self.out.is_empty() {
            out = out.with("stdout", self.out);
        }
        if !self.err.is_empty() {
            out = out.with("stderr", self.err);
        }
        out
    }
}

impl User {
    pub(super) fn local(&self) -> bool {
        self.local == Some(true)
    }

    fn existing(&self, host: &mut Host<'_>) -> Option<Account> {
        if self.local() {
            let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
            text.lines().find(|l| l.split(':').next() == Some(&self.name))?;
        }
        host.accounts().user(&self.name)
    }

    /// Runs a program that changes accounts.
    pub(super) fn execute(
        &self,
        host: &mut Host<'_>,
        command: Command,
        said: &mut Said,
    ) -> Result<(), Failure> {
        if let Some(out) = host.execute(command)? {
            said.out += &out.stdout_text();
            said.err += &out.stderr_text();
            if out.rc != 0 {
                return Err(self.failed(out.rc, out.stderr_text()));
            }
        }
        host.accounts().forget();
        Ok(())
    }

    /// A program's failure.
    pub(super) fn failed(&self, rc: i64, words: impl Into<String>) -> Failure {
        Failure::new(words)
            .with("name", self.name.as_str())
            .with("rc", rc)
    }

    /// The day of expiry as programs read it; empty: never.
    pub(super) fn expiry_date(&self) -> Option<String> {
        let seconds = self.expires?;
        if seconds < 0.0 {
            return Some(String::new());
        }
        let (year, month, day) = facts::civil((seconds / 86400.0).floor() as i64);
        Some(format!("{year:04}-{month:02}-{day:02}"))
    }

    /// The password as shadow keeps it: with a mark before it if it is to be locked.
    pub(super) fn lockable(&self, password: &str) -> String {
        let lock = if self.password_lock == Some(true) { "!" } else { "" };
        format!("{lock}{password}")
    }

    fn look_over(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        if self.local() {
            for (name, given) in [
                ("umask", self.umask.is_some()),
                ("uid_min", self.uid_min.is_some()),
                ("uid_max", self.uid_max.is_some()),
            ] {
                if given {
                    return Err(Failure::new(format!("'{name}' can not be used with 'local'")));
                }
            }
        }
        if self.append && self.groups.is_none() {
            host.warn("'append' is set, but no 'groups' are specified. Use 'groups' for appending new groups.This will change to an error in Ansible 2.14.");
        }
        if self
            .password
            .as_deref()
            .is_some_and(|p| !p.is_empty() && !shadow::is_hash(p))
        {
            host.warn("The input password appears not to have been hashed. The 'password' argument must be encrypted for this module to work properly.");
        }
        Ok(())
    }

    fn absent(self, host: &mut Host<'_>, there: bool) -> Result<Outcome, Failure> {
        let out = Outcome::new()
            .with("name", self.name.as_str())
            .with("state", "absent");
        if !there {
            return Ok(out);
        }
        let mut said = Said::default();
        self.delete(host, &mut said)?;
        if host.check() {
            return Ok(Outcome::new());
        }
        Ok(said.into(out.with("force", self.force).with("remove", self.remove)))
    }

    fn create_with_home(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let parent = self.home.as_deref().and_then(Path::parent);
        let parents = self.create_home && parent.is_some_and(|p| !p.is_dir());
        self.create(host, said)?;
        if parents
            && let Some(home) = &self.home
            && let Some(account) = self.existing(host)
        {
            user_home::give(home, account.uid, account.gid)?;
        }
        Ok(())
    }

    /// Gives an existing account its home folder, filled from the skeleton.
    fn make_home(&self, host: &mut Host<'_>, now: &Account) -> Result<(), Failure> {
        let home = self.home.as_deref().unwrap_or(Path::new(&now.home));
        if !self.create_home || home.exists() {
            return Ok(());
        }
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        self.fill_home(host, home)?;
        user_home::give(home, now.uid, now.gid)
    }
}

impl Module for User {
    const META: Meta = Meta {
        name: "ansible.builtin.user",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "append",
                doc: "Whether further groups are added only.",
            },
            Return {
                name: "force",
                doc: "Whether it was forced.",
            },
            Return {
                name: "move_home",
                doc: "Whether the home folder was to be moved.",
            },
            Return {
                name: "name",
                doc: "Name of the user.",
            },
            Return {
                name: "password",
                doc: "A mask, where a password was given.",
            },
            Return {
                name: "remove",
                doc: "Whether the home folder was to be removed.",
            },
            Return {
                name: "stderr",
                doc: "What the programs complained about.",
            },
            Return {
                name: "stdout",
                doc: "What the programs printed.",
            },
            Return {
                name: "system",
                doc: "Whether it is an account of the system.",
            },
            Return {
                name: "uid",
                doc: "Number of the user.",
            },
            Return {
                name: "group",
                doc: "Number of the primary group.",
            },
            Return {
                name: "groups",
                doc: "The asked further groups, with commas.",
            },
            Return {
                name: "home",
                doc: "Home folder.",
            },
            Return {
                name: "shell",
                doc: "Login shell.",
            },
            Return {
                name: "comment",
                doc: "Description.",
            },
            Return {
                name: "create_home",
                doc: "For a new account, whether a home folder was asked for.",
            },
            Return {
                name: "ssh_public_key",
                doc: "The generated public key.",
            },
            Return {
                name: "ssh_key_file",
                doc: "Where the generated key is.",
            },
            Return {
                name: "ssh_fingerprint",
                doc: "Fingerprint of the generated key.",
            },
        ],
        examples: &[Example {
            title: "The superuser has number 0",
            args: r#"{"name": "root", "uid": 0}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        self.look_over(host)?;
        let now = self.existing(host);
        if self.state == "absent" {
            return self.absent(host, now.is_some());
        }
        let mut said = Said::default();
        let out = Outcome::new()
            .with("name", self.name.as_str())
            .with("state", "present");
        match &now {
            None => {
                if host.check() {
                    // Its groups may be going to be made by an earlier task: nothing is looked at.
                    host.mark_changed();
                    return Ok(Outcome::new());
                }
                self.create_with_home(host, &mut said)?;
                out.values.insert("system", self.system);
                out.values.insert("create_home", self.create_home);
            }
            Some(account) => {
                self.modify(host, account, &mut said)?;
                out.values.insert("append", self.append);
                out.values.insert("move_home", self.move_home);
            }
        }
        if self.password.is_some() {
            out.values.insert("password", "NOT_LOGGING_PASSWORD");
        }
        if let Some(account) = self.existing(host) {
            out.values.insert("uid", account.uid);
            out.values.insert("group", account.gid);
            out.values.insert("comment", account.gecos.as_str());
            out.values.insert("home", account.home.as_str());
            out.values.insert("shell", account.shell.as_str());
            if let Some(groups) = &self.groups {
                out.values.insert("groups", groups.join(","));
            }
            self.make_home(host, &account)?;
            self.make_key(host, &account, &out.values)?;
        }
        self.password_ages(host)?;
        Ok(said.into(out))
    }
}
