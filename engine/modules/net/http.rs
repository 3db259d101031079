//! Requests of the web. Plain HTTP is spoken here; for TLS the host's `curl` or `wget` does the talking, because the
//! agent carries no cryptography of its own and the host's certificates are the right ones.

use super::{http_plain, http_program, url::Url};
use crate::{Failure, Host};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

/// Which redirections are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// None.
    None,
    /// Those of GET and HEAD.
    Safe,
    /// All, with the method kept.
    All,
    /// All, but what is not GET or HEAD becomes GET.
    AsGet,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Address.
    pub url: String,
    /// Method.
    pub method: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Headers that are not sent again after a redirection, in small letters.
    pub unredirected: Vec<String>,
    /// What is sent.
    pub body: Vec<u8>,
    /// Longest time without an answer.
    pub timeout: Duration,
    /// Redirections.
    pub follow: Follow,
    /// User and password.
    pub login: Option<(String, String)>,
    /// Send them unasked.
    pub force_login: bool,
    /// Look for them in `~/.netrc`.
    pub use_netrc: bool,
    /// Use the proxy of the environment.
    pub use_proxy: bool,
    /// Check certificates.
    pub validate_certs: bool,
    /// Further arguments of curl: certificates, ciphers.
    pub tls: Vec<String>,
    /// Talk to this socket instead of a network host.
    pub socket: Option<PathBuf>,
}

impl Request {
    /// A GET of an address.
    pub fn get(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            method: "GET".into(),
            headers: Vec::new(),
            unredirected: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(10),
            follow: Follow::AsGet,
            login: None,
            force_login: false,
            use_netrc: true,
            use_proxy: true,
            validate_certs: true,
            tls: Vec::new(),
            socket: None,
        }
    }

    /// The proxy for an address, if there is one.
    pub(super) fn proxy(&self, host: &Host<'_>, url: &Url) -> Option<Url> {
        if !self.use_proxy {
            return None;
        }
        let get = |name: &str| {
            let own = host
                .context()
                .environment
                .iter()
                .find(|(k, _)| k == name)
                .map(|(_, v)| v.clone());
            own.or_else(|| std::env::var(name).ok()).filter(|v| !v.is_empty())
        };
        let except = get("no_proxy").or_else(|| get("NO_PROXY")).unwrap_or_default();
        let free = |e: &str| {
            e == "*" || url.host == e || url.host.ends_with(&format!(".{}", e.trim_start_matches('.')))
        };
        if except
            .split(',')
            .map(str::trim)
            .filter(|e| !e.is_empty())
            .any(free)
        {
            return None;
        }
        let proxy = get(&format!("{}_proxy", url.scheme))?;
        Url::parse(&if proxy.contains("://") {
            proxy
        } else {
            format!("http://{proxy}")
        })
    }
}

/// An answer; its body has been written elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Status.
    pub status: i64,
    /// The words after it.
    pub reason: String,
    /// Headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// Address that answered.
    pub url: String,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }

    /// Reads status line and headers.
    pub fn parse(head: &str) -> Option<Self> {
        let mut lines = head.lines();
        let mut first = lines.next()?.splitn(3, ' ');
        if !first.next()?.starts_with("HTTP/") {
            return None;
        }
        let status = first.next()?.trim().parse().ok()?;
        let reason = first.next().unwrap_or("").trim().to_owned();
        let headers = lines.filter_map(|l| {
            let (name, value) = l.split_once(':')?;
            Some((name.trim().to_lowercase(), value.trim().to_owned()))
        });
        Some(Self {
            status,
            reason,
            headers: headers.collect(),
            url: String::new(),
        })
    }
}

