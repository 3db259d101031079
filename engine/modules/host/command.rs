//! Programs on the host: started with an argument list, never through a shell unless the module is a shell.

use super::Host;
use crate::{Failure, Stream};
use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{self, Stdio},
    time::{Duration, Instant},
};

/// Bytes of one stream that a result keeps: the first and the last half of it.
const KEEP: usize = 16 << 20;

/// A program to start.
#[derive(Clone)]
pub struct Command {
    argv: Vec<OsString>,
    directory: Option<PathBuf>,
    environment: Vec<(String, String)>,
    stdin: Option<Vec<u8>>,
    stream: bool,
    timeout: Option<Duration>,
    umask: Option<u32>,
}

impl Command {
    /// A program by name (found on PATH) or path.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            argv: vec![program.into()],
            directory: None,
            environment: Vec::new(),
            stdin: None,
            stream: false,
            timeout: None,
            umask: None,
        }
    }

    /// A whole argument list.
    pub fn argv(argv: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            ..Self::new("")
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.argv.push(arg.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.argv.extend(args.into_iter().map(Into::into));
        self
    }

    /// A path as argument.
    #[must_use]
    pub fn path(self, path: &Path) -> Self {
        self.arg(path.as_os_str().to_owned())
    }

    /// The folder to run in.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// What it reads on standard input; without, it reads nothing.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Shows its output while it runs.
    #[must_use]
    pub fn streamed(mut self) -> Self {
        self.stream = true;
        self
    }

    /// Ends it (and its children) after this time.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Permissions that files made by the program do not get, instead of the step's.
    #[must_use]
    pub fn umask(mut self, umask: Option<u32>) -> Self {
        self.umask = umask;
        self
    }

    /// The argument list as text, for results.
    pub fn argv_text(&self) -> Vec<String> {
        self.argv
            .iter()
            .map(|a| a.to_string_lossy().into_owned())
            .collect()
    }
}

/// What a program left behind.
pub struct Output {
    /// Exit status; minus the number of the signal that ended it, as Python tells it.
    pub rc: i64,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// Bytes left out of the middle of standard output because of their amount.
    pub dropped: u64,
}

impl Output {
    /// Standard output as text; bytes that are not UTF-8 become U+FFFD.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The output, or a failure with the program's words if it did not end with 0.
    pub fn success(self, what: &str) -> Result<Self, Failure> {
        if self.rc == 0 {
            return Ok(self);
        }
        let words = if self.stderr.is_empty() {
            self.stdout_text()
        } else {
            self.stderr_text()
        };
        Err(Failure::new(format!("{what}: {}", words.trim()))
            .with("rc", self.rc)
            .with("stdout", self.stdout_text())
            .with("stderr", self.stderr_text()))
    }
}

/// Head and tail of a stream of any length in bounded memory.
#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    dropped: u64,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        let room = (KEEP / 2).saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend(first);
        self.tail.extend(rest);
        if self.tail.len() > KEEP / 2 {
            let n = self.tail.len() - KEEP / 2;
            self.tail.drain(..n);
            self.dropped += n as u64;
        }
    }

    fn into_bytes(mut self) -> (Vec<u8>, u64) {
        if self.dropped > 0 {
            self.head
                .extend(format!("\n[kdo: {} bytes left out]\n", self.dropped).as_bytes());
        }
        self.head.extend(self.tail);
        (self.head, self.dropped)
    }
}

