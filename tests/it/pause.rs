//! `pause` before a user at a terminal.

use crate::{
    program::{Bench, Said, said},
    terminal::Terminal,
};
use std::{io::Write, path::Path};

const PLAY: &str = "- hosts: localhost
  gather_facts: false
  tasks:
    - name: wait
      pause: ARGS
      register: paused
    - debug:
        msg: typed <{{ paused.user_input }}> in {{ paused.delta }}
";

/// What a play that pauses shows to a user who types that as soon as it asks so.
fn at_a_terminal(args: &str, answers: &[(&str, &str)]) -> String {
    let bench = Bench::new();
    bench.file("play.yml", &PLAY.replace("ARGS", args));
    let terminal = Terminal::new();
    let kdo = env!("CARGO_BIN_EXE_kdo");
    let mut command = bench.other(
        Path::new("setsid"),
        &[
            "--ctty",
            "--wait",
            "timeout",
            "--foreground",
            "60",
            kdo,
            "play",
            "play.yml",
        ],
    );
    command
        .env("ANSIBLE_NOCOLOR", "1")
        .stdin(terminal.end())
        .stdout(terminal.end())
        .stderr(terminal.end());
    let mut child = command.spawn().unwrap();
    drop(command);
    let (mut answers, mut read) = (answers.iter(), 0);
    let mut next = answers.next();
    let shown = terminal.watch(|shown, user| {
        if let Some((asked, typed)) = next
            && let Some(at) = shown[read..].find(asked)
        {
            read += at + asked.len();
            user.write_all(typed.as_bytes()).unwrap();
            next = answers.next();
        }
    });
    child.wait().unwrap();
    assert!(next.is_none(), "{next:?} was not asked: {shown}");
    shown
}

const INTERRUPTED: &str = "Press 'C' to continue the play or 'A' to abort";

#[test]
fn what_is_typed_is_taken_and_can_be_edited() {
    let shown = at_a_terminal(
        "{prompt: Some text}",
        &[("[wait]\r\nSome text:", "h\u{fc}llo\x7f\x7f\x7fi\r")],
    );
    assert!(shown.contains("typed <h\u{fc}i> in"), "{shown}");
    let shown = at_a_terminal(
        "{prompt: Word, echo: false}",
        &[("[wait]\r\nWord (output is hidden):", "hidden\r")],
    );
    assert!(
        shown.contains("typed <hidden> in") && shown.matches("hidden").count() == 2,
        "{shown}"
    );
}

#[test]
fn an_interrupted_pause_ends_early_or_ends_the_play() {
    for (args, asked) in [
        ("", "Press enter to continue, Ctrl+C to interrupt:"),
        (
            "{minutes: 10}",
            "Pausing for 600 seconds\r\n(ctrl+C then 'C' = continue early, ctrl+C then 'A' = abort)\r\n",
        ),
    ] {
        let shown = at_a_terminal(args, &[(asked, "\x03"), (INTERRUPTED, "C")]);
        assert!(shown.contains("typed <> in"), "{shown}");
        let shown = at_a_terminal(args, &[(asked, "\x03"), (INTERRUPTED, "A")]);
        assert!(
            shown.contains("user requested abort!") && !shown.contains("typed <"),
            "{shown}"
        );
    }
}

#[test]
fn a_pause_with_a_time_ends_by_itself_and_takes_no_input() {
    let shown = at_a_terminal("{seconds: 1, prompt: Wait}", &[("[wait]\r\nWait:", "typed\r")]);
    assert!(shown.contains("typed <> in 1"), "{shown}");
}

#[test]
fn without_a_terminal_nobody_is_waited_for() {
    let bench = Bench::new();
    bench.file("play.yml", &PLAY.replace("ARGS", "{seconds: 1.9, echo: 'no'}"));
    let Said { code, out, .. } = bench.run(&["play", "play.yml"]);
    assert!(
        code == 0 && out.contains("\nPausing for 1 seconds (output is hidden)\n"),
        "{out}"
    );
    assert!(out.contains("typed <> in 1"), "{out}");
    bench.file("play.yml", &PLAY.replace("ARGS", "{prompt: Word}"));
    let said = said(&mut bench.command(&["play", "play.yml"]));
    assert!(
        said.code == 0
            && said
                .err
                .contains("Not waiting for response to prompt as stdin is not interactive"),
        "{said:?}"
    );
}
