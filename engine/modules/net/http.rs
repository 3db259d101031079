//! Requests of the web. Plain HTTP is spoken here; for TLS the host's `curl`, `openssl` or `wget` does the talking,
//! because the agent carries no cryptography of its own and the host's certificates are the right ones.

use super::{http_auth, http_cookies::Jar, http_program, http1, url::Url};
use crate::{
    Failure, Host,
    host::{io_failure, spool, supersede},
};
use flate2::bufread::MultiGzDecoder;
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// More redirections than this are a loop.
const REDIRECTIONS: usize = 10;
const LOOP: &str = "The HTTP server returned a redirect error that would lead to an infinite loop.\n\
                    The last 30x error message was:\n";

/// Which redirections are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// None.
    None,
    /// Those of GET and HEAD.
    Safe,
    /// All, with the method kept where the standard wants it.
    All,
    /// Those of GET, HEAD and POST, which becomes GET.
    AsGet,
}

/// Certificates and ciphers.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Whether the server's certificate must be good.
    pub unchecked: bool,
    /// Certificates of authorities, in place of the host's.
    pub authorities: Option<PathBuf>,
    /// Own certificate.
    pub certificate: Option<PathBuf>,
    /// Its key, if it is not in the same file.
    pub key: Option<PathBuf>,
    /// Allowed ciphers.
    pub ciphers: Vec<String>,
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
    pub body: Option<Vec<u8>>,
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
    /// Unpack what the server has packed with gzip.
    pub decompress: bool,
    /// Certificates.
    pub tls: Tls,
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
            body: None,
            timeout: Duration::from_secs(10),
            follow: Follow::AsGet,
            login: None,
            force_login: false,
            use_netrc: true,
            use_proxy: true,
            decompress: true,
            tls: Tls::default(),
            socket: None,
        }
    }

    /// Whether it has a header of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(k, _)| k.eq_ignore_ascii_case(name))
    }

    /// Sets a header in place of one of the same name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(k, _)| !k.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    /// The proxy for an address, if there is one.
    pub(super) fn proxy(&self, host: &Host<'_>, url: &Url) -> Option<Url> {
        if !self.use_proxy || self.socket.is_some() {
            return None;
        }
        let get = |name: &str| {
            host.variable(name)
                .or_else(|| host.variable(&name.to_uppercase()))
        };
        let except = get("no_proxy").unwrap_or_default();
        let free = |e: &str| {
            let e = e.trim_start_matches('.');
            let among = |name: &str| name == e || name.ends_with(&format!(".{e}"));
            e == "*" || among(&url.host) || among(&url.place())
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
        Url::parse(&proxy).or_else(|| Url::parse(&format!("http://{proxy}")))
    }

    /// The login that stands in the address, is given, or is in a netrc file; it is sent unasked if it must be.
    fn prepare_login(&mut self, url: &mut Url) {
        let inside = url.user.take();
        if self.login.is_none() {
            self.login = inside;
        }
        if self.login.is_none() && self.use_netrc {
            let file = std::env::var("NETRC").unwrap_or_else(|_| crate::host::expand("~/.netrc"));
            self.login = http_auth::netrc(&fs::read_to_string(file).unwrap_or_default(), &url.host);
            self.force_login |= self.login.is_some();
        }
    }

    /// What becomes of the request after that answer, if the redirection is followed.
    fn redirected(&mut self, status: i64) -> bool {
        let safe = matches!(self.method.as_str(), "GET" | "HEAD");
        let same_method = matches!(status, 307 | 308);
        let follow = match self.follow {
            Follow::None => false,
            Follow::Safe => safe,
            Follow::All => true,
            Follow::AsGet => safe || self.method == "POST" && !same_method,
        };
        if !follow {
            return false;
        }
        if !same_method || self.follow == Follow::AsGet {
            let get = match status {
                302 | 303 => self.method != "HEAD",
                301 => self.method == "POST",
                _ => false,
            };
            if get {
                self.method = "GET".into();
            }
            self.body = None;
            let content = ["content-length", "content-type", "transfer-encoding"];
            self.headers
                .retain(|(k, _)| !content.contains(&k.to_lowercase().as_str()));
        }
        let gone = std::mem::take(&mut self.unredirected);
        self.headers.retain(|(k, _)| !gone.contains(&k.to_lowercase()));
        true
    }
}

