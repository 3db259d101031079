//! Through which proxy a URL is asked: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in small letters or large.

use crate::{Failure, Result, auth::without_user};
use std::env;
use ureq::{
    Proxy, ProxyProtocol,
    http::{Uri, uri::Authority},
};

/// The proxies of the environment. One that is none is told of when it is needed.
#[derive(Clone, Debug)]
pub struct Proxies {
    http: Result<Option<Proxy>>,
    https: Result<Option<Proxy>>,
    /// Hosts that are asked without one.
    direct: Vec<String>,
}

impl Default for Proxies {
    fn default() -> Self {
        Self {
            http: Ok(None),
            https: Ok(None),
            direct: Vec::new(),
        }
    }
}

impl Proxies {
    /// Those of this process.
    pub(crate) fn of_environment() -> Self {
        Self::of(|name| env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = |name: &str| {
            let found = [name.to_owned(), name.to_uppercase()].into_iter().find_map(|n| {
                let text = variable(&n)?;
                Some((n, text))
            });
            found.filter(|(_, text)| !text.is_empty())
        };
        let proxy = |name: &str| {
            let Some((name, text)) = named(name).or_else(|| named("all_proxy")) else {
                return Ok(None);
            };
            let known = |p: &Proxy| matches!(p.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
            match Proxy::new(&text).ok().filter(known) {
                Some(proxy) => Ok(Some(proxy)),
                // Its text may hold a password.
                None => Err(Failure::invalid(format!("{name} names no proxy of HTTP")).help(
                    "write http://HOST:PORT or https://HOST:PORT, or name what needs none in no_proxy",
                )),
            }
        };
        let direct = named("no_proxy").map(|(_, text)| text).unwrap_or_default();
        Self {
            http: proxy("http_proxy"),
            https: proxy("https_proxy"),
            direct: direct
                .split(',')
                .map(|e| e.trim().trim_start_matches('.').to_lowercase())
                .filter(|e| !e.is_empty())
                .collect(),
        }
    }

    /// That for a URL; none if it is asked directly.
    pub(crate) fn of_url(&self, url: &str) -> Result<Option<&Proxy>> {
        let url: Uri = url
            .parse()
            .map_err(|e| Failure::invalid(format!("{}: {e}", without_user(url).0)))?;
        let place = url.authority().map(Authority::as_str).unwrap_or_default();
        let place = place.rsplit('@').next().unwrap_or_default().to_lowercase();
        let host = url.host().unwrap_or_default().to_lowercase();
        let among = |name: &str, e: &str| name == e || name.strip_suffix(e).is_some_and(|n| n.ends_with('.'));
        if self
            .direct
            .iter()
            .any(|e| e == "*" || among(&host, e) || among(&place, e))
        {
            return Ok(None);
        }
        let found = match url.scheme_str() {
            Some("https") => &self.https,
            _ => &self.http,
        };
        found.as_ref().map(Option::as_ref).map_err(Clone::clone)
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
        Proxies::of(variable)
    }

    fn host_of(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.of_url(url).unwrap().map(|p| p.host().to_owned())
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
        for text in ["ftp://me:secret@a.test", "socks5://me:secret@a.test"] {
            let proxies = of(&[("http_proxy", text)]);
            assert_eq!(host_of(&proxies, "https://x.test/"), None);
            let failure = proxies.of_url("http://x.test/").unwrap_err().to_string();
            assert!(
                failure.contains("http_proxy names no proxy") && !failure.contains("secret"),
                "{failure}"
            );
        }
    }
}
