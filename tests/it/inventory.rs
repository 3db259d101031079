//! `tests/inventory/commands` names the files in `expected` and the arguments with which ansible-inventory of
//! ansible-core 2.19.14 wrote them, in that folder, with `-i hosts`.

use crate::program::{Bench, root};

#[test]
fn the_inventory_is_shown_as_ansible_shows_it() {
    let folder = root().join("tests/inventory");
    let commands = std::fs::read_to_string(folder.join("commands")).unwrap();
    assert!(commands.lines().count() > 5);
    let bench = Bench::new();
    for line in commands.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let args: Vec<&str> = ["inventory", "-i", "hosts"].into_iter().chain(words).collect();
        let output = bench.command(&args).current_dir(&folder).output().unwrap();
        let expected = std::fs::read_to_string(folder.join("expected").join(name)).unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{line}");
    }
}

#[test]
fn a_broken_source_is_told_and_the_others_count() {
    let bench = Bench::new();
    bench.file("bad.yml", "all: [\n");
    let said = bench.run(&["inventory", "-i", "bad.yml", "-i", "h,", "--graph"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("|--h\n"), "{said:?}");
    assert!(
        said.err.contains("bad.yml") && said.err.contains("Unable to parse"),
        "{said:?}"
    );
}

#[test]
fn variables_beside_the_playbook_count_when_its_folder_is_named() {
    let bench = Bench::new();
    bench.file("p/group_vars/all.yml", "a: 1\n");
    let said = bench.run(&["inventory", "-i", "h,", "--host", "h", "--playbook-dir", "p"]);
    assert_eq!(said.out, "{\n    \"a\": 1\n}\n");
}
