//! AES-256 in counter mode, signed with HMAC-SHA256, under keys that PBKDF2 makes from a password and a salt.

use aes::Aes256;
use cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const ITERATIONS: u32 = 10_000;
const BLOCK: usize = 16;

/// The keys of one password and salt: for the cipher, for the signature, and the first counter.
#[derive(Clone, Copy)]
pub(crate) struct Keys([u8; 80]);

impl Keys {
    /// Slow on purpose.
    pub(crate) fn derive(password: &[u8], salt: &[u8]) -> Self {
        let mut keys = [0; 80];
        pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, ITERATIONS, &mut keys);
        Self(keys)
    }

    fn parts(&self) -> (&[u8], &[u8], &[u8]) {
        let (key, rest) = self.0.split_at(32);
        let (signing, counter) = rest.split_at(32);
        (key, signing, counter)
    }

    fn signature(&self, data: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.parts().1).ok()?;
        mac.update(data);
        Some(mac)
    }

    fn apply(&self, data: &mut [u8]) -> Option<()> {
        let (key, _, counter) = self.parts();
        ctr::Ctr128BE::<Aes256>::new_from_slices(key, counter)
            .ok()?
            .apply_keystream(data);
        Some(())
    }

    /// The sealed bytes and their signature.
    pub(crate) fn seal(&self, clear: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let padding = BLOCK - clear.len() % BLOCK;
        let mut data = clear.to_vec();
        data.extend(std::iter::repeat_n(u8::try_from(padding).ok()?, padding));
        self.apply(&mut data)?;
        let tag = self.signature(&data)?.finalize().into_bytes().to_vec();
        Some((data, tag))
    }

    /// The clear bytes; `None` with the wrong keys.
    pub(crate) fn open(&self, data: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
        self.signature(data)?.verify_slice(tag).ok()?;
        let mut clear = data.to_vec();
        self.apply(&mut clear)?;
        let padding = usize::from(*clear.last()?);
        let end = clear.len().checked_sub(padding);
        clear.truncate(end.filter(|_| (1..=BLOCK).contains(&padding))?);
        Some(clear)
    }
}
