//! `deb822_repository`: apt's sources in their newer format.

use super::fetched::Fetched;
use crate::{host::Save, params::Raw, prelude::*};
use std::path::{Path, PathBuf};

/// Add or remove a repository in apt's newer format
#[derive(Params)]
pub struct Deb822Repository {
    /// Accept that a signed repository is not signed any more.
    allow_downgrade_to_insecure: Option<bool>,
    /// Accept repositories without signature.
    allow_insecure: Option<bool>,
    /// Accept signatures with weak digests.
    allow_weak: Option<bool>,
    /// Architectures.
    architectures: Option<Vec<String>>,
    /// Whether indexes are fetched by their hash.
    by_hash: Option<bool>,
    /// Whether the host's clock is relied on.
    check_date: Option<bool>,
    /// Whether old lists are refused.
    check_valid_until: Option<bool>,
    /// Parts of the release.
    components: Option<Vec<String>>,
    /// Seconds that a list may be from the future.
    date_max_future: Option<i64>,
    /// Whether it is used.
    enabled: Option<bool>,
    /// Where `InRelease` is.
    inrelease_path: Option<String>,
    /// Languages of descriptions.
    languages: Option<Vec<String>>,
    /// Permissions of the files.
    #[param(default = "0644")]
    mode: Option<Raw>,
    /// Name of the repository and its files.
    #[param(required)]
    name: String,
    /// Whether differences of lists are fetched.
    pdiffs: Option<bool>,
    /// Key: an address, a file, fingerprints, or the key itself.
    signed_by: Option<String>,
    /// Whether it must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Releases, or a folder that ends with `/`.
    suites: Option<Vec<String>>,
    /// What is fetched.
    targets: Option<Vec<String>>,
    /// Whether it is trusted without signature.
    trusted: Option<bool>,
    /// Packages, sources, or both.
    #[param(default = ["deb"], choices("deb", "deb-src"))]
    types: Vec<String>,
    /// Addresses.
    uris: Option<Vec<String>>,
}

/// The name as a file has it: lower case, blanks and `_` as `-`, nothing else but letters and digits.
fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_whitespace() || c == '_' {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else if c.is_ascii_alphanumeric() || c == '-' {
            out.push(c);
        }
    }
    out
}

/// The folder for keys that are fetched.
const KEYRINGS: &str = "/etc/apt/keyrings";

