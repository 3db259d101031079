//! What docker and podman keep in `certs.d/HOST`: authorities of the registry, and who we are to it.

use crate::{Authority, ClientCertificate, Failure, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The certificates for a host.
#[derive(Debug, Default)]
pub(crate) struct HostCertificates {
    pub(crate) authorities: Vec<Authority>,
    pub(crate) client: Option<ClientCertificate>,
}

impl HostCertificates {
    /// Those of the user and of the machine: `NAME.crt` is an authority, `NAME.cert` ours, with its key in `NAME.key`.
    pub(crate) fn of(host: &str) -> Result<Self> {
        let home = env::home_dir();
        let config = env::var_os("XDG_CONFIG_HOME").filter(|v| !v.is_empty());
        let config = config
            .map(PathBuf::from)
            .or_else(|| Some(home.as_ref()?.join(".config")));
        let folders = [
            home.map(|h| h.join(".docker/certs.d")),
            config.map(|c| c.join("containers/certs.d")),
            Some("/etc/docker/certs.d".into()),
            Some("/etc/containers/certs.d".into()),
        ];
        let mut found = Self::default();
        for folder in folders.into_iter().flatten() {
            found.add(&folder.join(host))?;
        }
        Ok(found)
    }

    fn add(&mut self, folder: &Path) -> Result<()> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            let is = |what: &str| path.extension().is_some_and(|e| e == what);
            if is("crt") {
                self.authorities.extend(Authority::of_file(&path)?);
            } else if is("cert") && self.client.is_none() {
                let key = path.with_extension("key");
                if !key.is_file() {
                    return Err(Failure::invalid(format!(
                        "{} has no {} beside it",
                        path.display(),
                        key.display()
                    ))
                    .help("authorities are NAME.crt; NAME.cert is a client's certificate, with its key"));
                }
                self.client = Some(ClientCertificate::of_files(&path, &key)?);
            }
        }
        Ok(())
    }
}
