//! New accounts, and their end.

use super::{
    user::{Said, User},
    user_groups,
};
use crate::{host::Command, prelude::*};

impl User {
    /// Makes the account.
    pub(super) fn create(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let program = if self.local() { "luseradd" } else { "useradd" };
        let path = match host.find_program(program) {
            Some(path) => path,
            None if self.local() => host.need_program(program, "libuser")?,
            None => return self.create_busybox(host, said),
        };
        let mut c = Command::new(path);
        if let Some(uid) = self.uid {
            c = c.arg("-u").arg(uid.to_string());
            if self.non_unique {
                c = c.arg("-o");
            }
        }
        if let Some(seuser) = &self.seuser {
            c = c.arg("-Z").arg(seuser);
        }
        if let Some(group) = &self.group {
            user_groups::existing(host, group)?;
            c = c.arg("-g").arg(group);
        } else if user_groups::group(host, &self.name).is_some() {
            // A group of the user's name is there already: it cannot be made again.
            c = c.arg(if self.local() { "-n" } else { "-N" });
        }
        let groups: Vec<String> = self.further_groups(host)?.into_iter().map(|(g, _)| g).collect();
        if !groups.is_empty() && !self.local() {
            c = c.arg("-G").arg(groups.join(","));
        }
        if let Some(comment) = &self.comment {
            c = c.arg("-c").arg(comment);
        }
        if let Some(home) = &self.home {
            if self.create_home && home.parent().is_some_and(|p| !p.is_dir()) {
                // The program makes the last folder only.
                self.fill_home(host, home)?;
            }
            c = c.arg("-d").path(home);
        }
        if let Some(shell) = &self.shell {
            c = c.arg("-s").path(shell);
        }
        if let Some(date) = self.expiry_date().filter(|_| !self.local()) {
            c = c.arg("-e").arg(date);
        }
        if let Some(days) = self.password_expire_account_disable {
            c = c.arg("-f").arg(days.to_string());
        }
        if let Some(password) = &self.password {
            c = c.arg("-p").arg(self.lockable(password));
        }
        if self.create_home {
            if !self.local() {
                c = c.arg("-m");
            }
            if let Some(skeleton) = &self.skeleton {
                c = c.arg("-k").arg(skeleton);
            }
        } else {
            c = c.arg("-M");
        }
        let umask = self.umask.clone().filter(|_| self.create_home);
        c = c.args(self.settings(umask.as_deref()));
        if self.system {
            c = c.arg("-r");
        }
        self.execute(host, c.arg(&self.name), said)?;
        if self.local() {
            self.create_locally(host, &groups, said)?;
        }
        Ok(())
    }

    /// Settings of `/etc/login.defs` for this account alone.
    pub(super) fn settings(&self, umask: Option<&str>) -> Vec<String> {
        let number = |n: Option<i64>| n.map(|n| n.to_string());
        let all = [
            ("UMASK", umask.map(str::to_owned)),
            ("UID_MIN", number(self.uid_min)),
            ("UID_MAX", number(self.uid_max)),
        ];
        let given = all.into_iter().filter_map(|(name, v)| Some((name, v?)));
        given
            .flat_map(|(name, v)| ["-K".to_owned(), format!("{name}={v}")])
            .collect()
    }

    /// What `luseradd` cannot do itself.
    fn create_locally(&self, host: &mut Host<'_>, groups: &[String], said: &mut Said) -> Result<(), Failure> {
        if let Some(seconds) = self.expires {
            let day = if seconds < 0.0 {
                -1
            } else {
                (seconds / 86400.0).floor() as i64
            };
            self.expire_locally(host, day, said)?;
        }
        for group in groups {
            self.regroup_locally(host, "-M", group, said)?;
        }
        Ok(())
    }

    pub(super) fn expire_locally(
        &self,
        host: &mut Host<'_>,
        day: i64,
        said: &mut Said,
    ) -> Result<(), Failure> {
        let c = Command::new(host.need_program("lchage", "libuser")?)
            .arg("-E")
            .arg(day.to_string());
        self.execute(host, c.arg(&self.name), said)
    }

    /// Puts the account into a group (`-M`) or takes it out (`-m`).
    pub(super) fn regroup_locally(
        &self,
        host: &mut Host<'_>,
        option: &str,
        group: &str,
        said: &mut Said,
    ) -> Result<(), Failure> {
        let c = Command::new(host.need_program("lgroupmod", "libuser")?)
            .arg(option)
            .arg(&self.name)
            .arg(group);
        self.execute(host, c, said)
    }

    /// Removes the account.
    pub(super) fn delete(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let program = if self.local() { "luserdel" } else { "userdel" };
        let command = match host.find_program(program) {
            Some(path) => {
                let mut c = Command::new(path);
                if self.force && !self.local() {
                    c = c.arg("-f");
                }
                if self.remove {
                    c = c.arg("-r");
                }
                c
            }
            None if self.local() => Command::new(host.need_program(program, "libuser")?),
            None => {
                let c = Command::new(host.need_program("deluser", "passwd")?);
                if self.remove { c.arg("--remove-home") } else { c }
            }
        };
        self.execute(host, command.arg(&self.name), said)
    }
}
