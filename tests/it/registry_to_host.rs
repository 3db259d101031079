//! The user's line from a registry to a host: the roles of this project are published, an empty project has requirements, a lock
//! file and an inventory, and what is installed from there builds, boots and tests. As root only.

use crate::{
    bootlinux::{alone_in, only_one},
    oci_registry::OciRegistry,
    program::{Bench, Said, root, said},
    registries::{must, publish},
};
use std::{
    env, fs,
    process::{Command, Stdio},
};

const ROLES: &[&str] = &["bootlinux", "fstests", "selftests"];

/// A host that runs.
struct Lab {
    number: String,
    _alone: fs::File,
}

impl Lab {
    /// That of these tests, unless `KDO_LAB` says another; one waits for the other.
    fn up(args: &[&str]) -> Self {
        let number = env::var("KDO_LAB").unwrap_or_else(|_| "7".to_owned());
        let lab = Self {
            _alone: alone_in(&number),
            number,
        };
        must(&lab.said(&[&["up", "1", "--prefix", "host"], args].concat()));
        lab
    }

    fn said(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        said(command.args(["lab", "--lab", &self.number]).args(args))
    }

    /// What a script says on the host.
    fn ask(&self, script: &str) -> String {
        let done = self.said(&["exec", "host1", "--", "sh", "-c", script]);
        must(&done);
        done.out.trim_end().to_owned()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.said(&["down"]);
    }
}

/// Publishes the roles and makes a project that has nothing but their names, their locks and where hosts are.
fn project(registry: &OciRegistry, lab: &Lab) -> Bench {
    let author = Bench::new();
    for name in ROLES {
        let path = root().join("roles").join(name).display().to_string();
        must(&publish(&author, &path, "1.2.3", &registry.at("kdo"), &[]));
    }
    let lines = ROLES.iter().map(|n| {
        format!(
            "  - {{src: '{}', version: 1.2.3}}\n",
            registry.at(&format!("kdo/{n}"))
        )
    });
    let requirements = format!("roles:\n{}", lines.collect::<String>());
    author.file("requirements.yml", &requirements);
    must(&author.run(&["galaxy", "lock"]));
    let user = Bench::new();
    user.file("requirements.yml", &requirements);
    fs::copy(
        author.path().join("requirements.lock"),
        user.path().join("requirements.lock"),
    )
    .unwrap();
    user.file("hosts.yml", &lab.said(&["inventory"]).out);
    user.file("ansible.cfg", "[defaults]\ninventory = hosts.yml\n");
    must(&user.run(&["galaxy", "install", "--locked"]));
    user
}

/// The line of totals of the host.
fn totals(played: &Said) -> &str {
    let mut lines = played
        .out
        .lines()
        .filter(|l| l.starts_with("host1") && l.contains("unreachable="));
    lines.next().unwrap_or_default()
}

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: hosts need root");
    }
    root
}

