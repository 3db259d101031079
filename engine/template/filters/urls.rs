//! Filters on URLs.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::text};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.urlencode", encode, "The text with all characters escaped that mean something in a URL; a dict as a query.", [];
        "{{ 'a b&c/é' | urlencode }}" => r#""a%20b%26c/%C3%A9""#,
        "{{ {'a': 'b c', 'd': 1} | urlencode }}" => r#""a=b+c&d=1""#),
    callable!("ansible.builtin.urldecode", urldecode, "The text with `%XX` and `+` resolved.", [];
        "{{ 'a%20b+c' | urldecode }}" => r#""a b c""#),
    callable!("ansible.builtin.urlsplit", split, "The parts of a URL, or one of them.", [];
        "{{ 'http://u:p@H.com:80/p?q=1#f' | urlsplit('hostname') }}" => r#""h.com""#,
        "{{ 'http://h.com:80/p' | urlsplit('port') }}" => "80",
        "{{ '/just/path' | urlsplit }}" => r#"{"fragment": "", "hostname": null, "netloc": "", "password": null, "path": "/just/path", "port": null, "query": "", "scheme": "", "username": null}"#),
];

/// Percent-encodes all but letters, digits, `_.-~` and the `safe` characters.
pub(crate) fn quote(s: &str, safe: &str, plus: bool) -> String {
    let mut out = String::new();
    for b in s.bytes() {
        let c = char::from(b);
        if c.is_ascii_alphanumeric() || "_.-~".contains(c) || b.is_ascii() && safe.contains(c) {
            out.push(c);
        } else if plus && c == ' ' {
            out.push('+');
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

fn encode(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let pairs = match value {
        Value::Map(m) => m.entries(),
        Value::List(_) | Value::Tuple(_) => {
            let mut pairs = Vec::new();
            for pair in value.as_sequence().unwrap_or_default() {
                match pair.as_sequence().as_deref() {
                    Some([k, v]) => pairs.push((k.clone(), v.clone())),
                    _ => return call.fail("not enough values to unpack (expected 2)"),
                }
            }
            pairs
        }
        other => return Ok(Value::str(quote(&other.to_text(), "/", false))),
    };
    let mut out = Vec::new();
    for (k, v) in pairs {
        out.push(format!(
            "{}={}",
            quote(&text(&k)?, "", true),
            quote(&text(&v)?, "", true)
        ));
    }
    Ok(Value::str(out.join("&")))
}

fn urldecode(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    match value.as_str() {
        Some(s) => Ok(Value::str(decode(s))),
        None => call.fail(format!(
            "'{}' object has no attribute 'replace'",
            value.type_name()
        )),
    }
}

fn decode(s: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = s.bytes().peekable();
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    while let Some(b) = bytes.next() {
        match b {
            b'+' => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                match (ahead.next().and_then(hex), ahead.next().and_then(hex)) {
                    (Some(high), Some(low)) => {
                        out.push(high * 16 + low);
                        bytes = ahead;
                    }
                    _ => out.push(b),
                }
            }
            b => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The parts of a URL as Python's `urlsplit` sees them.
pub(crate) struct Url {
    pub scheme: String,
    pub netloc: String,
    pub path: String,
    pub query: String,
    pub fragment: String,
}

impl Url {
    /// Splits; never fails.
    pub(crate) fn read(text: &str) -> Self {
        let mut rest = text.trim_start_matches(|c: char| c <= ' ');
        let mut scheme = String::new();
        if let Some((head, tail)) = rest.split_once(':')
            && head.starts_with(|c: char| c.is_ascii_alphabetic())
            && head
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        {
            scheme = head.to_lowercase();
            rest = tail;
        }
        let mut netloc = "";
        if let Some(after) = rest.strip_prefix("//") {
            let end = after.find(['/', '?', '#']).unwrap_or(after.len());
            (netloc, rest) = after.split_at(end);
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self {
            scheme,
            netloc: netloc.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            fragment: fragment.to_owned(),
        }
    }

    /// User name and password.
    pub(crate) fn user(&self) -> (Option<&str>, Option<&str>) {
        match self.netloc.rsplit_once('@') {
            Some((info, _)) => match info.split_once(':') {
                Some((user, password)) => (Some(user), Some(password)),
                None => (Some(info), None),
            },
            None => (None, None),
        }
    }

    /// Host in lower case, and the text after its colon.
    pub(crate) fn host(&self) -> (Option<String>, Option<&str>) {
        let address = self
            .netloc
            .rsplit_once('@')
            .map_or(self.netloc.as_str(), |(_, a)| a);
        let (host, port) = match address.strip_prefix('[').and_then(|a| a.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        (
            (!host.is_empty()).then(|| host.to_lowercase()),
            port.filter(|p| !p.is_empty()),
        )
    }
}

fn split(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(s) = value.as_str() else {
        return call.fail(format!(
            "'{}' object has no attribute 'decode'",
            value.type_name()
        ));
    };
    let url = Url::read(s);
    let (user, password) = url.user();
    let (host, port) = url.host();
    let port = match port {
        None => Value::None,
        Some(p) => match p.parse::<u16>() {
            Ok(n) if p.bytes().all(|b| b.is_ascii_digit()) => Value::Int(n.into()),
            Err(_) if p.bytes().all(|b| b.is_ascii_digit()) => return call.fail("Port out of range 0-65535"),
            _ => return call.fail(format!("Port could not be cast to integer value as '{p}'")),
        },
    };
    let parts: Map = [
        ("fragment", Value::str(url.fragment.as_str())),
        ("hostname", Value::from(host)),
        ("netloc", Value::str(url.netloc.as_str())),
        ("password", Value::from(password.map(str::to_owned))),
        ("path", Value::str(url.path.as_str())),
        ("port", port),
        ("query", Value::str(url.query.as_str())),
        ("scheme", Value::str(url.scheme.as_str())),
        ("username", Value::from(user.map(str::to_owned))),
    ]
    .into_iter()
    .collect();
    let query = call.get(1, "query").filter(|q| q.truthy());
    match query.map_or_else(String::new, Value::to_text).as_str() {
        "" => Ok(Value::Map(parts)),
        name => match parts.get(name) {
            Some(v) => Ok(v),
            None => call.fail(format!("urlsplit: unknown URL component: {name}")),
        },
    }
}
