//! Cookies that answers set, sent again with the next request of a redirection.

use super::{http_date, url::Url};
use crate::system::clock;

#[derive(Clone, Debug)]
struct Cookie {
    name: String,
    value: String,
    /// The host that set it, or a domain with all its hosts.
    domain: String,
    whole_domain: bool,
    path: String,
    secure: bool,
}

/// The cookies of one run of requests.
#[derive(Default)]
pub(super) struct Jar(Vec<Cookie>);

impl Jar {
    /// Keeps what an answer of that address sets.
    pub(super) fn keep(&mut self, url: &Url, set: &str) {
        let mut fields = set.split(';').map(str::trim);
        let Some((name, value)) = fields.next().and_then(|f| f.split_once('=')) else {
            return;
        };
        let path = url.path();
        let mut cookie = Cookie {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            domain: url.host.clone(),
            whole_domain: false,
            path: match path.rfind('/') {
                Some(at) if at > 0 => path.get(..at).unwrap_or("/").to_owned(),
                _ => "/".to_owned(),
            },
            secure: false,
        };
        let mut expired = false;
        let mut aged = false;
        for field in fields {
            let (key, value) = field.split_once('=').unwrap_or((field, ""));
            let value = value.trim().trim_matches('"');
            match key.trim().to_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "domain" => {
                    let domain = value.trim_start_matches('.').to_lowercase();
                    if !within(&url.host, &domain) {
                        return;
                    }
                    (cookie.domain, cookie.whole_domain) = (domain, true);
                }
                "secure" => cookie.secure = true,
                "max-age" => {
                    aged = true;
                    expired = value.parse::<i64>().is_ok_and(|age| age <= 0);
                }
                "expires" if !aged => {
                    expired = http_date::read(value).is_some_and(|at| at <= clock::now().0);
                }
                _ => {}
            }
        }
        let same = |c: &Cookie| c.name == cookie.name && c.domain == cookie.domain && c.path == cookie.path;
        match self.0.iter().position(same) {
            Some(at) if expired => drop(self.0.remove(at)),
            Some(at) => {
                if let Some(old) = self.0.get_mut(at) {
                    *old = cookie;
                }
            }
            None if expired => {}
            None => self.0.push(cookie),
        }
    }

    /// The header for a request to that address.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let path = url.path();
        let fits = |c: &&Cookie| {
            let host = if c.whole_domain {
                within(&url.host, &c.domain)
            } else {
                url.host == c.domain
            };
            let below = path.strip_prefix(c.path.as_str());
            host && (!c.secure || url.scheme == "https")
                && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || c.path.ends_with('/'))
        };
        let mut all: Vec<&Cookie> = self.0.iter().filter(fits).collect();
        all.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let all: Vec<String> = all.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// All names and values.
    pub(super) fn pairs(self) -> Vec<(String, String)> {
        self.0.into_iter().map(|c| (c.name, c.value)).collect()
    }
}

fn within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|h| h.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{Jar, Url};

    #[test]
    fn cookies_go_where_they_belong_and_end_when_they_expire() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut jar = Jar::default();
        let here = url("http://a.b.test/x/y");
        jar.keep(&here, "one=1");
        jar.keep(&here, "two=2; Path=/; Domain=.b.test");
        jar.keep(&here, "three=3; Path=/; Secure; Max-Age=60");
        jar.keep(&here, "other=4; Domain=c.test");
        let header = |jar: &Jar, text: &str| jar.header(&url(text)).unwrap_or_default();
        assert_eq!(header(&jar, "http://a.b.test/x"), "one=1; two=2");
        assert_eq!(header(&jar, "http://a.b.test/xy"), "two=2");
        assert_eq!(header(&jar, "https://c.b.test/"), "two=2");
        assert_eq!(header(&jar, "https://a.b.test/"), "two=2; three=3");
        jar.keep(&here, "one=5");
        jar.keep(
            &here,
            "two=; Path=/; Domain=b.test; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        );
        let left: Vec<_> = jar.pairs().into_iter().map(|(n, v)| n + &v).collect();
        assert_eq!(left, ["one5", "three3"]);
    }
}
