//! How a test ended.

/// How a test ended. The order is from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It did what it should.
    Pass,
    /// It found that it cannot be run here.
    Skip,
    /// The suite found that it cannot be run here.
    Notrun,
    /// It failed.
    Fail,
    /// It was killed because it took too long.
    Timeout,
    /// The host went down or the test ended without a result.
    Crash,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Pass,
        Self::Skip,
        Self::Notrun,
        Self::Fail,
        Self::Timeout,
        Self::Crash,
    ];

    /// The word of `results.tsv` and of the baseline.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Notrun => "notrun",
            Self::Fail => "fail",
            Self::Timeout => "timeout",
            Self::Crash => "crash",
        }
    }

    /// Reads such a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|s| s.word().eq_ignore_ascii_case(word.trim()))
    }

    /// Failed in one way or another.
    pub fn is_failure(self) -> bool {
        self >= Self::Fail
    }

    /// Was not really run.
    pub fn is_skip(self) -> bool {
        matches!(self, Self::Skip | Self::Notrun)
    }

    /// A sign for tables, so that colour is not all that tells.
    pub fn sign(self) -> char {
        match self {
            Self::Pass => '✓',
            Self::Skip | Self::Notrun => '–',
            _ => '✗',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn each_word_names_its_status() {
        for status in Status::ALL {
            assert_eq!(Status::of(status.word()), Some(status));
            assert!(!(status.is_failure() && status.is_skip()));
        }
        assert_eq!(Status::of("PASS "), Some(Status::Pass));
        assert_eq!(Status::of("passed"), None);
    }
}
