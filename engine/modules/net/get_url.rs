//! `get_url`: files from the web.

use super::{
    get_url_checksum::{clean, digest_in},
    http::{Request, Response, send},
    http_date,
    http_params::Talk,
    url::{Url, masked},
};
use crate::{
    files::{file_text as text, install::Source, stat::file_checksum},
    host::Scratch,
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
/// A file that is there is fetched again only when the server says that it is newer, or when its checksum is wrong. In
/// check mode only the answer's head is asked for, so a file that would be fetched counts as changed.
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
    /// Keep a copy of the old file.
    #[param(default = false)]
    backup: bool,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    talk: Talk,
    #[param(flatten)]
    attrs: FileAttrs,
}

/// Algorithm and digest.
type Checksum = (String, String);

/// Says of a failure what the result says anyway.
fn with_result(failure: Failure, result: &Map) -> Failure {
    for (key, value) in result.text_entries() {
        failure.values.insert(key, value);
    }
    failure
}

/// The name that the server gives the file.
pub(super) fn given_name(response: &Response) -> Option<String> {
    let field = response.header("content-disposition")?.split(';').skip(1);
    let mut fields = field.filter_map(|f| f.split_once('='));
    let (_, name) = fields.find(|(key, _)| key.trim().eq_ignore_ascii_case("filename"))?;
    let name = name.trim().trim_matches('"');
    let name = name.rsplit('/').next().unwrap_or_default();
    (!name.is_empty() && !matches!(name, "." | "..")).then(|| name.to_owned())
}

fn name_in(url: &str) -> String {
    let path = Url::parse(url).map(|u| u.path().to_owned()).unwrap_or_default();
    match path.rsplit('/').next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => "index.html".to_owned(),
    }
}

impl GetUrl {
    fn request(&self, url: &str) -> Result<Request, Failure> {
        let headers = self.headers.as_ref().map(|h| &h.0);
        let (user, password) = (self.url_username.as_ref(), self.url_password.as_ref());
        let mut request = self.talk.request(url, user, password, headers)?;
        request.timeout = Duration::from_secs(self.timeout.max(1));
        Ok(request)
    }

    /// Fetches an address into a file; anything but success is a failure.
    fn fetch(&self, host: &mut Host<'_>, request: &Request, path: &Path) -> Result<Response, Failure> {
        let started = Instant::now();
        let response = send(host, request, path)?;
        let failure = |message: &str| {
            Failure::new(message)
                .with("url", masked(&request.url))
                .with("dest", text(&self.dest))
                .with("elapsed", started.elapsed().as_secs())
        };
        match response.status {
            200 | 304 => Ok(response),
            -1 => Err(failure(&response.message())),
            status => Err(failure("Request failed")
                .with("status_code", status)
                .with("response", response.message())),
        }
    }

    /// The checksum that is wanted.
    fn wanted(&self, host: &mut Host<'_>, scratch: &Path, result: &Map) -> Result<Option<Checksum>, Failure> {
        if self.checksum.is_empty() {
            return Ok(None);
        }
        let failure = |message: &str| with_result(Failure::new(message), result);
        let (algorithm, digest) = self
            .checksum
            .split_once(':')
            .ok_or_else(|| failure("The checksum parameter has to be in format <algorithm>:<checksum>"))?;
        let mut digest = digest.to_owned();
        if Url::parse(&digest).is_some_and(|u| ["http", "https", "ftp", "file"].contains(&&*u.scheme)) {
            let path = scratch.join("digests");
            self.fetch(host, &self.request(&digest)?, &path)?;
            let list = String::from_utf8_lossy(&host.read(&path)?).into_owned();
            let name = name_in(&self.url);
            digest = digest_in(&list, &name).map(str::to_owned).ok_or_else(|| {
                let list = masked(&digest);
                Failure::new(format!("Unable to find a checksum for file '{name}' in '{list}'"))
            })?;
        }
        let digest = clean(&digest).ok_or_else(|| failure("The checksum format is invalid"))?;
        Ok(Some((algorithm.to_owned(), digest)))
    }

    /// The digest of a file; an unknown algorithm is a failure.
    fn digest(path: &Path, algorithm: &str) -> Result<String, Failure> {
        let name = algorithm.to_lowercase();
        let known = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"].contains(&name.as_str());
        let digest = file_checksum(path, &name).filter(|_| known);
        digest.ok_or_else(|| {
            let path = path.display();
            Failure::new(format!(
                "Could not hash file '{path}' with algorithm '{algorithm}'."
            ))
        })
    }

    /// Whether the file that is there already has the checksum.
    fn is_there(&self, wanted: Option<&Checksum>) -> Result<bool, Failure> {
        match wanted {
            Some((algorithm, digest)) if !self.talk.force => {
                Ok(Self::digest(&self.dest, algorithm)? == *digest)
            }
            _ => Ok(false),
        }
    }

    /// The request for the file, as what is there wants it.
    fn request_for(
        &self,
        there: Option<&fs::Metadata>,
        wanted: bool,
        check: bool,
    ) -> Result<Request, Failure> {
        let mut request = self.request(&self.url)?;
        if check {
            request.method = "HEAD".into();
        }
        if let Some(there) = there.filter(|_| !self.talk.force) {
            // What has the wrong checksum is fetched however new it is.
            let (name, value) = match wanted {
                true => ("Cache-Control", "no-cache".to_owned()),
                false => ("If-Modified-Since", http_date::write(there.mtime())),
            };
            if !request.has(name) {
                request.set(name, value);
            }
        }
        Ok(request)
    }

