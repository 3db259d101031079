//! The user's ssh-agent.

use russh::keys::{
    PublicKey,
    agent::{AgentIdentity, client::AgentClient},
};
use std::{path::Path, time::Duration};
use tokio::net::UnixStream;

/// How long an agent may take to list its keys.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to an agent and the keys it holds.
pub(crate) struct Agent {
    pub(crate) client: AgentClient<UnixStream>,
    pub(crate) identities: Vec<AgentIdentity>,
}

impl Agent {
    /// Connects and lists the keys; an agent that is not there is the same as none, with the reason for messages.
    pub(crate) async fn connect(socket: &Path) -> Result<Self, String> {
        let list = async {
            let mut client = AgentClient::connect_uds(socket).await?;
            let identities = client.request_identities().await?;
            Ok::<_, russh::keys::Error>(Self { client, identities })
        };
        match tokio::time::timeout(PATIENCE, list).await {
            Ok(Ok(agent)) => Ok(agent),
            Ok(Err(error)) => Err(format!("ssh-agent {}: {error}", socket.display())),
            Err(_) => Err(format!("ssh-agent {} does not answer", socket.display())),
        }
    }

    /// The agent's entries for a public key, certificates first.
    pub(crate) fn holding(&self, key: &PublicKey) -> Vec<AgentIdentity> {
        let mut found: Vec<_> = self
            .identities
            .iter()
            .filter(|id| id.public_key().key_data() == key.key_data())
            .cloned()
            .collect();
        found.sort_by_key(|id| matches!(id, AgentIdentity::PublicKey { .. }));
        found
    }
}
