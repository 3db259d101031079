//! A registry on the network, by the distribution specification of OCI.

use super::{
    MOST_MANIFEST, Payload, Registry,
    challenge::Challenge,
    credentials::{Credentials, Secret},
    image::{Descriptor, INDEX, Image, MANIFEST, index_bytes, index_entries},
    token::is_loopback,
};
use crate::{
    Auth, Call, Cause, Digest, Failure, Http, Result, Store,
    auth::{absolute, encode, origin},
    http::{refused, text},
};
use kdo_value::json;
use std::{
    collections::HashMap,
    io::Read,
    sync::{Arc, Mutex, OnceLock},
    thread::sleep,
    time::Duration,
};
use ureq::{
    Body,
    http::{HeaderValue, Method, Response},
};

/// Pages of tags that are read at most.
const MOST_PAGES: usize = 1000;
/// Times that an upload is begun, or a manifest read or written.
const ATTEMPTS: u32 = 4;
/// A pause, growing with the attempts, where a registry has written half of the same bytes for somebody else: Docker's
/// says then that they are not what their digest says.
const UNFINISHED: Duration = Duration::from_millis(200);
/// Much longer than it takes to put a manifest after a look at what is there.
const SETTLING: Duration = Duration::from_millis(500);

/// The registry of a host.
pub(crate) struct Remote {
    pub(super) host: String,
    plain: bool,
    pub(super) http: Http,
    pub(super) credentials: Credentials,
    base: OnceLock<String>,
    /// Who we are, by the scope it was asked for.
    known: Mutex<HashMap<String, Arc<Auth>>>,
}

/// What a call is about.
#[derive(Clone, Copy)]
enum Access {
    Pull,
    Push,
}

impl Remote {
    pub(crate) fn new(host: &str, plain: bool, http: Http, credentials: Credentials) -> Self {
        Self {
            host: host.to_owned(),
            plain,
            http,
            credentials,
            base: OnceLock::new(),
            known: Mutex::default(),
        }
    }

    /// `scheme://host`. Without encryption only where the user asks for it, or the registry is on this machine and
    /// speaks nothing else: credentials are not sent to find out.
    pub(super) fn base(&self) -> &str {
        self.base.get_or_init(|| {
            // The name by which the registry of Docker is known has no interface.
            let host = match self.host.as_str() {
                "docker.io" | "index.docker.io" => "registry-1.docker.io",
                host => host,
            };
            let plain = format!("http://{host}");
            let speaks = || {
                let url = format!("{plain}/v2/");
                let answer = self.http.call(&Call::get(&url, None));
                answer.is_ok_and(|a| matches!(a.status().as_u16(), 200 | 401))
            };
            if self.plain || is_loopback(host) && speaks() {
                plain
            } else {
                format!("https://{host}")
            }
        })
    }

    fn url(&self, rest: &str) -> String {
        format!("{}/v2/{rest}", self.base())
    }

    /// Whether the registry lets us in.
    pub(crate) fn check(&self) -> Result<()> {
        let url = self.url("");
        let answer = self.ask(&Call::get(&url, None), "", Access::Pull)?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(refused(answer, &url))
    }

    /// An answer, after saying who we are where that is asked for.
    fn ask(&self, call: &Call<'_>, repository: &str, access: Access) -> Result<Response<Body>> {
        let wanted = match access {
            _ if repository.is_empty() => String::new(),
            Access::Pull => format!("repository:{repository}:pull"),
            Access::Push => format!("repository:{repository}:pull,push"),
        };
        let auth = self.known(&wanted)?;
        let answer = self.http.call(&Call {
            auth: auth.as_deref(),
            ..call.clone()
        })?;
        if answer.status().as_u16() != 401 || origin(call.url) != origin(self.base()) {
            return Ok(answer);
        }
        let headers = answer.headers().get_all("WWW-Authenticate");
        let mut challenges = headers.iter().filter_map(|h| Challenge::parse(h.to_str().ok()?));
        let Some(challenge) = challenges.next() else {
            return Ok(answer);
        };
        // A server with one worker may serve nobody else as long as this connection is open.
        drop(answer);
        let secret = self.credentials.of(&self.host, repository)?;
        let auth = match challenge {
            Challenge::Basic => match &secret {
                Some(Secret::Password { user, password }) => Auth::basic(self.base(), user, password),
                _ => return Err(self.unknown(None)),
            },
            Challenge::Bearer {
                realm,
                service,
                scope,
            } => {
                let scope = if wanted.is_empty() {
                    scope
                } else {
                    Some(wanted.clone())
                };
                let token = self.token(&realm, service.as_deref(), scope.as_deref(), secret.as_ref())?;
                Auth::bearer(self.base(), &token)
            }
        };
        let auth = Arc::new(auth);
        self.lock()?.insert(wanted, auth.clone());
        let answer = self.http.call(&Call {
            auth: Some(&auth),
            ..call.clone()
        })?;
        let headers = answer.headers().get_all("WWW-Authenticate");
        let narrow = |h: &HeaderValue| h.to_str().is_ok_and(|h| h.contains("insufficient_scope"));
        match answer.status().as_u16() {
            // Who asks is known, and gets a token for less.
            401 if secret.is_none() || !headers.iter().any(narrow) => Err(self.unknown(secret.as_ref())),
            401 | 403 => Err(refused(answer, call.url).help(format!(
                "this user may not do that with {repository:?} on {}",
                self.host
            ))),
            _ => Ok(answer),
        }
    }

