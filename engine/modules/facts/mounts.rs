//! Mounted file systems.

use super::Gather;
use kdo_value::{Map, Value};
use rustix::fs::{StatVfs, statvfs};
use std::{collections::HashSet, fs, os::unix::fs::MetadataExt, path::Path, sync::mpsc, time::Duration};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let text = fs::read_to_string("/etc/mtab")
        .or_else(|_| fs::read_to_string("/proc/mounts"))
        .unwrap_or_default();
    let info = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let bound = bind_mounts(&info);
    let uuids = uuids();
    let mut out = Vec::new();
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
        facts.insert("uuid", uuid(device, &uuids));
        match size(mount, kind, g.limit) {
            Ok(stat) => sizes(&stat, &facts),
            Err(note) => {
                facts.insert("note", note);
            }
        }
        out.push(Value::Map(facts));
    }
    g.facts.insert("mounts", Value::list(out));
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

/// Asks a file system for its size; those behind a network or a process may never answer and get a time limit.
fn size(mount: &str, kind: &str, limit: Duration) -> Result<StatVfs, String> {
    let path = mount.to_owned();
    let ask = move || statvfs(path.as_str()).map_err(|e| format!("{e}"));
    let remote = [
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
    if !remote.iter().any(|r| kind.starts_with(r)) {
        return ask();
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(ask());
    });
    let late = |_| {
        Err(format!(
            "could not get extra information: timed out after {} s",
            limit.as_secs()
        ))
    };
    receiver.recv_timeout(limit).unwrap_or_else(late)
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

/// Device numbers and the UUIDs that udev knows for them.
fn uuids() -> Vec<(u64, String)> {
    let read = fs::read_dir("/dev/disk/by-uuid").into_iter().flatten().flatten();
    read.filter_map(|e| {
        let device = fs::metadata(e.path()).ok()?.rdev();
        Some((device, e.file_name().to_string_lossy().into_owned()))
    })
    .collect()
}

fn uuid(device: &str, known: &[(u64, String)]) -> String {
    let number = Path::new(device)
        .exists()
        .then(|| fs::metadata(device).ok().map(|m| m.rdev()))
        .flatten();
    let found = number.and_then(|n| known.iter().find(|(d, _)| *d == n && n != 0));
    found.map_or_else(|| "N/A".to_owned(), |(_, u)| u.clone())
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
