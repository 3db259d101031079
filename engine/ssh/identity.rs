//! A credential that can be offered to a server.

use crate::{handler::one_line, host_key::describe};
use russh::keys::{Certificate, PrivateKey, PublicKey, agent::AgentIdentity};
use std::{path::PathBuf, sync::Arc};

/// One offer.
pub(crate) enum Identity {
    /// The agent signs.
    Agent(Box<AgentIdentity>),
    /// A key from a file.
    Key { path: PathBuf, key: Arc<PrivateKey> },
    /// A certificate for a key from a file.
    Certified {
        path: PathBuf,
        key: Arc<PrivateKey>,
        certificate: Box<Certificate>,
    },
}

impl Identity {
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Agent(identity) => identity.public_key().into_owned(),
            Self::Key { key, .. } | Self::Certified { key, .. } => key.public_key().clone(),
        }
    }

    pub(crate) fn is_certificate(&self) -> bool {
        matches!(self, Self::Certified { .. } | Self::Agent(_))
    }

    /// For the list of what was tried.
    pub(crate) fn label(&self) -> String {
        let certificate = if self.is_certificate() {
            "certificate of "
        } else {
            ""
        };
        let key = describe(&self.public());
        match self {
            Self::Agent(identity) => {
                format!("{certificate}agent key {} ({key})", one_line(identity.comment()))
            }
            Self::Key { path, .. } | Self::Certified { path, .. } => {
                format!("{certificate}{} ({key})", path.display())
            }
        }
    }
}
