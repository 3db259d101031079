//! Programs as callbacks: each event as a line of JSON on their standard input.

use crate::{Console, record::Encoder};
use kdo_event::{Event, Sink};
use kdo_value::{Map, json::line};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Lines that may wait for a program that reads slowly; further ones are lost, as the run never waits for it.
const WAITING: usize = 4096;
/// How long the program may work after the run.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program that reads events.
pub struct Executable {
    path: PathBuf,
    console: Console,
    warn: String,
    program: Option<Program>,
    encoder: Encoder,
    seq: u64,
    lost: u64,
}

struct Program {
    child: Child,
    lines: SyncSender<String>,
    writer: JoinHandle<()>,
}

impl Executable {
    /// Starts a program. Its standard output and error are those of the run; `warn` is the colour of warnings.
    pub fn start(path: &Path, console: Console, warn: &str) -> io::Result<Self> {
        let mut child = Command::new(path).stdin(Stdio::piped()).spawn()?;
        let stdin = child
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("the program has no standard input"))?;
        let (lines, waiting) = sync_channel(WAITING);
        let writer = std::thread::Builder::new()
            .name("callback".into())
            .spawn(move || pass_on(&waiting, stdin))?;
        Ok(Self {
            path: path.to_owned(),
            console,
            warn: warn.to_owned(),
            program: Some(Program { child, lines, writer }),
            encoder: Encoder::default(),
            seq: 0,
            lost: 0,
        })
    }

    fn tell(&self, what: &str) {
        let text = format!("The callback program {} {what}", self.path.display());
        self.console.warning(&text, &self.warn);
    }

    fn send(&mut self, text: String) {
        let Some(program) = &self.program else { return };
        match program.lines.try_send(text) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.lost += 1,
            // The writer stops when the program no longer reads.
            Err(TrySendError::Disconnected(_)) => {
                let how = match self.end() {
                    Some(how) => format!("ended early ({how}); the run goes on without it."),
                    None => "no longer reads; the run goes on without it.".to_owned(),
                };
                self.tell(&how);
            }
        }
    }

    /// Closes its input and waits for it, but not for ever.
    fn end(&mut self) -> Option<String> {
        let mut program = self.program.take()?;
        drop(program.lines);
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match program.child.try_wait() {
                Ok(Some(status)) => break Some(status.to_string()),
                Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                _ => {
                    // It had its time; a run does not hang on it.
                    let _ = program.child.kill();
                    let _ = program.child.wait();
                    break None;
                }
            }
        };
        let _ = program.writer.join();
        status
    }
}

fn pass_on(lines: &Receiver<String>, mut to: ChildStdin) {
    while let Ok(text) = lines.recv() {
        if to.write_all(text.as_bytes()).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

impl Sink for Executable {
    fn event(&mut self, event: &Event) {
        for record in self.encoder.encode(event) {
            let entry = Map::new();
            entry.insert("seq", self.seq);
            entry.insert("t", crate::journal::now());
            record.for_each(|k, v| {
                entry.insert(k.clone(), v.clone());
            });
            self.seq += 1;
            self.send(format!("{}\n", line(&crate::clean::journal_value(&entry))));
        }
        if matches!(event, Event::RunEnd { .. }) && self.program.is_some() {
            match self.end() {
                None => self.tell("did not end after the run and was stopped."),
                Some(how) if !how.ends_with(": 0") => self.tell(&format!("failed ({how}).")),
                Some(_) => {}
            }
            if self.lost > 0 {
                self.tell(&format!("read too slowly; it missed {} events.", self.lost));
            }
        }
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::Executable;
    use crate::golden;
    use kdo_event::{Event, Sink};
    use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

    fn program(folder: &std::path::Path, text: &str) -> PathBuf {
        let path = folder.join("cb");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_program_gets_a_line_for_each_event() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let path = program(folder.path(), &format!("#!/bin/sh\ncat > {}\n", out.display()));
        let (console, _, err) = golden::console(false);
        let mut sink = Executable::start(&path, console, "").unwrap();
        golden::events("hosts").iter().for_each(|e| sink.event(e));
        sink.event(&Event::RunEnd { code: 0 });
        let text = fs::read_to_string(out).unwrap();
        assert!(text.lines().count() > 5, "{text}");
        for line in text.lines() {
            assert!(
                kdo_value::json::read(line)
                    .unwrap()
                    .as_map()
                    .unwrap()
                    .contains("event")
            );
        }
        assert!(
            text.contains("\"event\":\"recap\"") || text.contains("\"event\": \"recap\""),
            "{text}"
        );
        assert_eq!(err.text(), "");
    }

    #[test]
    fn one_that_dies_is_told_and_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = program(folder.path(), "#!/bin/sh\nexit 3\n");
        let (console, _, err) = golden::console(false);
        let mut sink = Executable::start(&path, console, "").unwrap();
        // The pipe takes some before the end is seen.
        for _ in 0..2000 {
            golden::events("hosts").iter().for_each(|e| sink.event(e));
            if !err.text().is_empty() {
                break;
            }
        }
        sink.event(&Event::RunEnd { code: 0 });
        assert!(
            err.text().contains("cb") && err.text().contains("exit status: 3"),
            "{}",
            err.text()
        );
        assert!(Executable::start(&folder.path().join("none"), golden::console(false).0, "").is_err());
    }
}
