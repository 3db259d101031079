//! The root file systems of the hosts: built once, in layers, kept in the cache folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::During;
use crate::machine::{self, Need};
use crate::tell::tell;
use crate::{Flavor, Lab, LabError, root_debian, root_minimal};

/// Account, home and number of those who may log in. `op` may sudo, `pw` must give the password `pw` for that.
pub(crate) const ACCOUNTS: &[(&str, &str, u32)] = &[
    ("root", "root", 0),
    ("op", "home/op", 1000),
    ("pw", "home/pw", 1001),
];

/// Builds what is missing for a flavor; gives the names of its layers, lowest first.
pub(crate) fn ensure(lab: &Lab, flavor: Flavor, packages: &str) -> Result<Vec<String>, LabError> {
    let mut layers: Vec<String> = flavor.layers().iter().map(|&layer| layer.to_owned()).collect();
    let mut wanted: Vec<&str> = packages
        .split([' ', ',', '\n', '\t'])
        .filter(|name| !name.is_empty())
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    if !wanted.is_empty() {
        if flavor == Flavor::Minimal {
            return Err(LabError::Refused(
                "--packages needs a Debian flavor, such as --flavor debian".into(),
            ));
        }
        if let Some(bad) = wanted.iter().find(|name| !good_package(name)) {
            return Err(LabError::Refused(format!(
                "'{bad}' is no name of a Debian package"
            )));
        }
        let below = layers.last().cloned().unwrap_or_default();
        layers.push(format!("{below}+{:016x}", fnv(&wanted.join(" "))));
    }
    let _lock = lab.lock("roots")?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    for (number, layer) in layers.iter().enumerate() {
        let done = lab.roots().join(format!("{layer}.done"));
        if done.exists() {
            continue;
        }
        let began = Instant::now();
        fs::create_dir_all(lab.roots()).during(|| "cannot make the folder of the roots")?;
        machine::remove_tree(&lab.roots().join(layer))?;
        tell(&format!(
            "building the root '{layer}' (once; kept in {})",
            lab.roots().display()
        ));
        let below = layers.get(..number).unwrap_or_default();
        match layer.as_str() {
            "minimal" => root_minimal::build(&lab.roots().join(layer))?,
            "debian" => root_debian::build(lab)?,
            "debian+python" | "debian+systemd+python" => {
                root_debian::add_layer(lab, layer, below, root_debian::PYTHON, false)?;
            }
            "debian+systemd" => root_debian::add_layer(lab, layer, below, root_debian::SYSTEMD, true)?,
            "debian+machine" => root_debian::add_layer(lab, layer, below, root_debian::MACHINE, false)?,
            _ => root_debian::add_layer(lab, layer, below, &wanted, false)?,
        }
        fs::write(&done, "").during(|| format!("cannot write {}", done.display()))?;
        tell(&format!("  {layer}: {:.1} s", began.elapsed().as_secs_f64()));
    }
    Ok(layers)
}

/// `kdo lab build`: the roots only.
pub(crate) fn build(lab: &Lab, flavors: &[Flavor], packages: &str) -> Result<(), LabError> {
    for flavor in flavors {
        machine::ensure(&[machine::NETWORK, needs(*flavor)])?;
        ensure(lab, *flavor, packages)?;
    }
    Ok(())
}

/// The programs that building the root of a flavor takes.
pub(crate) fn needs(flavor: Flavor) -> &'static [Need] {
    match flavor {
        Flavor::Minimal => &[
            ("/bin/busybox", "busybox-static"),
            ("ldd", "libc-bin"),
            ("dpkg-deb", "dpkg"),
        ],
        Flavor::Uml => &[
            ("mmdebstrap", "mmdebstrap"),
            ("mke2fs", "e2fsprogs"),
            ("debugfs", "e2fsprogs"),
            ("/usr/bin/linux.uml", "user-mode-linux"),
        ],
        Flavor::Loopback => &[],
        _ => &[("mmdebstrap", "mmdebstrap")],
    }
}

/// The program that loads dynamic programs of a root, so that they run on this machine without chroot.
pub(crate) fn loader(root: &Path) -> Result<PathBuf, LabError> {
    ["lib64", "lib"]
        .iter()
        .filter_map(|folder| fs::read_dir(root.join(folder)).ok())
        .flat_map(|entries| entries.flatten())
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
        })
        .ok_or_else(|| LabError::Refused(format!("no dynamic loader in {}", root.display())))
}

fn good_package(name: &str) -> bool {
    name.bytes()
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.:=~".contains(&b))
}

/// The FNV-1a hash: names a layer after its packages, stays the same in all versions.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_no_packages() {
        assert!(good_package("g++") && good_package("python3.11") && good_package("bc=1.07-3"));
        for bad in ["-oDebug=1", "", "../x", "a;b", "A"] {
            assert!(!good_package(bad), "{bad}");
        }
    }

    #[test]
    fn layer_names_stay_the_same() {
        assert_eq!(fnv("bc xfsprogs"), fnv("bc xfsprogs"));
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
