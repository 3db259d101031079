//! The groups of an account.

use super::user::User;
use crate::{host::Group, prelude::*};
use std::{collections::BTreeSet, fs};

/// The group of that number, else of that name.
pub(super) fn group(host: &mut Host<'_>, wanted: &str) -> Option<Group> {
    let accounts = host.accounts();
    let by_number = wanted
        .trim()
        .parse()
        .ok()
        .and_then(|gid| accounts.group_by_id(gid));
    by_number.or_else(|| accounts.group(wanted))
}

/// The same; a failure names one that is missing.
pub(super) fn existing(host: &mut Host<'_>, wanted: &str) -> Result<Group, Failure> {
    group(host, wanted).ok_or_else(|| Failure::new(format!("Group {wanted} does not exist")))
}

impl User {
    /// The asked further groups as they were written; all must be there.
    pub(super) fn further_groups(&self, host: &mut Host<'_>) -> Result<Vec<(String, Group)>, Failure> {
        let joined = self.groups.as_ref().map(|g| g.join(",")).unwrap_or_default();
        let words: BTreeSet<&str> = joined
            .split(',')
            .filter(|g| !g.is_empty())
            .map(str::trim)
            .collect();
        words
            .into_iter()
            .map(|word| Ok((word.to_owned(), existing(host, word)?)))
            .collect()
    }

    /// Groups that have the account among their members.
    pub(super) fn memberships(&self) -> BTreeSet<String> {
        let text = fs::read_to_string("/etc/group").unwrap_or_default();
        let member = |line: &str| -> Option<String> {
            let mut f = line.split(':');
            let name = f.next()?;
            let mut members = f.nth(2)?.split(',');
            members.any(|m| m == self.name).then(|| name.to_owned())
        };
        text.lines().filter_map(member).collect()
    }

    /// The groups the account must be put into and taken from; `None` if it is in the right ones.
    pub(super) fn regroup(&self, host: &mut Host<'_>) -> Result<Option<Regroup>, Failure> {
        if self.groups.is_none() {
            return Ok(None);
        }
        let wanted: BTreeSet<String> = self
            .further_groups(host)?
            .into_iter()
            .map(|(_, g)| g.name)
            .collect();
        let is = self.memberships();
        let enter: Vec<String> = wanted.difference(&is).cloned().collect();
        let leave: Vec<String> = if self.append {
            Vec::new()
        } else {
            is.difference(&wanted).cloned().collect()
        };
        Ok((!enter.is_empty() || !leave.is_empty()).then(|| Regroup {
            all: wanted.into_iter().collect(),
            enter,
            leave,
        }))
    }
}

/// A change of an account's groups.
pub(super) struct Regroup {
    pub(super) all: Vec<String>,
    pub(super) enter: Vec<String>,
    pub(super) leave: Vec<String>,
}
