//! ssh-keygen: keys are made and read by it alone.

use crate::{
    host::{Answers, Conversation, Dialogue, Prompt, Scratch},
    prelude::*,
    pyregex,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// What ssh-keygen tells of a key.
pub(super) struct KeyFacts {
    pub(super) bits: i64,
    /// In small letters: `rsa`.
    pub(super) kind: String,
    pub(super) fingerprint: String,
}

/// A line of a file of public keys.
pub(super) struct PublicKey {
    /// `ssh-ed25519`.
    pub(super) kind: String,
    pub(super) data: String,
    pub(super) comment: String,
}

impl PublicKey {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.trim_matches([' ', '\n']).splitn(3, ' ');
        Some(Self {
            kind: words.next()?.to_owned(),
            data: words.next()?.to_owned(),
            comment: words.next().unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn line(&self) -> String {
        let text = format!("{} {} {}", self.kind, self.data, self.comment);
        format!("{}\n", text.trim_end())
    }
}

/// Runs ssh-keygen and answers each of its questions with the passphrase. It is told at a terminal: the list of
/// processes shows arguments to everybody.
pub(super) fn with_passphrase(
    host: &mut Host<'_>,
    command: &Command,
    passphrase: &str,
) -> Result<Conversation, Failure> {
    host.converse(Dialogue {
        argv: command.argv_text(),
        directory: None,
        echo: false,
        timeout: Some(Duration::from_secs(900)),
        prompts: vec![Prompt {
            text: "passphrase".into(),
            pattern: pyregex::compile("Enter .*passphrase.*: ", pyregex::Flags::default())?,
            answers: Answers::Always(passphrase.to_owned()),
        }],
    })
}

/// The program, and the passphrase of the keys it is for.
pub(super) struct Keygen {
    program: PathBuf,
    passphrase: Option<String>,
}

impl Keygen {
    pub(super) fn find(host: &mut Host<'_>, passphrase: Option<String>) -> Result<Self, Failure> {
        Ok(Self {
            program: host.need_program("ssh-keygen", "openssh-client")?,
            passphrase: passphrase.filter(|p| !p.is_empty()),
        })
    }

    fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// What is known of a key without its passphrase; `None` if it is no key.
    pub(super) fn facts(&self, host: &mut Host<'_>, path: &Path) -> Result<Option<KeyFacts>, Failure> {
        let said = host.query(self.command().arg("-l").arg("-f").path(path))?;
        let text = said.stdout_text();
        let mut words = text.split_whitespace();
        let (bits, fingerprint) = (words.next().and_then(|w| w.parse().ok()), words.next());
        Ok(match (bits, fingerprint, words.next_back()) {
            (Some(bits), Some(fingerprint), Some(kind)) if said.rc == 0 => Some(KeyFacts {
                bits,
                kind: kind.trim_matches(['(', ')']).to_lowercase(),
                fingerprint: fingerprint.to_owned(),
            }),
            _ => None,
        })
    }

    /// The public key of a private key; `None` if it cannot be read, or not with this passphrase.
    pub(super) fn public(&self, host: &mut Host<'_>, path: &Path) -> Result<Option<PublicKey>, Failure> {
        let command = self.command().arg("-y").arg("-f").path(path);
        let Some(passphrase) = &self.passphrase else {
            let said = host.query(command.arg("-P").arg(""))?;
            return Ok(match said.rc {
                0 => PublicKey::parse(&said.stdout_text()),
                _ => None,
            });
        };
        let said = with_passphrase(host, &command, passphrase)?;
        let lines: Vec<&str> = said.output.lines().filter(|l| !l.trim().is_empty()).collect();
        Ok(match lines.as_slice() {
            // The question, and the key: one that needs no passphrase is not the one that was asked for.
            [_, .., key] if said.rc == Some(0) => PublicKey::parse(key),
            _ => None,
        })
    }

    /// The contents of a new pair's files: private key, public key.
    pub(super) fn generate(
        &self,
        host: &mut Host<'_>,
        kind: &str,
        bits: i64,
        comment: &str,
        format: Option<&str>,
    ) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        let scratch = Scratch::new()?;
        let file = scratch.join("key");
        let mut command = self.command().arg("-q").arg("-b").arg(bits.to_string());
        command = command.arg("-t").arg(kind).arg("-C").arg(comment);
        if let Some(format) = format {
            command = command.arg("-m").arg(format);
        }
        command = command.arg("-f").path(&file);
        match &self.passphrase {
            None => {
                host.query(command.arg("-N").arg(""))?
                    .success("ssh-keygen failed")?;
            }
            Some(passphrase) => {
                let said = with_passphrase(host, &command, passphrase)?;
                if said.rc != Some(0) {
                    return Err(Failure::new(format!("ssh-keygen failed: {}", said.output.trim())));
                }
            }
        }
        let read = |path: &Path| {
            fs::read(path).map_err(|e| Failure::new(format!("ssh-keygen made no {}: {e}", path.display())))
        };
        Ok((read(&file)?, read(&scratch.join("key.pub"))?))
    }

    /// Writes another comment into a private key that has no passphrase, and beside it.
    pub(super) fn comment(&self, host: &mut Host<'_>, path: &Path, comment: &str) -> Result<(), Failure> {
        let command = self.command().arg("-q").arg("-c").arg("-P").arg("");
        host.query(command.arg("-C").arg(comment).arg("-f").path(path))?
            .success("ssh-keygen could not change the comment")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PublicKey;

    #[test]
    fn public_keys_are_read_and_written_with_and_without_comment() {
        let key = PublicKey::parse("ssh-rsa AAAA me at home\n").unwrap();
        assert_eq!(
            (key.kind.as_str(), key.comment.as_str()),
            ("ssh-rsa", "me at home")
        );
        assert_eq!(key.line(), "ssh-rsa AAAA me at home\n");
        assert_eq!(PublicKey::parse("ssh-rsa AAAA").unwrap().line(), "ssh-rsa AAAA\n");
        assert!(PublicKey::parse("nonsense").is_none());
    }
}
