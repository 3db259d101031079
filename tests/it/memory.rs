//! Memory stays bounded whatever programs print.

use crate::program::said;
use std::{fs, process::Command};

/// Agent and controller look at their own peaks: the agent is the parent of what it starts, and lookups run in the
/// controller.
const PLAY: &str = r#"
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: 600 MB of lines
      ansible.builtin.shell: yes 'a line of a log that is rather long, as kernels write them' | head -c 600000000
      register: printed
    - name: The agent's peak
      ansible.builtin.shell: grep VmHWM "/proc/$PPID/status"
      register: agent
    - name: Both are small, and beginning and end of the text are there
      ansible.builtin.assert:
        that:
          - agent.stdout.split()[1] | int < 150000
          - controller.split()[1] | int < 150000
          - printed.stdout is match('a line of a log')
          - "'bytes left out' in printed.stdout"
      vars:
        controller: "{{ lookup('file', '/proc/self/status') | regex_search('VmHWM:.*') }}"
"#;

#[test]
fn a_program_that_prints_without_end_keeps_agent_and_controller_small() {
    let scratch = tempfile::tempdir().unwrap();
    let play = scratch.path().join("play.yml");
    fs::write(&play, PLAY).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
    command
        .args(["play", "-i", "localhost,"])
        .arg(&play)
        .env("HOME", scratch.path());
    let said = said(&mut command);
    assert_eq!(said.code, 0, "{}", said.err);
}
