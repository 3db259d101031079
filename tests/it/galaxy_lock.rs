//! The life of a lock file: what is locked stays so until somebody asks for something newer, whatever else changes.

use crate::program::{Bench, Said, said};
use std::{fs, process::Command};

/// A project whose server is a static tree, with a collection, a role, and a role of git whose branch goes on.
struct Project {
    bench: Bench,
}

impl Project {
    fn new() -> Self {
        let project = Self { bench: Bench::new() };
        let www = project.bench.path().join("www");
        let cfg = format!(
            "[galaxy]\nserver_list = mine\n[galaxy_server.mine]\nurl = file://{}/api/\n",
            www.display()
        );
        project.bench.file("ansible.cfg", &cfg);
        project
            .bench
            .file("repository/tasks/main.yml", "- debug: msg=first\n");
        project.git(&["init", "-q", "-b", "main"]);
        project.commit("first");
        project.publish("www", "1.0.0", "as it was");
        project.require("");
        project
    }

    fn require(&self, more: &str) {
        let repository = self.bench.path().join("repository");
        let text = format!(
            "collections:\n  - acme.tools\nroles:\n  - src: git+file://{}\n    version: main\n    name: branch\n{more}",
            repository.display()
        );
        self.bench.file("requirements.yml", &text);
    }

    /// Puts a version of both packages into a tree.
    fn publish(&self, tree: &str, version: &str, text: &str) {
        let info = format!(
            "namespace: acme\nname: tools\nversion: {version}\nreadme: README.md\nauthors: [someone]\n"
        );
        self.bench.file("tools/galaxy.yml", &info);
        self.bench.file("tools/README.md", text);
        self.bench
            .file("tools/meta/runtime.yml", "requires_ansible: '>=2.15'\n");
        self.bench.file("web/tasks/main.yml", &format!("# {text}\n"));
        let to = format!("static:{tree}");
        for arguments in [
            &["galaxy", "publish", "tools", "--to", &to][..],
            &[
                "galaxy",
                "publish",
                "web",
                "--name",
                "acme.web",
                "--version",
                version,
                "--to",
                &to,
            ],
        ] {
            let done = self.bench.run(arguments);
            assert_eq!(done.code, 0, "{done:?}");
        }
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        for (key, value) in [("NAME", "someone"), ("EMAIL", "someone@a.test")] {
            git.env(format!("GIT_AUTHOR_{key}"), value);
            git.env(format!("GIT_COMMITTER_{key}"), value);
        }
        let done = git
            .arg("-C")
            .arg(self.bench.path().join("repository"))
            .args(arguments);
        assert!(done.status().unwrap().success(), "{arguments:?}");
    }

    fn commit(&self, text: &str) {
        self.bench
            .file("repository/tasks/main.yml", &format!("- debug: msg={text}\n"));
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", text]);
    }

    fn galaxy(&self, arguments: &[&str]) -> Said {
        self.bench.run(&[&["galaxy"], arguments].concat())
    }

    fn must(&self, arguments: &[&str]) -> Said {
        let said = self.galaxy(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.bench.path().join("requirements.lock")).unwrap()
    }

    fn installed(&self) -> String {
        fs::read_to_string(self.bench.path().join(".ansible/roles/branch/tasks/main.yml")).unwrap()
    }

    /// Another machine: nothing was fetched or installed yet.
    fn elsewhere(&self) {
        for folder in [".ansible", ".cache"] {
            let _ = fs::remove_dir_all(self.bench.path().join(folder));
        }
    }

    /// The same versions on the server, in other bytes.
    fn replace(&self) {
        self.publish("other", "1.0.0", "replaced");
        fs::remove_dir_all(self.bench.path().join("www")).unwrap();
        fs::rename(self.bench.path().join("other"), self.bench.path().join("www")).unwrap();
        self.elsewhere();
    }
}

#[test]
fn a_branch_that_went_on_is_followed_only_when_that_is_asked_for() {
    let project = Project::new();
    project.must(&["lock"]);
    project.commit("second");
    project.publish("www", "1.1.0", "newer");
    project.require("  - name: acme.web\n");
    let added = project.must(&["install"]);
    assert!(added.out.contains("+ acme.web 1.1.0\n"), "{added:?}");
    assert!(added.out.contains("requirements.lock: 3 packages\n"), "{added:?}");
    assert!(added.out.contains("acme.tools:1.0.0 was installed"), "{added:?}");
    assert!(project.installed().contains("first"), "{added:?}");
    let other = project.must(&["update", "acme.tools"]);
    assert!(other.out.contains("~ acme.tools 1.0.0 -> 1.1.0\n"), "{other:?}");
    assert!(project.installed().contains("first"), "{other:?}");
    let outdated = project.must(&["outdated"]);
    assert!(outdated.out.contains("branch   main ("), "{outdated:?}");
    let asked = project.must(&["update", "branch"]);
    assert!(asked.out.contains("~ branch main ("), "{asked:?}");
    assert!(project.installed().contains("second"), "{asked:?}");
    // Another branch is another thing that is asked for.
    project.git(&["checkout", "-q", "-b", "develop"]);
    project.commit("third");
    let text = fs::read_to_string(project.bench.path().join("requirements.yml")).unwrap();
    project.bench.file(
        "requirements.yml",
        &text.replace("version: main", "version: develop"),
    );
    let moved = project.must(&["install"]);
    assert!(project.installed().contains("third"), "{moved:?}");
}

