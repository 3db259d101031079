//! A plugin's program while it runs: a line of JSON in, a line of JSON out.

use kdo_value::{Map, Value, json};
use std::{
    cell::{Cell, RefCell},
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Longest answer, in bytes.
const MAX_ANSWER: u64 = 16 << 20;
/// How much of what a program writes to its standard error is kept for messages, in bytes.
const MAX_COMPLAINT: u64 = 4 << 10;
/// After this time without an answer the program's input is ended: it may be reading up to the end.
const PATIENCE: Duration = Duration::from_secs(1);
/// An answer so soon after the end of the input is taken to have waited for it.
const PROMPT: Duration = Duration::from_millis(250);
/// How long a program may take to end when it is no longer needed.
const GRACE: Duration = Duration::from_millis(500);

/// A program that serves as plugin. It is started when it is first asked, and again whenever it has ended.
pub(super) struct Program {
    path: PathBuf,
    timeout: Duration,
    running: RefCell<Option<Running>>,
    /// It answers only when its input has ended.
    reads_to_end: Cell<bool>,
}

/// What the program has said.
enum Said {
    Line(Vec<u8>),
    TooLong,
    /// Nothing more will come.
    End,
}

struct Running {
    child: Child,
    /// Requests on their way; dropping it ends the program's input.
    input: Option<Sender<String>>,
    output: Receiver<Said>,
    complaint: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
    answered: bool,
}

impl Program {
    pub(super) fn new(path: PathBuf, timeout: Duration) -> Self {
        Self {
            path,
            timeout,
            running: RefCell::default(),
            reads_to_end: Cell::new(false),
        }
    }

    /// The file, as it is named in messages.
    pub(super) fn shown(&self) -> String {
        format!("`{}`", self.path.display())
    }

    /// Gives it a line and takes its answer.
    pub(super) fn ask(&self, request: &str) -> Result<Map, String> {
        let mut fresh = false;
        loop {
            let (mut running, new) = match self.running.take() {
                Some(running) if !fresh => (running, false),
                _ => (self.start()?, true),
            };
            if let Some(input) = &running.input {
                // A program that has ended tells so by the end of its output.
                let _ = input.send(format!("{request}\n"));
            }
            match self.wait(&mut running)? {
                Said::Line(line) => {
                    running.answered = true;
                    let answer = self.parse(&line)?;
                    if running.input.is_some() {
                        self.running.replace(Some(running));
                    }
                    return Ok(answer);
                }
                Said::TooLong => {
                    return Err(format!(
                        "{} gives more than {} MiB for one answer",
                        self.shown(),
                        MAX_ANSWER >> 20
                    ));
                }
                // It answers once and ends: that is well.
                Said::End if !new && running.answered => fresh = true,
                Said::End => return Err(self.ended(&mut running)),
            }
        }
    }

    /// Waits for a line; an input that seems to be read up to its end is ended.
    fn wait(&self, running: &mut Running) -> Result<Said, String> {
        let began = Instant::now();
        if self.reads_to_end.get() {
            running.input = None;
        } else {
            match running.output.recv_timeout(PATIENCE.min(self.timeout)) {
                Ok(said) => return Ok(said),
                Err(RecvTimeoutError::Disconnected) => return Ok(Said::End),
                Err(RecvTimeoutError::Timeout) => running.input = None,
            }
        }
        let ended_input = Instant::now();
        let left = self.timeout.saturating_sub(began.elapsed());
        match running.output.recv_timeout(left) {
            Ok(said) => {
                if ended_input.elapsed() < PROMPT && matches!(said, Said::Line(_)) {
                    self.reads_to_end.set(true);
                }
                Ok(said)
            }
            Err(RecvTimeoutError::Disconnected) => Ok(Said::End),
            Err(RecvTimeoutError::Timeout) => {
                let _ = running.child.kill();
                Err(format!(
                    "{} has not answered within {} s{}",
                    self.shown(),
                    self.timeout.as_secs_f64(),
                    running.complaint()
                ))
            }
        }
    }

    fn parse(&self, line: &[u8]) -> Result<Map, String> {
        let text = std::str::from_utf8(line)
            .map_err(|_| format!("{} does not write UTF-8", self.shown()))?
            .trim();
        match json::read(text) {
            Ok(Value::Map(map)) => Ok(map),
            Ok(other) => Err(format!(
                "{} does not answer with a JSON object but with {}",
                self.shown(),
                other.type_name()
            )),
            Err(e) => {
                let start: String = text.chars().take(60).collect();
                let dots = if start.len() < text.len() { "…" } else { "" };
                Err(format!(
                    "{} does not answer with JSON in one line: {e} (it begins with `{start}{dots}`)",
                    self.shown()
                ))
            }
        }
    }

    fn ended(&self, running: &mut Running) -> String {
        // Its output has ended, so it will end very soon, if it has not.
        let status = running.end().map_or_else(String::new, |s| format!(" ({s})"));
        let began = Instant::now();
        while began.elapsed() < GRACE && running.listener.as_ref().is_some_and(|l| !l.is_finished()) {
            thread::sleep(Duration::from_millis(2));
        }
        format!(
            "{} ended without an answer{status}{}",
            self.shown(),
            running.complaint()
        )
    }

    fn start(&self) -> Result<Running, String> {
        let program = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{} cannot be executed: {e}", self.shown()))?;
        let (send, requests) = channel();
        let (answers, output) = channel();
        let complaint = Arc::new(Mutex::new(String::new()));
        if let Some(stdin) = child.stdin.take() {
            thread::spawn(move || write(stdin, &requests));
        }
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || read(stdout, &answers));
        }
        let listener = child.stderr.take().map(|stderr| {
            let complaint = Arc::clone(&complaint);
            thread::spawn(move || listen(stderr, &complaint))
        });
        Ok(Running {
            child,
            input: Some(send),
            output,
            complaint,
            listener,
            answered: false,
        })
    }
}

