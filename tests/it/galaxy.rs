//! `kdo galaxy`, and as `ansible-galaxy`: what is installed is listed, locked, verified and found by plays.

use crate::program::{Bench, said};
use std::fs;

/// A role's folder in the bench.
fn role(bench: &Bench, name: &str) {
    bench.file(&format!("{name}/meta/main.yml"), "galaxy_info: {}\n");
    bench.file(
        &format!("{name}/tasks/main.yml"),
        "- debug: msg='a role of others'\n",
    );
}

fn collection(bench: &Bench) {
    let info = "namespace: acme\nname: tools\nversion: 1.2.3\nreadme: README.md\nauthors: [someone]\n";
    bench.file("src/galaxy.yml", info);
    bench.file("src/README.md", "text\n");
    bench.file("src/meta/runtime.yml", "requires_ansible: '>=2.15'\n");
    bench.file(
        "src/roles/inner/tasks/main.yml",
        "- debug: msg='a role of a collection'\n",
    );
    let play = "- hosts: localhost\n  gather_facts: false\n  roles: [acme.tools.inner]\n";
    bench.file("src/playbooks/site.yml", play);
}

#[test]
fn requirements_are_locked_installed_verified_and_played() {
    let bench = Bench::new();
    role(&bench, "given/web");
    collection(&bench);
    let requirements = "roles:\n  - src: ./given/web\ncollections:\n  - source: ./src\n    type: dir\n";
    bench.file("requirements.yml", requirements);
    let early = bench.run(&["galaxy", "install", "--locked"]);
    assert_eq!(early.code, 3, "{early:?}");
    let locked = bench.run(&["galaxy", "lock"]);
    assert_eq!(locked.code, 0, "{locked:?}");
    assert!(locked.out.starts_with("+ acme.tools 1.2.3\n+ web "), "{locked:?}");
    let first = bench.run(&["galaxy", "install", "--locked"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first
            .out
            .contains("acme.tools:1.2.3 was installed successfully\n"),
        "{first:?}"
    );
    let again = bench.run(&["galaxy", "install"]);
    assert!(
        again
            .out
            .contains("'acme.tools:1.2.3' is already installed, skipping.\n"),
        "{again:?}"
    );
    for (play, says) in [
        ("web", "a role of others"),
        ("acme.tools.site", "a role of a collection"),
        ("acme.tools.inner", "a role of a collection"),
    ] {
        let played = bench.run(&["play", "-i", "localhost,", "-c", "local", play]);
        assert!(
            played.code == 0 && played.out.contains(says),
            "{play}: {played:?}"
        );
    }
    assert_eq!(bench.run(&["galaxy", "verify"]).code, 0);
    fs::write(bench.path().join(".ansible/roles/web/tasks/main.yml"), "").unwrap();
    let changed = bench.run(&["galaxy", "verify"]);
    assert!(
        changed.code == 3 && changed.out.contains("web: the content of"),
        "{changed:?}"
    );
    let store = bench.path().join(".cache/kdo/galaxy/sha256");
    let blobs = fs::read_dir(store).unwrap().flatten();
    let blob = blobs
        .flat_map(|f| fs::read_dir(f.path()).unwrap())
        .next()
        .unwrap();
    let blob = blob.unwrap().path();
    fs::remove_file(&blob).unwrap();
    fs::write(&blob, "").unwrap();
    let damaged = bench.run(&["galaxy", "verify", "--store", "acme.tools"]);
    let told = format!("{} is damaged\n", blob.display());
    assert!(damaged.code == 3 && damaged.out.contains(&told), "{damaged:?}");
    let locked_play = || bench.run(&["play", "--locked", "-i", "localhost,", "-c", "local", "web"]);
    let refused = locked_play();
    assert!(
        refused.code == 3 && refused.out.is_empty() && refused.err.contains("web: the content of"),
        "{refused:?}"
    );
    let healed = bench.run(&["galaxy", "install", "--locked"]);
    assert_eq!(healed.code, 0, "{healed:?}");
    assert_eq!(bench.run(&["galaxy", "verify"]).code, 0);
    let played = locked_play();
    assert!(
        played.code == 0 && played.out.contains("a role of others"),
        "{played:?}"
    );
    // What stands before the installed role in the order of search is what would run.
    role(&bench, "roles/web");
    bench.file("roles/web/tasks/more.yml", "[]\n");
    let shadowed = locked_play();
    assert!(
        shadowed.code == 3 && shadowed.err.contains("the content of roles/web is not"),
        "{shadowed:?}"
    );
    fs::remove_dir_all(bench.path().join("roles")).unwrap();
    bench.file("requirements.yml", "roles: []\n");
    let unlocked = locked_play();
    assert!(
        unlocked.code == 3
            && unlocked
                .err
                .contains("requirements.lock is not for what requirements.yml requires"),
        "{unlocked:?}"
    );
    let stale = bench.run(&["galaxy", "lock", "--check"]);
    assert_eq!(stale.code, 3, "{stale:?}");
}

#[test]
fn the_words_of_ansible_galaxy_are_taken() {
    let bench = Bench::new();
    role(&bench, "web");
    let galaxy = |args: &[&str]| said(&mut bench.named("ansible-galaxy", args));
    let installed = galaxy(&["role", "install", "-p", "roles", "./web,1.0,acme.web"]);
    assert_eq!(
        installed.out,
        "Starting galaxy role install process\n- acme.web (1.0) was installed successfully\n"
    );
    let info = fs::read_to_string(bench.path().join("roles/acme.web/meta/.galaxy_install_info")).unwrap();
    assert!(
        info.ends_with("version: '1.0'\n") || info.ends_with("version: 1.0\n"),
        "{info}"
    );
    let listed = galaxy(&["role", "list", "-p", "roles"]);
    assert!(listed.out.ends_with("/roles\n- acme.web, 1.0\n"), "{listed:?}");
    let removed = galaxy(&["role", "remove", "-p", "roles", "acme.web"]);
    assert_eq!(removed.out, "- successfully removed acme.web\n");
    let none = galaxy(&["install"]);
    assert_eq!(none.code, 2, "{none:?}");
    let missing = galaxy(&["install", "-r", "none.yml"]);
    assert!(
        missing.code == 1
            && missing
                .err
                .contains("The requirements file 'none.yml' does not exist."),
        "{missing:?}"
    );
    let ignored = galaxy(&[
        "install",
        "--ignore-errors",
        "-p",
        "roles",
        "./none.tar.gz",
        "./web",
    ]);
    assert_eq!(ignored.code, 0, "{ignored:?}");
    assert!(
        ignored.err.contains("- none was NOT installed successfully"),
        "{ignored:?}"
    );
    assert!(bench.path().join("roles/web/tasks/main.yml").is_file());
}

#[test]
fn names_are_taken_for_roles_and_that_is_told() {
    let bench = Bench::new();
    bench.file(
        "server/api/index.json",
        r#"{"available_versions": {"v1": "v1/", "v3": "v3/"}}"#,
    );
    let url = format!("file://{}/server/api/", bench.path().display());
    let missing = bench.run(&["galaxy", "install", "-s", &url, "acme.tools"]);
    let told = "for collections: kdo galaxy collection install acme.tools";
    assert!(missing.code == 1 && missing.err.contains(told), "{missing:?}");
    let role = bench.run(&["galaxy", "role", "install", "-s", &url, "acme.tools"]);
    assert!(role.code == 1 && !role.err.contains(told), "{role:?}");
}

#[test]
fn without_requirements_what_is_installed_is_shown() {
    let bench = Bench::new();
    let empty = bench.run(&["galaxy", "tree"]);
    assert_eq!(empty.out, "nothing is required or installed\n", "{empty:?}");
    role(&bench, ".ansible/roles/acme.base");
    bench.file(
        ".ansible/roles/acme.web/meta/main.yml",
        "dependencies: [acme.base]\n",
    );
    bench.file(
        ".ansible/roles/acme.web/meta/.galaxy_install_info",
        "{version: '1.0'}\n",
    );
    let tree = bench.run(&["galaxy", "tree"]);
    assert_eq!(
        tree.out, "acme.web 1.0\n└── acme.base (unknown version)\n",
        "{tree:?}"
    );
    let why = bench.run(&["galaxy", "why", "acme.base"]);
    assert_eq!(
        why.out, "installed -> acme.web 1.0 -> acme.base (unknown version)\n",
        "{why:?}"
    );
}
