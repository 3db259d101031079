//! This machine as a host.

use crate::{Connection, Connector, Endpoint, Process, TransportError, TransportErrorKind, local_pty};
use async_trait::async_trait;
use std::{
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    process::{Child, Command},
    sync::oneshot,
};

/// Starts programs on this machine, by `/bin/sh`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalConnector;

struct LocalConnection {
    directory: Option<PathBuf>,
    open: AtomicBool,
}

#[async_trait]
impl Connector for LocalConnector {
    async fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Connection>, TransportError> {
        Ok(Arc::new(LocalConnection {
            directory: endpoint.directory.clone().filter(|d| d.is_dir()),
            open: AtomicBool::new(true),
        }))
    }
}

#[async_trait]
impl Connection for LocalConnection {
    async fn start(&self, command: &str, pty: bool) -> Result<Process, TransportError> {
        if !self.is_alive() {
            return Err(TransportError::new(
                TransportErrorKind::Unreachable,
                "the local connection is closed",
            ));
        }
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]);
        if let Some(directory) = &self.directory {
            shell.current_dir(directory);
        }
        let started = if pty {
            local_pty::start(shell)
        } else {
            plain(shell)
        };
        started.map_err(|e| {
            TransportError::new(TransportErrorKind::Unreachable, format!("starting /bin/sh: {e}"))
        })
    }

    fn is_alive(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    async fn close(&self) {
        self.open.store(false, Ordering::Relaxed);
    }
}

fn plain(mut shell: Command) -> std::io::Result<Process> {
    let mut child = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(std::io::Error::other("no standard streams"));
    };
    Ok(Process {
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(stderr),
        exit: exit_of(child),
    })
}

/// Waits for the program in the background and tells its exit status.
pub(crate) fn exit_of(mut child: Child) -> oneshot::Receiver<i32> {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        if let Ok(status) = child.wait().await {
            let _ = sender.send(code(status));
        }
    });
    receiver
}

fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn start(command: &str, pty: bool) -> Process {
        LocalConnector
            .connect(&Endpoint::new("localhost"))
            .await
            .unwrap()
            .start(command, pty)
            .await
            .unwrap()
    }

    async fn run(command: &str, input: &str, pty: bool) -> (String, String, i32) {
        let Process {
            mut stdin,
            mut stdout,
            mut stderr,
            exit,
        } = start(command, pty).await;
        stdin.write_all(input.as_bytes()).await.unwrap();
        if !pty {
            drop(stdin);
        }
        let (mut out, mut err) = (String::new(), String::new());
        stdout.read_to_string(&mut out).await.unwrap();
        stderr.read_to_string(&mut err).await.unwrap();
        (out, err, exit.await.unwrap())
    }

    #[tokio::test]
    async fn streams_are_apart_and_the_exit_status_is_told() {
        let result = run("cat; echo oops >&2; exit 3", "in", false).await;
        assert_eq!(result, ("in".to_owned(), "oops\n".to_owned(), 3));
    }

    #[tokio::test]
    async fn a_signal_counts_as_128_and_its_number() {
        assert_eq!(run("kill -9 $$", "", false).await.2, 137);
    }

    #[tokio::test]
    async fn with_a_pty_the_program_has_a_terminal_that_does_not_echo() {
        let (out, err, code) = run(
            "test -t 0 && test -t 2 && echo tty >/dev/tty; read x; echo got $x >&2",
            "pass\n",
            true,
        )
        .await;
        assert_eq!((out.as_str(), err.as_str(), code), ("tty\ngot pass\n", "", 0));
    }

    #[tokio::test]
    async fn a_closed_connection_starts_nothing() {
        let connection = LocalConnector.connect(&Endpoint::new("localhost")).await.unwrap();
        connection.close().await;
        assert!(!connection.is_alive());
        assert!(connection.start("true", false).await.is_err());
    }
}
