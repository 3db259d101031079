//! What the tests' web server answers, much as httpbin does: the same each time, whoever asks.

use kdo_value::{Map, Value, json};
use md5::{Digest, Md5};
use std::{fs, path::Path, time::Duration};

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A value of the query.
    fn value(&self, name: &str) -> Option<String> {
        pairs(&self.query)
            .into_iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v)
    }
}

#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Time to wait first.
    pub(crate) wait: Duration,
}

impl Answer {
    fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            ..Self::default()
        }
        .with("Content-Type", kind)
    }

    fn json(value: impl Into<Value>) -> Self {
        Self::new(200, "application/json", json::line(&value.into()))
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            201 => "CREATED",
            202 => "ACCEPTED",
            204 => "NO CONTENT",
            301 => "MOVED PERMANENTLY",
            302 => "FOUND",
            303 => "SEE OTHER",
            304 => "NOT MODIFIED",
            307 => "TEMPORARY REDIRECT",
            308 => "PERMANENT REDIRECT",
            401 => "UNAUTHORIZED",
            403 => "FORBIDDEN",
            404 => "NOT FOUND",
            418 => "I'M A TEAPOT",
            500 => "INTERNAL SERVER ERROR",
            503 => "SERVICE UNAVAILABLE",
            _ => "UNKNOWN",
        }
    }
}

fn decoded(text: &str) -> String {
    kdo_modules::net::url::decode(&text.replace('+', " "))
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let all = text.split('&').filter(|p| !p.is_empty());
    all.map(|p| {
        let (name, value) = p.split_once('=').unwrap_or((p, ""));
        (decoded(name), decoded(value))
    })
    .collect()
}

/// Pairs as a dict; a name that comes again has a list.
fn dict(pairs: Vec<(String, String)>) -> Map {
    let out = Map::new();
    for (name, value) in pairs {
        let value = match out.get(&name) {
            None => Value::str(value),
            Some(Value::List(list)) => Value::list([list.to_vec(), vec![Value::str(value)]].concat()),
            Some(one) => Value::list([one, Value::str(value)]),
        };
        out.insert(name, value);
    }
    out
}

/// What was asked.
fn echo(request: &Request) -> Answer {
    let out = Map::new();
    out.insert("method", request.method.as_str());
    out.insert("path", request.path.as_str());
    out.insert("args", dict(pairs(&request.query)));
    let mut headers = request.headers.clone();
    headers.sort();
    for (_, value) in headers.iter_mut().filter(|(n, _)| n == "if-modified-since") {
        "a date".clone_into(value);
    }
    // The boundary of a form is another each time, and so is its length.
    let kind = request.header("content-type").unwrap_or("").to_owned();
    let multipart = kind.starts_with("multipart/");
    headers.retain(|(n, _)| !multipart || !matches!(n.as_str(), "content-type" | "content-length"));
    out.insert("headers", dict(headers));
    let text = String::from_utf8_lossy(&request.body).into_owned();
    if multipart {
        out.insert("parts", parts(&kind, &text));
    } else {
        out.insert("data", text.as_str());
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        out.insert("form", dict(pairs(&text)));
    }
    if kind.starts_with("application/json") {
        out.insert("json", json::read(&text).unwrap_or(Value::None));
    }
    Answer::json(out)
}

/// The parts of a form: headers and content.
fn parts(kind: &str, text: &str) -> Value {
    let boundary = kind
        .split_once("boundary=")
        .map_or("", |(_, b)| b.trim_matches('"'));
    let between = format!("--{boundary}");
    let parts = text.split(&between).skip(1);
    let parts = parts.filter(|p| !p.starts_with("--")).map(|part| {
        let (head, content) = part.split_once("\r\n\r\n").unwrap_or((part, ""));
        let mut head: Vec<String> = head.trim().lines().map(str::to_owned).collect();
        head.sort();
        let out = Map::new();
        out.insert("head", Value::list(head.iter().map(Value::from)));
        out.insert("content", content.strip_suffix("\r\n").unwrap_or(content));
        Value::from(out)
    });
    Value::list(parts)
}

fn hex(text: &str) -> String {
    Md5::digest(text).iter().map(|b| format!("{b:02x}")).collect()
}

fn refused(challenge: String) -> Answer {
    Answer::new(401, "text/plain", "who are you?\n").with("WWW-Authenticate", challenge)
}

fn basic(request: &Request, user: &str, password: &str) -> bool {
    // The plays use these only.
    let known = [
        ("user:passwd", "dXNlcjpwYXNzd2Q="),
        ("user:pass word:1", "dXNlcjpwYXNzIHdvcmQ6MQ=="),
    ];
    let login = format!("{user}:{password}");
    let word = known
        .iter()
        .find(|(l, _)| *l == login)
        .map(|(_, w)| format!("Basic {w}"));
    word.is_some() && request.header("authorization") == word.as_deref()
}