/// An answer; its body has been written elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Status; -1 if there was no answer.
    pub status: i64,
    /// The words after it; without an answer, why there is none.
    pub reason: String,
    /// Headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// Address that answered.
    pub url: String,
    /// Cookies that were set on the way.
    pub cookies: Vec<(String, String)>,
    /// Whether the body ended early.
    pub(super) short: bool,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// All headers; values of those that come again are joined.
    pub fn joined_headers(&self) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        for (name, value) in &self.headers {
            match out.iter_mut().find(|(n, _)| n == name) {
                Some((_, all)) => *all += &format!(", {value}"),
                None => out.push((name.clone(), value.clone())),
            }
        }
        out
    }

    /// Whether the status means success.
    pub fn good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// How it went, in words.
    pub fn message(&self) -> String {
        match self.status {
            -1 => self.reason.clone(),
            200..300 => format!(
                "OK ({} bytes)",
                self.header("content-length").unwrap_or("unknown")
            ),
            status => format!("HTTP Error {status}: {}", self.reason),
        }
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
            ..Self::default()
        })
    }

    /// That there was no answer.
    fn none(url: &str, reason: String) -> Self {
        Self {
            status: -1,
            reason,
            url: url.to_owned(),
            ..Self::default()
        }
    }
}

/// Sends a request and writes the answer's body into a file, in a folder of the caller's own.
pub fn send(host: &mut Host<'_>, request: &Request, body: &Path) -> Result<Response, Failure> {
    let asked = super::url::masked(&request.url);
    let mut url = Url::parse(&request.url).ok_or_else(|| {
        let failure = Failure::new(format!("unknown url type: '{asked}'"));
        failure.with("url", asked.as_str()).with("status", -1_i64)
    })?;
    let mut request = request.clone();
    request.prepare_login(&mut url);
    let mut jar = Jar::default();
    let mut answered = None;
    let mut count = 0;
    loop {
        let mut attempt = request.clone();
        let word = match (&request.login, &answered) {
            (Some(login), None) if request.force_login => Some(http_auth::basic(login)),
            _ => answered.clone(),
        };
        if let Some(word) = word {
            attempt.set("Authorization", word);
        }
        if !attempt.has("cookie")
            && let Some(cookies) = jar.header(&url)
        {
            attempt.set("Cookie", cookies);
        }
        spool(body).map_err(|e| io_failure("could not write", body, &e))?;
        let mut response = match one(host, &attempt, &url, body) {
            Ok(response) => response,
            Err(reason) => return Ok(Response::none(&asked, reason)),
        };
        for (_, set) in response.headers.iter().filter(|(k, _)| k == "set-cookie") {
            jar.keep(&url, set);
        }
        if response.status == 401
            && answered.is_none()
            && !request.force_login
            && let (Some(login), Some(challenge)) = (&request.login, response.header("www-authenticate"))
        {
            answered = http_auth::answer(challenge, login, &request.method, &url)?;
            if answered.is_some() {
                continue;
            }
        }
        let location = response.header("location").map(str::to_owned);
        let redirection = matches!(response.status, 301 | 302 | 303 | 307 | 308);
        if let Some(next) = location.filter(|_| redirection).and_then(|l| url.join(&l))
            && request.redirected(response.status)
        {
            count += 1;
            if count <= REDIRECTIONS && ["http", "https", "ftp"].contains(&next.scheme.as_str()) {
                if next.host != url.host || (&*url.scheme, &*next.scheme) == ("https", "http") {
                    // Passwords are for the host they were given for.
                    request.login = None;
                }
                answered = None;
                url = next;
                continue;
            }
            response.reason = format!("{LOOP}{}", response.reason);
        }
        if response.short {
            return Err("Incomplete read: the server ended the answer early".into());
        }
        // What an error says is told of the address that was asked.
        response.url = if response.good() || url.scheme == "file" {
            url.text()
        } else {
            asked
        };
        if request.decompress && response.good() && response.header("content-encoding") == Some("gzip") {
            unpack(body)?;
        }
        response.cookies = jar.pairs();
        return Ok(response);
    }
}

