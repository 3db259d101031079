//! A program that runs on the other side of a connection.

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
};

/// Streams and exit of a started program. Dropping `stdin` closes its standard input.
pub struct Process {
    /// Standard input.
    pub stdin: Box<dyn AsyncWrite + Send + Unpin>,
    /// Standard output (with a pty: both streams).
    pub stdout: Box<dyn AsyncRead + Send + Unpin>,
    /// Standard error (empty with a pty).
    pub stderr: Box<dyn AsyncRead + Send + Unpin>,
    /// Exit status, 128 + N after signal N; the sender is dropped when the connection ends first.
    pub exit: oneshot::Receiver<i32>,
}
