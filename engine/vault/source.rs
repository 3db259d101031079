//! What a `--vault-id` says.

use std::path::PathBuf;

/// Where a vault password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultSource {
    /// The user is asked, with the label in the question.
    Prompt,
    /// The user is asked as `--ask-vault-password` does it, without a label.
    Ask,
    /// A file with the password or a program that prints it.
    File(PathBuf),
}

impl VaultSource {
    /// `LABEL@SOURCE`, or a source without a label; an empty label is none.
    pub fn read(text: &str) -> (Option<String>, Self) {
        let (label, source) = match text.split_once('@') {
            Some((label, source)) => (Some(label.to_owned()).filter(|l| !l.is_empty()), source),
            None => (None, text),
        };
        let source = match source {
            "prompt" => Self::Prompt,
            "prompt_ask_vault_pass" => Self::Ask,
            path => Self::File(path.into()),
        };
        (label, source)
    }
}

#[cfg(test)]
mod tests {
    use super::VaultSource::{self, Ask, File, Prompt};

    #[test]
    fn labels_and_sources_are_told_apart() {
        let label = |l: &str| Some(l.to_owned());
        assert_eq!(VaultSource::read("dev@prompt"), (label("dev"), Prompt));
        assert_eq!(VaultSource::read("@prompt"), (None, Prompt));
        assert_eq!(VaultSource::read("prompt_ask_vault_pass"), (None, Ask));
        assert_eq!(VaultSource::read("a@b@c"), (label("a"), File("b@c".into())));
        assert_eq!(VaultSource::read("~/pw"), (None, File("~/pw".into())));
    }
}
