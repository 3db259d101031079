//! Signatures by OpenPGP, through the user's `gpg`: rules for expired and revoked keys are its own.

use crate::{Failure, Result};
use kdo_config::Config;
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
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
    file: PathBuf,
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

/// The start of what GnuPG says for programs.
const STATUS: &str = "[GNUPG:] ";
/// Words that mean that a signature is not good.
const BAD: &[&str] = &[
    "EXPSIG",
    "EXPKEYSIG",
    "REVKEYSIG",
    "BADSIG",
    "ERRSIG",
    "NO_PUBKEY",
    "MISSING_PASSPHRASE",
    "BAD_PASSPHRASE",
    "NODATA",
    "UNEXPECTED",
    "ERROR",
    "FAILURE",
    "BADARMOR",
    "KEYEXPIRED",
    "KEYREVOKED",
    "NO_SECKEY",
];

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
        let keyring = Self {
            file: std::path::absolute(&file)?,
            required: Required::parse(required.unwrap_or("1"))?,
            ignored: ignored.into_iter().map(|c| c.to_uppercase()).collect(),
        };
        keyring.must_hold_keys()?;
        Ok(Some(keyring))
    }

    fn must_hold_keys(&self) -> Result<()> {
        fs::File::open(&self.file)
            .map_err(|e| Failure::file(&self.file, &e).of("the keyring for signatures of collections"))?;
        let home = tempfile::tempdir()?;
        let output = self.gpg(home.path(), ["--with-colons", "--list-keys"].map(OsStr::new))?;
        let listed = String::from_utf8_lossy(&output.stdout);
        if listed.lines().any(|l| l.starts_with("pub:")) {
            return Ok(());
        }
        Err(Failure::invalid(format!(
            "the keyring {} holds no key: {}",
            self.file.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ))
        .help("make it by: gpg --no-default-keyring --keyring FILE --import KEY.asc"))
    }

    fn gpg<'a>(&self, home: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Output> {
        let mut command = Command::new("gpg");
        command.args([
            "--batch",
            "--no-tty",
            "--no-default-keyring",
            "--no-auto-check-trustdb",
        ]);
        command.args(["--trust-model", "always", "--status-fd", "1", "--homedir"]);
        command.arg(home).arg("--keyring").arg(&self.file).args(arguments);
        command
            .stdin(Stdio::null())
            .env("LC_ALL", "C")
            .output()
            .map_err(|e| {
                Failure::invalid(format!("gpg, which checks signatures of collections: {e}"))
                    .help("install GnuPG, or go on without signatures by --disable-gpg-verify")
            })
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
        let mut good = BTreeSet::new();
        let mut passed = 0;
        let mut bad = Vec::new();
        for armour in armours {
            match self.one(armour, message)? {
                Ok(key) => {
                    passed += 1;
                    good.extend(key);
                }
                Err(why) => bad.push(why),
            }
        }
        let enough = match count {
            None => bad.is_empty(),
            Some(count) => passed >= count,
        };
        if enough {
            return Ok(good.into_iter().map(|k| format!("gpg:{k}")).collect());
        }
        Err(Failure::mismatch(format!(
            "{passed} of {} signatures are good, {} wanted: {}",
            armours.len(),
            count.map_or("all are".to_owned(), |c| format!("{c} are")),
            bad.join("; ")
        ))
        .help(format!(
            "signatures are checked by the keys of {}",
            self.file.display()
        )))
    }

    /// The key of a good signature (none where what is wrong is to be ignored), or why it is not good.
    fn one(&self, armour: &str, message: &Path) -> Result<std::result::Result<Option<String>, String>> {
        let work = tempfile::tempdir()?;
        let signature = work.path().join("signature.asc");
        fs::write(&signature, armour)?;
        let arguments = [OsStr::new("--verify"), signature.as_os_str(), message.as_os_str()];
        let output = self.gpg(work.path(), arguments)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let mut key = None;
        let mut wrong = BTreeSet::new();
        for line in said.lines().filter_map(|l| l.strip_prefix(STATUS)) {
            let mut words = line.split(' ');
            match words.next().unwrap_or_default() {
                "VALIDSIG" => key = words.next().map(str::to_owned),
                word if BAD.contains(&word) && !self.ignored.contains(word) => {
                    wrong.insert(word.to_owned());
                }
                _ => {}
            }
        }
        let told = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(" ");
        if !wrong.is_empty() {
            return Ok(Err(told(wrong)));
        }
        // Without a word of success there is none, unless each failure was to be ignored.
        if key.is_none() && self.ignored.is_empty() {
            return Ok(Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(Ok(key))
    }
}

/// A detached signature over a file by the user's own key.
pub(crate) fn sign(key: Option<&str>, message: &[u8]) -> Result<String> {
    let work = tempfile::tempdir()?;
    let (file, made) = (
        work.path().join("MANIFEST.json"),
        work.path().join("signature.asc"),
    );
    fs::write(&file, message)?;
    let mut command = Command::new("gpg");
    command.args(["--quiet", "--yes", "--armor", "--detach-sign"]);
    if let Some(key) = key {
        command.args(["--local-user", key]);
    }
    let status = command
        .arg("--output")
        .arg(&made)
        .arg(&file)
        .status()
        .map_err(|e| Failure::invalid(format!("gpg, which signs: {e}")))?;
    if !status.success() {
        return Err(Failure::invalid("gpg could not sign"));
    }
    fs::read_to_string(&made).map_err(|e| Failure::file(&made, &e))
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
