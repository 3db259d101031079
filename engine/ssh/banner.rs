//! A stream that remembers the first bytes the server sent, to say what answered when it was no SSH server.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const KEPT: usize = 160;

/// A two-way byte stream to a server.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The bytes kept by a [`Tap`].
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    /// The first line received, printable; `None` when nothing came.
    pub(crate) fn first_line(&self) -> Option<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = bytes
            .split(|&b| b == b'\n')
            .next()
            .filter(|line| !line.is_empty())?;
        Some(
            String::from_utf8_lossy(line)
                .trim_end()
                .chars()
                .map(|c| if c.is_control() { '?' } else { c })
                .collect(),
        )
    }
}

/// See the module.
pub(crate) struct Tap<S> {
    inner: S,
    seen: Option<Seen>,
}

impl<S> Tap<S> {
    pub(crate) fn new(inner: S, seen: Seen) -> Self {
        Self {
            inner,
            seen: Some(seen),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Some(seen) = &self.seen {
            let mut kept = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = buf.filled().get(before..).unwrap_or_default();
            let room = KEPT.saturating_sub(kept.len()).min(fresh.len());
            kept.extend_from_slice(fresh.get(..room).unwrap_or_default());
            if kept.len() >= KEPT {
                drop(kept);
                self.seen = None;
            }
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
