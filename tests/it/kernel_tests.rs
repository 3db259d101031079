//! The roles that test kernels, on a lab host, in one play: the kernel's selftests and fstests, each with a test that fails and
//! one that hangs. As root only. Where the machine has a copy of fstests, `KDO_FSTESTS` names its repository, and tests of it
//! must pass too.

use crate::program::{Bench, root, said};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const LAB: &str = "2";
/// What the small suites need, and building the kernel's.
const PACKAGES: &str = "e2fsprogs gawk gcc git libc6-dev libcap-dev make procps rsync xfsprogs xz-utils";
/// What building fstests needs beside that.
const FSTESTS_PACKAGES: &str = "acl attr automake bc libacl1-dev libaio-dev libattr1-dev libtool-bin pkg-config psmisc quota \
                                uuid-dev uuid-runtime xfslibs-dev";
const FSTESTS: &[&str] = &[
    "generic/001",
    "generic/002",
    "generic/005",
    "generic/006",
    "generic/011",
];
/// Collections of the kernel's that need no kernel of their own.
const TARGETS: &[&str] = &[
    "futex",
    "ipc",
    "kcmp",
    "membarrier",
    "pidfd",
    "proc",
    "sigaltstack",
    "size",
    "splice",
    "timers",
];
/// Tests of these that take long.
const LONG: &[&str] = &[
    "pidfd:pidfd_test",
    "timers:inconsistency-check",
    "timers:nanosleep",
    "timers:nsleep-lat",
    "timers:posix_timers",
    "timers:raw_skew",
    "timers:rtcpie",
    "timers:set-timer-lat",
    "timers:threadtest",
];

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
        let detach = "umount /mnt/fstests-test; for f in /var/lib/fstests/disk*.img; do losetup -j $f -n -O NAME | xargs -r losetup -d; done";
        for args in [&["exec", "host1", "--", "sh", "-c", detach][..], &["down"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
            let _ = command.args(["lab", "--lab", LAB]).args(args).output();
        }
    }
}

/// Copies a folder of the project into the bench.
fn copy(bench: &Bench, from: &str, to: &str) {
    fs::create_dir_all(bench.path().join(to)).unwrap();
    let mut command = Command::new("cp");
    command.arg("-r").arg(root().join(from).join("."));
    let copied = said(command.arg(bench.path().join(to)));
    assert_eq!(copied.code, 0, "{copied:?}");
}

/// A git repository of the small suite.
fn suite(bench: &Bench) {
    copy(bench, "tests/kernel/suite", "suite");
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t"];
    for args in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["commit", "-qm", "suite"],
    ] {
        let mut command = Command::new("git");
        command.arg("-C").arg(bench.path().join("suite"));
        let said = said(command.args(identity).args(args));
        assert_eq!(said.code, 0, "git {args:?}: {said:?}");
    }
}

fn play(bench: &Bench, playbook: &str, settings: &str, more: &[&str]) {
    let playbook = root().join("examples/kernel-tests").join(playbook);
    let settings = format!("@{settings}");
    let args = [
        "play",
        "-i",
        "hosts.yml",
        playbook.to_str().unwrap(),
        "-e",
        &settings,
    ];
    let played = said(bench.command(&args).args(more));
    assert_eq!(played.code, 0, "{}{}", played.out, played.err);
}

/// The folder of a suite's only run.
fn run(bench: &Bench, results: &str, suite: &str) -> PathBuf {
    let mut runs = fs::read_dir(bench.path().join(results).join("host1").join(suite)).unwrap();
    let run = runs.next().unwrap().unwrap().path();
    assert!(runs.next().is_none(), "more than one run");
    run
}

/// Lines of `results.tsv`: section, test, status.
fn statuses(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("results.tsv")).unwrap();
    let status = |l: &str| l.split('\t').take(3).collect::<Vec<_>>().join(" ");
    text.lines().map(status).collect()
}

