//! Roles to pulp_ansible. The interface of Galaxy takes no role, it imports them from GitHub; pulp's own takes them,
//! and serves them by that of Galaxy.

use super::{
    galaxy::Galaxy,
    galaxy_upload::{Importing, Pace, Upload},
};
use crate::{
    Digest, Failure, Result,
    auth::{absolute, encode},
    http,
};
use kdo_value::{Map, Value, json};
use std::time::Duration;

/// What stands before the path of a distribution in the URL of a Galaxy server that is pulp.
const SERVED: &str = "/pulp_ansible/galaxy/";
const PACE: Pace = Pace {
    first: Duration::from_millis(200),
    factor: 1.5,
    longest: Duration::from_secs(10),
};

/// The interface of pulp, and what it serves at our URL.
struct Pulp<'a> {
    galaxy: &'a Galaxy,
    /// `https://HOST/pulp/api/v3/`, with the domain where there are any.
    api: String,
    /// The path of the distribution.
    path: String,
}

impl Galaxy {
    /// Uploads the archive of a role to pulp; false if it is there already.
    pub(super) fn upload_role(&self, upload: Upload<'_>, importing: &Importing) -> Result<bool> {
        let Upload { package, version, .. } = upload;
        let names = package.namespace().zip(Some(package.short()));
        let (namespace, name) = names.filter(|(_, n)| !n.contains('.')).ok_or_else(|| {
            Failure::invalid(format!(
                "{package} is no NAMESPACE.NAME, as a Galaxy server names roles"
            ))
            .help("give it such a name by --name, or publish it to oci://HOST/NAMESPACE")
        })?;
        let pulp = Pulp::of(self)?;
        let repository = pulp.repository()?;
        let asked = format!(
            "namespace={}&name={}&version={}",
            encode(namespace),
            encode(name),
            encode(version.as_str())
        );
        let content = match pulp.role(&asked, upload)? {
            Some(known) => known,
            None => {
                let role = Map::new();
                role.insert("artifact", pulp.artifact(upload)?);
                role.insert("namespace", namespace);
                role.insert("name", name);
                role.insert("version", version.as_str());
                match pulp.send("content/ansible/roles/", &Value::Map(role)) {
                    Ok(made) => href(&made)?,
                    // Somebody else may have been faster.
                    Err(failure) => pulp.role(&asked, upload)?.ok_or(failure)?,
                }
            }
        };
        let latest = pulp.must_page(&repository)?;
        let latest = text(&latest, "latest_version_href").unwrap_or_default();
        let listed = format!(
            "content/ansible/roles/?{asked}&repository_version={}",
            encode(&latest)
        );
        if pulp.first(&listed)?.is_some() {
            return Ok(false);
        }
        let add = Map::new();
        add.insert("add_content_units", Value::list([Value::from(content)]));
        let task = pulp.send(&format!("{repository}modify/"), &Value::Map(add))?;
        if !importing.wait {
            return Ok(true);
        }
        pulp.wait(&task, importing)?;
        if self
            .role(package)?
            .is_some_and(|r| r.versions().contains(version))
        {
            return Ok(true);
        }
        Err(Failure::server(format!(
            "{} took {package} {version} and does not show it",
            self.server.name
        )))
    }
}

impl<'a> Pulp<'a> {
    /// The pulp behind a Galaxy server.
    fn of(galaxy: &'a Galaxy) -> Result<Self> {
        let none = || {
            Failure::invalid(format!(
                "{} takes no roles: of Galaxy servers only pulp_ansible does, at …{SERVED}PATH/api/",
                galaxy.server.name
            ))
            .help("publish it to oci://HOST/NAMESPACE or to static:FOLDER, or as part of a collection")
        };
        let (root, path) = split(&galaxy.server.url).ok_or_else(none)?;
        let status = format!("{root}/pulp/api/v3/status/");
        let status = galaxy.page(&status)?.ok_or_else(none)?;
        let parts = status.get("versions").and_then(|v| v.as_sequence());
        let is_ansible = |part: &Value| text(part, "component").as_deref() == Some("ansible");
        if !parts.is_some_and(|p| p.iter().any(is_ansible)) {
            return Err(none());
        }
        let domains = status.get("domain_enabled").and_then(|d| d.as_bool()) == Some(true);
        let (domain, path) = match path.split_once('/').filter(|_| domains) {
            Some((domain, path)) => (format!("{domain}/"), path),
            None => (String::new(), path),
        };
        Ok(Self {
            galaxy,
            api: format!("{root}/pulp/{domain}api/v3/"),
            path: path.to_owned(),
        })
    }

