//! `check.time` of fstests: lines `test seconds`, each of the last run in which the test passed.

use super::Source;
use crate::{note::Notes, outcome::seconds, text::Lines};
use std::{collections::HashMap, io::BufRead};

/// Lines that are read.
const MOST_LINES: usize = 100_000;

/// Reads it.
pub(crate) fn read(source: Source<'_, impl BufRead>, notes: &mut Notes) -> HashMap<String, f64> {
    let mut times = HashMap::new();
    for line in Lines::new(source.reader).take(MOST_LINES) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                notes.add(source.path, 0, error);
                break;
            }
        };
        let mut words = line.text.split_whitespace();
        match (words.next(), words.next().and_then(seconds)) {
            (None, _) => {}
            (Some(test), Some(seconds)) => {
                times.insert(test.to_owned(), seconds);
            }
            (Some(_), None) => notes.add(source.path, line.number, "no test and seconds"),
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::{Source, read};
    use crate::note::Notes;
    use std::path::Path;

    #[test]
    fn seconds_of_tests_are_read() {
        let mut notes = Notes::default();
        let source = Source {
            path: Path::new("check.time"),
            reader: &b"generic/001 4\n\ngeneric/002 x\ngeneric/003 0.5\n"[..],
        };
        let times = read(source, &mut notes);
        assert_eq!(
            (times["generic/001"], times["generic/003"], times.len()),
            (4.0, 0.5, 2)
        );
        assert_eq!(notes.lines(), ["check.time:3: no test and seconds"]);
    }
}
