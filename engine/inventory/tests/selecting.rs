//! Host patterns, against the selections that ansible-core 2.19.14 made; changes at run time; messages.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use kdo_inventory::{Inventory, LoadContext, VarsKind};
use kdo_syntax::{SourceMap, render};
use kdo_value::{Map, Value};

const HOSTS: &str = "a1\na2\nb1\n[web]\nw[1:5]\n[db]\nd[1:3]\nw2\n[prod:children]\nweb\ndb\n[my-group]\nm1\n";

fn load(text: &str) -> (Inventory, SourceMap) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hosts.ini");
    std::fs::write(&path, text).unwrap();
    let sources = SourceMap::new();
    let inventory = Inventory::load(&[path.display().to_string()], &LoadContext::new(&sources));
    (inventory, sources)
}

#[test]
fn patterns_select_what_ansible_selects() {
    let (inventory, _) = load(HOSTS);
    let all = "a1 a2 b1 m1 w1 w2 w3 w4 w5 d1 d2 d3";
    for (pattern, want, ignored) in [
        ("all", all, ""),
        ("*", all, ""),
        ("web:db", "w1 w2 w3 w4 w5 d1 d2 d3", ""),
        ("web,db", "w1 w2 w3 w4 w5 d1 d2 d3", ""),
        ("web:!w1", "w2 w3 w4 w5", ""),
        ("web:&db", "w2", ""),
        ("!w1", "a1 a2 b1 m1 w2 w3 w4 w5 d1 d2 d3", ""),
        ("&db", "w2 d1 d2 d3", ""),
        ("w*", "w1 w2 w3 w4 w5", ""),
        ("~w[12]", "w1 w2", ""),
        ("web[0]", "w1", ""),
        ("web[-1]", "w5", ""),
        ("web[1:3]", "w2 w3 w4", ""),
        ("web[1:]", "w2 w3 w4 w5", ""),
        ("web[3:9]", "w4 w5", ""),
        ("web[9]", "", ""),
        ("web[:2]", "", "web[:2]"),
        ("web[-2:]", "", "web[-2:]"),
        ("web[0-2]", "w1 w2 w3", ""),
        ("web[a]", "", "web[a]"),
        ("w[1:2]", "", "w"),
        ("prod[0:2]", "w1 w2 w3", ""),
        ("nope", "", "nope"),
        ("web:nope", "w1 w2 w3 w4 w5", "nope"),
        ("web:&nope", "", "nope"),
        ("all:!prod", "a1 a2 b1 m1", ""),
        ("ungrouped", "a1 a2 b1", ""),
        ("db:web", "d1 d2 d3 w2 w1 w3 w4 w5", ""),
        ("a*:!a1", "a2 b1 m1 w1 w2 w3 w4 w5 d1 d2 d3", ""),
        ("localhost", "localhost", ""),
        ("127.0.0.1", "127.0.0.1", ""),
        ("::1", "::1", ""),
        ("localhost:web", "localhost w1 w2 w3 w4 w5", ""),
        (
            "all:localhost",
            "a1 a2 b1 m1 w1 w2 w3 w4 w5 d1 d2 d3 localhost",
            "",
        ),
        ("w1:w1", "w1", ""),
        ("*1", "a1 b1 w1 d1 m1", ""),
        ("my-group", "m1", ""),
        ("w2,w1", "w2 w1", ""),
        ("w1 w2", "w1 w2", ""),
        ("!web:all", "a1 a2 b1 m1 d1 d2 d3", ""),
        ("all:&web:!w1", "w2 w3 w4 w5", ""),
        ("d1:d2:db", "d1 d2 d3 w2", ""),
        ("~(w|d)1:!d1", "w1", ""),
        ("~w[1", "w1 w2 w3 w4 w5", "1"),
        ("W1", "", "W1"),
        ("prod:!web", "d1 d2 d3", ""),
        ("web[1", "w1 w2 w3 w4 w5", "1"),
    ] {
        let got = inventory.select(&[pattern.to_owned()], None).unwrap();
        assert_eq!(got.hosts.join(" "), want, "{pattern}");
        let told = got.warnings.iter().find_map(|w| {
            w.message
                .strip_prefix("Could not match supplied host pattern, ignoring: ")
        });
        assert_eq!(told.unwrap_or(""), ignored, "{pattern}");
    }
    assert!(inventory.select(&["~(".into()], None).is_err());
}

