//! Names of groups that are no names of variables (`force_valid_group_names`).

/// What happens to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupNames {
    /// They stay, with a warning.
    #[default]
    Never,
    /// They stay, without a word.
    Ignore,
    /// Their odd characters become `_`, with a warning.
    Always,
    /// Their odd characters become `_`, without a word.
    Silently,
}

impl GroupNames {
    /// By the word of the configuration.
    pub fn of(word: &str) -> Self {
        match word {
            "always" => Self::Always,
            "silently" => Self::Silently,
            "ignore" => Self::Ignore,
            _ => Self::Never,
        }
    }

    /// The name a group gets.
    pub(crate) fn apply(self, name: &str) -> String {
        match self {
            Self::Always | Self::Silently => name
                .char_indices()
                .map(|(at, c)| if fits(at, c) { c } else { '_' })
                .collect(),
            Self::Never | Self::Ignore => name.to_owned(),
        }
    }

    /// The warning about names that do not fit, if there is one.
    pub(crate) fn warning(self) -> Option<&'static str> {
        match self {
            Self::Never => Some(
                "Invalid characters were found in group names but not replaced, use -vvvv to see details",
            ),
            Self::Always => Some(
                "Invalid characters were found in group names and automatically replaced, use -vvvv to see details",
            ),
            Self::Ignore | Self::Silently => None,
        }
    }
}

/// Whether a name is not one of a variable.
pub(crate) fn is_odd(name: &str) -> bool {
    !name.char_indices().all(|(at, c)| fits(at, c))
}

fn fits(at: usize, c: char) -> bool {
    (c.is_alphanumeric() || c == '_') && !(at == 0 && c.is_numeric())
}

#[cfg(test)]
mod tests {
    use super::{GroupNames, is_odd};

    #[test]
    fn odd_characters_become_underscores_where_that_is_asked_for() {
        for (name, replaced) in [("a-b", "a_b"), ("1a", "_a"), ("žluť", "žluť"), ("x.y z", "x_y_z")] {
            assert_eq!(GroupNames::of("always").apply(name), replaced);
            assert_eq!(GroupNames::of("silently").apply(name), replaced);
            assert_eq!(GroupNames::of("never").apply(name), name);
            assert_eq!(GroupNames::of("ignore").apply(name), name);
            assert_eq!(is_odd(name), name != replaced);
        }
        assert!(GroupNames::Always.warning().is_some() && GroupNames::Silently.warning().is_none());
    }
}
