//! Mounted file systems.

use super::Gather;
use kdo_value::{Map, Value};
use rustix::fs::{StatVfs, statvfs};
use std::{
    collections::HashSet,
    fs,
    os::unix::fs::{FileExt, MetadataExt},
    sync::mpsc,
    time::Duration,
};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let text = fs::read_to_string("/etc/mtab")
        .or_else(|_| fs::read_to_string("/proc/mounts"))
        .unwrap_or_default();
    let info = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let bound = bind_mounts(&info);
    let linked = linked();
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
                let uuid = uuid(device, kind, linked.as_deref());
                facts.insert("uuid", uuid.unwrap_or_else(|| "N/A".to_owned()));
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

/// UUIDs of file systems by device number, as udev made links for them; `None` where there is no udev.
fn linked() -> Option<Vec<(u64, String)>> {
    let read = fs::read_dir("/dev/disk/by-uuid").ok()?.flatten();
    let pair = |e: fs::DirEntry| {
        let device = fs::metadata(e.path()).ok()?.rdev();
        Some((device, e.file_name().to_string_lossy().into_owned()))
    };
    Some(read.filter_map(pair).collect())
}

fn uuid(device: &str, kind: &str, linked: Option<&[(u64, String)]>) -> Option<String> {
    let number = fs::metadata(device).ok()?.rdev();
    if number == 0 {
        return None;
    }
    match linked {
        Some(known) => known.iter().find(|(d, _)| *d == number).map(|(_, u)| u.clone()),
        None => superblock_uuid(&fs::File::open(device).ok()?, kind),
    }
}

/// The UUID as the file system itself has it.
fn superblock_uuid(device: &fs::File, kind: &str) -> Option<String> {
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        device.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    };
    let (magic_at, magic, at) = match kind {
        "ext2" | "ext3" | "ext4" => (0x438, b"\x53\xef" as &[u8], 0x468),
        "xfs" => (0, b"XFSB" as &[u8], 0x20),
        "btrfs" => (0x1_0040, b"_BHRfS_M" as &[u8], 0x1_0020),
        "vfat" => {
            // A serial number of four bytes; where it is tells the kind of table.
            let at = if read(0x52, 5)? == b"FAT32" { 0x43 } else { 0x27 };
            let [a, b, c, d] = read(at, 4)?[..] else {
                return None;
            };
            return Some(format!("{d:02X}{c:02X}-{b:02X}{a:02X}"));
        }
        _ => return None,
    };
    if read(magic_at, magic.len())? != magic {
        return None;
    }
    let hex: String = read(at, 16)?.iter().map(|b| format!("{b:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or("");
    let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::{bind_mounts, superblock_uuid, unescape};
    use std::{fs, io::Write};

    #[test]
    fn file_systems_tell_their_uuids() {
        let put = |parts: &[(usize, &[u8])]| {
            let mut bytes = vec![0; 0x1_1000];
            for (at, part) in parts {
                bytes[*at..at + part.len()].copy_from_slice(part);
            }
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            file
        };
        let id: Vec<u8> = (0..16).collect();
        let text = "00010203-0405-0607-0809-0a0b0c0d0e0f";
        for (kind, magic_at, magic, at) in [
            ("ext4", 0x438, b"\x53\xef" as &[u8], 0x468),
            ("xfs", 0, b"XFSB", 0x20),
            ("btrfs", 0x1_0040, b"_BHRfS_M", 0x1_0020),
        ] {
            let file = put(&[(magic_at, magic), (at, &id)]);
            assert_eq!(superblock_uuid(&file, kind).as_deref(), Some(text), "{kind}");
            assert_eq!(superblock_uuid(&put(&[(at, &id)]), kind), None, "{kind}");
        }
        let file = put(&[(0x52, b"FAT32"), (0x43, &[0x78, 0x56, 0x34, 0xab])]);
        assert_eq!(superblock_uuid(&file, "vfat").as_deref(), Some("AB34-5678"));
        assert_eq!(
            superblock_uuid(&fs::File::open("/dev/null").unwrap(), "ext4"),
            None
        );
    }

    #[test]
    fn escapes_and_bind_mounts_are_read() {
        assert_eq!(unescape(r"/mnt/a\040b\134c"), r"/mnt/a b\c");
        let info = "36 35 98:0 / / rw - ext4 /dev/a rw\n37 36 98:0 /srv /mnt\\040x rw - ext4 /dev/a rw\n";
        assert_eq!(bind_mounts(info).into_iter().collect::<Vec<_>>(), ["/mnt x"]);
    }
}