    fn known(&self, scope: &str) -> Result<Option<Arc<Auth>>> {
        Ok(self.lock()?.get(scope).cloned())
    }

    fn lock(&self) -> Result<std::sync::MutexGuard<'_, HashMap<String, Arc<Auth>>>> {
        self.known
            .lock()
            .map_err(|_| Failure::server("an earlier request failed"))
    }

    /// One attempt to upload a blob whole; gives what went wrong where another may do better.
    fn upload(&self, repository: &str, digest: &Digest, payload: &Payload<'_>) -> Result<Option<Failure>> {
        let start = self.url(&format!("{repository}/blobs/uploads/"));
        let mut call = Call::get(&start, None);
        call.method = Method::POST;
        call.body = Some(&[]);
        let answer = self.ask(&call, repository, Access::Push)?;
        let place = answer.headers().get("Location").and_then(|l| l.to_str().ok());
        let Some(place) = place
            .map(|p| absolute(&start, p))
            .filter(|_| answer.status() == 202)
        else {
            return Err(refused(answer, &start));
        };
        let mark = if place.contains('?') { '&' } else { '?' };
        let url = format!("{place}{mark}digest={}", encode(&digest.to_string()));
        let mut call = Call::get(&url, None);
        call.method = Method::PUT;
        call.headers
            .push(("Content-Type", "application/octet-stream".to_owned()));
        match payload {
            Payload::Bytes(bytes) => call.body = Some(bytes),
            Payload::File(path) => call.file = Some(path),
        }
        let answer = self.ask(&call, repository, Access::Push)?;
        match answer.status().as_u16() {
            201 => Ok(None),
            // The place for an upload is gone once the connection broke: a new one is asked for.
            400 | 404 => Ok(Some(refused(answer, &start))),
            _ => Err(refused(answer, &start)),
        }
    }

    /// Registries without an interface for it keep the artifacts about another one in an index under a tag. Who writes
    /// it while we do may overwrite ours.
    fn list_referrer(&self, repository: &str, subject: &Digest, about: &Descriptor) -> Result<()> {
        let tag = fallback_tag(subject);
        let mut entries = self.fallback(repository, &tag)?;
        if entries.iter().any(|e| e.digest == about.digest) {
            return Ok(());
        }
        entries.push(about.clone());
        entries.sort_by_key(|e| e.digest);
        self.put(repository, &tag, INDEX, &index_bytes(&entries))?;
        Ok(())
    }

    fn fallback(&self, repository: &str, tag: &str) -> Result<Vec<Descriptor>> {
        let bytes = self.manifest(repository, tag)?;
        bytes.map_or_else(|| Ok(Vec::new()), |b| index_entries(&b))
    }

    fn read_manifest(&self, repository: &str, reference: &str) -> Result<Option<Vec<u8>>> {
        let url = self.url(&format!("{repository}/manifests/{reference}"));
        let mut call = Call::get(&url, None);
        call.headers.push(("Accept", format!("{MANIFEST}, {INDEX}")));
        let answer = self.ask(&call, repository, Access::Pull)?;
        match answer.status().as_u16() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(refused(answer, &url)),
        }
        let announced = answer
            .headers()
            .get("Docker-Content-Digest")
            .and_then(|d| d.to_str().ok()?.parse().ok());
        let announced: Option<String> = announced;
        let mut bytes = Vec::new();
        let mut body = answer.into_body().into_reader().take(MOST_MANIFEST + 1);
        body.read_to_end(&mut bytes)
            .map_err(|e| Failure::server(format!("{url}: {e}")))?;
        let found = Digest::of(&bytes);
        let wanted = Digest::parse(reference)
            .ok()
            .filter(|_| reference.starts_with("sha256:"));
        let announced = announced.and_then(|d| Digest::parse(&d).ok());
        if let Some(other) = wanted.or(announced).filter(|d| *d != found) {
            return Err(Failure::mismatch(format!(
                "{url}: the manifest has another hash than announced: {found} instead of {other}"
            )));
        }
        Ok(Some(bytes))
    }

    fn put(&self, repository: &str, reference: &str, media_type: &str, bytes: &[u8]) -> Result<bool> {
        let url = self.url(&format!("{repository}/manifests/{reference}"));
        let mut call = Call::get(&url, None);
        call.method = Method::PUT;
        call.headers.push(("Content-Type", media_type.to_owned()));
        call.body = Some(bytes);
        let mut attempt = 1;
        loop {
            let answer = self.ask(&call, repository, Access::Push)?;
            match answer.status().as_u16() {
                201 => return Ok(answer.headers().contains_key("OCI-Subject")),
                400 if attempt < ATTEMPTS => sleep(UNFINISHED * attempt),
                _ => return Err(refused(answer, &url)),
            }
            attempt += 1;
        }
    }
}

