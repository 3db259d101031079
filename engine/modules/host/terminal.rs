//! Programs that want to talk to a person: run at a terminal of their own, their questions answered.

use super::{Host, command::end_group, errno};
use crate::{Failure, Stream, pyregex::Pattern};
use rustix::{event, process, pty, termios};
use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::{
        ffi::OsStringExt,
        fs::OpenOptionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

/// Bytes of output that a result keeps.
const KEEP: usize = 16 << 20;
/// Bytes in which a question is looked for.
const WINDOW: usize = 64 << 10;

/// What is said when a question comes.
pub enum Answers {
    /// The same each time.
    Always(String),
    /// One after the other; it is an error when there are more questions.
    InTurn(VecDeque<String>),
}

/// A question and its answers.
pub struct Prompt {
    /// The question as the user wrote it.
    pub text: String,
    /// The same, compiled.
    pub pattern: Pattern,
    /// What is answered, without the newline.
    pub answers: Answers,
}

/// A program to talk to.
pub struct Dialogue {
    /// Path of the program and its arguments.
    pub argv: Vec<String>,
    /// The folder to run in.
    pub directory: Option<PathBuf>,
    /// Whether the terminal shows the answers.
    pub echo: bool,
    /// Longest wait for the next question or the end.
    pub timeout: Option<Duration>,
    /// Questions; the one that comes first in the output is answered.
    pub prompts: Vec<Prompt>,
}

/// How it went.
pub struct Conversation {
    /// All that the terminal showed.
    pub output: String,
    /// Whether the output had bytes that are no UTF-8 (U+FFFD in `output`).
    pub invalid: bool,
    /// Exit status, minus the signal's number; `None` if it was ended because of the timeout.
    pub rc: Option<i64>,
}

/// Bytes as they come, to text.
#[derive(Default)]
struct Decoder {
    rest: Vec<u8>,
    invalid: bool,
}

impl Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut String) {
        self.rest.extend(bytes);
        loop {
            let error = match std::str::from_utf8(&self.rest) {
                Ok(text) => {
                    out.push_str(text);
                    self.rest.clear();
                    return;
                }
                Err(e) => e,
            };
            let good = error.valid_up_to();
            out.push_str(&String::from_utf8_lossy(
                self.rest.get(..good).unwrap_or_default(),
            ));
            let Some(bad) = error.error_len() else {
                // The beginning of a letter; more of it will come.
                self.rest.drain(..good);
                return;
            };
            out.push('\u{fffd}');
            self.invalid = true;
            self.rest.drain(..good + bad);
        }
    }
}

impl Host<'_> {
    /// Runs a program at a terminal and answers its questions.
    pub fn converse(&mut self, mut dialogue: Dialogue) -> Result<Conversation, Failure> {
        let program = dialogue.argv.first().cloned().unwrap_or_default();
        let failed = |e: io::Error| Failure::new(errno(&e, &program));
        let (mut child, mut terminal) = self.at_terminal(&dialogue).map_err(failed)?;
        let result = self.talk(&mut child, &mut terminal, &mut dialogue);
        if !matches!(child.try_wait(), Ok(Some(_))) {
            end_group(child.id());
            let _ = child.wait();
        }
        result
    }

    fn at_terminal(&self, dialogue: &Dialogue) -> io::Result<(Child, File)> {
        let flags = pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY | pty::OpenptFlags::CLOEXEC;
        let terminal = pty::openpt(flags)?;
        pty::grantpt(&terminal)?;
        pty::unlockpt(&terminal)?;
        let name = pty::ptsname(&terminal, Vec::new())?;
        let nocontrol = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap_or(0);
        let inner = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(nocontrol)
            .open(OsString::from_vec(name.into_bytes()))?;
        if !dialogue.echo {
            let mut modes = termios::tcgetattr(&inner)?;
            modes.local_modes.remove(termios::LocalModes::ECHO);
            termios::tcsetattr(&inner, termios::OptionalActions::Now, &modes)?;
        }
        let size = termios::Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        termios::tcsetwinsize(&inner, size)?;
        let (program, args) = dialogue
            .argv
            .split_first()
            .ok_or_else(|| io::Error::other("no program named"))?;
        let mut command = Command::new(program);
        command
            .args(args)
            .envs(self.context().environment.iter().map(|(k, v)| (k, v)))
            .stdin(inner.try_clone()?)
            .stdout(inner.try_clone()?)
            .stderr(inner);
        if let Some(directory) = dialogue.directory.as_ref().or(self.context().directory.as_ref()) {
            command.current_dir(directory);
        }
        let umask = self.context().umask;
        let prepare = move || {
            process::setsid()?;
            process::ioctl_tiocsctty(rustix::stdio::stdin())?;
            if let Some(umask) = umask {
                process::umask(rustix::fs::Mode::from_raw_mode(umask));
            }
            Ok(())
        };
        #[allow(unsafe_code)]
        // SAFETY: setsid(2), ioctl(2) and umask(2) are async-signal-safe and touch only the forked child.
        unsafe {
            command.pre_exec(prepare);
        }
        Ok((command.spawn()?, terminal.into()))
    }

    fn talk(
        &mut self,
        child: &mut Child,
        terminal: &mut File,
        dialogue: &mut Dialogue,
    ) -> Result<Conversation, Failure> {
        let (mut output, mut window, mut said) = (String::new(), String::new(), String::new());
        let mut decoder = Decoder::default();
        let mut buffer = vec![0; 16 << 10];
        let mut since = Instant::now();
        loop {
            if self.link().cancelled() {
                return Err("the task was cancelled".into());
            }
            if dialogue.timeout.is_some_and(|t| since.elapsed() >= t) {
                let invalid = decoder.invalid;
                return Ok(Conversation {
                    output,
                    invalid,
                    rc: None,
                });
            }
            let Some(count) = read(terminal, &mut buffer)? else {
                // At the end of a program the last thing it may have left is part of a letter.
                decoder.invalid |= !decoder.rest.is_empty();
                match ended(child)? {
                    Some(rc) => {
                        let invalid = decoder.invalid;
                        return Ok(Conversation {
                            output,
                            invalid,
                            rc: Some(rc),
                        });
                    }
                    None => {
                        std::thread::sleep(Duration::from_millis(10));
                        continue;
                    }
                }
            };
            if count == 0 {
                continue;
            }
            let bytes = buffer.get(..count).unwrap_or_default();
            self.link().output(Stream::Out, bytes);
            said.clear();
            decoder.push(bytes, &mut said);
            output.push_str(&said);
            window.push_str(&said);
            shorten(&mut output, KEEP);
            shorten(&mut window, WINDOW);
            while let Some((prompt, end)) = next_question(&mut dialogue.prompts, &window)? {
                let rest = window.split_off(end);
                let question = std::mem::replace(&mut window, rest);
                let answer = match &mut prompt.answers {
                    Answers::Always(text) => text.clone(),
                    Answers::InTurn(texts) => texts.pop_front().ok_or_else(|| {
                        Failure::new(format!(
                            "No remaining responses for '{}', output was '{}'",
                            prompt.text,
                            bytes_as_python(&question)
                        ))
                    })?,
                };
                // Programs often ask first and then set up the terminal, which discards what was typed before.
                std::thread::sleep(Duration::from_millis(50));
                // A program that has ended does not hear the answer; the loop sees its end.
                let _ = terminal.write_all(format!("{}\n", answer.trim_end_matches('\n')).as_bytes());
                since = Instant::now();
            }
        }
    }
}

