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
    pub(super) longest: Duration,
    pause: Duration,
    factor: f64,
}

impl Importing {
    pub(super) fn new(config: &Config, overrides: &Overrides) -> Self {
        let number = |name: &str, default: f64| config.float(name).filter(|n| *n > 0.0).unwrap_or(default);
        Self {
            wait: !overrides.no_wait,
            longest: overrides.import_timeout.unwrap_or(Duration::from_secs(30 * 60)),
            pause: Duration::try_from_secs_f64(number("galaxy_collection_import_poll_interval", 2.0))
                .unwrap_or(LONGEST_PAUSE),
            factor: number("galaxy_collection_import_poll_factor", 1.5).max(1.0),
        }
    }
}

impl Galaxy {
    /// Uploads the archive of a package; false if the server has it already.
    pub(super) fn upload(
        &self,
        package: &Package,
        version: &Version,
        archive: &Digest,
        store: &Store,
        importing: &Importing,
    ) -> Result<bool> {
        if package.is_role() {
            self.upload_role(package, version, archive, store, importing)
        } else {
            self.upload_collection(package, version, archive, store, importing)
        }
    }

    /// Not every server refuses a version that is there with other content, so that it is looked for before and
    /// compared after.
    fn upload_collection(
        &self,
        package: &Package,
        version: &Version,
        archive: &Digest,
        store: &Store,
        importing: &Importing,
    ) -> Result<bool> {
        let v3 = self.v3()?.ok_or_else(|| {
            Failure::server(format!(
                "{} takes no collections: it has no interface v3",
                self.server.name
            ))
        })?;
        if let Some(there) = self.published(package, version)? {
            return self.same(&there, archive, package, version).map(|()| false);
        }
        let url = format!("{v3}artifacts/collections/");
        let form = Multipart::of_archive(
            &[("sha256", &archive.hex())],
            &archive_name(package, version),
            archive,
            store,
        )?;
        let told = self.post_form(&url, &form)?;
        let task = told.get("task").and_then(|t| t.as_str().map(str::to_owned));
        let task = task.ok_or_else(|| Failure::server(format!("{url}: the answer names no task")))?;
        if !importing.wait {
            return Ok(true);
        }
        self.wait(v3, &absolute(&url, &task), importing)?;
        match self.published(package, version)? {
            Some(there) => self.same(&there, archive, package, version).map(|()| true),
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
        let mut call = Call::get(url, self.server.auth.as_deref());
        call.method = Method::POST;
        fill(&mut call);
        let answer = self.http.call(&call)?;
        if !answer.status().is_success() {
            return Err(http::refused(answer, url));
        }
        json::read(&http::text(answer, url)?).map_err(Failure::server)
    }

    fn same(&self, there: &Digest, ours: &Digest, package: &Package, version: &Version) -> Result<()> {
        if there == ours {
            return Ok(());
        }
        let place = format!("{} {package}:{version}", self.server.name);
        Err(taken(&place, &there.to_string(), &ours.to_string()))
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
        let (begin, mut pause) = (Instant::now(), importing.pause);
        while begin.elapsed() < importing.longest {
            // There is none as long as it waits for its turn.
            let import = self.page(&url)?.unwrap_or(Value::None);
            let text =
                |value: &Value, key: &str| value.get(key).filter(|v| !v.is_none()).map(|v| v.to_text());
            if text(&import, "finished_at").is_some() {
                if text(&import, "state").as_deref() != Some("failed") {
                    return Ok(());
                }
                let error = import.get("error").unwrap_or(Value::None);
                let why = text(&error, "description").unwrap_or_else(|| "it does not say why".to_owned());
                return Err(Failure::server(format!(
                    "{}: the import failed: {why}",
                    self.server.name
                )));
            }
            thread::sleep(pause);
            pause = pause.mul_f64(importing.factor).min(LONGEST_PAUSE);
        }
        Err(Failure::server(format!(
            "{}: the import goes on for too long; see {url}",
            self.server.name
        )))
    }
}
