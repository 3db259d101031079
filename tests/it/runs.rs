//! Runs on this machine, without SSH.

use crate::program::{Bench, said};

const ROLE: &str = "- name: Tell
  debug:
    msg: \"{{ word }} {{ ansible_facts.system }}\"
";

#[test]
fn a_role_is_played_by_its_name_with_facts() {
    let bench = Bench::new();
    bench.file("roles/teller/tasks/main.yml", ROLE);
    let args = ["play", "teller", "-i", "here,", "-c", "local", "-e", "word=hello"];
    let said = bench.run(&args);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("TASK [teller : Tell]") && said.out.contains("\"msg\": \"hello Linux\""),
        "{said:?}"
    );
    let said = bench.run(&["play", "teller", "-l", "localhost", "-e", "{word: 1}"]);
    assert!(
        said.out.contains("\"msg\": \"1 Linux\"") && said.out.contains("localhost "),
        "{said:?}"
    );
}

#[test]
fn playbooks_are_found_by_name_and_several_run_in_order() {
    let bench = Bench::new();
    let play = |text: &str| {
        format!("- hosts: localhost\n  gather_facts: false\n  tasks:\n    - debug: {{msg: {text}}}\n")
    };
    bench.file("one.yml", &play("first"));
    bench.file("playbooks/two.yml", &play("second"));
    let said = bench.run(&["play", "one", "two"]);
    assert_eq!(said.code, 0, "{said:?}");
    let (a, b) = (said.out.find("first").unwrap(), said.out.find("second").unwrap());
    assert!(a < b);
}

#[test]
fn the_configuration_is_followed() {
    let bench = Bench::new();
    bench.file(
        "conf/ansible.cfg",
        "[defaults]\ninventory = hosts\nroles_path = ../shared\n[tags]\nrun = a\n",
    );
    bench.file("conf/hosts", "h ansible_connection=local\n");
    bench.file(
        "shared/r/tasks/main.yml",
        "- {debug: {msg: one}, tags: a}\n- {debug: {msg: two}, tags: b}\n",
    );
    let said = said(
        bench
            .command(&["play", "r"])
            .env("ANSIBLE_CONFIG", "conf/ansible.cfg"),
    );
    assert!(
        said.out.contains("\"msg\": \"one\"") && !said.out.contains("\"msg\": \"two\""),
        "{said:?}"
    );
}

#[test]
fn a_module_runs_from_the_command_line() {
    let bench = Bench::new();
    bench.file("from", "text\n");
    let said = bench.run(&[
        "run",
        "localhost",
        "-m",
        "copy",
        "-a",
        "src=from dest=to mode=0600",
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.starts_with("localhost | CHANGED => {"), "{said:?}");
    assert_eq!(
        std::fs::read_to_string(bench.path().join("to")).unwrap(),
        "text\n"
    );
    let said = bench.run(&["run", "localhost", "-a", "echo it's \"quoted: well\""]);
    assert_eq!(said.code, 2, "an open quote is an error: {said:?}");
    let said = bench.run(&[
        "run",
        "localhost",
        "-m",
        "shell",
        "-a",
        "echo \"a: b\" '{'; exit 3",
    ]);
    // As under Ansible the error with its place comes first.
    assert!(
        said.out
            .starts_with("[ERROR]: Task failed: Module failed: non-zero return code\n"),
        "{said:?}"
    );
    assert!(
        said.out
            .ends_with("localhost | FAILED | rc=3 >>\na: b {non-zero return code\n"),
        "{said:?}"
    );
    assert_eq!(said.code, 2);
    let said = bench.run(&["run", "localhost", "-o", "-m", "ping"]);
    assert_eq!(
        said.out,
        "localhost | SUCCESS => {\"changed\": false,\"ping\": \"pong\"}\n"
    );
}

#[test]
fn the_hosts_results_go_to_a_folder() {
    let bench = Bench::new();
    let said = bench.run(&[
        "run", "-i", "a,b", "all", "-c", "local", "-m", "ping", "-t", "tree",
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    for host in ["a", "b"] {
        let text = std::fs::read_to_string(bench.path().join("tree").join(host)).unwrap();
        assert!(text.contains("pong"), "{text}");
    }
}

#[test]
fn runs_are_recorded_and_shown_again() {
    let bench = Bench::new();
    assert!(bench.run(&["log"]).err.contains("no runs"));
    bench.file(
        "p.yml",
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - debug: {msg: remembered}\n",
    );
    let first = bench.run(&["play", "p.yml"]);
    assert_eq!(bench.run(&["play", "--list-tasks", "p.yml"]).code, 0);
    let list = bench.run(&["log"]);
    assert_eq!(list.out.lines().count(), 2, "{list:?}");
    assert!(list.out.contains("play p.yml"), "{list:?}");
    let again = bench.run(&["log", "last"]);
    assert_eq!(again.out, first.out);
    assert_eq!(bench.run(&["log", "nothing"]).code, 1);
}

#[test]
fn the_graph_tells_steps_and_reasons() {
    let bench = Bench::new();
    bench.file(
        "p.yml",
        "- hosts: all\n  tasks:\n    - name: Try\n      block: [{name: One, command: a}]\n      rescue: [{name: Two, command: b}]\n",
    );
    for (format, words) in [
        ("text", "play: all"),
        ("dot", "digraph \"all\""),
        ("mermaid", "flowchart TD"),
    ] {
        let said = bench.run(&["graph", "-i", "h,", "--format", format, "p.yml"]);
        assert_eq!(said.code, 0, "{said:?}");
        for word in [words, "One", "Two", "rescue of block", "failure: "] {
            assert!(said.out.contains(word), "{format}: {word}: {said:?}");
        }
    }
}

#[test]
fn secrets_from_vault_files_work_and_a_password_file_is_enough() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    bench.file("v.yml", "inner: \"{{ 40 + 2 }}\"\n");
    assert_eq!(
        bench
            .run(&["vault", "encrypt", "--vault-password-file", "pw", "v.yml"])
            .code,
        0
    );
    bench.file(
        "p.yml",
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - assert: {that: inner == 42}\n",
    );
    let said = said(
        bench
            .command(&["play", "-e", "@v.yml", "p.yml"])
            .env("ANSIBLE_VAULT_PASSWORD_FILE", "pw"),
    );
    assert_eq!(said.code, 0, "{said:?}");
}
