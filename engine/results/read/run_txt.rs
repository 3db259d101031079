//! `run.txt`: lines `key TAB value` that say what a run was.

use super::Source;
use crate::{
    note::Notes,
    text::{Lines, first},
};
use std::io::BufRead;

/// Lines that are read.
const MOST_LINES: usize = 1000;

/// What a run was.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunText {
    pub(crate) kernel: String,
    pub(crate) started: String,
    pub(crate) ended: String,
    /// `loops`: how often each test was run, 1 if the key is missing.
    pub(crate) loops: u32,
    /// All other keys in their order; `suite` and `host` are those of the folders.
    pub(crate) extra: Vec<(String, String)>,
}

/// Reads it.
pub(crate) fn read(source: Source<'_, impl BufRead>, notes: &mut Notes) -> RunText {
    let mut run = RunText {
        loops: 1,
        ..RunText::default()
    };
    for line in Lines::new(source.reader).take(MOST_LINES) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                notes.add(source.path, 0, error);
                break;
            }
        };
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let Some((key, value)) = text.split_once('\t') else {
            notes.add(source.path, line.number, "no tab between key and value");
            continue;
        };
        let value = first(value.trim(), 500).to_owned();
        match key.trim() {
            "kernel" => run.kernel = value,
            "started" => run.started = value,
            "ended" => run.ended = value,
            "suite" | "host" => {}
            key => {
                if key == "loops" {
                    match value.parse() {
                        Ok(loops) => run.loops = loops,
                        Err(_) => notes.add(source.path, line.number, "loops is not a number"),
                    }
                }
                run.extra.push((first(key, 100).to_owned(), value));
            }
        }
    }
    run
}

#[cfg(test)]
mod tests {
    use super::{Source, read};
    use crate::note::Notes;
    use std::path::Path;

    #[test]
    fn further_keys_are_kept_in_their_order() {
        let text = "suite\tfstests\nhost\tweb1\nkernel\t6.18.0\nfstyp\txfs\nloops\t5\nref\t v1 \n\nbroken\nstarted\t2026\n";
        let mut notes = Notes::default();
        let source = Source {
            path: Path::new("run.txt"),
            reader: text.as_bytes(),
        };
        let run = read(source, &mut notes);
        assert_eq!((run.kernel.as_str(), run.loops), ("6.18.0", 5));
        assert_eq!(run.started, "2026");
        let keys: Vec<_> = run.extra.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(keys, ["fstyp=xfs", "loops=5", "ref=v1"]);
        assert_eq!(notes.lines(), ["run.txt:8: no tab between key and value"]);
    }
}
