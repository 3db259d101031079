//! One run: its folder and what lies in it.

use crate::{
    log,
    note::Notes,
    outcome::{Outcome, Outcomes},
    read::{Source, check_log, check_time, ktap, results_tsv, run_txt, xunit},
    text::plain,
};
use std::{
    collections::HashMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

/// A run of a suite on a host.
#[derive(Clone, Debug)]
pub struct Run {
    /// The host, by its folder.
    pub host: String,
    /// The suite, by its folder.
    pub suite: String,
    /// The name of its folder; runs sort by it.
    pub id: String,
    /// Its folder.
    pub path: PathBuf,
    /// The kernel (`uname -r`), `unknown` if that is not told.
    pub kernel: String,
    /// When it began, as it was written.
    pub started: String,
    /// When it ended, as it was written.
    pub ended: String,
    /// What else `run.txt` says.
    pub extra: Vec<(String, String)>,
    soak: bool,
}

impl Run {
    /// Reads what the run was, not yet its results.
    pub(crate) fn open(host: &str, suite: &str, id: &str, path: PathBuf, notes: &mut Notes) -> Self {
        let file = path.join("run.txt");
        let text = match Source::open(&file) {
            Ok(source) => run_txt::read(source, notes),
            Err(error) => {
                notes.add(&file, 0, error);
                run_txt::RunText::default()
            }
        };
        let kernel = if text.kernel.is_empty() {
            "unknown".to_owned()
        } else {
            text.kernel
        };
        Self {
            host: plain(host),
            suite: plain(suite),
            id: plain(id),
            path,
            kernel,
            started: text.started,
            ended: text.ended,
            extra: text.extra,
            soak: text.loops > 1,
        }
    }

    /// Whether a folder looks like a run at all.
    pub(crate) fn is_one(path: &Path) -> bool {
        let (folders, files) = entries(path);
        let one = |name: &String| {
            matches!(
                name.as_str(),
                "run.txt" | "results.tsv" | "result.xml" | "check.log"
            ) || name.ends_with(".tap")
        };
        files.iter().any(one) || folders.iter().any(|f| entries(&path.join(f)).1.iter().any(one))
    }

    /// Reads its results: `results.tsv`, or without that whatever a suite wrote itself.
    pub(crate) fn outcomes(&self, notes: &mut Notes) -> Vec<Outcome> {
        let mut found = Outcomes::new(self.soak);
        let file = self.path.join("results.tsv");
        let raw = !file.is_file();
        if !raw {
            if let Some(source) = open(&file, notes) {
                results_tsv::read(source, &mut found, notes);
            }
        } else if !self.raw(&mut found, notes) {
            let text = "no results.tsv, *.tap, result.xml or check.log";
            notes.add(&self.path, 0, text);
        }
        let mut outcomes = found.finish(&self.path, notes);
        log::find(&self.path.join("logs"), &mut outcomes);
        if raw {
            // The result folder of fstests has its logs beside the results.
            log::find(&self.path, &mut outcomes);
        }
        outcomes
    }

    /// Reads what the suite wrote, here and in folders of sections; tells whether there was any.
    fn raw(&self, found: &mut Outcomes, notes: &mut Notes) -> bool {
        let (folders, files) = entries(&self.path);
        let mut any = false;
        for name in folders.iter().filter(|name| *name != "logs") {
            let folder = self.path.join(name);
            any |= raw_folder(&folder, name, &entries(&folder).1, found, notes);
        }
        // A log of all sections does not say which is which; those of the sections have said it.
        let only = |name: &&String| !any || name.ends_with(".tap");
        let files: Vec<String> = files.iter().filter(only).cloned().collect();
        any | raw_folder(&self.path, "", &files, found, notes)
    }
}

fn raw_folder(
    folder: &Path,
    section: &str,
    files: &[String],
    found: &mut Outcomes,
    notes: &mut Notes,
) -> bool {
    let has = |name: &str| files.iter().any(|f| f == name);
    let mut any = false;
    for name in files {
        let path = folder.join(name);
        if let Some(stem) = name.strip_suffix(".tap")
            && let Some(source) = open(&path, notes)
        {
            ktap::read(source, stem, found, notes);
            any = true;
        }
    }
    let report = folder.join("result.xml");
    if has("result.xml")
        && let Some(source) = open(&report, notes)
    {
        xunit::read(source, found, notes);
        return true;
    }
    let log = folder.join("check.log");
    if has("check.log")
        && let Some(source) = open(&log, notes)
    {
        let path = folder.join("check.time");
        let times = if has("check.time") {
            open(&path, notes).map(|source| check_time::read(source, notes))
        } else {
            None
        };
        let times = times.unwrap_or_else(HashMap::new);
        check_log::read(source, section, &times, found, notes);
        return true;
    }
    any
}

fn open<'a>(path: &'a Path, notes: &mut Notes) -> Option<Source<'a, BufReader<File>>> {
    match Source::open(path) {
        Ok(source) => Some(source),
        Err(error) => {
            notes.add(path, 0, error);
            None
        }
    }
}

/// Names of the folders and of the plain files in a folder, in order. Links are passed over: what came from a host must not
/// lead elsewhere. So are hidden ones, as the folder may be a git repository.
pub(crate) fn entries(folder: &Path) -> (Vec<String>, Vec<String>) {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) {
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push(name);
            } else if kind.is_file() {
                files.push(name);
            }
        }
    }
    folders.sort();
    files.sort();
    (folders, files)
}

#[cfg(test)]
mod tests {
    use super::Run;
    use crate::note::Notes;
    use std::fs;

    fn told(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut notes = Notes::default();
        let run = Run::open("h", "s", "1", folder.path().to_owned(), &mut notes);
        let outcomes = run.outcomes(&mut notes);
        let line = |o: &crate::Outcome| {
            let logs: Vec<&str> = o.logs.iter().map(|l| l.name.as_str()).collect();
            format!("{}|{}|{}|{}", o.section, o.test, o.status.word(), logs.join(","))
        };
        (outcomes.iter().map(line).collect(), notes.lines())
    }

    #[test]
    fn our_own_format_comes_before_raw_output() {
        let (tests, notes) = told(&[
            ("run.txt", "kernel\t6.1\n"),
            ("results.tsv", "s\ta/b\tfail\n"),
            ("x.tap", "ok 1 x\n"),
            ("logs/s/a/b.dmesg", ""),
            ("logs/s/a/b.log", ""),
        ]);
        assert_eq!(tests, ["s|a/b|fail|log,dmesg"]);
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn a_result_folder_of_fstests_is_read() {
        let (tests, _) = told(&[
            ("run.txt", "kernel\t6.1\n"),
            ("check.log", "\ndate\nRan: generic/009\n"),
            (
                "xfs/check.log",
                "\ndate\nRan: generic/001\nFailures: generic/001\n",
            ),
            ("xfs/check.time", "generic/001 3\n"),
            ("xfs/generic/001.out.bad", ""),
            (
                "ext4/result.xml",
                "<testcase classname=\"xfstests.ext4\" name=\"generic/001\"/>",
            ),
        ]);
        assert_eq!(tests, ["ext4|generic/001|pass|", "xfs|generic/001|fail|out.bad"]);
    }

    #[test]
    fn a_folder_without_results_is_told() {
        let (tests, notes) = told(&[("run.txt", "kernel\t6.1\n"), ("y/readme", "")]);
        assert!(tests.is_empty());
        assert!(notes[0].ends_with("no results.tsv, *.tap, result.xml or check.log"));
    }
}
