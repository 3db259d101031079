//! Why something of Galaxy cannot be done.

use kdo_syntax::Diagnostic;
use std::{fmt, io, path::Path};

/// What sort of failure it is; commands end with a code of its own for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A requirement, a file or an option makes no sense.
    Invalid,
    /// There is no such package, version or file.
    NotFound,
    /// A server cannot be reached, or says no.
    Server,
    /// A package is harmful or broken: nothing of it is installed.
    Refused,
    /// Bytes are not those that were locked, announced or signed.
    Mismatch,
    /// Requirements that no set of versions fulfils.
    Conflict,
    /// Files of this machine.
    Files,
}

/// A failure: its sort and what to tell.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The sort.
    pub cause: Cause,
    /// What is wrong, where, and what can be done.
    pub diagnostic: Box<Diagnostic>,
    /// What else is wrong in the same text.
    pub more: Vec<Diagnostic>,
}

/// What this crate's functions give.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure with this message.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            diagnostic: Box::new(Diagnostic::error(message)),
            more: Vec::new(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Cause::Invalid, message)
    }

    /// What is asked for is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Cause::NotFound, message)
    }

    pub(crate) fn server(message: impl Into<String>) -> Self {
        Self::new(Cause::Server, message)
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Cause::Refused, message)
    }

    pub(crate) fn mismatch(message: impl Into<String>) -> Self {
        Self::new(Cause::Mismatch, message)
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::new(Cause::Files, format!("{}: {error}", path.display()))
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic.help = Some(help.into());
        self
    }

    /// With words before the message, such as the package's name.
    #[must_use]
    pub fn of(mut self, what: impl fmt::Display) -> Self {
        self.diagnostic.message = format!("{what}: {}", self.diagnostic.message);
        self
    }

    /// All of them as one, to be told at once; none if there are none.
    pub fn all(failures: Vec<Self>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let mut first = failures.next()?;
        for other in failures {
            first.more.push(*other.diagnostic);
            first.more.extend(other.more);
        }
        Some(first)
    }

    /// Points at a place, unless there is one already.
    #[must_use]
    pub fn at(mut self, place: Option<kdo_value::Origin>) -> Self {
        if self.diagnostic.place.is_none() {
            self.diagnostic.place = place.filter(|o| o.file != 0);
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            cause: Cause::Invalid,
            diagnostic: Box::new(diagnostic),
            more: Vec::new(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Cause::Files, error.to_string())
    }
}
