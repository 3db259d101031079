//! What is seen of a run: callbacks of the user's own, the log file, how modules were called.

use crate::program::{Bench, said};
use std::{fs, os::unix::fs::PermissionsExt};

const PLAY: &str = "- hosts: localhost
  gather_facts: false
  tasks:
    - name: Count
      command: echo one two
    - name: Break
      command: 'false'
      ignore_errors: true
";

fn executable(bench: &Bench, name: &str, text: &str) {
    let path = bench.file(name, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_program_beside_the_playbook_reads_the_events() {
    let bench = Bench::new();
    bench.file("p.yml", PLAY);
    executable(&bench, "callback_plugins/mine", "#!/bin/sh\ncat > seen\n");
    let told = bench.run(&["play", "p.yml"]);
    assert_eq!(told.code, 0, "{told:?}");
    let seen = fs::read_to_string(bench.path().join("seen")).unwrap();
    for part in [
        r#""event":"play_start""#,
        r#""event":"host_result""#,
        r#""stdout":"one two""#,
        r#""event":"run_end""#,
    ] {
        assert!(seen.replace("\": ", "\":").contains(part), "{part} in {seen}");
    }
    assert!(told.out.contains("PLAY RECAP"), "{told:?}");
    let view = said(
        bench
            .command(&["play", "p.yml"])
            .env("ANSIBLE_STDOUT_CALLBACK", "mine"),
    );
    assert_eq!((view.code, view.out.as_str()), (0, ""), "{view:?}");
}

#[test]
fn programs_that_fail_and_plugins_in_python_are_told() {
    let bench = Bench::new();
    bench.file("p.yml", PLAY);
    executable(
        &bench,
        "callback_plugins/bad",
        "#!/bin/sh\ncat > /dev/null\nexit 7\n",
    );
    bench.file("callback_plugins/old.py", "class CallbackModule: pass\n");
    bench.file("callback_plugins/timer.py", "class CallbackModule: pass\n");
    let told = bench.run(&["play", "p.yml"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.err.contains("callback_plugins/bad failed (exit status: 7)"),
        "{told:?}"
    );
    assert!(told.err.contains("callback_plugins/old.py"), "{told:?}");
    assert!(!told.err.contains("timer.py"), "{told:?}");
    let view = said(
        bench
            .command(&["play", "p.yml"])
            .env("ANSIBLE_STDOUT_CALLBACK", "old"),
    );
    assert!(
        view.out.contains("PLAY RECAP") && view.err.contains("old.py"),
        "{view:?}"
    );
    let none = said(
        bench
            .command(&["play", "p.yml"])
            .env("ANSIBLE_STDOUT_CALLBACK", "minimol"),
    );
    assert!(
        none.err.contains("did you mean minimal?") && none.out.contains("PLAY RECAP"),
        "{none:?}"
    );
}

#[test]
fn the_log_file_has_levels_and_no_secrets() {
    let bench = Bench::new();
    bench.file(
        "p.yml",
        "- hosts: localhost
  gather_facts: false
  tasks:
    - uri: {url: 'http://127.0.0.1:1/', url_password: hunter2hunter2}
      ignore_errors: true
    - name: Hush
      command: echo topsecret
      no_log: true
",
    );
    let log = bench.path().join("log");
    let told = said(
        bench
            .command(&["play", "p.yml", "-vvv"])
            .env("ANSIBLE_LOG_PATH", &log)
            .env("ANSIBLE_LOG_VERBOSITY", "3"),
    );
    let text = fs::read_to_string(log).unwrap();
    for all in [&told.out, &text] {
        assert!(
            !all.contains("topsecret") && all.contains("the output has been hidden"),
            "{all}"
        );
        assert!(
            all.contains("\"url_password\": \"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER\""),
            "{all}"
        );
        assert!(all.contains("\"follow_redirects\": \"safe\""), "{all}");
    }
    assert!(
        text.contains(" n=ansible INFO| TASK [Hush] ***") && text.contains("EXEC"),
        "{text}"
    );
    assert!(
        text.contains(" n=ansible ERROR| [ERROR]: Task failed: "),
        "{text}"
    );
}

#[test]
fn a_failure_points_into_the_playbook() {
    let bench = Bench::new();
    let path = bench.file("p.yml", PLAY);
    let told = bench.run(&["play", "p.yml"]);
    let expected = format!(
        "[ERROR]: Task failed: Module failed: non-zero return code\nOrigin: {}:6:7\n\n4     - name: Count\n5       command: echo one two\n6     - name: Break\n        ^ column 7\n\nfatal: [localhost]: FAILED! => ",
        path.display()
    );
    assert!(told.out.contains(&expected), "{told:?}");
}

#[test]
fn own_messages_are_templates_and_runs_are_shown_again_in_any_view() {
    let bench = Bench::new();
    bench.file("p.yml", PLAY);
    bench.file(
        "ansible.cfg",
        "[defaults]\nstdout_callback = community.general.diy\n[callback_diy]\nrunner_on_ok_msg = {{ ansible_callback_diy.result.host.name }} did {{ ansible_callback_diy.task.name | upper }}\n",
    );
    let told = said(
        bench
            .command(&["play", "p.yml"])
            .env("ANSIBLE_CONFIG", "ansible.cfg"),
    );
    assert!(told.out.contains("localhost did COUNT\n"), "{told:?}");
    let again = bench.run(&["log", "last", "--output", "jsonl"]);
    let lines: Vec<&str> = again.out.lines().collect();
    assert_eq!(lines.len(), 6, "{again:?}");
    assert!(
        lines[5].contains("\"_event\":\"v2_playbook_on_stats\""),
        "{again:?}"
    );
    let again = bench.run(&["log", "last", "--output", "unixy"]);
    assert!(
        again.out.contains("  localhost done | stdout: one two\n"),
        "{again:?}"
    );
}