#[test]
fn what_was_replaced_on_the_server_is_refused_whatever_else_changes() {
    let project = Project::new();
    project.must(&["lock"]);
    let locked = project.lock();
    project.replace();
    project.require("  - name: acme.web\n");
    for arguments in [
        &["install"][..],
        &["install", "--upgrade"],
        &["update"],
        &["update", "branch"],
    ] {
        let refused = project.galaxy(arguments);
        assert_eq!(refused.code, 3, "{arguments:?}: {refused:?}");
        assert!(
            refused
                .err
                .contains("acme.tools 1.0.0 has other content than was locked"),
            "{arguments:?}: {refused:?}"
        );
        assert_eq!(project.lock(), locked);
        assert!(
            !project.bench.path().join(".ansible/collections").exists(),
            "{arguments:?}"
        );
    }
    project.require("");
    for arguments in [
        &["install", "--locked", "--ignore-errors"][..],
        &["install", "--ignore-errors"],
    ] {
        let skipped = project.must(arguments);
        assert!(
            skipped
                .err
                .contains("- acme.tools was NOT installed successfully"),
            "{skipped:?}"
        );
        assert!(project.installed().contains("first"));
        assert!(
            !project
                .bench
                .path()
                .join(".ansible/collections/ansible_collections/acme")
                .exists()
        );
    }
    let told = project.must(&["lock"]);
    assert!(
        told.out
            .contains("! acme.tools 1.0.0 has other content than before\n"),
        "{told:?}"
    );
}

#[test]
fn who_installs_a_part_keeps_to_the_lock_file_and_leaves_it_whole() {
    let project = Project::new();
    project.must(&["lock"]);
    let locked = project.lock();
    project.commit("second");
    project.publish("www", "1.1.0", "newer");
    for (arguments, says) in [
        (
            &["role", "install", "-r", "requirements.yml"][..],
            "branch (main)",
        ),
        (
            &["collection", "install", "-r", "requirements.yml"],
            "acme.tools:1.0.0",
        ),
        (&["install", "-p", "elsewhere"], "branch (main)"),
        (&["role", "install", "--locked", "--force"], "branch (main)"),
    ] {
        let part = project.must(arguments);
        assert!(part.out.contains(says), "{arguments:?}: {part:?}");
        assert_eq!(project.lock(), locked, "{arguments:?}");
    }
    assert!(project.installed().contains("first"));
    project.require("  - name: acme.web\n");
    for arguments in [
        &["role", "install"][..],
        &["collection", "install"],
        &["install", "--no-deps"],
    ] {
        project.must(arguments);
        assert_eq!(project.lock(), locked, "{arguments:?}");
    }
}

#[test]
fn a_merge_conflict_in_the_lock_file_is_told_and_resolved() {
    let project = Project::new();
    project.must(&["lock"]);
    let ours = project.lock();
    project.publish("www", "1.1.0", "newer");
    project.must(&["update", "--no-install"]);
    let theirs = project.lock();
    let conflict = format!("<<<<<<< HEAD\n{ours}||||||| base\n{ours}=======\n{theirs}>>>>>>> branch\n");
    project.bench.file("requirements.lock", &conflict);
    let play = project.bench.file("site.yml", "- hosts: localhost\n");
    for arguments in [
        &["galaxy", "install"][..],
        &["galaxy", "verify"],
        &["galaxy", "lock", "--check"],
        &["play", "--locked", "-i", "localhost,", &play.to_string_lossy()],
    ] {
        let told = project.bench.run(arguments);
        assert_eq!(told.code, 1, "{arguments:?}: {told:?}");
        assert!(
            told.err.contains("there is a merge conflict in it") && told.err.contains("kdo galaxy lock"),
            "{arguments:?}: {told:?}"
        );
    }
    project.must(&["lock"]);
    assert_eq!(project.lock(), ours);
    project.bench.file("requirements.lock", "garbage\n");
    let broken = project.galaxy(&["lock"]);
    assert!(broken.code == 1 && broken.err.contains("remove it"), "{broken:?}");
}

