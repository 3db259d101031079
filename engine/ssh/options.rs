//! The keywords and values gathered for one host, before they are interpreted.

use std::collections::HashMap;

/// Values by lower-case keyword. As in ssh the first value of a keyword counts; identity and certificate files add up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    values: HashMap<String, String>,
    pub(crate) identity_files: Vec<String>,
    pub(crate) certificate_files: Vec<String>,
}

impl Options {
    /// Takes one keyword (lower case) with the rest of its line.
    pub(crate) fn add(&mut self, keyword: &str, value: &str) {
        match keyword {
            "identityfile" => push_new(&mut self.identity_files, value),
            "certificatefile" => push_new(&mut self.certificate_files, value),
            _ => {
                let keyword = match keyword {
                    "challengeresponseauthentication" | "skeyauthentication" => {
                        "kbdinteractiveauthentication"
                    }
                    "pubkeyacceptedkeytypes" => "pubkeyacceptedalgorithms",
                    other => other,
                };
                self.values
                    .entry(keyword.to_owned())
                    .or_insert_with(|| value.trim().to_owned());
                // Whichever of the two comes first decides how the host is reached.
                if keyword == "proxyjump" {
                    self.values
                        .entry("proxycommand".to_owned())
                        .or_insert_with(|| "none".to_owned());
                } else if keyword == "proxycommand" {
                    self.values
                        .entry("proxyjump".to_owned())
                        .or_insert_with(|| "none".to_owned());
                }
            }
        }
    }

    /// The value with surrounding quotes taken off.
    pub(crate) fn get(&self, keyword: &str) -> Option<&str> {
        let value = self.values.get(keyword)?.as_str();
        Some(
            value
                .strip_prefix('"')
                .and_then(|v| v.strip_suffix('"'))
                .unwrap_or(value),
        )
    }

    /// The value exactly as written.
    pub(crate) fn raw(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).map(String::as_str)
    }

    /// A yes/no keyword.
    pub(crate) fn flag(&self, keyword: &str) -> Option<bool> {
        match self.get(keyword)?.to_ascii_lowercase().as_str() {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            _ => None,
        }
    }

    /// Takes over what `other` has and this has not.
    pub(crate) fn merge(&mut self, other: Options) {
        for (keyword, value) in other.values {
            self.values.entry(keyword).or_insert(value);
        }
        for file in other.identity_files {
            push_new(&mut self.identity_files, &file);
        }
        for file in other.certificate_files {
            push_new(&mut self.certificate_files, &file);
        }
    }
}

fn push_new(list: &mut Vec<String>, value: &str) {
    let value = value.trim().trim_matches('"').to_owned();
    if !value.is_empty() && !list.contains(&value) {
        list.push(value);
    }
}
