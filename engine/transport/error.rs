//! Why a host could not be reached or an agent not be started.

/// What kind of failure it was; decides between `unreachable` and `failed`, and whether a retry makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: name, network, refused, timed out, or lost later.
    Unreachable,
    /// The server refused every credential.
    Authentication,
    /// The server's host key is unknown, changed or revoked.
    HostKey,
    /// Local configuration is wrong (key file unreadable, bad option).
    Configuration,
    /// Privilege escalation failed (wrong or missing password, not allowed, program missing).
    Become,
    /// The agent could not be brought onto the host or started.
    Agent,
}

/// A failure of the transport, told in one line for the task's `msg`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// Its kind.
    pub kind: TransportErrorKind,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl TransportError {
    /// A new error.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}