/// Password of a host in a netrc file.
fn netrc(text: &str, host: &str) -> Option<(String, String)> {
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

/// Sends a request and writes the answer's body into a file (emptied before every attempt).
pub fn send(host: &mut Host<'_>, request: &Request, body: &mut File) -> Result<Response, Failure> {
    let mut url = Url::parse(&request.url)
        .ok_or_else(|| Failure::new(format!("unknown url type: {}", request.url)).with("status", -1_i64))?;
    let mut request = request.clone();
    if let Some(login) = url.user.take() {
        request.login = Some(login);
    }
    if request.login.is_none() && request.use_netrc {
        let file = std::env::var("NETRC").unwrap_or_else(|_| crate::host::expand("~/.netrc"));
        let found = netrc(&fs::read_to_string(file).unwrap_or_default(), &url.host);
        request.force_login |= found.is_some();
        request.login = found;
    }
    let mut logged_in = false;
    for _ in 0..12 {
        let mut attempt = request.clone();
        if (request.force_login || logged_in)
            && let Some((user, password)) = &request.login
        {
            let word = STANDARD.encode(format!("{user}:{password}"));
            attempt
                .headers
                .push(("Authorization".into(), format!("Basic {word}")));
        }
        empty(body)?;
        let mut response = match url.scheme.as_str() {
            "http" => http_plain::exchange(host, &attempt, &url, body),
            "file" => local(&url, body),
            _ => http_program::exchange(host, &attempt, &url, body),
        }
        .map_err(|e| Failure::new(format!("Request failed: <urlopen error {e}>")).with("status", -1_i64))?;
        response.url = url.text();
        if response.status == 401 && !logged_in && !request.force_login && request.login.is_some() {
            logged_in = true;
            continue;
        }
        let location = response.header("location").map(str::to_owned);
        let (Some(location), true) = (location, matches!(response.status, 301 | 302 | 303 | 307 | 308))
        else {
            return Ok(response);
        };
        let safe = matches!(request.method.as_str(), "GET" | "HEAD");
        match request.follow {
            Follow::None => return Ok(response),
            Follow::Safe if !safe => return Ok(response),
            Follow::AsGet if !safe && matches!(response.status, 307 | 308) => return Ok(response),
            _ => {}
        }
        let to_get =
            response.status == 303 || matches!(response.status, 301 | 302) && request.method == "POST";
        if !safe && (to_get || request.follow == Follow::AsGet) {
            request.method = "GET".into();
            request.body.clear();
            request
                .headers
                .retain(|(k, _)| !k.to_lowercase().starts_with("content-"));
        }
        let next = url.join(&location).ok_or_else(|| {
            Failure::new(format!("bad redirection to {location}")).with("status", response.status)
        })?;
        let unredirected = request.unredirected.clone();
        request
            .headers
            .retain(|(k, _)| !unredirected.contains(&k.to_lowercase()));
        if (next.host.as_str(), next.port) != (url.host.as_str(), url.port) {
            // Passwords are for the host they were given for.
            request.login = None;
            request
                .headers
                .retain(|(k, _)| !k.eq_ignore_ascii_case("authorization"));
        }
        url = next;
    }
    Err(Failure::new("too many redirections").with("status", -1_i64))
}

fn empty(file: &mut File) -> Result<(), Failure> {
    use std::io::Seek;
    file.set_len(0)
        .and_then(|()| file.rewind())
        .map_err(|e| Failure::new(format!("could not write the answer: {e}")))
}

fn local(url: &Url, body: &mut File) -> Result<Response, String> {
    let path = super::url::decode(&url.target);
    let mut source = File::open(&path).map_err(|e| format!("{path}: {e}"))?;
    std::io::copy(&mut source, body).map_err(|e| format!("{path}: {e}"))?;
    body.flush().map_err(|e| e.to_string())?;
    Ok(Response {
        status: 200,
        reason: "OK".into(),
        ..Response::default()
    })
}

/// Fetches an address into a file; anything but success is a failure.
pub fn download(
    host: &mut Host<'_>,
    url: &str,
    path: &Path,
    validate_certs: bool,
) -> Result<Response, Failure> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .read(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(|e| Failure::new(format!("could not write {}: {e}", path.display())))?;
    let mut request = Request::get(url);
    request.validate_certs = validate_certs;
    let response = send(host, &request, &mut file)?;
    if response.status != 200 {
        return Err(Failure::new(format!(
            "Failure downloading {url}, HTTP Error {}: {}",
            response.status, response.reason
        ))
        .with("status_code", response.status));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::{Response, netrc};

    #[test]
    fn heads_and_netrc_are_read() {
        let r = Response::parse("HTTP/1.1 404 Not Found\r\nContent-Type: a\r\nX:\r\n").unwrap();
        assert_eq!(
            (r.status, r.reason.as_str(), r.header("content-type")),
            (404, "Not Found", Some("a"))
        );
        assert!(Response::parse("SSH-2.0").is_none());
        let text = "machine a login x password y\nmachine b login u password p";
        assert_eq!(netrc(text, "b"), Some(("u".into(), "p".into())));
        assert_eq!(netrc(text, "c"), None);
    }
}
