//! Plays whose outcome was recorded from ansible-core (tests/roles_equal/compare): kdo must say and leave the same on a host
//! without Python. As root only.

use crate::program::{root, said};
use std::{collections::BTreeSet, fs, process::Command};

/// Plays that need nothing but a Debian host with what many have.
const PLAYS: &[&str] = &[
    "files", "accounts", "site", "become", "web", "access", "system", "storage", "deploy", "kernel", "suites",
];
/// A lab by its number; it ends with this value.
pub(crate) struct Lab(pub(crate) &'static str);

impl Lab {
    pub(crate) fn said(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        let said = said(command.args(["lab", "--lab", self.0]).args(args));
        assert_eq!(said.code, 0, "kdo lab {args:?}: {said:?}");
        said.out
    }

    /// What can have changed on the host, a line for each file, account and so on.
    fn state(&self, script: &str) -> BTreeSet<String> {
        let out = self.said(&["exec", "host1", "--", "sh", "-c", script]);
        out.lines().map(str::to_owned).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = Command::new(env!("CARGO_BIN_EXE_kdo"))
            .args(["lab", "--lab", self.0, "down"])
            .output();
    }
}

/// The line of totals without its padding.
fn totals(out: &str) -> String {
    let line = out.lines().find(|l| l.starts_with("h1 ")).unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Those of the hosts on which modules are compared, so that one root serves both tests.
fn packages() -> String {
    let text = fs::read_to_string(root().join("tests/modules/hosts.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table["base"]["packages"].as_str().unwrap().to_owned()
}

#[test]
fn plays_say_and_leave_what_ansible_core_says_and_leaves() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let lab = Lab("5");
    lab.said(&["up", "1", "--flavor", "systemd", "--packages", &packages()]);
    let wrong = wrong(&lab, PLAYS);
    drop(lab);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plays each on a fresh host1, and tells what differs from what was recorded.
pub(crate) fn wrong(lab: &Lab, plays: &[&str]) -> Vec<String> {
    let folder = root().join("tests/roles_equal");
    let script = fs::read_to_string(folder.join("state")).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    // The host is called h1 here, as it was when the outcome was recorded.
    let inventory = scratch.path().join("hosts.yml");
    fs::write(&inventory, lab.said(&["inventory"]).replace("host1:", "h1:")).unwrap();
    let mut wrong = Vec::new();
    for play in plays {
        let run = |more: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
            command.arg("play").arg(folder.join(format!("{play}.yml")));
            command.arg("-i").arg(&inventory).args(more);
            said(command.current_dir(&folder).env("HOME", scratch.path()))
        };
        lab.said(&["reset", "host1"]);
        let before = lab.state(&script);
        run(&["--check"]);
        let checked = lab.state(&script);
        if checked != before {
            let more: Vec<_> = checked.symmetric_difference(&before).collect();
            wrong.push(format!("{play}: check mode changed {more:#?}"));
        }
        let first = run(&[]);
        let after = lab.state(&script);
        let second = run(&[]);
        let again = lab.state(&script);
        if again != after {
            let more: Vec<_> = again.symmetric_difference(&after).collect();
            wrong.push(format!("{play}: the second run changed {more:#?}"));
        }
        let expected = fs::read_to_string(folder.join("expected").join(play)).unwrap();
        let totals = [totals(&first.out), totals(&second.out)];
        let recorded: Vec<&str> = expected.lines().filter(|l| l.starts_with("h1 ")).collect();
        if totals != *recorded.as_slice() {
            wrong.push(format!(
                "{play}: {totals:#?}, recorded {recorded:#?}\n{}{}",
                first.out, first.err
            ));
        }
        let lines = |mark: &str| -> BTreeSet<String> {
            let cut = expected.lines().filter_map(|l| l.strip_prefix(mark));
            cut.map(str::to_owned).collect()
        };
        let news: BTreeSet<String> = after.difference(&before).cloned().collect();
        for line in news.symmetric_difference(&lines("> ")) {
            let whose = if news.contains(line) {
                "only kdo left"
            } else {
                "only ansible-core left"
            };
            wrong.push(format!("{play}: {whose} {line}"));
        }
    }
    wrong
}
