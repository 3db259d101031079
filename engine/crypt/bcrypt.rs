//! `$2b$`.

use blowfish::Blowfish;

const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Passwords are cut here, the closing zero byte included.
const LONGEST: usize = 72;

fn encode(bytes: &[u8], length: usize) -> String {
    let mut out = String::new();
    let (mut bits, mut held) = (0_u32, 0);
    for b in bytes.iter().copied().chain([0]) {
        bits = bits << 8 | u32::from(b);
        held += 8;
        while held >= 6 && out.len() < length {
            held -= 6;
            out.push(char::from(ALPHABET[(bits >> held & 63) as usize]));
        }
    }
    out
}

fn decode(text: &str) -> Option<[u8; 16]> {
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for c in text.bytes() {
        let value = ALPHABET.iter().position(|a| *a == c)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    out.truncate(16);
    out.try_into().ok()
}

/// Hashes with 2 to the power of `cost` rounds.
pub(super) fn hash(password: &[u8], salt: &str, cost: u32, ident: &str) -> Result<String, String> {
    let ident = ident.trim_matches('$');
    if !["2", "2a", "2b", "2y"].contains(&ident) {
        return Err(format!("invalid ident: {ident}"));
    }
    if salt.len() < 22 {
        return Err("salt too small (bcrypt requires exactly 22 chars)".into());
    }
    let bytes = decode(salt).ok_or("invalid characters in bcrypt salt")?;
    let mut key = password.to_vec();
    key.push(0);
    if ident == "2" {
        key.pop();
        if key.is_empty() {
            key.push(0);
        }
    }
    key.truncate(LONGEST);
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(&bytes, &key);
    for _ in 0..1_u64 << cost {
        state.bc_expand_key(&key);
        state.bc_expand_key(&bytes);
    }
    let mut words = [0_u32; 6];
    for (word, chunk) in words.iter_mut().zip(b"OrpheanBeholderScryDoubt".chunks_exact(4)) {
        *word = chunk.iter().fold(0, |n, b| n << 8 | u32::from(*b));
    }
    let mut digest = Vec::new();
    for pair in words.chunks_exact(2) {
        let mut block = [pair[0], pair[1]];
        for _ in 0..64 {
            block = state.bc_encrypt(block);
        }
        digest.extend(block.iter().flat_map(|w| w.to_be_bytes()));
    }
    digest.truncate(23);
    Ok(format!(
        "${ident}${cost:02}${}{}",
        encode(&bytes, 22),
        encode(&digest, 31)
    ))
}
