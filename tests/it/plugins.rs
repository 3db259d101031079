//! Filters, tests and lookups of users.

use crate::program::{Bench, Said, root, said};
use std::os::unix::fs::PermissionsExt;

fn program(bench: &Bench, name: &str, text: &str) {
    let path = bench.file(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Answers each line with what `answer` prints.
fn script(answer: &str) -> String {
    format!("#!/bin/sh\nwhile IFS= read -r request; do\n{answer}\ndone\n")
}

fn play(bench: &Bench, expression: &str) -> Said {
    let task = format!(
        "- hosts: localhost\n  gather_facts: false\n  vars:\n    word: hello\n    text: \"{{{{ word }}}}\"\n  tasks:\n    - debug:\n        msg: \"{{{{ {expression} }}}}\"\n"
    );
    bench.file("p.yml", &task);
    bench.run(&["play", "p.yml"])
}

fn fails(bench: &Bench, expression: &str, parts: &[&str]) {
    let said = play(bench, expression);
    assert_eq!(said.code, 2, "{said:?}");
    for part in parts.iter().chain(&["p.yml:8"]) {
        assert!(
            said.err.contains(part) || said.out.contains(part),
            "{part}: {said:?}"
        );
    }
}

#[test]
fn the_example_runs() {
    let bench = Bench::new();
    let playbook = root().join("examples/plugins/site.yml");
    let said = bench.run(&["play", playbook.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    for part in [
        "\"msg\": \"linux-6.12.y linux-5.15.y\"",
        "\"msg\": \"https://example.org/mirrors/linux.git\"",
        "\"msg\": \"6.13-rc2 is not out yet\"",
        "\"item\": \"https://example.org/mirrors/next.git\"",
    ] {
        assert!(said.out.contains(part), "{part}: {said:?}");
    }
}

#[test]
fn a_program_gets_all_arguments_and_runs_once_for_many_uses() {
    let bench = Bench::new();
    program(
        &bench,
        "filter_plugins/tell.sh",
        "#!/bin/sh\necho start >> starts\nwhile IFS= read -r request; do printf '{\"result\": %s}\\n' \"$request\"; done\n",
    );
    let said = play(
        &bench,
        "(range(20) | map('tell') | last).value ~ (text | tell(1, [2], k='v') | to_json)",
    );
    assert_eq!(said.code, 0, "{said:?}");
    for part in ["19{", "hello", "[1, [2]]", "{\\\"k\\\": \\\"v\\\"}", "filter"] {
        assert!(said.out.contains(part), "{part}: {said:?}");
    }
    let starts = std::fs::read_to_string(bench.path().join("starts")).unwrap();
    assert_eq!(starts, "start\n");
}

#[test]
fn programs_that_answer_once_and_programs_that_read_to_the_end_serve_too() {
    let bench = Bench::new();
    program(
        &bench,
        "filter_plugins/once",
        "#!/bin/sh\nIFS= read -r request\necho '{\"result\": \"a\"}'\n",
    );
    program(
        &bench,
        "filter_plugins/whole",
        "#!/bin/sh\nlines=$(wc -l)\necho \"{\\\"result\\\": $lines}\"\n",
    );
    let said = play(
        &bench,
        "range(5) | map('once') | join('') ~ (1 | whole) ~ (2 | whole)",
    );
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("\"msg\": \"aaaaa11\""), "{said:?}");
}

#[test]
fn results_are_data_and_never_templates() {
    let bench = Bench::new();
    program(
        &bench,
        "filter_plugins/evil",
        &script("echo '{\"result\": \"{{ word }}\"}'"),
    );
    let said = play(&bench, "1 | evil");
    assert!(said.out.contains("\"msg\": \"{{ word }}\""), "{said:?}");
}

#[test]
fn roles_collections_and_settings_bring_plugins() {
    let bench = Bench::new();
    let answer = |word: &str| script(&format!("echo '{{\"result\": [\"{word}\"]}}'"));
    program(&bench, "roles/r/lookup_plugins/of_role", &answer("role"));
    bench.file(
        "roles/r/tasks/main.yml",
        "- debug: {msg: \"{{ lookup('of_role') }}\"}\n",
    );
    let inside = "collections/ansible_collections/a/b/plugins/lookup/deep/of_collection";
    program(&bench, inside, &answer("collection"));
    program(&bench, "elsewhere/of_setting", &answer("setting"));
    bench.file("ansible.cfg", "[defaults]\nlookup_plugins = elsewhere\n");
    bench.file(
        "p.yml",
        "- hosts: localhost\n  gather_facts: false\n  roles: [r]\n  tasks:\n    - debug: {var: item}\n      loop: \"{{ query('a.b.deep.of_collection') + query('of_setting') }}\"\n",
    );
    let said = bench.run(&["play", "p.yml"]);
    assert_eq!(said.code, 0, "{said:?}");
    for part in ["\"role\"", "\"collection\"", "\"setting\""] {
        assert!(said.out.contains(part), "{part}: {said:?}");
    }
}

#[test]
fn what_goes_wrong_is_told_with_file_and_place() {
    let bench = Bench::new();
    program(
        &bench,
        "filter_plugins/refuses",
        &script("echo '{\"error\": \"not today\"}'"),
    );
    fails(&bench, "1 | refuses", &["not today", "filter_plugins/refuses"]);
    program(
        &bench,
        "filter_plugins/crashes",
        "#!/bin/sh\necho 'no luck' >&2\nexit 3\n",
    );
    fails(
        &bench,
        "1 | crashes",
        &[
            "ended without an answer",
            "exit status: 3",
            "no luck",
            "filter_plugins/crashes",
        ],
    );
    program(&bench, "filter_plugins/babbles", &script("echo hello there"));
    fails(
        &bench,
        "1 | babbles",
        &[
            "does not answer with JSON in one line",
            "`hello there`",
            "filter_plugins/babbles",
        ],
    );
    program(&bench, "filter_plugins/lists", &script("echo '[1]'"));
    fails(
        &bench,
        "1 | lists",
        &["not answer with a JSON object but with list"],
    );
    program(&bench, "filter_plugins/empty", &script("echo '{}'"));
    fails(&bench, "1 | empty", &["neither `result` nor `error`"]);
    program(&bench, "test_plugins/vague", &script("echo '{\"result\": 1}'"));
    fails(
        &bench,
        "1 is vague",
        &["true or false, not int", "test_plugins/vague"],
    );
    program(
        &bench,
        "lookup_plugins/insists",
        &script("echo '{\"need\": [\"word\"]}'"),
    );
    fails(
        &bench,
        "lookup('insists')",
        &["asks for variables more than 8 times"],
    );
    program(
        &bench,
        "filter_plugins/floods",
        &script("head -c 17000000 /dev/zero"),
    );
    fails(
        &bench,
        "1 | floods",
        &["more than 16 MiB", "filter_plugins/floods"],
    );
    bench.file("filter_plugins/lame", "#!/bin/sh\n");
    fails(
        &bench,
        "1 | lame",
        &["may not be executed", "filter_plugins/lame"],
    );
}

#[test]
fn a_program_that_does_not_answer_is_given_up() {
    let bench = Bench::new();
    program(&bench, "filter_plugins/sleeps", "#!/bin/sh\nexec sleep 1000\n");
    play(&bench, "1");
    bench.file(
        "p.yml",
        "- hosts: localhost\n  gather_facts: false\n  tasks: [{debug: {msg: \"{{ 1 | sleeps }}\"}}]\n",
    );
    let mut command = bench.command(&["play", "p.yml"]);
    let said = said(command.env("KDO_PLUGIN_TIMEOUT", "0.2"));
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("has not answered within 0.2 s"), "{said:?}");
}

#[test]
fn lookups_keep_their_own_ways_with_errors() {
    let bench = Bench::new();
    program(
        &bench,
        "lookup_plugins/refuses",
        &script("echo '{\"error\": \"not today\"}'"),
    );
    let said = play(
        &bench,
        "query('refuses', errors='ignore') ~ lookup('refuses', errors='warn', wantlist=true)",
    );
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("\"msg\": \"[][]\""), "{said:?}");
    assert!(said.err.contains("not today"), "{said:?}");
}

const PYTHON: &str =
    "class FilterModule:\n    def filters(self):\n        return {'shout': lambda v: v.upper()}\n";

#[test]
fn python_plugins_are_named_where_they_are_used() {
    let bench = Bench::new();
    bench.file("filter_plugins/mine.py", PYTHON);
    bench.file(
        "test_plugins/mine.py",
        "class TestModule:\n    def tests(self):\n        return dict(loud=lambda v: True)\n",
    );
    bench.file("lookup_plugins/seek.py", "class LookupModule: pass\n");
    fails(
        &bench,
        "'a' | shout",
        &[
            "the filter 'shout' is written in Python",
            "filter_plugins/mine.py",
            "docs/plugins.md",
        ],
    );
    fails(
        &bench,
        "'a' is loud",
        &["the test 'loud' is written in Python", "test_plugins/mine.py"],
    );
    fails(
        &bench,
        "lookup('seek', 1)",
        &["the lookup 'seek' is written in Python", "lookup_plugins/seek.py"],
    );
    // What is not reached or not used is not mentioned.
    let said = play(&bench, "'b' if true else ('a' | shout)");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.err.contains("Python"), "{said:?}");
}

