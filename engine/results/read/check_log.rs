//! `check.log` of fstests: what the runs of `check` said, one block for each. The last block of each section counts.
//!
//! A block is a date, `SECTION -- name` (where there are sections), then `Ran:`, `Not run:` and `Failures:` with names after
//! them, which may go on in the next lines. Older versions list what they ran in indented lines.

use super::Source;
use crate::{note::Notes, outcome::Outcomes, status::Status, text::Lines};
use std::{
    collections::{BTreeMap, HashMap},
    io::BufRead,
};

/// What one block says.
#[derive(Default)]
struct Block {
    section: Option<String>,
    listed: Vec<String>,
    ran: Vec<String>,
    notrun: Vec<String>,
    failed: Vec<String>,
}

/// Which list the names of a line belong to.
#[derive(Clone, Copy, PartialEq)]
enum List {
    None,
    Listed,
    Ran,
    Notrun,
    Failed,
}

impl Block {
    fn add(&mut self, list: List, names: &str) {
        let list = match list {
            List::None => return,
            List::Listed => &mut self.listed,
            List::Ran => &mut self.ran,
            List::Notrun => &mut self.notrun,
            List::Failed => &mut self.failed,
        };
        list.extend(names.split_whitespace().filter(|n| is_test(n)).map(str::to_owned));
    }

    fn is_empty(&self) -> bool {
        self.ran.is_empty() && self.listed.is_empty() && self.notrun.is_empty() && self.failed.is_empty()
    }
}

/// `generic/001` and the like.
fn is_test(name: &str) -> bool {
    name.split_once('/')
        .is_some_and(|(group, number)| !group.is_empty() && number.starts_with(|c: char| c.is_ascii_digit()))
}

/// Reads it. Blocks that name no section get `section`; `times` are those of `check.time`.
pub(crate) fn read(
    source: Source<'_, impl BufRead>,
    section: &str,
    times: &HashMap<String, f64>,
    found: &mut Outcomes,
    notes: &mut Notes,
) {
    let mut last: BTreeMap<String, Block> = BTreeMap::new();
    let mut block = Block::default();
    let mut list = List::None;
    let mut finish = |block: Block| {
        if !block.is_empty() {
            let name = block.section.clone().unwrap_or_else(|| section.to_owned());
            last.insert(name, block);
        }
    };
    for line in Lines::new(source.reader) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                notes.add(source.path, 0, error);
                break;
            }
        };
        let text = line.text.as_str();
        let heads = [
            ("Ran:", List::Ran),
            ("Not run:", List::Notrun),
            ("Failures:", List::Failed),
        ];
        if text.trim().is_empty() {
            finish(std::mem::take(&mut block));
            list = List::None;
        } else if let Some((names, of)) = heads
            .iter()
            .find_map(|(head, of)| text.strip_prefix(head).map(|names| (names, *of)))
        {
            list = of;
            block.add(list, names);
        } else if let Some(name) = text.strip_prefix("SECTION") {
            finish(std::mem::take(&mut block));
            block.section = Some(name.trim().trim_start_matches('-').trim().to_owned());
            list = List::None;
        } else if text.starts_with("Interrupted!") {
            notes.add(source.path, line.number, "the run was interrupted");
            list = List::None;
        } else if text.split_whitespace().all(is_test) {
            if list == List::None && text.starts_with(' ') {
                list = List::Listed;
            }
            block.add(list, text);
        } else {
            list = List::None;
        }
    }
    finish(block);
    for (section, block) in last {
        let ran = if block.ran.is_empty() {
            block.listed
        } else {
            block.ran
        };
        let bad = |name: &String| block.failed.contains(name);
        let left = |name: &String| block.notrun.contains(name);
        for name in ran.iter().filter(|n| !left(n) && !bad(n)) {
            let time = times.get(name).copied();
            found.add(&section, name, Status::Pass).seconds(time);
        }
        for name in &block.failed {
            found.add(&section, name, Status::Fail);
        }
        for name in &block.notrun {
            found.add(&section, name, Status::Notrun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, read};
    use crate::{note::Notes, outcome::Outcomes};
    use std::{collections::HashMap, path::Path};

    fn told(text: &str) -> Vec<String> {
        let (mut found, mut notes) = (Outcomes::new(false), Notes::default());
        let path = Path::new("check.log");
        let times = HashMap::from([("generic/001".to_owned(), 4.0)]);
        let source = Source {
            path,
            reader: text.as_bytes(),
        };
        read(source, "sec", &times, &mut found, &mut notes);
        let all = found.finish(path, &mut notes);
        let line =
            |o: &crate::Outcome| format!("{}|{}|{}|{:?}", o.section, o.test, o.status.word(), o.seconds);
        all.iter().map(line).chain(notes.lines()).collect()
    }

    #[test]
    fn the_last_block_counts() {
        let text = "\nMon Jun  1 10:00:00 UTC 2026\nRan: generic/001 generic/002\nFailures: generic/001\nFailed 1 of 2 tests\n\
                    \nTue Jun  2 10:00:00 UTC 2026\nRan: generic/001 generic/002 xfs/010\nNot run: xfs/010\n\
                    Failures: generic/002\n generic/005\nFailed 2 of 2 tests\n";
        assert_eq!(
            told(text),
            [
                "sec|generic/001|pass|Some(4.0)",
                "sec|generic/002|fail|None",
                "sec|generic/005|fail|None",
                "sec|xfs/010|notrun|None",
            ]
        );
    }

    #[test]
    fn sections_and_older_lists_are_read() {
        let text = "\nMon Jun  1 10:00:00 UTC 2026\n    generic/001 generic/002\n    generic/003\nNot run: generic/003\n\
                    Passed all 2 tests\n\nTue Jun 2\nSECTION       -- ext4_1k\n=========================\n\
                    Ran: generic/004\nInterrupted!\nPassed all 1 tests\n";
        assert_eq!(
            told(text),
            [
                "ext4_1k|generic/004|pass|None",
                "sec|generic/001|pass|Some(4.0)",
                "sec|generic/002|pass|None",
                "sec|generic/003|notrun|None",
                "check.log:12: the run was interrupted",
            ]
        );
    }
}
