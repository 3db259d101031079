//! Logs of tests: whole files or parts of files. Only their places are kept; what is shown is read when it is shown.

use crate::{outcome::Outcome, read::xml::unescape, status::Status, text::plain};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Lines that are shown of a log, from its end.
pub const SHOWN_LINES: usize = 200;
/// Bytes that are read for that.
const READ_BYTES: u64 = 256 * 1024;
/// Longer lines are cut.
const SHOWN_CHARS: usize = 1000;
/// Folders and files of one run that are looked at.
const MOST_FILES: usize = 100_000;
/// Folders within folders that are looked at.
const DEEPEST: usize = 16;

/// How a log is written in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// As it is.
    Text,
    /// Each line after `# `.
    Tap,
    /// As text of XML.
    Xml,
}

/// A log of a test.
#[derive(Clone, Debug)]
pub struct Log {
    /// The file.
    pub path: PathBuf,
    /// What it is: the end of the file's name (`dmesg`, `out.bad`) or the name of the part of a file.
    pub name: String,
    pub(crate) part: Option<(u64, u64)>,
    pub(crate) writing: Writing,
}

/// The end of a log.
#[derive(Debug, PartialEq, Eq)]
pub struct Tail {
    /// The last lines, clean of control characters.
    pub lines: Vec<String>,
    /// Whether there is more before them.
    pub more: bool,
}

impl Log {
    /// The last lines.
    pub fn tail(&self) -> io::Result<Tail> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let (from, to) = self.part.unwrap_or((0, length));
        let to = to.min(length);
        let start = from.max(to.saturating_sub(READ_BYTES)).min(to);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(to - start).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<&str> = text.trim_end().lines().collect();
        let mut more = start > from;
        if more && lines.len() > 1 {
            // The first one begins somewhere in its middle.
            lines.remove(0);
        }
        if lines.len() > SHOWN_LINES {
            more = true;
            lines.drain(..lines.len() - SHOWN_LINES);
        }
        let mut lines: Vec<String> = lines.into_iter().map(|l| self.shown(l)).collect();
        if self.writing == Writing::Xml {
            // The marks of a part stand in lines of their own.
            lines.retain(|line| !line.trim().is_empty());
        }
        Ok(Tail { lines, more })
    }

    fn shown(&self, line: &str) -> String {
        let line = match self.writing {
            Writing::Text => plain(line),
            Writing::Tap => plain(
                line.strip_prefix('#')
                    .map_or(line, |l| l.strip_prefix(' ').unwrap_or(l)),
            ),
            Writing::Xml => {
                let line = line.replace("<![CDATA[", "").replace("]]>", "");
                plain(&unescape(&line))
            }
        };
        crate::text::cut(&line, SHOWN_CHARS)
    }
}

/// Which log tells most of a failure: what differs, then what was printed, then the kernel's; that first where it was the kernel.
fn rank(name: &str, kernel: bool) -> usize {
    if kernel && name == "dmesg" {
        return 0;
    }
    ["out.bad", "log", "dmesg", "system-err", "system-out", "full"]
        .iter()
        .position(|n| *n == name)
        .map_or(7, |place| place + 1)
}

/// Gives each outcome the files `SECTION/TEST.*` (`TEST.*` without a section) below a folder. Where the name of one test
/// begins with that of another the longer one has the file. Only plain files count: nothing that a host sent may lead out of
/// the folder.
pub(crate) fn find(folder: &Path, outcomes: &mut [Outcome]) {
    let mut tests: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, outcome) in outcomes.iter().enumerate() {
        let name = if outcome.section.is_empty() {
            outcome.test.clone()
        } else {
            format!("{}/{}", outcome.section, outcome.test)
        };
        tests.entry(name).or_default().push(place);
    }
    let mut files = Vec::new();
    walk(folder, "", 0, &mut files);
    for name in files {
        let end = name.rfind('/').map_or(0, |at| at + 1);
        let dots = name.char_indices().rev().filter(|(at, c)| *c == '.' && *at > end);
        for (dot, _) in dots {
            let Some(places) = tests.get(&name[..dot]) else {
                continue;
            };
            for place in places {
                outcomes[*place].logs.push(Log {
                    path: folder.join(&name),
                    name: plain(&name[dot + 1..]),
                    part: None,
                    writing: Writing::Text,
                });
            }
            break;
        }
    }
    for outcome in outcomes {
        let kernel = outcome.status == Status::Crash || outcome.message.contains("dmesg");
        outcome
            .logs
            .sort_by_key(|log| (rank(&log.name, kernel), log.name.clone()));
    }
}

/// Names of plain files below a folder, in order.
fn walk(folder: &Path, below: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder.join(below)) else {
        return;
    };
    let mut entries: Vec<_> = entries.flatten().take(MOST_FILES).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
            continue;
        };
        let name = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if found.len() >= MOST_FILES {
            return;
        }
        if kind.is_dir() && depth < DEEPEST {
            walk(folder, &name, depth + 1, found);
        } else if kind.is_file() {
            found.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Log, Tail, Writing, find};
    use crate::{note::Notes, outcome::Outcomes, status::Status};
    use std::{fs, os::unix::fs::symlink};

    fn tail(bytes: &[u8], part: Option<(u64, u64)>, writing: Writing) -> Tail {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let log = Log {
            path: file.path().to_owned(),
            name: "log".into(),
            part,
            writing,
        };
        log.tail().unwrap()
    }

    #[test]
    fn only_the_end_of_a_long_log_is_read() {
        let text: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
        let end = tail(text.as_bytes(), None, Writing::Text);
        assert!(end.more);
        assert_eq!((end.lines.len(), end.lines[199].as_str()), (200, "line 99999"));
        let one = tail(&vec![b'x'; 1 << 20], None, Writing::Text);
        assert_eq!((one.lines.len(), one.lines[0].chars().count()), (1, 1000));
    }

    #[test]
    fn parts_are_shown_as_they_were_meant() {
        let end = tail(b"head\n# # a\n#b\nok\n", Some((5, 14)), Writing::Tap);
        assert_eq!(end.lines, ["# a", "b"]);
        let end = tail(b"<![CDATA[\na &lt;b&gt;\n]]>\n", None, Writing::Xml);
        assert_eq!(end.lines, ["a <b>"]);
        let end = tail(b"\xff\x00\x1b[31mx\n", Some((0, 900)), Writing::Text);
        assert_eq!(end.lines, ["\u{fffd}x"]);
    }

    #[test]
    fn files_go_to_the_test_with_the_longest_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("s/generic")).unwrap();
        for name in [
            "s/generic/001.full",
            "s/generic/001.out.bad",
            "a.log",
            "a.sh.log",
            "b",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        symlink("/etc/passwd", folder.path().join("a.link")).unwrap();
        let mut all = Outcomes::new(false);
        for (section, test) in [
            ("s", "generic/001"),
            ("", "a"),
            ("", "a.sh"),
            ("", "../a"),
            ("", "b"),
        ] {
            all.add(section, test, Status::Fail);
        }
        let mut all = all.finish(folder.path(), &mut Notes::default());
        find(folder.path(), &mut all);
        let names: Vec<Vec<&str>> = all
            .iter()
            .map(|o| o.logs.iter().map(|l| l.name.as_str()).collect())
            .collect();
        assert_eq!(
            names,
            [vec!["out.bad", "full"], vec!["log"], vec!["log"], vec![], vec![]]
        );
    }
}
