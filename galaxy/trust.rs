//! Whose signature a package must bear.

use crate::{
    Failure, Kind, Package, Release, Result, Signature,
    sign::{self, Allowed, Keyring, Signatures},
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
        if self.keyring.is_some() || self.unchecked {
            return Ok(self.keyring.is_some());
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
        let name = name.to_lowercase();
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        };
        // The longest pattern says most.
        let fitting = self.allowed.iter().filter(|(p, _)| fits(p));
        fitting.max_by_key(|(p, _)| p.len())
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
        if let Some((pattern, allowed)) = self.required(name)
            && signers.is_disjoint(&allowed.0)
        {
            let by: Vec<&str> = signers.iter().map(String::as_str).collect();
            let failure = match (broken, by.as_slice()) {
                (Some(broken), []) => broken,
                (None, []) => Failure::mismatch("it is not signed by an SSH key"),
                (_, by) => Failure::mismatch(format!("it is signed by {} only", by.join(", "))),
            };
            return Err(failure.help(format!(
                "[{SECTION}] wants what is called {pattern} to be signed by {}",
                allowed
                    .0
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(" or ")
            )));
        }
        let mut found: Vec<String> = signers.into_iter().map(|s| format!("ssh:{s}")).collect();
        // What an SSH signature covers whole needs no other.
        if let Some(keyring) = self
            .keyring
            .as_ref()
            .filter(|_| release.package.kind() == Kind::Collection && self.required(name).is_none())
        {
            let armours: Vec<String> = signatures
                .iter()
                .filter_map(|s| match s {
                    Signature::Gpg { armour } => Some(armour.clone()),
                    Signature::Ssh { .. } => None,
                })
                .collect();
            found.extend(keyring.check(&armours, &folder.join("MANIFEST.json"))?);
        }
        Ok(found)
    }
}
