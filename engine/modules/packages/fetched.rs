//! Files fetched from the web for a short while.

use crate::{
    host::{Command, Scratch},
    net::http,
    prelude::*,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// apt's own program for fetching files; it speaks TLS on hosts that have neither curl nor wget.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// A fetched file, in a folder of its own that is removed with it.
pub(super) struct Fetched {
    _folder: Scratch,
    path: PathBuf,
}

impl Fetched {
    /// Fetches an address.
    pub(super) fn get(host: &mut Host<'_>, url: &str, validate_certs: bool) -> Result<Self, Failure> {
        let name = url
            .rsplit('/')
            .next()
            .and_then(|n| n.split(['?', '#']).next())
            .filter(|n| !n.is_empty() && !n.starts_with('.'));
        let folder = Scratch::new()?;
        let path = folder.join(name.unwrap_or("file"));
        let fetched = Self {
            _folder: folder,
            path,
        };
        let programs = ["curl", "wget"];
        let alone = programs.iter().all(|p| host.find_program(p).is_none());
        if alone && url.starts_with("https:") && Path::new(HELPER).exists() {
            let mut c = Command::new(HELPER);
            if !validate_certs {
                c = c.args([
                    "-o",
                    "Acquire::https::Verify-Peer=false",
                    "-o",
                    "Acquire::https::Verify-Host=false",
                ]);
            }
            host.query(c.arg("download-file").arg(url).path(&fetched.path))?
                .success(&format!("Failure downloading {url}"))?;
        } else {
            // The address is all that results tell of the request.
            http::download(host, url, &fetched.path, validate_certs).map_err(|f| Failure::new(f.message))?;
        }
        Ok(fetched)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its content.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Failure> {
        fs::read(&self.path).map_err(|e| Failure::new(format!("could not read {}: {e}", self.path.display())))
    }
}
