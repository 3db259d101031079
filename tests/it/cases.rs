//! The golden cases of `tests/cases` (its README tells what they are), run by kdo under the name ansible-playbook.
//!
//! `divergences.toml` names the cases in which kdo differs on purpose, with the reason; what kdo says there is kept
//! beside the case as `kdo.stdout` and `kdo.rc` and checked the same way. A named case that agrees with Ansible is an
//! error, so the list stays true. `KDO_CASES="a b"` runs some cases; `KDO_CASES_RECORD=1` writes what kdo says now.

use crate::program::root;
use regex::Regex;
use std::{
    collections::BTreeMap,
    fmt::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

/// A case that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// What a case printed, made comparable, its exit code and what it said on standard error.
struct Outcome {
    stdout: String,
    code: i32,
    stderr: String,
}

/// Runs one case.
fn run(case: &Path, program: &Path, agents: &Path) -> Result<Outcome, String> {
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
    Ok(Outcome {
        stdout: comparable(&shown(&out), &work, case),
        code: status.code().unwrap_or(-1),
        stderr: shown(&err),
    })
}

/// Compares with what was recorded under a name; the error says what differs.
fn compare(case: &Path, recorded: &str, actual: &Outcome) -> Result<(), String> {
    let read =
        |name: &str| std::fs::read_to_string(case.join(format!("{recorded}.{name}"))).unwrap_or_default();
    let (expected, wanted) = (read("stdout"), read("rc"));
    if actual.stdout == expected && wanted.trim() == actual.code.to_string() {
        return Ok(());
    }
    let mut text = format!("exit code {}, expected {}\n", actual.code, wanted.trim());
    for line in differences(&expected, &actual.stdout) {
        let _ = writeln!(text, "{line}");
    }
    if !actual.stderr.is_empty() {
        let _ = writeln!(text, "standard error:\n{}", actual.stderr);
    }
    Err(text)
}

/// The cases in `divergences.toml` with their reasons.
fn divergences() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("divergences.toml")).unwrap();
    let all: toml::Table = text.parse().unwrap();
    let field =
        |entry: &toml::Value, name: &str| entry[name].as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let reason = |entry: &toml::Value| field(entry, "reason").expect("a divergence has a reason");
    // Those without a test of their own are at least complete.
    for entry in all["behaviour"].as_array().unwrap() {
        assert!(field(entry, "what").is_some() && !reason(entry).is_empty());
    }
    let cases = all["case"].as_array().unwrap().iter();
    cases.map(|e| (field(e, "name").unwrap(), reason(e))).collect()
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

/// Runs a case and compares; the error says what is wrong.
fn check(case: &Path, program: &Path, agents: &Path, diverges: bool, record: bool) -> Result<(), String> {
    let actual = run(case, program, agents)?;
    let with_ansible = compare(case, "expected", &actual);
    if !diverges {
        return with_ansible;
    }
    if with_ansible.is_ok() {
        return Err("does as Ansible does: take it out of divergences.toml\n".into());
    }
    if record {
        std::fs::write(case.join("kdo.stdout"), &actual.stdout).unwrap();
        std::fs::write(case.join("kdo.rc"), format!("{}\n", actual.code)).unwrap();
    }
    compare(case, "kdo", &actual)
}

#[test]
fn golden_cases_end_as_under_ansible() {
    let folder = root().join("tests/cases");
    let chosen = std::env::var("KDO_CASES").ok();
    let record = std::env::var_os("KDO_CASES_RECORD").is_some();
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
    let diverging = divergences();
    let bench = tempfile::tempdir().unwrap();
    let program = bench.path().join("ansible-playbook");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kdo"), &program).unwrap();
    let agents = bench.path().join("agents");
    std::fs::create_dir(&agents).unwrap();
    let todo = Mutex::new(names.iter());
    let failures = Mutex::new(BTreeMap::new());
    // Some cases mostly wait.
    let workers = 2 * std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(name) = todo.lock().unwrap().next() else {
                        return;
                    };
                    let diverges = diverging.contains_key(name);
                    if let Err(why) = check(&folder.join(name), &program, &agents, diverges, record) {
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
    let mut complaints = String::new();
    for (name, why) in &failures {
        let _ = writeln!(complaints, "== {name}: {why}");
    }
    for name in diverging.keys().filter(|n| !folder.join(n).is_dir()) {
        let _ = writeln!(complaints, "== {name} in divergences.toml is no case");
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn differences_are_lines_of_one_side() {
    assert_eq!(differences("a\nb\nc\n", "a\nx\nc\n"), ["-b", "+x"]);
    assert!(differences("a\n", "a\n").is_empty());
}
