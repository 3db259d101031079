//! `apt_key`: keys that apt trusts.

use super::fetched::Fetched;
use crate::{host::Command, prelude::*};
use std::path::PathBuf;

/// Add or remove a key that apt trusts, with `apt-key`
///
/// For hosts that still have that program; elsewhere a file in `/etc/apt/keyrings` and `signed-by` take its place.
#[derive(Params)]
#[params(exclusive(data, file, keyserver, url))]
pub struct AptKey {
    /// The key itself.
    data: Option<String>,
    /// File with the key, on the host.
    file: Option<PathBuf>,
    /// Identifier of the key; tells whether it is there already.
    id: Option<String>,
    /// The keyring's file.
    keyring: Option<PathBuf>,
    /// Server to fetch the key from, by `id`.
    keyserver: Option<String>,
    /// Whether the key must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Address to fetch the key from.
    url: Option<String>,
    /// Whether the server's certificate is checked.
    #[param(default = true)]
    validate_certs: bool,
}

/// How often a key server is asked.
const TRIES: u32 = 5;

/// An identifier in the forms that are needed.
#[derive(Debug)]
struct Id {
    /// In capitals, without `0x`.
    plain: String,
    /// The last eight digits.
    short: String,
    /// The last sixteen, or what there is.
    long: String,
}

impl Id {
    fn parse(id: &str) -> Option<Self> {
        let upper = id.to_uppercase();
        let plain = upper.strip_prefix("0X").unwrap_or(&upper);
        let length = plain.len();
        if !plain.bytes().all(|c| c.is_ascii_hexdigit()) || length < 8 || (9..16).contains(&length) {
            return None;
        }
        let tail = |n: usize| plain.get(length.saturating_sub(n)..).unwrap_or(plain).to_owned();
        Some(Self {
            short: tail(8),
            long: tail(16),
            plain: plain.to_owned(),
        })
    }

    /// As it is looked for in a list of keys, and how long the identifiers of the list are.
    fn wanted(&self) -> &str {
        if self.plain.len() == 8 {
            &self.short
        } else {
            &self.long
        }
    }
}

/// Long identifiers in the output of `gpg --with-colons`; keys that have expired do not count.
fn identifiers(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines() {
        let f: Vec<_> = line.split(':').collect();
        if let [kind, validity, _, _, id, ..] = f[..]
            && matches!(kind, "pub" | "sub")
            && validity != "e"
        {
            out.push(id.to_owned());
        }
    }
    out
}

/// The environment that gpg's messages are read in.
fn plain(c: Command) -> Command {
    ["LANG", "LC_ALL", "LC_MESSAGES", "LANGUAGE"]
        .iter()
        .fold(c, |c, name| c.env(name, "C.UTF-8"))
}

impl AptKey {
    fn apt_key(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let mut c = plain(Command::new(host.need_program("apt-key", "apt")?));
        if let Some(ring) = &self.keyring {
            c = c.arg("--keyring").path(ring);
        }
        Ok(c)
    }

    /// The keys of the ring, as long as the identifier asked for.
    fn known(&self, host: &mut Host<'_>, id: &Id) -> Result<Vec<String>, Failure> {
        let words = [
            "adv",
            "--list-public-keys",
            "--with-colons",
            "--keyid-format=long",
        ];
        let c = self.apt_key(host)?.args(words);
        let out = done(host, c, "Unable to list public keys")?;
        let length = id.wanted().len();
        let cut = |key: String| key.get(key.len().saturating_sub(length)..).map(str::to_owned);
        Ok(identifiers(&out.stdout_text())
            .into_iter()
            .filter_map(cut)
            .collect())
    }