    fn scratch(&self) -> Result<Scratch, Failure> {
        match self.tmp_dest.as_ref().filter(|d| !d.as_os_str().is_empty()) {
            None => Scratch::new(),
            Some(base) if base.is_dir() => Scratch::below(base),
            Some(base) => {
                let what = if base.exists() {
                    "is a file but should be a directory."
                } else {
                    "directory does not exist."
                };
                Err(Failure::new(format!("{} {what}", base.display())).with("elapsed", 0_i64))
            }
        }
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
                name: "backup_file",
                doc: "The copy of the old file.",
            },
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
                name: "elapsed",
                doc: "Seconds that it took.",
            },
            Return::GID,
            Return::GROUP,
            Return {
                name: "md5sum",
                doc: "MD5 of the file.",
            },
            Return::MODE,
            Return {
                name: "msg",
                doc: "How it went.",
            },
            Return::OWNER,
            Return {
                name: "secontext",
                doc: "Its SELinux context, where SELinux is on.",
            },
            Return {
                name: "size",
                doc: "Its length in bytes.",
            },
            Return {
                name: "src",
                doc: "The temporary file.",
            },
            Return {
                name: "state",
                doc: "What it is: `file`.",
            },
            Return {
                name: "status_code",
                doc: "The server's answer.",
            },
            Return::UID,
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
        let result = Map::new();
        result.insert("checksum_dest", Value::None);
        result.insert("checksum_src", Value::None);
        result.insert("dest", text(&self.dest));
        result.insert("elapsed", 0_i64);
        result.insert("url", masked(&self.url));
        let scratch = self.scratch()?;
        let wanted = self.wanted(host, scratch.path(), &result)?;
        let there = fs::metadata(&self.dest).ok().filter(|m| !m.is_dir());
        if there.is_some() && self.is_there(wanted.as_ref())? {
            let changed = host.apply(&self.dest, &self.attrs, true)?;
            let but = if changed {
                " but file attributes changed"
            } else {
                ""
            };
            result.insert("msg", format!("file already exists{but}"));
            return Ok(Outcome::from(result).changed(changed));
        }
        let request = self.request_for(there.as_ref(), wanted.is_some(), host.check())?;
        let started = Instant::now();
        let temp = scratch.join("content");
        let response = self.fetch(host, &request, &temp)?;
        let elapsed = started.elapsed().as_secs();
        if response.status == 304 {
            let outcome = Outcome::new()
                .with("url", masked(&self.url))
                .with("dest", text(&self.dest))
                .with("msg", response.message())
                .with("status_code", response.status)
                .with("elapsed", elapsed);
            return Ok(outcome.changed(false));
        }
        result.insert("elapsed", elapsed);
        result.insert("src", text(&temp));
        let dest = if self.dest.is_dir() {
            let name = given_name(&response).unwrap_or_else(|| name_in(&response.url));
            let dest = self.dest.join(name);
            result.insert("dest", text(&dest));
            dest
        } else {
            self.dest.clone()
        };
        result.insert("checksum_src", file_checksum(&temp, "sha1"));
        let folder = match dest.parent() {
            Some(parent) if !text(&dest).ends_with('/') => parent,
            _ => &dest,
        };
        if dest.exists() {
            result.insert("checksum_dest", file_checksum(&dest, "sha1"));
        } else if !folder.exists() {
            let message = format!("Destination {} does not exist", folder.display());
            return Err(with_result(Failure::new(message), &result));
        }
        result.insert("msg", response.message());
        if host.check() {
            let changed = result.get("checksum_src") != result.get("checksum_dest");
            return Ok(Outcome::from(result).changed(changed));
        }
        if let Some((algorithm, digest)) = &wanted {
            let is = Self::digest(&temp, algorithm)?;
            if is != *digest {
                let message = format!(
                    "The checksum for {} did not match {digest}; it was {is}.",
                    temp.display()
                );
                result.remove("msg");
                return Err(with_result(Failure::new(message), &result));
            }
        }
        let save = Save {
            backup: self.backup,
            validate: None,
            unsafe_writes: self.unsafe_writes,
        };
        // A link is replaced, unless it leads to the same content.
        let same = result.get("checksum_src") == result.get("checksum_dest");
        let done = host.install(&dest, &Source::File(temp), &self.url, &save, &self.attrs, same)?;
        result.insert(
            "status_code",
            if self.url.starts_with("file:") {
                Value::None
            } else {
                response.status.into()
            },
        );
        result.insert("md5sum", file_checksum(&dest, "md5"));
        if let Some(backup) = done.backup_file {
            result.insert("backup_file", text(&backup));
        }
        Ok(Outcome::from(result).changed(done.changed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Response, given_name, name_in};

    #[test]
    fn files_in_folders_are_called_as_the_server_or_the_address_says() {
        let name = |value: &str| {
            let mut response = Response::default();
            response
                .headers
                .push(("content-disposition".into(), value.into()));
            given_name(&response)
        };
        assert_eq!(
            name("attachment; FileName=\"a b.tar\"; x=1").as_deref(),
            Some("a b.tar")
        );
        assert_eq!(name("attachment; filename=../../evil").as_deref(), Some("evil"));
        assert_eq!(name("attachment; filename=\"..\""), None);
        assert_eq!(name("inline"), None);
        assert_eq!(name_in("http://a/b/c.tgz?d/e"), "c.tgz");
        assert_eq!(name_in("http://a/b/"), "index.html");
    }
}
