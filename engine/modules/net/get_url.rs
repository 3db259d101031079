//! `get_url`: files from the web.

use super::{
    http::{Follow, Request, Response, send},
    url::{Url, decode},
};
use crate::{
    files::{file_text as text, install::Source, stat::file_checksum},
    params::AnyDict,
    prelude::*,
};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Fetch a file from the web to the host
///
/// A file that is there is fetched again only when the server says that it is newer, or when its checksum is wrong.
#[derive(Params)]
pub struct GetUrl {
    /// The address: http, https, ftp or file.
    #[param(required)]
    url: String,
    /// The file, or a folder to put it in.
    #[param(required)]
    dest: PathBuf,
    /// Folder for the temporary file.
    tmp_dest: Option<PathBuf>,
    /// Fetch in any case and replace the file if it differs.
    #[param(default = false)]
    force: bool,
    /// `algorithm:digest`, or `algorithm:address` of a file with digests.
    #[param(default = "")]
    checksum: String,
    /// Longest time without an answer, in seconds.
    #[param(default = 10)]
    timeout: u64,
    /// Headers of the request.
    headers: Option<AnyDict>,
    /// User.
    #[param(alias = "username")]
    url_username: Option<String>,
    /// Password.
    #[param(alias = "password", no_log)]
    url_password: Option<String>,
    /// Send user and password unasked.
    #[param(default = false)]
    force_basic_auth: bool,
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
    /// Keep a copy of the old file.
    #[param(default = false)]
    backup: bool,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    attrs: FileAttrs,
}

/// Arguments of curl for certificates.
pub(super) fn tls_arguments(
    cert: Option<&PathBuf>,
    key: Option<&PathBuf>,
    ca: Option<&PathBuf>,
    ciphers: &[String],
) -> Vec<String> {
    let mut out = Vec::new();
    for (flag, path) in [("--cert", cert), ("--key", key), ("--cacert", ca)] {
        if let Some(path) = path {
            out.extend([flag.to_owned(), path.to_string_lossy().into_owned()]);
        }
    }
    if !ciphers.is_empty() {
        out.extend(["--ciphers".into(), ciphers.join(":")]);
    }
    out
}