fn digest(request: &Request, user: &str, password: &str) -> Answer {
    let challenge = "Digest realm=\"here\", nonce=\"abc\", qop=\"auth\", opaque=\"def\", algorithm=MD5";
    let header = request.header("authorization").unwrap_or("");
    let field = |name: &str| {
        let words = header.trim_start_matches("Digest ").split(',');
        let pair = words
            .filter_map(|w| w.trim().split_once('='))
            .find(|(n, _)| *n == name);
        pair.map(|(_, v)| v.trim_matches('"').to_owned())
            .unwrap_or_default()
    };
    let who = hex(&format!("{user}:here:{password}"));
    let what = hex(&format!("{}:{}", request.method, field("uri")));
    let (count, own) = (field("nc"), field("cnonce"));
    let right = hex(&format!("{who}:abc:{count}:{own}:auth:{what}"));
    if header.starts_with("Digest ") && field("response") == right && field("opaque") == "def" {
        Answer::json(Map::from_iter([("user", field("username"))]))
    } else {
        refused(challenge.to_owned())
    }
}

/// A gzip stream that holds the text uncompressed.
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in text {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (0_u32.wrapping_sub(crc & 1)));
        }
    }
    let length = u16::try_from(text.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(text);
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

fn year(date: &str) -> Option<u16> {
    date.split_whitespace().nth(3)?.parse().ok()
}

const SUMS: &str = "\
e258d248fda94c63753607f7c4494ee0fcbe92f1a76bfdac795c9d84101eb317  other.txt
a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447  hello.txt
a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447 *./dir/hello.bin
";

/// The answer to a request; certificates are in the folder.
pub(crate) fn answer(request: &Request, folder: &Path) -> Answer {
    let path = decoded(&request.path);
    let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let text = |body: &str| Answer::new(200, "text/plain", body);
    match words[..] {
        ["status", code] => text("").status(code),
        ["body", code] => text("the body\n").status(code),
        ["redirect", count] => {
            let left: u32 = count.parse().unwrap_or(0);
            let to = if left > 1 {
                format!("/redirect/{}", left - 1)
            } else {
                "/echo".into()
            };
            text("moved\n").status("302").with("Location", to)
        }
        ["redirect-to", code] => {
            let to = request.value("url").unwrap_or_default();
            text("moved\n").status(code).with("Location", to)
        }
        ["redirect-nowhere"] => text("moved\n").status("302"),
        ["loop"] => text("").status("302").with("Location", "/loop"),
        ["basic", user, password] if basic(request, user, password) => echo(request),
        ["basic", ..] => refused("Basic realm=\"here\"".into()),
        ["hidden-basic", user, password] if basic(request, user, password) => echo(request),
        ["hidden-basic", ..] => text("not here\n").status("404"),
        ["digest", user, password] => digest(request, user, password),
        ["gzip"] => {
            Answer::new(200, "application/json", gzip(b"{\"packed\": true}")).with("Content-Encoding", "gzip")
        }
        ["cookies"] => Answer::json(Map::from_iter([(
            "cookie",
            request.header("cookie").unwrap_or("none"),
        )])),
        ["cookies", "set"] => {
            let answer = text("baked\n").status("302").with("Location", "/cookies");
            let set = pairs(&request.query).into_iter();
            set.fold(answer, |a, (n, v)| {
                a.with("Set-Cookie", format!("{n}={v}; Path=/"))
            })
        }
        ["headers"] => {
            let set = pairs(&request.query).into_iter();
            set.fold(text("see the headers\n"), |a, (n, v)| a.with(&n, v))
        }
        ["typed"] => {
            let kind = request.value("type").unwrap_or_default();
            Answer::new(200, &kind, request.value("body").unwrap_or_default())
        }
        ["latin"] => Answer::new(200, "text/plain; charset=iso-8859-1", b"caf\xe9\n"),
        ["delay", seconds] => Answer {
            wait: Duration::from_secs(seconds.parse().unwrap()),
            ..text("at last\n")
        },
        ["since", from] => {
            let since = request.header("if-modified-since").and_then(year);
            let from: u16 = from.parse().unwrap();
            let answer = text(&format!("of {from}\n"));
            let answer = answer.with("Last-Modified", format!("Thu, 01 Jan {from} 00:00:00 GMT"));
            if since.is_some_and(|s| s >= from) {
                Answer {
                    body: Vec::new(),
                    ..answer
                }
                .status("304")
            } else {
                answer
            }
        }
        ["no-cache"] => match request.header("cache-control") {
            Some("no-cache") => text("fresh\n"),
            _ => text("stale\n"),
        },
        ["chunked"] => Answer::new(200, "text/plain", "4\r\none \r\n5\r\ntwo\n\n\r\n0\r\n\r\n")
            .with("Transfer-Encoding", "chunked"),
        ["short"] => text("too short\n").with("Content-Length", "100"),
        ["named"] => {
            let name = request.value("name").unwrap_or_default();
            text("named\n").with("Content-Disposition", format!("attachment; filename=\"{name}\""))
        }
        ["files", "hello.txt" | "hello.bin"] => text("hello world\n"),
        ["files", "SUMS"] => text(SUMS),
        ["files", "BSD"] => text("SHA1 (hello.txt) = 22596363b3de40b06f981fb85d82312e8c0ed511\nMD5(x) = 0\n"),
        ["files", "hello.txt.md5"] => text("6f5902ac237024bdd0c176cb93063dc4\n"),
        ["ca.pem" | "client.pem" | "client.key"] => text(&fs::read_to_string(folder.join(words[0])).unwrap()),
        ["echo", ..] => echo(request),
        _ => text("nothing here\n").status("404"),
    }
}

impl Answer {
    fn status(mut self, code: &str) -> Self {
        self.status = code.parse().unwrap();
        self
    }
}