/// With a source tree and a host that only stand in for a kernel and for booting it, and small suites.
#[test]
fn roles_of_a_registry_build_boot_and_test_on_a_host() {
    if !is_root() {
        return;
    }
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let packages = "e2fsprogs gawk git grub2-common make procps rsync";
    let lab = Lab::up(&["--flavor", "systemd", "--packages", packages]);
    let bench = project(&registry, &lab);
    let here = bench.path().display();
    let standin = |name: &str| root().join("tests/kernel").join(name).display().to_string();
    for (from, to) in [
        ("standin-host", "/usr/local/bin"),
        ("standin", "/srv/linux"),
        ("suite", "/srv/suite"),
    ] {
        let copied = format!("src={}/ dest={to}/ mode=preserve", standin(from));
        must(&bench.run(&["run", "host1", "-m", "copy", "-a", &copied]));
    }
    lab.ask(
        "mkdir -p /boot/grub && echo distribution > /boot/vmlinuz-$(/usr/bin/uname -r) && chmod 755 /usr/local/bin/* && \
         echo GRUB_DEFAULT=0 > /etc/default/grub && /usr/local/bin/update-grub && grub-editenv - create && \
         git config --global user.name t && git config --global user.email t@t && \
         for d in linux suite; do cd /srv/$d && git init -q -b main && git add -A && git commit -qm one; done && \
         cd /srv/linux && git tag v7.1",
    );
    let linux = bench.path().join("linux");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(standin("linux"))
        .arg(&linux)
        .stdin(Stdio::null())
        .status();
    assert!(copied.unwrap().success());
    bench.file(
        "group_vars/all.yml",
        &format!(
            "bootlinux_repo: /srv/linux
bootlinux_ref: v7.1
bootlinux_deps: false
bootlinux_reboot_timeout: 120
fstests_repo: /srv/suite
fstests_ref: main
fstests_deps: false
fstests_timeout: 3
fstests_groups: [auto]
fstests_sections: [{{name: tmpfs, fstyp: tmpfs}}]
fstests_results: {here}/results
selftests_source: path
selftests_build_host: localhost
selftests_source_dir: {here}/linux
selftests_dir: {here}/selftests
selftests_targets: [size, timers]
selftests_results: {here}/results
"
        ),
    );
    let play = |role: &str| {
        let played = bench.run(&["play", role, "--limit", "host1"]);
        must(&played);
        played
    };
    assert_ne!(lab.ask("uname -r"), "7.1.0");
    play("bootlinux");
    assert_eq!(lab.ask("uname -r; ls /lib/modules"), "7.1.0\n7.1.0");
    let again = play("bootlinux");
    assert!(totals(&again).contains(" changed=0 "), "{}", again.out);
    play("fstests");
    play("selftests");
    let results = bench.run(&["results", "results"]);
    for told in ["demo/001", "get_size"] {
        let shown = bench.run(&["results", "results", "--json"]);
        assert!(shown.out.contains(told), "{told}: {results:?} {shown:?}");
    }
    // Nobody changes what was locked unseen.
    let tasks = bench.path().join(".ansible/roles/bootlinux/tasks/main.yml");
    let text = fs::read_to_string(&tasks).unwrap();
    fs::write(&tasks, format!("{text}\n# changed\n")).unwrap();
    assert_eq!(bench.run(&["galaxy", "verify"]).code, 3);
}

/// A kernel that is really built here, and booted in a virtual machine.
#[test]
fn a_role_of_a_registry_boots_a_virtual_machine_into_its_kernel() {
    if env::var_os("KDO_TEST_KERNEL").is_none_or(|v| v != "1") {
        eprintln!("skipped: takes minutes; KDO_TEST_KERNEL=1 runs it");
        return;
    }
    if !is_root() {
        return;
    }
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    // The folder of builds is that of others too.
    let _alone = only_one();
    let cache = env::var_os("KDO_KERNEL_CACHE")
        .map(std::path::PathBuf::from)
        .unwrap_or_else(|| {
            let folder = env::var_os("XDG_CACHE_HOME").map(std::path::PathBuf::from);
            folder
                .unwrap_or_else(|| env::home_dir().unwrap().join(".cache"))
                .join("kdo-kernel")
        });
    let made = said(Command::new(root().join("tests/kernel/make-kernel-repo")).arg(&cache));
    must(&made);
    let lab = Lab::up(&["--vm"]);
    let bench = project(&registry, &lab);
    let settings = fs::read_to_string(root().join("examples/bootlinux-uml.yml")).unwrap();
    let more = format!(
        "bootlinux_repo: {}\nbootlinux_dir: {}\n",
        made.out.trim(),
        cache.join("build-uml").display()
    );
    bench.file("group_vars/all.yml", &format!("{settings}{more}"));
    let before = lab.ask("uname -r");
    let played = bench.run(&["play", "bootlinux", "--limit", "host1"]);
    must(&played);
    let now = lab.ask("uname -r");
    assert!(
        now != before && now.ends_with("-kdo"),
        "{before} {now}: {}",
        played.out
    );
    let again = bench.run(&["play", "bootlinux", "--limit", "host1"]);
    assert!(totals(&again).contains(" changed=0 "), "{}", again.out);
}
