//! Password hashes as `crypt(3)` reads them.

mod bcrypt;
mod md5_crypt;
mod sha_crypt;

/// A kind of password hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `$1$`.
    Md5,
    /// `$apr1$`, of Apache's password files.
    Apr1,
    /// `$5$`.
    Sha256,
    /// `$6$`.
    Sha512,
    /// `$2b$` and its older forms.
    Bcrypt,
}

impl Scheme {
    /// By Ansible's or the scheme's own name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "md5" | "md5_crypt" => Self::Md5,
            "sha256" | "sha256_crypt" => Self::Sha256,
            "sha512" | "sha512_crypt" => Self::Sha512,
            "blowfish" | "bcrypt" => Self::Bcrypt,
            _ => return None,
        })
    }

    /// The scheme's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5_crypt",
            Self::Apr1 => "apr_md5_crypt",
            Self::Sha256 => "sha256_crypt",
            Self::Sha512 => "sha512_crypt",
            Self::Bcrypt => "bcrypt",
        }
    }

    /// Longest salt, in characters; also the length of random ones.
    pub fn salt_size(self) -> usize {
        match self {
            Self::Md5 | Self::Apr1 => 8,
            Self::Sha256 | Self::Sha512 => 16,
            Self::Bcrypt => 22,
        }
    }
}

/// Hashes; `rounds` and `ident` have the defaults of passlib. The error says what is wrong with the settings.
pub fn hash(
    scheme: Scheme,
    password: &str,
    salt: &str,
    rounds: Option<i64>,
    ident: Option<&str>,
) -> Result<String, String> {
    let name = scheme.name();
    if !salt
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/')
    {
        return Err(format!("invalid characters in {name} salt"));
    }
    if salt.len() > scheme.salt_size() {
        return Err(format!(
            "salt too large ({name} requires <= {} chars)",
            scheme.salt_size()
        ));
    }
    if password.contains('\0') {
        return Err(format!("{name} does not allow NULL bytes in password"));
    }
    let checked = |default: u32, low: u32, high: u32| match rounds {
        None => Ok(default),
        Some(n) => match u32::try_from(n).ok() {
            Some(n) if n > high => Err(format!(
                "{name}: min_desired_rounds ({n}) is too large, cannot be more than {high}"
            )),
            Some(n) if n >= low => Ok(n),
            _ => Err(format!(
                "{name}: min_desired_rounds ({n}) is too low, must be at least {low}"
            )),
        },
    };
    match scheme {
        Scheme::Md5 => Ok(md5_crypt::hash("$1$", password.as_bytes(), salt)),
        Scheme::Apr1 => Ok(md5_crypt::hash("$apr1$", password.as_bytes(), salt)),
        Scheme::Sha256 => Ok(sha_crypt::sha256(
            password.as_bytes(),
            salt,
            checked(535_000, 1000, 999_999_999)?,
        )),
        Scheme::Sha512 => Ok(sha_crypt::sha512(
            password.as_bytes(),
            salt,
            checked(656_000, 1000, 999_999_999)?,
        )),
        Scheme::Bcrypt => bcrypt::hash(
            password.as_bytes(),
            salt,
            checked(12, 4, 31)?,
            ident.unwrap_or("2b"),
        ),
    }
}

/// Whether the password has this hash: one of the [`Scheme`]s, `{SHA}` in base 64, or the password itself.
pub fn verify(password: &str, hashed: &str) -> bool {
    if let Some(sum) = hashed.strip_prefix("{SHA}") {
        return sha1_sum(password) == sum;
    }
    let parts: Vec<&str> = hashed.split('$').collect();
    let again = match parts[..] {
        ["", "1", salt, _] => hash(Scheme::Md5, password, salt, None, None),
        ["", "apr1", salt, _] => hash(Scheme::Apr1, password, salt, None, None),
        ["", ident @ ("5" | "6"), ref rest @ ..] => {
            let scheme = if ident == "5" {
                Scheme::Sha256
            } else {
                Scheme::Sha512
            };
            match *rest {
                [salt, _] => hash(scheme, password, salt, Some(5000), None),
                [rounds, salt, _] => {
                    let rounds = rounds.strip_prefix("rounds=").and_then(|r| r.parse().ok());
                    hash(scheme, password, salt, Some(rounds.unwrap_or(-1)), None)
                }
                _ => return false,
            }
        }
        ["", ident @ ("2" | "2a" | "2b" | "2y"), cost, rest] => {
            let (Ok(cost), Some(salt)) = (cost.parse(), rest.get(..22)) else {
                return false;
            };
            hash(Scheme::Bcrypt, password, salt, Some(cost), Some(ident))
        }
        _ => return password == hashed,
    };
    again.is_ok_and(|again| again == hashed)
}

/// The SHA-1 sum of a password in base 64, as in `{SHA}…`.
pub fn sha1_sum(password: &str) -> String {
    use base64::Engine;
    use sha1::{Digest, Sha1};
    base64::engine::general_purpose::STANDARD.encode(Sha1::digest(password.as_bytes()))
}

