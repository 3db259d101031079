//! The tools beside `play`, against what Ansible's own printed.

use crate::program::{Bench, said, said_with_input};
use std::{os::unix::fs::PermissionsExt, process::Command};

fn recorded(name: &str) -> String {
    let path = format!("{}/tests/it/recorded/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn texts_are_sealed_byte_for_byte_as_ansible_vault_does_it() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    let seal = |args: &[&str]| {
        let mut command = bench.named(
            "ansible-vault",
            &[&["encrypt_string", "--vault-id", "dev@pw"], args].concat(),
        );
        command.env("ANSIBLE_VAULT_ENCRYPT_SALT", "abc");
        command
    };
    let said_of = said(&mut seal(&["--name", "a", "--name", "b", "one", "two", "three"]));
    assert_eq!((said_of.code, said_of.out), (0, recorded("encrypt_string.out")));
    assert_eq!(said_of.err, recorded("encrypt_string.err"));
    let said_of = said_with_input(&mut seal(&["--stdin-name", "s", "--name", "q", "w"]), "zz\n");
    assert_eq!(said_of.out, recorded("encrypt_string_stdin.out"));
}

#[test]
fn the_words_of_vault_errors_are_ansibles() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    bench.file("f", "x\n");
    let vault = |args: &[&str]| said(&mut bench.named("ansible-vault", args));
    let wrong = vault(&["encrypt", "--vault-id", "a@pw", "--encrypt-vault-id", "zz", "f"]);
    assert_eq!(
        (wrong.code, wrong.err.as_str()),
        (
            1,
            "[ERROR]: Did not find a match for --encrypt-vault-id=zz in the known vault-ids ['a']\n"
        )
    );
    let many = vault(&["encrypt", "--vault-id", "a@pw", "--vault-id", "b@pw", "f"]);
    assert_eq!(many.code, 5);
    assert!(
        many.err.contains("The vault-ids a,b are available to encrypt."),
        "{many:?}"
    );
    let lost = vault(&["encrypt", "--vault-id", "a@none", "f"]);
    assert_eq!(lost.code, 1);
    assert!(
        lost.err
            .starts_with("[WARNING]: Error getting vault password file (a): "),
        "{lost:?}"
    );
    // One that is there is enough.
    let one = vault(&["encrypt", "--vault-id", "a@none", "--vault-id", "b@pw", "f"]);
    assert_eq!(one.code, 0, "{one:?}");
    assert!(vault(&["view", "--vault-id", "a@pw", "f"]).out == "x\n");
    let mut strict = bench.named("ansible-vault", &["view", "--vault-id", "a@pw", "f"]);
    let strict = said(strict.env("ANSIBLE_VAULT_ID_MATCH", "1"));
    assert_eq!(strict.code, 1, "{strict:?}");
    let plain = vault(&["view", "--vault-id", "a@pw", "pw"]);
    assert_eq!(plain.err, "[ERROR]: Input is not vault encrypted data. for pw\n");
}

#[test]
fn an_editor_with_arguments_keeps_label_and_permissions() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    let script = bench.file(
        "ed.sh",
        "#!/bin/sh\n[ \"$1\" = -x ] || exit 3\necho more >> \"$2\"\n",
    );
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let file = bench.file("f", "x\n");
    assert_eq!(
        bench.run(&["vault", "encrypt", "--vault-id", "dev@pw", "f"]).code,
        0
    );
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let edit = |editor: &str| {
        let mut command = bench.command(&["vault", "edit", "--vault-id", "pw", "f"]);
        said(command.env("EDITOR", editor))
    };
    let path = script.display();
    assert_eq!(edit(&format!("{path} -x")).code, 0);
    let text = || std::fs::read_to_string(&file).unwrap();
    assert!(text().starts_with("$ANSIBLE_VAULT;1.2;AES256;dev\n"));
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(
        bench.run(&["vault", "view", "--vault-id", "pw", "f"]).out,
        "x\nmore\n"
    );
    let before = text();
    let failed = edit(&format!("{path} -y"));
    assert!(
        failed.code == 1 && failed.err.contains("nothing was changed"),
        "{failed:?}"
    );
    assert_eq!(text(), before);
}

