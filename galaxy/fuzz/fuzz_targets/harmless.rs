//! What must hold whatever an archive holds.

use kdo_galaxy::{Kind, Limits, fuzzing::unpacked_digest, tree_digest};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

const LIMITS: Limits = Limits {
    total: 1 << 20,
    file: 1 << 18,
    entries: 200,
    path: 512,
    depth: 16,
    ratio: 200,
    download: 1 << 20,
};

/// Unpacks as a role and as a collection. Nothing outside changes; what is accepted is what was said of it, holds only
/// plain files, folders and links, and no link leads out.
pub(crate) fn check(archive: &[u8]) {
    for kind in [Kind::Role, Kind::Collection] {
        let around = tempfile::tempdir().expect("a folder");
        let staging = around.path().join("staging");
        fs::create_dir(&staging).expect("a folder");
        let sentinel = around.path().join("sentinel");
        fs::write(&sentinel, "kept").expect("a file");
        let before = fs::symlink_metadata(&sentinel).expect("it is there");
        let done = unpacked_digest(archive, kind, &staging, &LIMITS);
        let after = fs::symlink_metadata(&sentinel).expect("it is there still");
        assert_eq!(fs::read(&sentinel).expect("it is there still"), b"kept");
        assert_eq!(
            (before.mode(), before.mtime_nsec(), before.ino(), before.nlink()),
            (after.mode(), after.mtime_nsec(), after.ino(), after.nlink())
        );
        assert_eq!(
            fs::read_dir(around.path()).expect("a folder").count(),
            2,
            "something lies beside"
        );
        let mut size = 0;
        look(&staging, &staging, &mut size);
        assert!(size <= LIMITS.total + LIMITS.file, "{size} bytes");
        if let Ok((folder, digest)) = done {
            assert_eq!(
                tree_digest(&folder).expect("it can be read"),
                digest,
                "another content than said"
            );
        }
    }
}

fn look(root: &Path, folder: &Path, size: &mut u64) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("it is there");
        let kind = metadata.file_type();
        if kind.is_symlink() {
            let target = fs::canonicalize(&path);
            assert!(
                target.is_err() || target.is_ok_and(|t| t.starts_with(root)),
                "{path:?} leads out"
            );
            continue;
        }
        assert!(
            kind.is_dir() || kind.is_file(),
            "{path:?} is neither file nor folder"
        );
        assert_eq!(metadata.permissions().mode() & 0o7022, 0, "{path:?}");
        if kind.is_dir() {
            look(root, &path, size);
        } else {
            assert_eq!(metadata.nlink(), 1, "{path:?}");
            *size += metadata.len();
        }
    }
}