#[test]
fn limits_cut_the_selection_down() {
    let (inventory, _) = load(HOSTS);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lim.txt");
    std::fs::write(&file, "w1\nw2\n\ndb\n").unwrap();
    let with = |limit: &str| {
        let limit = Inventory::read_limit(limit).unwrap();
        inventory
            .select(&["all".into()], Some(&limit))
            .unwrap()
            .hosts
            .join(" ")
    };
    assert_eq!(with(&format!("@{}", file.display())), "w1 w2 d1 d2 d3");
    assert_eq!(with("!w1"), "a1 a2 b1 m1 w2 w3 w4 w5 d1 d2 d3");
    assert_eq!(with("w1:nope"), "w1");
    assert!(Inventory::read_limit("@none").is_err());
}

#[test]
fn groups_are_ordered_by_depth_priority_and_name() {
    let (inventory, _) =
        load("[b]\nh\n[a]\nh\n[z]\nh\n[p:children]\nb\n[a:vars]\nansible_group_priority=5\n[z:vars]\nx=1\n");
    let order: Vec<&str> = inventory
        .group_vars_order("h")
        .iter()
        .map(|g| g.name.as_str())
        .collect();
    assert_eq!(order, ["all", "p", "z", "a", "b"]);
    assert_eq!(inventory.group_names("h"), ["a", "b", "p", "z"]);
    let implicit: Vec<&str> = inventory
        .group_vars_order("localhost")
        .iter()
        .map(|g| g.name.as_str())
        .collect();
    assert_eq!(implicit, ["all"]);
    assert!(inventory.host("localhost").unwrap().implicit);
}

#[test]
fn hosts_and_groups_can_be_added_at_run_time() {
    let (mut inventory, _) = load(HOSTS);
    let vars: Map = [("x", Value::Int(1))].into_iter().collect();
    assert!(inventory.add_host_at_run_time("new:2222", &["web".into(), "fresh".into()], &vars));
    assert!(!inventory.add_host_at_run_time("new:2222", &["web".into(), "fresh".into()], &vars));
    let host = inventory.host("new").unwrap();
    assert_eq!(host.vars.get("ansible_port"), Some(Value::Int(2222)));
    assert_eq!(inventory.group_names("new"), ["fresh", "prod", "web"]);
    assert!(inventory.group_by("a1", "os_debian", &["os".into()]).unwrap());
    assert!(!inventory.group_by("a1", "os_debian", &["os".into()]).unwrap());
    assert_eq!(inventory.group_names("a1"), ["os", "os_debian"]);
    assert!(!inventory.group("ungrouped").unwrap().hosts.contains("a1"));
    assert!(inventory.add_child("os_debian", "os").is_err());
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, part, place) in [
        ("[a:foo]\nx\n", "unknown kind: foo", ":1:1\n"),
        ("[web]\nx\n[wbe:vars]\nx=1\n", "did you mean `web`?", ":3:2\n"),
        ("[a:children]\nb\n", "`b`, which is declared nowhere", ":2:1\n"),
        ("[g]\nh k = v\n", "`k` is no `key=value`", ":2:3\n"),
        ("h \"k=v\n", "a quote is not closed", ":1:1\n"),
        ("h[01:3]\n", "equal-length begin and end", ":1:1\n"),
        ("[a b]\nx\n", "is no section", ":1:1\n"),
        ("[a]\n[a:children]\na\n", "cannot be in itself", ":3:1\n"),
        ("[a:vars]\nx\n", "is no `key=value`", ":2:1\n"),
        (
            "[a]\nx\n[b]\n[a:children]\nb\n[b:children]\na\n",
            "cannot both be in each other",
            ":7:1\n",
        ),
    ] {
        let (inventory, sources) = load(text);
        assert_eq!(inventory.unparsed, 1, "{text}");
        let shown: String = inventory
            .warnings
            .iter()
            .map(|w| render(w, &sources, false))
            .collect();
        assert!(shown.contains(part) && shown.contains(place), "{text:?}\n{shown}");
        assert!(shown.contains("as an inventory source"), "{shown}");
    }
}

