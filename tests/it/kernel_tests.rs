//! The roles that test kernels, on a lab host: fstests with a small suite that has one test that fails and one that hangs.

use crate::program::{root, said};
use std::{fs, path::Path, process::Command};

const LAB: &str = "2";

struct Lab;

impl Lab {
    fn said(args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        let said = said(command.args(["lab", "--lab", LAB]).args(args));
        assert_eq!(said.code, 0, "kdo lab {args:?}: {said:?}");
        said.out
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The loop devices are the machine's.
        let detach = "umount /mnt/fstests-test 2>/dev/null; losetup -l -n -O NAME,BACK-FILE | awk '/fstests/ {print $1}' | xargs -r losetup -d";
        for args in [&["exec", "host1", "--", "sh", "-c", detach][..], &["down"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
            let _ = command.args(["lab", "--lab", LAB]).args(args).output();
        }
    }
}

/// A git repository of the small suite.
fn suite(at: &Path) {
    let git = |args: &[&str]| {
        let said = said(Command::new("git").arg("-C").arg(at).args(args));
        assert_eq!(said.code, 0, "git {args:?}: {said:?}");
    };
    let from = root().join("tests/kernel/suite/.");
    let copied = said(Command::new("cp").arg("-r").arg(from).arg(at));
    assert_eq!(copied.code, 0, "{copied:?}");
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&[
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@t",
        "commit",
        "-qm",
        "suite",
    ]);
}

#[test]
fn a_failing_test_is_a_regression_and_a_hanging_one_is_killed_and_told() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let lab = Lab;
    let packages = "e2fsprogs gawk gcc git make procps xfsprogs";
    Lab::said(&["up", "1", "--flavor", "systemd", "--loop", "--packages", packages]);
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir(at("suite")).unwrap();
    suite(&at("suite"));
    fs::write(at("hosts.yml"), Lab::said(&["inventory"])).unwrap();
    fs::create_dir_all(at("expunges/any/ext4/unassigned")).unwrap();
    fs::write(
        at("expunges/any/ext4/unassigned/ext4_1k.txt"),
        "demo/005 # known\n",
    )
    .unwrap();
    let settings = format!(
        "fstests_repo: /srv/suite
fstests_ref: main
fstests_depth: 0
fstests_deps: false
fstests_loop_size: 512M
fstests_timeout: 3
fstests_groups: [auto]
fstests_results: {0}/results
fstests_expunges: {0}/expunges
fstests_sections:
  - {{name: xfs_4k, fstyp: xfs, mkfs: -f -b size=4096}}
  - {{name: ext4_1k, fstyp: ext4, mkfs: -F -b 1024}}
  - {{name: tmpfs, fstyp: tmpfs}}
",
        scratch.path().display()
    );
    fs::write(at("settings.yml"), settings).unwrap();
    let kdo = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        said(
            command
                .args(args)
                .current_dir(scratch.path())
                .env("HOME", scratch.path()),
        )
    };
    let copied = kdo(&[
        "run",
        "host1",
        "-i",
        "hosts.yml",
        "-m",
        "copy",
        "-a",
        "src=suite/ dest=/srv/suite/ mode=preserve",
    ]);
    assert_eq!(copied.code, 0, "{copied:?}");
    let playbook = root().join("examples/kernel-tests/fstests.yml");
    let play = [
        "play",
        "-i",
        "hosts.yml",
        playbook.to_str().unwrap(),
        "-e",
        "@settings.yml",
    ];
    let played = kdo(&play);
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
    let run = fs::read_dir(at("results/host1/fstests"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let results = fs::read_to_string(run.join("results.tsv")).unwrap();
    let is: Vec<String> = results
        .lines()
        .map(|l| l.split('\t').take(3).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "xfs_4k demo/001 pass",
        "xfs_4k demo/002 fail",
        "xfs_4k demo/003 timeout",
        "xfs_4k demo/004 skip",
        "xfs_4k demo/005 pass",
        "ext4_1k demo/001 pass",
        "ext4_1k demo/002 fail",
        "ext4_1k demo/003 timeout",
        "ext4_1k demo/004 skip",
        "ext4_1k demo/005 notrun",
        "tmpfs demo/001 pass",
        "tmpfs demo/002 fail",
        "tmpfs demo/003 timeout",
        "tmpfs demo/004 skip",
        "tmpfs demo/005 pass",
    ];
    assert_eq!(is, expected);
    assert_eq!(
        fs::read_to_string(run.join("logs/xfs_4k/demo/002.out.bad")).unwrap(),
        "wrong\n"
    );
    // Against a baseline in which all was well, that is a regression; the page shows it.
    let good: String = ["001", "002", "003", "005"]
        .map(|t| format!("fstests\txfs_4k\tdemo/{t}\tpass\n"))
        .concat();
    fs::write(at("baseline.tsv"), good).unwrap();
    let shown = kdo(&[
        "results",
        "results",
        "--baseline",
        "baseline.tsv",
        "--html",
        "page.html",
    ]);
    assert_eq!(shown.code, 1, "{shown:?}");
    assert!(
        shown.out.contains("demo/002") && shown.out.contains("demo/003"),
        "{}",
        shown.out
    );
    let page = fs::read_to_string(at("page.html")).unwrap();
    assert!(page.contains("demo/002") && page.contains("wrong"), "{page}");
    drop(lab);
}
