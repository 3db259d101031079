//! How many signatures by which keys a collection of a Galaxy server must have.

use super::{
    Gpg,
    gpg::{BAD, Verdict},
};
use crate::{Failure, Result};
use kdo_config::Config;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// How signatures are checked, where the command line says other than the configuration.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// The keyring.
    pub keyring: Option<PathBuf>,
    /// Check nothing.
    pub disabled: bool,
    /// How many must be good: a number or `all`; with `+` before it none at all is too few.
    pub required: Option<String>,
    /// Words of GnuPG that are no failure.
    pub ignored: Vec<String>,
}

/// A keyring with keys in it, and how many signatures by them are wanted.
#[derive(Debug)]
pub(crate) struct Keyring {
    pub(crate) gpg: Gpg,
    required: Required,
    ignored: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Required {
    /// None for all.
    count: Option<usize>,
    /// A collection without any is refused.
    strict: bool,
}

impl Signatures {
    /// Words of GnuPG that can be ignored.
    pub const WORDS: &[&str] = BAD;

    /// Checks a number of signatures.
    pub fn check_count(text: &str) -> Result<()> {
        Required::parse(text).map(|_| ())
    }
}

impl Required {
    fn parse(text: &str) -> Result<Self> {
        let (strict, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let count = match rest {
            "all" => Some(None),
            number => number.parse().ok().map(Some),
        };
        let count = count.ok_or_else(|| {
            Failure::invalid(format!("{text:?} is no number of signatures"))
                .help("write a number or `all`, with `+` before it to refuse what has no signature")
        })?;
        Ok(Self { count, strict })
    }
}

impl Keyring {
    /// The keyring that command line or configuration name; none if neither does. One that cannot be used is an
    /// error: who names one wants it to count.
    pub(crate) fn of(config: &Config, given: &Signatures) -> Result<Option<Self>> {
        let file = given
            .keyring
            .clone()
            .or_else(|| config.path("galaxy_gpg_keyring"));
        let Some(file) = file.filter(|_| !given.disabled && !config.bool("galaxy_disable_gpg_verify")) else {
            return Ok(None);
        };
        let required = given
            .required
            .as_deref()
            .or_else(|| config.text("galaxy_required_valid_signature_count"));
        let ignored = if given.ignored.is_empty() {
            config.list("galaxy_ignore_signature_status_codes").to_vec()
        } else {
            given.ignored.clone()
        };
        let ignored: BTreeSet<String> = ignored.into_iter().map(|c| c.to_uppercase()).collect();
        if let Some(unknown) = ignored.iter().find(|c| !BAD.contains(&c.as_str())) {
            let near = kdo_syntax::nearest(unknown, BAD.iter().copied());
            let failure = Failure::invalid(format!("{unknown} is no word of GnuPG that can be ignored"));
            return Err(failure.help(match near {
                Some(near) => format!("did you mean {near}?"),
                None => format!("these can: {}", BAD.join(", ")),
            }));
        }
        Ok(Some(Self {
            gpg: Gpg::of_keyring(&file)?,
            required: Required::parse(required.unwrap_or("1"))?,
            ignored,
        }))
    }

    /// Checks the signatures over `message`; gives the keys that made good ones.
    pub(crate) fn check(&self, armours: &[String], message: &Path) -> Result<Vec<String>> {
        let Required { count, strict } = self.required;
        if armours.is_empty() {
            return if strict {
                Err(Failure::mismatch(
                    "it has no signature, and the configuration wants at least one",
                ))
            } else {
                Ok(Vec::new())
            };
        }
        // The same twice is one: else it could stand for the second that is wanted.
        let armours: BTreeSet<&str> = armours.iter().map(|a| a.trim()).collect();
        let mut keys = BTreeSet::new();
        let mut good = 0;
        let mut ignored = 0;
        let mut bad = Vec::new();
        for armour in &armours {
            match self.gpg.verify(armour, message, &self.ignored)? {
                Verdict::Good { owner, .. } => {
                    good += 1;
                    keys.insert(owner);
                }
                // It is as if it were not there, but does not make others unnecessary.
                Verdict::Ignored => ignored += 1,
                Verdict::Bad(why) => bad.push(why),
            }
        }
        let enough = match count {
            None => bad.is_empty(),
            Some(count) => good >= count,
        };
        if enough && (good > 0 || !strict) {
            return Ok(keys.into_iter().map(|k| format!("gpg:{k}")).collect());
        }
        if ignored > 0 {
            bad.push(format!("{ignored} to be ignored"));
        }
        let failure = Failure::mismatch(format!(
            "{good} of {} signatures are good, {} wanted: {}",
            armours.len(),
            match count {
                None => "all are".to_owned(),
                Some(count) => format!("{} are", count.max(usize::from(strict))),
            },
            bad.join("; ")
        ));
        Err(match &self.gpg.keyring {
            Some(file) => failure.help(format!(
                "signatures are checked by the keys of {}",
                file.display()
            )),
            None => failure,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Required;

    #[test]
    fn numbers_of_signatures() {
        let of = |count, strict| Required { count, strict };
        assert_eq!(Required::parse("1").unwrap(), of(Some(1), false));
        assert_eq!(Required::parse("+2").unwrap(), of(Some(2), true));
        assert_eq!(Required::parse("all").unwrap(), of(None, false));
        assert_eq!(Required::parse("+all").unwrap(), of(None, true));
        for bad in ["", "+", "-1", "some"] {
            assert!(Required::parse(bad).is_err(), "{bad}");
        }
    }
}
