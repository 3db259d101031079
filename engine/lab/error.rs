use std::io;
use std::path::PathBuf;

/// Why a `kdo lab` command failed.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The command is only possible as root.
    #[error(
        "this needs root: a host of the lab has namespaces, a disk and a network of its own. \
         Without root `kdo lab up 1` offers one SSH server on loopback, and `down`, `list`, `inventory`, `ssh-config`"
    )]
    NotRoot,
    /// A system call or file access failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program of the machine failed.
    #[error("{program} failed ({status}){}", .log.as_ref().map(|l| format!(", see {}", l.display())).unwrap_or_default())]
    Program {
        /// Name of the program.
        program: String,
        /// Its exit status in words, with its last words if there are any.
        status: String,
        /// Where it wrote to.
        log: Option<PathBuf>,
    },
    /// There is no host of that name in the lab.
    #[error("no host {0} in this lab: `kdo lab list` shows them")]
    NoHost(String),
    /// Some hosts did not answer on their SSH port in time.
    #[error("no SSH banner from {names} within {seconds} s, see console.log under {place}")]
    NoBanner {
        /// Names of at most ten of them.
        names: String,
        /// The time limit in seconds.
        seconds: u64,
        /// Folder of the hosts.
        place: PathBuf,
    },
    /// The request makes no sense or cannot be fulfilled here.
    #[error("{0}")]
    Refused(String),
}

/// Says what was being done when a call failed.
pub(crate) trait During<T> {
    /// Turns the error into a [`LabError::Io`] with the text of `what`.
    fn during<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, LabError>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, LabError> {
        self.map_err(|error| LabError::Io {
            what: what().into(),
            source: error.into(),
        })
    }
}
