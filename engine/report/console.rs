//! Where outputs write to.

use crate::palette::paint;
use std::{cell::RefCell, collections::HashSet, io::Write, rc::Rc};

struct Inner {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    color: bool,
    /// Lines of the live area that are on the screen now.
    area: usize,
    /// Nothing is drawn there: the user is at the terminal.
    resting: bool,
    /// Warnings and errors are said once.
    said: HashSet<String>,
    deprecated: bool,
}

/// Standard output and error, shared by all sinks of a run. It knows the live area and takes it away before it prints.
#[derive(Clone)]
pub struct Console(Rc<RefCell<Inner>>);

impl Console {
    /// The process' own.
    pub fn stdio(color: bool) -> Self {
        Self::new(Box::new(std::io::stdout()), Box::new(std::io::stderr()), color)
    }

    /// Any two writers.
    pub fn new(out: Box<dyn Write>, err: Box<dyn Write>, color: bool) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            out,
            err,
            color,
            area: 0,
            resting: false,
            said: HashSet::new(),
            deprecated: false,
        })))
    }

    fn write(&self, text: &str, error: bool) {
        let mut inner = self.0.borrow_mut();
        let inner = &mut *inner;
        // A reader that has gone away must not end the run; so failures to write are dropped.
        if inner.area > 0 {
            let _ = write!(inner.out, "\x1b[{}A\r\x1b[J", inner.area);
            let _ = inner.out.flush();
            inner.area = 0;
        }
        let to = if error { &mut inner.err } else { &mut inner.out };
        let _ = to.write_all(text.as_bytes());
        let _ = to.flush();
    }

    /// Prints text and one line feed (unless it ends with one), coloured if `code` is not empty and colours are on.
    pub fn show(&self, text: &str, code: &str, error: bool) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let color = self.0.borrow().color && !code.is_empty();
        let text = if color { paint(text, code) } else { text.to_owned() };
        // As Ansible does; coloured text has its codes in between and so keeps them.
        self.write(&format!("{text}\n").replace("\r\n", "\n"), error);
    }

    /// Prints text as it is.
    pub fn raw(&self, text: &str) {
        self.write(text, false);
    }

    /// Whether colours are on.
    pub fn color(&self) -> bool {
        self.0.borrow().color
    }

    /// Takes the live area away while the user is asked something.
    pub fn rest(&self, rest: bool) {
        self.draw(&[]);
        self.0.borrow_mut().resting = rest;
    }

    /// Replaces the live area. Each line must fit the width.
    pub fn draw(&self, lines: &[String]) {
        let mut inner = self.0.borrow_mut();
        if inner.resting {
            return;
        }
        let mut text = String::new();
        if inner.area > 0 {
            text.push_str(&format!("\x1b[{}A\r\x1b[J", inner.area));
        }
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        inner.area = lines.len();
        let _ = inner.out.write_all(text.as_bytes());
        let _ = inner.out.flush();
    }

    /// Whether this was not asked before with the same text.
    fn first_time(&self, text: &str) -> bool {
        self.0.borrow_mut().said.insert(text.to_owned())
    }

    /// A warning, once.
    pub fn warning(&self, text: &str, code: &str) {
        self.notice("WARNING", text, code, true);
    }

    /// An error, once.
    pub fn error(&self, text: &str, code: &str, error: bool) {
        let text = text.strip_prefix("[ERROR]: ").unwrap_or(text);
        let text = text.strip_prefix("error: ").unwrap_or(text);
        self.notice("ERROR", text, code, error);
    }

    /// A deprecation, once; the first one tells how to be rid of them.
    pub fn deprecation(&self, text: &str, code: &str, warn_code: &str) {
        if !std::mem::replace(&mut self.0.borrow_mut().deprecated, true) {
            self.warning(
                "Deprecation warnings can be disabled by setting `deprecation_warnings=False` in ansible.cfg.",
                warn_code,
            );
        }
        self.notice("DEPRECATION WARNING", text, code, true);
    }

    fn notice(&self, kind: &str, text: &str, code: &str, error: bool) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut line = format!("[{kind}]: {text}\n");
        if text.contains('\n') {
            line.push('\n');
        }
        if self.first_time(&line) {
            self.show(&line, code, error);
        }
    }
}
