//! A live SSH session as the transport's connection.

use crate::{
    banner::Duplex,
    fault::unreachable,
    handler::{Handler, Notes},
    process,
    proxy_command::ProxyCommand,
    tunnel,
};
use async_trait::async_trait;
use kdo_transport::{Connection, Process, TransportError};
use russh::{ChannelMsg, ChannelOpenFailure, ChannelReadHalf, Disconnect, Pty, client::Handle};
use std::sync::Arc;

/// See the module.
pub(crate) struct Session {
    pub(crate) handle: Handle<Handler>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) label: String,
    /// What carries this session lives as long as it.
    pub(crate) jump: Option<Arc<Session>>,
    pub(crate) proxy: Option<ProxyCommand>,
}

impl Session {
    fn gone(&self, error: &russh::Error) -> TransportError {
        let complaint = self
            .proxy
            .as_ref()
            .and_then(ProxyCommand::complaint)
            .map(|text| format!("ProxyCommand: {text}"));
        let why = complaint
            .or_else(|| self.notes.lost())
            .unwrap_or_else(|| error.to_string());
        let through = self
            .jump
            .as_ref()
            .map_or(String::new(), |jump| format!(" (through {})", jump.label));
        unreachable(format!("connection to {}{through} lost: {why}", self.label))
    }

    /// A TCP connection from this host to another.
    pub(crate) async fn tunnel(&self, host: &str, port: u16) -> Result<Box<dyn Duplex>, TransportError> {
        match self
            .handle
            .channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0)
            .await
        {
            Ok(channel) => Ok(tunnel::stream(channel)),
            Err(russh::Error::ChannelOpenFailure(reason)) => Err(unreachable(match reason {
                ChannelOpenFailure::AdministrativelyProhibited => {
                    format!(
                        "jump host {} does not allow connections to {host} port {port}",
                        self.label
                    )
                }
                ChannelOpenFailure::ConnectFailed => {
                    format!("jump host {} could not connect to {host} port {port}", self.label)
                }
                other => format!(
                    "jump host {} did not connect to {host} port {port}: {other:?}",
                    self.label
                ),
            })),
            Err(error) => Err(self.gone(&error)),
        }
    }

    /// Waits for the server's yes to a request; what else arrives is kept.
    async fn granted(
        &self,
        reader: &mut ChannelReadHalf,
        early: &mut Vec<ChannelMsg>,
        what: &str,
    ) -> Result<(), TransportError> {
        loop {
            match reader.wait().await {
                Some(ChannelMsg::Success) => return Ok(()),
                Some(ChannelMsg::Failure | ChannelMsg::Close) => {
                    return Err(unreachable(format!("{} refused {what}", self.label)));
                }
                Some(other) => early.push(other),
                None => return Err(self.gone(&russh::Error::Disconnect)),
            }
        }
    }
}

#[async_trait]
impl Connection for Session {
    async fn start(&self, command: &str, pty: bool) -> Result<Process, TransportError> {
        let channel = match self.handle.channel_open_session().await {
            Ok(channel) => channel,
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                return Err(unreachable(format!(
                    "{} refused another session on this connection (MaxSessions?): {reason:?}",
                    self.label
                )));
            }
            Err(error) => return Err(self.gone(&error)),
        };
        let (mut reader, writer) = channel.split();
        let mut early = Vec::new();
        if pty {
            // No echo (passwords are typed into it) and line ends left alone (programs talk through it).
            let modes = [
                (Pty::ECHO, 0),
                (Pty::ECHONL, 0),
                (Pty::ONLCR, 0),
                (Pty::TTY_OP_ISPEED, 38400),
                (Pty::TTY_OP_OSPEED, 38400),
            ];
            writer
                .request_pty(true, "dumb", 80, 24, 0, 0, &modes)
                .await
                .map_err(|e| self.gone(&e))?;
        }
        writer.exec(true, command).await.map_err(|e| self.gone(&e))?;
        if pty {
            self.granted(&mut reader, &mut early, "a terminal").await?;
        }
        self.granted(&mut reader, &mut early, "to run a command").await?;
        Ok(process::run(reader, writer, early))
    }

    fn is_alive(&self) -> bool {
        !self.handle.is_closed()
    }

    async fn close(&self) {
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "").await;
    }
}
