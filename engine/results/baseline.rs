//! The baseline: what is known of tests, in a text file that people keep in their repository.
//!
//! Lines are `suite TAB section TAB test TAB status`, and a pattern of kernels behind them if it is not for all. `flaky` is a
//! status too: both is known. Of several lines for a test the one counts whose pattern fits the kernel and says most, of equal
//! ones the last. `#` begins a comment.

use crate::{
    note::Notes,
    pattern,
    read::Source,
    status::Status,
    text::{Lines, first},
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    io::BufRead,
};

/// What is expected of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This.
    Status(Status),
    /// Now this, now that.
    Flaky,
}

impl Expected {
    /// The word of the baseline.
    pub fn word(self) -> &'static str {
        match self {
            Self::Status(status) => status.word(),
            Self::Flaky => "flaky",
        }
    }

    fn of(word: &str) -> Option<Self> {
        if word.trim().eq_ignore_ascii_case("flaky") {
            return Some(Self::Flaky);
        }
        Status::of(word).map(Self::Status)
    }
}

/// A line that says something.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) suite: String,
    pub(crate) section: String,
    pub(crate) test: String,
    pub(crate) expected: Expected,
    pub(crate) kernel: String,
}

#[derive(Clone, Debug)]
enum Entry {
    /// A comment, an empty line, or one that could not be read: it is kept as it is.
    Other(String),
    Known(Known),
}

/// A test of a suite, whatever the kernel.
type Key = (String, String, String);

/// A baseline.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    entries: Vec<Entry>,
    places: HashMap<Key, Vec<usize>>,
}

/// What was found now, to be written down.
pub(crate) struct Found<'a> {
    pub(crate) suite: &'a str,
    pub(crate) section: &'a str,
    pub(crate) test: &'a str,
    pub(crate) kernel: &'a str,
    pub(crate) status: Status,
}

