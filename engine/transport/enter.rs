//! Becomes another user in front of a plain command: answers the question for the password, and only if it is asked.

use crate::{Become, Process, TransportError, TransportErrorKind::Unreachable};
use std::{pin::pin, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep_until},
};

/// What the command prints first, on both streams, once it runs as the other user.
const MARK: &str = "kdo-become-success";

/// More than that is no question.
const MAX: usize = 1 << 20;

/// What was read while the other user's rights were taken.
pub struct Entered {
    /// Standard output behind the mark.
    pub stdout: Vec<u8>,
    /// Standard error behind the mark.
    pub stderr: Vec<u8>,
    /// Whether the command runs; else the program ended before, and the streams hold what it said.
    pub through: bool,
}

/// The command with the marks in front.
pub fn marked(command: &str) -> String {
    format!("echo {MARK}; echo {MARK} >&2; {command}")
}

/// Waits for the marks or the question, and answers it. After `limit` without either the host counts as unreachable.
pub async fn enter(
    process: &mut Process,
    escalation: &Become,
    limit: Duration,
) -> Result<Entered, TransportError> {
    let lost = |e: std::io::Error| TransportError::new(Unreachable, e.to_string());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (mut out_ended, mut err_ended, mut answered) = (false, false, false);
    let mut deadline = pin!(sleep_until(Instant::now() + limit));
    loop {
        if let (Some(stdout), Some(stderr)) = (behind(&out), behind(&err)) {
            return Ok(Entered {
                stdout,
                stderr,
                through: true,
            });
        }
        let said = String::from_utf8_lossy(&[err.as_slice(), out.as_slice()].concat()).into_owned();
        // Who is refused is asked again, or told after a while; there is no other answer.
        let refused = answered && escalation.refused(&said).is_some();
        if refused || out_ended && err_ended || out.len() + err.len() > MAX {
            return Ok(Entered {
                stdout: out,
                stderr: err,
                through: false,
            });
        }
        if !answered
            && let Some(password) = &escalation.password
            && escalation.asks(&said)
        {
            let line = format!("{}\n", password.expose());
            process.stdin.write_all(line.as_bytes()).await.map_err(lost)?;
            process.stdin.flush().await.map_err(lost)?;
            answered = true;
        }
        let (mut one, mut two) = ([0; 4096], [0; 4096]);
        tokio::select! {
            n = process.stdout.read(&mut one), if !out_ended => {
                let n = n.map_err(lost)?;
                out_ended = n == 0;
                out.extend(one.iter().take(n));
            }
            n = process.stderr.read(&mut two), if !err_ended => {
                let n = n.map_err(lost)?;
                err_ended = n == 0;
                err.extend(two.iter().take(n));
            }
            () = &mut deadline => {
                return Err(TransportError::new(
                    Unreachable,
                    "Timed out waiting for become success or become password prompt",
                ));
            }
        }
    }
}

/// What follows the mark's line, if it is there.
fn behind(bytes: &[u8]) -> Option<Vec<u8>> {
    let mark = format!("{MARK}\n");
    let at = bytes.windows(mark.len()).position(|w| w == mark.as_bytes())?;
    bytes.get(at + mark.len()..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::{enter, marked};
    use crate::{Become, Connector, Endpoint, LocalConnector, Secret, TransportErrorKind};
    use std::time::Duration;
    use tokio::io::AsyncReadExt;

    fn su(prompts: &[&str]) -> Become {
        Become {
            method: "su".into(),
            user: "root".into(),
            executable: None,
            flags: None,
            folder: None,
            password: Some(Secret::new("s3cret")),
            prompts: prompts.iter().map(|p| (*p).to_owned()).collect(),
        }
    }

    /// A program that asks as `su` does, in front of a command.
    fn asking(prompt: &str) -> String {
        format!(
            "printf '{prompt}' >&2; read p; [ \"$p\" = s3cret ] || {{ echo 'su: Authentication failure' >&2; exit 1; }}; {}",
            marked("echo ran; echo more >&2; cat")
        )
    }

    async fn run(
        command: &str,
        escalation: &Become,
        limit: u64,
    ) -> Result<(bool, String, String), TransportErrorKind> {
        let connection = LocalConnector.connect(&Endpoint::new("localhost")).await.unwrap();
        let mut process = connection.start(command, false).await.unwrap();
        let entered = enter(&mut process, escalation, Duration::from_millis(limit))
            .await
            .map_err(|e| e.kind)?;
        drop(process.stdin);
        let (mut out, mut err) = (entered.stdout, entered.stderr);
        process.stdout.read_to_end(&mut out).await.unwrap();
        process.stderr.read_to_end(&mut err).await.unwrap();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Ok((entered.through, text(&out), text(&err)))
    }

    #[tokio::test]
    async fn the_password_is_sent_when_it_is_asked_for() {
        for prompt in ["Password: ", "bob password: ", "Mot de passe : ", "密码："] {
            let done = run(&asking(prompt), &su(&[]), 20_000).await;
            assert_eq!(done, Ok((true, "ran\n".into(), "more\n".into())), "{prompt}");
        }
        let done = run(&asking("Geheimnis: "), &su(&["geheimnis"]), 20_000).await;
        assert_eq!(done, Ok((true, "ran\n".into(), "more\n".into())));
    }

    #[tokio::test]
    async fn who_is_not_asked_keeps_the_password() {
        let done = run(&marked("cat"), &su(&[]), 20_000).await;
        assert_eq!(done, Ok((true, String::new(), String::new())));
    }

    #[tokio::test]
    async fn a_refusal_and_a_strange_question_are_told_apart() {
        let wrong = Become {
            password: Some(Secret::new("no")),
            ..su(&[])
        };
        let (through, _, said) = run(&asking("Password: "), &wrong, 20_000).await.unwrap();
        assert!(!through);
        assert_eq!(wrong.refused(&said), Some("Incorrect su password".to_owned()));
        // One that asks again and again.
        let again =
            "printf 'Password: ' >&2; read p; echo 'Sorry, try again.' >&2; printf 'Password: ' >&2; read p";
        let (through, _, said) = run(again, &wrong, 20_000).await.unwrap();
        assert!(!through && said.contains("try again"));
        let strange = run(&asking("Password: "), &su(&["NO_SUCH_PROMPT"]), 50).await;
        assert_eq!(strange, Err(TransportErrorKind::Unreachable));
    }
}
