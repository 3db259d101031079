//! The flags of files that `lsattr` shows and `chattr` sets.

use rustix::{
    fs::{Mode, OFlags, ioctl_getflags, open},
    ioctl::{Getter, ioctl},
};
use std::{fs, path::Path};

/// Flags with their letters, in the order of `lsattr`.
const LETTERS: &[(u32, char)] = &[
    (0x0000_0001, 's'),
    (0x0000_0002, 'u'),
    (0x0000_0008, 'S'),
    (0x0001_0000, 'D'),
    (0x0000_0010, 'i'),
    (0x0000_0020, 'a'),
    (0x0000_0040, 'd'),
    (0x0000_0080, 'A'),
    (0x0000_0004, 'c'),
    (0x0000_0800, 'E'),
    (0x0000_4000, 'j'),
    (0x0000_1000, 'I'),
    (0x0000_8000, 't'),
    (0x0002_0000, 'T'),
    (0x0008_0000, 'e'),
    (0x0080_0000, 'C'),
    (0x0200_0000, 'x'),
    (0x4000_0000, 'F'),
    (0x1000_0000, 'N'),
    (0x2000_0000, 'P'),
    (0x0010_0000, 'V'),
    (0x0000_0400, 'm'),
];

/// What the file system keeps of a file besides its permissions.
pub(crate) struct InodeFlags {
    /// Letters of the flags that are set.
    pub(crate) letters: String,
    /// Which of the files that had this inode number it is; not all file systems with flags tell.
    pub(crate) version: Option<u32>,
}

impl InodeFlags {
    /// Those of a file or folder; `None` where the file system has none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        // Opening a device or a pipe could do something.
        let kind = fs::symlink_metadata(path).ok()?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = open(path, flags, Mode::empty()).ok()?;
        let set = ioctl_getflags(&file).ok()?.bits();
        #[allow(unsafe_code)]
        // SAFETY: the kernel writes one 32-bit number for this request, whatever the size in its name.
        let version = unsafe {
            const REQUEST: rustix::ioctl::Opcode = libc::FS_IOC_GETVERSION as rustix::ioctl::Opcode;
            ioctl(&file, Getter::<REQUEST, u32>::new())
        };
        let letters = LETTERS.iter().filter(|(bit, _)| set & bit != 0);
        Some(Self {
            letters: letters.map(|(_, letter)| letter).collect(),
            version: version.ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::InodeFlags;
    use std::{fs, os::unix::fs::symlink, process::Command};

    #[test]
    fn flags_are_those_that_lsattr_tells() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "x").unwrap();
        symlink(&path, dir.path().join("l")).unwrap();
        let _ = Command::new("chattr").arg("+dA").arg(&path).output();
        for path in [
            path,
            dir.path().to_owned(),
            dir.path().join("l"),
            "/dev/null".into(),
        ] {
            let Ok(said) = Command::new("lsattr").arg("-vd").arg(&path).output() else {
                return;
            };
            let text = String::from_utf8(said.stdout).unwrap();
            let expected = said.status.success().then(|| {
                let mut words = text.split_whitespace();
                let version = words.next().unwrap().parse().unwrap();
                (words.next().unwrap().replace('-', ""), version)
            });
            let found = InodeFlags::of(&path).and_then(|f| Some((f.letters, f.version?)));
            assert_eq!(found, expected, "{}", path.display());
        }
    }
}
