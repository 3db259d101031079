//! Who we are to a server.

use crate::{Failure, Http, Result, http::Call};
use base64::{Engine, engine::general_purpose::STANDARD};
use kdo_value::json;
use std::{
    fmt,
    sync::Mutex,
    time::{Duration, Instant},
};

/// Credentials for one host.
pub struct Auth {
    /// `scheme://host:port`
    origin: String,
    how: How,
}

enum How {
    Basic(String),
    Token(String),
    Bearer(String),
    /// A token that another server gives for the one we have.
    Exchange {
        url: String,
        form: String,
        known: Mutex<Option<(String, Instant)>>,
    },
}

impl Auth {
    /// A user's name and password.
    pub fn basic(url: &str, user: &str, password: &str) -> Self {
        Self {
            origin: origin(url),
            how: How::Basic(STANDARD.encode(format!("{user}:{password}"))),
        }
    }

    /// A token of Galaxy.
    pub fn token(url: &str, token: &str) -> Self {
        Self {
            origin: origin(url),
            how: How::Token(token.to_owned()),
        }
    }

    /// A token that a server of tokens gave.
    pub(crate) fn bearer(url: &str, token: &str) -> Self {
        Self {
            origin: origin(url),
            how: How::Bearer(token.to_owned()),
        }
    }

    /// A refresh token, or a client's secret, to be exchanged at `exchange`.
    pub fn exchange(
        url: &str,
        exchange: &str,
        token: &str,
        client: Option<&str>,
        secret: Option<&str>,
    ) -> Self {
        let client = client.unwrap_or("cloud-services");
        let form = match secret {
            Some(secret) => [
                ("grant_type", "client_credentials"),
                ("client_id", client),
                ("client_secret", secret),
                ("scope", "api.console"),
            ]
            .map(pair)
            .join("&"),
            None => [
                ("grant_type", "refresh_token"),
                ("client_id", client),
                ("refresh_token", token),
            ]
            .map(pair)
            .join("&"),
        };
        Self {
            origin: origin(url),
            how: How::Exchange {
                url: exchange.to_owned(),
                form,
                known: Mutex::new(None),
            },
        }
    }

    /// Whether they are meant for the host of that URL.
    pub(crate) fn is_for(&self, url: &str) -> bool {
        origin(url) == self.origin
    }

    /// The header's value.
    pub(crate) fn header(&self, http: &Http) -> Result<Option<String>> {
        match &self.how {
            How::Basic(text) => Ok(Some(format!("Basic {text}"))),
            How::Token(token) if token.is_empty() => Ok(None),
            How::Token(token) => Ok(Some(format!("Token {token}"))),
            How::Bearer(token) => Ok(Some(format!("Bearer {token}"))),
            How::Exchange { url, form, known } => {
                let mut known = known.lock().map_err(|_| Failure::server("no token"))?;
                if let Some((token, until)) = known.as_ref()
                    && Instant::now() < *until
                {
                    return Ok(Some(format!("Bearer {token}")));
                }
                let (token, lifetime) = exchange(http, url, form)?;
                *known = Some((token.clone(), Instant::now() + lifetime.mul_f64(2.0 / 3.0)));
                Ok(Some(format!("Bearer {token}")))
            }
        }
    }
}

/// Never shows a secret.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credentials for {}", self.origin)
    }
}

fn exchange(http: &Http, url: &str, form: &str) -> Result<(String, Duration)> {
    let mut call = Call::get(url, None);
    call.method = ureq::http::Method::POST;
    call.headers
        .push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
    call.body = Some(form.as_bytes());
    let answer = http.call(&call)?;
    if !answer.status().is_success() {
        return Err(crate::http::refused(answer, url));
    }
    let value = json::read(&crate::http::text(answer, url)?).map_err(Failure::server)?;
    let token = value
        .get("access_token")
        .and_then(|t| t.as_str().map(str::to_owned));
    let token =
        token.ok_or_else(|| Failure::server(format!("{url}: there is no access_token in the answer")))?;
    let seconds = value.get("expires_in").and_then(|s| s.as_int()).unwrap_or(300);
    Ok((token, Duration::from_secs(seconds.try_into().unwrap_or(300))))
}

fn pair((name, value): (&str, &str)) -> String {
    format!("{name}={}", encode(value))
}

/// Percent-encoding of all that is not plain.
pub(crate) fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let one = |b: u8| {
        if plain(b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    };
    text.bytes().map(one).collect()
}

/// `scheme://host:port` of an URL.
pub(crate) fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.rsplit_once('@').map_or(host, |(_, h)| h).to_lowercase();
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let host = host.strip_suffix(port).unwrap_or(&host);
    format!("{scheme}://{host}")
}

/// An URL without the user and password before its host, and those.
pub(crate) fn without_user(url: &str) -> (String, Option<(&str, &str)>) {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = host.rsplit_once('@')?;
        Some((format!("{scheme}://{host}{path}"), user))
    });
    match parts {
        Some((url, user)) => (url, Some(user.split_once(':').unwrap_or((user, "")))),
        None => (url.to_owned(), None),
    }
}

/// An address in an answer: a whole URL, or a path on the server of `base`.
pub(crate) fn absolute(base: &str, address: &str) -> String {
    if address.contains("://") {
        address.to_owned()
    } else if address.starts_with('/') {
        format!("{}{address}", origin(base))
    } else {
        let (folder, _) = base.rsplit_once('/').unwrap_or((base, ""));
        format!("{folder}/{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Auth, absolute, origin, without_user};

    #[test]
    fn credentials_are_for_one_host() {
        let auth = Auth::token("https://a.test/api/", "secret");
        assert!(auth.is_for("https://A.test:443/files/x"));
        for other in [
            "http://a.test/",
            "https://b.test/",
            "https://a.test:8443/",
            "https://a.test.evil/",
        ] {
            assert!(!auth.is_for(other), "{other}");
        }
        assert!(!format!("{auth:?}").contains("secret"));
    }

    #[test]
    fn a_user_is_taken_out_of_an_url() {
        let url = "http://me:a:b@h.test:1/x@y";
        let wanted = ("http://h.test:1/x@y".to_owned(), Some(("me", "a:b")));
        assert_eq!(without_user(url), wanted);
        assert_eq!(without_user("me").1, None);
        assert_eq!(without_user("http://h/a@b").1, None);
    }

    #[test]
    fn addresses_are_made_whole() {
        assert_eq!(absolute("http://h:1/api/v3/x/", "/files/a"), "http://h:1/files/a");
        assert_eq!(absolute("http://h:1/api/v3/x/", "https://o/a"), "https://o/a");
        assert_eq!(origin("https://u:p@H.test/x"), "https://h.test");
    }
}