/// One request and its answer, or why there is none.
fn one(host: &mut Host<'_>, request: &Request, url: &Url, body: &Path) -> Result<Response, String> {
    if url.scheme != "file" && url.target.chars().any(|c| c <= ' ' || c == '\x7f') {
        return Err(format!(
            "the address holds blanks or control characters: {:?}",
            url.text()
        ));
    }
    match url.scheme.as_str() {
        "http" => http1::exchange(host, request, url, body),
        "https" | "ftp" => http_program::exchange(host, request, url, body),
        "file" => local(url, body).map_err(|e| format!("Request failed: <urlopen error {e}>")),
        other => Err(format!(
            "Request failed: <urlopen error unknown url type: {other}>"
        )),
    }
}

/// Puts the unpacked content in the place of the packed one.
fn unpack(body: &Path) -> Result<(), Failure> {
    let unpacked = body.with_extension("unpacked");
    let done = File::open(body).and_then(|packed| {
        let mut to = BufWriter::new(spool(&unpacked)?);
        let mut packed = BufReader::new(packed);
        // An answer without content is not packed at all.
        if !packed.fill_buf()?.is_empty() {
            io::copy(&mut MultiGzDecoder::new(packed), &mut to)?;
        }
        to.flush()?;
        supersede(&unpacked, body)
    });
    done.map_err(|e| io_failure("could not unpack", body, &e))
}

fn local(url: &Url, body: &Path) -> Result<Response, String> {
    let path = super::url::decode(&url.target);
    let size = File::open(&path)
        .and_then(|mut from| io::copy(&mut from, &mut spool(body)?))
        .map_err(|e| crate::host::errno(&e, &path))?;
    Ok(Response {
        status: 200,
        reason: "OK".into(),
        headers: vec![("content-length".into(), size.to_string())],
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
    let mut request = Request::get(url);
    request.tls.unchecked = !validate_certs;
    let response = send(host, &request, path)?;
    if response.good() {
        return Ok(response);
    }
    let shown = super::url::masked(url);
    Err(
        Failure::new(format!("Failure downloading {shown}, {}", response.message()))
            .with("status_code", response.status),
    )
}

#[cfg(test)]
mod tests {
    use super::{Follow, Request, Response};

    #[test]
    fn heads_are_read_and_headers_joined() {
        let head =
            "HTTP/1.1 404 Not Found\r\nContent-Type: a\r\nX:\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n";
        let r = Response::parse(head).unwrap();
        assert_eq!(
            (r.status, r.reason.as_str(), r.header("content-type")),
            (404, "Not Found", Some("a"))
        );
        let joined = r.joined_headers();
        assert_eq!(joined.last().unwrap().1, "a=1, b=2");
        assert!(Response::parse("SSH-2.0").is_none());
    }

    #[test]
    fn redirections_keep_or_change_the_method_as_wanted() {
        let after = |follow, method: &str, status| {
            let mut request = Request::get("http://a/");
            request.method = method.into();
            request.body = Some(b"x".to_vec());
            request.follow = follow;
            request
                .redirected(status)
                .then(|| (request.method.clone(), request.body.is_some()))
        };
        let get = Some(("GET".to_owned(), false));
        assert_eq!(after(Follow::None, "GET", 302), None);
        assert_eq!(after(Follow::Safe, "POST", 302), None);
        assert_eq!(after(Follow::Safe, "HEAD", 303), Some(("HEAD".into(), false)));
        assert_eq!(after(Follow::All, "POST", 301), get);
        assert_eq!(after(Follow::All, "PUT", 301), Some(("PUT".into(), false)));
        assert_eq!(after(Follow::All, "PUT", 302), get);
        assert_eq!(after(Follow::All, "POST", 307), Some(("POST".into(), true)));
        assert_eq!(after(Follow::AsGet, "POST", 302), get);
        assert_eq!(after(Follow::AsGet, "PUT", 302), None);
        assert_eq!(after(Follow::AsGet, "POST", 308), None);
        assert_eq!(after(Follow::AsGet, "GET", 308), Some(("GET".into(), false)));
    }
}
