//! `result.xml`: the xunit report of fstests (`check -R xunit`), and those of others.

use super::{
    Source,
    xml::{Tag, Tags},
};
use crate::{
    log::{Log, Writing},
    note::Notes,
    outcome::{Outcomes, seconds},
    status::Status,
};
use std::io::BufRead;

/// A test case as far as it is read.
struct Case {
    section: String,
    name: String,
    seconds: Option<f64>,
    status: Status,
    message: String,
    fstests: bool,
    logs: Vec<Log>,
}

impl Case {
    fn of(tag: &Tag) -> Self {
        let class = tag.get("classname").unwrap_or_default();
        let (section, fstests) = match class.strip_prefix("xfstests.") {
            // What fstests calls a configuration without sections.
            Some("global") => ("", true),
            Some(section) => (section, true),
            None => (class, false),
        };
        Self {
            section: section.to_owned(),
            name: tag.get("name").unwrap_or_default().trim().to_owned(),
            seconds: tag.get("time").and_then(seconds),
            status: Status::Pass,
            message: String::new(),
            fstests,
            logs: Vec::new(),
        }
    }
}

/// Reads it.
pub(crate) fn read(source: Source<'_, impl BufRead>, found: &mut Outcomes, notes: &mut Notes) {
    let mut tags = Tags::new(source.reader);
    let mut case: Option<Case> = None;
    // Where the text of an output begins.
    let mut output: Option<(String, u64)> = None;
    loop {
        let tag = match tags.next_tag() {
            Ok(Some(tag)) => tag,
            Ok(None) => break,
            Err(error) => {
                notes.add(source.path, tags.line(), error);
                break;
            }
        };
        match tag.name.as_str() {
            "testcase" if tag.opens => {
                let new = Case::of(&tag);
                if new.name.is_empty() {
                    notes.add(source.path, tag.line, "a test case without a name");
                } else if tag.closes {
                    keep(new, found);
                } else {
                    case = Some(new);
                }
            }
            "testcase" => {
                if let Some(case) = case.take() {
                    keep(case, found);
                }
            }
            "failure" | "error" | "skipped" if tag.opens => {
                if let Some(case) = &mut case {
                    case.status = match tag.name.as_str() {
                        "skipped" if case.fstests => Status::Notrun,
                        "skipped" => Status::Skip,
                        _ => Status::Fail,
                    };
                    let message = tag.get("message").unwrap_or_default().trim();
                    case.message = message.strip_prefix("- ").unwrap_or(message).to_owned();
                }
            }
            "system-out" | "system-err" if tag.opens => {
                output = (!tag.closes).then(|| (tag.name.clone(), tag.to));
            }
            "system-out" | "system-err" => {
                if let (Some((name, from)), Some(case)) = (output.take(), &mut case) {
                    case.logs.push(Log {
                        path: source.path.to_owned(),
                        name,
                        part: Some((from, tag.from)),
                        writing: Writing::Xml,
                    });
                }
            }
            _ => {}
        }
    }
    if case.is_some() {
        notes.add(source.path, tags.line(), "the file ends within a test case");
    }
}

fn keep(case: Case, found: &mut Outcomes) {
    let mut outcome = found.add(&case.section, &case.name, case.status);
    outcome.seconds(case.seconds).message(&case.message);
    for log in case.logs {
        outcome.log(log);
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, read};
    use crate::{note::Notes, outcome::Outcomes};

    #[test]
    fn a_report_of_fstests_is_read() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"xfstests\" failures=\"1\">\n\
            <properties>\n<property name=\"SECTION\" value=\"xfs_4k\"/>\n</properties>\n\
            \t<testcase classname=\"xfstests.xfs_4k\" name=\"generic/001\" time=\"4\">\n\t</testcase>\n\
            \t<testcase classname=\"xfstests.xfs_4k\" name=\"generic/002\" time=\"0\">\n\
            \t\t<skipped message=\"needs &quot;x&quot;\" />\n\t</testcase>\n\
            \t<testcase classname=\"xfstests.global\" name=\"generic/003\" time=\"12\">\n\
            \t\t<failure message=\"- output mismatch (see /r/003.out.bad)\" type=\"TestFail\" />\n\
            \t\t<system-err>\n<![CDATA[\n--- a &lt;b&gt;\n+++ c\n]]>\n\t\t</system-err>\n\t</testcase>\n\
            <testcase classname=\"pkg.Class\" name=\"x\"><skipped/></testcase>\n<testcase name=\"y\"/>\n<testcase ";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let (mut found, mut notes) = (Outcomes::new(false), Notes::default());
        read(Source::open(file.path()).unwrap(), &mut found, &mut notes);
        let all = found.finish(file.path(), &mut notes);
        let lines: Vec<_> = all
            .iter()
            .map(|o| format!("{}|{}|{}|{}", o.section, o.test, o.status.word(), o.message))
            .collect();
        assert_eq!(
            lines,
            [
                "xfs_4k|generic/001|pass|",
                "xfs_4k|generic/002|notrun|needs \"x\"",
                "|generic/003|fail|output mismatch (see /r/003.out.bad)",
                "pkg.Class|x|skip|",
                "|y|pass|",
            ]
        );
        let tail = all[2].logs[0].tail().unwrap();
        assert_eq!(tail.lines, ["--- a <b>", "+++ c"]);
        assert_eq!(notes.lines().len(), 1);
        assert!(
            notes.lines()[0].ends_with(":22: the file ends within a tag"),
            "{:?}",
            notes.lines()
        );
    }
}