    /// The key itself, if it is given in one of the ways that have bytes.
    fn content(&self, host: &mut Host<'_>) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(data) = &self.data {
            return Ok(Some(data.clone().into_bytes()));
        }
        let Some(url) = &self.url else { return Ok(None) };
        let fetched = Fetched::get(host, url, self.validate_certs)
            .map_err(|e| Failure::new(format!("Failed to download key at {url}: {}", e.message)))?;
        fetched.bytes().map(Some)
    }

    /// The identifier of the key that is given, if it is one.
    fn examine(&self, host: &mut Host<'_>, content: Option<&[u8]>) -> Result<Option<String>, Failure> {
        let c = plain(Command::new(host.need_program("gpg", "gnupg")?)).arg("--with-colons");
        let (c, what) = match (content, &self.file) {
            (Some(bytes), _) => (c.arg("-").stdin(bytes), "inline data".to_owned()),
            (None, Some(file)) => (c.path(file), file.to_string_lossy().into_owned()),
            (None, None) => return Ok(None),
        };
        let out = host.query(c)?;
        if out.rc != 0 {
            return Err(Failure::new(format!("Unable to extract key from '{what}'"))
                .with("stdout", out.stdout_text())
                .with("stderr", out.stderr_text()));
        }
        Ok(identifiers(&out.stdout_text()).into_iter().next())
    }

    /// Adds the key.
    fn add(&self, host: &mut Host<'_>, id: &Id, content: Option<Vec<u8>>) -> Result<(), Failure> {
        let c = self.apt_key(host)?;
        if let Some(file) = &self.file {
            let words = format!("Unable to add a key from file {}", file.display());
            done(host, c.arg("add").path(file), &words)?;
        } else if let Some(server) = &self.keyserver {
            let mut c = c.args(["adv", "--no-tty", "--keyserver", server]);
            let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
            let variable = |name: &&str| {
                let set = host.context().environment.iter().find(|(k, _)| k == name);
                set.map(|(_, v)| v.clone()).or_else(|| std::env::var(name).ok())
            };
            if let Some(proxy) = proxies.iter().find_map(variable) {
                c = c.arg("--keyserver-options").arg(format!("http-proxy={proxy}"));
            }
            let c = c.args(["--recv", &id.plain]);
            let words = format!("Error fetching key {} from keyserver: {server}", id.plain);
            for _ in 1..TRIES {
                if host.query(c.clone())?.rc == 0 {
                    return Ok(());
                }
            }
            done(host, c, &words)?;
        } else {
            let bytes = content.map_or_else(|| self.content(host), |c| Ok(Some(c)))?;
            let c = c.args(["add", "-"]).stdin(bytes.unwrap_or_default());
            done(host, c, "Unable to add a key from binary data")?;
        }
        Ok(())
    }

    /// Adds or removes the key where that is needed; `told` gets the lists of keys.
    fn act(&self, host: &mut Host<'_>, id: &Id, content: Option<Vec<u8>>, told: &Map) -> Result<(), Failure> {
        let list = |ids: &[String]| Value::list(ids.iter().map(Value::from));
        let there = |ids: &[String]| ids.iter().any(|i| i == id.wanted());
        let present = self.state == "present";
        let before = self.known(host, id)?;
        told.insert("before", list(&before));
        if there(&before) == present {
            return Ok(());
        }
        host.mark_changed();
        told.insert("changed", true);
        if host.check() {
            return Ok(());
        }
        let given = content.is_some() || self.data.is_some() || self.url.is_some();
        if present && !given && self.file.is_none() && self.keyserver.is_none() {
            return Err(Failure {
                message: "there is no key to add: data, file, keyserver or url is needed".into(),
                values: told.clone(),
            });
        }
        if present {
            self.add(host, id, content)?;
        } else {
            let c = self.apt_key(host)?.args(["del", &id.short]);
            let words = format!("Unable to remove a key with id {}", id.short);
            done(host, c, &words).map_err(|f| f.with("key_id", id.short.as_str()))?;
        }
        let after = self.known(host, id)?;
        told.insert("after", list(&after));
        if there(&after) != present {
            let what = if present {
                "the key was not added"
            } else {
                "the key was not removed"
            };
            let words =
                format!("apt-key reported no error, but {what}; the id may be wrong, or that of a subkey");
            return Err(Failure {
                message: words,
                values: told.clone(),
            });
        }
        Ok(())
    }
}

/// Runs a program that must succeed; a failure tells what was run and said.
fn done(host: &mut Host<'_>, c: Command, words: &str) -> Result<Output, Failure> {
    let line = c.argv_text().join(" ");
    let out = host.query(c)?;
    if out.rc == 0 {
        return Ok(out);
    }
    Err(Failure::new(words)
        .with("cmd", line)
        .with("rc", out.rc)
        .with("stdout", out.stdout_text())
        .with("stderr", out.stderr_text()))
}

impl Module for AptKey {
    const META: Meta = Meta {
        name: "ansible.builtin.apt_key",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "before",
                doc: "Identifiers of the keys before.",
            },
            Return {
                name: "after",
                doc: "Identifiers of the keys after a change.",
            },
            Return {
                name: "id",
                doc: "The identifier as it was given, or that of the given key.",
            },
            Return {
                name: "key_id",
                doc: "The identifier in capitals.",
            },
            Return {
                name: "fp",
                doc: "Its last sixteen digits.",
            },
            Return {
                name: "short_id",
                doc: "Its last eight digits.",
            },
        ],
        examples: &[Example {
            title: "Trust a key",
            args: r#"{"url": "https://repo.example.org/key.asc", "id": "9FED2BCBDCD29CDF762678CBAED4B06F473041FA"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let mut content = None;
        let given = match &self.id {
            Some(id) => Some(id.clone()),
            None if self.keyserver.is_some() => {
                return Err(Failure::new("Missing key_id, required with keyserver."));
            }
            None => {
                content = self.content(host)?;
                self.examine(host, content.as_deref())?
            }
        };
        let told = Map::new();
        told.insert("changed", false);
        told.insert("id", given.clone());
        let Some(id) = given.as_deref().and_then(Id::parse) else {
            return Err(Failure {
                message: "Invalid key_id".into(),
                values: told,
            });
        };
        told.insert("short_id", id.short.as_str());
        told.insert("fp", id.long.as_str());
        told.insert("key_id", id.plain.as_str());
        self.act(host, &id, content, &told)?;
        Ok(told.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Id, identifiers};

    #[test]
    fn identifiers_have_a_short_and_a_long_form() {
        let id = Id::parse("0x9fed2bcbdcd29cdf762678cbaed4b06f473041fa").unwrap();
        assert_eq!(
            (id.short.as_str(), id.long.as_str(), id.plain.len()),
            ("473041FA", "AED4B06F473041FA", 40)
        );
        assert_eq!(Id::parse("473041FA").unwrap().wanted(), "473041FA");
        assert!(Id::parse("xyz").is_none() && Id::parse("0123456789AB").is_none());
    }

    #[test]
    fn keys_that_have_expired_do_not_count() {
        let text = "tru::1:1\npub:-:4096:1:AED4B06F473041FA:1282940896::::::scSC:\nsub:-:2048:1:0123456789ABCDEF:1:\npub:e:2048:1:FFFFFFFFFFFFFFFF:1:\n";
        assert_eq!(identifiers(text), ["AED4B06F473041FA", "0123456789ABCDEF"]);
    }
}
