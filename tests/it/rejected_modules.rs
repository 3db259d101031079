//! Modules that an administrator forbids.

use crate::program::{Bench, Said};

const PLAY: &str = "- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - MODULE: {path: /}
    - debug: {msg: after}
";

/// What a play with that module says where that is the file of rejected modules.
fn with(list: &str, module: &str) -> Said {
    let bench = Bench::new();
    bench.file("ansible.cfg", "[defaults]\nplugin_filters_cfg = ./filters.yml\n");
    bench.file("filters.yml", list);
    bench.file("play.yml", &PLAY.replace("MODULE", module));
    bench.run(&["play", "play.yml"])
}

#[test]
fn a_rejected_module_is_as_unknown_under_each_of_its_names() {
    let list = "filter_version: 1.0\nmodule_rejectlist: [file, ansible.builtin.find]\n";
    for module in ["file", "ansible.builtin.file", "ansible.legacy.file", "find"] {
        let said = with(list, module);
        assert!(
            said.code == 4
                && said
                    .err
                    .contains(&format!("couldn't resolve module/action '{module}'"))
                && said.err.contains("play.yml:5:7")
                && !said.out.contains("after"),
            "{said:?}"
        );
    }
    let said = with(list, "stat");
    assert!(said.code == 0 && said.out.contains("after"), "{said:?}");
}

#[test]
fn a_list_that_cannot_be_used_is_told() {
    for (list, told) in [
        ("[", "was not parsable. Skipping."),
        ("module_rejectlist: [file]\n", "was invalid. Skipping."),
        (
            "filter_version: '2'\nmodule_rejectlist: [file]\n",
            "not recognized by this version",
        ),
        (
            "filter_version: 1.0\nmodule_rejectlist:\n",
            "module_rejectlist is not a list",
        ),
    ] {
        let said = with(list, "file");
        assert!(said.code == 0 && said.err.contains(told), "{list}: {said:?}");
    }
    let said = with("filter_version: '1.0'\nmodule_rejectlist: [stat]\n", "file");
    assert!(
        said.code == 2 && said.err.contains("Please remove stat from the reject list"),
        "{said:?}"
    );
}