/// The alphabet of all schemes but bcrypt.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Appends `count` characters of `bits`, lowest first.
fn push(out: &mut String, mut bits: u32, count: usize) {
    for _ in 0..count {
        out.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
}

/// Appends three bytes of a digest as four characters; positions beyond the digest count as zero.
fn push_bytes(out: &mut String, digest: &[u8], positions: [usize; 3], count: usize) {
    let bits = positions
        .iter()
        .fold(0, |n, p| n << 8 | u32::from(digest.get(*p).copied().unwrap_or(0)));
    push(out, bits, count);
}

#[cfg(test)]
mod tests {
    use super::{Scheme, hash, verify};

    const LONG: &str = "aslongpasswordthatislongerthansixtyfourbytesxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    #[test]
    fn passwords_are_known_by_their_hashes() {
        for hashed in [
            "$apr1$saltsalt$zhKfaBR/mDskmmm4DCE1K.",
            "$1$saltsalt$7fq7ZEc75157blrz18yX./",
            "{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            "abc",
        ] {
            assert!(verify("abc", hashed), "{hashed}");
            assert!(!verify("abd", hashed), "{hashed}");
        }
        for scheme in [Scheme::Sha256, Scheme::Sha512, Scheme::Bcrypt] {
            let rounds = if scheme == Scheme::Bcrypt { 4 } else { 1000 };
            let hashed = hash(
                scheme,
                "abc",
                &"1234567890123456789012"[..scheme.salt_size()],
                Some(rounds),
                None,
            );
            let hashed = hashed.unwrap();
            assert!(verify("abc", &hashed) && !verify("abd", &hashed), "{hashed}");
        }
        for odd in [
            "",
            "$",
            "$5$",
            "$6$x",
            "$2b$",
            "$2b$99$x",
            "$5$rounds=x$a$b",
            "{SHA}",
        ] {
            assert!(!verify("abc", odd), "{odd}");
        }
    }

    #[test]
    fn hashes_are_those_of_passlib() {
        let salt22 = "1234567890123456789012";
        for (scheme, password, salt, rounds, ident, want) in [
            (
                Scheme::Md5,
                "abc",
                "saltsalt",
                None,
                None,
                "$1$saltsalt$7fq7ZEc75157blrz18yX./",
            ),
            (
                Scheme::Md5,
                LONG,
                "saltsalt",
                None,
                None,
                "$1$saltsalt$JC.0IhhvyhCFfeAmIHoC51",
            ),
            (
                Scheme::Sha256,
                "abc",
                "ssss",
                Some(1001),
                None,
                "$5$rounds=1001$ssss$2CsGqTPCi6APnoyo4GCKtExE6DaaFDSljXOM0T/ZmS2",
            ),
            (
                Scheme::Sha256,
                LONG,
                "saltsalt",
                Some(1000),
                None,
                "$5$rounds=1000$saltsalt$ypf239dkPl0QQh.jhO.T/Wcev/Y8qckdgzqWoLtdB/7",
            ),
            (
                Scheme::Sha512,
                "abc",
                "saltsalt",
                Some(5000),
                None,
                "$6$saltsalt$mXmsbOzRhx9FdAbQCUHYMV8i33aUx8FUsjR813r/Te3OUwcAdbwkebLKfLOfUCihpvpN7Ji1TH3bltSG02PNE1",
            ),
            (
                Scheme::Sha512,
                "",
                "saltsalt",
                Some(1000),
                None,
                "$6$rounds=1000$saltsalt$VEHSITfYmhRDpD6t31S9LUhNne.FOx10qNSjfu2skYK5wKPYCkdF/995SUbfpqIy5BFbEit9G4aDmW4aq4oX9.",
            ),
            (
                Scheme::Sha512,
                LONG,
                "saltsalt",
                Some(1000),
                None,
                "$6$rounds=1000$saltsalt$bCmgjkHDHwZoU/Fu43aDRajTNiaCraf3P8U1DN2xXPayfawS.VSeiOv9CXIXb3kuvdGxI1arDDFAUUsSmW9dj/",
            ),
            (
                Scheme::Bcrypt,
                "abc",
                salt22,
                Some(4),
                None,
                "$2b$04$123456789012345678901uHK6eh5OBoga9aUeUmgferEleLikc/5O",
            ),
            (
                Scheme::Bcrypt,
                LONG,
                salt22,
                Some(4),
                None,
                "$2b$04$123456789012345678901ucYgYOwkjEzkS/doWFMiGrK.l3lJ8hTO",
            ),
        ] {
            assert_eq!(hash(scheme, password, salt, rounds, ident).as_deref(), Ok(want));
        }
    }

    #[test]
    fn bad_settings_are_refused() {
        assert_eq!(
            hash(Scheme::Sha512, "a", "a$b", None, None),
            Err("invalid characters in sha512_crypt salt".into())
        );
        assert_eq!(
            hash(Scheme::Sha512, "a", "s", Some(100), None),
            Err("sha512_crypt: min_desired_rounds (100) is too low, must be at least 1000".into())
        );
        assert!(hash(Scheme::Bcrypt, "a", "short", None, None).is_err());
        assert!(hash(Scheme::Md5, "a", "123456789", None, None).is_err());
    }
}
