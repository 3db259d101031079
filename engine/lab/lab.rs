use std::env;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::error::During;
use crate::{Flavor, Host, LabError};

/// How many bits of an address name the network of a lab.
pub(crate) const PREFIX: u8 = 20;
/// A Linux bridge has at most 1023 ports.
pub(crate) const MAX_HOSTS: u16 = 1000;
/// Hosts count from this address on.
const FIRST: u32 = 10;

/// One lab of this machine: where its files are and what its network is called.
#[derive(Debug, Clone)]
pub struct Lab {
    number: u8,
    cache: PathBuf,
}

impl Lab {
    /// Lab `number` (0 to 7) in the cache folder of this user.
    pub fn new(number: u8) -> Result<Self, LabError> {
        let set = |name: &str| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let cache = set("KDO_LAB_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("kdo/lab")))
            .or_else(|| set("HOME").map(|folder| folder.join(".cache/kdo/lab")))
            .ok_or_else(|| LabError::Refused("no folder for the lab: set KDO_LAB_CACHE or HOME".into()))?;
        Self::at(number, &cache)
    }

    /// Lab `number` (0 to 7) in the given cache folder, which is made if it is not there.
    pub fn at(number: u8, cache: &Path) -> Result<Self, LabError> {
        if number > 7 {
            return Err(LabError::Refused(format!("there are labs 0 to 7, not {number}")));
        }
        fs::create_dir_all(cache).during(|| format!("cannot make {}", cache.display()))?;
        let cache = cache
            .canonicalize()
            .during(|| format!("cannot open {}", cache.display()))?;
        // what YAML, shells and ssh_config give no meaning to
        let plain = |c: char| c.is_alphanumeric() || "/._-+=,:@".contains(c);
        if !cache.to_str().is_some_and(|path| path.chars().all(plain)) {
            return Err(LabError::Refused(format!(
                "the cache folder {} has blanks or quotes in its path; KDO_LAB_CACHE names another",
                cache.display()
            )));
        }
        Ok(Self { number, cache })
    }

    /// The number of the lab.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Folder of all that is kept: roots, keys.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Folder of all that ends with the lab.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.cache.join(format!("run{}", self.number))
    }

    /// The private key that opens every account of every host.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.cache.join("id_ed25519")
    }

    /// The host keys of this lab, as OpenSSH reads them.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        self.run().join("known_hosts")
    }

    pub(crate) fn roots(&self) -> PathBuf {
        self.cache.join("roots")
    }

    /// Folder of one host, relative to the cache folder: overlayfs takes no commas or colons in paths.
    pub(crate) fn host_folder(&self, name: &str) -> String {
        format!("run{}/hosts/{name}", self.number)
    }

    /// What a host's console has said; the user's own `sshd` has none.
    pub(crate) fn console(&self, host: &Host) -> Option<PathBuf> {
        (host.flavor != Flavor::Loopback)
            .then(|| self.cache.join(self.host_folder(&host.name)).join("console.log"))
    }

    pub(crate) fn bridge(&self) -> String {
        format!("kdolab{}", self.number)
    }

    pub(crate) fn port(&self, index: u16) -> String {
        format!("kl{}p{index}", self.number)
    }

    pub(crate) fn mac(&self, index: u16) -> String {
        let [high, low] = index.to_be_bytes();
        format!("02:6b:6c:{:02x}:{high:02x}:{low:02x}", self.number)
    }

    fn address_at(&self, offset: u32) -> Ipv4Addr {
        // 198.18.0.0/15 is the benchmark range, which is never routed
        Ipv4Addr::from((198 << 24 | 19 << 16 | u32::from(self.number) << 12) + offset)
    }

    /// The address of the machine in the lab's network.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        self.address_at(1)
    }

    pub(crate) fn address(&self, index: u16) -> Ipv4Addr {
        self.address_at(FIRST + u32::from(index))
    }

    /// Name of the control socket. It lives in the network namespace, as the bridge does, so that two cache
    /// folders cannot both hold the lab.
    pub(crate) fn socket(&self) -> Result<SocketAddr, LabError> {
        SocketAddr::from_abstract_name(format!("kdo-lab-{}", self.number)).during(|| "control socket")
    }

    /// Waits until no other process does the same thing to this cache folder.
    pub(crate) fn lock(&self, what: &str) -> Result<File, LabError> {
        let path = self.cache.join(format!("{what}.lock"));
        let file = File::create(&path).during(|| format!("cannot make {}", path.display()))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)
            .during(|| format!("lock {}", path.display()))?;
        Ok(file)
    }

    /// Only one command at a time starts or ends this lab.
    pub(crate) fn lock_run(&self) -> Result<File, LabError> {
        self.lock(&format!("run{}", self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labs_have_networks_apart() {
        let folder = tempfile::tempdir().unwrap();
        let lab = |number| Lab::at(number, folder.path()).unwrap();
        assert_eq!(lab(0).gateway().to_string(), "198.19.0.1");
        assert_eq!(lab(1).address(1).to_string(), "198.19.16.11");
        assert_eq!(lab(7).address(MAX_HOSTS).to_string(), "198.19.115.242");
        assert_eq!(lab(3).mac(258), "02:6b:6c:03:01:02");
        assert!(lab(7).port(MAX_HOSTS).len() < 16);
        assert!(Lab::at(8, folder.path()).is_err());
    }
}
