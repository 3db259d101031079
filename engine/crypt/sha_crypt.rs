//! `$5$` and `$6$`, after Drepper's specification.

use super::push_bytes;
use sha2::{Digest, Sha256, Sha512};

/// Rounds that need not be written into the hash.
const IMPLICIT_ROUNDS: u32 = 5000;

fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

/// `bytes` over and over, up to `length`.
fn spread(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(length).collect()
}

fn run<D: Digest>(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    let b = digest::<D>(&[password, salt, password]);
    let mut a = D::new();
    a.update(password);
    a.update(salt);
    a.update(spread(&b, password.len()));
    let mut n = password.len();
    while n > 0 {
        if n & 1 == 1 {
            a.update(&b);
        } else {
            a.update(password);
        }
        n >>= 1;
    }
    let mut c = a.finalize().to_vec();
    let mut p = D::new();
    for _ in 0..password.len() {
        p.update(password);
    }
    let p = spread(&p.finalize(), password.len());
    let mut s = D::new();
    for _ in 0..16 + usize::from(c.first().copied().unwrap_or(0)) {
        s.update(salt);
    }
    let s = spread(&s.finalize(), salt.len());
    for round in 0..rounds {
        let odd = round & 1 == 1;
        let mut next = D::new();
        next.update(if odd { &p } else { &c });
        if round % 3 != 0 {
            next.update(&s);
        }
        if round % 7 != 0 {
            next.update(&p);
        }
        next.update(if odd { &c } else { &p });
        c = next.finalize().to_vec();
    }
    c
}

fn head(ident: char, salt: &str, rounds: u32) -> String {
    if rounds == IMPLICIT_ROUNDS {
        format!("${ident}${salt}$")
    } else {
        format!("${ident}$rounds={rounds}${salt}$")
    }
}

/// SHA-256 crypt.
pub(super) fn sha256(password: &[u8], salt: &str, rounds: u32) -> String {
    let digest = run::<Sha256>(password, salt.as_bytes(), rounds);
    let mut out = head('5', salt, rounds);
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        push_bytes(&mut out, &digest, [a, b, c], 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    push_bytes(&mut out, &digest, [usize::MAX, 31, 30], 3);
    out
}

/// SHA-512 crypt.
pub(super) fn sha512(password: &[u8], salt: &str, rounds: u32) -> String {
    let digest = run::<Sha512>(password, salt.as_bytes(), rounds);
    let mut out = head('6', salt, rounds);
    let (mut a, mut b, mut c) = (0, 21, 42);
    for _ in 0..21 {
        push_bytes(&mut out, &digest, [a, b, c], 4);
        (a, b, c) = (b + 1, c + 1, a + 1);
    }
    push_bytes(&mut out, &digest, [usize::MAX, usize::MAX, 63], 2);
    out
}
