//! Text of foreign files: read line by line in bounded memory, without what could steer a terminal.

use std::io::{self, BufRead};

/// A longer line is cut.
const LONGEST_LINE: usize = 16 * 1024;

/// One line of a file.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: usize,
    /// The byte after its end.
    pub(crate) to: u64,
    /// The text without its end, [`plain`].
    pub(crate) text: String,
}

/// Lines of any bytes.
pub(crate) struct Lines<R> {
    reader: R,
    number: usize,
    at: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            number: 0,
            at: 0,
        }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let from = self.at;
        let mut bytes = Vec::new();
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let end = buffer.iter().position(|b| *b == b'\n');
            let used = end.map_or(buffer.len(), |e| e + 1);
            let room = LONGEST_LINE.saturating_sub(bytes.len());
            bytes.extend_from_slice(&buffer[..end.unwrap_or(used).min(room)]);
            self.reader.consume(used);
            self.at += used as u64;
            if end.is_some() || used == 0 {
                break;
            }
        }
        if self.at == from {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line {
            number: self.number,
            to: self.at,
            text: plain(&String::from_utf8_lossy(&bytes)),
        }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Text without terminal sequences, control characters (tabs stay) and characters that turn the direction of writing.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                Some(']') => while chars.next().is_some_and(|c| c != '\x07' && c != '\x1b') {},
                _ => {}
            },
            '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Columns that a character takes on a terminal, roughly: what may be wide is taken as wide.
fn columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{ffef}' => 2,
        c if c > '\u{ffff}' => 2,
        _ => 1,
    }
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// A text that takes at most so many columns; `…` stands for what was left out at its end.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let mut used = 1;
    let mut out: String = text
        .chars()
        .take_while(|c| {
            used += columns(*c);
            used <= limit
        })
        .collect();
    if limit > 0 {
        out.push('…');
    }
    out
}

/// The first characters of a text.
pub(crate) fn first(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}

/// Seconds as people read them; nothing if they are not known.
pub(crate) fn duration(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else {
        return String::new();
    };
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, cut, duration, plain, width};

    #[test]
    fn lines_know_their_place() {
        let lines: Vec<_> = Lines::new(&b"a\r\n\n\xffb\x1b[31m"[..])
            .map(|l| l.unwrap())
            .map(|l| (l.number, l.to, l.text))
            .collect();
        let want = [(1, 3, "a"), (2, 4, ""), (3, 11, "\u{fffd}b")];
        assert_eq!(lines, want.map(|(n, t, s)| (n, t, s.to_owned())));
    }

    #[test]
    fn endless_lines_are_cut() {
        let mut file = vec![b'x'; 1 << 20];
        file.extend(b"\nnext");
        let lines: Vec<_> = Lines::new(&file[..]).map(|l| l.unwrap().text).collect();
        assert_eq!((lines[0].len(), lines[1].as_str()), (16 * 1024, "next"));
    }

    #[test]
    fn nothing_steers_the_terminal() {
        for (text, want) in [
            ("a\x1b[31mred\x1b[0m\tb\x07", "ared\tb"),
            ("\x1b]0;title\x07x", "x"),
            ("a\u{202e}b", "ab"),
            ("end\x1b[3", "end"),
        ] {
            assert_eq!(plain(text), want);
        }
    }

    #[test]
    fn texts_are_cut_to_columns() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(width("日é"), 3);
    }

    #[test]
    fn durations_are_short() {
        for (seconds, text) in [
            (0.04, "0.0s"),
            (9.94, "9.9s"),
            (9.96, "10s"),
            (59.7, "1m00s"),
            (125.0, "2m05s"),
            (7322.0, "2h02m"),
            (1e300, "5124095576030431h00m"),
        ] {
            assert_eq!(duration(Some(seconds)), text);
        }
    }
}