impl Host<'_> {
    /// Runs a program that only looks; it runs in check mode too. An error means that it could not be started.
    pub fn query(&mut self, command: Command) -> Result<Output, Failure> {
        self.start(&command).map_err(|e| not_started(&command, &e))
    }

    /// Runs a program that changes the machine: marks the change; in check mode it is not run (`None`).
    pub fn execute(&mut self, command: Command) -> Result<Option<Output>, Failure> {
        self.mark_changed();
        if self.check() {
            Ok(None)
        } else {
            self.query(command).map(Some)
        }
    }

    /// Runs a program whatever the mode and gives the system's error if it cannot be started.
    pub fn start(&mut self, command: &Command) -> io::Result<Output> {
        let (program, args) = command
            .argv
            .split_first()
            .ok_or_else(|| io::Error::other("no program named"))?;
        let mut child = process::Command::new(program);
        child
            .args(args)
            .envs(self.context().environment.iter().map(|(k, v)| (k, v)));
        child.envs(command.environment.iter().map(|(k, v)| (k, v)));
        if let Some(path) = command
            .environment
            .iter()
            .chain(&self.context().environment)
            .find(|(k, _)| k == "PATH")
        {
            // The program itself is looked for on the PATH it will see.
            child.env("PATH", &path.1);
        }
        if let Some(directory) = command.directory.as_ref().or(self.context().directory.as_ref()) {
            child.current_dir(directory);
        }
        child
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        child.stdin(if command.stdin.is_some() {
            Stdio::piped()
        } else {
            null()
        });
        if let Some(umask) = command.umask.or(self.context().umask) {
            let set = move || {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
                Ok(())
            };
            #[allow(unsafe_code)]
            // SAFETY: umask(2) is async-signal-safe and touches only the forked child.
            unsafe {
                child.pre_exec(set);
            }
        }
        #[cfg(test)]
        STARTED.set(STARTED.get() + 1);
        let mut child = child.spawn()?;
        let feeder = child
            .stdin
            .take()
            .zip(command.stdin.clone())
            .map(|(mut pipe, bytes)| {
                // A program may end without reading all of its input; that is its business.
                std::thread::spawn(move || {
                    let _ = pipe.write_all(&bytes);
                })
            });
        let result = self.collect(&mut child, command);
        if let Some(feeder) = feeder {
            let _ = feeder.join();
        }
        result
    }

    fn collect(&mut self, child: &mut process::Child, command: &Command) -> io::Result<Output> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let pid = child.id();
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let (mut kept_out, mut kept_err) = (Kept::default(), Kept::default());
        let deadline = command.timeout.map(|t| Instant::now() + t);
        let mut buffer = vec![0; 64 << 10];
        while out.is_some() || err.is_some() {
            let mut fds = Vec::with_capacity(2);
            if let Some(o) = &out {
                fds.push(PollFd::new(o, PollFlags::IN));
            }
            if let Some(e) = &err {
                fds.push(PollFd::new(e, PollFlags::IN));
            }
            let tick = Timespec {
                tv_sec: 0,
                tv_nsec: 200_000_000,
            };
            let ready = poll(&mut fds, Some(&tick)).or_else(|e| {
                if e == rustix::io::Errno::INTR {
                    Ok(0)
                } else {
                    Err(e)
                }
            })?;
            drop(fds);
            if self.link().cancelled() || deadline.is_some_and(|d| Instant::now() >= d) {
                end_group(pid);
                let cancelled = self.link().cancelled();
                child.wait()?;
                let what = if cancelled {
                    "the task was cancelled"
                } else {
                    "the command timed out"
                };
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            if ready == 0 {
                // The program has ended but a child of it keeps the pipe open (a daemon): do not wait for that.
                if let Some(status) = child.try_wait()? {
                    return Ok(output(status, kept_out, kept_err));
                }
                continue;
            }
            read_ready(&mut out, &mut buffer, |b| {
                if command.stream {
                    self.link().output(Stream::Out, b);
                }
                kept_out.push(b);
            })?;
            read_ready(&mut err, &mut buffer, |b| {
                if command.stream {
                    self.link().output(Stream::Err, b);
                }
                kept_err.push(b);
            })?;
        }
        Ok(output(child.wait()?, kept_out, kept_err))
    }

    /// Where a program is, looked for on the task's PATH and the usual system folders.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.variable("PATH").unwrap_or_default();
        path.split(':')
            .chain(["/sbin", "/usr/sbin", "/usr/local/sbin"])
            .filter(|d| !d.is_empty())
            .map(|d| Path::new(d).join(name))
            .find(|p| rustix::fs::access(p, rustix::fs::Access::EXEC_OK).is_ok() && p.is_file())
    }

    /// Where a program is; a failure names it and the package that usually has it.
    pub fn need_program(&self, name: &str, package: &str) -> Result<PathBuf, Failure> {
        self.find_program(name).ok_or_else(|| {
            Failure::new(format!("Failed to find required executable \"{name}\" on this host; package `{package}` usually has it"))
        })
    }
}

#[cfg(test)]
thread_local! {
    /// How many programs this thread has started.
    pub(crate) static STARTED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Reads what a pipe has; closes it at its end.
fn read_ready(
    pipe: &mut Option<impl Read + std::os::fd::AsFd>,
    buffer: &mut [u8],
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Some(p) = pipe else { return Ok(()) };
    let mut fds = [PollFd::new(p, PollFlags::IN)];
    if poll(
        &mut fds,
        Some(&Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    )
    .unwrap_or(0)
        == 0
    {
        return Ok(());
    }
    match p.read(buffer) {
        Ok(0) => *pipe = None,
        Ok(n) => take(buffer.get(..n).unwrap_or_default()),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
        Err(e) => return Err(e),
    }
    Ok(())
}

fn output(status: process::ExitStatus, out: Kept, err: Kept) -> Output {
    let rc = status
        .code()
        .map_or_else(|| -i64::from(status.signal().unwrap_or(0)), i64::from);
    let (stdout, dropped) = out.into_bytes();
    Output {
        rc,
        stdout,
        stderr: err.into_bytes().0,
        dropped,
    }
}

/// A system error in Python's words: `[Errno 2] No such file or directory: 'path'`.
pub fn errno(error: &io::Error, path: &str) -> String {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or("");
    match error.raw_os_error() {
        Some(n) => format!("[Errno {n}] {words}: '{path}'"),
        None => format!("{words}: '{path}'"),
    }
}

/// `/dev/null`, or an empty pipe on hosts without it.
fn null() -> Stdio {
    match std::fs::File::open("/dev/null") {
        Ok(file) => file.into(),
        Err(_) => std::io::pipe().map_or_else(|_| Stdio::inherit(), |(reader, _)| reader.into()),
    }
}

/// Asks a process group to end, then makes it.
pub(super) fn end_group(pid: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    let _ = kill_process_group(pid, Signal::TERM);
    let gone = Instant::now() + Duration::from_secs(2);
    while Instant::now() < gone {
        if rustix::process::test_kill_process_group(pid).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = kill_process_group(pid, Signal::KILL);
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    let program = command
        .argv
        .first()
        .map(|p| p.to_string_lossy().into_owned())
        .unwrap_or_default();
    let code = error.raw_os_error().map_or(257, i64::from);
    match error.raw_os_error() {
        Some(n) => Failure::new(format!(
            "[Errno {n}] {}: b'{program}'",
            error.to_string().split(" (os error").next().unwrap_or("")
        )),
        None => Failure::new(format!("{program}: {error}")),
    }
    .with("rc", code)
    .with("stdout", "")
    .with("stderr", "")
    .with("cmd", command.argv_text().join(" "))
}
