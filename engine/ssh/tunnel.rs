//! A TCP connection through a jump host.

use crate::banner::Duplex;
use russh::{Channel, ChannelMsg, client::Msg};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// More than the receive window of the session inside, so that reading from the jump host never has to wait for the
/// session inside, which may itself be waiting to write (and with it every other host behind the same jump host).
const SLACK: usize = 8 << 20;
const CHUNK: usize = 32 * 1024;

/// Makes a byte stream of a channel.
pub(crate) fn stream(channel: Channel<Msg>) -> Box<dyn Duplex> {
    let (outer, inner) = tokio::io::duplex(SLACK);
    let (mut from_inner, mut to_inner) = tokio::io::split(inner);
    let (mut reader, writer) = channel.split();
    tokio::spawn(async move {
        let upstream = async {
            let mut buffer = vec![0; CHUNK];
            while let Ok(count @ 1..) = from_inner.read(&mut buffer).await {
                let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                if writer.data_bytes(bytes).await.is_err() {
                    return;
                }
            }
            let _ = writer.eof().await;
            let _ = writer.close().await;
        };
        let downstream = async {
            while let Some(message) = reader.wait().await {
                let written = match message {
                    ChannelMsg::Data { data } => to_inner.write_all(&data).await,
                    ChannelMsg::Eof | ChannelMsg::Close => return,
                    _ => Ok(()),
                };
                if written.is_err() {
                    return;
                }
            }
        };
        // Either side's end is the end of the tunnel; dropping the inner pipe tells the session in it.
        tokio::select! {
            () = upstream => {}
            () = downstream => {}
        }
    });
    Box::new(outer)
}
