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

impl Deb822Repository {
    /// The key as the field has it; a key given by address is fetched and kept in a file.
    fn key(&self, host: &mut Host<'_>) -> Result<(Option<String>, Option<PathBuf>), Failure> {
        let Some(key) = &self.signed_by else {
            return Ok((None, None));
        };
        if !key.contains("://") {
            return Ok((Some(key.clone()), None));
        }
        let content = Fetched::get(host, key, true)?.bytes()?;
        let text = content.starts_with(b"-----BEGIN");
        let folder = Path::new("/etc/apt/keyrings");
        host.make_directory(folder)?;
        let path = folder.join(format!(
            "{}.{}",
            slug(&self.name),
            if text { "asc" } else { "gpg" }
        ));
        host.write(&path, &content, &Save::default(), &self.attrs())?;
        Ok((Some(path.to_string_lossy().into_owned()), Some(path)))
    }

    fn attrs(&self) -> FileAttrs {
        FileAttrs {
            mode: self.mode.clone(),
            ..FileAttrs::default()
        }
    }

    fn text(&self, key: Option<&str>) -> String {
        let mut out = String::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                out += &format!("{name}: {value}\n");
            }
        };
        let truth = |b: Option<bool>| b.map(|b| if b { "yes" } else { "no" }.to_owned());
        let list = |l: &Option<Vec<String>>| l.as_ref().map(|l| l.join(" "));
        add(
            "Allow-Downgrade-To-Insecure",
            truth(self.allow_downgrade_to_insecure),
        );
        add("Allow-Insecure", truth(self.allow_insecure));
        add("Allow-Weak", truth(self.allow_weak));
        add("Architectures", list(&self.architectures));
        add("By-Hash", truth(self.by_hash));
        add("Check-Date", truth(self.check_date));
        add("Check-Valid-Until", truth(self.check_valid_until));
        add("Components", list(&self.components));
        add("Date-Max-Future", self.date_max_future.map(|n| n.to_string()));
        add("Enabled", truth(self.enabled));
        add("InRelease-Path", self.inrelease_path.clone());
        add("Languages", list(&self.languages));
        add("X-Repolib-Name", Some(self.name.clone()));
        add("PDiffs", truth(self.pdiffs));
        if let Some(key) = key {
            if key.contains('\n') {
                // Continued lines are indented, and an empty line is a dot.
                out += "Signed-By:\n";
                for line in key.trim_end().lines() {
                    out += &format!(
                        "    {}\n",
                        if line.trim().is_empty() {
                            "."
                        } else {
                            line.trim_end()
                        }
                    );
                }
            } else {
                out += &format!("Signed-By: {key}\n");
            }
        }
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                out += &format!("{name}: {value}\n");
            }
        };
        add("Suites", list(&self.suites));
        add("Targets", list(&self.targets));
        add("Trusted", truth(self.trusted));
        add("Types", Some(self.types.join(" ")));
        add("URIs", list(&self.uris));
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
            let mut gone = Value::None;
            for kind in ["asc", "gpg"] {
                let key = PathBuf::from(format!("/etc/apt/keyrings/{slug}.{kind}"));
                if host.remove(&key)? {
                    gone = Value::str(key.to_string_lossy());
                }
            }
            return Ok(Outcome::new()
                .with("repo", Value::None)
                .with("dest", dest)
                .with("key_filename", gone));
        }
        let (key, kept) = self.key(host)?;
        let text = self.text(key.as_deref());
        host.write(&file, text.as_bytes(), &Save::default(), &self.attrs())?;
        Ok(Outcome::new()
            .with("repo", text)
            .with("dest", dest)
            .with("key_filename", kept.map(|k| k.to_string_lossy().into_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::{Deb822Repository, slug};
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
            repo.text(Some("-----BEGIN\n\nabc\n"))
                .contains("Signed-By:\n    -----BEGIN\n    .\n    abc\nSuites")
        );
        assert_eq!(slug("K x_1"), "k-x-1");
    }
}
