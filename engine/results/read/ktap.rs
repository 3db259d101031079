//! TAP as the kernel's selftests and KUnit write it (KTAP).
//!
//! The results of the outermost level are the tests. Those within a test, indented or after `# `, are counted and those that
//! failed are named in the message of the test: their names change too often to be compared. The lines from a test's header
//! to its result are its log.

use super::Source;
use crate::{
    log::{Log, Writing},
    note::Notes,
    outcome::Outcomes,
    status::Status,
    text::{Line, Lines, first},
};
use std::{io::BufRead, path::Path};

/// Names of failed subtests that are told.
const NAMED: usize = 3;

/// Reads it. Tests whose line does not name a collection get `section`.
pub(crate) fn read(source: Source<'_, impl BufRead>, section: &str, found: &mut Outcomes, notes: &mut Notes) {
    let mut reader = Reader {
        section,
        source: source.path,
        found,
        plan: None,
        results: 0,
        headers: Vec::new(),
        within: Within::default(),
        start: 0,
        end: 0,
    };
    for line in Lines::new(source.reader) {
        match line {
            Ok(line) => reader.line(&line, notes),
            Err(error) => {
                notes.add(source.path, 0, error);
                break;
            }
        }
    }
    reader.document_ends(notes);
}

struct Reader<'a> {
    section: &'a str,
    source: &'a Path,
    found: &'a mut Outcomes,
    /// Number and line of the plan.
    plan: Option<(usize, usize)>,
    results: usize,
    /// Tests that have begun.
    headers: Vec<Header>,
    within: Within,
    /// Where the log of the next result begins and ends.
    start: u64,
    end: u64,
}

/// `# selftests: collection: test`, which stands before a test of the selftests.
struct Header {
    collection: String,
    test: String,
    /// Where it stands.
    from: u64,
}

/// What was said since the last result.
#[derive(Default)]
struct Within {
    all: usize,
    failed: usize,
    names: Vec<String>,
    last_words: String,
}

/// A result line, taken apart.
struct ResultLine<'a> {
    good: bool,
    description: &'a str,
    /// What follows the hash sign.
    directive: &'a str,
}

fn result_line(text: &str) -> Option<ResultLine<'_>> {
    let (good, rest) = match text.strip_prefix("ok") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("not ok")?),
    };
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    let rest = rest.trim_start();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = match &rest[digits..] {
        after if digits > 0 && (after.is_empty() || after.starts_with(char::is_whitespace)) => {
            after.trim_start()
        }
        _ => rest,
    };
    let (description, directive) = match rest.strip_prefix('#') {
        Some(directive) => ("", directive),
        None => rest.split_once(" #").unwrap_or((rest, "")),
    };
    let description = description.trim();
    Some(ResultLine {
        good,
        description: description.strip_prefix("- ").unwrap_or(description),
        directive: directive.trim(),
    })
}

impl ResultLine<'_> {
    /// Collection and test, where it is one of the selftests.
    fn named(&self) -> Option<(&str, &str)> {
        let (collection, test) = self.description.strip_prefix("selftests: ")?.split_once(": ")?;
        Some((collection.trim(), test.trim()))
    }

    /// The status and what the directive says besides its keyword.
    fn judge(&self) -> (Status, String) {
        let (word, rest) = self
            .directive
            .split_once(char::is_whitespace)
            .unwrap_or((self.directive, ""));
        let rest = rest.trim();
        let otherwise = if self.good { Status::Pass } else { Status::Fail };
        match word.trim_end_matches(':').to_ascii_uppercase().as_str() {
            "SKIP" | "SKIPPED" => (Status::Skip, rest.to_owned()),
            "TIMEOUT" if rest.is_empty() => (Status::Timeout, String::new()),
            "TIMEOUT" => (Status::Timeout, format!("killed after {rest}")),
            // What is expected to fail says nothing new by doing so.
            "XFAIL" | "TODO" if !self.good => (Status::Pass, format!("expected to fail: {rest}")),
            "ERROR" => (Status::Fail, rest.to_owned()),
            _ => (otherwise, self.directive.to_owned()),
        }
    }
}

