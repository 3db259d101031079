//! A program on the host, over one channel.

use kdo_transport::Process;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig, client::Msg};
use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf},
    sync::{mpsc, oneshot},
};

/// Bytes held for a reader that is slower than the network, per stream.
const SLACK: usize = 256 * 1024;
const CHUNK: usize = 32 * 1024;
const STDERR: u32 = 1;

/// One of the caller's three streams. As long as one exists, the program is left running.
struct Stream {
    pipe: DuplexStream,
    _alive: mpsc::Sender<Infallible>,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

/// Connects a channel on which a command was started to streams; `early` is what came before the server's answer.
pub(crate) fn run(reader: ChannelReadHalf, writer: ChannelWriteHalf<Msg>, early: Vec<ChannelMsg>) -> Process {
    let (alive, abandoned) = mpsc::channel(1);
    let stream = || {
        let (outer, inner) = tokio::io::duplex(SLACK);
        (
            Stream {
                pipe: outer,
                _alive: alive.clone(),
            },
            inner,
        )
    };
    let ((stdin, input), (stdout, output), (stderr, errors)) = (stream(), stream(), stream());
    let (exit, exit_status) = oneshot::channel();
    tokio::spawn(pump(Pump {
        reader,
        writer,
        early,
        input,
        output,
        errors,
        exit,
        abandoned,
    }));
    Process {
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(stderr),
        exit: exit_status,
    }
}

struct Pump {
    reader: ChannelReadHalf,
    writer: ChannelWriteHalf<Msg>,
    early: Vec<ChannelMsg>,
    input: DuplexStream,
    output: DuplexStream,
    errors: DuplexStream,
    exit: oneshot::Sender<i32>,
    abandoned: mpsc::Receiver<Infallible>,
}

async fn pump(pump: Pump) {
    let Pump {
        mut reader,
        writer,
        early,
        mut input,
        mut output,
        mut errors,
        exit,
        mut abandoned,
    } = pump;
    let (mut done_writing, mut exit) = (false, Some(exit));
    let to_host = async {
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = input.read(&mut buffer).await {
            let bytes = buffer.get(..count).unwrap_or_default().to_vec();
            if writer.data_bytes(bytes).await.is_err() {
                return;
            }
        }
        let _ = writer.eof().await;
    };
    let from_host = async {
        let mut early = early.into_iter();
        loop {
            let message = match early.next() {
                Some(message) => message,
                None => match reader.wait().await {
                    Some(message) => message,
                    None => return,
                },
            };
            // A stream whose reader is gone swallows the rest, so that the program does not block on it.
            match message {
                ChannelMsg::Data { data } => drop(output.write_all(&data).await),
                ChannelMsg::ExtendedData { data, ext: STDERR } => drop(errors.write_all(&data).await),
                ChannelMsg::Eof => {
                    let _ = output.shutdown().await;
                    let _ = errors.shutdown().await;
                }
                ChannelMsg::ExitStatus { exit_status } => {
                    if let Some(exit) = exit.take() {
                        let _ = exit.send(i32::try_from(exit_status).unwrap_or(255));
                    }
                }
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    if let Some(exit) = exit.take() {
                        let _ = exit.send(128 + signal_number(&signal_name));
                    }
                }
                ChannelMsg::Close => return,
                _ => {}
            }
        }
    };
    tokio::pin!(to_host, from_host);
    loop {
        tokio::select! {
            () = &mut to_host, if !done_writing => done_writing = true,
            () = &mut from_host => return,
            // Nobody holds a stream any more: end the program's channel instead of keeping it for ever.
            None = abandoned.recv(), if done_writing => {
                let _ = writer.close().await;
                // Its exit status is still delivered if the caller waits for it and the server sends it.
                from_host.await;
                return;
            }
        }
    }
}

fn signal_number(signal: &Sig) -> i32 {
    match signal {
        Sig::HUP => 1,
        Sig::INT => 2,
        Sig::QUIT => 3,
        Sig::ILL => 4,
        Sig::ABRT => 6,
        Sig::FPE => 8,
        Sig::KILL => 9,
        Sig::USR1 => 10,
        Sig::SEGV => 11,
        Sig::PIPE => 13,
        Sig::ALRM => 14,
        Sig::TERM => 15,
        Sig::Custom(name) => match name.split('@').next().unwrap_or_default() {
            "TRAP" => 5,
            "BUS" => 7,
            "USR2" => 12,
            "XCPU" => 24,
            "XFSZ" => 25,
            "SYS" => 31,
            _ => 127,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_linux_numbers() {
        assert_eq!(signal_number(&Sig::KILL), 9);
        assert_eq!(signal_number(&Sig::TERM), 15);
        assert_eq!(signal_number(&Sig::Custom("BUS".into())), 7);
    }
}
