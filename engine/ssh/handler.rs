//! What the protocol library asks and tells us during a session.

use crate::host_key::HostKeyCheck;
use kdo_transport::TransportError;
use russh::{client, client::DisconnectReason, keys::PublicKeyOrCertificate};
use std::{
    io::ErrorKind,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

/// What became known of a session while it ran.
pub(crate) struct Notes {
    refused: Mutex<Option<TransportError>>,
    key_changed: AtomicBool,
    lost: watch::Sender<Option<String>>,
}

impl Notes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            refused: Mutex::default(),
            key_changed: AtomicBool::new(false),
            lost: watch::Sender::new(None),
        })
    }

    /// Why the host key was refused, if it was.
    pub(crate) fn refused(&self) -> Option<TransportError> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The host key is not the known one; it was accepted only because checks are off.
    pub(crate) fn key_changed(&self) -> bool {
        self.key_changed.load(Ordering::Relaxed)
    }

    /// Why the session ended, if it did.
    pub(crate) fn lost(&self) -> Option<String> {
        self.lost.borrow().clone()
    }
}

/// See the module.
pub(crate) struct Handler {
    pub(crate) check: HostKeyCheck,
    pub(crate) notes: Arc<Notes>,
}

impl client::Handler for Handler {
    type Error = russh::Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        match self.check.judge(offered) {
            Ok(accepted) => {
                self.notes.key_changed.store(accepted.changed, Ordering::Relaxed);
                Ok(true)
            }
            Err(error) => {
                *self.notes.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Ok(false)
            }
        }
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        let text = match &reason {
            DisconnectReason::ReceivedDisconnect(info) if info.message.is_empty() => {
                "the server ended the connection".to_owned()
            }
            DisconnectReason::ReceivedDisconnect(info) => {
                format!("the server ended the connection: {}", one_line(&info.message))
            }
            DisconnectReason::Error(russh::Error::KeepaliveTimeout) => {
                "the host does not answer any more".to_owned()
            }
            DisconnectReason::Error(russh::Error::Disconnect | russh::Error::HUP) => {
                "the connection was closed".to_owned()
            }
            DisconnectReason::Error(russh::Error::IO(e)) if e.kind() == ErrorKind::UnexpectedEof => {
                "the connection was closed".to_owned()
            }
            DisconnectReason::Error(russh::Error::IO(e)) if e.kind() == ErrorKind::TimedOut => {
                "the host does not answer any more".to_owned()
            }
            DisconnectReason::Error(error) => one_line(&error.to_string()),
        };
        self.notes.lost.send_replace(Some(text));
        Ok(())
    }
}

/// A server's text made fit for one line of ours.
pub(crate) fn one_line(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}