#[test]
fn encrypted_variable_files_need_the_password() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("hosts"), "h\n").unwrap();
    std::fs::create_dir(dir.path().join("group_vars")).unwrap();
    std::fs::write(
        dir.path().join("group_vars/all"),
        "$ANSIBLE_VAULT;1.1;AES256\n61\n",
    )
    .unwrap();
    let inputs = [dir.path().join("hosts").display().to_string()];
    let sources = SourceMap::new();
    let without = Inventory::load(&inputs, &LoadContext::new(&sources));
    let error = without.file_problems(VarsKind::Group, "all").next().unwrap();
    assert!(error.message.contains("no vault secrets found"), "{error}");
    let decrypt = |_: &[u8]| Ok("x: secret\n".to_owned());
    let context = LoadContext {
        decrypt: Some(&decrypt),
        ..LoadContext::new(&sources)
    };
    let with = Inventory::load(&inputs, &context);
    assert_eq!(with.host_variables("h").get("x"), Some(Value::str("secret")));
}

#[test]
fn variables_know_their_place() {
    let (inventory, sources) = load("h x='{{ y }}' port=1\n[all:vars]\nk = v\n");
    let x = inventory.host("h").unwrap().vars.get("x").unwrap();
    assert!(sources.place(x.origin().unwrap()).ends_with("hosts.ini:1:5") && x.is_templated());
    let k = inventory.group("all").unwrap().vars.get("k").unwrap();
    assert!(sources.place(k.origin().unwrap()).ends_with("hosts.ini:3:5"));
}

#[test]
fn yaml_inventories_of_the_wrong_shape_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (text, part) in [
        ("all: {hosts: {1234: {}}}\n", "must be a string, it is int"),
        (
            "all: {children: [a]}\n",
            "`children` of the group `all` must be a mapping",
        ),
        ("[a, b]\n", "a YAML inventory is a dictionary of groups"),
        (
            "plugin: community.general.proxmox\n",
            "specifies unknown plugin 'community.general.proxmox'",
        ),
        (
            "all: {hosts: {h: [1]}}\n",
            "the variables of the host `h` are not a mapping",
        ),
    ] {
        let path = dir.path().join("hosts.yml");
        std::fs::write(&path, text).unwrap();
        let sources = SourceMap::new();
        let inventory = Inventory::load(&[path.display().to_string()], &LoadContext::new(&sources));
        let shown: String = inventory
            .warnings
            .iter()
            .map(|w| render(w, &sources, false))
            .collect();
        assert!(shown.contains(part), "{shown}");
        assert!(inventory.unparsed == 1 && inventory.hosts.is_empty() && inventory.groups.len() == 2);
    }
}

#[test]
fn no_text_makes_the_readers_panic() {
    let parts = [
        "a",
        "[",
        "]",
        ":",
        "1",
        "01",
        "=",
        " ",
        "\n",
        "#",
        ";",
        "'",
        "\"",
        "\\",
        "[a:vars]\n",
        "[b:children]\n",
        "&",
        "!",
        "~",
        "*",
        "?",
        ",",
        "-",
        "é",
        "(",
        ")",
        "{",
        "}",
        "b'x'",
        "[1:3]",
        "::1",
        "all",
        "0x",
        "1e",
        "_",
        ".",
        "\\x",
        "\\u12",
        "\u{85}",
        "99999999999999999999",
        "[a:z]",
        "[0:9:0]",
        "\r",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % n as u64).unwrap()
    };
    let (inventory, _) = load(HOSTS);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.ini");
    for round in 0..4_000 {
        let text: String = (0..next(12) + 1).map(|_| parts[next(parts.len())]).collect();
        let _ = kdo_inventory::parse_literal(&text, None);
        let _ = kdo_inventory::parse_address(&text, true);
        let _ = kdo_inventory::split_words(&text);
        let _ = inventory.select(std::slice::from_ref(&text), None);
        if round % 20 == 0 {
            std::fs::write(&path, &text).unwrap();
            let sources = SourceMap::new();
            let loaded = Inventory::load(&[path.display().to_string()], &LoadContext::new(&sources));
            loaded.warnings.iter().for_each(|w| {
                let _ = render(w, &sources, false);
            });
        }
    }
}
