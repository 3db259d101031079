//! Inventories of `cases/` against what `ansible-inventory` 2.19.14 printed for them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use kdo_inventory::{Host, Inventory, LoadContext, Show};
use kdo_syntax::SourceMap;
use std::path::{Path, PathBuf};

fn check(case: &str, inputs: &[&str]) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(case);
    let inputs: Vec<String> = inputs
        .iter()
        .map(|i| {
            if i.contains(',') {
                (*i).to_owned()
            } else {
                dir.join(i).display().to_string()
            }
        })
        .collect();
    let sources = SourceMap::new();
    let inventory = Inventory::load(&inputs, &LoadContext::new(&sources));
    assert_eq!(inventory.unparsed, 0, "{:?}", inventory.warnings);
    let vars = |host: &Host| inventory.host_variables(&host.name);
    let show = |export| Show {
        inventory: &inventory,
        host_vars: &vars,
        beside_play: &|_, _| Vec::new(),
        export,
        reveal: &|_| Ok("<encrypted>".into()),
        only: None,
    };
    let expect = |name: &str, got: &str| {
        let path: PathBuf = dir.join(format!("{name}.out"));
        let want = std::fs::read_to_string(&path).unwrap();
        if want.is_empty() {
            // Ansible gave up: it needs the vault's password for this one.
            return;
        }
        assert_eq!(got.trim_end(), want.trim_end(), "{}", path.display());
    };
    expect("list", &show(false).list());
    expect("export", &show(true).list());
    expect("graph", &show(false).graph("all", false).unwrap().unwrap());
    expect("graph_vars", &show(false).graph("all", true).unwrap().unwrap());
    expect("yaml", &show(false).yaml());
    expect("yaml_export", &show(true).yaml());
}

#[test]
fn ini_inventories_are_read_as_ansible_reads_them() {
    check("ini", &["hosts"]);
}

#[test]
fn yaml_inventories_and_files_beside_them_are_read_as_ansible_reads_them() {
    check("yamlinv", &["hosts.yml"]);
}

#[test]
fn scripts_are_asked_for_their_list() {
    check("script", &["hosts"]);
}

#[test]
fn directories_are_read_in_order_without_the_ignored_names() {
    check("dir", &["hosts"]);
}

#[test]
fn later_sources_are_merged_into_earlier_ones() {
    check("several", &["hosts", "second", "x1,x2:22,"]);
}
