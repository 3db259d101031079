use crate::program::{Bench, said};

#[test]
fn ansibles_names_take_ansibles_command_lines() {
    let bench = Bench::new();
    let inventory = said(&mut bench.named("ansible-inventory", &["-i", "a,b", "--graph"]));
    assert_eq!(inventory.code, 0, "{inventory:?}");
    assert_eq!(inventory.out, "@all:\n  |--@ungrouped:\n  |  |--a\n  |  |--b\n");
    let ad_hoc = said(&mut bench.named("ansible", &["-i", "a,b,c", "a:b", "--list-hosts"]));
    assert_eq!(
        (ad_hoc.code, ad_hoc.out.as_str()),
        (0, "  hosts (2):\n    a\n    b\n")
    );
}

#[test]
fn a_named_settings_file_is_shown() {
    let bench = Bench::new();
    bench.file("my.cfg", "[defaults]\nforks = 7\n");
    let view = said(&mut bench.named("ansible-config", &["view", "-c", "my.cfg"]));
    assert_eq!(
        (view.code, view.out.as_str()),
        (0, "[defaults]\nforks = 7\n"),
        "{view:?}"
    );
    let dump = bench.run(&["config", "-c", "my.cfg", "dump", "--only-changed"]);
    assert!(
        dump.out.contains("DEFAULT_FORKS(") && dump.out.contains("my.cfg) = 7"),
        "{dump:?}"
    );
    assert_eq!(bench.run(&["config", "view", "-c", "gone.cfg"]).code, 5);
}

#[test]
fn scripts_find_the_version_in_the_first_line() {
    let bench = Bench::new();
    let version = said(&mut bench.named("ansible-playbook", &["--version"]));
    assert_eq!(version.code, 0);
    assert!(
        version.out.starts_with("ansible-playbook [core 2.19."),
        "{version:?}"
    );
    assert!(version.out.contains("kdo "), "{version:?}");
}

#[test]
fn a_program_that_kdo_is_not_says_so() {
    let bench = Bench::new();
    for name in ["ansible-test", "ansible-connection"] {
        let said = said(&mut bench.named(name, &["install"]));
        assert_eq!(said.code, 2);
        assert!(
            said.err.contains(&format!("cannot stand in for `{name}`")),
            "{said:?}"
        );
    }
}
