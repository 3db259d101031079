//! Parameters that `get_url` and `uri` share.

use super::http::{Request, Tls};
use crate::prelude::*;
use std::path::PathBuf;

/// How the server is talked to.
#[derive(Params, Clone, Default)]
pub(super) struct Talk {
    /// Ask for an answer that is not from a cache, whatever is there.
    #[param(default = false)]
    pub(super) force: bool,
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
    /// Key of the own certificate, if it is not in the same file.
    client_key: Option<PathBuf>,
    /// Allowed ciphers.
    #[param(elements = "str")]
    ciphers: Vec<String>,
    /// Unpack what the server has packed with gzip.
    #[param(default = true)]
    decompress: bool,
    /// Headers that are not sent again after a redirection.
    #[param(default = [], elements = "str")]
    unredirected_headers: Vec<String>,
}

impl Talk {
    /// A request as these parameters want it, with the user's headers above the usual ones.
    pub(super) fn request(
        &self,
        url: &str,
        user: Option<&String>,
        password: Option<&String>,
        headers: Option<&Map>,
    ) -> Result<Request, Failure> {
        if self.use_gssapi {
            return Err("Kerberos (use_gssapi) is not supported".into());
        }
        let mut request = Request::get(url);
        request.login = user.map(|u| (u.clone(), password.cloned().unwrap_or_default()));
        request.force_login = self.force_basic_auth;
        request.use_netrc = self.use_netrc;
        request.use_proxy = self.use_proxy;
        request.decompress = self.decompress;
        request.tls = Tls {
            unchecked: !self.validate_certs,
            authorities: None,
            certificate: self.client_cert.clone(),
            key: self.client_key.clone(),
            ciphers: self.ciphers.clone(),
        };
        request.unredirected = self
            .unredirected_headers
            .iter()
            .map(|h| h.to_lowercase())
            .collect();
        if !self.http_agent.is_empty() {
            request.set("User-Agent", self.http_agent.as_str());
        }
        if self.force {
            request.set("Cache-Control", "no-cache");
        }
        for (name, value) in headers.map(Map::text_entries).unwrap_or_default() {
            request.set(&name, value.to_text());
        }
        Ok(request)
    }
}
