//! The servers that the configuration names.

use super::{Overrides, galaxy::Server};
use crate::{
    Failure, HttpOptions, Result,
    auth::{Auth, without_user},
};
use kdo_config::{Config, Value};
use kdo_syntax::{LoadOptions, SourceMap, load_file};
use std::{path::Path, sync::Arc, time::Duration};

/// A server by its URL alone.
pub(super) fn server_at(url: &str, http: &HttpOptions, token: Option<&str>) -> Server {
    let (url, user) = without_user(url);
    let auth = match (token, user) {
        (Some(token), _) => Some(Auth::token(&url, token)),
        (None, Some((user, password))) => Some(Auth::basic(&url, user, password)),
        (None, None) => None,
    };
    Server {
        name: url.clone(),
        url,
        auth: auth.map(Arc::new),
        unchecked: http.unchecked,
        timeout: http.timeout,
    }
}

/// The one that is asked where none is named.
pub(super) fn default_server(config: &Config, http: &HttpOptions, overrides: &Overrides) -> Result<Server> {
    let url = config
        .text("galaxy_server")
        .unwrap_or("https://galaxy.ansible.com");
    let token = match &overrides.token {
        Some(token) => Some(token.clone()),
        None => config
            .path("galaxy_token_path")
            .and_then(|p| token_of_file(&p).transpose())
            .transpose()?,
    };
    let mut server = server_at(url, http, token.as_deref());
    "default".clone_into(&mut server.name);
    Ok(server)
}

/// The token that `login` left.
fn token_of_file(path: &Path) -> Result<Option<String>> {
    if !path.is_file() {
        return Ok(None);
    }
    let value = load_file(&SourceMap::new(), path, LoadOptions::UNTRUSTED)?.single()?;
    Ok(value.get("token").filter(|t| !t.is_none()).map(|t| t.to_text()))
}

/// The servers of `server_list`.
pub(super) fn configured(config: &Config, http: &HttpOptions, overrides: &Overrides) -> Result<Vec<Server>> {
    let mut servers = Vec::new();
    for (name, options) in config.galaxy_servers() {
        let text = |key: &str| {
            let value = options.iter().find(|o| o.name == key)?.value.as_ref()?;
            Some(value.to_string()).filter(|t| !t.is_empty() && *value != Value::Unset)
        };
        let url = text("url").ok_or_else(|| {
            Failure::invalid(format!("the server {name} of server_list has no url"))
                .help(format!("write `url = …` below [galaxy_server.{name}]"))
        })?;
        let token = overrides.token.clone().or_else(|| text("token"));
        let auth = match (text("username"), text("auth_url"), &token) {
            (Some(user), ..) => Some(Auth::basic(&url, &user, &text("password").unwrap_or_default())),
            (None, Some(exchange), token) => Some(Auth::exchange(
                &url,
                &exchange,
                token.as_deref().unwrap_or_default(),
                text("client_id").as_deref(),
                text("client_secret").as_deref(),
            )),
            (None, None, Some(token)) => Some(Auth::token(&url, token)),
            (None, None, None) => None,
        };
        let no = |t: String| {
            matches!(
                t.to_lowercase().as_str(),
                "no" | "false" | "0" | "off" | "n" | "f"
            )
        };
        let timeout = text("timeout")
            .and_then(|t| t.parse().ok())
            .map(Duration::from_secs);
        servers.push(Server {
            name,
            url,
            auth: auth.map(Arc::new),
            unchecked: http.unchecked || text("validate_certs").is_some_and(no),
            timeout: overrides.timeout.or(timeout).unwrap_or(http.timeout),
        });
    }
    Ok(servers)
}