/// Whether a text is an address; the text of a key may mention some.
fn is_address(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// Adds a field. Further lines of its value are indented, and an empty one is a dot.
fn field(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push(':');
    if value.contains('\n') {
        for line in value.trim().lines() {
            let line = line.trim();
            out.push_str("\n    ");
            out.push_str(if line.is_empty() { "." } else { line });
        }
    } else if !value.is_empty() {
        out.push(' ');
        out.push_str(value);
    }
    out.push('\n');
}

impl Deb822Repository {
    /// The key as the field has it, and its file. A key given by address is fetched and kept in a file.
    fn key(&self, host: &mut Host<'_>) -> Result<(Option<String>, Option<String>), Failure> {
        let Some(key) = &self.signed_by else {
            return Ok((None, None));
        };
        if Path::new(key).is_file() {
            return Ok((Some(key.clone()), Some(key.clone())));
        }
        if !is_address(key) {
            return Ok((Some(key.clone()), None));
        }
        let fetched = Fetched::get(host, key, true)
            .map_err(|e| Failure::new(format!("Could not fetch signed_by key: {}", e.message)))?;
        let content = fetched.bytes()?;
        let mark = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
        let armored = content.windows(mark.len()).any(|w| w == mark);
        let name = slug(&self.name) + if armored { ".asc" } else { ".gpg" };
        let path = Path::new(KEYRINGS).join(name);
        let mode = |mode: &str| FileAttrs {
            mode: Some(Raw(Value::str(mode))),
            ..FileAttrs::default()
        };
        if !path.exists() {
            let folder = Path::new(KEYRINGS);
            host.make_directory(folder)?;
            if folder.exists() {
                host.apply(folder, &mode("0755"), true)?;
            }
        }
        host.write(&path, &content, &Save::default(), &mode("0644"))?;
        let path = path.to_string_lossy().into_owned();
        Ok((Some(path.clone()), Some(path)))
    }

    /// The content of the list, its fields in Ansible's order.
    fn text(&self, key: Option<String>) -> String {
        let truth = |b: Option<bool>| b.map(|b| if b { "yes" } else { "no" }.to_owned());
        let list = |l: &Option<Vec<String>>| l.as_ref().map(|l| l.join(" "));
        let mut out = String::new();
        for (name, value) in [
            (
                "Allow-Downgrade-To-Insecure",
                truth(self.allow_downgrade_to_insecure),
            ),
            ("Allow-Insecure", truth(self.allow_insecure)),
            ("Allow-Weak", truth(self.allow_weak)),
            ("Architectures", list(&self.architectures)),
            ("By-Hash", truth(self.by_hash)),
            ("Check-Date", truth(self.check_date)),
            ("Check-Valid-Until", truth(self.check_valid_until)),
            ("Components", list(&self.components)),
            ("Date-Max-Future", self.date_max_future.map(|n| n.to_string())),
            ("Enabled", truth(self.enabled)),
            ("Inrelease-Path", self.inrelease_path.clone()),
            ("Languages", list(&self.languages)),
            ("X-Repolib-Name", Some(self.name.clone())),
            ("Pdiffs", truth(self.pdiffs)),
            ("Signed-By", key),
            ("Suites", list(&self.suites)),
            ("Targets", list(&self.targets)),
            ("Trusted", truth(self.trusted)),
            ("Types", Some(self.types.join(" "))),
            ("URIs", list(&self.uris)),
        ] {
            if let Some(value) = value {
                field(&mut out, name, &value);
            }
        }
        out
    }
}

impl Module for Deb822Repository {
    const META: Meta = Meta {
        name: "ansible.builtin.deb822_repository",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "repo",
                doc: "Content of the file.",
            },
            Return {
                name: "dest",
                doc: "The file.",
            },
            Return {
                name: "key_filename",
                doc: "Where a fetched key is kept.",
            },
        ],
        examples: &[Example {
            title: "A repository",
            args: r#"{"name": "tool", "uris": "https://repo.example.org/debian", "suites": "stable", "components": "main", "signed_by": "/etc/apt/keyrings/tool.asc"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let slug = slug(&self.name);
        let file = PathBuf::from(format!("/etc/apt/sources.list.d/{slug}.sources"));
        let dest = file.to_string_lossy().into_owned();
        if self.state == "absent" {
            host.remove(&file)?;
            let keys = ["asc", "gpg"].map(|kind| format!("{KEYRINGS}/{slug}.{kind}"));
            for key in &keys {
                host.remove(Path::new(key))?;
            }
            let [.., last] = keys;
            return Ok(Outcome::new()
                .with("repo", Value::None)
                .with("dest", dest)
                .with("key_filename", last));
        }
        let (key, kept) = self.key(host)?;
        let text = self.text(key);
        let attrs = FileAttrs {
            mode: self.mode.clone(),
            ..FileAttrs::default()
        };
        host.write(&file, text.as_bytes(), &Save::default(), &attrs)?;
        Ok(Outcome::new()
            .with("repo", text)
            .with("dest", dest)
            .with("key_filename", kept))
    }
}

#[cfg(test)]
mod tests {
    use super::{Deb822Repository, is_address, slug};
    use crate::params::Params;
    use kdo_value::json;

    #[test]
    fn fields_come_in_ansibles_order() {
        let args = json::read(
            r#"{"name": "K x_1", "uris": "http://x.example/d", "suites": ["stable"], "components": ["main", "contrib"], "architectures": ["amd64"], "trusted": true, "enabled": false, "date_max_future": 5}"#,
        )
        .unwrap();
        let args = Deb822Repository::SPEC
            .normalise(args.as_map().unwrap(), "x")
            .unwrap();
        let repo = Deb822Repository::from_args(&args).unwrap();
        assert_eq!(
            repo.text(None),
            "Architectures: amd64\nComponents: main contrib\nDate-Max-Future: 5\nEnabled: no\nX-Repolib-Name: K x_1\nSuites: stable\nTrusted: yes\nTypes: deb\nURIs: http://x.example/d\n"
        );
        assert!(
            repo.text(Some("-----BEGIN\n\nabc\n".into()))
                .contains("Signed-By:\n    -----BEGIN\n    .\n    abc\nSuites")
        );
        assert_eq!(slug("K x_1"), "k-x-1");
    }

    #[test]
    fn texts_of_keys_are_no_addresses() {
        assert!(is_address("https://example.org/key.asc"));
        assert!(!is_address("-----BEGIN PGP\nComment: https://gpgtools.org\n"));
        assert!(!is_address("/etc/apt/keyrings/x.asc"));
    }
}