impl Baseline {
    /// Reads it.
    pub(crate) fn read(source: Source<'_, impl BufRead>, notes: &mut Notes) -> Self {
        let mut all = Self::default();
        for line in Lines::new(source.reader) {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    notes.add(source.path, 0, error);
                    break;
                }
            };
            let text = line.text.trim_end();
            let entry = if text.is_empty() || text.starts_with('#') {
                Entry::Other(text.to_owned())
            } else {
                match known(text) {
                    Ok(known) => Entry::Known(known),
                    Err(wrong) => {
                        notes.add(source.path, line.number, wrong);
                        Entry::Other(text.to_owned())
                    }
                }
            };
            all.entries.push(entry);
        }
        all.index();
        all
    }

    fn index(&mut self) {
        self.places.clear();
        for (place, entry) in self.entries.iter().enumerate() {
            if let Entry::Known(known) = entry {
                let key = (known.suite.clone(), known.section.clone(), known.test.clone());
                self.places.entry(key).or_default().push(place);
            }
        }
    }

    /// All that is known.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Known> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Known(known) => Some(known),
            Entry::Other(_) => None,
        })
    }

    /// Where the line stands that counts for a test on a kernel.
    fn place(&self, suite: &str, section: &str, test: &str, kernel: &str) -> Option<usize> {
        let key = (suite.to_owned(), section.to_owned(), test.to_owned());
        let weight = |place: &usize| match &self.entries[*place] {
            Entry::Known(known) if pattern::fits(&known.kernel, kernel) => {
                Some(pattern::weight(&known.kernel))
            }
            _ => None,
        };
        let places = self.places.get(&key)?;
        let fitting = places.iter().filter_map(|p| weight(p).map(|w| (w, *p)));
        fitting.max().map(|(_, place)| place)
    }

    /// What is expected of a test on a kernel.
    pub(crate) fn expected(&self, suite: &str, section: &str, test: &str, kernel: &str) -> Option<Expected> {
        match &self.entries[self.place(suite, section, test, kernel)?] {
            Entry::Known(known) => Some(known.expected),
            Entry::Other(_) => None,
        }
    }

    /// Takes over what was found. Lines that are there keep their place and their pattern; new ones come behind those of the
    /// same suite and section. Where hosts with the same kernel disagree the worst counts, so that nothing gets worse by
    /// itself; where kernels disagree each gets its line. What is `flaky` stays so.
    pub(crate) fn update(&mut self, found: &[Found<'_>]) {
        let mut tests: BTreeMap<(&str, &str, &str), BTreeMap<&str, Status>> = BTreeMap::new();
        for f in found {
            let kernels = tests.entry((f.suite, f.section, f.test)).or_default();
            let status = kernels.entry(f.kernel).or_insert(f.status);
            *status = f.status.max(*status);
        }
        let mut new: BTreeMap<(&str, &str), Vec<Known>> = BTreeMap::new();
        for ((suite, section, test), kernels) in tests {
            // Kernels that have the same line agree or are told apart from now on.
            let mut lines: BTreeMap<Option<usize>, Vec<(&str, Status)>> = BTreeMap::new();
            for (kernel, status) in kernels {
                let place = self.place(suite, section, test, kernel);
                lines.entry(place).or_default().push((kernel, status));
            }
            for (place, kernels) in lines {
                let same = kernels.iter().all(|(_, status)| *status == kernels[0].1);
                match place.map(|p| &mut self.entries[p]) {
                    Some(Entry::Known(known)) if known.expected == Expected::Flaky => continue,
                    Some(Entry::Known(known)) if same => {
                        known.expected = Expected::Status(kernels[0].1);
                        continue;
                    }
                    _ => {}
                }
                let expected_now = place.and_then(|p| match &self.entries[p] {
                    Entry::Known(known) => Some(known.expected),
                    Entry::Other(_) => None,
                });
                let lines = if same { vec![("*", kernels[0].1)] } else { kernels };
                let lines = lines
                    .into_iter()
                    .filter(|(_, status)| expected_now != Some(Expected::Status(*status)));
                new.entry((suite, section))
                    .or_default()
                    .extend(lines.map(|(kernel, status)| Known {
                        suite: suite.to_owned(),
                        section: section.to_owned(),
                        test: test.to_owned(),
                        expected: Expected::Status(status),
                        kernel: kernel.to_owned(),
                    }));
            }
        }
        for ((suite, section), lines) in new {
            let behind = self.entries.iter().rposition(|entry| {
                matches!(entry, Entry::Known(known) if known.suite == suite && known.section == section)
            });
            let at = behind.map_or(self.entries.len(), |place| place + 1);
            self.entries.splice(at..at, lines.into_iter().map(Entry::Known));
        }
        self.index();
    }

    /// The file. A new one begins with a word on what it is.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        if !self.entries.iter().any(|e| matches!(e, Entry::Other(_))) {
            out.push_str(
                "# What is known of tests: suite, section, test, status, kernels (tabs between; * and ? in kernels).\n\
                 # `kdo results --write-baseline` brings it up to date; comments, order and the status flaky stay.\n",
            );
        }
        for entry in &self.entries {
            match entry {
                Entry::Other(text) => out.push_str(text),
                Entry::Known(k) => {
                    let word = k.expected.word();
                    // Writing to a string cannot fail.
                    let _ = write!(out, "{}\t{}\t{}\t{word}", k.suite, k.section, k.test);
                    if k.kernel != "*" {
                        let _ = write!(out, "\t{}", k.kernel);
                    }
                }
            }
            out.push('\n');
        }
        out
    }
}