#[test]
fn python_modules_are_told_before_a_host_is_touched() {
    let bench = Bench::new();
    let module = "#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n";
    bench.file("library/frob.py", module);
    bench.file("library/unused.py", module);
    bench.file("vars_plugins/more.py", "");
    bench.file(
        "p.yml",
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - debug: {msg: first}\n    - frob: {a: 1}\n      when: reach | default(false)\n",
    );
    let said = bench.run(&["play", "p.yml"]);
    assert_eq!(said.code, 0, "{said:?}");
    for part in [
        "the module `frob` is written in Python",
        "library/frob.py",
        "a task that reaches it fails",
        "p.yml:5",
        "vars_plugins/more.py` gives variables by Python",
    ] {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
    assert!(!said.err.contains("unused"), "{said:?}");
    let said = bench.run(&["play", "p.yml", "-e", "reach=true"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.out
            .contains("the module `frob` is written in Python over Ansible's own"),
        "{said:?}"
    );
}

/// A module as roles bring it.
const PYTHON_MODULE: &str = "#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n";

#[test]
fn python_modules_that_are_surely_reached_end_the_run_before_it_begins() {
    let bench = Bench::new();
    bench.file("library/near.py", PYTHON_MODULE);
    bench.file("roles/web/library/frob.py", PYTHON_MODULE);
    bench.file(
        "collections/ansible_collections/my/own/plugins/modules/ini_file.py",
        PYTHON_MODULE,
    );
    bench.file("roles/web/tasks/main.yml", "- frob: {a: 1}\n");
    bench.file("roles/deep/library/frob.py", PYTHON_MODULE);
    bench.file("roles/deep/tasks/main.yml", "- include_tasks: more.yml\n");
    bench.file(
        "roles/deep/tasks/more.yml",
        "- block:\n    - frob:\n    - include_tasks: more.yml\n",
    );
    for (tasks, parts) in [
        (
            "roles: [web]",
            &[
                "the module `frob` of the role `web`",
                "roles/web/library/frob.py",
                "web/tasks/main.yml:1",
            ] as &[_],
        ),
        ("roles: [deep]", &["of the role `deep`", "deep/tasks/more.yml:2"]),
        (
            "tasks: [near: {a: 1}]",
            &["the module `near` is written", "library/near.py"],
        ),
        (
            "tasks: [my.own.ini_file: {a: 1}]",
            &[
                "the module `my.own.ini_file` of the collection `my.own`",
                "modules/ini_file.py",
                "kdo has `community.general.ini_file` of its own",
            ],
        ),
    ] {
        let play = format!("- hosts: localhost\n  gather_facts: false\n  {tasks}\n");
        bench.file("p.yml", &play);
        let said = bench.run(&["play", "p.yml"]);
        assert_eq!(said.code, 4, "{tasks}: {said:?}");
        assert!(!said.out.contains("PLAY"), "{tasks}: {said:?}");
        for part in parts {
            assert!(said.err.contains(part), "{tasks}: {part}: {said:?}");
        }
        // Where it may not be reached, it is a warning.
        let play = play.replace("  gather_facts", "  vars: {never: false}\n  gather_facts");
        let play = play
            .replace("{a: 1}]", "{a: 1}, when: never}]")
            .replace("tasks: [", "tasks: [{")
            .replace("[web]", "[{role: web, when: never}]")
            .replace("[deep]", "[{role: deep, when: never}]");
        bench.file("p.yml", &play);
        let said = bench.run(&["play", "p.yml"]);
        assert_eq!(said.code, 0, "{play}: {said:?}");
        for part in parts {
            assert!(said.err.contains(part), "{tasks}: {part}: {said:?}");
        }
    }
}

#[test]
fn a_native_module_takes_the_place_of_a_role_s_in_python() {
    let bench = Bench::new();
    bench.file("roles/sshd/library/sr_fingerprint.py", PYTHON_MODULE);
    bench.file(
        "roles/sshd/tasks/main.yml",
        "- sr_fingerprint: {sr_message: 'system_role:sshd'}\n  register: old\n- sr_fingerprint:\n    status: begin\n    \
         role_name: sshd\n    role_path: '{{ role_path }}'\n    ansible_play_hosts_all: '{{ ansible_play_hosts_all }}'\n  \
         register: new\n- debug: {msg: \"{{ old.changed }} {{ new.fingerprint.play_hosts_number }}\"}\n",
    );
    bench.file(
        "p.yml",
        "- hosts: localhost\n  gather_facts: false\n  roles: [sshd]\n",
    );
    let said = bench.run(&["play", "p.yml"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("False 1") && !said.err.contains("Python"),
        "{said:?}"
    );
}

#[test]
fn python_strategies_and_connections_are_named() {
    let bench = Bench::new();
    bench.file("strategy_plugins/mine.py", "");
    bench.file("connection_plugins/ours.py", "");
    bench.file("p.yml", "- hosts: localhost\n  strategy: mine\n  tasks: []\n");
    let said = bench.run(&["play", "p.yml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("strategy_plugins/mine.py"), "{said:?}");
    bench.file(
        "q.yml",
        "- hosts: localhost\n  gather_facts: false\n  connection: ours\n  tasks: [ping: ]\n",
    );
    let said = bench.run(&["play", "q.yml", "-i", "localhost,"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert!(said.out.contains("connection_plugins/ours.py"), "{said:?}");
}