    /// The address of the repository that is served.
    fn repository(&self) -> Result<String> {
        let path = &self.path;
        let found = self.first(&format!(
            "distributions/ansible/ansible/?base_path={}",
            encode(path)
        ))?;
        let found = found.ok_or_else(|| {
            Failure::not_found(format!(
                "{} has no distribution at {path}",
                self.galaxy.server.name
            ))
            .help(format!(
                "pulp ansible distribution create --name {path} --base-path {path} --repository NAME"
            ))
        })?;
        text(&found, "repository").ok_or_else(|| {
            Failure::invalid(format!(
                "the distribution at {path} serves one version of a repository, which never changes"
            ))
            .help("let it serve the repository itself, or publish where one does")
        })
    }

    /// The address of a role's version that is there with our content. Each is once in the whole of pulp.
    fn role(&self, asked: &str, upload: Upload<'_>) -> Result<Option<String>> {
        let Some(found) = self.first(&format!("content/ansible/roles/?{asked}"))? else {
            return Ok(None);
        };
        let artifact = text(&found, "artifact").map(|a| self.must_page(&a)).transpose()?;
        let there = artifact.and_then(|a| text(&a, "sha256"));
        let there = there.map_or_else(
            || Ok("one without a hash".to_owned()),
            |d| Digest::parse(&d).map(|d| d.to_string()),
        )?;
        upload.must_be_same(&there, &self.galaxy.server.name)?;
        href(&found).map(Some)
    }

    /// The address of the archive in pulp, which keeps each once.
    fn artifact(&self, upload: Upload<'_>) -> Result<String> {
        let known = || self.first(&format!("artifacts/?sha256={}", upload.archive.hex()));
        if let Some(known) = known()? {
            return href(&known);
        }
        let url = format!("{}artifacts/", self.api);
        match self.galaxy.post_form(&url, &upload.form()?) {
            Ok(made) => href(&made),
            // Somebody else may have been faster.
            Err(failure) => href(&known()?.ok_or(failure)?),
        }
    }

    /// Waits for the end of a task that an answer names.
    fn wait(&self, answer: &Value, importing: &Importing) -> Result<()> {
        let name = &self.galaxy.server.name;
        let task =
            text(answer, "task").ok_or_else(|| Failure::server(format!("{name}: no task was told")))?;
        let ended = importing.poll(PACE, || {
            let page = self.must_page(&task)?;
            match text(&page, "state").as_deref() {
                Some("completed" | "skipped") => Ok(Some(())),
                Some(state @ ("failed" | "canceled")) => {
                    let why = page.get("error").and_then(|e| text(&e, "description"));
                    let why = why.unwrap_or_else(|| "it does not say why".to_owned());
                    Err(Failure::server(format!("{name}: the task {state}: {why}")))
                }
                _ => Ok(None),
            }
        })?;
        ended.ok_or_else(|| {
            Failure::server(format!(
                "{name}: the task goes on for too long; see {}",
                absolute(&self.api, &task)
            ))
        })
    }

    /// The first entry of a list.
    fn first(&self, list: &str) -> Result<Option<Value>> {
        let page = self.must_page(list)?;
        let results = page.get("results").and_then(|r| r.as_sequence());
        Ok(results.unwrap_or_default().first().cloned())
    }

    fn must_page(&self, address: &str) -> Result<Value> {
        let url = absolute(&self.api, address);
        let page = self.galaxy.page(&url)?;
        page.ok_or_else(|| Failure::server(format!("{}: there is no such page", http::shown(&url))))
    }

    fn send(&self, address: &str, value: &Value) -> Result<Value> {
        let url = absolute(&self.api, address);
        let body = json::line(value);
        self.galaxy.post(&url, |call| {
            call.headers.push(("Content-Type", "application/json".to_owned()));
            call.body = Some(body.as_bytes());
        })
    }
}

/// What stands before pulp's interfaces in the URL of a Galaxy server of pulp, and the path of the distribution.
fn split(url: &str) -> Option<(&str, &str)> {
    let (root, rest) = url.split_once(SERVED)?;
    let rest = rest.trim_end_matches('/');
    let path = rest.strip_suffix("/api").unwrap_or(rest).trim_end_matches('/');
    Some((root, path)).filter(|(_, path)| !path.is_empty())
}

fn text(page: &Value, key: &str) -> Option<String> {
    page.get(key).filter(|v| !v.is_none()).map(|v| v.to_text())
}

fn href(page: &Value) -> Result<String> {
    text(page, "pulp_href").ok_or_else(|| Failure::server("pulp's answer has no pulp_href"))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_path_of_a_distribution_is_in_the_url() {
        let wanted = Some(("http://h:1/x", "a/b"));
        for url in [
            "http://h:1/x/pulp_ansible/galaxy/a/b/api/",
            "http://h:1/x/pulp_ansible/galaxy/a/b/api",
            "http://h:1/x/pulp_ansible/galaxy/a/b/",
        ] {
            assert_eq!(split(url), wanted, "{url}");
        }
        for url in [
            "https://galaxy.ansible.com/api/",
            "https://hub/api/galaxy/content/published/",
            "http://h/pulp_ansible/galaxy/",
        ] {
            assert_eq!(split(url), None, "{url}");
        }
    }
}
