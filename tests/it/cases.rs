//! The golden cases of `tests/cases` (its README tells what they are), run by kdo under the name ansible-playbook.
//!
//! `known_failures.txt` names cases that do not pass yet. A case in it that passes is an error, so the list only gets
//! shorter. `KDO_CASES="a b"` runs some cases and shows their differences; `KDO_CASES_RECORD=1` writes the list anew.

use crate::program::root;
use regex::Regex;
use std::{
    collections::BTreeSet,
    fmt::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

/// A case that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs one case; the error says what differs.
fn run(case: &Path, program: &Path, agents: &Path) -> Result<(), String> {
    let tmp = tempfile::tempdir().unwrap();
    for folder in ["work", "home"] {
        std::fs::create_dir(tmp.path().join(folder)).unwrap();
    }
    let work = tmp.path().join("work");
    let read = |name: &str| std::fs::read_to_string(case.join(name)).unwrap_or_default();
    let arguments = read("cmd");
    let arguments = arguments.lines().next().unwrap_or_default();
    let out = tmp.path().join("stdout");
    let err = tmp.path().join("stderr");
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("exec \"$PROGRAM\" {arguments}")])
        .current_dir(case)
        .env_clear()
        .envs([("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")])
        .envs(["ANSIBLE_NOCOLOR", "ANSIBLE_FORKS", "ANSIBLE_NOCOWS"].map(|n| (n, "1")))
        .envs(["ANSIBLE_DEPRECATION_WARNINGS", "ANSIBLE_RETRY_FILES_ENABLED"].map(|n| (n, "0")))
        .envs(["ANSIBLE_LOCALHOST_WARNING", "ANSIBLE_INVENTORY_UNPARSED_WARNING"].map(|n| (n, "False")))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", tmp.path().join("home"))
        .env("CASE_TMP", &work)
        .env("CASE_NAME", case.file_name().unwrap())
        .env("PROGRAM", program)
        // One cache of agents for all cases.
        .env("KDO_AGENT_DIR", agents)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let end = Instant::now() + LIMIT;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > end => {
                child.kill().unwrap();
                child.wait().unwrap();
                return Err(format!("did not end within {} s\n", LIMIT.as_secs()));
            }
            None => std::thread::park_timeout(Duration::from_millis(10)),
        }
    };
    let shown = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let actual = comparable(&shown(&out), &work, case);
    let expected = read("expected.stdout");
    let (code, wanted) = (status.code().unwrap_or(-1), read("expected.rc"));
    if actual == expected && wanted.trim() == code.to_string() {
        return Ok(());
    }
    let mut text = format!("exit code {code}, expected {}\n", wanted.trim());
    for line in differences(&expected, &actual) {
        let _ = writeln!(text, "{line}");
    }
    let said = shown(&err);
    if !said.is_empty() {
        let _ = writeln!(text, "standard error:\n{said}");
    }
    Err(text)
}

/// What differs from run to run is made equal, as `tests/record-cases` does.
fn comparable(text: &str, work: &Path, case: &Path) -> String {
    let text = text
        .replace(work.to_str().unwrap(), "@TMP@")
        .replace(case.to_str().unwrap(), "@CASE@");
    let head = Regex::new(r"^(fatal|failed|ok|changed|skipping): |^TASK \[|^PLAY |^RUNNING HANDLER").unwrap();
    let template = Regex::new(r"^\+\+\+ after: .*/([^/]*\.j2)$").unwrap();
    let time = Regex::new(r#""(delta|start|end)": "[-0-9:. ]*""#).unwrap();
    let mut out = String::new();
    let mut in_error = false;
    for line in text.split_inclusive('\n') {
        if line.starts_with("[ERROR]: ") {
            in_error = true;
        } else if in_error && head.is_match(line) {
            in_error = false;
        }
        if !in_error {
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |l| (l, "\n"));
            let line = template.replace(line, "+++ after: @TEMPLATE@/$1");
            out.push_str(&time.replace_all(&line, "\"$1\": \"@TIME@\""));
            out.push_str(end);
        }
    }
    out
}

/// Lines that are only in one of the texts, in order, at most forty.
fn differences(expected: &str, actual: &str) -> Vec<String> {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    // Lengths of the longest common subsequences of the tails.
    let mut common = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
        } else if j >= b.len() || i < a.len() && common[i + 1][j] >= common[i][j + 1] {
            out.push(format!("-{}", a[i]));
            i += 1;
        } else {
            out.push(format!("+{}", b[j]));
            j += 1;
        }
    }
    out.truncate(40);
    out
}

#[test]
fn golden_cases_end_as_under_ansible() {
    let folder = root().join("tests/cases");
    let list = folder.join("known_failures.txt");
    let chosen = std::env::var("KDO_CASES").ok();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .filter(|e| e.path().join("cmd").is_file())
        .map(|e| e.file_name().into_string().unwrap())
        .filter(|n| {
            chosen
                .as_ref()
                .is_none_or(|c| c.split_whitespace().any(|w| w == n))
        })
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there are no cases");
    let known: BTreeSet<String> = std::fs::read_to_string(&list)
        .unwrap_or_default()
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let bench = tempfile::tempdir().unwrap();
    let program = bench.path().join("ansible-playbook");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kdo"), &program).unwrap();
    let agents = bench.path().join("agents");
    std::fs::create_dir(&agents).unwrap();
    let todo = Mutex::new(names.iter());
    let failures = Mutex::new(std::collections::BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(name) = todo.lock().unwrap().next() else {
                        return;
                    };
                    if let Err(why) = run(&folder.join(name), &program, &agents) {
                        failures.lock().unwrap().insert(name.clone(), why);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    eprintln!(
        "{} of {} golden cases pass",
        names.len() - failures.len(),
        names.len()
    );
    if std::env::var_os("KDO_CASES_RECORD").is_some() {
        let mut text = "# Golden cases that do not pass yet; see tests/it/cases.rs.\n".to_owned();
        failures.keys().for_each(|n| text.push_str(&format!("{n}\n")));
        std::fs::write(&list, text).unwrap();
        return;
    }
    let mut complaints = String::new();
    for (name, why) in &failures {
        if !known.contains(name) || chosen.is_some() {
            let _ = writeln!(complaints, "== {name}: {why}");
        }
    }
    for name in &names {
        if known.contains(name) && !failures.contains_key(name) {
            let _ = writeln!(complaints, "== {name} passes: take it off known_failures.txt");
        }
    }
    for name in known.iter().filter(|n| !folder.join(n).is_dir()) {
        let _ = writeln!(complaints, "== {name} in known_failures.txt is no case");
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn differences_are_lines_of_one_side() {
    assert_eq!(differences("a\nb\nc\n", "a\nx\nc\n"), ["-b", "+x"]);
    assert!(differences("a\n", "a\n").is_empty());
}
