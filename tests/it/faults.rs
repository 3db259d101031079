//! Bad input and broken hosts: a clear word, Ansible's exit code, the other hosts go on, nothing is left over.

use crate::program::Bench;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A play of all hosts without facts.
fn play(tasks: &str) -> String {
    format!("- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
}

#[test]
fn what_is_missing_or_goes_in_circles_is_told_with_its_place() {
    let bench = Bench::new();
    bench.file("a/tasks/main.yml", "");
    bench.file("roles/one/meta/main.yml", "dependencies: [two]\n");
    bench.file("roles/two/meta/main.yml", "dependencies: [one]\n");
    bench.file("roles/self/tasks/main.yml", "- import_role: {name: self}\n");
    bench.file("again.yml", "- import_tasks: again.yml\n");
    let cases = [
        (
            "- hosts: all\n  roles: [gone]\n",
            1,
            "the role 'gone' was not found",
            "p.yml:2:11",
        ),
        (
            "- hosts: all\n  roles: [one]\n",
            1,
            "role `one` depends on itself: one (",
            "two/meta/main.yml:1:16",
        ),
        (
            "- hosts: all\n  roles: [self]\n",
            1,
            "role `self` depends on itself",
            "self/tasks/main.yml:1:23",
        ),
        (
            "- import_playbook: gone.yml\n",
            1,
            "`gone.yml` does not exist",
            "p.yml:1:20",
        ),
        (
            "- import_playbook: p.yml\n",
            1,
            "playbooks import each other without end",
            "p.yml:1:20",
        ),
        (
            &play("    - import_tasks: gone.yml\n"),
            1,
            "'gone.yml' to import was not found",
            "p.yml:4:21",
        ),
        (
            &play("    - import_tasks: again.yml\n"),
            1,
            "task files import each other",
            "again.yml:1:17",
        ),
        (
            &play("    - {debug: {msg: 1}, wehn: true}\n"),
            4,
            "did you mean `when`?",
            "p.yml:4:",
        ),
        (&play("    - coppy: {}\n"), 4, "did you mean `copy`?", "p.yml:4:7"),
        (
            &play("    - copy: {src: a, dset: b}\n"),
            4,
            "did you mean `dest`?",
            "p.yml:4:22",
        ),
        (
            "- hosts: all\n\ttasks: []\n",
            4,
            "a tab cannot indent YAML",
            "p.yml:2:1",
        ),
        ("- hosts: [all\n", 4, "invalid YAML", "p.yml:2:1"),
        ("hosts: all\n", 4, "must be a list of plays", "p.yml:1:1"),
    ];
    for (text, code, words, place) in cases {
        bench.file("p.yml", text);
        let said = bench.run(&["play", "-i", "h,", "-c", "local", "p.yml"]);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{text}: {said:?}");
        assert!(
            said.err.contains(words) && said.err.contains(place),
            "{text}: {said:?}"
        );
        assert!(said.err.len() < 2000, "{text}: {said:?}");
    }
}

#[test]
fn a_failing_task_says_why_and_leaves_the_rest_as_it_was() {
    let bench = Bench::new();
    bench.file("again.yml", "- include_tasks: again.yml\n");
    bench.file("round.j2", "{% include 'round.j2' %}");
    std::fs::write(bench.path().join("latin.j2"), b"caf\xe9").unwrap();
    let cases = [
        ("include_tasks: gone.yml", "Could not find or access"),
        (
            "include_tasks: again.yml",
            "task files include each other without end",
        ),
        ("include_role: {name: gone}", "the role 'gone' was not found"),
        (
            "template: {src: gone.j2, dest: d}",
            "Could not find or access 'gone.j2'",
        ),
        (
            "template: {src: round.j2, dest: d}",
            "Recursive loop detected in template",
        ),
        (
            "template: {src: latin.j2, dest: d}",
            "byte 0xe9 at line 1 is not UTF-8",
        ),
        (
            "debug: {msg: \"{{ 1 | deafult(2) }}\"}",
            "Did you mean 'default'?",
        ),
        ("debug: {msg: \"{{ v }}\"}", "Recursive loop detected in template"),
        ("debug: {msg: \"{{ nothing.x }}\"}", "'nothing' is undefined"),
    ];
    for (task, words) in cases {
        bench.file(
            "p.yml",
            &play(&format!("    - {task}\n    - debug: {{msg: after}}\n")),
        );
        let said = bench.run(&[
            "play",
            "-i",
            "h,",
            "-c",
            "local",
            "-e",
            "{v: 1}",
            "-e",
            "v='{{ v }}'",
            "p.yml",
        ]);
        assert_eq!(said.code, 2, "{task}: {said:?}");
        assert!(
            said.out.contains(words) && !said.out.contains("after"),
            "{task}: {said:?}"
        );
        assert!(!bench.path().join("d").exists(), "{task}");
    }
}

#[test]
fn a_broken_inventory_is_named_and_the_others_are_used() {
    let bench = Bench::new();
    bench.file("p.yml", &play("    - debug: {msg: fine}\n"));
    bench.file("good", "h ansible_connection=local\n");
    for (text, words) in [
        ("[web\nh1\n", "has no closing bracket"),
        ("[web:children]\nnope\n", "declared nowhere"),
        ("[web:bogus]\nh\n", "unknown kind: bogus"),
        ("h1 a=\"x\n", "a quote is not closed"),
        (
            "[a:children]\nb\n[b:children]\na\n",
            "cannot both be in each other",
        ),
    ] {
        bench.file("bad", text);
        let said = bench.run(&["play", "-i", "bad", "-i", "good", "p.yml"]);
        assert_eq!(said.code, 0, "{text}: {said:?}");
        assert!(
            said.err.contains(words) && said.err.contains("bad:"),
            "{text}: {said:?}"
        );
        assert!(said.out.contains("ok: [h]"), "{text}: {said:?}");
    }
}

#[test]
fn output_that_is_not_utf_8_and_files_of_any_bytes_pass() {
    let bench = Bench::new();
    std::fs::write(bench.path().join("from"), b"caf\xe9\n").unwrap();
    bench.file(
        "p.yml",
        &play("    - command: printf 'a\\377b'\n      register: r\n    - debug: {var: r.stdout}\n    - copy: {src: from, dest: \"{{ playbook_dir }}/to\"}\n"),
    );
    let said = bench.run(&["play", "-i", "h,", "-c", "local", "p.yml"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(std::fs::read(bench.path().join("to")).unwrap(), b"caf\xe9\n");
}

/// A run whose first task waits for a reader of `fifo`, and that reader's line: the task runs now.
fn waiting_run(bench: &Bench) -> Child {
    let fifo = bench.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    bench.file(
        "p.yml",
        &play(
            "    - shell: echo running > fifo; read x < fifo; echo done > ended\n    - debug: {msg: after}\n",
        ),
    );
    let child = bench
        .command(&["play", "-i", "h,", "-c", "local", "p.yml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(std::fs::read_to_string(&fifo).unwrap(), "running\n");
    child
}

/// Presses Ctrl-C and waits until that was heard.
fn interrupt(child: &mut Child, heard: &mut impl BufRead) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut line = String::new();
    while !line.contains("nterrupted") {
        line.clear();
        assert!(heard.read_line(&mut line).unwrap() > 0, "nothing was said");
    }
}

#[test]
fn one_interrupt_waits_for_running_tasks_and_a_second_one_cancels_them() {
    for presses in [1, 2] {
        let bench = Bench::new();
        let mut child = waiting_run(&bench);
        let out = child.stdout.take().unwrap();
        let mut heard: Box<dyn BufRead> = Box::new(BufReader::new(child.stderr.take().unwrap()));
        for _ in 0..presses {
            interrupt(&mut child, &mut heard);
        }
        if presses == 1 {
            std::fs::write(bench.path().join("fifo"), "go on\n").unwrap();
        }
        let out = std::io::read_to_string(out).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(99), "{out}");
        assert!(!out.contains("after"), "{out}");
        let ended = bench.path().join("ended").exists();
        assert_eq!(
            (out.contains("changed: [h]"), ended),
            (presses == 1, presses == 1),
            "{out}"
        );
    }
}

#[test]
fn a_module_that_kdo_lacks_stops_only_the_task_that_reaches_it() {
    let bench = Bench::new();
    bench.file(
        "p.yml",
        &play("    - community.libvirt.virt: {name: x}\n      when: false\n"),
    );
    let said = bench.run(&["play", "-i", "localhost,", "-c", "local", "p.yml"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err.contains("kdo has no module community.libvirt.virt"),
        "{said:?}"
    );
    bench.file("p.yml", &play("    - community.libvirt.virt: {name: x}\n"));
    let said = bench.run(&["play", "-i", "localhost,", "-c", "local", "p.yml"]);
    assert_eq!(said.code, 2, "{said:?}");
    bench.file("p.yml", &play("    - community.general.modprob: {name: x}\n"));
    let said = bench.run(&["play", "-i", "localhost,", "-c", "local", "p.yml"]);
    assert_eq!(
        said.code, 4,
        "a slip is told before any host is touched: {said:?}"
    );
    assert!(said.err.contains("modprob"), "{said:?}");
}
