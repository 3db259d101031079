//! Signatures by OpenPGP, through the user's `gpg`: rules for expired and revoked keys are its own.

use super::Signed;
use crate::{Failure, Result};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The program with the keys that it knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gpg {
    /// The only keys; none for all that the user has.
    pub(crate) keyring: Option<PathBuf>,
}

/// What is to be said of a signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Fingerprints of the key that signed, and of the one that this belongs to.
    Good { key: String, owner: String },
    /// All that is wrong with it was to be ignored.
    Ignored,
    /// What is wrong.
    Bad(String),
}

/// The start of what GnuPG says for programs.
const STATUS: &str = "[GNUPG:] ";
/// Words that mean that a signature is not good.
pub(crate) const BAD: &[&str] = &[
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

impl Gpg {
    /// With the keys of a file; an error if it holds none.
    pub(crate) fn of_keyring(file: &Path) -> Result<Self> {
        let gpg = Self {
            keyring: Some(std::path::absolute(file)?),
        };
        fs::File::open(file)
            .map_err(|e| Failure::file(file, &e).of("the keyring for signatures of collections"))?;
        let home = tempfile::tempdir()?;
        let output = gpg.run(home.path(), ["--with-colons", "--list-keys"].map(OsStr::new))?;
        let listed = String::from_utf8_lossy(&output.stdout);
        if listed.lines().any(|l| l.starts_with("pub:")) {
            return Ok(gpg);
        }
        Err(Failure::invalid(format!(
            "the keyring {} holds no key: {}",
            file.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ))
        .help("make it by: gpg --no-default-keyring --keyring FILE --import KEY.asc"))
    }

    fn run<'a>(&self, home: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Output> {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--no-tty", "--no-auto-check-trustdb"]);
        command.args(["--trust-model", "always", "--status-fd", "1"]);
        if let Some(file) = &self.keyring {
            command.arg("--no-default-keyring").arg("--homedir").arg(home);
            command.arg("--keyring").arg(file);
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .env("LC_ALL", "C")
            .output()
            .map_err(|e| {
                Failure::invalid(format!("gpg, which checks signatures of collections: {e}"))
                    .help("install GnuPG, or go on without signatures by --disable-gpg-verify")
            })
    }

    /// Checks a signature over `message`.
    pub(crate) fn verify(&self, armour: &str, message: &Path, ignored: &BTreeSet<String>) -> Result<Verdict> {
        let work = tempfile::tempdir()?;
        let signature = work.path().join("signature.asc");
        fs::write(&signature, armour)?;
        let arguments = [OsStr::new("--verify"), signature.as_os_str(), message.as_os_str()];
        let output = self.run(work.path(), arguments)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let mut good = None;
        let mut wrong = BTreeSet::new();
        for line in said.lines().filter_map(|l| l.strip_prefix(STATUS)) {
            let mut words = line.split(' ');
            match words.next().unwrap_or_default() {
                "VALIDSIG" => {
                    let key = words.next().unwrap_or_default().to_owned();
                    let owner = words.nth(8).map_or_else(|| key.clone(), str::to_owned);
                    good = Some(Verdict::Good { key, owner });
                }
                word if BAD.contains(&word) => {
                    wrong.insert(word.to_owned());
                }
                _ => {}
            }
        }
        let failed = || Verdict::Bad(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        Ok(match good.filter(|_| output.status.success()) {
            _ if !wrong.is_empty() && wrong.is_subset(ignored) => Verdict::Ignored,
            _ if !wrong.is_empty() => Verdict::Bad(wrong.into_iter().collect::<Vec<_>>().join(" ")),
            Some(good) => good,
            None => failed(),
        })
    }
}

/// A detached signature over a file by the user's own key.
pub(crate) fn sign(key: Option<&str>, message: &[u8]) -> Result<Signed> {
    let work = tempfile::tempdir()?;
    let (file, made) = (
        work.path().join("MANIFEST.json"),
        work.path().join("signature.asc"),
    );
    fs::write(&file, message)?;
    let mut command = Command::new("gpg");
    command.args(["--quiet", "--yes", "--armor", "--status-fd", "1", "--detach-sign"]);
    if let Some(key) = key {
        command.args(["--local-user", key]);
    }
    let output = command
        .arg("--output")
        .arg(&made)
        .arg(&file)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| Failure::invalid(format!("gpg, which signs: {e}")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut created = said
        .lines()
        .filter_map(|l| l.strip_prefix(STATUS)?.strip_prefix("SIG_CREATED "));
    let fingerprint = created.next().and_then(|l| l.split(' ').next_back());
    match fingerprint.filter(|_| output.status.success()) {
        Some(fingerprint) => Ok(Signed {
            armour: fs::read_to_string(&made).map_err(|e| Failure::file(&made, &e))?,
            fingerprint: fingerprint.to_owned(),
        }),
        None => Err(Failure::invalid("gpg could not sign")),
    }
}
