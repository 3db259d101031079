//! Bringing the agent onto a host and starting it: one program start, one round trip when it is already there.
//!
//! The login shell runs a small POSIX script that looks for the agent's file by its hash, checks its content and
//! executes it; if it is missing, the script asks for the bytes on its standard input. It works with nothing but a
//! busybox shell.

use crate::{Become, Connection, Process, TransportError, TransportErrorKind as Kind, escalation::quote};
use kdo_wire::MAGIC;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// An agent's program for one machine type.
#[derive(Clone)]
pub struct AgentBinary {
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// SHA-256 of them, hexadecimal.
    pub sha256: String,
}

impl AgentBinary {
    /// Computes the hash.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        use sha2::Digest;
        let bytes = bytes.into();
        let sha256 = sha2::Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        Self { bytes, sha256 }
    }
}

/// The agents at hand, by machine type as `uname -m` prints it.
#[derive(Clone, Default)]
pub struct Agents {
    /// By machine.
    pub by_machine: HashMap<String, AgentBinary>,
}

/// A started agent: its streams, what came after the magic bytes, and how long things took.
pub(crate) struct Started {
    pub(crate) process: Process,
    pub(crate) rest: Vec<u8>,
    pub(crate) uploaded: bool,
}

/// Words of the script's protocol.
const WANT: &str = "kdo-want:";
const FAIL: &str = "kdo-fail:";

/// What the login's shell may write of its own before the agent speaks, in bytes.
const MAX_CHATTER: usize = 1 << 20;

/// The script. `HASHES` is a list `machine=hash=size`. Folders: `$KDO_AGENT_DIR`, the user's cache, and for users
/// without a home one of their own below /tmp or /var/tmp.
fn script(agents: &Agents) -> String {
    let mut cases = String::new();
    let mut machines: Vec<_> = agents.by_machine.iter().collect();
    machines.sort_by_key(|(m, _)| m.as_str());
    for (machine, agent) in machines {
        cases.push_str(&format!(
            "{machine}) h={} s={};; ",
            agent.sha256,
            agent.bytes.len()
        ));
    }
    // `k` keeps the login's umask for the agent; the cache itself is private. The file's content is checked before
    // it is executed; where there is no sha256sum, at least its length.
    format!(
        "k=$(umask); umask 077; m=$(uname -m); case $m in {cases}*) echo {FAIL} no agent for machine type $m; exit 3;; esac; \
         ok() {{ if command -v sha256sum >/dev/null 2>&1; then [ \"$(sha256sum <\"$1\" 2>/dev/null | cut -d' ' -f1)\" = $h ]; \
         else [ \"$(wc -c <\"$1\" 2>/dev/null | tr -d ' ')\" = $s ]; fi; }}; \
         u=$(id -u); t=; for d in \"${{KDO_AGENT_DIR:-}}\" \"${{XDG_CACHE_HOME:-${{HOME:-/nonexistent}}/.cache}}/kdo\" /tmp/.kdo-$u /var/tmp/.kdo-$u; do \
         [ -n \"$d\" ] || continue; f=$d/agent-$h; \
         if [ -x \"$f\" ] && [ -O \"$d\" ] && ok \"$f\"; then umask $k; exec \"$f\"; fi; \
         if [ -z \"$t\" ] && mkdir -p \"$d\" 2>/dev/null && chmod 700 \"$d\" 2>/dev/null && [ -O \"$d\" ] && [ ! -L \"$d\" ]; then \
         p=$d/.probe-$$; if head -c $s /dev/zero >\"$p\" 2>/dev/null && printf '#!/bin/sh\\nexit 0\\n' >\"$p\" 2>/dev/null && chmod 700 \"$p\" && \"$p\" 2>/dev/null; then t=$d; fi; rm -f \"$p\"; fi; done; \
         [ -n \"$t\" ] || {{ echo {FAIL} no folder of this user where a program of $((s / 1024)) KiB may be written and executed: full, read-only or noexec?; exit 3; }}; \
         f=$t/agent-$h; n=$f.$$; echo; echo {WANT}$m:; \
         if ! head -c $s >\"$n\" 2>/dev/null; then rm -f \"$n\"; echo {FAIL} cannot write \"$n\": disk full?; exit 3; fi; \
         if ! ok \"$n\"; then rm -f \"$n\"; echo {FAIL} the upload to \"$n\" is damaged or incomplete: disk full?; exit 3; fi; \
         chmod 700 \"$n\" && mv -f \"$n\" \"$f\" && umask $k && exec \"$f\"; echo {FAIL} cannot start \"$f\"; exit 3"
    )
}

/// Starts the agent over a connection, as another user if asked.
pub(crate) async fn start(
    connection: &dyn Connection,
    agents: &Agents,
    escalation: Option<&Become>,
    limit: Duration,
) -> Result<Started, TransportError> {
    let script = script(agents);
    let (command, pty) = match escalation {
        None => (format!("exec /bin/sh -c {}", quote(&script)), false),
        Some(b) => {
            let command = b
                .command(&script)
                .map_err(|e| TransportError::new(Kind::Become, e))?;
            // su reads its password from a terminal only.
            (command, b.method == "su" && b.password.is_some())
        }
    };
    let command = if pty {
        format!("stty raw -echo 2>/dev/null; {command}")
    } else {
        command
    };
    let mut process = connection.start(&command, pty).await?;
    let mut conversation = Conversation {
        agents,
        escalation,
        seen: Vec::new(),
        answered: false,
        uploaded: false,
    };
    match timeout(limit, conversation.hold(&mut process)).await {
        Ok(Ok(rest)) => Ok(Started {
            process,
            rest,
            uploaded: conversation.uploaded,
        }),
        Ok(Err(e)) => Err(e),
        Err(_) if escalation.is_some_and(|b| b.password.is_none()) => Err(TransportError::new(
            Kind::Become,
            "Timed out waiting for become success; is a password needed?",
        )),
        Err(_) => Err(TransportError::new(
            Kind::Agent,
            format!(
                "the agent did not start within {} s; the shell said: {}",
                limit.as_secs(),
                conversation.words()
            ),
        )),
    }
}

