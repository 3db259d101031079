//! A play over SSH on a host of the laboratory. As root only: elsewhere there is no such host.

use crate::program::{Bench, root, said};
use std::process::Command;

/// A lab that ends with the test. It takes a number that nobody uses: ending a lab ends all of its hosts.
struct Lab {
    number: String,
}

impl Lab {
    fn up(count: &str) -> Self {
        let labs = said(Command::new(env!("CARGO_BIN_EXE_kdo")).args(["lab", "labs"]));
        // 7 belongs to the laboratory's own tests.
        let free = labs.out.lines().rev().filter(|l| l.contains("free,"));
        let number = free
            .filter_map(|l| l.split_whitespace().next())
            .find(|n| *n != "7");
        let lab = Self {
            number: number
                .unwrap_or_else(|| panic!("no free lab: {labs:?}"))
                .to_owned(),
        };
        let said = said(&mut lab.command(&["up", count]));
        assert_eq!(said.code, 0, "{said:?}");
        lab
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        command.args(["lab", "--lab", &self.number]).args(args);
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).output();
    }
}

#[test]
fn a_role_runs_over_ssh_on_a_host_without_python_and_changes_nothing_the_second_time() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let lab = Lab::up("2");
    let bench = Bench::new();
    let inventory = said(&mut lab.command(&["inventory"]));
    bench.file("hosts.yml", &inventory.out);
    let python = said(&mut lab.command(&[
        "exec",
        "host1",
        "--",
        "sh",
        "-c",
        "command -v python3 || echo none",
    ]));
    assert_eq!(python.out, "none\n");
    let playbook = root().join("examples/hello/hello.yml");
    let play = |more: &[&str]| {
        let args = [&["play", "-i", "hosts.yml", playbook.to_str().unwrap()], more].concat();
        bench.run(&args)
    };
    let changed = |said: &crate::program::Said, host: &str| -> u32 {
        let line = said
            .out
            .lines()
            .find(|l| l.starts_with(&format!("{host} ")) && l.contains("changed="));
        let number = line
            .and_then(|l| l.split("changed=").nth(1))
            .and_then(|r| r.split_whitespace().next());
        number
            .unwrap_or_else(|| panic!("no totals of {host}: {said:?}"))
            .parse()
            .unwrap()
    };
    let dry = play(&["--check"]);
    assert!(changed(&dry, "host1") > 0, "{dry:?}");
    let first = play(&[]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        changed(&first, "host1") > 0 && changed(&first, "host2") > 0,
        "{first:?}"
    );
    let second = play(&[]);
    assert_eq!(
        (second.code, changed(&second, "host1"), changed(&second, "host2")),
        (0, 0, 0),
        "{second:?}"
    );

    // One host is gone: the other one is done, and the exit code says so.
    assert_eq!(said(&mut lab.command(&["kill", "host2"])).code, 0);
    let third = play(&["-T", "3"]);
    assert_eq!((third.code, changed(&third, "host1")), (4, 0), "{third:?}");
    assert!(third.out.contains("UNREACHABLE"), "{third:?}");
}