/// A temporary file that goes away with its folder.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Seconds since 1970 as the web writes dates.
pub(super) fn http_date(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
    // Days since 0000-03-01, in eras of 400 years.
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    let pick = |names: &str, n: i64| {
        names
            .split(' ')
            .nth(usize::try_from(n).unwrap_or(0))
            .unwrap_or("")
            .to_owned()
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        pick("Thu Fri Sat Sun Mon Tue Wed", days.rem_euclid(7)),
        pick("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", month - 1),
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// The digest of `name` in a file of digests.
fn digest_in(list: &str, name: &str) -> Option<String> {
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|l| l.split_whitespace().collect())
        .filter(|w: &Vec<&str>| !w.is_empty())
        .collect();
    if let [line] = lines.as_slice()
        && let [digest] = line[..]
    {
        return Some(digest.to_owned());
    }
    for line in &lines {
        // `digest  name`, `digest *name`, or `SHA256 (name) = digest`.
        if let [digest, file] = line[..]
            && file.trim_start_matches('*').rsplit('/').next() == Some(name)
        {
            return Some(digest.to_owned());
        }
        if let [_, file, "=", digest] = line[..]
            && file.trim_start_matches('(').trim_end_matches(')') == name
        {
            return Some(digest.to_owned());
        }
    }
    None
}

impl GetUrl {
    fn request(&self, url: &str) -> Request {
        let mut request = Request::get(url);
        request.timeout = Duration::from_secs(self.timeout.max(1));
        request.follow = Follow::AsGet;
        request.login = self
            .url_username
            .clone()
            .map(|u| (u, self.url_password.clone().unwrap_or_default()));
        request.force_login = self.force_basic_auth;
        request.use_netrc = self.use_netrc;
        request.use_proxy = self.use_proxy;
        request.validate_certs = self.validate_certs;
        request.tls = tls_arguments(
            self.client_cert.as_ref(),
            self.client_key.as_ref(),
            None,
            &self.ciphers,
        );
        request.unredirected = self
            .unredirected_headers
            .iter()
            .map(|h| h.to_lowercase())
            .collect();
        request
            .headers
            .push(("User-Agent".into(), self.http_agent.clone()));
        if let Some(AnyDict(headers)) = &self.headers {
            for (name, value) in headers.text_entries() {
                request.headers.retain(|(k, _)| !k.eq_ignore_ascii_case(&name));
                request.headers.push((name, value.to_text()));
            }
        }
        request
    }

    fn fetch(&self, host: &mut Host<'_>, request: &Request, path: &Path) -> Result<Response, Failure> {
        let failed = |e: std::io::Error| Failure::new(format!("could not write {}: {e}", path.display()));
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .map_err(failed)?;
        send(host, request, &mut file)
    }

    /// Algorithm and digest that are wanted.
    fn wanted(&self, host: &mut Host<'_>, folder: &Path) -> Result<Option<(String, String)>, Failure> {
        if self.checksum.is_empty() {
            return Ok(None);
        }
        let format = "The checksum parameter has to be in format <algorithm>:<checksum>";
        let (algorithm, mut digest) = self
            .checksum
            .split_once(':')
            .map(|(a, d)| (a.trim().to_lowercase(), d.trim().to_owned()))
            .ok_or_else(|| Failure::new(format))?;
        if !["md5", "sha1", "sha224", "sha256", "sha384", "sha512"].contains(&algorithm.as_str()) {
            return Err(Failure::new(format!(
                "Could not hash file '{}' with algorithm '{algorithm}'.",
                self.dest.display()
            )));
        }
        if digest.contains("://") {
            let path = folder.join("digests");
            let response = self.fetch(host, &self.request(&digest), &path)?;
            if response.status != 200 {
                return Err(Failure::new("Request failed")
                    .with("status_code", response.status)
                    .with("url", digest)
                    .with("dest", text(&self.dest)));
            }
            let list = String::from_utf8_lossy(&host.read(&path)?).into_owned();
            let name = Url::parse(&self.url)
                .map(|u| decode(u.target.split('?').next().unwrap_or("")))
                .unwrap_or_default();
            let name = name.rsplit('/').next().unwrap_or("").to_owned();
            digest = digest_in(&list, &name).ok_or_else(|| {
                Failure::new(format!(
                    "Unable to find a checksum for file '{name}' in '{digest}'"
                ))
            })?;
        }
        let digest: String = digest
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
            .to_lowercase();
        if digest.is_empty() || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err("The checksum format is invalid".into());
        }
        Ok(Some((algorithm, digest)))
    }

    /// The file that is written: in a folder it is called as the server or the address says.
    fn target(&self, response: &Response) -> PathBuf {
        if !self.dest.is_dir() {
            return self.dest.clone();
        }
        let said = response
            .header("content-disposition")
            .and_then(|d| d.split_once("filename="))
            .map(|(_, n)| {
                let name = n.split(';').next().unwrap_or("").trim().trim_matches(['"', '\'']);
                name.rsplit('/').next().unwrap_or("").to_owned()
            });
        let named = || {
            let path = Url::parse(&self.url)
                .map(|u| decode(u.target.split('?').next().unwrap_or("")))
                .unwrap_or_default();
            path.rsplit('/').next().unwrap_or("").to_owned()
        };
        let name = said.filter(|n| !n.is_empty() && n != "..").unwrap_or_else(named);
        self.dest.join(if name.is_empty() {
            "index.html".to_owned()
        } else {
            name
        })
    }

    fn result(&self, started: Instant) -> Outcome {
        Outcome::new()
            .with("url", self.url.clone())
            .with("elapsed", started.elapsed().as_secs())
    }
}

