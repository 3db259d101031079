//! The main job: a kernel built by a role, booted in a virtual machine. As root, and only with `KDO_TEST_KERNEL=1`:
//! under a minute with a built kernel in the cache, five to ten minutes without.

use crate::program::{root, said};
use std::process::{Command, Stdio};

#[test]
fn a_role_builds_a_kernel_and_boots_the_host_into_it_and_changes_nothing_the_second_time() {
    if std::env::var_os("KDO_TEST_KERNEL").is_none_or(|v| v != "1") {
        eprintln!("skipped: takes minutes; KDO_TEST_KERNEL=1 runs it");
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: virtual machines need root");
        return;
    }
    let mut command = Command::new(root().join("examples/boot-kernel"));
    command.env("KDO", env!("CARGO_BIN_EXE_kdo")).stdin(Stdio::null());
    if std::env::var_os("KDO_LAB").is_none() {
        command.env("KDO_LAB", "3");
    }
    let said = said(&mut command);
    assert_eq!(said.code, 0, "{said:?}");
    // What `uname -r` says stands below the line of the ad-hoc command that asked for it.
    let releases: Vec<&str> = said
        .out
        .lines()
        .skip_while(|l| !l.starts_with("host1 | CHANGED"))
        .collect::<Vec<_>>()
        .windows(2)
        .filter(|w| w[0].starts_with("host1 | CHANGED"))
        .map(|w| w[1])
        .collect();
    assert_eq!(releases.len(), 2, "{said:?}");
    assert_ne!(releases[0], releases[1], "{said:?}");
    assert!(releases[1].ends_with("-kdo"), "{said:?}");
    let totals: Vec<&str> = said.out.lines().filter(|l| l.contains("unreachable=0")).collect();
    assert_eq!(totals.len(), 2, "{said:?}");
    assert!(
        !totals[0].contains(" changed=0 ") && totals[1].contains(" changed=0 "),
        "{totals:?}"
    );
    assert!(totals.iter().all(|l| l.contains(" failed=0 ")), "{totals:?}");
}
