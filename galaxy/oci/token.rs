//! Tokens of the server that a registry names, and what is told where it does not take who we are.

use super::{credentials::Secret, remote::Remote};
use crate::{
    Auth, Call, Failure, Result,
    auth::{encode, origin},
    http::{refused, text},
};
use kdo_value::json;
use ureq::http::Method;

impl Remote {
    pub(super) fn unknown(&self, secret: Option<&Secret>) -> Failure {
        let login = format!("kdo galaxy login {}", self.host);
        match secret {
            None => Failure::server(format!("{}: the registry wants to know who we are", self.host)).help(
                format!("{login}; credentials of docker, podman and their helpers are used too"),
            ),
            Some(Secret::Password { user, .. }) => Failure::server(format!(
                "{}: wrong user or password (as {user:?}, from {})",
                self.host,
                self.credentials.origin()
            ))
            .help(login),
            Some(Secret::Identity(_)) => Failure::server(format!(
                "{}: the token from {} is not taken",
                self.host,
                self.credentials.origin()
            ))
            .help(login),
        }
    }

    /// A token of the server that the registry names.
    pub(super) fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
        secret: Option<&Secret>,
    ) -> Result<String> {
        let host = origin(realm);
        let bare = host.split_once("://").map_or("", |(_, h)| h);
        if !host.starts_with("https://") && host != origin(self.base()) && !is_loopback(bare) {
            return Err(Failure::refused(format!(
                "{}: the registry wants a password sent to {host}, without encryption",
                self.host
            )));
        }
        let mut fields = Vec::new();
        fields.extend(service.map(|s| ("service", s)));
        fields.extend(scope.map(|s| ("scope", s)));
        let form = |fields: &[(&str, &str)]| {
            let pairs: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect();
            pairs.join("&")
        };
        let answer = match secret {
            Some(Secret::Identity(token)) => {
                fields.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "kdo"),
                    ("refresh_token", token),
                ]);
                let body = form(&fields);
                let mut call = Call::get(realm, None);
                call.method = Method::POST;
                call.headers
                    .push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
                call.body = Some(body.as_bytes());
                self.http.call(&call)?
            }
            _ => {
                let mark = if realm.contains('?') { '&' } else { '?' };
                let url = format!("{realm}{mark}{}", form(&fields));
                let auth = match secret {
                    Some(Secret::Password { user, password }) => Some(Auth::basic(realm, user, password)),
                    _ => None,
                };
                self.http.call(&Call::get(&url, auth.as_ref()))?
            }
        };
        match answer.status().as_u16() {
            200..300 => {}
            401 | 403 => return Err(self.unknown(secret)),
            _ => return Err(refused(answer, realm)),
        }
        let value = json::read(&text(answer, realm)?).map_err(Failure::server)?;
        let field = |key: &str| value.get(key).and_then(|t| t.as_str().map(str::to_owned));
        let token = field("token").or_else(|| field("access_token"));
        token.ok_or_else(|| Failure::server(format!("{realm}: there is no token in the answer")))
    }
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
}