/// What the terminal shows, waiting a moment; `None` when nobody is at it any more.
fn read(terminal: &mut File, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
    let mut fds = [event::PollFd::new(terminal, event::PollFlags::IN)];
    let tick = event::Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    match event::poll(&mut fds, Some(&tick)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(Some(0)),
        Ok(_) => {}
        Err(e) => return Err(Failure::new(format!("cannot wait for the terminal: {e}"))),
    }
    match terminal.read(buffer) {
        Ok(0) => Ok(None),
        Ok(n) => Ok(Some(n)),
        // Linux: the last program that had the terminal open is gone.
        Err(e) if e.raw_os_error() == Some(libc::EIO) => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(Some(0)),
        Err(e) => Err(Failure::new(format!("cannot read from the terminal: {e}"))),
    }
}

fn ended(child: &mut Child) -> Result<Option<i64>, Failure> {
    let status = child
        .try_wait()
        .map_err(|e| Failure::new(format!("cannot wait for the program: {e}")))?;
    Ok(status.map(|s| {
        s.code()
            .map_or_else(|| -i64::from(s.signal().unwrap_or(0)), i64::from)
    }))
}

/// The question that comes first in the text, and where it ends.
fn next_question<'p>(
    prompts: &'p mut [Prompt],
    text: &str,
) -> Result<Option<(&'p mut Prompt, usize)>, Failure> {
    let mut best: Option<(usize, usize, usize)> = None;
    for (index, prompt) in prompts.iter().enumerate() {
        let found = prompt.pattern.captures(text)?;
        // What matches nothing at all would be answered for ever.
        if let Some(found) = found.as_ref().and_then(|c| c.get(0)).filter(|m| m.end() > 0)
            && best.is_none_or(|(start, ..)| found.start() < start)
        {
            best = Some((found.start(), found.end(), index));
        }
    }
    Ok(best.and_then(|(_, end, index)| prompts.get_mut(index).map(|p| (p, end))))
}

/// Removes the older half of a text that is too long.
fn shorten(text: &mut String, limit: usize) {
    if text.len() > limit {
        let mut at = text.len() - limit / 2;
        while !text.is_char_boundary(at) {
            at += 1;
        }
        text.drain(..at);
    }
}

/// As Python shows bytes.
fn bytes_as_python(text: &str) -> String {
    let mut out = String::from("b'");
    for byte in text.bytes() {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            b'\'' => out.push_str("\\'"),
            32..=126 => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::{Decoder, bytes_as_python};

    #[test]
    fn letters_may_come_in_pieces_and_wrong_bytes_are_noted() {
        let (mut decoder, mut out) = (Decoder::default(), String::new());
        let bytes = "a汉b".as_bytes();
        for byte in bytes {
            decoder.push(&[*byte], &mut out);
        }
        assert_eq!((out.as_str(), decoder.invalid), ("a汉b", false));
        decoder.push(b"x\xe8re", &mut out);
        assert_eq!((out.as_str(), decoder.invalid), ("a汉bx\u{fffd}re", true));
    }

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        assert_eq!(bytes_as_python("bar\r\nfoo'\u{e8}"), r"b'bar\r\nfoo\'\xc3\xa8'");
    }
}
