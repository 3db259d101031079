//! What results say of a file.

use super::accounts::Accounts;
use kdo_value::Map;
use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

/// `uid gid owner group mode state size` of a file (not following a link), and its `secontext` where SELinux is on, as
/// file modules return them; only `state` if it is not there.
pub fn file_info(path: &Path, accounts: &mut Accounts) -> Map {
    let map = Map::new();
    let Ok(meta) = fs::symlink_metadata(path) else {
        map.insert("state", "absent");
        return map;
    };
    let (uid, gid) = (meta.uid(), meta.gid());
    map.insert("uid", uid);
    map.insert("gid", gid);
    map.insert(
        "owner",
        accounts
            .user_by_id(uid)
            .map_or_else(|| uid.to_string(), |u| u.name),
    );
    map.insert(
        "group",
        accounts
            .group_by_id(gid)
            .map_or_else(|| gid.to_string(), |g| g.name),
    );
    map.insert("mode", format!("0{:03o}", meta.mode() & 0o7777));
    let kind = meta.file_type();
    let state = if kind.is_symlink() {
        "link"
    } else if kind.is_dir() {
        "directory"
    } else if meta.nlink() > 1 && kind.is_file() {
        "hard"
    } else if kind.is_file()
        || kind.is_fifo()
        || kind.is_socket()
        || kind.is_block_device()
        || kind.is_char_device()
    {
        "file"
    } else {
        "unknown"
    };
    map.insert("state", state);
    map.insert("size", meta.len());
    if let Some(label) = selinux_label(path) {
        map.insert("secontext", label);
    }
    map
}

/// The SELinux context of a file, where SELinux is on.
fn selinux_label(path: &Path) -> Option<String> {
    Path::new("/sys/fs/selinux/enforce").exists().then_some(())?;
    let mut buffer = vec![0; 1024];
    let length = rustix::fs::lgetxattr(path, "security.selinux", &mut buffer).ok()?;
    let label = String::from_utf8_lossy(buffer.get(..length)?).into_owned();
    Some(label.trim_end_matches('\0').to_owned())
}
