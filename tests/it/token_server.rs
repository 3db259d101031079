//! A server of tokens for registries: by user and password, or by a token that is exchanged. A real registry checks them.

use crate::program::said_with_input;
use std::process::{Command, Stdio};
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

/// The token that is exchanged.
pub(crate) const IDENTITY: &str = "long-lived+/=";
/// `me:secret`
const USER: &str = "Basic bWU6c2VjcmV0";
/// Docker's registry takes tokens that ended so many seconds ago.
const LENIENCE: i64 = 60;

/// The server; it ends with the tests.
pub(crate) struct TokenServer {
    port: u16,
    folder: Arc<tempfile::TempDir>,
    given: Arc<Mutex<Vec<String>>>,
}

impl TokenServer {
    /// The n-th token is good for so many seconds as `lifetime` says.
    pub(crate) fn start(lifetime: impl Fn(usize) -> i64 + Send + Sync + 'static) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=tokens",
            ])
            .args(["-keyout", "token.key", "-out", "token.crt"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let given: Arc<Mutex<Vec<String>>> = Arc::default();
        let (home, log) = (folder.clone(), given.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(&stream, &home.path().to_owned(), &log, &lifetime);
            }
        });
        Self { port, folder, given }
    }

    pub(crate) fn realm(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("token.crt")
    }

    /// How the tokens were asked for: `METHOD SCOPE`.
    pub(crate) fn given(&self) -> Vec<String> {
        self.given.lock().unwrap().clone()
    }
}

fn answer(stream: &TcpStream, folder: &PathBuf, log: &Mutex<Vec<String>>, lifetime: &dyn Fn(usize) -> i64) {
    let mut from = BufReader::new(stream);
    let mut first = String::new();
    from.read_line(&mut first).unwrap();
    let (mut user, mut length) = (false, 0);
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap();
        match name.to_lowercase().as_str() {
            "authorization" => user = value.trim() == USER,
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = String::new();
    from.take(length).read_to_string(&mut body).unwrap();
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fields = if method == "POST" {
        body.as_str()
    } else {
        target.split_once('?').map_or("", |(_, q)| q)
    };
    let fields: HashMap<String, String> = fields
        .split('&')
        .filter_map(|f| f.split_once('='))
        .map(|(n, v)| (n.to_owned(), decode(v)))
        .collect();
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let known = match method {
        "POST" => {
            field("grant_type") == "refresh_token"
                && field("refresh_token") == IDENTITY
                && !field("client_id").is_empty()
        }
        _ => user,
    };
    // What it does not tell of: neither that it is there nor that it is not.
    let hidden = field("scope").matches('/').count() > 2;
    let answer = if known && !hidden && field("service") == "registry" {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(format!("{method} {}", field("scope")));
            log.len() - 1
        };
        let token = token(folder, field("scope"), lifetime(number));
        let key = if method == "POST" { "access_token" } else { "token" };
        let body = format!("{{\"{key}\": \"{token}\", \"expires_in\": 60}}");
        format!("200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    } else {
        "401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned()
    };
    let _ = write!(
        &mut (&*stream),
        "HTTP/1.1 {}",
        answer.replacen("\r\n", "\r\nConnection: close\r\n", 1)
    );
}

/// A signed JSON web token for `repository:NAME:ACTIONS`.
fn token(folder: &PathBuf, scope: &str, lifetime: i64) -> String {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let access = match scope.splitn(3, ':').collect::<Vec<_>>().as_slice() {
        // What is of others is for reading.
        [kind, name, actions] => format!(
            "{{\"type\": \"{kind}\", \"name\": \"{name}\", \"actions\": [\"{}\"]}}",
            if name.starts_with("theirs/") {
                "pull".to_owned()
            } else {
                actions.replace(',', "\",\"")
            }
        ),
        _ => String::new(),
    };
    let certificate = fs::read_to_string(folder.join("token.crt")).unwrap();
    let certificate: String = certificate.lines().filter(|l| !l.starts_with('-')).collect();
    let header = format!("{{\"typ\": \"JWT\", \"alg\": \"RS256\", \"x5c\": [\"{certificate}\"]}}");
    let claims = format!(
        "{{\"iss\": \"tokens\", \"sub\": \"me\", \"aud\": \"registry\", \"exp\": {}, \"nbf\": {}, \"iat\": {now}, \"jti\": \"1\", \"access\": [{access}]}}",
        now - LENIENCE + lifetime,
        now - 2 * LENIENCE,
    );
    let signed = format!(
        "{}.{}",
        url_base64(folder, header.as_bytes()),
        url_base64(folder, claims.as_bytes())
    );
    fs::write(folder.join("signed"), &signed).unwrap();
    let signature = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign", "token.key", "signed"])
        .current_dir(folder)
        .output()
        .unwrap();
    format!("{signed}.{}", url_base64(folder, &signature.stdout))
}

fn url_base64(folder: &PathBuf, bytes: &[u8]) -> String {
    fs::write(folder.join("plain"), bytes).unwrap();
    let mut command = Command::new("openssl");
    command
        .args(["base64", "-A", "-in", "plain"])
        .current_dir(folder)
        .stdin(Stdio::null());
    let text = said_with_input(&mut command, "").out;
    text.trim()
        .replace('+', "-")
        .replace('/', "_")
        .trim_end_matches('=')
        .to_owned()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
