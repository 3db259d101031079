//! The role bootlinux on lab hosts, with a source tree that only stands in for a kernel (tests/kernel/standin) and hosts that
//! only stand in for booting it (tests/kernel/standin-host). As root only.

use crate::program::{Said, root, said};
use std::{fs, process::Command};
use tempfile::TempDir;

/// That of `boot_kernel` too, so one waits for the other.
pub(crate) const LAB: &str = "3";

/// Keeps other tests from the lab while it lives.
pub(crate) fn only_one() -> fs::File {
    alone_in(LAB)
}

/// The same for another lab.
pub(crate) fn alone_in(lab: &str) -> fs::File {
    let lock = fs::File::create(std::env::temp_dir().join(format!("kdo-it-lab{lab}.lock"))).unwrap();
    lock.lock().unwrap();
    lock
}

/// h1 is of the group baseline, h2 and h3 of dev; h4 builds.
struct Lab {
    scratch: TempDir,
}

const INVENTORY: &str = "all:
  children:
    baseline:
      hosts: {h1: }
      vars: {bootlinux_ref: v7.1}
    dev:
      hosts: {h2: , h3: }
      vars: {bootlinux_ref: v7.2-rc1}
  vars:
    bootlinux_build_host: h4
    bootlinux_repo: /srv/linux
    bootlinux_deps: false
    bootlinux_reboot_timeout: 120
";

impl Lab {
    fn up() -> Self {
        let lab = Self {
            scratch: tempfile::tempdir().unwrap(),
        };
        let packages = "git grub2-common make rpm";
        lab.kdo(&[
            "lab",
            "up",
            "4",
            "--flavor",
            "systemd",
            "--prefix",
            "h",
            "--packages",
            packages,
        ]);
        lab.write("hosts.yml", &lab.kdo(&["lab", "inventory"]).out);
        lab.write("kernels.yml", INVENTORY);
        let standin = root().join("tests/kernel/standin");
        let host = root().join("tests/kernel/standin-host");
        lab.run(
            "all",
            "copy",
            &format!("src={}/ dest=/usr/local/bin/ mode=0755", host.display()),
        );
        lab.run(
            "all",
            "shell",
            "mkdir -p /boot/grub && echo distribution > /boot/vmlinuz-$(/usr/bin/uname -r) && \
             echo GRUB_DEFAULT=0 > /etc/default/grub && /usr/local/bin/update-grub && grub-editenv - create",
        );
        lab.run(
            "h4",
            "copy",
            &format!("src={}/ dest=/srv/linux/ mode=preserve", standin.display()),
        );
        lab.run(
            "h4",
            "shell",
            "cd /srv/linux && git config --global user.name t && git config --global user.email t@t && git init -q -b main && \
             git add -A && git commit -qm one && git tag v7.1 && echo 7.2.0-rc1 > version && git commit -qam two && git tag v7.2-rc1",
        );
        lab
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.scratch.path().join(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        command.args(args).current_dir(self.scratch.path());
        // what is fetched from a build host goes there
        if args[0] == "play" {
            command.env("HOME", self.scratch.path());
        }
        command
            .env("KDO_LAB", LAB)
            .env("ANSIBLE_ROLES_PATH", root().join("roles"));
        said(&mut command)
    }

    fn kdo(&self, args: &[&str]) -> Said {
        let said = self.command(args);
        assert_eq!(said.code, 0, "kdo {args:?}: {}{}", said.out, said.err);
        said
    }

    fn run(&self, host: &str, module: &str, args: &str) -> String {
        let said = self.kdo(&["run", host, "-i", "hosts.yml", "-m", module, "-a", args]);
        said.out
    }

    /// What a command says on a host.
    fn ask(&self, host: &str, script: &str) -> String {
        let out = self.kdo(&["lab", "exec", host, "--", "sh", "-c", script]).out;
        out.trim_end().to_owned()
    }

    fn play(&self, limit: &str, more: &[&str]) -> Said {
        let start = [
            "play",
            "bootlinux",
            "-i",
            "hosts.yml",
            "-i",
            "kernels.yml",
            "-l",
            limit,
        ];
        self.command(&[&start, more].concat())
    }

    fn played(&self, limit: &str, more: &[&str]) -> Said {
        let said = self.play(limit, more);
        assert_eq!(said.code, 0, "{limit} {more:?}: {}{}", said.out, said.err);
        said
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.command(&["lab", "down"]);
    }
}

/// The line of totals of a host.
fn totals<'a>(said: &'a Said, host: &str) -> &'a str {
    let mut lines = said
        .out
        .lines()
        .filter(|l| l.starts_with(host) && l.contains("unreachable="));
    lines.next().unwrap_or_default()
}

#[test]
fn each_kernel_is_built_once_brought_to_all_its_hosts_and_a_bad_one_does_not_stay() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let _alone = only_one();
    let lab = Lab::up();
    baseline_and_dev(&lab);
    a_failed_build_is_told_to_all(&lab);
    a_kernel_that_does_not_come_up(&lab);
    packages(&lab);
    uninstalled(&lab);
}

