//! An archive to a Galaxy server, and the wait for what the server makes of it.

use super::{Overrides, galaxy::Galaxy, galaxy_v3, multipart::Multipart};
use crate::{
    Call, Cause, Digest, Failure, Package, Result, Store, Version, archive_name, auth::absolute, http,
    publish::taken,
};
use kdo_config::Config;
use kdo_value::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};
use ureq::http::Method;

const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long, and how often, a server is asked what becomes of what it took.
pub(super) struct Importing {
    pub(super) wait: bool,
    longest: Duration,
    pace: Pace,
}

impl Importing {
    pub(super) fn new(config: &Config, overrides: &Overrides) -> Self {
        let number = |name: &str, default: f64| config.float(name).filter(|n| *n > 0.0).unwrap_or(default);
        Self {
            wait: !overrides.no_wait,
            longest: overrides.import_timeout.unwrap_or(Duration::from_secs(30 * 60)),
            pace: Pace {
                first: Duration::try_from_secs_f64(number("galaxy_collection_import_poll_interval", 2.0))
                    .unwrap_or(LONGEST_PAUSE),
                factor: number("galaxy_collection_import_poll_factor", 1.5).max(1.0),
                longest: LONGEST_PAUSE,
            },
        }
    }

    /// Asks until there is an answer, less and less often; none if it takes too long.
    pub(super) fn poll<T>(
        &self,
        pace: Pace,
        mut ask: impl FnMut() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let (begin, mut pause) = (Instant::now(), pace.first);
        while begin.elapsed() < self.longest {
            if let Some(answer) = ask()? {
                return Ok(Some(answer));
            }
            thread::sleep(pause);
            pause = pause.mul_f64(pace.factor).min(pace.longest);
        }
        Ok(None)
    }
}

/// How often a server is asked.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) first: Duration,
    pub(super) factor: f64,
    pub(super) longest: Duration,
}

/// What is uploaded.
#[derive(Clone, Copy)]
pub(super) struct Upload<'a> {
    pub(super) package: &'a Package,
    pub(super) version: &'a Version,
    pub(super) archive: &'a Digest,
    pub(super) store: &'a Store,
}

impl Upload<'_> {
    /// The form with the archive.
    pub(super) fn form(&self) -> Result<Multipart> {
        let name = archive_name(self.package, self.version);
        Multipart::of_archive(
            &[("sha256", &self.archive.hex())],
            &name,
            self.archive,
            self.store,
        )
    }

    /// Refuses what is there on a server with another hash.
    pub(super) fn must_be_same(&self, there: &str, server: &str) -> Result<()> {
        let ours = self.archive.to_string();
        if there == ours {
            return Ok(());
        }
        let place = format!("{server} {}:{}", self.package, self.version);
        Err(taken(&place, there, &ours))
    }
}

impl Galaxy {
    /// Uploads the archive of a package; false if the server has it already.
    pub(super) fn upload(&self, upload: Upload<'_>, importing: &Importing) -> Result<bool> {
        if upload.package.is_role() {
            self.upload_role(upload, importing)
        } else {
            self.upload_collection(upload, importing)
        }
    }

    /// Not every server refuses a version that is there with other content, so that it is looked for before and
    /// compared after.
    fn upload_collection(&self, upload: Upload<'_>, importing: &Importing) -> Result<bool> {
        let Upload { package, version, .. } = upload;
        let same = |there: &Digest| upload.must_be_same(&there.to_string(), &self.server.name);
        let v3 = self.v3()?.ok_or_else(|| {
            Failure::server(format!(
                "{} takes no collections: it has no interface v3",
                self.server.name
            ))
        })?;
        if let Some(there) = self.published(package, version)? {
            return same(&there).map(|()| false);
        }
        let url = format!("{v3}artifacts/collections/");
        let told = self.post_form(&url, &upload.form()?)?;
        let task = told.get("task").and_then(|t| t.as_str().map(str::to_owned));
        let task = task.ok_or_else(|| Failure::server(format!("{url}: the answer names no task")))?;
        if !importing.wait {
            return Ok(true);
        }
        self.wait(v3, &absolute(&url, &task), importing)?;
        match self.published(package, version)? {
            Some(there) => same(&there).map(|()| true),
            None => Err(Failure::server(format!(
                "{} took {package} {version} and does not show it: somebody may have to approve it there",
                self.server.name
            ))),
        }
    }

    /// The answer to a form.
    pub(super) fn post_form(&self, url: &str, form: &Multipart) -> Result<Value> {
        self.post(url, |call| {
            call.headers.push(("Content-Type", form.content_type.clone()));
            call.file = Some(form.body.path());
        })
    }

    /// The answer to what is posted.
    pub(super) fn post<'a>(&'a self, url: &'a str, fill: impl FnOnce(&mut Call<'a>)) -> Result<Value> {
        self.send(Method::POST, url, fill)
    }

    /// The answer to a call that must succeed.
    pub(super) fn send<'a>(
        &'a self,
        method: Method,
        url: &'a str,
        fill: impl FnOnce(&mut Call<'a>),
    ) -> Result<Value> {
        let mut call = Call::get(url, self.server.auth.as_deref());
        call.method = method;
        fill(&mut call);
        let answer = self.http.call(&call)?;
        if !answer.status().is_success() {
            return Err(http::refused(answer, url));
        }
        json::read(&http::text(answer, url)?).map_err(Failure::server)
    }

    fn published(&self, package: &Package, version: &Version) -> Result<Option<Digest>> {
        match galaxy_v3::release(self, package, version) {
            Ok(release) => release.artifact.digest.map(Some).ok_or_else(|| {
                Failure::server(format!("{}: {package} {version} has no hash", self.server.name))
            }),
            Err(failure) if failure.cause == Cause::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Waits for the end of an import.
    fn wait(&self, v3: &str, task: &str, importing: &Importing) -> Result<()> {
        let id = task.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let url = format!("{v3}imports/collections/{id}/");
        let text = |value: &Value, key: &str| value.get(key).filter(|v| !v.is_none()).map(|v| v.to_text());
        let ended = importing.poll(importing.pace, || {
            // There is none as long as it waits for its turn.
            let import = self.page(&url)?.unwrap_or(Value::None);
            if text(&import, "finished_at").is_none() {
                return Ok(None);
            }
            if text(&import, "state").as_deref() != Some("failed") {
                return Ok(Some(()));
            }
            let error = import.get("error").unwrap_or(Value::None);
            let why = text(&error, "description").unwrap_or_else(|| "it does not say why".to_owned());
            Err(Failure::server(format!(
                "{}: the import failed: {why}",
                self.server.name
            )))
        })?;
        ended.ok_or_else(|| {
            Failure::server(format!(
                "{}: the import goes on for too long; see {url}",
                self.server.name
            ))
        })
    }
}
