//! The user the agent runs as.

use super::Gather;
use rustix::process::{getegid, geteuid, getgid, getuid};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let uid = geteuid().as_raw();
    if let Some(user) = g.host.accounts().user_by_id(uid) {
        g.facts.insert("user_id", user.name);
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