impl Reader<'_> {
    fn line(&mut self, line: &Line, notes: &mut Notes) {
        let text = line.text.as_str();
        let result = result_line(text);
        if let Some(header) = text.strip_prefix("# selftests: ") {
            self.header(header);
        } else if let Some(why) = text.strip_prefix("Bail out!") {
            let text = format!("bailed out:{}", first(why, 200));
            notes.add(self.source, line.number, text);
        } else if let Some(result) = result.filter(|r| self.headers.is_empty() || r.named().is_some()) {
            self.end = line.to;
            self.result(&result);
            self.start = line.to;
        } else if !self.headers.is_empty() {
            // Some runners do not mark what a test itself prints.
            self.diagnostic(text);
        } else if text.starts_with("TAP version") || text.starts_with("KTAP version") {
            self.document_ends(notes);
            self.start = line.to;
        } else if let Some(number) = text.strip_prefix("1..") {
            self.plan_line(number, line);
            self.start = line.to;
        } else {
            self.diagnostic(text);
        }
        self.end = line.to;
    }

    fn header(&mut self, header: &str) {
        if let Some((collection, test)) = header.split_once(": ") {
            self.headers.push(Header {
                collection: collection.trim().to_owned(),
                test: test.trim().to_owned(),
                from: self.end,
            });
        }
    }

    fn plan_line(&mut self, number: &str, line: &Line) {
        let (number, directive) = number.split_once('#').unwrap_or((number, ""));
        let Ok(number) = number.trim().parse() else {
            return;
        };
        self.plan = Some((number, line.number));
        let directive = directive.trim();
        if number == 0 && directive.to_ascii_uppercase().starts_with("SKIP") {
            let name = self.source.file_stem().unwrap_or_default().to_string_lossy();
            self.found
                .add(self.section, &name, Status::Skip)
                .message(directive[4..].trim());
        }
    }

    fn diagnostic(&mut self, text: &str) {
        let (depth, inner) = nested(text);
        match result_line(inner) {
            Some(result) if depth <= 1 => {
                self.within.all += 1;
                if result.judge().0.is_failure() {
                    self.within.failed += 1;
                    if self.within.names.len() < NAMED {
                        self.within.names.push(first(result.description, 80).to_owned());
                    }
                }
            }
            Some(_) => {}
            None => {
                let idle = ["Totals:", "timeout set to", "overriding timeout", "1.."];
                if !inner.is_empty() && !idle.iter().any(|i| inner.starts_with(i)) {
                    self.within.last_words = first(inner, 200).to_owned();
                }
            }
        }
    }

    fn result(&mut self, line: &ResultLine<'_>) {
        self.results += 1;
        let within = std::mem::take(&mut self.within);
        let number = format!("test {}", self.results);
        let (section, test) = match line.named() {
            Some(named) => named,
            None if line.description.is_empty() => (self.section, number.as_str()),
            None => (self.section, line.description),
        };
        self.headers
            .retain(|h| (h.collection.as_str(), h.test.as_str()) != (section, test));
        let (status, said) = line.judge();
        let mut message = said;
        if within.failed > 0 {
            let more = if within.failed > within.names.len() {
                ", …"
            } else {
                ""
            };
            let names = within.names.join(", ");
            let text = format!(
                "{} of {} subtests failed: {names}{more}",
                within.failed, within.all
            );
            message = if message.is_empty() {
                text
            } else {
                format!("{message}; {text}")
            };
        } else if !within.last_words.is_empty()
            && (status.is_failure() || status == Status::Skip && message.is_empty())
        {
            message = if message.is_empty() {
                within.last_words
            } else {
                format!("{message}; {}", within.last_words)
            };
        }
        let part = (self.start, self.end);
        self.found
            .add(section, test, status)
            .message(message.trim())
            .log(log(self.source, part));
    }

    /// Tests that have begun and have no result, and results that the plan promised.
    fn document_ends(&mut self, notes: &mut Notes) {
        let headers = std::mem::take(&mut self.headers);
        for (place, header) in headers.iter().enumerate() {
            let to = headers.get(place + 1).map_or(self.end, |next| next.from);
            self.found
                .add(&header.collection, &header.test, Status::Crash)
                .message("no result: the output ends within this test")
                .log(log(self.source, (header.from, to)));
        }
        if let Some((number, at)) = self.plan.take()
            && number != self.results
        {
            let text = format!("the plan is {number} tests, {} have a result", self.results);
            notes.add(self.source, at, text);
        }
        self.results = 0;
        self.within = Within::default();
    }
}

fn log(path: &Path, part: (u64, u64)) -> Log {
    Log {
        path: path.to_owned(),
        name: "output".into(),
        part: Some(part),
        writing: Writing::Tap,
    }
}

