use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use crate::error::During;
use crate::root::{ACCOUNTS, loader};
use crate::{Flavor, Host, Lab, LabError, keys, machine};

/// Writes the writable layer of a host, if it has none: its name, its keys, who may log in.
pub(crate) fn prepare(lab: &Lab, host: &Host) -> Result<(), LabError> {
    let folder = lab.cache().join(lab.host_folder(&host.name));
    if folder.join("ready").exists() {
        return Ok(());
    }
    let upper = folder.join("upper");
    for name in ["upper/etc", "upper/home", "work", "root"] {
        fs::create_dir_all(folder.join(name)).during(|| format!("cannot make {name}"))?;
    }
    let write = |name: &str, text: &str| fs::write(upper.join(name), text).during(|| name.to_owned());
    write("etc/hostname", &format!("{}\n", host.name))?;
    write(
        "etc/hosts",
        &format!("127.0.0.1 localhost\n{} {}\n", host.address, host.name),
    )?;
    write("etc/resolv.conf", "")?;
    let login = keys::login(lab)?;
    for (account, home, id) in ACCOUNTS {
        // the minimal root has no sudo, hence no account that is asked for a password
        if host.flavor != Flavor::Minimal || *account != "pw" {
            authorize(&upper.join(home), *id, &login)?;
        }
    }
    let key = keys::host(lab, &host.name)?;
    if host.flavor == Flavor::Minimal {
        fs::create_dir_all(upper.join("etc/dropbear")).during(|| "etc/dropbear")?;
        let root = lab.roots().join("minimal");
        machine::run(
            Command::new(loader(&root)?)
                .arg("--library-path")
                .arg(root.join("lib"))
                .arg(root.join("usr/bin/dropbearconvert"))
                .args(["openssh", "dropbear"])
                .args([&key, &upper.join("etc/dropbear/host_key")]),
        )?;
    } else {
        fs::create_dir_all(upper.join("etc/ssh")).during(|| "etc/ssh")?;
        let to = upper.join("etc/ssh/ssh_host_ed25519_key");
        fs::copy(&key, &to)
            .and_then(|_| mode(&to, 0o600))
            .during(|| "host key")?;
        write("etc/ssh/ssh_host_ed25519_key.pub", &keys::public(&key)?)?;
        write("etc/machine-id", &machine_id(lab, host))?;
    }
    write("../ready", "")
}

/// The same for the same host of the same lab.
fn machine_id(lab: &Lab, host: &Host) -> String {
    let high = crate::root::fnv(&format!("kdo-lab-{}", lab.number()));
    format!("{high:016x}{:016x}\n", crate::root::fnv(&host.name))
}

fn mode(path: &Path, mode: u32) -> std::io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn authorize(home: &Path, id: u32, key: &str) -> Result<(), LabError> {
    let folder = home.join(".ssh");
    let file = folder.join("authorized_keys");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .and_then(|()| fs::write(&file, key))
        .and_then(|()| mode(&file, 0o600))
        .and_then(|()| {
            [home, &folder, &file]
                .iter()
                .try_for_each(|path| chown(path, Some(id), Some(id)))
        })
        .during(|| format!("cannot write {}", file.display()))
}
