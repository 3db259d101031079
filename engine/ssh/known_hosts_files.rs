//! known_hosts files as the check of one host uses them, and the file of revoked keys.

use crate::{
    host_key::HostKeyCheck,
    known_hosts::{KnownHosts, file_name},
    settings::Settings,
};
use russh::keys::PublicKey;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// known_hosts files, read again only when they change.
#[derive(Default)]
pub(crate) struct KnownHostsFiles(Mutex<HashMap<PathBuf, (Stamp, Arc<KnownHosts>)>>);

type Stamp = Option<(SystemTime, u64)>;

impl KnownHostsFiles {
    fn load(&self, path: &Path) -> Option<Arc<KnownHosts>> {
        let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let stamp = meta.modified().ok().map(|time| (time, meta.len()));
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, file)) = files.get(path)
            && stamp.is_some()
            && *known == stamp
        {
            return Some(Arc::clone(file));
        }
        let text = std::fs::read(path).ok()?;
        let file = Arc::new(KnownHosts::parse(path, &String::from_utf8_lossy(&text)));
        files.insert(path.to_owned(), (stamp, Arc::clone(&file)));
        Some(file)
    }

    /// The check for one host.
    pub(crate) fn check_for(&self, settings: &Settings) -> HostKeyCheck {
        let name = match &settings.host_key_name {
            Some(alias) => alias.to_ascii_lowercase(),
            None => file_name(&settings.host, settings.port),
        };
        let bare = (settings.host_key_name.is_none() && settings.port != 22)
            .then(|| settings.host.to_ascii_lowercase());
        let paths = settings
            .user_known_hosts
            .iter()
            .chain(&settings.global_known_hosts);
        HostKeyCheck {
            files: paths.filter_map(|path| self.load(path)).collect(),
            strictness: settings.strictness,
            new_keys: settings.user_known_hosts.first().cloned(),
            hash: settings.hash_known_hosts,
            revoked: settings
                .revoked_keys
                .as_deref()
                .map_or(Ok(Vec::new()), revoked_keys),
            certificate_name: settings
                .host_key_name
                .clone()
                .unwrap_or_else(|| settings.host.clone()),
            label: settings.label(),
            name,
            bare,
        }
    }
}

/// The keys in a text file of revoked ones. Binary revocation lists are not understood: no key is trusted then.
fn revoked_keys(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let wrong = |text: String| {
        format!(
            "the file of revoked keys {} cannot be used: {text}",
            path.display()
        )
    };
    let text = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| wrong("it is not a list of public keys".into()))?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            PublicKey::from_openssh(line)
                .and_then(|key| key.to_bytes())
                .map_err(|e| wrong(e.to_string()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    #[test]
    fn a_list_of_revoked_keys_is_read_and_anything_else_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("revoked");
        std::fs::write(&path, format!("# old\n\n{KEY} comment\n")).unwrap();
        let blob = PublicKey::from_openssh(KEY).unwrap().to_bytes().unwrap();
        assert_eq!(revoked_keys(&path), Ok(vec![blob]));
        std::fs::write(&path, b"SSHKRL\n\0\xff").unwrap();
        assert!(revoked_keys(&path).unwrap_err().contains("revoked"));
        assert!(revoked_keys(&dir.path().join("none")).is_err());
    }

    #[test]
    fn a_file_that_grew_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        let files = KnownHostsFiles::default();
        assert!(files.load(&path).is_none());
        std::fs::write(&path, format!("a {KEY}\n")).unwrap();
        assert_eq!(files.load(&path).unwrap().entries.len(), 1);
        std::fs::write(&path, format!("a {KEY}\nb {KEY}\n")).unwrap();
        assert_eq!(files.load(&path).unwrap().entries.len(), 2);
    }
}