/// Where the selftests come from: Debian's package of the kernel's source, or where apt does not know it a small tree of ours
/// with the same layout, which is built here.
fn selftests(bench: &Bench, packaged: bool) -> String {
    if packaged {
        return format!(
            "selftests_source: package\nselftests_targets: [{}]\nselftests_skip: [\"{}\"]\n",
            TARGETS.join(", "),
            LONG.join("\", \"")
        );
    }
    eprintln!("apt knows no linux-source: a small tree takes its place");
    copy(bench, "tests/kernel/linux", "linux");
    format!(
        "selftests_source: path\nselftests_build_host: localhost\nselftests_source_dir: {0}/linux\nselftests_dir: {0}/selftests
selftests_targets: [size, timers]\n",
        bench.path().display()
    )
}

#[test]
fn a_failing_test_is_a_regression_and_a_hanging_one_is_killed_and_told() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let real = std::env::var("KDO_FSTESTS").ok().filter(|path| !path.is_empty());
    let packaged = said(Command::new("apt-cache").args(["show", "linux-source"])).code == 0;
    let mut packages = PACKAGES.to_owned();
    for (wanted, more) in [(packaged, "linux-source"), (real.is_some(), FSTESTS_PACKAGES)] {
        if wanted {
            packages = format!("{packages} {more}");
        }
    }
    let lab = Lab;
    Lab::said(&[
        "up",
        "1",
        "--flavor",
        "systemd",
        "--loop",
        "--packages",
        &packages,
    ]);
    let bench = Bench::new();
    let here = bench.path().display();
    suite(&bench);
    bench.file("hosts.yml", &Lab::said(&["inventory"]));
    bench.file("expunges/any/ext4/assigned/P2/ext4_1k.txt", "demo/005 # known\n");
    let settings = format!(
        "{selftests}selftests_extra: [{demo}]
selftests_deps: false
selftests_timeouts: {{demo: 3}}
selftests_results: {here}/results
fstests_repo: {here}/suite
fstests_repo_on_controller: true
fstests_ref: main
fstests_deps: false
fstests_loop_size: 512M
fstests_timeout: 3
fstests_groups: [auto]
fstests_results: {here}/results
fstests_expunges: {here}/expunges
fstests_sections:
  - {{name: xfs_4k, fstyp: xfs, mkfs: -f -b size=4096}}
  - {{name: ext4_1k, fstyp: ext4, mkfs: -F -b 1024, mount: -o noatime}}
  - {{name: tmpfs, fstyp: tmpfs}}
",
        selftests = selftests(&bench, packaged),
        demo = root().join("tests/kernel/selftests/demo").display(),
    );
    bench.file("settings.yml", &settings);
    play(&bench, "all.yml", "settings.yml", &[]);

    let run_of = |suite: &str| run(&bench, "results", suite);
    let run = run_of("fstests");
    let mut expected = Vec::new();
    for section in ["xfs_4k", "ext4_1k", "tmpfs"] {
        let last = if section == "ext4_1k" { "notrun" } else { "pass" };
        for (test, status) in ["pass", "fail", "timeout", "skip", last].iter().enumerate() {
            expected.push(format!("{section} demo/{:03} {status}", test + 1));
        }
    }
    assert_eq!(statuses(&run), expected);
    let log = |name: &str| fs::read_to_string(run.join("logs").join(name)).unwrap();
    assert_eq!(log("xfs_4k/demo/002.out.bad"), "wrong\n");
    assert!(log("tmpfs/demo/003.hung").contains("sleep 100000"));

    let run = run_of("selftests");
    let results = statuses(&run);
    let demo: Vec<&String> = results.iter().filter(|l| l.starts_with("demo ")).collect();
    let expected = [
        "demo pass.sh pass",
        "demo fail.sh fail",
        "demo hang.sh timeout",
        "demo skip.sh skip",
    ];
    assert_eq!(demo, expected);
    let ran: BTreeSet<&str> = results.iter().filter_map(|l| l.split(' ').next()).collect();
    let wanted: BTreeSet<&str> = if packaged {
        TARGETS.iter().copied().chain(["demo"]).collect()
    } else {
        ["size", "timers", "demo"].into()
    };
    assert_eq!(ran, wanted);
    assert!(results.contains(&"size get_size pass".to_owned()), "{results:#?}");
    let log = |name: &str| fs::read_to_string(run.join("logs").join(name)).unwrap();
    assert!(log("demo/hang.sh.log").contains("sleep 98765"));
    // Nothing that hung is left.
    let left = "ps -eo args= | grep -E '^sleep (98765|100000)' || true";
    assert_eq!(Lab::said(&["exec", "host1", "--", "sh", "-c", left]), "");

    regressions(&bench);
    let devices = |which: &str| -> Vec<String> {
        let listed = format!("losetup {which} -n -O NAME,BACK-INO,BACK-MAJ:MIN");
        let out = Lab::said(&["exec", "host1", "--", "sh", "-c", &listed]);
        let words = |l: &str| l.split_whitespace().collect::<Vec<_>>().join(" ");
        out.lines().map(words).collect()
    };
    let ours = devices("-j /var/lib/fstests/disk0.img");
    assert_eq!(ours.len(), 1);
    play(&bench, "fstests.yml", "settings.yml", &["--tags", "clean"]);
    assert!(!devices("-l").contains(&ours[0]), "{ours:?} is still attached");
    if let Some(repo) = real {
        real_suite(&bench, &repo);
    }
    drop(lab);
}

