//! Questions on the terminal.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write, stderr, stdin},
};
use zeroize::Zeroizing;

/// Switches a terminal's echo on again.
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