impl Running {
    /// What it has written to its standard error, to be added to a message.
    fn complaint(&self) -> String {
        let text = self.complaint.lock().map(|t| t.trim().to_owned());
        match text.unwrap_or_default() {
            text if text.is_empty() => text,
            text => format!(": {text}"),
        }
    }

    /// Lets it come to its end, or kills it.
    fn end(&mut self) -> Option<ExitStatus> {
        self.input = None;
        let began = Instant::now();
        while began.elapsed() < GRACE {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(2)),
                Ok(done) => return done,
                Err(_) => break,
            }
        }
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn write(mut stdin: ChildStdin, requests: &Receiver<String>) {
    for request in requests {
        if stdin
            .write_all(request.as_bytes())
            .and_then(|()| stdin.flush())
            .is_err()
        {
            return;
        }
    }
}

fn read(stdout: ChildStdout, answers: &Sender<Said>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let said = match (&mut stdout).take(MAX_ANSWER + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => Said::End,
            Ok(n) if n as u64 > MAX_ANSWER => Said::TooLong,
            Ok(_) if line.trim_ascii().is_empty() => continue,
            Ok(_) => Said::Line(line),
        };
        let last = !matches!(said, Said::Line(_));
        if answers.send(said).is_err() || last {
            return;
        }
    }
}

/// Keeps the last part of a program's complaints.
fn listen(mut stderr: impl Read, complaint: &Mutex<String>) {
    let mut bytes = [0_u8; 1024];
    while let Ok(n @ 1..) = stderr.read(&mut bytes) {
        let Ok(mut text) = complaint.lock() else { return };
        text.push_str(&String::from_utf8_lossy(bytes.get(..n).unwrap_or_default()));
        let over = (text.len() as u64).saturating_sub(MAX_COMPLAINT) as usize;
        if over > 0 {
            let cut = (over..=text.len())
                .find(|i| text.is_char_boundary(*i))
                .unwrap_or(0);
            text.drain(..cut);
        }
    }
}
