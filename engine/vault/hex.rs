//! Bytes as hexadecimal digits.

use crate::VaultError;

pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let nibbles = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    nibbles.filter_map(|n| DIGITS.get(usize::from(n))).collect()
}

pub(crate) fn decode(digits: &[u8]) -> Result<Vec<u8>, VaultError> {
    let broken = |why: &str| VaultError::new(format!("Vault format unhexlify error: {why}"));
    if !digits.len().is_multiple_of(2) {
        return Err(broken("Odd-length string"));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(|| broken("Non-hexadecimal digit found"))
}
