//! Whether the key a server shows is the host's.

use crate::{
    fault::host_key as refused,
    glob,
    handler::one_line,
    known_hosts::{Entry, KnownHosts, Marker, hashed_name},
    settings::Strictness,
};
use kdo_transport::TransportError;
use russh::keys::{
    Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate, ssh_key::certificate::CertType,
};
use std::{
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

/// See the module.
pub(crate) struct HostKeyCheck {
    pub(crate) files: Vec<Arc<KnownHosts>>,
    pub(crate) strictness: Strictness,
    pub(crate) new_keys: Option<PathBuf>,
    pub(crate) hash: bool,
    pub(crate) name: String,
    /// The name without a port, where keys are looked for when there is none for that port.
    pub(crate) bare: Option<String>,
    pub(crate) certificate_name: String,
    pub(crate) label: String,
    /// Keys from the file of revoked ones, or why it cannot be used.
    pub(crate) revoked: Result<Vec<Vec<u8>>, String>,
}

/// A key that was let through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// It is not the known one: passwords must not be sent.
    pub(crate) changed: bool,
}

impl HostKeyCheck {
    fn entries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a KnownHosts, &'a Entry)> {
        self.files
            .iter()
            .flat_map(move |file| file.of(name).map(move |entry| (file.as_ref(), entry)))
    }

    /// Entries for the name; those for the bare name when there is no key under the full one.
    fn relevant(&self) -> Vec<(&KnownHosts, &Entry)> {
        let mut found: Vec<_> = self.entries(&self.name).collect();
        if let Some(bare) = &self.bare
            && !found.iter().any(|(_, entry)| entry.marker == Marker::Key)
        {
            found.extend(self.entries(bare));
        }
        found
    }

    /// Names of the key types known for the host, and whether an authority is trusted for it: what to ask the server for.
    pub(crate) fn known_types(&self) -> (Vec<String>, bool) {
        let mut types = Vec::new();
        let mut authority = false;
        for (_, entry) in self.relevant() {
            match entry.marker {
                Marker::Key if !types.contains(&entry.key_type) => types.push(entry.key_type.clone()),
                Marker::Authority => authority = true,
                _ => {}
            }
        }
        (types, authority)
    }

    /// Judges what the server showed. New keys are written down where the settings say so.
    pub(crate) fn judge(&self, offered: &PublicKeyOrCertificate) -> Result<Accepted, TransportError> {
        if let PublicKeyOrCertificate::Certificate(certificate) = offered {
            let problem = match self.judge_certificate(certificate)? {
                None => return Ok(Accepted { changed: false }),
                Some(problem) => problem,
            };
            // A certificate of no use proves the key in it no less than a bare key.
            return self.judge_key(&offered.public_key()).map_err(|mut error| {
                error.message = format!(
                    "{} (its host certificate does not help: {problem})",
                    error.message
                );
                error
            });
        }
        self.judge_key(&offered.public_key())
    }

    fn refuse_revoked(&self, blob: &[u8], what: &str) -> Result<(), TransportError> {
        match &self.revoked {
            Err(why) => return Err(refused(format!("{what} of {}: {why}", self.label))),
            Ok(keys) if keys.iter().any(|key| key == blob) => {
                return Err(refused(format!(
                    "{what} of {} is revoked (RevokedHostKeys); connection refused",
                    self.label
                )));
            }
            Ok(_) => {}
        }
        let names = [Some(&self.name), self.bare.as_ref()];
        for name in names.into_iter().flatten() {
            if let Some((file, entry)) = self
                .entries(name)
                .find(|(_, e)| e.marker == Marker::Revoked && e.key == blob)
            {
                return Err(refused(format!(
                    "{what} of {} is marked as revoked at {}:{}; connection refused",
                    self.label,
                    file.path.display(),
                    entry.line
                )));
            }
        }
        Ok(())
    }

    fn judge_key(&self, key: &PublicKey) -> Result<Accepted, TransportError> {
        let blob = key
            .to_bytes()
            .map_err(|e| refused(format!("host key of {}: {e}", self.label)))?;
        self.refuse_revoked(&blob, "host key")?;
        let relevant = self.relevant();
        let known: Vec<_> = relevant
            .iter()
            .filter(|(_, entry)| entry.marker == Marker::Key)
            .collect();
        if known.iter().any(|(_, entry)| entry.key == blob) {
            return Ok(Accepted { changed: false });
        }
        let shown = describe(key);
        let same_type = known
            .iter()
            .find(|(_, entry)| entry.key_type == key.algorithm().as_str());
        if let Some((file, entry)) = same_type.or(known.first()) {
            if self.strictness == Strictness::Off {
                return Ok(Accepted { changed: true });
            }
            let old = PublicKey::from_bytes(&entry.key)
                .map_or_else(|_| entry.key_type.clone(), |old| describe(&old));
            return Err(refused(format!(
                "host key of {} has changed: the server shows {shown}, known is {old} at {}:{}; somebody may be listening in - \
                 if the host really has a new key, delete that line (ssh-keygen -f '{}' -R '{}')",
                self.label,
                file.path.display(),
                entry.line,
                file.path.display(),
                self.name
            )));
        }
        match self.strictness {
            Strictness::Strict => {
                let line = key.to_openssh().unwrap_or_default();
                let line = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
                let file = self
                    .new_keys
                    .as_deref()
                    .unwrap_or(Path::new("known_hosts"))
                    .display();
                Err(refused(format!(
                    "host key of {} is not known: {shown}; compare it with the host's own, then add the line '{} {line}' \
                     to {file} or set StrictHostKeyChecking=accept-new",
                    self.label, self.name
                )))
            }
            Strictness::AcceptNew => {
                self.write_down(key)
                    .map_err(|e| refused(format!("host key of {}: {e}", self.label)))?;
                Ok(Accepted { changed: false })
            }
            // As with ssh: a key that cannot be kept does not stop who wants no checks.
            Strictness::Off => {
                let _ = self.write_down(key);
                Ok(Accepted { changed: false })
            }
        }
    }

    /// `None` if the certificate vouches for the host, else why it does not.
    fn judge_certificate(&self, certificate: &Certificate) -> Result<Option<String>, TransportError> {
        let encoding =
            |e: russh::keys::ssh_key::Error| refused(format!("host certificate of {}: {e}", self.label));
        let authority = PublicKey::new(certificate.signature_key().clone(), "");
        let authority_blob = authority.to_bytes().map_err(encoding)?;
        let key_blob = PublicKey::new(certificate.public_key().clone(), "")
            .to_bytes()
            .map_err(encoding)?;
        self.refuse_revoked(&key_blob, "host key")?;
        self.refuse_revoked(&authority_blob, "authority of the host certificate")?;
        let trusted = |name: &str| {
            self.entries(name)
                .any(|(_, e)| e.marker == Marker::Authority && e.key == authority_blob)
        };
        if !trusted(&self.name) && !self.bare.as_deref().is_some_and(trusted) {
            return Ok(Some(format!(
                "its authority {} is not trusted for {}",
                describe(&authority),
                self.name
            )));
        }
        if certificate.cert_type() != CertType::Host {
            return Ok(Some("it is no host certificate".into()));
        }
        if !certificate.critical_options().is_empty() {
            return Ok(Some("it has a critical option that is not known".into()));
        }
        if certificate
            .validate([&authority.fingerprint(HashAlg::Sha256)])
            .is_err()
        {
            return Ok(Some("it is not valid now, or its signature is wrong".into()));
        }
        let name = self.certificate_name.to_ascii_lowercase();
        let principals = certificate.valid_principals();
        if !principals.is_empty()
            && !principals
                .iter()
                .any(|p| glob::matches(&p.to_ascii_lowercase(), &name))
        {
            return Ok(Some(format!(
                "it is for {}, not for {name}",
                one_line(&principals.join(", "))
            )));
        }
        Ok(None)
    }

    /// Appends the key to the user's file in one write, under a lock, so that neither a crash nor another process leaves half a line.
    fn write_down(&self, key: &PublicKey) -> std::io::Result<()> {
        let Some(path) = self
            .new_keys
            .as_deref()
            .filter(|path| *path != Path::new("/dev/null"))
        else {
            return Ok(());
        };
        let text = key.to_openssh().map_err(std::io::Error::other)?;
        let text = text.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let hashed = self
            .hash
            .then(|| hashed_name(&self.name, &rand::random::<[u8; 20]>()))
            .flatten();
        let name = hashed.as_deref().unwrap_or(&self.name);
        if let Some(dir) = path
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty() && !dir.exists())
        {
            std::fs::DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(dir)?;
        }
        let mut file = std::fs::OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        let mut old = Vec::new();
        file.read_to_end(&mut old)?;
        // Another connection to the same host may have been quicker.
        let known = KnownHosts::parse(path, &String::from_utf8_lossy(&old));
        let blob = key.to_bytes().map_err(std::io::Error::other)?;
        if known
            .of(&self.name)
            .any(|entry| entry.marker == Marker::Key && entry.key == blob)
        {
            return Ok(());
        }
        let separator = if old.last().is_none_or(|last| *last == b'\n') {
            ""
        } else {
            "\n"
        };
        file.write_all(format!("{separator}{name} {text}\n").as_bytes())
    }
}

