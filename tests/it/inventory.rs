//! `tests/inventory/commands` names the files in `expected` and the arguments with which ansible-inventory of
//! ansible-core 2.19.14 wrote them, in that folder (`tests/record-inventory`).

use crate::program::{Bench, root};

#[test]
fn the_inventory_is_shown_as_ansible_shows_it() {
    let folder = root().join("tests/inventory");
    let commands = std::fs::read_to_string(folder.join("commands")).unwrap();
    assert!(commands.lines().count() > 60);
    let bench = Bench::new();
    let mut different = Vec::new();
    for line in commands.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let args: Vec<&str> = ["inventory"].into_iter().chain(words).collect();
        let output = bench.command(&args).current_dir(&folder).output().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.join("expected").join(name)).unwrap();
        // Places of this checkout are those of the one where it was recorded.
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let code = read(&format!("{name}.rc"));
        if shown != read(name) || output.status.code() != code.trim().parse().ok() {
            different.push(format!("{line}: {}\n{shown}", output.status));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn places_of_a_variable_are_explained_with_the_one_that_wins() {
    let bench = Bench::new();
    bench.file("hosts", "[web]\nw1 v=host\nw2\nw3\n[web:vars]\nv=group\n");
    bench.file("group_vars/all.yml", "v: all\nbase: 7\n");
    bench.file("host_vars/w2.yml", "v: \"{{ base + 1 }}\"\n");
    bench.file("roles/r/defaults/main.yml", "v: default\n");
    bench.file("roles/r/tasks/main.yml", "- ansible.builtin.debug:\n");
    bench.file("vf.yml", "v: file\n");
    bench.file(
        "p.yml",
        "- hosts: web\n  vars: {v: play}\n  vars_files: [vf.yml]\n  roles: [{role: r, v: param}]\n  tasks:\n  \
         - name: mine\n    debug:\n    vars: {v: task}\n  - set_fact: {v: fact}\n",
    );
    let said = bench.run(&["inventory", "-i", "hosts", "web", "--explain", "v"]);
    let want = "v on w1 = \"host\"\n\
                →  8  inventory, host          hosts:2:6               \"host\"\n   \
                5  playbook group_vars/all  group_vars/all.yml:1:4  \"all\"\n   \
                3  inventory, group web     hosts:6:3               \"group\"\n\n\
                v on w2 = 8\n\
                → 10  playbook host_vars/w2    host_vars/w2.yml:1:4    \"{{ base + 1 }}\"\n   \
                5  playbook group_vars/all  group_vars/all.yml:1:4  \"all\"\n   \
                3  inventory, group web     hosts:6:3               \"group\"\n\n\
                v on w3 = \"all\"\n\
                →  5  playbook group_vars/all  group_vars/all.yml:1:4  \"all\"\n   \
                3  inventory, group web     hosts:6:3               \"group\"\n";
    assert_eq!(said.out, want, "{said:?}");
    let said = bench.run(&[
        "play",
        "-i",
        "hosts",
        "p.yml",
        "--explain",
        "v",
        "--limit",
        "w3",
        "-e",
        "v=extra",
    ]);
    let want = "\nplay web\nv on w3 = \"extra\"\n\
        → 22  extra vars               <extra vars>:1:3               \"extra\"\n  \
        20  parameter of role r      p.yml:4:24                     \"param\"    (in role r only)\n  \
        19  set_fact                 p.yml:9:19                     \"fact\"     (after task set_fact only)\n  \
        17  task vars                p.yml:8:15                     \"task\"     (in task \"mine\" only)\n  \
        14  play vars_files          vf.yml:1:4                     \"file\"\n  \
        12  play vars                p.yml:2:13                     \"play\"\n   \
        5  playbook group_vars/all  group_vars/all.yml:1:4         \"all\"\n   \
        3  inventory, group web     hosts:6:3                      \"group\"\n   \
        2  defaults of role r       roles/r/defaults/main.yml:1:4  \"default\"\n";
    assert_eq!(said.out, want, "{said:?}");
    assert_eq!(said.code, 0);
    let said = bench.run(&["inventory", "-i", "hosts", "w1", "--explain", "nope"]);
    assert_eq!(said.out, "nope on w1 is not set\n");
}

#[test]
fn explained_secrets_stay_hidden() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    let sealed = bench.run(&[
        "vault",
        "encrypt_string",
        "--vault-password-file",
        "pw",
        "geheim",
        "--name",
        "s",
    ]);
    bench.file("hosts.yml", "all:\n  hosts:\n    h:\n");
    bench.file(
        "group_vars/all.yml",
        &format!("{}\nin_text: \"x{{{{ s }}}}y\"\n", sealed.out),
    );
    for name in ["s", "in_text"] {
        let said = bench.run(&[
            "inventory",
            "-i",
            "hosts.yml",
            "--host",
            "h",
            "--explain",
            name,
            "--vault-password-file",
            "pw",
        ]);
        assert!(
            said.out.contains("********") && !said.out.contains("geheim"),
            "{said:?}"
        );
    }
}

#[test]
fn plugins_in_python_are_named_in_one_message() {
    let bench = Bench::new();
    bench.file("inventory_plugins/mine.py", "# a plugin\n");
    bench.file("aws.yml", "plugin: mine\n");
    let said = bench.run(&["inventory", "-i", "aws.yml", "--list"]);
    let told = said.err.matches("written in Python").count();
    assert_eq!(told, 1, "{said:?}");
    assert!(
        said.err.contains("inventory_plugins/mine.py") && said.err.contains("aws.yml"),
        "{said:?}"
    );
    assert!(!said.err.contains("'ini' plugin"), "{said:?}");
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