/// How deep a line is nested, and the line without that: two spaces or `# ` are one level.
fn nested(mut text: &str) -> (usize, &str) {
    let mut depth = 0;
    while let Some(inner) = ["# ", "  ", "\t"].iter().find_map(|p| text.strip_prefix(p)) {
        depth += 1;
        text = inner;
    }
    (depth, text.strip_prefix('#').unwrap_or(text).trim())
}

#[cfg(test)]
mod tests {
    use super::{Source, read};
    use crate::{note::Notes, outcome::Outcomes};
    use std::path::Path;

    fn told(text: &str) -> (Vec<String>, Vec<String>) {
        let (mut found, mut notes) = (Outcomes::new(false), Notes::default());
        let path = Path::new("kunit.tap");
        let source = Source {
            path,
            reader: text.as_bytes(),
        };
        read(source, "kunit", &mut found, &mut notes);
        let all = found.finish(path, &mut notes);
        let lines = all
            .iter()
            .map(|o| format!("{}|{}|{}|{}", o.section, o.test, o.status.word(), o.message))
            .collect();
        (lines, notes.lines())
    }

    #[test]
    fn selftests_are_read() {
        let (tests, notes) = told(
            "kselftest: Running tests in net\nTAP version 13\n1..6\n# timeout set to 45\n# selftests: net: a.sh\n\
             # KTAP version 1\n# 1..2\n# ok 1 one\n# not ok 2 two # exit=3\n# # Totals: pass:1 fail:1\n\
             not ok 1 selftests: net: a.sh # exit=1\n\
             # selftests: net: b.sh\n# need root\nok 2 selftests: net: b.sh # SKIP\n\
             # selftests: net: c\n#\nnot ok 3 selftests: net: c # TIMEOUT 45 seconds\n\
             mlock() failure\nnot ok 4 selftests: net: d # exit=139\n\
             ok 5 selftests: net: e f\n# selftests: net: g\n# last words\n",
        );
        assert_eq!(
            tests,
            [
                "net|a.sh|fail|exit=1; 1 of 2 subtests failed: two",
                "net|b.sh|skip|need root",
                "net|c|timeout|killed after 45 seconds",
                "net|d|fail|exit=139; mlock() failure",
                "net|e f|pass|",
                "net|g|crash|no result: the output ends within this test",
            ]
        );
        assert_eq!(notes, ["kunit.tap:3: the plan is 6 tests, 5 have a result"]);
    }

    #[test]
    fn nested_results_belong_to_their_parent() {
        let (tests, notes) = told(
            "KTAP version 1\n1..3\n  KTAP version 1\n  1..2\n    KTAP version 1\n    1..1\n    not ok 1 deep\n\
             \x20 not ok 1 sub_1\n  ok 2 sub_2 # SKIP no device\nnot ok 1 suite_1\nok 2 - suite_2 # rcode=0\n\
             not ok 3 # XFAIL known\n",
        );
        assert_eq!(
            tests,
            [
                "kunit|suite_1|fail|1 of 2 subtests failed: sub_1",
                "kunit|suite_2|pass|rcode=0",
                "kunit|test 3|pass|expected to fail: known",
            ]
        );
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn several_collections_follow_each_other() {
        let (tests, notes) = told(
            "TAP version 13\n1..1\nok 1 selftests: size: get_size\nTAP version 13\n1..1\nok 1 selftests: kcmp: kcmp_test\n\
             TAP version 13\n1..0 # SKIP not here\n",
        );
        assert_eq!(
            tests,
            [
                "size|get_size|pass|",
                "kcmp|kcmp_test|pass|",
                "kunit|kunit|skip|not here"
            ]
        );
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn unmarked_output_of_a_test_is_no_test() {
        let (tests, notes) = told(
            "TAP version 13\n1..1\n# selftests: mm: a\nTAP version 13\n1..2\nok 1 x\nnot ok 2 y\n\
             not ok 1 selftests: mm: a # exit=1\n# selftests: mm: b\nTAP version 13\n# selftests: mm: c\n\
             ok 1 selftests: mm: c\n",
        );
        assert_eq!(
            tests,
            [
                "mm|a|fail|exit=1; 1 of 2 subtests failed: y",
                "mm|c|pass|",
                "mm|b|crash|no result: the output ends within this test",
            ]
        );
        assert_eq!(notes, ["kunit.tap:2: the plan is 1 tests, 2 have a result"]);
    }

    #[test]
    fn words_that_only_begin_like_a_result_are_none() {
        let (tests, _) = told("okay then\nnot okay\nok\nBail out! disk is full\n");
        assert_eq!(tests, ["kunit|test 1|pass|"]);
    }
}
