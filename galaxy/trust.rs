//! Whose signature a package must bear.

use crate::{
    Failure, Kind, Package, Release, Result, Signature,
    pattern::fitting,
    sign::{self, Allowed, Gpg, GpgKeys, Keyring, Signatures, Verdict},
};
use kdo_config::Config;
use std::{collections::BTreeSet, path::Path};

/// Section of `ansible.cfg`: patterns of names, and who must have signed what they fit.
const SECTION: &str = "galaxy_trust";

/// The user's policy.
pub(crate) struct Trust {
    allowed: Vec<(String, Allowed)>,
    keyring: Option<Keyring>,
    /// Signatures by OpenPGP do not count.
    unchecked: bool,
}

impl Trust {
    pub(crate) fn new(config: &Config, given: &Signatures) -> Result<Self> {
        let base = config
            .file
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(Path::new("."));
        let entries = config.entries().iter().filter(|e| e.section == SECTION);
        let allowed = entries.map(|entry| {
            let allowed =
                Allowed::parse(&entry.value, base).map_err(|f| f.of(format!("[{SECTION}] {}", entry.key)))?;
            Ok((entry.key.clone(), allowed))
        });
        Ok(Self {
            allowed: allowed.collect::<Result<_>>()?,
            keyring: Keyring::of(config, given)?,
            unchecked: given.disabled || config.bool("galaxy_disable_gpg_verify"),
        })
    }

    /// Whether signatures that the user names are checked; an error where they cannot be.
    pub(crate) fn must_have_keyring(&self, package: &Package) -> Result<bool> {
        let pinned = self
            .required(package.name())
            .is_some_and(|(_, a)| !a.gpg.is_empty());
        if self.keyring.is_some() || pinned || self.unchecked {
            return Ok(self.keyring.is_some() || pinned);
        }
        Err(Failure::invalid(format!(
            "signatures are named for {package}, and there is no keyring to check them with"
        ))
        .help("name one by --keyring, or go on without by --disable-gpg-verify"))
    }

    /// Whether anything must be signed that is called so.
    pub(crate) fn concerns(&self, kind: Kind, name: &str) -> bool {
        self.required(name).is_some() || kind == Kind::Collection && self.keyring.is_some()
    }

    fn required(&self, name: &str) -> Option<&(String, Allowed)> {
        fitting(&self.allowed, name)
    }

    /// Who signed a release whose archive lies unpacked in `folder`: refused where nobody did who must have.
    pub(crate) fn check(
        &self,
        release: &Release,
        signatures: &[Signature],
        folder: &Path,
    ) -> Result<Vec<String>> {
        let mut signers = BTreeSet::new();
        let mut broken = None;
        for signature in signatures {
            let Signature::Ssh { armour, message } = signature else {
                continue;
            };
            match sign::verify(armour, message) {
                Ok(fingerprint) => {
                    signers.insert(fingerprint);
                }
                // Anybody may attach what is no signature: it counts only where one is wanted.
                Err(failure) => broken = Some(failure),
            }
        }
        let name = release.package.name();
        let armours: Vec<String> = signatures
            .iter()
            .filter_map(|s| match s {
                Signature::Gpg { armour } => Some(armour.clone()),
                Signature::Ssh { .. } => None,
            })
            .collect();
        let manifest = folder.join("MANIFEST.json");
        if let Some((pattern, allowed)) = self.required(name) {
            // Of roles GnuPG signs nothing: what their policy names of it cannot be fulfilled.
            let by_gpg = match release.package.kind() {
                Kind::Collection => self.by_gpg(allowed, &armours, &manifest)?,
                Kind::Role => BTreeSet::new(),
            };
            if signers.is_disjoint(&allowed.ssh) && by_gpg.is_empty() {
                let by: Vec<&str> = signers.iter().map(String::as_str).collect();
                let failure = match (broken, by.as_slice()) {
                    (Some(broken), []) => broken,
                    (None, []) if allowed.gpg.is_empty() => {
                        Failure::mismatch("it is not signed by an SSH key")
                    }
                    (None, []) if armours.is_empty() => Failure::mismatch("it is not signed"),
                    (None, []) => Failure::mismatch(format!(
                        "none of its {} signatures by GnuPG is by one of the keys that count",
                        armours.len()
                    )),
                    (_, by) => Failure::mismatch(format!("it is signed by {} only", by.join(", "))),
                };
                let failure = failure.help(format!(
                    "[{SECTION}] wants what is called {pattern} to be signed by {allowed}"
                ));
                return Err(match release.package.kind() {
                    Kind::Role if allowed.ssh.is_empty() => failure.help("GnuPG signs collections only"),
                    _ => failure,
                });
            }
            let ssh = signers.into_iter().map(|s| format!("ssh:{s}"));
            return Ok(ssh.chain(by_gpg).collect());
        }
        let mut found: Vec<String> = signers.into_iter().map(|s| format!("ssh:{s}")).collect();
        if let Some(keyring) = self
            .keyring
            .as_ref()
            .filter(|_| release.package.kind() == Kind::Collection)
        {
            found.extend(keyring.check(&armours, &manifest)?);
        }
        Ok(found)
    }

    /// The keys of the policy that made a good signature.
    fn by_gpg(&self, allowed: &Allowed, armours: &[String], manifest: &Path) -> Result<BTreeSet<String>> {
        let mut by = BTreeSet::new();
        for keys in &allowed.gpg {
            let (gpg, only) = match keys {
                GpgKeys::Keyring(gpg) => (gpg.clone(), None),
                // Where its key is: in the keyring that is named elsewhere, or with the user's own.
                GpgKeys::Key(fingerprint) => {
                    let known = self.keyring.as_ref().map(|k| k.gpg.clone());
                    (known.unwrap_or(Gpg { keyring: None }), Some(fingerprint))
                }
            };
            for armour in armours {
                if let Verdict::Good { key, owner } = gpg.verify(armour, manifest, &BTreeSet::new())?
                    && only.is_none_or(|o| *o == key || *o == owner)
                {
                    by.insert(format!("gpg:{owner}"));
                }
            }
        }
        Ok(by)
    }

    /// Checks signatures of an installed collection by the keyring; none if there is no keyring.
    pub(crate) fn check_installed(&self, armours: &[String], folder: &Path) -> Result<Option<Vec<String>>> {
        let check = |k: &Keyring| k.check(armours, &folder.join("MANIFEST.json"));
        self.keyring.as_ref().map(check).transpose()
    }
}
