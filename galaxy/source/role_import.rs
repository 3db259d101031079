//! Roles that a Galaxy server takes from GitHub itself: we only ask it to.

use super::galaxy::Galaxy;
use crate::{Failure, Result, auth::encode};
use kdo_value::Value;
use ureq::http::Method;

/// Which repository of GitHub.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its owner.
    pub user: String,
    /// Its name.
    pub name: String,
}

impl Repository {
    fn form(&self) -> Vec<(&'static str, &str)> {
        vec![("github_user", &self.user), ("github_repo", &self.name)]
    }
}

/// An import, as the server tells of it.
#[derive(Clone, Debug)]
pub struct RoleImport {
    /// Its number.
    pub id: String,
    /// The role that it makes, where the server tells.
    pub role: Option<String>,
    /// `SUCCESS`, `FAILED`, or how far it is.
    pub state: String,
    /// What was said so far: number, kind of message, text.
    pub messages: Vec<(String, String, String)>,
}

impl RoleImport {
    fn of(told: &Value) -> Self {
        let text = |value: &Value, key: &str| {
            let found = value.get(key).filter(|v| !v.is_none());
            found.map(|v| v.to_text())
        };
        let summary = told.get("summary_fields").unwrap_or(Value::None);
        let role = summary.get("role").unwrap_or(Value::None);
        let messages = summary.get("task_messages");
        let messages = messages
            .as_ref()
            .and_then(|m| m.as_sequence())
            .unwrap_or_default();
        let of = |value: &Value, key: &str| text(value, key).unwrap_or_default();
        Self {
            id: of(told, "id"),
            role: text(&role, "name").map(|name| match text(&role, "namespace") {
                Some(namespace) => format!("{namespace}.{name}"),
                None => name,
            }),
            state: of(told, "state"),
            messages: messages
                .iter()
                .map(|m| (of(m, "id"), of(m, "message_type"), of(m, "message_text")))
                .collect(),
        }
    }
}

/// A server's interface for roles of GitHub.
pub struct RoleImports {
    pub(super) galaxy: Galaxy,
}

impl RoleImports {
    /// Asks for an import; the server answers with one for each role that it has of the repository.
    pub fn start(
        &self,
        repository: &Repository,
        branch: Option<&str>,
        role: Option<&str>,
    ) -> Result<Vec<RoleImport>> {
        let mut form = repository.form();
        form.push(("github_reference", branch.unwrap_or_default()));
        form.extend(role.map(|r| ("alternate_role_name", r)));
        let url = self.url("imports/")?;
        self.imports(&self.call(Method::POST, &url, Some(&encoded(&form)))?)
    }

    /// An import by its number.
    pub fn import(&self, id: &str) -> Result<RoleImport> {
        self.first(&format!("{}?id={}", self.url("imports")?, encode(id)))
    }

    /// The last import of a repository.
    pub fn last(&self, repository: &Repository) -> Result<RoleImport> {
        self.first(&format!(
            "{}?{}",
            self.url("imports")?,
            encoded(&repository.form())
        ))
    }

    /// Removes what the server has of a repository; gives the names of the roles, and what the server says.
    pub fn delete(&self, repository: &Repository) -> Result<(Vec<String>, String)> {
        let url = format!("{}?{}", self.url("removerole/")?, encoded(&repository.form()));
        let told = self.call(Method::DELETE, &url, None)?;
        let roles = told.get("deleted_roles");
        let roles = roles.as_ref().and_then(|r| r.as_sequence()).unwrap_or_default();
        let text = |value: &Value, key: &str| value.get(key).map(|v| v.to_text()).unwrap_or_default();
        let name = |role: &Value| format!("{}.{}", text(role, "namespace"), text(role, "name"));
        Ok((roles.iter().map(name).collect(), text(&told, "status")))
    }

    fn url(&self, page: &str) -> Result<String> {
        let v1 = self.galaxy.v1()?.ok_or_else(|| {
            Failure::server(format!(
                "{} has no interface for roles (v1)",
                self.galaxy.server.name
            ))
        })?;
        Ok(format!("{v1}{page}"))
    }

    fn first(&self, url: &str) -> Result<RoleImport> {
        let found = self
            .imports(&self.call(Method::GET, url, None)?)?
            .into_iter()
            .next();
        found.ok_or_else(|| Failure::not_found(format!("{} has no such import", self.galaxy.server.name)))
    }

    fn imports(&self, told: &Value) -> Result<Vec<RoleImport>> {
        let list = told.get("results").unwrap_or_else(|| told.clone());
        let list = list.as_sequence().ok_or_else(|| {
            Failure::server(format!(
                "{}: the answer lists no imports",
                self.galaxy.server.name
            ))
        })?;
        Ok(list.iter().map(RoleImport::of).collect())
    }

    fn call(&self, method: Method, url: &str, form: Option<&str>) -> Result<Value> {
        self.galaxy.send(method, url, |call| {
            if let Some(form) = form {
                call.headers
                    .push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
                call.body = Some(form.as_bytes());
            }
        })
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encode(value));
    form.iter().map(pair).collect::<Vec<_>>().join("&")
}
