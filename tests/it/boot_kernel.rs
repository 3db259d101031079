//! The main job: a kernel built by a role, booted in a virtual machine. As root, and only with `KDO_TEST_KERNEL=1`:
//! under a minute with a built kernel in the cache, five to ten minutes without.

use crate::bootlinux::{LAB, only_one};
use crate::program::{root, said};
use std::process::{Command, Stdio};

fn skipped() -> bool {
    if std::env::var_os("KDO_TEST_KERNEL").is_none_or(|v| v != "1") {
        eprintln!("skipped: takes minutes; KDO_TEST_KERNEL=1 runs it");
        return true;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: virtual machines need root");
        return true;
    }
    false
}

#[test]
fn a_role_builds_a_kernel_and_boots_the_host_into_it_and_changes_nothing_the_second_time() {
    if skipped() {
        return;
    }
    let _alone = only_one();
    let mut command = Command::new(root().join("examples/boot-kernel"));
    command.env("KDO", env!("CARGO_BIN_EXE_kdo")).stdin(Stdio::null());
    command.env("KDO_LAB", LAB);
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

struct Machine;

impl Machine {
    fn kdo(args: &[&str]) -> String {
        let said = said(
            Command::new(env!("CARGO_BIN_EXE_kdo"))
                .env("KDO_LAB", LAB)
                .args(args),
        );
        assert_eq!(said.code, 0, "kdo {args:?}: {said:?}");
        said.out
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        let _ = command.env("KDO_LAB", LAB).args(["lab", "down"]).output();
    }
}

/// The machine's own User-Mode Linux, built by the stand-in for a source tree so that it finds no disk.
#[test]
fn a_kernel_that_panics_is_told_with_its_console_and_the_machine_boots_the_old_one() {
    if skipped() {
        return;
    }
    let _alone = only_one();
    let machine = Machine;
    Machine::kdo(&["lab", "up", "1", "--vm"]);
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name).display().to_string();
    std::fs::write(at("hosts.yml"), Machine::kdo(&["lab", "inventory"])).unwrap();
    let source = root().join("tests/kernel/standin");
    let script = "cp -r \"$0\" \"$1\" && cd \"$1\" && git init -q -b main && git add -A && \
                  git -c user.name=t -c user.email=t@t commit -qm one";
    let made = said(
        Command::new("sh")
            .args(["-c", script])
            .arg(source)
            .arg(at("linux")),
    );
    assert_eq!(made.code, 0, "{made:?}");
    let before = Machine::kdo(&["lab", "exec", "vm1", "--", "uname", "-r"]);
    let settings = format!(
        "{{bootlinux_repo: {}, bootlinux_ref: main, bootlinux_dir: {}, bootlinux_arch: um, bootlinux_build_host: localhost, \
         bootlinux_config_options: {{STANDIN_PANIC: true, MODULES: false}}}}",
        at("linux"),
        at("build")
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
    command.args([
        "play",
        "bootlinux",
        "-i",
        &at("hosts.yml"),
        "-l",
        "vm1",
        "-e",
        &settings,
    ]);
    let played = said(command.current_dir(root()));
    assert_eq!(played.code, 2, "{played:?}");
    let told = format!(
        "vm1 did not come up with Linux 7.1.0 (Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)): \
         it runs {} again",
        before.trim()
    );
    assert!(played.out.contains(&told), "{told}\n{}", played.out);
    assert_eq!(
        Machine::kdo(&["lab", "exec", "vm1", "--", "ls", "/boot"])
            .lines()
            .count(),
        3
    );
    drop(machine);
}
