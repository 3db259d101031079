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
    /// Path and query as they were written; may be empty.
    pub target: String,
    /// What follows `#`.
    pub fragment: Option<String>,
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

/// The address for results: user and password are made unreadable.
pub fn masked(text: &str) -> String {
    let masked = || {
        let (scheme, rest) = text.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (user, place) = authority.rsplit_once('@')?;
        let mask = if user.contains(':') { "****:****" } else { "****" };
        Some(format!("{scheme}://{mask}@{place}{target}"))
    };
    masked().unwrap_or_else(|| text.to_owned())
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
        let (scheme, rest) = text.trim().split_once(':')?;
        let (authority, target) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
            None if scheme.eq_ignore_ascii_case("file") => ("", rest),
            None => return None,
        };
        let (target, fragment) = match target.split_once('#') {
            Some((target, fragment)) => (target, Some(fragment.to_owned())),
            None => (target, None),
        };
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
            target: target.to_owned(),
            fragment,
        })
    }

    /// The path alone, beginning with `/`.
    pub fn path(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    /// The last part of the path, decoded; empty if it ends with a slash.
    pub fn file_name(&self) -> String {
        decode(self.path().rsplit('/').next().unwrap_or_default())
    }

    /// What the request line asks for.
    pub fn request_target(&self) -> String {
        if self.target.starts_with('/') {
            self.target.clone()
        } else {
            format!("/{}", self.target)
        }
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
        let fragment = self.fragment.as_ref().map_or(String::new(), |f| format!("#{f}"));
        format!("{}://{}{}{fragment}", self.scheme, self.place(), self.target)
    }

    /// What a redirection to `location` means.
    pub fn join(&self, location: &str) -> Option<Self> {
        let location = location.replace(' ', "%20");
        if let Some(mut url) = Self::parse(&location) {
            url.target = url.request_target();
            return Some(url);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return self.join(&format!("{}://{rest}", self.scheme));
        }
        let (location, fragment) = match location.split_once('#') {
            Some((location, fragment)) => (location, Some(fragment.to_owned())),
            None => (location.as_str(), None),
        };
        let target = if location.starts_with('/') {
            location.to_owned()
        } else if location.is_empty() {
            self.target.clone()
        } else if location.starts_with('?') {
            format!("{}{location}", self.path())
        } else {
            let folder = self.path().rsplit_once('/').map_or("", |(f, _)| f);
            format!("{folder}/{location}")
        };
        Some(Self {
            target: without_dots(&target),
            fragment,
            user: None,
            ..self.clone()
        })
    }
}

/// A path whose `.` and `..` are resolved; the query stays.
fn without_dots(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (target, String::new()),
    };
    let mut out: Vec<&str> = Vec::new();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    for (number, part) in parts.iter().enumerate() {
        let last = number + 1 == parts.len();
        match *part {
            "." | ".." => {
                if *part == ".." {
                    out.pop();
                }
                if last {
                    out.push("");
                }
            }
            part => out.push(part),
        }
    }
    format!("/{}{query}", out.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Url, decode, encode_form, masked};

    #[test]
    fn addresses_are_read_and_joined() {
        let url = Url::parse("http://a%40b:c@[::1]:8080/x/y?z=1#f").unwrap();
        assert_eq!(url.user, Some(("a@b".into(), "c".into())));
        assert_eq!(
            (url.place().as_str(), url.request_target().as_str()),
            ("[::1]:8080", "/x/y?z=1")
        );
        assert_eq!(url.join("q").unwrap().text(), "http://[::1]:8080/x/q");
        assert_eq!(url.join("/q?a").unwrap().text(), "http://[::1]:8080/q?a");
        assert_eq!(url.join("https://h").unwrap().text(), "https://h/");
        assert_eq!(url.join("?b#c").unwrap().text(), "http://[::1]:8080/x/y?b#c");
        assert_eq!(url.join("../../a/./b/..").unwrap().text(), "http://[::1]:8080/a/");
        assert_eq!(url.join("//h2/a b").unwrap().text(), "http://h2/a%20b");
        let bare = Url::parse("http://h?a").unwrap();
        assert_eq!(
            (bare.text().as_str(), bare.request_target().as_str()),
            ("http://h?a", "/?a")
        );
        assert_eq!(Url::parse("file:/a/b%20c").unwrap().file_name(), "b c");
        assert!(Url::parse("nothing").is_none() && Url::parse("http://h:x/").is_none());
    }

    #[test]
    fn passwords_are_masked() {
        assert_eq!(masked("http://u:p@h/x@y"), "http://****:****@h/x@y");
        assert_eq!(masked("http://u@h"), "http://****@h");
        assert_eq!(masked("http://h/@"), "http://h/@");
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(encode_form("a b&ü"), "a+b%26%C3%BC");
        assert_eq!(decode("a%20b%"), "a b%");
    }
}
