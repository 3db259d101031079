//! Addresses of the web.

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// `http`, `https`, `file`, …
    pub scheme: String,
    /// User and password, if they stand in the address.
    pub user: Option<(String, String)>,
    /// Name or number of the host, without brackets.
    pub host: String,
    /// Port, if it is not the usual one.
    pub port: Option<u16>,
    /// Path and query, beginning with `/`.
    pub target: String,
}

/// Text with `%41` and the like decoded.
pub fn decode(text: &str) -> String {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(b) = bytes.next() {
        let pair: Vec<u8> = bytes.clone().take(2).collect();
        let hex = std::str::from_utf8(&pair).ok().filter(|p| p.len() == 2);
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(value) if b == b'%' => {
                out.push(value);
                bytes.nth(1);
            }
            _ => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Text for a form: everything but letters, digits and `-._~` as `%41`, blanks as `+`.
pub fn encode_form(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        match b {
            b' ' => out.push('+'),
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
        out
    })
}

impl Url {
    /// Reads an address; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let target = target.split('#').next().unwrap_or("");
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                (Some((decode(name), decode(password))), place)
            }
            None => (None, authority),
        };
        let (host, port) = match place.strip_prefix('[').and_then(|p| p.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => place.split_once(':').map_or((place, None), |(h, p)| (h, Some(p))),
        };
        let port = match port.filter(|p| !p.is_empty()) {
            Some(port) => Some(port.parse().ok()?),
            None => None,
        };
        Some(Self {
            scheme: scheme.to_lowercase(),
            user,
            host: host.to_owned(),
            port,
            target: if target.starts_with('/') {
                target.to_owned()
            } else {
                format!("/{target}")
            },
        })
    }

    /// Host and port as the header `Host` has them.
    pub fn place(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// The address without user and password.
    pub fn text(&self) -> String {
        format!("{}://{}{}", self.scheme, self.place(), self.target)
    }

    /// What a redirection to `location` means.
    pub fn join(&self, location: &str) -> Option<Self> {
        if location.contains("://") {
            return Self::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme));
        }
        let target = if location.starts_with('/') {
            location.to_owned()
        } else {
            let path = self.target.split('?').next().unwrap_or("/");
            let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
            format!("{folder}/{location}")
        };
        Some(Self {
            target: target.split('#').next().unwrap_or("").to_owned(),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Url, decode, encode_form};

    #[test]
    fn addresses_are_read_and_joined() {
        let url = Url::parse("http://a%40b:c@[::1]:8080/x/y?z=1#f").unwrap();
        assert_eq!(url.user, Some(("a@b".into(), "c".into())));
        assert_eq!(
            (url.place().as_str(), url.target.as_str()),
            ("[::1]:8080", "/x/y?z=1")
        );
        assert_eq!(url.join("q").unwrap().text(), "http://[::1]:8080/x/q");
        assert_eq!(url.join("/q?a").unwrap().text(), "http://[::1]:8080/q?a");
        assert_eq!(url.join("https://h").unwrap().text(), "https://h/");
        assert!(Url::parse("nothing").is_none() && Url::parse("http://h:x/").is_none());
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(encode_form("a b&ü"), "a+b%26%C3%BC");
        assert_eq!(decode("a%20b%"), "a b%");
    }
}