/// Against a baseline in which all was well, what fails and hangs is a regression; the page shows it with its logs.
fn regressions(bench: &Bench) {
    let mut good = String::new();
    for test in ["001", "002", "003", "005"] {
        good += &format!("fstests\txfs_4k\tdemo/{test}\tpass\n");
    }
    for test in ["pass.sh", "fail.sh", "hang.sh"] {
        good += &format!("selftests\tdemo\t{test}\tpass\n");
    }
    bench.file("baseline.tsv", &good);
    let args = [
        "results",
        "results",
        "--baseline",
        "baseline.tsv",
        "--html",
        "page.html",
        "--json",
    ];
    let shown = said(&mut bench.command(&args));
    assert_eq!(shown.code, 1, "{shown:?}");
    // A line for each test
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\": \"")).unwrap();
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let regressions = shown
        .out
        .lines()
        .filter(|l| l.contains("\"change\": \"regression\""));
    let mut changes: Vec<String> = regressions
        .map(|l| format!("{} {}", field(l, "section"), field(l, "test")))
        .collect();
    changes.sort();
    assert_eq!(
        changes,
        [
            "demo fail.sh",
            "demo hang.sh",
            "xfs_4k demo/002",
            "xfs_4k demo/003"
        ]
    );
    let page = fs::read_to_string(bench.path().join("page.html")).unwrap();
    for text in ["demo/002", "wrong", "hang.sh", "sleep 98765"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}

/// Tests of the real suite on XFS.
fn real_suite(bench: &Bench, repo: &str) {
    let settings = format!(
        "fstests_repo: {repo}\nfstests_repo_on_controller: true\nfstests_ref: HEAD\nfstests_deps: false\nfstests_loop_size: 1G
fstests_timeout: 300\nfstests_tests: [{}]\nfstests_results: {}/real\n",
        FSTESTS.join(", "),
        bench.path().display()
    );
    bench.file("real.yml", &settings);
    play(bench, "fstests.yml", "real.yml", &[]);
    let passed: Vec<String> = FSTESTS.iter().map(|t| format!("xfs_4k {t} pass")).collect();
    assert_eq!(statuses(&run(bench, "real", "fstests")), passed);
    play(bench, "fstests.yml", "real.yml", &["--tags", "clean"]);
}
