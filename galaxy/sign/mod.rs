//! Detached signatures: by SSH keys over manifests of artifacts, by OpenPGP over MANIFEST.json of collections.

mod allowed;
mod gpg;
mod keyring;
mod ssh;

pub(crate) use allowed::{Allowed, GpgKeys};
pub(crate) use gpg::{Gpg, Verdict, sign as sign_gpg};
pub(crate) use keyring::Keyring;
pub use keyring::Signatures;
pub(crate) use ssh::{fingerprint_of, sign, verify};

/// A signature and by whom it is.
pub(crate) struct Signed {
    pub(crate) armour: String,
    /// `SHA256:…` of a key of SSH, the hexadecimal one of OpenPGP.
    pub(crate) fingerprint: String,
}

/// What SSH signatures of packages are for, so that one for something else is none.
pub(crate) const NAMESPACE: &str = "kdo-package@v1";