#[test]
fn settings_are_dumped_as_ansible_config_does_it() {
    let bench = Bench::new();
    let text = "[defaults]\nforks = 7\nroles_path = r1:r2\ninventory = hosts\n[ssh_connection]\nretries = 2\n[galaxy]\n\
                server_list = a\n[galaxy_server.a]\nurl = https://a.example/\n";
    let dump = |args: &[&str]| {
        let mut command = bench.named("ansible-config", &[&["dump"], args].concat());
        let told = said(command.env("ANSIBLE_TIMEOUT", "3"));
        assert_eq!(told.code, 0, "{told:?}");
        let folder = std::fs::canonicalize(bench.path()).unwrap();
        let plain = bench.path().display().to_string();
        told.out
            .replace(&folder.display().to_string(), "@DIR@")
            .replace(&plain, "@DIR@")
    };
    bench.file("ansible.cfg", text);
    // Connections in Python that kdo does not have are left out.
    let without = |text: &str| {
        let paramiko = regex::Regex::new(r"(?m)^paramiko_ssh.*:\n_+\n(.+\n)+\n").unwrap();
        paramiko.replace_all(text, "").into_owned()
    };
    let changed = dump(&["--only-changed", "-t", "all"]);
    assert_eq!(without(&changed), without(&recorded("config_dump_changed.out")));
    std::fs::remove_file(bench.path().join("ansible.cfg")).unwrap();
    let mut all = bench.named("ansible-config", &["dump"]);
    let all = said(&mut all)
        .out
        .replace(&bench.path().display().to_string(), "@DIR@");
    assert_eq!(all, recorded("config_dump.out"));
}

#[test]
fn unknown_settings_are_found() {
    let bench = Bench::new();
    bench.file(
        "ansible.cfg",
        "[defaults]\nforks = 7\ncow_destruction = 1\n[no]\nx = 1\n",
    );
    let told = bench.run(&["config", "validate"]);
    assert_eq!(told.code, 1);
    assert!(
        told.err
            .contains("Found unknown key 'cow_destruction' in section 'defaults'"),
        "{told:?}"
    );
    assert!(told.err.contains("Found unknown section 'no'"), "{told:?}");
    bench.file("ansible.cfg", "[defaults]\nforks = 7\n");
    let told = bench.run(&["config", "validate"]);
    assert_eq!(
        (told.code, told.out.as_str()),
        (0, "All configurations seem valid!\n")
    );
    let init = bench.run(&["config", "init", "--disabled", "-t", "all"]);
    assert!(init.out.contains("\n;forks=5\n"), "{}", init.out);
    let mut wrong = bench.command(&["config", "dump"]);
    let wrong = said(wrong.env("ANSIBLE_TIMEOUT", "lola"));
    assert!(
        wrong
            .err
            .contains("Config 'DEFAULT_TIMEOUT' from 'env: ANSIBLE_TIMEOUT' has an invalid value"),
        "{wrong:?}"
    );
}

#[test]
fn lines_of_the_console_run_on_the_chosen_hosts() {
    let bench = Bench::new();
    bench.file("hosts", "a\nb\n[web]\nw[1:2]\n");
    let mut command = bench.named("ansible-console", &["-i", "hosts", "-c", "local"]);
    let lines = "list groups\ncd web\nlist\ncd w1\ndebug var=inventory_hostname\n!echo shell\nforks 3\nbecome yes\ncd nosuch\nexit\n";
    let told = said_with_input(command.env("USER", "me"), lines);
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(
        told.out,
        "Welcome to the ansible console. Type help or ? to list commands.\n\n\
         me@all (4)[f:5]$ all\nungrouped\nweb\n\
         me@all (4)[f:5]$ me@web (2)[f:5]$ w1\nw2\n\
         me@web (2)[f:5]$ me@w1 (1)[f:5]$ w1 | SUCCESS => {\n    \"inventory_hostname\": \"w1\"\n}\n\
         me@w1 (1)[f:5]$ w1 | CHANGED | rc=0 >>\nshell\n\
         me@w1 (1)[f:5]$ me@w1 (1)[f:3]$ become changed to True\n\
         me@w1 (1)[f:3]# no host matched\n\
         me@w1 (1)[f:3]# \nAnsible-console was exited.\n"
    );
    assert!(
        told.err
            .contains("Could not match supplied host pattern, ignoring: nosuch"),
        "{told:?}"
    );
}

fn git(folder: &std::path::Path, args: &[&str]) {
    let names = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    let status = Command::new("git")
        .args(names)
        .args(args)
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(status.success(), "git {args:?}");
}

