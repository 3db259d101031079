//! The task debugger, with its commands on standard input.

use crate::program::{Bench, said_with_input};
use std::process::Command;

const PLAY: &str = "- hosts: localhost
  gather_facts: false
  vars: {x: 1, wrong: \"{{ nope }}\"}
  tasks:
    - name: Message
      debug: {msg: \"{{ wrong }}\"}
      debugger: on_failed
    - name: Claim
      assert: {that: [x == 2]}
      debugger: on_failed
    - debug: {var: x}
";

/// In a session of its own, so that there is no terminal to ask on.
fn in_session(bench: &Bench, input: &str) -> crate::program::Said {
    let plain = bench.command(&["play", "play.yml"]);
    let mut command = Command::new("setsid");
    command
        .args(["-w"])
        .arg(plain.get_program())
        .args(plain.get_args());
    command.current_dir(bench.path()).env_clear();
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    said_with_input(&mut command, input)
}

#[test]
fn a_failed_task_is_shown_changed_and_done_again() {
    let bench = Bench::new();
    bench.file("play.yml", PLAY);
    let said = in_session(
        &bench,
        "p task.args\np host\nbogus\ntask.args['msg'] = 'now ' ~ x\nr\ntask_vars['x'] = 2\nr\n",
    );
    assert_eq!(said.code, 0, "{said:?}");
    let wanted = [
        "{'msg': '{{ wrong }}'}\n",
        "localhost\n",
        "***SyntaxError",
        "\"msg\": \"now 1\"",
        "All assertions passed",
        // What was changed counts for that task only.
        "\"x\": 1",
        "failed=0",
    ];
    let mut rest = said.out.as_str();
    for text in wanted {
        let at = rest
            .find(text)
            .unwrap_or_else(|| panic!("{text} in order: {said:?}"));
        rest = &rest[at + text.len()..];
    }
    assert!(
        said.err.contains("[localhost] TASK: Message (debug)> "),
        "{said:?}"
    );
}

#[test]
fn the_end_of_input_ends_the_run_and_continue_takes_the_failure() {
    let bench = Bench::new();
    bench.file("play.yml", PLAY);
    let said = in_session(&bench, "");
    assert_eq!(said.code, 99, "{said:?}");
    assert!(said.out.contains("User interrupted execution"), "{said:?}");
    let said = in_session(&bench, "c\n");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("failed=1"), "{said:?}");
}