impl Registry for Remote {
    fn tags(&self, repository: &str) -> Result<Vec<String>> {
        let mut next = Some(self.url(&format!("{repository}/tags/list?n=1000")));
        let mut tags = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(url) = next.take() else { break };
            let answer = self.ask(&Call::get(&url, None), repository, Access::Pull)?;
            match answer.status().as_u16() {
                200 => {}
                404 => break,
                _ => return Err(refused(answer, &url)),
            }
            let link = answer.headers().get("Link").and_then(|l| l.to_str().ok());
            next = link.and_then(next_page).map(|l| absolute(&url, &l));
            let page = json::read(&text(answer, &url)?)
                .map_err(|e| Failure::server(format!("{url}: this is no JSON: {e}")))?;
            let list = page.get("tags").and_then(|t| t.as_sequence()).unwrap_or_default();
            tags.extend(list.iter().filter_map(|t| t.as_str().map(str::to_owned)));
        }
        Ok(tags)
    }

    fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Vec<u8>>> {
        let mut attempt = 1;
        loop {
            match self.read_manifest(repository, reference) {
                Err(failure) if failure.cause == Cause::Mismatch && attempt < ATTEMPTS => {
                    sleep(UNFINISHED * attempt);
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    fn blob(&self, repository: &str, blob: &Descriptor, store: &Store) -> Result<()> {
        if store.get(&blob.digest)?.is_some() {
            return Ok(());
        }
        let url = self.url(&format!("{repository}/blobs/{}", blob.digest));
        let scope = format!("repository:{repository}:pull");
        let fetch = |auth: Option<&Auth>| self.http.download(&url, auth, store, Some(&blob.digest));
        match fetch(self.known(&scope)?.as_deref()) {
            // A token ends; or nothing was asked of this repository yet.
            Err(failure) if failure.cause == Cause::Server => {
                let mut call = Call::get(&url, None);
                call.method = Method::HEAD;
                self.ask(&call, repository, Access::Pull)?;
                fetch(self.known(&scope)?.as_deref())
            }
            other => other,
        }?;
        Ok(())
    }

    fn referrers(&self, repository: &str, subject: &Digest) -> Result<Vec<Descriptor>> {
        let url = self.url(&format!("{repository}/referrers/{subject}"));
        let answer = self.ask(&Call::get(&url, None), repository, Access::Pull)?;
        if answer.status().as_u16() == 200 {
            return index_entries(text(answer, &url)?.as_bytes());
        }
        drop(answer);
        self.fallback(repository, &fallback_tag(subject))
    }

    fn put_blob(&self, repository: &str, digest: &Digest, payload: &Payload<'_>) -> Result<()> {
        let url = self.url(&format!("{repository}/blobs/{digest}"));
        let mut call = Call::get(&url, None);
        call.method = Method::HEAD;
        if self.ask(&call, repository, Access::Push)?.status().is_success() {
            return Ok(());
        }
        let mut attempt = 1;
        loop {
            match self.upload(repository, digest, payload)? {
                None => return Ok(()),
                Some(failure) if attempt == ATTEMPTS => return Err(failure),
                Some(_) => sleep(UNFINISHED * attempt),
            }
            attempt += 1;
        }
    }

    fn put_manifest(&self, repository: &str, tag: Option<&str>, manifest: &[u8]) -> Result<()> {
        let digest = Digest::of(manifest);
        let reference = tag.map_or_else(|| digest.to_string(), str::to_owned);
        let understood = self.put(repository, &reference, MANIFEST, manifest)?;
        let image = Image::parse(manifest)?;
        if let Some(subject) = image.subject.as_ref().filter(|_| !understood) {
            let mut about = Descriptor::of_bytes(MANIFEST, manifest);
            about.artifact_type = image.artifact_type.clone();
            about.annotations = image.annotations.clone();
            self.list_referrer(repository, &subject.digest, &about)?;
        }
        Ok(())
    }

    fn settling(&self) -> Duration {
        SETTLING
    }
}

/// The tag for artifacts about another one.
fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

/// `<URL>; rel="next"`
fn next_page(link: &str) -> Option<String> {
    let (url, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    rest.contains("next").then(|| url.to_owned())
}
