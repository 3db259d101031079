//! A root without Python, bash, sudo, sftp or scp: static busybox, and dropbear with the few libraries it takes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::LabError;
use crate::error::During;
use crate::machine;

const FOLDERS: &[&str] = &[
    "bin",
    "sbin",
    "usr/bin",
    "usr/sbin",
    "etc/dropbear",
    "proc",
    "sys",
    "dev",
    "run",
    "tmp",
    "root",
    "var/log",
    "var/tmp",
    "home/op",
    "lib",
    "lib64",
    "mnt",
    "opt",
];

const FILES: &[(&str, &str)] = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nop:x:1000:1000:op:/home/op:/bin/sh\n\
         nobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    ("etc/group", "root:x:0:\ntty:x:5:\nop:x:1000:\nnogroup:x:65534:\n"),
    (
        "etc/shadow",
        "root:*:19000:0:99999:7:::\nop:*:19000:0:99999:7:::\n",
    ),
    ("etc/shells", "/bin/sh\n"),
    (
        "etc/nsswitch.conf",
        "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
    ),
    ("etc/hosts", "127.0.0.1 localhost\n"),
    (
        "etc/os-release",
        "ID=busybox\nNAME=\"BusyBox\"\nVERSION_ID=1\nPRETTY_NAME=\"BusyBox root\"\n",
    ),
    ("etc/profile", "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"),
    (
        "etc/inittab",
        "::sysinit:/bin/hostname -F /etc/hostname\n\
         ::respawn:/usr/sbin/dropbear -F -E -s -r /etc/dropbear/host_key\n\
         ::shutdown:/bin/sync\n",
    ),
];

/// Builds the root in `root`, which is not there yet.
pub(crate) fn build(root: &Path) -> Result<(), LabError> {
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder)).during(|| format!("cannot make {folder}"))?;
    }
    for (folder, mode, owner) in [
        ("tmp", 0o1777, 0),
        ("var/tmp", 0o1777, 0),
        ("root", 0o700, 0),
        ("home/op", 0o755, 1000),
    ] {
        let path = root.join(folder);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .and_then(|()| chown(&path, Some(owner), Some(owner)))
            .during(|| folder)?;
    }
    for (name, text) in FILES {
        fs::write(root.join(name), text).during(|| *name)?;
    }
    fs::set_permissions(root.join("etc/shadow"), fs::Permissions::from_mode(0o600))
        .during(|| "etc/shadow")?;
    copy(Path::new("/bin/busybox"), &root.join("bin/busybox"))?;
    machine::run(
        Command::new("chroot")
            .arg(root)
            .args(["/bin/busybox", "--install", "-s"]),
    )?;
    let scratch = root.with_extension("debs");
    machine::remove_tree(&scratch)?;
    let built = dropbear(root, &scratch);
    machine::remove_tree(&scratch)?;
    built
}

/// Takes dropbear as it is installed on this machine, else from its Debian packages.
fn dropbear(root: &Path, scratch: &Path) -> Result<(), LabError> {
    let installed = ["/usr/sbin/dropbear", "/usr/bin/dropbearconvert"].map(PathBuf::from);
    let (programs, libraries) = if installed.iter().all(|path| path.exists()) {
        (installed, Vec::new())
    } else {
        fs::create_dir_all(scratch).during(|| "scratch folder")?;
        // apt's own user writes here
        fs::set_permissions(scratch, fs::Permissions::from_mode(0o777)).during(|| "scratch folder")?;
        let download = [
            "download",
            "dropbear-bin",
            "libtomcrypt1",
            "libtommath1",
            "libgmp10",
        ];
        if machine::apt_get(&download, Some(scratch)).is_err() {
            machine::apt_get(&["update"], None)?;
            machine::apt_get(&download, Some(scratch))?;
        }
        let out = scratch.join("out");
        for package in entries(scratch)
            .iter()
            .filter(|path| path.extension().is_some_and(|e| e == "deb"))
        {
            machine::run(Command::new("dpkg-deb").arg("-x").args([package, &out]))?;
        }
        let libraries = entries(&out.join("usr/lib"))
            .into_iter()
            .filter(|path| path.is_dir())
            .collect();
        (
            ["usr/sbin/dropbear", "usr/bin/dropbearconvert"].map(|name| out.join(name)),
            libraries,
        )
    };
    let search: Vec<String> = libraries
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    for (program, to) in programs
        .iter()
        .zip(["usr/sbin/dropbear", "usr/bin/dropbearconvert"])
    {
        copy(program, &root.join(to))?;
        let list = machine::output(
            Command::new("ldd")
                .arg(program)
                .env("LD_LIBRARY_PATH", search.join(":")),
        )?;
        for library in list.lines().filter_map(library_path) {
            // programs have the loader's path compiled in
            let folder = if library.starts_with("/lib64/") {
                "lib64"
            } else {
                "lib"
            };
            if let Some(name) = library.file_name() {
                copy(&library, &root.join(folder).join(name))?;
            }
        }
    }
    Ok(())
}

/// `libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x…)`, or the loader's line, which has no arrow.
fn library_path(line: &str) -> Option<PathBuf> {
    let path = line.rsplit("=>").next()?.split('(').next()?.trim();
    path.starts_with('/').then(|| PathBuf::from(path))
}

fn copy(from: &Path, to: &Path) -> Result<(), LabError> {
    fs::copy(from, to)
        .map(|_| ())
        .during(|| format!("cannot copy {}", from.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ldd_lines_give_paths() {
        let path = |line| library_path(line).map(|path| path.display().to_string());
        assert_eq!(
            path("\tlibz.so.1 => /lib/x/libz.so.1 (0x00007f)"),
            Some("/lib/x/libz.so.1".into())
        );
        assert_eq!(
            path("\t/lib64/ld-linux-x86-64.so.2 (0x00007f)"),
            Some("/lib64/ld-linux-x86-64.so.2".into())
        );
        assert_eq!(path("\tlinux-vdso.so.1 (0x00007ffc)"), None);
        assert_eq!(path("\tlibq.so => not found"), None);
    }
}
