//! Accounts where only busybox is there to make them.

use super::user::{Said, User};
use crate::{host::Command, prelude::*};

impl User {
    /// Makes the account with busybox's programs.
    pub(super) fn create_busybox(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let mut c = Command::new(host.need_program("adduser", "passwd")?).arg("-D");
        if let Some(uid) = self.uid {
            c = c.arg("-u").arg(uid.to_string());
        }
        if let Some(group) = &self.group {
            if !Self::has_group(host, group) {
                return Err(Failure::new(format!("Group {group} does not exist")));
            }
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
        if self.system {
            c = c.arg("-S");
        }
        self.execute(host, c.arg(&self.name), said)?;
        if let Some(password) = &self.password {
            let line = format!("{}:{password}\n", self.name);
            let chpasswd = Command::new(host.need_program("chpasswd", "passwd")?)
                .arg("-e")
                .stdin(line);
            self.execute(host, chpasswd, said)?;
        }
        for group in self.wanted_groups(host, None)?.unwrap_or_default() {
            let c = Command::new(host.need_program("adduser", "passwd")?)
                .arg(&self.name)
                .arg(group);
            self.execute(host, c, said)?;
        }
        Ok(())
    }
}
