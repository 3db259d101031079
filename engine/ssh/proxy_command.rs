//! A `ProxyCommand`: a program whose standard input and output are the connection.

use crate::{banner::Duplex, fault::unreachable, handler::one_line};
use kdo_transport::TransportError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
};

/// The running program; it is ended, with all that it started, when this is dropped.
pub(crate) struct ProxyCommand {
    child: Child,
    complaints: Arc<Mutex<Vec<u8>>>,
}

impl ProxyCommand {
    /// Starts `command` by the shell.
    pub(crate) fn start(command: &str) -> Result<(Self, Box<dyn Duplex>), TransportError> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| unreachable(format!("ProxyCommand '{command}': {e}")))?;
        let (Some(stdin), Some(stdout), Some(mut stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(unreachable(format!(
                "ProxyCommand '{command}' has no standard streams"
            )));
        };
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&complaints);
        tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < 4096 {
                    kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
                }
            }
        });
        Ok((
            Self { child, complaints },
            Box::new(tokio::io::join(stdout, stdin)),
        ))
    }

    /// The last line of what it wrote to standard error.
    pub(crate) fn complaint(&self) -> Option<String> {
        let kept = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        text.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .map(one_line)
    }
}

impl Drop for ProxyCommand {
    fn drop(&mut self) {
        // The id is known only while the program was not waited for, so it cannot be another's by now.
        let group = self
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::TERM);
        }
    }
}