#[test]
fn a_repository_is_pulled_and_its_playbook_runs_when_it_changed() {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("skipped: there is no git");
        return;
    }
    let bench = Bench::new();
    bench.file("repo/ansible.cfg", "[defaults]\ninventory = hosts\n");
    bench.file("repo/hosts", "other.example.org\nlocalhost\n");
    let play = bench.file(
        "repo/local.yml",
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - debug: {msg: \"first {{ groups.all | length }}\"}\n",
    );
    let repo = bench.path().join("repo");
    git(&repo, &["init", "-q"]);
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-q", "-m", "one"]);
    let url = repo.display().to_string();
    let pull = |args: &[&str]| {
        let args = [&["-U", url.as_str(), "-d", "co", "-o"], args].concat();
        said(&mut bench.named("ansible-pull", &args))
    };
    let first = pull(&[]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.out.contains("\"msg\": \"first 2\""), "{first:?}");
    assert!(
        first.out.contains("localhost                  : ok=1"),
        "{first:?}"
    );
    let again = pull(&[]);
    assert!(
        again.code == 0 && again.out.contains("Repository has not changed, quitting."),
        "{again:?}"
    );
    std::fs::write(
        &play,
        "- hosts: localhost\n  gather_facts: false\n  tasks: [debug: {msg: second}]\n",
    )
    .unwrap();
    git(&repo, &["commit", "-q", "-a", "-m", "two"]);
    let second = pull(&["--purge"]);
    assert!(second.out.contains("\"msg\": \"second\""), "{second:?}");
    assert!(!bench.path().join("co").exists());
    let nothing = said(&mut bench.named("ansible-pull", &["-d", "co"]));
    assert_eq!(nothing.code, 5);
    assert!(
        nothing.err.contains("URL for repository not specified"),
        "{nothing:?}"
    );
}

const CACHED: &str = "- hosts: h
  gather_facts: false
  tasks:
    - set_fact: {kept: \"{{ 1 }}\", cacheable: true}
    - set_fact: {gone: 1}
";

const ASKED: &str = "- hosts: h
  gather_facts: false
  tasks:
    - debug: {msg: \"{{ kept | default('none') }} {{ gone | default('none') }} {{ ansible_facts.kept | default('none') }}\"}
";

#[test]
fn facts_outlive_a_run_until_they_are_flushed() {
    let bench = Bench::new();
    bench.file("set.yml", CACHED);
    bench.file("ask.yml", ASKED);
    bench.file(
        "ansible.cfg",
        "[defaults]\nfact_caching = jsonfile\nfact_caching_connection = facts\nfact_caching_prefix = p_\n",
    );
    let play = |args: &[&str]| bench.run(&[&["play", "-i", "h,", "-c", "local"], args].concat());
    assert_eq!(play(&["set.yml"]).code, 0);
    let file = bench.path().join("facts/p_s1_h");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, r#"{"__payload__": "{\"kept\": 1}"}"#);
    assert!(play(&["ask.yml"]).out.contains("\"msg\": \"1 none 1\""));
    std::fs::write(&file, "{broken").unwrap();
    let broken = play(&["ask.yml"]);
    assert_eq!(broken.code, 0, "{broken:?}");
    assert!(broken.err.contains("was corrupt") && !file.exists(), "{broken:?}");
    assert_eq!(play(&["set.yml"]).code, 0);
    assert!(
        play(&["--flush-cache", "ask.yml"])
            .out
            .contains("\"msg\": \"none none none\"")
    );
    assert!(!file.exists());
    bench.file("ansible.cfg", "[defaults]\nfact_caching = redis\n");
    let other = play(&["ask.yml"]);
    assert!(
        other.code == 0 && other.err.contains("Unable to load the cache plugin 'redis'"),
        "{other:?}"
    );
}

#[test]
fn smart_gathering_asks_a_host_once() {
    let bench = Bench::new();
    bench.file(
        "p.yml",
        "- hosts: h\n  gather_subset: ['!all', '!min', pkg_mgr]\n  tasks: []\n- hosts: h\n  tasks: [debug: {msg: two}]\n",
    );
    let run = |how: &str| {
        let mut command = bench.command(&["play", "-i", "h,", "-c", "local", "p.yml"]);
        said(command.env("ANSIBLE_GATHERING", how))
            .out
            .matches("Gathering Facts")
            .count()
    };
    assert_eq!((run("smart"), run("implicit"), run("explicit")), (1, 2, 0));
}

#[test]
fn results_of_encrypted_variable_files_are_hidden() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    bench.file("vars/secret.yml", "s: top\n");
    bench.file("vars/plain.yml", "p: porter\n");
    assert_eq!(
        bench
            .run(&["vault", "encrypt", "--vault-id", "pw", "vars/secret.yml"])
            .code,
        0
    );
    let run = |what: &str| {
        let args = ["-m", "include_vars", "-a", what, "--vault-id", "pw", "localhost"];
        said(&mut bench.named("ansible", &args)).out
    };
    assert!(run("vars/plain.yml").contains("porter"));
    for what in ["vars/secret.yml", "dir=vars"] {
        let out = run(what);
        assert!(out.contains("the output has been hidden"), "{out}");
        assert!(!out.contains("porter") && !out.contains("top"), "{out}");
    }
}
