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

/// An identifier in the forms it is looked for: short, long, as given without `0x`.
fn forms(id: &str) -> Result<(String, String, String), Failure> {
    let plain = id.trim().to_uppercase();
    let plain = plain.strip_prefix("0X").unwrap_or(&plain).replace(' ', "");
    if !plain.chars().all(|c| c.is_ascii_hexdigit()) || plain.len() < 8 {
        return Err(Failure::new(format!("Invalid key_id: {id}")));
    }
    let tail = |n: usize| {
        plain
            .get(plain.len().saturating_sub(n)..)
            .unwrap_or(&plain)
            .to_owned()
    };
    Ok((tail(8), tail(16), plain.clone()))
}

/// Long identifiers in the output of `gpg --with-colons`.
fn identifiers(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines() {
        let f: Vec<_> = line.split(':').collect();
        if matches!(f.first(), Some(&("pub" | "sub")))
            && let Some(id) = f.get(4)
        {
            out.push((*id).to_owned());
        }
    }
    out
}

impl AptKey {
    fn apt_key(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let mut c = Command::new(host.need_program("apt-key", "apt")?).env("LC_ALL", "C");
        c = c.env("APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE", "1");
        if let Some(ring) = &self.keyring {
            c = c.arg("--keyring").path(ring);
        }
        Ok(c)
    }

    fn known(&self, host: &mut Host<'_>) -> Result<Vec<String>, Failure> {
        if self.keyring.as_ref().is_some_and(|k| !k.exists()) {
            return Ok(Vec::new());
        }
        let words = [
            "adv",
            "--list-public-keys",
            "--with-colons",
            "--keyid-format=long",
        ];
        let out = host
            .query(self.apt_key(host)?.args(words))?
            .success("Unable to list public keys")?;
        Ok(identifiers(&out.stdout_text()))
    }

    /// The key as bytes, if it is given in one of the ways that have bytes.
    fn content(&self, host: &mut Host<'_>) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(data) = &self.data {
            return Ok(Some(data.clone().into_bytes()));
        }
        if let Some(file) = &self.file {
            return host.read(file).map(Some);
        }
        let Some(url) = &self.url else { return Ok(None) };
        Fetched::get(host, url, self.validate_certs)?.bytes().map(Some)
    }
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
                doc: "Identifiers of the keys afterwards.",
            },
            Return {
                name: "key_id",
                doc: "The key's long identifier.",
            },
            Return {
                name: "short_id",
                doc: "Its last eight digits.",
            },
            Return {
                name: "fp",
                doc: "The identifier as it was given.",
            },
            Return {
                name: "id",
                doc: "The identifier that was looked for.",
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
        let content = if self.state == "present" {
            self.content(host)?
        } else {
            None
        };
        let given = match (&self.id, &content) {
            (Some(id), _) => Some(id.clone()),
            (None, Some(bytes)) => {
                let words = [
                    "--batch",
                    "--with-colons",
                    "--keyid-format=long",
                    "--show-keys",
                    "-",
                ];
                let c = Command::new(host.need_program("gpg", "gnupg")?)
                    .args(words)
                    .stdin(bytes.clone());
                let ids = identifiers(&host.query(c)?.stdout_text());
                Some(
                    ids.into_iter()
                        .next()
                        .ok_or_else(|| Failure::new("No key found in the given data"))?,
                )
            }
            _ => None,
        };
        let given = given.ok_or_else(|| Failure::new("key_id is required"))?;
        let (short, long, plain) = forms(&given)?;
        let before = self.known(host)?;
        let list = |ids: &[String]| Value::list(ids.iter().map(Value::from));
        let there = |ids: &[String]| {
            ids.iter()
                .any(|i| i.ends_with(&long) || long.len() == 8 && i.ends_with(&short))
        };
        let present = self.state == "present";
        if there(&before) != present {
            let c = self.apt_key(host)?;
            let c = match (present, &content, &self.keyserver) {
                (false, ..) => c.arg("del").arg(&short),
                (true, Some(bytes), _) => c.args(["add", "-"]).stdin(bytes.clone()),
                (true, None, Some(server)) => {
                    c.args(["adv", "--no-tty", "--keyserver", server, "--recv", &plain])
                }
                _ => {
                    return Err(Failure::new(
                        "one of the following is required: data, file, keyserver, url",
                    ));
                }
            };
            if let Some(out) = host.execute(c)? {
                out.success(if present {
                    "Error adding key"
                } else {
                    "Error removing key"
                })?;
            }
        }
        let after = if host.check() {
            before.clone()
        } else {
            self.known(host)?
        };
        if !host.check() && there(&after) != present {
            let words = if present {
                "apt-key did not return an error, but failed to add key"
            } else {
                "apt-key did not return an error, but the key was not removed"
            };
            return Err(Failure::new(words).with("id", plain));
        }
        Ok(Outcome::new()
            .with("before", list(&before))
            .with("after", list(&after))
            .with("fp", plain.as_str())
            .with("id", plain.as_str())
            .with("key_id", long)
            .with("short_id", short))
    }
}

#[cfg(test)]
mod tests {
    use super::{forms, identifiers};

    #[test]
    fn identifiers_have_a_short_and_a_long_form() {
        let (short, long, plain) = forms("0x9fed2bcbdcd29cdf762678cbaed4b06f473041fa").unwrap();
        assert_eq!(
            (short.as_str(), long.as_str(), plain.len()),
            ("473041FA", "AED4B06F473041FA", 40)
        );
        assert!(forms("xyz").is_err());
        let text = "tru::1:1\npub:-:4096:1:AED4B06F473041FA:1282940896::::::scSC:\nsub:-:2048:1:0123456789ABCDEF:1:\n";
        assert_eq!(identifiers(text), ["AED4B06F473041FA", "0123456789ABCDEF"]);
    }
}
