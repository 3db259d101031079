//! Changes of accounts.

use super::{
    shadow,
    user::{Said, User},
    user_groups,
};
use crate::{
    host::{Command, User as Account},
    prelude::*,
};

/// The day of that second, counted from 1970.
fn day(seconds: f64) -> i64 {
    (seconds / 86400.0).floor() as i64
}

impl User {
    /// Makes the account as wanted.
    pub(super) fn modify(&self, host: &mut Host<'_>, now: &Account, said: &mut Said) -> Result<(), Failure> {
        let program = if self.local() { "lusermod" } else { "usermod" };
        let path = match host.find_program(program) {
            Some(path) => path,
            None if self.local() => host.need_program(program, "libuser")?,
            None => return self.modify_busybox(host, said),
        };
        // Who has no entry gets one, even to say that the account never expires.
        let entry = shadow::entry(&self.name).unwrap_or_else(|| shadow::Entry {
            expires: Some(0),
            ..shadow::Entry::default()
        });
        let mut args = self.differences(host, now)?;
        let expiry = self.new_expiry(&entry);
        if let Some(day) = expiry.filter(|_| !self.local()) {
            let date = if day < 0 {
                Some(String::new())
            } else {
                self.expiry_date()
            };
            args.extend(["-e".to_owned(), date.unwrap_or_default()]);
        }
        if let Some(days) = self.password_expire_account_disable {
            args.extend(["-f".to_owned(), days.to_string()]);
        }
        args.extend(self.password_changes(&entry.password));
        let groups = self.regroup(host)?;
        if let Some(change) = groups.as_ref().filter(|_| !self.local()) {
            args.extend(self.append.then(|| "-a".to_owned()));
            args.extend(["-G".to_owned(), change.all.join(",")]);
        }
        if !args.is_empty() {
            self.execute(host, Command::new(path).args(args).arg(&self.name), said)?;
        }
        if self.local() {
            if let Some(day) = expiry {
                self.expire_locally(host, day, said)?;
            }
            for (option, group) in groups.iter().flat_map(|change| {
                let enter = change.enter.iter().map(|g| ("-M", g));
                enter.chain(change.leave.iter().map(|g| ("-m", g)))
            }) {
                self.regroup_locally(host, option, group, said)?;
            }
        }
        Ok(())
    }

    /// Arguments for what passwd says.
    fn differences(&self, host: &mut Host<'_>, now: &Account) -> Result<Vec<String>, Failure> {
        let mut args: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| args.extend(words.iter().map(|w| (*w).to_owned()));
        if let Some(uid) = self.uid.filter(|u| *u != i64::from(now.uid)) {
            add(&["-u", &uid.to_string()]);
            if self.non_unique {
                add(&["-o"]);
            }
        }
        if let Some(group) = &self.group {
            let gid = user_groups::existing(host, group)?.gid;
            if gid != now.gid {
                add(&["-g", &gid.to_string()]);
            }
        }
        if let Some(comment) = self.comment.as_ref().filter(|c| **c != now.gecos) {
            add(&["-c", comment]);
        }
        if let Some(home) = self.home.as_ref().filter(|h| h.as_os_str() != now.home.as_str()) {
            add(&["-d", &home.to_string_lossy()]);
            if self.move_home {
                add(&["-m"]);
            }
        }
        if let Some(shell) = self
            .shell
            .as_ref()
            .filter(|s| s.as_os_str() != now.shell.as_str())
        {
            add(&["-s", &shell.to_string_lossy()]);
        }
        Ok(args)
    }

    /// The day of expiry that must be set; negative: none.
    fn new_expiry(&self, entry: &shadow::Entry) -> Option<i64> {
        let wanted = self.expires?;
        let is = entry.expires.unwrap_or(-1);
        if wanted < 0.0 {
            return (is >= 0).then_some(-1);
        }
        (is != day(wanted)).then(|| day(wanted))
    }

    /// Arguments that lock or unlock the password or set it.
    fn password_changes(&self, is: &str) -> Vec<String> {
        let bare = |p: &str| p.trim_start_matches('!').to_owned();
        if let Some(password) = &self.password
            && self.update_password == "always"
            && bare(is) != bare(password)
        {
            return vec!["-p".to_owned(), self.lockable(password)];
        }
        let locked = is.starts_with('!');
        match self.password_lock {
            Some(true) if !locked => vec!["-L".to_owned()],
            Some(false) if locked => vec!["-U".to_owned()],
            _ => Vec::new(),
        }
    }

    /// Sets how long the password is good.
    pub(super) fn password_ages(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        let Some(entry) = shadow::entry(&self.name) else {
            return Ok(());
        };
        let mut args = Vec::new();
        for (flag, wanted, is) in [
            ("-m", self.password_expire_min, entry.min),
            ("-M", self.password_expire_max, entry.max),
            ("-W", self.password_expire_warn, entry.warn),
        ] {
            if let Some(wanted) = wanted.filter(|w| is.unwrap_or(-1) != *w) {
                args.extend([flag.to_owned(), wanted.to_string()]);
            }
        }
        if args.is_empty() {
            return Ok(());
        }
        let c = Command::new(host.need_program("chage", "passwd")?).args(args);
        self.execute(host, c.arg(&self.name), &mut Said::default())
    }
}
