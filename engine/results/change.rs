//! How results compare with the baseline.

use crate::{baseline::Expected, status::Status};

/// How a result compares with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It passed in the baseline and fails now.
    Regression,
    /// It fails, and the baseline does not have it, or as one that was not run.
    NewFailure,
    /// It failed in the baseline and passes now.
    Fix,
    /// It fails as it does in the baseline.
    KnownFailure,
}

impl Change {
    /// A word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::NewFailure => "new-failure",
            Self::Fix => "fix",
            Self::KnownFailure => "known-failure",
        }
    }

    /// Whether something got worse.
    pub fn is_worse(self) -> bool {
        matches!(self, Self::Regression | Self::NewFailure)
    }

    pub(crate) fn of(expected: Option<Expected>, now: Status) -> Option<Self> {
        match (expected, now.is_failure()) {
            (Some(Expected::Flaky), true) => Some(Self::KnownFailure),
            (Some(Expected::Flaky), false) => None,
            (Some(Expected::Status(Status::Pass)), true) => Some(Self::Regression),
            (Some(Expected::Status(before)), true) if before.is_failure() => Some(Self::KnownFailure),
            (_, true) => Some(Self::NewFailure),
            (Some(Expected::Status(before)), false) if before.is_failure() && now == Status::Pass => {
                Some(Self::Fix)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Change;
    use crate::{baseline::Expected, status::Status};

    #[test]
    fn what_is_expected_decides() {
        let known = |status| Some(Expected::Status(status));
        for (expected, now, change) in [
            (known(Status::Pass), Status::Fail, Some(Change::Regression)),
            (known(Status::Pass), Status::Crash, Some(Change::Regression)),
            (known(Status::Pass), Status::Skip, None),
            (known(Status::Pass), Status::Pass, None),
            (known(Status::Fail), Status::Timeout, Some(Change::KnownFailure)),
            (known(Status::Timeout), Status::Pass, Some(Change::Fix)),
            (known(Status::Fail), Status::Notrun, None),
            (known(Status::Notrun), Status::Fail, Some(Change::NewFailure)),
            (known(Status::Skip), Status::Pass, None),
            (Some(Expected::Flaky), Status::Fail, Some(Change::KnownFailure)),
            (Some(Expected::Flaky), Status::Pass, None),
            (None, Status::Fail, Some(Change::NewFailure)),
            (None, Status::Pass, None),
        ] {
            assert_eq!(Change::of(expected, now), change, "{expected:?} {now:?}");
        }
    }
}
