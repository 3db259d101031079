//! `uri`: requests of the web.

use super::{
    get_url::tls_arguments,
    http::{Follow, Request, send},
    url::encode_form,
};
use crate::{
    files::{copy_bytes, file_text as text, install::Source, pattern},
    params::{AnyDict, Raw},
    prelude::*,
};
use kdo_value::json;
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Largest answer that is kept in the result.
const CONTENT_LIMIT: u64 = 64 << 20;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum BodyFormat {
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
#[derive(Params)]
pub struct Uri {
    /// The address.
    #[param(required)]
    url: String,
    /// Method.
    #[param(default = "GET")]
    method: String,
    /// What is sent.
    body: Option<Raw>,
    /// How `body` is written: as it is, JSON, a form, or a form with files.
    #[param(default = "raw")]
    body_format: BodyFormat,
    /// File on the host that is sent.
    src: Option<PathBuf>,
    /// `src` is on the host already.
    #[param(default = false)]
    remote_src: bool,
    /// File or folder to write the answer to.
    dest: Option<PathBuf>,
    /// Status codes that mean success.
    #[param(default = ["200"], elements = "int")]
    status_code: Vec<i64>,
    /// Tell the answer's body in the result.
    #[param(default = false)]
    return_content: bool,
    /// Headers of the request.
    #[param(default = {})]
    headers: Option<AnyDict>,
    /// Which redirections are followed.
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
    /// Send user and password unasked.
    #[param(default = false)]
    force_basic_auth: bool,
    /// Ask for an answer that is not from a cache.
    #[param(default = false)]
    force: bool,
    /// How the client calls itself.
    #[param(default = "ansible-httpget")]
    http_agent: String,
    /// Use the proxy of the environment.
    #[param(default = true)]
    use_proxy: bool,
    /// Look for passwords in `~/.netrc`.
    #[param(default = true)]
    use_netrc: bool,
    /// Use Kerberos; not supported.
    #[param(default = false)]
    use_gssapi: bool,
    /// Check certificates.
    #[param(default = true)]
    validate_certs: bool,
    /// Certificates of authorities.
    ca_path: Option<PathBuf>,
    /// Own certificate.
    client_cert: Option<PathBuf>,
    /// Key of the own certificate.
    client_key: Option<PathBuf>,
    /// Allowed ciphers.
    #[param(elements = "str")]
    ciphers: Vec<String>,
    /// Accepted for compatibility; nothing compressed is asked for.
    #[param(default = true)]
    decompress: bool,
    /// Headers that are not sent again after a redirection.
    #[param(default = [], elements = "str")]
    unredirected_headers: Vec<String>,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    attrs: FileAttrs,
}

fn form(value: &Value) -> String {
    let mut pairs = Vec::new();
    let mut add = |key: &str, value: &Value| match value.as_sequence() {
        Some(items) => pairs.extend(items.iter().map(|i| (key.to_owned(), i.to_text()))),
        None => pairs.push((key.to_owned(), value.to_text())),
    };
    match value {
        Value::Map(map) => map.text_entries().iter().for_each(|(k, v)| add(k, v)),
        _ => {
            for pair in value.as_sequence().unwrap_or_default() {
                if let Some([key, value]) = pair.as_sequence().as_deref() {
                    add(&key.to_text(), value);
                }
            }
        }
    }
    let encoded = pairs
        .iter()
        .map(|(k, v)| format!("{}={}", encode_form(k), encode_form(v)));
    encoded.collect::<Vec<_>>().join("&")
}

/// A form with files; a dict with `filename`, `content`, `mime_type` is a file.
fn multipart(value: &Value, host: &Host<'_>) -> Result<(Vec<u8>, String), Failure> {
    let boundary = "=================kdo0part7boundary42==";
    let mut out = Vec::new();
    let Some(map) = value.as_map() else {
        return Err("failed to parse body as form-multipart: Mapping is required".into());
    };
    for (name, value) in map.text_entries() {
        out.extend(format!("--{boundary}\r\n").bytes());
        let field = |key: &str| {
            value
                .as_map()
                .and_then(|m| m.get(key))
                .filter(|v| !v.is_none())
                .map(|v| v.to_text())
        };
        let mut head = format!("Content-Disposition: form-data; name=\"{name}\"");
        let content = match (field("content"), field("filename")) {
            (Some(content), _) => content.into_bytes(),
            (None, Some(file)) => host.read(&PathBuf::from(crate::host::expand(&file)))?,
            (None, None) => value.to_text().into_bytes(),
        };
        if let Some(file) = field("filename") {
            head.push_str(&format!(
                "; filename=\"{}\"",
                file.rsplit('/').next().unwrap_or("")
            ));
            let kind = field("mime_type").unwrap_or_else(|| "application/octet-stream".into());
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        out.extend(format!("{head}\r\n\r\n").bytes());
        out.extend(content);
        out.extend(b"\r\n");
    }
    out.extend(format!("--{boundary}--\r\n").bytes());
    Ok((out, format!("multipart/form-data; boundary=\"{boundary}\"")))
}

impl Uri {
    fn body(&self, host: &Host<'_>) -> Result<(Vec<u8>, Option<String>), Failure> {
        if let Some(src) = &self.src {
            let content = host
                .read(src)
                .map_err(|f| Failure::new(format!("Unable to open source file: {}", f.message)))?;
            return Ok((content, None));
        }
        let Some(Raw(body)) = &self.body else {
            return Ok((Vec::new(), None));
        };
        let plain = body.as_str().is_some();
        Ok(match self.body_format {
            BodyFormat::Json if plain => (copy_bytes(body), Some("application/json".into())),
            BodyFormat::Json => (json::line(body).into_bytes(), Some("application/json".into())),
            BodyFormat::Form if plain => (copy_bytes(body), Some("application/x-www-form-urlencoded".into())),
            BodyFormat::Form => (
                form(body).into_bytes(),
                Some("application/x-www-form-urlencoded".into()),
            ),
            BodyFormat::Multipart => {
                let (content, kind) = multipart(body, host)?;
                (content, Some(kind))
            }
            BodyFormat::Raw => (copy_bytes(body), None),
        })
    }

    fn request(&self, host: &Host<'_>) -> Result<Request, Failure> {
        let mut request = Request::get(&self.url);
        let (body, kind) = self.body(host)?;
        request.method = self.method.to_uppercase();
        request.body = body;
        request.timeout = Duration::from_secs(self.timeout.max(1));
        request.follow = match self.follow_redirects.as_str() {
            "all" | "yes" => Follow::All,
            "safe" => Follow::Safe,
            "urllib2" => Follow::AsGet,
            _ => Follow::None,
        };
        request.login = self
            .url_username
            .clone()
            .map(|u| (u, self.url_password.clone().unwrap_or_default()));
        request.force_login = self.force_basic_auth;
        request.use_netrc = self.use_netrc;
        request.use_proxy = self.use_proxy;
        request.validate_certs = self.validate_certs;
        request.socket.clone_from(&self.unix_socket);
        request.unredirected = self
            .unredirected_headers
            .iter()
            .map(|h| h.to_lowercase())
            .collect();
        request.tls = tls_arguments(
            self.client_cert.as_ref(),
            self.client_key.as_ref(),
            self.ca_path.as_ref(),
            &self.ciphers,
        );
        request
            .headers
            .push(("User-Agent".into(), self.http_agent.clone()));
        let old = self.dest.as_ref().filter(|d| d.is_file() && !self.force);
        if let Some(meta) = old.and_then(|d| d.metadata().ok()) {
            let date = super::get_url::http_date(std::os::unix::fs::MetadataExt::mtime(&meta));
            request.headers.push(("If-Modified-Since".into(), date));
        }
        if self.force {
            request.headers.push(("cache-control".into(), "no-cache".into()));
        }
        let form = "application/x-www-form-urlencoded".to_owned();
        if let Some(kind) = kind.or_else(|| (!request.body.is_empty()).then_some(form)) {
            request.headers.push(("Content-Type".into(), kind));
        }
        if let Some(AnyDict(headers)) = &self.headers {
            for (name, value) in headers.text_entries() {
                request.headers.retain(|(k, _)| !k.eq_ignore_ascii_case(&name));
                request.headers.push((name, value.to_text()));
            }
        }
        Ok(request)
    }
}

/// A folder that goes away.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
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
                name: "json",
                doc: "The body as data, if it is JSON.",
            },
            Return {
                name: "msg",
                doc: "The server's words.",
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
        let _ = (self.decompress, self.remote_src);
        if self.use_gssapi {
            return Err("Kerberos (use_gssapi) is not supported".into());
        }
        let skipped = |message: String| Ok(Outcome::new().with("stdout", message).changed(false));
        if let Some(path) = self.creates.as_ref().filter(|p| pattern::any_match(p)) {
            return skipped(format!("skipped, since '{}' exists", path.display()));
        }
        if let Some(path) = self.removes.as_ref().filter(|p| !pattern::any_match(p)) {
            return skipped(format!("skipped, since '{}' does not exist", path.display()));
        }
        if host.check() {
            return Ok(Outcome::new()
                .with("skipped", true)
                .with(
                    "msg",
                    "This action (ansible.builtin.uri) does not support check mode.",
                )
                .changed(false));
        }
        let request = self.request(host)?;
        let scratch = Scratch(crate::files::tempfile::make_folder(
            &std::env::temp_dir(),
            "kdo.",
            "",
        )?);
        let temp = scratch.0.join("content");
        let failed = |e: std::io::Error| Failure::new(format!("could not keep the answer: {e}"));
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&temp)
            .map_err(failed)?;
        let started = Instant::now();
        let wanted = || {
            let codes: Vec<_> = self.status_code.iter().map(i64::to_string).collect();
            format!("[{}]", codes.join(", "))
        };
        let response = send(host, &request, &mut file).map_err(|f| {
            let text = format!("Status code was -1 and not {}: {}", wanted(), f.message);
            Failure::new(text)
                .with("status", -1_i64)
                .with("url", self.url.as_str())
                .with("redirected", false)
                .with("elapsed", started.elapsed().as_secs())
        })?;
        drop(file);
        let size = temp.metadata().map_or(0, |m| m.len());
        let mut out = Outcome::new()
            .with("status", response.status)
            .with("url", response.url.as_str())
            .with(
                "redirected",
                response.url != self.url
                    && response.url.trim_end_matches('/') != self.url.trim_end_matches('/'),
            )
            .with("elapsed", started.elapsed().as_secs());
        let length = response
            .header("content-length")
            .map_or_else(|| "unknown".to_owned(), str::to_owned);
        let message = if (200..300).contains(&response.status) {
            format!("OK ({length} bytes)")
        } else {
            format!("HTTP Error {}: {}", response.status, response.reason)
        };
        let mut cookies: Vec<(String, String)> = Vec::new();
        for (name, value) in &response.headers {
            if name == "set-cookie"
                && let Some((k, v)) = value.split(';').next().and_then(|c| c.split_once('='))
            {
                cookies.retain(|(name, _)| name != k.trim());
                cookies.push((k.trim().to_owned(), v.trim().to_owned()));
            }
            let key = name.replace('-', "_");
            let absolute = match name.as_str() {
                "location" => super::url::Url::parse(&response.url)
                    .and_then(|u| u.join(value))
                    .map(|u| u.text()),
                _ => None,
            };
            let value = absolute.as_ref().unwrap_or(value);
            let value = match out
                .values
                .get(&key)
                .filter(|_| !["status", "url", "msg"].contains(&key.as_str()))
            {
                Some(Value::Str(old)) => format!("{}, {value}", old.as_str()),
                _ => value.clone(),
            };
            if !["status", "url", "redirected", "elapsed"].contains(&key.as_str()) {
                out = out.with(&key, value);
            }
        }
        let line: Vec<_> = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        if (200..300).contains(&response.status) {
            out = out
                .with("cookies_string", line.join("; "))
                .with("cookies", Map::from_iter(cookies));
        }
        let good = self.status_code.contains(&response.status);
        let kind = response
            .header("content-type")
            .unwrap_or("")
            .split(';')
            .next()
            .unwrap_or("")
            .trim()
            .to_owned();
        let mut content = None;
        if self.dest.is_none() || self.return_content || !good {
            if size > CONTENT_LIMIT {
                return Err(Failure::new(format!(
                    "the answer has {size} bytes; use `dest` for large ones"
                )));
            }
            let body = String::from_utf8_lossy(&host.read(&temp)?).into_owned();
            let is_json = kind.ends_with("/json") || kind.ends_with("+json") || kind.ends_with("/javascript");
            if is_json && let Ok(value) = json::read(&body) {
                out = out.with("json", value);
            }
            content = Some(body);
        }
        if !good {
            let text = format!(
                "Status code was {} and not {}: {message}",
                response.status,
                wanted()
            );
            if self.return_content {
                out = out.with("content", content);
            }
            return Ok(out.with("failed", true).with("msg", text).changed(false));
        }
        if !(200..300).contains(&response.status) {
            out = out.with("body", content.clone());
        }
        if self.return_content {
            out = out.with("content", content);
        }
        let mut changed = false;
        if let Some(dest) = &self.dest {
            let dest = if dest.is_dir() {
                let name = response
                    .url
                    .split('?')
                    .next()
                    .unwrap_or("")
                    .rsplit('/')
                    .next()
                    .unwrap_or("");
                dest.join(if name.is_empty() { "index.html" } else { name })
            } else {
                dest.clone()
            };
            let save = Save {
                unsafe_writes: self.unsafe_writes,
                ..Save::default()
            };
            let done = host.install(&dest, &Source::File(temp), &self.url, &save, &self.attrs, true)?;
            changed = done.changed;
            out = out.with("path", text(&dest));
        }
        Ok(out.with("msg", message).changed(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::form;
    use kdo_value::json;

    #[test]
    fn forms_are_written_from_dicts_and_lists() {
        let f = |t: &str| form(&json::read(t).unwrap());
        assert_eq!(f(r#"{"a": "x y", "b": [1, 2]}"#), "a=x+y&b=1&b=2");
        assert_eq!(f(r#"[["k", "&"]]"#), "k=%26");
    }
}