fn known(text: &str) -> Result<Known, String> {
    let fields: Vec<&str> = text.split('\t').map(str::trim).collect();
    let [suite, section, test, word, rest @ ..] = &fields[..] else {
        return Err("a line needs suite, section, test and status, with tabs between".into());
    };
    if suite.is_empty() || test.is_empty() {
        return Err("suite and test must not be empty".into());
    }
    let Some(expected) = Expected::of(word) else {
        return Err(format!("unknown status \"{}\"", first(word, 40)));
    };
    let kernel = rest.first().filter(|k| !k.is_empty()).unwrap_or(&"*");
    Ok(Known {
        suite: (*suite).to_owned(),
        section: (*section).to_owned(),
        test: (*test).to_owned(),
        expected,
        kernel: (*kernel).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Baseline, Expected, Found, Source};
    use crate::{note::Notes, status::Status};
    use std::path::Path;

    const TEXT: &str = "# ours\nfs\txfs\tgeneric/002\tfail\t6.1.*\n\nfs\txfs\tgeneric/002\tpass\n\
                        fs\txfs\tgeneric/001\tpass # no comment\nfs\txfs\tgeneric/009\tflaky\t*\nself\t\tsize\tpass\n";

    fn baseline(text: &str) -> (Baseline, Vec<String>) {
        let mut notes = Notes::default();
        let source = Source {
            path: Path::new("b.tsv"),
            reader: text.as_bytes(),
        };
        (Baseline::read(source, &mut notes), notes.lines())
    }

    fn found<'a>(section: &'a str, test: &'a str, kernel: &'a str, status: Status) -> Found<'a> {
        Found {
            suite: if section.is_empty() { "self" } else { "fs" },
            section,
            test,
            kernel,
            status,
        }
    }

    #[test]
    fn the_pattern_that_says_most_counts() {
        let (known, notes) = baseline(TEXT);
        let expected = |kernel| known.expected("fs", "xfs", "generic/002", kernel);
        assert_eq!(expected("6.1.9"), Some(Expected::Status(Status::Fail)));
        assert_eq!(expected("6.18.0"), Some(Expected::Status(Status::Pass)));
        assert_eq!(known.expected("fs", "", "generic/002", "6.1.9"), None);
        assert_eq!(notes, ["b.tsv:5: unknown status \"pass # no comment\""]);
    }

    #[test]
    fn updating_keeps_comments_order_and_patterns() {
        let (mut known, _) = baseline(TEXT);
        known.update(&[
            found("xfs", "generic/003", "6.18.0", Status::Pass),
            found("xfs", "generic/002", "6.1.9", Status::Pass),
            found("xfs", "generic/002", "6.18.0", Status::Pass),
            found("xfs", "generic/009", "6.18.0", Status::Fail),
            found("", "size", "6.18.0", Status::Crash),
            found("new", "generic/001", "6.18.0", Status::Skip),
        ]);
        let text = "# ours\nfs\txfs\tgeneric/002\tpass\t6.1.*\n\nfs\txfs\tgeneric/002\tpass\n\
                    fs\txfs\tgeneric/001\tpass # no comment\nfs\txfs\tgeneric/009\tflaky\nfs\txfs\tgeneric/003\tpass\n\
                    self\t\tsize\tcrash\nfs\tnew\tgeneric/001\tskip\n";
        assert_eq!(known.text(), text);
        let (mut again, _) = baseline(text);
        again.update(&[found("", "size", "6.18.0", Status::Crash)]);
        assert_eq!(again.text(), text);
    }

    #[test]
    fn kernels_that_disagree_get_lines_of_their_own() {
        let (mut known, _) = baseline("");
        let now = [
            found("", "a", "6.1", Status::Pass),
            found("", "a", "6.2", Status::Fail),
            // Two hosts: the worst counts.
            found("", "b", "6.1", Status::Pass),
            found("", "b", "6.1", Status::Timeout),
        ];
        known.update(&now);
        let lines = "self\t\ta\tpass\t6.1\nself\t\ta\tfail\t6.2\nself\t\tb\ttimeout\n";
        assert!(known.text().ends_with(lines), "{}", known.text());
        for f in &now {
            assert!(known.expected("self", "", f.test, f.kernel).is_some());
        }
        let (mut known, _) = baseline("# x\nself\t\ta\tpass\n");
        known.update(&now[..2]);
        assert_eq!(known.text(), "# x\nself\t\ta\tpass\nself\t\ta\tfail\t6.2\n");
    }
}
