//! `$1$` and `$apr1$`.

use super::push_bytes;
use md5::{Digest, Md5};

/// Hashes with the fixed thousand rounds; `ident` stands before the salt.
pub(super) fn hash(ident: &str, password: &[u8], salt: &str) -> String {
    let salt = salt.as_bytes();
    let mut inner = Md5::new();
    for part in [password, salt, password] {
        inner.update(part);
    }
    let inner = inner.finalize();
    let mut outer = Md5::new();
    for part in [password, ident.as_bytes(), salt] {
        outer.update(part);
    }
    for chunk in password.chunks(16) {
        outer.update(&inner[..chunk.len()]);
    }
    let mut n = password.len();
    while n > 0 {
        match (n & 1, password.first()) {
            (0, Some(first)) => outer.update([*first]),
            _ => outer.update([0]),
        }
        n >>= 1;
    }
    let mut digest = outer.finalize();
    for round in 0..1000 {
        let mut next = Md5::new();
        if round & 1 == 1 {
            next.update(password);
        } else {
            next.update(digest);
        }
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        if round & 1 == 1 {
            next.update(digest);
        } else {
            next.update(password);
        }
        digest = next.finalize();
    }
    let mut out = format!("{ident}{}$", String::from_utf8_lossy(salt));
    for positions in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        push_bytes(&mut out, &digest, positions, 4);
    }
    push_bytes(&mut out, &digest, [usize::MAX, usize::MAX, 11], 2);
    out
}
