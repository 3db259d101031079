//! Questions on the terminal.

use kdo_run::{Keys, Pressed};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::getpgrp,
    termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr},
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write, stderr, stdin},
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// Gives a terminal its modes back.
struct Quiet<'a>(&'a File, Termios);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // If the terminal is gone there is nothing to restore.
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// Asks on the terminal, or on standard input where there is none; a secret answer is not shown. `None` at the end of
/// input.
pub(crate) fn ask(text: &str, secret: bool) -> Option<Zeroizing<String>> {
    match File::options().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => on_terminal(&terminal, text, secret),
        Err(_) => {
            let _ = stderr().write_all(text.as_bytes());
            line(&mut stdin().lock())
        }
    }
}

fn on_terminal(terminal: &File, text: &str, secret: bool) -> Option<Zeroizing<String>> {
    let mut out = terminal;
    out.write_all(text.as_bytes()).ok()?;
    let quiet = match (secret, tcgetattr(terminal)) {
        (true, Ok(before)) => {
            let mut silent = before.clone();
            silent.local_modes &= !LocalModes::ECHO;
            tcsetattr(terminal, OptionalActions::Flush, &silent).ok()?;
            Some(Quiet(terminal, before))
        }
        _ => None,
    };
    let answer = line(&mut BufReader::new(terminal));
    if quiet.is_some() {
        let _ = out.write_all(b"\n");
    }
    answer
}

fn line(input: &mut impl BufRead) -> Option<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    match input.read_line(&mut line) {
        Ok(n) if n > 0 => {
            let end = line.trim_end_matches(['\n', '\r']).len();
            line.truncate(end);
            Some(line)
        }
        _ => None,
    }
}

/// Waits for keys on the terminal, which shows nothing by itself then. Lines can be edited as usual.
pub(crate) fn keys(wanted: &Keys) -> Pressed {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    // Who is in the background would be stopped by the terminal.
    let Some(terminal) = terminal
        .ok()
        .filter(|t| tcgetpgrp(t).is_ok_and(|g| g == getpgrp()))
    else {
        return Pressed::Nobody;
    };
    let Ok(before) = tcgetattr(&terminal) else {
        return Pressed::Nobody;
    };
    let mut silent = before.clone();
    silent.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
    silent.special_codes[SpecialCodeIndex::VMIN] = 1;
    silent.special_codes[SpecialCodeIndex::VTIME] = 0;
    if tcsetattr(&terminal, OptionalActions::Now, &silent).is_err() {
        return Pressed::Nobody;
    }
    let _quiet = Quiet(&terminal, before.clone());
    let code = |at: SpecialCodeIndex| before.special_codes[at];
    let stop = [code(SpecialCodeIndex::VINTR)];
    let erase = [code(SpecialCodeIndex::VERASE), 0x7f, 0x08];
    let interrupt = if wanted.interrupt.is_empty() {
        &stop[..]
    } else {
        wanted.interrupt
    };
    let mut out = &terminal;
    // A terminal that cannot be written to is as good as none; reading tells.
    let _ = out.write_all(wanted.text.as_bytes());
    // Beyond what clocks know is for ever.
    let end = wanted
        .seconds
        .and_then(|s| Instant::now().checked_add(Duration::from_secs(s)));
    let mut typed = Zeroizing::new(Vec::new());
    loop {
        match key(&terminal, end) {
            Ok(Some(pressed)) => {
                let small = pressed.to_ascii_lowercase();
                if interrupt.contains(&small) {
                    return Pressed::Interrupted;
                }
                if wanted.complete.contains(&small) {
                    let _ = out.write_all(b"\n");
                    return Pressed::Input(String::from_utf8_lossy(&typed).into_owned());
                }
                // Nothing is kept of what cannot be completed.
                if !wanted.complete.contains(&b'\n') {
                    continue;
                }
                if erase.contains(&pressed) {
                    let gone = erase_last(&mut typed);
                    if gone && wanted.shown {
                        let _ = out.write_all(b"\x08 \x08");
                    }
                } else {
                    typed.push(pressed);
                    if wanted.shown {
                        let _ = out.write_all(&[pressed]);
                    }
                }
            }
            Ok(None) => {
                let _ = out.write_all(b"\n");
                return Pressed::TimeOver;
            }
            Err(_) => return Pressed::Nobody,
        }
    }
}

/// The next byte; none when the time is over.
fn key(mut terminal: &File, end: Option<Instant>) -> std::io::Result<Option<u8>> {
    loop {
        let left = end.map(|e| e.saturating_duration_since(Instant::now()));
        let left = left.map(|l| Timespec::try_from(l).map_err(|_| rustix::io::Errno::INVAL));
        let left = left.transpose()?;
        let mut fds = [PollFd::new(&terminal, PollFlags::IN)];
        match poll(&mut fds, left.as_ref()) {
            Ok(0) => return Ok(None),
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(e.into()),
            Ok(_) => {}
        }
        let mut byte = [0];
        return match terminal.read(&mut byte)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(Some(byte[0])),
        };
    }
}

/// Removes the last character.
fn erase_last(typed: &mut Vec<u8>) -> bool {
    loop {
        match typed.pop() {
            None => return false,
            // The end of a character of several bytes.
            Some(b) if b & 0xc0 == 0x80 => {}
            Some(_) => return true,
        }
    }
}
