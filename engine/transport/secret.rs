//! A password or passphrase.

use zeroize::Zeroizing;

/// Text that is never shown: it has neither `Debug` nor `Display`, and its memory is wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself; call only where it leaves for the program or protocol that asks for it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
