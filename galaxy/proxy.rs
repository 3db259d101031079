//! Through which proxy a URL is asked: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in small letters or large.

use crate::{Failure, Result};
use std::env;
use ureq::{
    Proxy,
    http::{Uri, uri::Authority},
};

/// The proxies of the environment.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// Hosts that are asked without one.
    direct: Vec<String>,
}

impl Proxies {
    /// Those of this process.
    pub(crate) fn of_environment() -> Result<Self> {
        Self::of(|name| env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let named = |name: &str| {
            let found = [name.to_owned(), name.to_uppercase()].into_iter().find_map(|n| {
                let text = variable(&n)?;
                Some((n, text))
            });
            found.filter(|(_, text)| !text.is_empty())
        };
        let proxy = |name: &str| match named(name).or_else(|| named("all_proxy")) {
            None => Ok(None),
            // Its text may hold a password.
            Some((name, text)) => Proxy::new(&text).map(Some).map_err(|_| {
                Failure::invalid(format!("{name} names no proxy"))
                    .help("a URL is wanted: http://HOST:PORT, https://… or socks5://…")
            }),
        };
        let direct = named("no_proxy").map(|(_, text)| text).unwrap_or_default();
        Ok(Self {
            http: proxy("http_proxy")?,
            https: proxy("https_proxy")?,
            direct: direct
                .split(',')
                .map(|e| e.trim().trim_start_matches('.').to_lowercase())
                .filter(|e| !e.is_empty())
                .collect(),
        })
    }

    /// That for a URL; none if it is asked directly.
    pub(crate) fn of_url(&self, url: &str) -> Option<&Proxy> {
        let url: Uri = url.parse().ok()?;
        let place = url.authority().map(Authority::as_str).unwrap_or_default();
        let place = place.rsplit('@').next().unwrap_or_default().to_lowercase();
        let host = url.host().unwrap_or_default().to_lowercase();
        let among = |name: &str, e: &str| name == e || name.strip_suffix(e).is_some_and(|n| n.ends_with('.'));
        if self
            .direct
            .iter()
            .any(|e| e == "*" || among(&host, e) || among(&place, e))
        {
            return None;
        }
        match url.scheme_str() {
            Some("https") => self.https.as_ref(),
            _ => self.http.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Proxies;

    fn of(variables: &[(&str, &str)]) -> Proxies {
        let variable = |name: &str| {
            let found = variables.iter().find(|(n, _)| *n == name);
            found.map(|(_, v)| (*v).to_owned())
        };
        Proxies::of(variable).unwrap()
    }

    fn host_of(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.of_url(url).map(|p| p.host().to_owned())
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let both = of(&[
            ("http_proxy", "http://a.test:1"),
            ("HTTPS_PROXY", "http://b.test:2"),
        ]);
        assert_eq!(host_of(&both, "http://x.test/").as_deref(), Some("a.test"));
        assert_eq!(host_of(&both, "https://x.test/").as_deref(), Some("b.test"));
        let one = of(&[("https_proxy", "http://b.test:2"), ("http_proxy", "")]);
        assert_eq!(host_of(&one, "http://x.test/"), None);
        let all = of(&[("ALL_PROXY", "c.test:3")]);
        assert_eq!(host_of(&all, "https://x.test/").as_deref(), Some("c.test"));
    }

    #[test]
    fn some_hosts_are_asked_directly() {
        let some = of(&[
            ("http_proxy", "http://a.test:1"),
            ("no_proxy", "localhost, .Inner.test,x.test:8080"),
        ]);
        for url in [
            "http://localhost:5000/v2/",
            "http://inner.test/",
            "http://deep.inner.test/",
            "http://me@x.test:8080/",
        ] {
            assert_eq!(host_of(&some, url), None, "{url}");
        }
        for url in [
            "http://notinner.test/",
            "http://x.test/",
            "http://localhost.test/",
        ] {
            assert!(host_of(&some, url).is_some(), "{url}");
        }
        let none = of(&[("http_proxy", "http://a.test:1"), ("NO_PROXY", "*")]);
        assert_eq!(host_of(&none, "http://x.test/"), None);
    }

    #[test]
    fn what_is_no_proxy_is_told_without_its_password() {
        let failure =
            Proxies::of(|n| (n == "http_proxy").then(|| "ftp://me:secret@a.test".to_owned())).unwrap_err();
        let text = failure.to_string();
        assert!(
            text.contains("http_proxy names no proxy") && !text.contains("secret"),
            "{text}"
        );
    }
}
