//! The disk of a virtual machine: an ext4 image built without loop devices.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::error::During;
use crate::lab::PREFIX;
use crate::root::ACCOUNTS;
use crate::tell::tell;
use crate::{Host, Lab, LabError, keys, machine};

const SIZE: &str = "4096m";

/// Joins the layers in a mount namespace of its own and makes a file system of what is there.
const BUILD: &str = r#"set -e
umask 022
cd "$1"; lower=$2; image=$3
rm -rf vm.upper vm.work vm.mnt
mkdir vm.upper vm.work vm.mnt
mount -t overlay overlay -o "lowerdir=$lower,upperdir=vm.upper,workdir=vm.work" vm.mnt
echo 'LABEL=kdoroot / ext4 errors=remount-ro 0 1' >vm.mnt/etc/fstab
: >vm.mnt/etc/machine-id
mkdir -p vm.mnt/boot vm.mnt/usr/lib/modules
# the modules of the machine's kernel that the loader boots by default
for m in /usr/lib/uml/modules/*; do if [ -d "$m" ]; then cp -a "$m" vm.mnt/usr/lib/modules/; fi; done
chroot vm.mnt systemctl -q enable systemd-networkd
for unit in systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer dpkg-db-backup.timer systemd-timesyncd.service getty@tty1.service \
    serial-getty@ttyS0.service systemd-pstore.service systemd-hwdb-update.service sys-kernel-debug.mount \
    systemd-update-utmp-runlevel.service; do
    ln -sf /dev/null "vm.mnt/etc/systemd/system/$unit"
done
rm -f "$image"
mke2fs -q -t ext4 -L kdoroot -E lazy_itable_init=1,lazy_journal_init=1 -d vm.mnt "$image" "$SIZE"
"#;

/// Where the image of these layers is.
fn image(lab: &Lab, layers: &[String]) -> PathBuf {
    lab.roots()
        .join(format!("{}.img", layers.last().map_or("", String::as_str)))
}

/// Builds the image that all virtual machines start from, once.
pub(crate) fn ensure(lab: &Lab, layers: &[String]) -> Result<(), LabError> {
    let _lock = lab.lock("roots")?;
    let image = image(lab, layers);
    if image.exists() {
        return Ok(());
    }
    let began = Instant::now();
    tell("building the disk image of the virtual machines (once)");
    let new = image.with_extension("new");
    let lower: Vec<&str> = layers.iter().rev().map(String::as_str).collect();
    let built = machine::run_logged(
        Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", BUILD, "sh"])
            .arg(lab.roots())
            .arg(lower.join(":"))
            .arg(&new)
            .env("SIZE", SIZE),
        &lab.roots().join("vm.log"),
    );
    for scratch in ["vm.upper", "vm.work", "vm.mnt"] {
        machine::remove_tree(&lab.roots().join(scratch))?;
    }
    built?;
    fs::rename(&new, &image).during(|| "disk image")?;
    tell(&format!("  disk image: {:.1} s", began.elapsed().as_secs_f64()));
    Ok(())
}

/// The machine's own disk: a sparse copy of the image with its name, address and keys.
pub(crate) fn make_disk(lab: &Lab, host: &Host, folder: &Path) -> Result<(), LabError> {
    if folder.join("disk.img").exists() {
        return Ok(());
    }
    fs::create_dir_all(folder).during(|| format!("cannot make {}", folder.display()))?;
    machine::run(
        Command::new("cp")
            .arg("--sparse=always")
            .arg(image(lab, &host.layers))
            .arg(folder.join("disk.new")),
    )?;
    let key = keys::host(lab, &host.name)?;
    let private = fs::read_to_string(&key).during(|| "host key")?;
    let network = format!(
        "[Match]\nType=ether\n[Network]\nAddress={}/{PREFIX}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n",
        host.address
    );
    let mut files = vec![
        ("etc/hostname".to_owned(), format!("{}\n", host.name), 0o644, 0),
        (
            "etc/hosts".to_owned(),
            format!("127.0.0.1 localhost\n{} {}\n", host.address, host.name),
            0o644,
            0,
        ),
        ("etc/systemd/network/10-lab.network".to_owned(), network, 0o644, 0),
        ("etc/ssh/ssh_host_ed25519_key".to_owned(), private, 0o600, 0),
        (
            "etc/ssh/ssh_host_ed25519_key.pub".to_owned(),
            keys::public(&key)?,
            0o644,
            0,
        ),
    ];
    let login = keys::login(lab)?;
    let mut commands = String::new();
    for (_, home, id) in ACCOUNTS {
        let _ = write!(
            commands,
            "mkdir /{home}/.ssh\nsif /{home}/.ssh mode 040700\nsif /{home}/.ssh uid {id}\nsif /{home}/.ssh gid {id}\n"
        );
        files.push((format!("{home}/.ssh/authorized_keys"), login.clone(), 0o600, *id));
    }
    for (number, (path, text, mode, owner)) in files.iter().enumerate() {
        let source = format!("file{number}");
        fs::write(folder.join(&source), text).during(|| "file for the disk")?;
        let _ = write!(
            commands,
            "rm /{path}\nwrite {source} /{path}\nsif /{path} mode 0100{mode:03o}\nsif /{path} uid {owner}\n\
             sif /{path} gid {owner}\n"
        );
    }
    fs::write(folder.join("commands"), commands).during(|| "commands for debugfs")?;
    machine::run(
        Command::new("debugfs")
            .args(["-w", "-f", "commands", "disk.new"])
            .current_dir(folder),
    )?;
    for number in 0..files.len() {
        fs::remove_file(folder.join(format!("file{number}"))).during(|| "file for the disk")?;
    }
    fs::rename(folder.join("disk.new"), folder.join("disk.img")).during(|| "disk")
}
