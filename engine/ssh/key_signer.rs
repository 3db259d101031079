//! Signs with a private key in memory where the library has no way of its own: RSA certificates need SHA-2.

use russh::{
    SendError, Signer,
    keys::{HashAlg, PrivateKey, agent::AgentIdentity, signature, ssh_encoding::Encode, ssh_key},
};
use std::sync::Arc;

/// A key that signs authentication requests.
pub(crate) struct KeySigner(pub(crate) Arc<PrivateKey>);

/// Why signing failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("the connection ended")]
    Gone,
    #[error("{0}")]
    Key(#[from] ssh_key::Error),
    #[error("{0}")]
    Signature(#[from] signature::Error),
    #[error("{0}")]
    Encoding(#[from] russh::keys::ssh_encoding::Error),
}

impl From<SendError> for SignError {
    fn from(_: SendError) -> Self {
        Self::Gone
    }
}

impl Signer for KeySigner {
    type Error = SignError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        let signature: ssh_key::Signature = match self.0.key_data() {
            ssh_key::private::KeypairData::Rsa(pair) => signature::Signer::try_sign(&(pair, hash), &to_sign)?,
            _ => signature::Signer::try_sign(self.0.as_ref(), &to_sign)?,
        };
        let mut blob = Vec::new();
        signature.encode(&mut blob)?;
        blob.encode(&mut to_sign)?;
        Ok(to_sign)
    }
}
