//! Debian roots: a base made by mmdebstrap, and layers of packages on top of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::error::During;
use crate::{Lab, LabError, machine, sources};

const BASE: &str = "openssh-server,iproute2,procps,kmod,ca-certificates,netbase,sudo,util-linux";
pub(crate) const PYTHON: &[&str] = &["python3", "python3-apt"];
pub(crate) const SYSTEMD: &[&str] = &[
    "systemd",
    "systemd-sysv",
    "dbus",
    "dbus-user-session",
    "libpam-systemd",
    "cron",
];
/// On top of that for a virtual machine, which has devices and file systems of its own.
pub(crate) const MACHINE: &[&str] = &[
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "udev",
    "e2fsprogs",
    "zstd",
];

/// Units that want a kernel or devices of their own, or the network.
const MASKED: &[&str] = &[
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "getty.target",
    "console-getty.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "systemd-timesyncd.service",
    "dev-hugepages.mount",
    "sys-fs-fuse-connections.mount",
    "systemd-remount-fs.service",
    "dpkg-db-backup.timer",
    "systemd-pstore.service",
];

/// Runs in a mount namespace of its own, so that nothing stays mounted whatever happens.
const ADD_LAYER: &str = r#"set -e
umask 022
cd "$1"; layer=$2; lower=$3; shift 3
mkdir -p "$layer" "$layer.work" "$layer.mnt"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer,workdir=$layer.work" "$layer.mnt"
root=$layer.mnt
if [ -e /etc/resolv.conf ]; then rm -f "$root/etc/resolv.conf"; cat /etc/resolv.conf >"$root/etc/resolv.conf"; fi
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc"
apt() { chroot "$root" apt-get -q $PROXY "$@"; }
apt update
apt install -y --no-install-recommends "$@"
chroot "$root" sh -c 'apt-get clean; rm -rf /var/lib/apt/lists/*'
rm "$root/usr/sbin/policy-rc.d"
"#;

/// Builds the base, `debian`.
pub(crate) fn build(lab: &Lab) -> Result<(), LabError> {
    let root = lab.roots().join("debian");
    let list = lab.roots().join("sources.list");
    let suite = sources::suite()?;
    fs::write(&list, sources::own(&suite)?).during(|| "sources.list")?;
    machine::run_logged(
        Command::new("unshare")
            .args([
                "--mount",
                "--propagation",
                "private",
                "mmdebstrap",
                "--variant=minbase",
                "--mode=root",
            ])
            .args([format!("--include={BASE}"), suite])
            .args([&root, &list]),
        &lab.roots().join("debian.log"),
    )?;
    machine::run(Command::new("chroot").arg(&root).args([
        "sh",
        "-c",
        "umask 022; useradd -m -u 1000 -s /bin/bash op; useradd -m -u 1001 -s /bin/bash pw; echo pw:pw | chpasswd",
    ]))?;
    for (name, text) in [
        ("op", "op ALL=(ALL:ALL) NOPASSWD: ALL\n"),
        ("pw", "pw ALL=(ALL:ALL) ALL\n"),
    ] {
        write(&root, &format!("etc/sudoers.d/{name}"), text, 0o440)?;
    }
    write(
        &root,
        "etc/ssh/sshd_config.d/kdo-lab.conf",
        "PermitRootLogin prohibit-password\nUseDNS no\nMaxStartups 200:30:500\nMaxSessions 100\n\
         HostKey /etc/ssh/ssh_host_ed25519_key\n",
        0o644,
    )?;
    // each host is given its own
    for entry in fs::read_dir(root.join("etc/ssh")).during(|| "etc/ssh")?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("ssh_host_") {
            fs::remove_file(entry.path()).during(|| "host key")?;
        }
    }
    Ok(())
}

/// Installs packages on top of other layers, into a layer of their own.
pub(crate) fn add_layer(
    lab: &Lab,
    layer: &str,
    below: &[String],
    packages: &[&str],
    systemd: bool,
) -> Result<(), LabError> {
    let lower: Vec<&str> = below.iter().rev().map(String::as_str).collect();
    for scratch in [".work", ".mnt"] {
        machine::remove_tree(&lab.roots().join(format!("{layer}{scratch}")))?;
    }
    let log = lab.roots().join(format!("{layer}.log"));
    machine::run_logged(
        Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", ADD_LAYER, "sh"])
            .arg(lab.roots())
            .args([layer, &lower.join(":")])
            .args(packages)
            .env("PROXY", sources::proxy_options().join(" "))
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8"),
        &log,
    )?;
    for scratch in [".work", ".mnt"] {
        machine::remove_tree(&lab.roots().join(format!("{layer}{scratch}")))?;
    }
    if systemd {
        tame_systemd(&lab.roots().join(layer))
    } else {
        Ok(())
    }
}

fn tame_systemd(root: &Path) -> Result<(), LabError> {
    let units = root.join("etc/systemd/system");
    fs::create_dir_all(&units).during(|| "etc/systemd/system")?;
    for unit in MASKED {
        let path = units.join(unit);
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink("/dev/null", &path).during(|| *unit)?;
    }
    // sshd comes early, so that a host that has just booted answers soon
    write(
        root,
        "etc/systemd/system/ssh.service.d/kdo-lab.conf",
        "[Unit]\nAfter=\nDefaultDependencies=no\n",
        0o644,
    )?;
    write(root, "etc/machine-id", "", 0o444)
}

fn write(root: &Path, name: &str, text: &str, mode: u32) -> Result<(), LabError> {
    let path = root.join(name);
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(&path, text))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)))
        .during(|| name.to_owned())
}
