//! Archives that two programs may read in two ways: kdo unpacks what GNU tar unpacks, or nothing.

use crate::bench::{ArchiveFile, Project, word};
use kdo_galaxy::{Cause, Kind, tree_digest};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};
use tar::EntryType;

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if length.to_string().len() + rest != length {
        length += 1;
    }
    format!("{length} {key}={value}\n").into_bytes()
}

/// A role and members with all that headers can say, much of it twice and differently.
fn odd_archive(dice: &mut Dice) -> Vec<u8> {
    let names = ["demo/a", "demo/b", "demo/c/d", "demo/a/b", "demo/c/", "./demo/e"];
    let mut archive = ArchiveFile::role();
    for _ in 0..=dice.roll(3) {
        if dice.roll(3) == 0 {
            let text = format!("{}\0", dice.one_of(&names));
            let kind = if dice.roll(2) == 0 {
                EntryType::GNULongName
            } else {
                EntryType::GNULongLink
            };
            archive = archive.entry(b"././@LongLink", kind, 0o644, b"", text.as_bytes());
        }
        if dice.roll(3) > 0 {
            let mut text = Vec::new();
            for _ in 0..=dice.roll(2) {
                text.extend(match dice.roll(8) {
                    0 | 1 => record("path", dice.one_of(&names)),
                    2 => record("linkpath", dice.one_of(&["a", "b", "c/d"])),
                    3 => record("size", dice.one_of(&["0", "1", "512", "1024", "+1", ""])),
                    4 => record("comment", "a\n13 path=demo/x"),
                    5 => record("GNU.sparse.major", "1"),
                    6 => record("mtime", "1.5"),
                    _ => b"7 path=demo/y\n".to_vec(),
                });
            }
            let kind = if dice.roll(4) == 0 {
                EntryType::XGlobalHeader
            } else {
                EntryType::XHeader
            };
            archive = archive.entry(b"pax", kind, 0o644, b"", &text);
        }
        let kinds = [
            EntryType::Regular,
            EntryType::Directory,
            EntryType::Symlink,
            EntryType::Continuous,
        ];
        let kind = kinds[dice.roll(8) % 4];
        let content = vec![b'x'; if kind.is_file() { dice.roll(3) * 600 } else { 0 }];
        archive = archive.entry(
            dice.one_of(&names).as_bytes(),
            kind,
            0o644,
            dice.one_of(&["a", "c/d"]).as_bytes(),
            &content,
        );
    }
    archive.tar()
}

/// What GNU tar makes of it, if it finds nothing wrong.
fn by_gnu_tar(archive: &[u8], into: &Path) -> Option<()> {
    let mut tar = Command::new("tar")
        .args(["--no-same-owner", "-xf", "-", "-C"])
        .arg(into)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Tar may have read enough before all is written.
    let _ = tar.stdin.take().unwrap().write_all(archive);
    tar.wait().unwrap().success().then_some(())
}

#[test]
fn what_is_unpacked_is_what_gnu_tar_unpacks() {
    let (mut same, mut refused) = (0, 0);
    for seed in 0..400 {
        let archive = odd_archive(&mut Dice(seed));
        let project = Project::new();
        let path = project.path("given.tar");
        fs::write(&path, &archive).unwrap();
        let mut requirement = word(Kind::Role, &path);
        requirement.name = Some("demo".to_owned());
        if let Err(failure) = project.install(&[requirement]) {
            assert_eq!(failure.cause, Cause::Refused, "seed {seed}: {failure}");
            project.must_be_untouched();
            refused += 1;
            continue;
        }
        let other = tempfile::tempdir().unwrap();
        by_gnu_tar(&archive, other.path()).unwrap_or_else(|| panic!("seed {seed}: GNU tar refuses it"));
        let theirs = tree_digest(&other.path().join("demo")).unwrap();
        let ours = tree_digest(&project.path("roles/demo")).unwrap();
        assert_eq!(ours, theirs, "seed {seed}");
        same += 1;
    }
    assert!(same > 40 && refused > 40, "{same} unpacked, {refused} refused");
}
