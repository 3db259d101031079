//! How the controller reaches hosts: the [`Connector`] and [`Connection`] traits, the endpoint's description,
//! the local connection, privilege escalation and the agent's bootstrap. SSH itself is in `kdo-ssh`.

mod bootstrap;
mod endpoint;
mod enter;
mod error;
mod escalation;
mod local;
mod local_pty;
mod process;
mod secret;
mod session;

pub use bootstrap::{AgentBinary, Agents};
pub use endpoint::Endpoint;
pub use enter::{Entered, enter, marked};
pub use error::{TransportError, TransportErrorKind};
pub use escalation::{Become, quote};
pub use local::LocalConnector;
pub use process::Process;
pub use secret::Secret;
pub use session::{AgentSession, StepChannel, Traffic};

use async_trait::async_trait;
use std::sync::Arc;

/// Makes connections of one kind (ssh, local, …). One connector serves a whole run and holds what its
/// connections share: handshake limits per endpoint, decrypted keys, parsed configuration.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects and authenticates. Errors say whether the host is unreachable or the credentials are wrong.
    async fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Connection>, TransportError>;
}

/// One live, authenticated connection to a host; several processes may run over it at once.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Starts `command` through the login user's shell. With `pty`, standard output and error are one stream
    /// and the program sees a terminal (for programs that ask for a password).
    async fn start(&self, command: &str, pty: bool) -> Result<Process, TransportError>;

    /// Whether the connection is still usable, as far as is known without asking the host.
    fn is_alive(&self) -> bool;

    /// Ends the connection in an orderly way; later calls of `start` fail.
    async fn close(&self);
}
