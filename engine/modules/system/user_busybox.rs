//! Accounts where only busybox is there to make them.

use super::{
    shadow,
    user::{Said, User},
    user_groups,
};
use crate::{host::Command, prelude::*};

impl User {
    /// Makes the account with busybox's programs.
    pub(super) fn create_busybox(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let mut c = Command::new(host.need_program("adduser", "passwd")?).arg("-D");
        if let Some(uid) = self.uid {
            c = c.arg("-u").arg(uid.to_string());
        }
        if let Some(group) = &self.group {
            user_groups::existing(host, group)?;
            c = c.arg("-G").arg(group);
        }
        if let Some(comment) = &self.comment {
            c = c.arg("-g").arg(comment);
        }
        if let Some(home) = &self.home {
            c = c.arg("-h").path(home);
        }
        if let Some(shell) = &self.shell {
            c = c.arg("-s").path(shell);
        }
        if !self.create_home {
            c = c.arg("-H");
        }
        if let Some(skeleton) = &self.skeleton {
            c = c.arg("-k").arg(skeleton);
        }
        c = c.args(self.settings(self.umask.as_deref()));
        if self.system {
            c = c.arg("-S");
        }
        self.execute(host, c.arg(&self.name), said)?;
        if let Some(password) = &self.password {
            self.set_password(host, password, said)?;
        }
        for (group, _) in self.further_groups(host)? {
            self.regroup_busybox(host, "adduser", &group, said)?;
        }
        Ok(())
    }

    /// Brings password and groups as wanted; busybox has no program for the rest.
    pub(super) fn modify_busybox(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        if let Some(change) = self.regroup(host)?.filter(|c| !c.all.is_empty()) {
            for group in &change.enter {
                self.regroup_busybox(host, "adduser", group, said)?;
            }
            for group in &change.leave {
                self.regroup_busybox(host, "delgroup", group, said)?;
            }
        }
        let is = shadow::entry(&self.name).unwrap_or_default().password;
        if let Some(password) = &self.password
            && self.update_password == "always"
            && is != *password
        {
            self.set_password(host, password, said)?;
        }
        Ok(())
    }

    fn set_password(&self, host: &mut Host<'_>, password: &str, said: &mut Said) -> Result<(), Failure> {
        let c = Command::new(host.need_program("chpasswd", "passwd")?)
            .arg("-e")
            .stdin(format!("{}:{password}\n", self.name));
        self.execute(host, c, said)
    }

    fn regroup_busybox(
        &self,
        host: &mut Host<'_>,
        program: &str,
        group: &str,
        said: &mut Said,
    ) -> Result<(), Failure> {
        let c = Command::new(host.need_program(program, "passwd")?)
            .arg(&self.name)
            .arg(group);
        self.execute(host, c, said)
    }
}
