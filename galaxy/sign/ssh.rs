//! Signatures as `ssh-keygen -Y` makes and checks them.

use super::{NAMESPACE, Signed};
use crate::{Failure, Result};
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Signs by a private key's file. One with a passphrase, on a token or in the agent is left to `ssh-keygen`, which
/// asks for what it needs.
pub(crate) fn sign(key: &Path, message: &[u8]) -> Result<Signed> {
    let text = fs::read(key).map_err(|e| Failure::file(key, &e))?;
    let plain = PrivateKey::from_openssh(&text).ok().filter(|k| !k.is_encrypted());
    let made = plain.and_then(|k| Some((k.sign(NAMESPACE, HashAlg::Sha512, message).ok()?, k)));
    let Some((signature, private)) = made else {
        return by_program(key, message);
    };
    Ok(Signed {
        armour: signature
            .to_pem(LineEnding::LF)
            .map_err(|e| Failure::invalid(format!("{}: {e}", key.display())))?,
        fingerprint: private.public_key().fingerprint(HashAlg::Sha256).to_string(),
    })
}

fn by_program(key: &Path, message: &[u8]) -> Result<Signed> {
    let work = tempfile::tempdir()?;
    let file = work.path().join("manifest");
    fs::write(&file, message)?;
    let status = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(key)
        .arg(&file)
        .stdout(Stdio::null())
        .status()
        .map_err(|e| Failure::invalid(format!("ssh-keygen, which signs by {}: {e}", key.display())))?;
    if !status.success() {
        return Err(Failure::invalid(format!(
            "ssh-keygen could not sign by {}",
            key.display()
        )));
    }
    let made = work.path().join("manifest.sig");
    let armour = fs::read_to_string(&made).map_err(|e| Failure::file(&made, &e))?;
    let fingerprint = verify(&armour, message)?;
    Ok(Signed { armour, fingerprint })
}

/// The fingerprint of the key that made a signature over that message; fails if it is over another one.
pub(crate) fn verify(armour: &str, message: &[u8]) -> Result<String> {
    let signature =
        SshSig::from_pem(armour).map_err(|e| Failure::refused(format!("a signature is none of SSH: {e}")))?;
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(NAMESPACE, message, &signature)
        .map_err(|_| Failure::mismatch("a signature is not over this content"))?;
    Ok(key.fingerprint(HashAlg::Sha256).to_string())
}

/// The fingerprint of a public key, as a line of OpenSSH.
pub(crate) fn fingerprint_of(line: &str) -> Result<String> {
    let key = PublicKey::from_openssh(line)
        .map_err(|e| Failure::invalid(format!("{line:?} is no public key of SSH: {e}")))?;
    Ok(key.fingerprint(HashAlg::Sha256).to_string())
}
