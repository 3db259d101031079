//! Virtual machines under User-Mode Linux: a kernel that is an ordinary process of this machine.

use std::convert::Infallible;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::thread::UnshareFlags;

use crate::error::During;
use crate::{Host, Lab, LabError, bridge, exec, host_boot, namespace, uml_image};

/// User-Mode Linux starts its own argv\[0\] again when the guest reboots, so this script is the boot loader: it
/// boots what /boot/uml-default names in the guest's disk, else Debian's kernel; and, once for each content of
/// /boot/uml-once, the kernel that its first word names. What was booted once is noted beside the disk: the guest's file
/// system may be in need of recovery, so nobody else writes there. All paths are relative to the folder of the
/// machine, for kernels take no spaces in their arguments.
const LOADER: &str = r#"#!/bin/bash
kernel=/usr/bin/linux.uml
name=$(debugfs -R 'cat /boot/uml-default' disk.img 2>/dev/null | tail -1)
once=$(debugfs -R 'cat /boot/uml-once' disk.img 2>/dev/null | tail -1)
rm -f trial
if [ -n "$once" ] && [ "$once" != "$(cat once.done 2>/dev/null)" ]; then
    echo "$once" >once.done
    name=${once%% *}
    : >trial
fi
if [ -n "$name" ]; then
    rm -f kernel.new
    debugfs -R "dump $name kernel.new" disk.img >/dev/null 2>&1
    if [ -s kernel.new ]; then mv kernel.new kernel; chmod 755 kernel; kernel=./kernel; fi
fi
echo "loader: $kernel ${name:-(Debian)}" >&2
# plain tap does no segmentation offload, over which the vector driver stumbles; newer kernels have only the latter
if grep -q tuntap "$kernel"; then net=eth0=tuntap,@TAP@,@MAC@
else net=vec0:transport=tap,ifname=@TAP@,depth=64,gro=1,mac=@MAC@; fi
arguments=()
for a in "$@"; do case $a in vec0:*|eth0=*) ;; *) arguments+=("$a") ;; esac; done
exec -a "$0" "$kernel" "${arguments[@]}" "$net"
"#;

/// PID 1 of the namespace. A kernel on trial that panics ends with an error; then the machine starts once more, with its
/// default kernel, as real machines do with `panic=`. Else it stays off.
const MACHINE: &str = r#""$@"; code=$?
if [ "$code" != 0 ] && [ -e trial ]; then
    echo "the kernel on trial ended with $code: starting again with the default" >&2
    "$@"; code=$?
fi
exit "$code"
"#;

/// Starts the machine in a PID namespace of its own, with which all its processes end. Gives its process number.
pub(crate) fn boot(lab: &Lab, host: &Host) -> Result<i32, LabError> {
    let folder = lab.cache().join(lab.host_folder(&host.name));
    uml_image::make_disk(lab, host, &folder)?;
    bridge::tap(lab, host)?;
    let script = LOADER
        .replace("@TAP@", &lab.port(host.index))
        .replace("@MAC@", &lab.mac(host.index));
    let loader = folder.join("uml-loader");
    fs::write(&loader, script)
        .and_then(|()| fs::set_permissions(&loader, fs::Permissions::from_mode(0o755)))
        .during(|| "boot loader")?;
    let (pid, gate) = host_boot::spawn_init(
        lab,
        host,
        || namespace::unshare(UnshareFlags::NEWPID | UnshareFlags::NEWNS).during(|| "new namespaces"),
        |wait, supervisor| init(host, &folder, wait, supervisor),
    )?;
    rustix::io::write(&gate, b"x").during(|| "pipe")?;
    Ok(pid)
}

/// Becomes PID 1 of the namespace: a shell that waits for the machine, which is its child.
fn init(host: &Host, folder: &Path, wait: &OwnedFd, supervisor: &OwnedFd) -> Result<Infallible, LabError> {
    rustix::process::setsid().during(|| "setsid")?;
    host_boot::wait_for_network(wait, supervisor)?;
    host_boot::private_mounts()?;
    host_boot::mount("proc", "/proc", "proc", host_boot::NOTHING, None)?;
    std::env::set_current_dir(folder).during(|| "folder of the machine")?;
    host_boot::redirect("console.log")?;
    let mut command = Command::new("/bin/bash");
    command.args(["-c", MACHINE, "kdo-lab-vm", "./uml-loader"]);
    command.args([
        &format!("umid={}", host.name),
        "uml_dir=./",
        &format!("mem={}M", host.memory),
    ]);
    command.args([
        "ubda=disk.img",
        "root=/dev/ubda",
        "rw",
        "con=null",
        "con0=null,fd:1",
        "ssl=null",
    ]);
    command.args(["quiet", "net.ifnames=0"]);
    // its memory is a file there
    command.env("TMPDIR", "/dev/shm");
    Err(command.exec()).during(|| "User-Mode Linux")
}

/// Asks the guest to shut down, without waiting for it.
pub(crate) fn power_off(lab: &Lab, host: &Host) -> Result<(), LabError> {
    let command = ["poweroff".to_owned()];
    exec::over_ssh(lab, host, &command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(|_| ())
        .during(|| "cannot run ssh")
}