/// `ED25519 SHA256:…`.
pub(crate) fn describe(key: &PublicKey) -> String {
    let kind = match key.algorithm() {
        Algorithm::Ed25519 => "ED25519".to_owned(),
        Algorithm::Rsa { .. } => "RSA".to_owned(),
        Algorithm::Ecdsa { .. } => "ECDSA".to_owned(),
        other => other.as_str().to_owned(),
    };
    format!("{kind} {}", key.fingerprint(HashAlg::Sha256))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn key(text: &str) -> PublicKeyOrCertificate {
        PublicKey::from_openssh(text).unwrap().into()
    }

    fn check(file: &str, strictness: Strictness, new_keys: Option<PathBuf>) -> HostKeyCheck {
        HostKeyCheck {
            files: vec![Arc::new(KnownHosts::parse(Path::new("/kh"), file))],
            strictness,
            new_keys,
            hash: false,
            name: "[h]:2222".into(),
            bare: Some("h".into()),
            certificate_name: "h".into(),
            label: "h port 2222".into(),
            revoked: Ok(Vec::new()),
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_fingerprint_and_the_line_to_add() {
        let message = check("", Strictness::Strict, Some("/home/me/.ssh/known_hosts".into()))
            .judge(&key(A))
            .unwrap_err()
            .message;
        assert!(message.contains("ED25519 SHA256:"), "{message}");
        assert!(message.contains(&format!("'[h]:2222 {A}'")), "{message}");
        assert!(message.contains("/home/me/.ssh/known_hosts"), "{message}");
        assert!(!message.contains('\n'));
    }

    #[test]
    fn a_changed_key_is_refused_even_when_new_ones_are_accepted_and_the_old_line_is_named() {
        let text = format!("# c\n[h]:2222 {B}\n");
        for strictness in [Strictness::Strict, Strictness::AcceptNew] {
            let message = check(&text, strictness, None).judge(&key(A)).unwrap_err().message;
            assert!(message.contains("/kh:2"), "{message}");
        }
        assert!(
            check(&text, Strictness::Off, None)
                .judge(&key(A))
                .unwrap()
                .changed
        );
    }

    #[test]
    fn a_key_known_without_its_port_is_accepted() {
        assert!(
            check(&format!("h {A}"), Strictness::Strict, None)
                .judge(&key(A))
                .is_ok()
        );
    }

    #[test]
    fn a_revoked_key_is_refused_whatever_else_is_set() {
        let text = format!("h {A}\n@revoked * {A}\n");
        for strictness in [Strictness::Strict, Strictness::AcceptNew, Strictness::Off] {
            let message = check(&text, strictness, None).judge(&key(A)).unwrap_err().message;
            assert!(
                message.contains("revoked") && message.contains("/kh:2"),
                "{message}"
            );
        }
    }

    #[test]
    fn keys_from_the_file_of_revoked_ones_are_refused_and_an_unusable_file_trusts_nothing() {
        let PublicKeyOrCertificate::PublicKey { key: blob, .. } = key(A) else {
            unreachable!()
        };
        let mut check = check(&format!("h {A}\n"), Strictness::Strict, None);
        assert!(check.judge(&key(A)).is_ok());
        check.revoked = Ok(vec![blob.to_bytes().unwrap()]);
        assert!(check.judge(&key(A)).unwrap_err().message.contains("revoked"));
        check.revoked = Err("unreadable".into());
        assert!(check.judge(&key(A)).unwrap_err().message.contains("unreadable"));
    }

    #[test]
    fn an_authority_line_does_not_make_a_bare_key_known() {
        assert!(
            check(&format!("@cert-authority * {A}"), Strictness::Strict, None)
                .judge(&key(A))
                .is_err()
        );
    }

    #[test]
    fn accept_new_appends_a_whole_line_after_an_unfinished_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/known_hosts");
        assert!(
            check("", Strictness::AcceptNew, Some(path.clone()))
                .judge(&key(A))
                .is_ok()
        );
        assert!(
            check("", Strictness::AcceptNew, Some(path.clone()))
                .judge(&key(A))
                .is_ok()
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("[h]:2222 {A}\n"));
        std::fs::write(&path, "x y z").unwrap();
        assert!(
            check("", Strictness::AcceptNew, Some(path.clone()))
                .judge(&key(A))
                .is_ok()
        );
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("x y z\n[h]:2222 {A}\n")
        );
    }
}