#[test]
fn other_versions_than_were_locked_are_told_as_such() {
    let project = Project::new();
    project.must(&["lock"]);
    let locked = project.lock();
    project.publish("www", "1.1.0", "newer");
    project.must(&["update"]);
    project.bench.file("requirements.lock", &locked);
    let verified = project.galaxy(&["verify"]);
    assert_eq!(verified.code, 3, "{verified:?}");
    assert!(
        verified
            .out
            .contains("acme.tools: 1.1.0 is installed, 1.0.0 is locked\n")
            && !verified.out.contains("modified content"),
        "{verified:?}"
    );
    project.require("  - name: acme.web\n");
    let play = project.bench.file("site.yml", "- hosts: localhost\n");
    let play = project
        .bench
        .run(&["play", "--locked", "-i", "localhost,", &play.to_string_lossy()]);
    assert_eq!(play.code, 3, "{play:?}");
    assert!(
        play.err.contains(
            "requirements.lock is not for what requirements.yml requires now: write it by `kdo galaxy lock`"
        ) && !play.err.contains("install --locked"),
        "{play:?}"
    );
}

#[test]
fn what_was_installed_once_needs_no_server_any_more() {
    let project = Project::new();
    project.require("  - name: acme.web\n");
    project.must(&["lock"]);
    project.elsewhere();
    project.must(&["install", "--locked"]);
    fs::rename(
        project.bench.path().join("www"),
        project.bench.path().join("gone"),
    )
    .unwrap();
    // The one server of the configuration may also be another by now, which nobody reaches.
    let cfg = "[galaxy]\nserver_list = mine\n[galaxy_server.mine]\nurl = http://127.0.0.1:1/api/\n";
    for again in [
        &["install"][..],
        &["install", "--locked"],
        &["install", "--locked", "--offline"],
    ] {
        project.must(again);
        fs::remove_dir_all(project.bench.path().join(".ansible")).unwrap();
        project.must(again);
        project.bench.file("ansible.cfg", cfg);
    }
}

#[test]
fn the_tree_of_a_package_is_as_it_is_locked() {
    let project = Project::new();
    project.must(&["lock"]);
    project.publish("www", "1.1.0", "newer");
    assert_eq!(project.must(&["tree", "acme.tools"]).out, "acme.tools 1.0.0\n");
    assert_eq!(project.must(&["role", "tree"]).out, "branch main\n");
    let newer = project.must(&["collection", "tree", "acme.tools"]);
    assert_eq!(newer.out, "acme.tools 1.0.0\n");
    // What is not required is asked of the servers.
    assert_eq!(project.must(&["tree", "acme.web"]).out, "acme.web 1.1.0\n");
}

#[test]
fn a_lock_file_says_the_same_from_every_folder() {
    let bench = Bench::new();
    bench.file("project/given/web/tasks/main.yml", "- debug: msg=web\n");
    bench.file("project/requirements.yml", "roles:\n  - src: ./given/web\n");
    let run = |folder: &str, arguments: &[&str]| {
        let done = said(bench.command(arguments).current_dir(bench.path().join(folder)));
        assert_eq!(done.code, 0, "{folder} {arguments:?}: {done:?}");
    };
    let read = || fs::read_to_string(bench.path().join("project/requirements.lock")).unwrap();
    run("project", &["galaxy", "lock"]);
    let first = read();
    assert!(first.contains("source = \"path+given/web\"\n"), "{first}");
    for (folder, file) in [
        (".", "project/requirements.yml"),
        ("project/given", "../requirements.yml"),
    ] {
        run(folder, &["galaxy", "lock", "--check", "-r", file]);
        run(folder, &["galaxy", "install", "--locked", "--force", "-r", file]);
        run(folder, &["galaxy", "lock", "-r", file]);
        assert_eq!(read(), first);
    }
    let play = bench.file("project/site.yml", "- hosts: localhost\n  gather_facts: false\n");
    run(
        ".",
        &["play", "--locked", "-i", "localhost,", &play.to_string_lossy()],
    );
}

#[test]
fn where_plays_do_not_look_for_collections_is_told() {
    let project = Project::new();
    for (folder, told) in [
        ("elsewhere", true),
        ("collections", false),
        (".ansible/collections", false),
    ] {
        let done = project.must(&["collection", "install", "-p", folder]);
        assert_eq!(
            done.err.contains("plays will not find collections in"),
            told,
            "{folder}: {done:?}"
        );
    }
}
