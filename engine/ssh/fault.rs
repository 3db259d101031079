//! Short ways to the transport's errors, and the failures that are worth another try.

use kdo_transport::{TransportError, TransportErrorKind};

/// A failed attempt to connect.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The other side hung up before authentication, as a server with too many unauthenticated connections does.
    HungUp(String),
    /// Anything that the same attempt would meet again.
    Final(TransportError),
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        Self::Final(error)
    }
}

pub(crate) fn unreachable(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::Unreachable, message)
}

pub(crate) fn configuration(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::Configuration, message)
}

pub(crate) fn host_key(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::HostKey, message)
}

pub(crate) fn authentication(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::Authentication, message)
}
