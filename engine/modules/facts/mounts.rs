//! Mounted file systems.

use super::Gather;
use crate::host::Command;
use kdo_value::{Map, Value};
use rustix::fs::{StatVfs, statvfs};
use std::{collections::HashSet, fs, os::unix::fs::MetadataExt, sync::mpsc, time::Duration};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let text = fs::read_to_string("/etc/mtab")
        .or_else(|_| fs::read_to_string("/proc/mounts"))
        .unwrap_or_default();
    let info = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let bound = bind_mounts(&info);
    let mut uuids = Uuids::known();
    let mut out: Vec<Map> = Vec::new();
    for line in text.lines() {
        let fields: Vec<_> = line.split_whitespace().map(unescape).collect();
        let [device, mount, kind, options, rest @ ..] = fields.as_slice() else {
            continue;
        };
        if !device.starts_with(['/', '\\']) && !device.contains(":/") || kind == "none" {
            continue;
        }
        let number = |i: usize| rest.get(i).and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
        let facts = Map::new();
        facts.insert("device", device.as_str());
        facts.insert("dump", number(0));
        facts.insert("fstype", kind.as_str());
        facts.insert("mount", mount.as_str());
        let bind = if bound.contains(mount.as_str()) {
            ",bind"
        } else {
            ""
        };
        facts.insert("options", format!("{options}{bind}"));
        facts.insert("passno", number(1));
        match size(mount, kind, g.limit) {
            Some(stat) => {
                if let Some(stat) = stat {
                    sizes(&stat, &facts);
                }
                facts.insert("uuid", uuids.of(device, g).unwrap_or_else(|| "N/A".to_owned()));
            }
            None => {
                g.host
                    .warn(format!("Timeout exceeded when getting mount info for {mount}"));
                facts.insert("note", "Could not get extra information due to timeout");
            }
        }
        // Of several mounts at one place only the last is seen.
        let same = |f: &&mut Map| f.get("mount") == facts.get("mount");
        match out.iter_mut().find(same) {
            Some(before) => *before = facts,
            None => out.push(facts),
        }
    }
    g.facts
        .insert("mounts", Value::list(out.into_iter().map(Value::Map)));
}

/// Blocks and inodes of a file system.
pub(crate) fn sizes(s: &StatVfs, facts: &Map) {
    facts.insert("size_total", s.f_frsize * s.f_blocks);
    facts.insert("size_available", s.f_frsize * s.f_bavail);
    facts.insert("block_size", s.f_bsize);
    facts.insert("block_total", s.f_blocks);
    facts.insert("block_available", s.f_bavail);
    facts.insert("block_used", s.f_blocks.saturating_sub(s.f_bavail));
    facts.insert("inode_total", s.f_files);
    facts.insert("inode_available", s.f_favail);
    facts.insert("inode_used", s.f_files.saturating_sub(s.f_favail));
}

/// Kinds of file systems behind a network or a process, which may never answer.
const REMOTE: &[&str] = &[
    "nfs",
    "cifs",
    "smb",
    "fuse",
    "ceph",
    "9p",
    "afs",
    "gfs",
    "ocfs",
    "glusterfs",
    "lustre",
    "autofs",
];

/// Asks a file system for its size (`Some(None)`: it does not tell); `None` if it takes too long.
fn size(mount: &str, kind: &str, limit: Duration) -> Option<Option<StatVfs>> {
    let path = mount.to_owned();
    let ask = move || statvfs(path.as_str()).ok();
    if !REMOTE.iter().any(|r| kind.starts_with(r)) {
        return Some(ask());
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(ask());
    });
    receiver.recv_timeout(limit).ok()
}

/// `\040` and the like back to characters.
pub(crate) fn unescape(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let raw = field.as_bytes();
    let mut i = 0;
    while let Some(b) = raw.get(i) {
        let code = raw.get(i + 1..i + 4).and_then(|d| std::str::from_utf8(d).ok());
        match code.and_then(|c| u8::from_str_radix(c, 8).ok()) {
            Some(value) if *b == b'\\' => {
                bytes.push(value);
                i += 4;
            }
            _ => {
                bytes.push(*b);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where a part of a file system is mounted instead of its root.
fn bind_mounts(info: &str) -> HashSet<String> {
    let mut out = HashSet::new();
    for line in info.lines() {
        let mut words = line.split(' ').skip(3);
        if let (Some(root), Some(target)) = (words.next(), words.next())
            && root != "/"
        {
            out.insert(unescape(target));
        }
    }
    out
}

/// UUIDs of the file systems on devices.
enum Uuids {
    /// By device number, as udev made links for them.
    Linked(Vec<(u64, String)>),
    /// There is no udev: `lsblk` is to be asked, once.
    Unasked,
    /// By the device's path.
    Asked(Vec<(String, String)>),
}

impl Uuids {
    fn known() -> Self {
        let Ok(folder) = fs::read_dir("/dev/disk/by-uuid") else {
            return Self::Unasked;
        };
        let read = folder.flatten().filter_map(|e| {
            let device = fs::metadata(e.path()).ok()?.rdev();
            Some((device, e.file_name().to_string_lossy().into_owned()))
        });
        Self::Linked(read.collect())
    }

    fn of(&mut self, device: &str, g: &mut Gather<'_, '_>) -> Option<String> {
        let number = fs::metadata(device).ok()?.rdev();
        if number == 0 {
            return None;
        }
        if let Self::Unasked = self {
            *self = Self::Asked(asked(g));
        }
        match self {
            Self::Linked(known) => known.iter().find(|(d, _)| *d == number).map(|(_, u)| u.clone()),
            Self::Asked(known) => known.iter().find(|(d, _)| d == device).map(|(_, u)| u.clone()),
            Self::Unasked => None,
        }
    }
}

fn asked(g: &mut Gather<'_, '_>) -> Vec<(String, String)> {
    let Some(program) = g.host.find_program("lsblk") else {
        return Vec::new();
    };
    let options = [
        "--list",
        "--noheadings",
        "--paths",
        "--output",
        "NAME,UUID",
        "--exclude",
        "2",
    ];
    let command = Command::new(program).args(options).timeout(g.limit);
    let text = g.host.query(command).map(|a| a.stdout_text()).unwrap_or_default();
    let pair = |line: &str| {
        let (name, uuid) = line.trim().rsplit_once(char::is_whitespace)?;
        Some((name.trim().to_owned(), uuid.to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::{bind_mounts, unescape};

    #[test]
    fn escapes_and_bind_mounts_are_read() {
        assert_eq!(unescape(r"/mnt/a\040b\134c"), r"/mnt/a b\c");
        let info = "36 35 98:0 / / rw - ext4 /dev/a rw\n37 36 98:0 /srv /mnt\\040x rw - ext4 /dev/a rw\n";
        assert_eq!(bind_mounts(info).into_iter().collect::<Vec<_>>(), ["/mnt x"]);
    }
}