fn baseline_and_dev(lab: &Lab) {
    let checked = lab.played("baseline:dev", &["--check"]);
    assert!(
        checked.out.contains("Linux v7.1 would be built on h4"),
        "{}",
        checked.out
    );
    assert_eq!(lab.ask("h4", "ls /root"), "");
    lab.played("baseline:dev", &[]);
    let kernels = [("h1", "7.1.0"), ("h2", "7.2.0-rc1"), ("h3", "7.2.0-rc1")];
    for (host, release) in kernels {
        assert_eq!(lab.ask(host, "uname -r"), release);
        assert_eq!(lab.ask(host, "ls /lib/modules"), release);
        assert_eq!(
            lab.ask(host, "grub-editenv - list"),
            format!("saved_entry=standin>standin-{release}")
        );
    }
    let again = lab.played("baseline:dev", &[]);
    for (host, _) in kernels {
        assert!(totals(&again, host).contains(" changed=0 "), "{}", again.out);
    }
    let builds = lab.ask(
        "h4",
        "cat /root/bootlinux-baseline/builds.log /root/bootlinux-dev/builds.log",
    );
    assert_eq!(builds, "7.1.0\n7.2.0-rc1");
    // One folder for both would mix them up.
    let mixed = lab.play("baseline:dev", &["-e", "bootlinux_variant=one"]);
    assert_eq!(mixed.code, 2, "{}", mixed.out);
    assert!(
        mixed.out.contains("bootlinux_variant or bootlinux_dir"),
        "{}",
        mixed.out
    );
}

fn a_failed_build_is_told_to_all(lab: &Lab) {
    let failed = lab.play(
        "dev",
        &["-e", r#"{"bootlinux_config_options": {"STANDIN_FAILS": true}}"#],
    );
    assert_eq!(failed.code, 2, "{}", failed.out);
    let told = "The kernel for h3 was not built on h4: that was asked for by h2, which failed";
    assert!(failed.out.contains(told), "{}", failed.out);
}

fn a_kernel_that_does_not_come_up(lab: &Lab) {
    let bad = r#"{"bootlinux_config_options": {"STANDIN_PANIC": true, "LOCALVERSION": "-bad"}}"#;
    let failed = lab.play("h2", &["-e", bad]);
    assert_eq!(failed.code, 2, "{}", failed.out);
    let told = "h2 did not come up with Linux 7.2.0-rc1-bad: it runs 7.2.0-rc1 again";
    assert!(failed.out.contains(told), "{}", failed.out);
    assert_eq!(
        lab.ask("h2", "grub-editenv - list"),
        "saved_entry=standin>standin-7.2.0-rc1"
    );
}

fn packages(lab: &Lab) {
    let deb = r#"{"bootlinux_install": "package", "bootlinux_config_options": {"LOCALVERSION": "-deb"}}"#;
    lab.played("h1", &["-e", deb]);
    assert_eq!(lab.ask("h1", "uname -r"), "7.1.0-deb");
    assert!(totals(&lab.played("h1", &["-e", deb]), "h1").contains(" changed=0 "));
    let rpm = r#"{"bootlinux_install": "package", "bootlinux_package_format": "rpm",
        "bootlinux_config_options": {"LOCALVERSION": "-rpm"}}"#;
    lab.played("h3", &["-e", rpm]);
    assert_eq!(
        lab.ask("h3", "uname -r; rpm -qa"),
        "7.2.0-rc1-rpm\nkernel-7.2.0_rc1_rpm-3.noarch"
    );
}

fn uninstalled(lab: &Lab) {
    let gone = |host: &str, release: &str| {
        let release = format!("bootlinux_uninstall_release={release}");
        lab.play(host, &["--tags", "uninstall-linux", "-e", &release])
    };
    let refused = gone("h1", "7.1.0-deb");
    assert_eq!(refused.code, 2, "{}", refused.out);
    assert!(
        refused.out.contains("other than the running 7.1.0-deb"),
        "{}",
        refused.out
    );
    // Back to those before, then away with the packages
    for (host, release, kernel) in [("h1", "7.1.0-deb", "7.1.0"), ("h3", "7.2.0-rc1-rpm", "7.2.0-rc1")] {
        lab.played(host, &[]);
        assert_eq!(lab.ask(host, "uname -r"), kernel);
        lab.ask(host, &format!("grub-set-default 'standin>standin-{release}'"));
        let said = gone(host, release);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        assert_eq!(lab.ask(host, "ls /lib/modules"), kernel);
        let left = lab.ask(
            host,
            "ls -R /boot; cat /boot/grub/grub.cfg; dpkg -l; rpm -qa; grub-editenv - list",
        );
        assert!(!left.contains(release), "{left}");
        assert!(
            left.contains(&format!("saved_entry=standin>standin-{kernel}")),
            "{left}"
        );
    }
}
