use crate::program::Bench;

#[test]
fn wrong_arguments_end_with_2_and_other_errors_with_1() {
    let bench = Bench::new();
    bench.file("p.yml", "- hosts: all\n  tasks: []\n");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["play"], 2, "<NAME>"),
        (&["play", "--nonsense", "p.yml"], 2, "--nonsense"),
        (&["play", "-f", "0", "p.yml"], 2, "--forks"),
        (
            &["play", "-k", "--connection-password-file", "x", "p.yml"],
            2,
            "--connection-password-file",
        ),
        (
            &["play", "gone.yml"],
            1,
            "the playbook: gone.yml could not be found",
        ),
        (&["play", "gone"], 1, "roles/gone"),
        (
            &["play", "-i", "h,", "-e", "[1]", "p.yml"],
            1,
            "could not be made into a dictionary",
        ),
        (&["play", "-i", "h,", "-e", "@gone.yml", "p.yml"], 1, "gone.yml"),
        (&["play", "-i", "h,", "-e", "./vars.yml", "p.yml"], 1, "with '@'"),
        (
            &["play", "-i", "h,", "-l", "other", "p.yml"],
            1,
            "leaves us with no hosts to target",
        ),
        (&["play", "-i", "h,", "-l", "@gone", "p.yml"], 1, "gone"),
        (
            &["play", "-i", "h,", "--vault-password-file", "gone", "p.yml"],
            1,
            "/gone was not found",
        ),
        (
            &["run", "-i", "h,", "h", "-m", "shell"],
            5,
            "No argument passed to shell module",
        ),
        (&["inventory", "-i", "h,"], 5, "No action selected"),
        (&["inventory", "-i", "h,", "--host", "x"], 5, "single valid host"),
        (&["inventory", "-i", "h,", "--graph", "x"], 5, "valid group name"),
        (
            &["vault", "view", "p.yml", "--vault-password-file", "p.yml"],
            1,
            "not vault encrypted",
        ),
        (&["doc", "lineinfil"], 1, "there is nothing called `lineinfil`"),
        (
            &["play", "-i", "h,", "--output", "nope", "p.yml"],
            2,
            "no output called `nope`",
        ),
        (&["log", "--output", "nope"], 2, "no output called `nope`"),
        (&["no-such-command"], 2, "no-such-command"),
    ];
    for (args, code, words) in cases {
        let said = bench.run(args);
        assert_eq!(said.code, *code, "{args:?}: {said:?}");
        assert!(said.err.contains(words), "{args:?}: {said:?}");
        assert_eq!(said.out, "", "{args:?}");
    }
}

#[test]
fn a_folder_is_no_playbook() {
    let bench = Bench::new();
    bench.file("d/x", "");
    let said = bench.run(&["play", "./d"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("does not appear to be a file"), "{said:?}");
}

#[test]
fn a_broken_extra_variable_is_shown_with_its_place() {
    let bench = Bench::new();
    bench.file("p.yml", "- hosts: all\n");
    bench.file("v.yml", "a: 1\nb: [1\n");
    let said = bench.run(&["play", "-i", "h,", "-e", "@v.yml", "p.yml"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("v.yml:"), "{said:?}");
}

#[test]
fn a_broken_setting_names_its_place() {
    let bench = Bench::new();
    bench.file("ansible.cfg", "[defaults]\nforks = many\n");
    bench.file("p.yml", "- hosts: all\n");
    let said = bench.run(&["play", "p.yml"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(
        said.err.contains("ansible.cfg:2") && said.err.contains("DEFAULT_FORKS"),
        "{said:?}"
    );
}

#[test]
fn options_without_meaning_are_named_once() {
    let bench = Bench::new();
    bench.file("p.yml", "- hosts: all\n  gather_facts: false\n  tasks: []\n");
    let said = bench.run(&["play", "-i", "h,", "--list-hosts", "--scp-extra-args=-l", "p.yml"]);
    assert_eq!(
        said.err.matches("--scp-extra-args has no effect").count(),
        1,
        "{said:?}"
    );
}
