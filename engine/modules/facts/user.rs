//! The user the agent runs as.

use super::Gather;
use rustix::process::{getegid, geteuid, getgid, getuid};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let uid = geteuid().as_raw();
    // As Python does, the environment is believed first.
    let named = ["LOGNAME", "USER", "LNAME", "USERNAME"]
        .iter()
        .find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()));
    let accounts = g.host.accounts();
    let user = named
        .as_deref()
        .and_then(|n| accounts.user(n))
        .or_else(|| accounts.user_by_id(getuid().as_raw()));
    if let Some(user) = user {
        g.facts.insert("user_id", named.unwrap_or(user.name));
        g.facts.insert("user_uid", user.uid);
        g.facts.insert("user_gid", user.gid);
        g.facts.insert("user_gecos", user.gecos);
        g.facts.insert("user_dir", user.home);
        g.facts.insert("user_shell", user.shell);
    } else {
        g.facts.insert("user_id", uid.to_string());
        g.facts.insert("user_uid", uid);
        g.facts.insert("user_gid", getegid().as_raw());
    }
    g.facts.insert("real_user_id", getuid().as_raw());
    g.facts.insert("effective_user_id", uid);
    g.facts.insert("real_group_id", getgid().as_raw());
    g.facts.insert("effective_group_id", getegid().as_raw());
}