impl Module for GetUrl {
    const META: Meta = Meta {
        name: "ansible.builtin.get_url",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "checksum_dest",
                doc: "SHA-1 of the old file.",
            },
            Return {
                name: "checksum_src",
                doc: "SHA-1 of what was fetched.",
            },
            Return {
                name: "dest",
                doc: "The file.",
            },
            Return {
                name: "status_code",
                doc: "The server's answer.",
            },
            Return {
                name: "url",
                doc: "The address.",
            },
        ],
        examples: &[Example {
            title: "A file with a digest",
            args: r#"{"url": "file://{dir}/a", "dest": "{dir}/b", "checksum": "sha1:a9993e364706816aba3e25717850c26c9cd0d89d"}"#,
            given: &[("a", "abc")],
            then: &[("b", "abc")],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let _ = self.decompress;
        if self.use_gssapi {
            return Err("Kerberos (use_gssapi) is not supported".into());
        }
        let started = Instant::now();
        let base = self.tmp_dest.clone().unwrap_or_else(std::env::temp_dir);
        if self.tmp_dest.is_some() && !base.is_dir() {
            let what = if base.exists() {
                "is a file but should be a directory."
            } else {
                "directory does not exist."
            };
            return Err(Failure::new(format!("{} {what}", base.display())));
        }
        let scratch = Scratch(crate::files::tempfile::make_folder(&base, "kdo.", "")?);
        let wanted = self.wanted(host, &scratch.0)?;
        let mut request = self.request(&self.url);
        let exists = self.dest.is_file();
        let mut modified = None;
        if exists && !self.force {
            if let Some((algorithm, digest)) = &wanted {
                if file_checksum(&self.dest, algorithm).as_ref() == Some(digest) {
                    let changed = host.apply(&self.dest, &self.attrs, true)?;
                    let message = if changed {
                        "file already exists but file attributes changed"
                    } else {
                        "file already exists"
                    };
                    let outcome = self
                        .result(started)
                        .with("dest", text(&self.dest))
                        .with("msg", message);
                    return Ok(outcome
                        .with("checksum_src", Value::None)
                        .with("checksum_dest", Value::None)
                        .changed(changed));
                }
            } else if let Ok(meta) = self.dest.metadata() {
                modified = Some(http_date(meta.mtime()));
            }
        }
        if let Some(date) = modified {
            request.headers.push(("If-Modified-Since".into(), date));
        } else {
            request.headers.push(("cache-control".into(), "no-cache".into()));
        }
        let temp = scratch.0.join("content");
        let failure = |f: Failure| f.with("url", self.url.as_str()).with("dest", text(&self.dest));
        let response = self.fetch(host, &request, &temp).map_err(|f| {
            let reason = f.message.clone();
            failure(f).with("status_code", -1_i64).with("response", reason)
        })?;
        let target = self.target(&response);
        let mut outcome = self.result(started).with("dest", text(&target));
        if response.status == 304 {
            let changed = host.apply(&target, &self.attrs, true)?;
            return Ok(outcome
                .with("status_code", 304_i64)
                .with("msg", "HTTP Error 304: Not Modified")
                .with("checksum_src", Value::None)
                .with("checksum_dest", Value::None)
                .changed(changed));
        }
        if response.status != 200 {
            return Err(failure(Failure::new("Request failed"))
                .with("status_code", response.status)
                .with(
                    "response",
                    format!("HTTP Error {}: {}", response.status, response.reason),
                )
                .with("elapsed", started.elapsed().as_secs()));
        }
        if let Some((algorithm, digest)) = &wanted {
            let is = file_checksum(&temp, algorithm).unwrap_or_default();
            if is != *digest {
                return Err(failure(Failure::new(format!(
                    "The checksum for {} did not match {digest}; it was {is}.",
                    temp.display()
                )))
                .with("status_code", response.status)
                .with("checksum_src", file_checksum(&temp, "sha1")));
            }
        }
        let size = temp.metadata().map_or(0, |m| m.len());
        let folder = target.parent().unwrap_or(Path::new("/"));
        if !folder.is_dir() {
            return Err(failure(Failure::new(format!(
                "Destination {} does not exist",
                folder.display()
            ))));
        }
        outcome = outcome
            .with("status_code", response.status)
            .with("src", text(&temp))
            .with("checksum_src", file_checksum(&temp, "sha1"))
            .with("checksum_dest", file_checksum(&target, "sha1"))
            .with("md5sum", file_checksum(&temp, "md5"))
            .with(
                "msg",
                match response.header("content-length") {
                    Some(length) => format!("OK ({length} bytes)"),
                    None if self.url.starts_with("file:") => format!("OK ({size} bytes)"),
                    None => "OK (unknown bytes)".to_owned(),
                },
            );
        let save = Save {
            backup: self.backup,
            validate: None,
            unsafe_writes: self.unsafe_writes,
        };
        let done = host.install(&target, &Source::File(temp), &self.url, &save, &self.attrs, true)?;
        if let Some(backup) = done.backup_file {
            outcome = outcome.with("backup_file", text(&backup));
        }
        Ok(outcome.changed(done.changed))
    }
}

#[cfg(test)]
mod tests {
    use super::{digest_in, http_date};

    #[test]
    fn dates_and_digests_are_as_on_the_web() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(1_709_164_800), "Thu, 29 Feb 2024 00:00:00 GMT");
        let list = "aa  other\nbb *x.tgz\nSHA256 (y.tgz) = cc\n";
        assert_eq!(digest_in(list, "x.tgz").as_deref(), Some("bb"));
        assert_eq!(digest_in(list, "y.tgz").as_deref(), Some("cc"));
        assert_eq!(digest_in(list, "z"), None);
        assert_eq!(digest_in("dd\n", "z").as_deref(), Some("dd"));
    }
}
