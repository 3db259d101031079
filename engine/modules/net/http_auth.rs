//! Logging in: passwords of netrc files, Basic and Digest.

use super::url::Url;
use crate::{Failure, files::stat::checksum, host::random_name};
use base64::{Engine, engine::general_purpose::STANDARD};

/// User and password of a host in a netrc file.
pub(super) fn netrc(text: &str, host: &str) -> Option<(String, String)> {
    let mut words = text.split_whitespace();
    let (mut here, mut login, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word {
            "machine" | "default" => {
                if here {
                    break;
                }
                here = word == "default" || words.next() == Some(host);
            }
            "login" if here => login = words.next(),
            "password" if here => password = words.next(),
            _ => {}
        }
    }
    here.then_some(())?;
    Some((login?.to_owned(), password.unwrap_or_default().to_owned()))
}

/// The header of a login that was not asked for, or by `Basic`.
pub(super) fn basic((user, password): &(String, String)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Fields of a challenge, `realm="here", qop="auth"`.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_lowercase();
        let (value, left) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        out.push((name, value.trim().to_owned()));
        rest = left;
    }
    out
}

/// The header that answers a challenge; `None` if its scheme or algorithm is not known.
pub(super) fn answer(
    challenge: &str,
    login: &(String, String),
    method: &str,
    url: &Url,
) -> Result<Option<String>, Failure> {
    let (scheme, rest) = challenge.trim().split_once(' ').unwrap_or((challenge.trim(), ""));
    match scheme.to_lowercase().as_str() {
        "basic" => Ok(Some(basic(login))),
        "digest" => Ok(digest(
            &fields(rest),
            login,
            method,
            &url.request_target(),
            &random_name()?,
        )),
        _ => Ok(None),
    }
}

fn digest(
    fields: &[(String, String)],
    (user, password): &(String, String),
    method: &str,
    target: &str,
    own: &str,
) -> Option<String> {
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let algorithm = field("algorithm").unwrap_or("MD5");
    let name = match algorithm.to_uppercase().as_str() {
        "MD5" => "md5",
        "SHA" => "sha1",
        "SHA-256" => "sha256",
        _ => return None,
    };
    let hash = |text: String| checksum(&mut text.as_bytes(), name).ok();
    let (realm, nonce) = (field("realm")?, field("nonce")?);
    let who = hash(format!("{user}:{realm}:{password}"))?;
    let what = hash(format!("{method}:{target}"))?;
    let mut out =
        format!("Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{target}\"");
    match field("qop") {
        Some(qop) if qop.split(',').any(|q| q.trim() == "auth") => {
            let response = hash(format!("{who}:{nonce}:00000001:{own}:auth:{what}"))?;
            out += &format!(", response=\"{response}\", qop=auth, nc=00000001, cnonce=\"{own}\"");
        }
        Some(_) => return None,
        None => {
            let response = hash(format!("{who}:{nonce}:{what}"))?;
            out += &format!(", response=\"{response}\"");
        }
    }
    if let Some(opaque) = field("opaque") {
        out += &format!(", opaque=\"{opaque}\"");
    }
    Some(out + &format!(", algorithm=\"{algorithm}\""))
}

#[cfg(test)]
mod tests {
    use super::{digest, fields, netrc};

    #[test]
    fn netrc_files_are_read() {
        let text = "machine a login x password y\nmachine b login u password p";
        assert_eq!(netrc(text, "b"), Some(("u".into(), "p".into())));
        assert_eq!(netrc(text, "c"), None);
        assert_eq!(netrc("default login d", "c"), Some(("d".into(), String::new())));
    }

    #[test]
    fn digests_are_those_of_rfc_2617_and_7616() {
        let login = ("Mufasa".to_owned(), "Circle Of Life".to_owned());
        let challenge = "realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5c\"";
        let header = digest(&fields(challenge), &login, "GET", "/dir/index.html", "0a4f113b").unwrap();
        assert!(
            header.contains("response=\"6629fae49393a05397450978507c4ef1\""),
            "{header}"
        );
        assert!(
            header.contains("opaque=\"5c\"") && header.contains("cnonce=\"0a4f113b\""),
            "{header}"
        );
        let login = ("Mufasa".to_owned(), "Circle of Life".to_owned());
        let challenge = "realm=\"http-auth@example.org\", qop=auth, algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"";
        let own = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let header = digest(&fields(challenge), &login, "GET", "/dir/index.html", own).unwrap();
        assert!(
            header.contains("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""),
            "{header}"
        );
        let old = digest(&fields("realm=\"r\", nonce=\"n\""), &login, "GET", "/", "x").unwrap();
        assert!(!old.contains("qop"), "{old}");
        assert!(
            digest(
                &fields("realm=\"r\", nonce=\"n\", algorithm=SHA3"),
                &login,
                "GET",
                "/",
                "x"
            )
            .is_none()
        );
    }
}
