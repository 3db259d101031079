//! `uri`: requests of the web.

use super::{
    http::{Follow, Request, Response, send},
    http_date,
    http_params::Talk,
    url::{Url, masked},
};
use crate::{
    files::{file_text as text, install::Source, stat::file_checksum},
    host::Scratch,
    params::{AnyDict, Raw},
    prelude::*,
};
use kdo_value::json;
use std::{
    os::unix::fs::MetadataExt,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Largest answer that is kept in the result.
const CONTENT_LIMIT: u64 = 64 << 20;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFormat {
    #[choice("form-urlencoded")]
    Form,
    #[choice("json")]
    Json,
    #[choice("raw")]
    Raw,
    #[choice("form-multipart")]
    Multipart,
}

/// Send a request to a web service
///
/// The result has the answer's headers as keys, in small letters and with `_` in place of `-`.
#[derive(Params)]
#[params(exclusive(body, src))]
pub struct Uri {
    /// The address.
    #[param(required)]
    pub(super) url: String,
    /// Method.
    #[param(default = "GET")]
    method: String,
    /// What is sent.
    pub(super) body: Option<Raw>,
    /// How `body` is written: as it is, JSON, a form, or a form with files.
    #[param(default = "raw")]
    pub(super) body_format: BodyFormat,
    /// File that is sent: one of the controller, with `remote_src` one of the host.
    pub(super) src: Option<PathBuf>,
    /// Whether `src` and the files of a form are on the host already.
    #[param(default = false)]
    remote_src: bool,
    /// File or folder to write the answer to.
    dest: Option<PathBuf>,
    /// Status codes that mean success; -1 is no answer at all.
    #[param(default = ["200"], elements = "int")]
    status_code: Vec<i64>,
    /// Tell the answer's body in the result.
    #[param(default = false)]
    return_content: bool,
    /// Headers of the request.
    #[param(default = {})]
    headers: Option<AnyDict>,
    /// Which redirections are followed: `all`, `none`, those of GET and HEAD (`safe`), or those that Python follows
    /// (`urllib2`).
    #[param(default = "safe", choices("all", "no", "none", "safe", "urllib2", "yes"))]
    follow_redirects: String,
    /// Longest time without an answer, in seconds.
    #[param(default = 30)]
    timeout: u64,
    /// Do nothing if this is there.
    creates: Option<PathBuf>,
    /// Do nothing if this is not there.
    removes: Option<PathBuf>,
    /// Talk to this socket.
    unix_socket: Option<PathBuf>,
    /// User.
    #[param(alias = "user")]
    url_username: Option<String>,
    /// Password.
    #[param(alias = "password", no_log)]
    url_password: Option<String>,
    /// File with certificates of authorities.
    ca_path: Option<PathBuf>,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    talk: Talk,
    #[param(flatten)]
    attrs: FileAttrs,
    #[param(hidden)]
    pub(super) _kdo_content: Option<Raw>,
    #[param(hidden)]
    pub(super) _kdo_size: Option<u64>,
    #[param(hidden)]
    _kdo_checksum: Option<String>,
    #[param(hidden)]
    _kdo_name: Option<String>,
    #[param(hidden)]
    _kdo_mode: Option<i64>,
    #[param(hidden)]
    _kdo_original: Option<String>,
}

/// Type and character set of an answer.
fn content_type(response: &Response) -> (String, String) {
    let value = response.header("content-type").unwrap_or("text/plain");
    let mut fields = value.split(';').map(str::trim);
    let kind = fields
        .next()
        .unwrap_or_default()
        .split(',')
        .next()
        .unwrap_or_default();
    let charset = fields.find_map(|f| f.strip_prefix("charset=")).unwrap_or("utf-8");
    (
        kind.trim().to_lowercase(),
        charset.trim_matches('"').to_lowercase(),
    )
}

fn is_json(kind: &str) -> bool {
    let sub = kind.rsplit_once('/').map_or("", |(_, sub)| sub);
    let sub = sub.split_once('+').map_or(sub, |(_, suffix)| suffix);
    matches!(sub, "json" | "javascript")
}

fn decoded(bytes: &[u8], charset: &str) -> String {
    match charset {
        "iso-8859-1" | "latin-1" | "latin1" => bytes.iter().map(|b| char::from(*b)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The name of the answer's file.
fn name_of(response: &Response) -> String {
    let given = super::get_url::given_name(response);
    let named = || {
        let path = Url::parse(&response.url)
            .map(|u| u.path().to_owned())
            .unwrap_or_default();
        let name = path
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .map(super::url::decode);
        name.filter(|n| !n.is_empty() && !n.contains('/') && n != "..")
    };
    given.or_else(named).unwrap_or_else(|| "index.html".into())
}

impl Uri {
    fn request(&self, host: &mut Host<'_>) -> Result<Request, Failure> {
        let (user, password) = (self.url_username.as_ref(), self.url_password.as_ref());
        let mut request = self.talk.request(&self.url, user, password, None)?;
        request.method = self.method.to_uppercase();
        if request.method.is_empty() || !request.method.chars().all(|c| c.is_ascii_uppercase()) {
            return Err(
                "Parameter 'method' needs to be a single word in uppercase, like GET or POST.".into(),
            );
        }
        let (body, kind) = self.body(host)?;
        request.body = body;
        request.timeout = Duration::from_secs(self.timeout.max(1));
        request.follow = match self.follow_redirects.as_str() {
            "all" | "yes" => Follow::All,
            "safe" => Follow::Safe,
            "urllib2" => Follow::AsGet,
            _ => Follow::None,
        };
        request.socket.clone_from(&self.unix_socket);
        request.tls.authorities.clone_from(&self.ca_path);
        let old = self.dest.as_ref().filter(|d| d.is_file() && !self.talk.force);
        if let Some(meta) = old.and_then(|d| d.metadata().ok()) {
            request.set("If-Modified-Since", http_date::write(meta.mtime()));
        }
        let multipart = self.body_format == BodyFormat::Multipart;
        let usual = "application/x-www-form-urlencoded".to_owned();
        let kind = kind.or_else(|| request.body.is_some().then_some(usual));
        if let Some(kind) = &kind {
            request.set("Content-Type", kind.as_str());
        }
        let headers = self.headers.iter().flat_map(|h| h.0.text_entries());
        for (name, value) in headers.filter(|(n, _)| !multipart || !n.eq_ignore_ascii_case("content-type")) {
            request.set(&name, value.to_text());
        }
        Ok(request)
    }

    /// The keys that tell of the answer itself.
    fn told(&self, response: &Response) -> Map {
        let out = Map::new();
        let asked = masked(&self.url);
        for (name, value) in response.joined_headers() {
            let value = match name.as_str() {
                "location" => Url::parse(&asked)
                    .and_then(|u| u.join(&value))
                    .map_or(value, |u| u.text()),
                _ => value,
            };
            out.insert(name.replace('-', "_"), value);
        }
        if response.good() {
            let line: Vec<_> = response.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            out.insert("cookies_string", line.join("; "));
            out.insert("cookies", Map::from_iter(response.cookies.clone()));
        }
        out.insert("redirected", response.url != asked);
        out.insert("url", response.url.as_str());
        out.insert("status", response.status);
        out.insert("msg", response.message());
        out.insert("changed", false);
        out
    }

    /// Writes the answer where it is wanted.
    fn keep(
        &self,
        host: &mut Host<'_>,
        response: &Response,
        temp: PathBuf,
        out: &Map,
    ) -> Result<(), Failure> {
        let Some(dest) = self.dest.as_ref().filter(|_| response.status != -1) else {
            return Ok(());
        };
        let dest = if dest.is_dir() {
            dest.join(name_of(response))
        } else {
            dest.clone()
        };
        if self.status_code.contains(&response.status) && response.status != 304 {
            let save = Save {
                unsafe_writes: self.unsafe_writes,
                ..Save::default()
            };
            // A link is replaced, unless it leads to the same content.
            let same = file_checksum(&temp, "sha1") == file_checksum(&dest, "sha1");
            host.install(&dest, &Source::File(temp), &self.url, &save, &self.attrs, same)
                .map_err(|f| Failure {
                    values: out.clone(),
                    ..f
                })?;
            out.insert("changed", true);
        }
        out.insert("path", text(&dest));
        Ok(())
    }

    /// Adds what the answer's body says, and whether the status is as wanted.
    fn judge(&self, out: &Map, response: &Response, body: Option<Vec<u8>>) {
        let (kind, charset) = content_type(response);
        let good = self.status_code.contains(&response.status);
        let body = body.map(|b| decoded(&b, &charset));
        if is_json(&kind) || self.return_content || !good {
            if is_json(&kind)
                && let Some(value) = body.as_ref().and_then(|b| json::read(b).ok())
            {
                out.insert("json", value);
            }
            if self.return_content {
                out.insert("content", body);
            }
        } else if !response.good() {
            out.insert("body", body);
        }
        if !good {
            let wanted: Vec<_> = self.status_code.iter().map(i64::to_string).collect();
            let message = format!(
                "Status code was {} and not [{}]: {}",
                response.status,
                wanted.join(", "),
                response.message()
            );
            out.insert("msg", message);
            out.insert("failed", true);
        }
    }
}

impl Module for Uri {
    const META: Meta = Meta {
        name: "ansible.builtin.uri",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[
            Return {
                name: "content",
                doc: "The answer's body, with `return_content` or when the status is wrong.",
            },
            Return {
                name: "cookies",
                doc: "Cookies that were set, by name.",
            },
            Return {
                name: "cookies_string",
                doc: "The same as a header for a next request.",
            },
            Return {
                name: "elapsed",
                doc: "Seconds that it took.",
            },
            Return {
                name: "json",
                doc: "The body as data, if it is JSON.",
            },
            Return {
                name: "msg",
                doc: "The server's words.",
            },
            Return {
                name: "path",
                doc: "The file that was written.",
            },
            Return {
                name: "redirected",
                doc: "Whether another address answered.",
            },
            Return {
                name: "status",
                doc: "The server's status.",
            },
            Return {
                name: "url",
                doc: "The address that answered.",
            },
        ],
        examples: &[Example {
            title: "Is the service well?",
            args: r#"{"url": "http://localhost:8080/health", "status_code": [200, 204], "return_content": true}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let _ = self.remote_src;
        let request = self.request(host)?;
        let skipped = |message: String| Ok(Outcome::new().with("stdout", message).changed(false));
        if let Some(path) = self.creates.as_ref().filter(|p| p.exists()) {
            return skipped(format!("skipped, since '{}' exists", path.display()));
        }
        if let Some(path) = self.removes.as_ref().filter(|p| !p.exists()) {
            return skipped(format!("skipped, since '{}' does not exist", path.display()));
        }
        let scratch = Scratch::new()?;
        let temp = scratch.join("content");
        let started = Instant::now();
        let response = send(host, &request, &temp)?;
        let out = self.told(&response);
        out.insert("elapsed", started.elapsed().as_secs());
        let size = temp.metadata().map_or(0, |m| m.len());
        let body = match size {
            CONTENT_LIMIT.. if self.dest.is_some() => None,
            CONTENT_LIMIT.. => {
                return Err(format!("the answer has {size} bytes; use `dest` for large ones").into());
            }
            _ if response.status == -1 => Some(Vec::new()),
            _ => Some(host.read(&temp)?),
        };
        self.keep(host, &response, temp, &out)?;
        self.judge(&out, &response, body);
        Ok(out.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Response, content_type, is_json, name_of};

    #[test]
    fn answers_say_what_they_are() {
        let told = |kind: &str| {
            let mut response = Response::default();
            response.headers.push(("content-type".into(), kind.into()));
            let (kind, charset) = content_type(&response);
            (is_json(&kind), charset)
        };
        assert_eq!(told("application/json"), (true, "utf-8".into()));
        assert_eq!(
            told("application/vnd.api+json; charset=\"Latin1\""),
            (true, "latin1".into())
        );
        assert_eq!(
            told("text/javascript; x=y; charset=utf-8"),
            (true, "utf-8".into())
        );
        assert_eq!(told("application/json-seq"), (false, "utf-8".into()));
    }

    #[test]
    fn files_are_called_as_the_address_ends() {
        let name = |url: &str| {
            name_of(&Response {
                url: url.into(),
                ..Response::default()
            })
        };
        assert_eq!(name("http://a/b/c%20d?x"), "c d");
        assert_eq!(name("http://a/b/"), "b");
        assert_eq!(name("http://a/"), "index.html");
        assert_eq!(name("http://a/%2e%2e"), "index.html");
    }
}