struct Conversation<'a> {
    agents: &'a Agents,
    escalation: Option<&'a Become>,
    seen: Vec<u8>,
    answered: bool,
    uploaded: bool,
}

impl Conversation<'_> {
    fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.seen).into_owned();
        let tail: String = text
            .trim()
            .chars()
            .rev()
            .take(500)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        if tail.is_empty() { "nothing".into() } else { tail }
    }

    /// Answers the script and the escalation's prompt until the agent's magic bytes come.
    async fn hold(&mut self, process: &mut Process) -> Result<Vec<u8>, TransportError> {
        let (mut out, mut err) = (vec![0; 16 << 10], vec![0; 4 << 10]);
        let (mut out_open, mut err_open) = (true, true);
        let mut errors = Vec::new();
        loop {
            tokio::select! {
                n = process.stdout.read(&mut out), if out_open => match n {
                    Ok(n) if n > 0 => {
                        self.seen.extend(out.get(..n).unwrap_or_default());
                        if let Some(at) = find(&self.seen, MAGIC) {
                            return Ok(self.seen.split_off(at + MAGIC.len()));
                        }
                        self.answer(process).await?;
                        self.bounded(self.seen.len())?;
                    }
                    _ => out_open = false,
                },
                n = process.stderr.read(&mut err), if err_open => match n {
                    Ok(n) if n > 0 => {
                        errors.extend(err.get(..n).unwrap_or_default());
                        self.bounded(errors.len())?;
                        let text = String::from_utf8_lossy(&errors).into_owned();
                        self.escalate(process, &text).await?;
                    }
                    _ => err_open = false,
                },
            }
            if !out_open && !err_open {
                self.seen.extend(errors);
                return Err(self.ended());
            }
        }
    }

    /// A start-up file that writes without end must not fill the memory.
    fn bounded(&self, len: usize) -> Result<(), TransportError> {
        if len <= MAX_CHATTER {
            return Ok(());
        }
        Err(TransportError::new(
            Kind::Agent,
            "the agent could not be started: the login's shell writes too much before it (look at its start-up files)",
        ))
    }

    fn ended(&self) -> TransportError {
        let text = String::from_utf8_lossy(&self.seen).into_owned();
        if let Some(reason) = self.escalation.and_then(|b| b.refused(&text)) {
            return TransportError::new(Kind::Become, reason);
        }
        if let Some((_, reason)) = text.split_once(FAIL) {
            return TransportError::new(
                Kind::Agent,
                format!("the agent could not be started: {}", reason.trim()),
            );
        }
        let kind = if self.escalation.is_some() {
            Kind::Become
        } else {
            Kind::Agent
        };
        if text.trim().is_empty() {
            return TransportError::new(
                kind,
                "the agent could not be started: the login's shell ended without a word (look at its start-up files)",
            );
        }
        TransportError::new(
            kind,
            format!("the agent could not be started; the host said: {}", self.words()),
        )
    }

    async fn answer(&mut self, process: &mut Process) -> Result<(), TransportError> {
        let text = String::from_utf8_lossy(&self.seen).into_owned();
        if let Some((_, reason)) = text.split_once(FAIL)
            && reason.contains('\n')
        {
            return Err(self.ended());
        }
        if !self.uploaded
            && let Some((_, after)) = text.split_once(WANT)
            && let Some((machine, _)) = after.split_once(':')
        {
            let agent = self.agents.by_machine.get(machine).ok_or_else(|| {
                TransportError::new(
                    Kind::Agent,
                    format!("there is no agent for machine type {machine}"),
                )
            })?;
            self.uploaded = true;
            let sent = async {
                process.stdin.write_all(&agent.bytes).await?;
                process.stdin.flush().await
            };
            // If the host stops reading, its own words tell why.
            let _ = sent.await;
            return Ok(());
        }
        self.escalate(process, &text).await
    }

    async fn escalate(&mut self, process: &mut Process, text: &str) -> Result<(), TransportError> {
        let Some(escalation) = self.escalation else {
            return Ok(());
        };
        if let Some(reason) = escalation.refused(text) {
            return Err(TransportError::new(Kind::Become, reason));
        }
        if !self.answered && escalation.asks(text) {
            let Some(password) = &escalation.password else {
                return Err(TransportError::new(Kind::Become, escalation.missing_password()));
            };
            self.answered = true;
            let line = zeroize::Zeroizing::new(format!("{}\n", password.expose()));
            let sent = async {
                process.stdin.write_all(line.as_bytes()).await?;
                process.stdin.flush().await
            };
            sent.await.map_err(|e| {
                TransportError::new(Kind::Become, format!("could not send the password: {e}"))
            })?;
        }
        Ok(())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}
