//! Which versions are taken, what is locked, and what is said when nothing fits.

use crate::bench::{Project, StaticTree, collection, collection_archive, role_folder, word};
use kdo_galaxy::{Cause, Choice, Kind, Lock, Mode, Requirement, resolve};
use std::fs;

fn chosen(project: &Project, list: &[Requirement]) -> Vec<String> {
    let resolved = project.resolve(list).unwrap();
    resolved
        .iter()
        .map(|r| format!("{} {}", r.release.package, r.release.version))
        .collect()
}

#[test]
fn the_newest_that_fits_all_is_taken() {
    let mut server = StaticTree::start();
    for version in ["1.0.0", "1.9.0", "1.10.0", "2.0.0", "3.0.0-rc.1"] {
        server.publish("acme.base", version, &[]);
    }
    server.publish("acme.web", "1.0.0", &[("acme.base", ">=1.0.0,<2.0.0")]);
    server.publish("acme.db", "1.0.0", &[("acme.base", "!=1.10.0")]);
    server.publish("acme.db", "2.0.0", &[("acme.base", ">=2.0.0")]);
    let project = Project::of_server(&server);
    let all = |n: &str| collection(n, "*");
    assert_eq!(chosen(&project, &[all("acme.base")]), ["acme.base 2.0.0"]);
    assert_eq!(
        chosen(&project, &[all("acme.web")]),
        ["acme.base 1.10.0", "acme.web 1.0.0"]
    );
    let both = chosen(&project, &[all("acme.db"), all("acme.web")]);
    assert_eq!(both, ["acme.base 1.9.0", "acme.db 1.0.0", "acme.web 1.0.0"]);
}

#[test]
fn prereleases_are_taken_where_they_are_wanted() {
    let mut server = StaticTree::start();
    for version in ["1.0.0", "2.0.0-beta.1", "2.0.0-beta.2"] {
        server.publish("acme.base", version, &[]);
    }
    server.publish("acme.early", "0.1.0-a", &[]);
    server.publish("acme.user", "1.0.0", &[("acme.base", "2.0.0-beta.1")]);
    let project = Project::of_server(&server);
    assert_eq!(
        chosen(&project, &[collection("acme.base", ">=1")]),
        ["acme.base 1.0.0"]
    );
    assert_eq!(
        chosen(&project, &[collection("acme.base", "==2.0.0-beta.2")]),
        ["acme.base 2.0.0-beta.2"]
    );
    assert_eq!(
        chosen(&project, &[collection("acme.early", "*")]),
        ["acme.early 0.1.0-a"]
    );
    assert_eq!(
        chosen(&project, &[collection("acme.user", "*")]),
        ["acme.base 2.0.0-beta.1", "acme.user 1.0.0"]
    );
    let failure = project.resolve(&[collection("acme.base", ">1")]).err().unwrap();
    assert!(failure.diagnostic.help.unwrap().contains("--pre"));
    let failure = project.resolve(&[collection("acme.base", ">2")]).err().unwrap();
    assert!(failure.diagnostic.help.is_none());
    let choice = Choice {
        prereleases: true,
        ..Choice::default()
    };
    let resolved = resolve(&[collection("acme.base", "*")], &project.sources(), &choice).unwrap();
    assert_eq!(resolved[0].release.version.as_str(), "2.0.0-beta.2");
}

#[test]
fn a_conflict_is_told_as_the_facts_that_exclude_each_other() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.0.0", &[]);
    server.publish("acme.base", "2.0.0", &[]);
    server.publish("acme.web", "1.0.0", &[("acme.base", "<2.0.0")]);
    server.publish("acme.db", "1.0.0", &[("acme.base", ">=2.0.0")]);
    let project = Project::of_server(&server);
    let failure = project
        .resolve(&[collection("acme.web", "*"), collection("acme.db", "*")])
        .err()
        .unwrap();
    assert_eq!(failure.cause, Cause::Conflict);
    let told = failure.diagnostic.notes.join(" ");
    for fact in [
        "you require acme.web",
        "you require acme.db",
        "acme.web 1.0.0 needs acme.base <2.0.0",
        "acme.db 1.0.0 needs acme.base >=2.0.0",
    ] {
        let every = fact
            .replacen("acme.web 1.0.0 needs", "every acme.web needs", 1)
            .replacen("acme.db 1.0.0 needs", "every acme.db needs", 1);
        assert!(
            told.contains(fact) || told.contains(&every),
            "{told} lacks {fact}"
        );
    }
    let failure = project.resolve(&[collection("acme.base", ">=3")]).err().unwrap();
    assert!(
        failure
            .diagnostic
            .notes
            .join(" ")
            .contains("there is no acme.base"),
        "{failure:?}"
    );
    let failure = project.resolve(&[collection("acme.none", "*")]).err().unwrap();
    assert_eq!(failure.cause, Cause::NotFound);
}

#[test]
fn a_name_is_taken_from_one_server_only() {
    let (mut ours, mut public) = (StaticTree::start(), StaticTree::start());
    ours.publish("acme.tools", "1.2.0", &[]);
    public.publish("acme.tools", "99.0.0", &[]);
    public.publish("other.thing", "1.0.0", &[]);
    let mut project = Project::new();
    let servers = |first: &str, pins: &str| {
        format!(
            "[galaxy]\nserver_list = {first}\n[galaxy_server.ours]\nurl={}\n[galaxy_server.public]\nurl={}\n{pins}",
            ours.url(),
            public.url()
        )
    };
    let list = [collection("acme.tools", "*"), collection("other.thing", "*")];
    project.settings = servers("ours, public", "");
    assert_eq!(chosen(&project, &list), ["acme.tools 1.2.0", "other.thing 1.0.0"]);
    project.settings = servers("public, ours", "[galaxy_sources]\nacme.* = ours\n");
    assert_eq!(chosen(&project, &list), ["acme.tools 1.2.0", "other.thing 1.0.0"]);
    // What is pinned is asked nowhere else.
    project.settings = servers("public, ours", "[galaxy_sources]\nother.* = ours\n");
    assert!(project.resolve(&list).is_err());
}

#[test]
fn the_lock_file_brings_back_the_same_and_tells_what_was_replaced() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.0.0", &[]);
    server.publish("acme.tools", "1.0.0", &[("acme.base", "*")]);
    let list = [collection("acme.tools", "*")];
    let project = Project::of_server(&server);
    let lock = project.lock(&list).unwrap();
    assert_eq!(Lock::parse(&lock.text()).unwrap(), lock);
    server.publish("acme.base", "2.0.0", &[]);
    let fresh = Project::of_server(&server);
    let done = fresh.install_locked(&list, &lock).unwrap();
    assert_eq!(done[0].version.as_str(), "1.0.0");
    // A file changed after the install is put right.
    let changed = fresh.path("collections/ansible_collections/acme/base/README.md");
    fs::write(&changed, "changed").unwrap();
    let again = fresh.install_locked(&list, &lock).unwrap();
    assert!(again[0].changed && !again[1].changed);
    assert_ne!(fs::read_to_string(&changed).unwrap(), "changed");
    // The server replaces a published version.
    let other = collection_archive("acme.base", "1.0.0", &[("acme.tools", "*")]);
    server.publish_archive("acme.base", "1.0.0", &[], &other);
    let late = Project::of_server(&server);
    let failure = late.install_locked(&list, &lock).unwrap_err();
    assert_eq!(failure.cause, Cause::Mismatch, "{failure}");
    late.must_be_untouched();
}

#[test]
fn dependencies_of_roles_are_installed_and_conflicts_told() {
    let project = Project::new();
    for name in ["one", "two"] {
        let folder = project.path(&format!("given/{name}"));
        let meta =
            format!("dependencies:\n  - local_role\n  - {{name: base, src: 'git+file:///nowhere/{name}'}}\n");
        role_folder(&folder, &meta);
    }
    let list = [
        word(Kind::Role, project.path("given/one")),
        word(Kind::Role, project.path("given/two")),
    ];
    let failure = project.resolve(&list).err().unwrap();
    assert_eq!(failure.cause, Cause::Conflict, "{failure}");
    assert!(failure.to_string().contains("two places"), "{failure}");
    // What the user says himself counts.
    let own = project.path("given/base");
    role_folder(&own, "galaxy_info: {}\n");
    let mut list = list.to_vec();
    list.push(word(Kind::Role, &own));
    let done = project.install(&list).unwrap();
    assert_eq!(done.len(), 3);
    assert!(project.path("roles/base/tasks/main.yml").is_file());
}

/// What is chosen beside what is installed.
fn chosen_beside(project: &Project, list: &[Requirement], upgrade: bool) -> Vec<String> {
    let mut choice = Choice {
        upgrade,
        ..Choice::default()
    };
    choice.keep_installed(&project.installer(), list);
    let resolved = resolve(list, &project.sources(), &choice).unwrap();
    let shown = |r: &kdo_galaxy::Resolved| format!("{} {}", r.release.package, r.release.version);
    resolved.iter().map(shown).collect()
}

#[test]
fn where_all_is_installed_nobody_is_asked() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.0.0", &[]);
    server.publish("acme.tools", "1.0.0", &[("acme.base", ">=1")]);
    let mut project = Project::of_server(&server);
    let list = [collection("acme.tools", "*")];
    project.install(&list).unwrap();
    drop(server);
    project.overrides.server = Some("http://127.0.0.1:1/api/".to_owned());
    assert_eq!(
        chosen_beside(&project, &list, false),
        ["acme.base 1.0.0", "acme.tools 1.0.0"]
    );
    // What it needs and nobody has is no reason to replace what is there.
    fs::remove_dir_all(project.path("collections/ansible_collections/acme/base")).unwrap();
    let other = StaticTree::of_files();
    project.overrides.server = Some(other.url());
    assert_eq!(chosen_beside(&project, &list, false), ["acme.tools 1.0.0"]);
}

#[test]
fn an_upgrade_is_never_to_an_older_version_and_force_takes_the_newest() {
    let mut server = StaticTree::start();
    for version in ["1.0.0", "2.0.0-beta.1"] {
        server.publish("acme.base", version, &[]);
    }
    let mut project = Project::of_server(&server);
    project
        .install(&[collection("acme.base", "2.0.0-beta.1")])
        .unwrap();
    let list = [collection("acme.base", "*")];
    assert_eq!(chosen_beside(&project, &list, true), ["acme.base 2.0.0-beta.1"]);
    server.publish("acme.base", "2.0.0", &[]);
    assert_eq!(chosen_beside(&project, &list, false), ["acme.base 2.0.0-beta.1"]);
    assert_eq!(chosen_beside(&project, &list, true), ["acme.base 2.0.0"]);
    project.mode = Mode::Force;
    assert_eq!(chosen_beside(&project, &list, false), ["acme.base 2.0.0"]);
}

#[test]
fn what_is_required_twice_must_fulfil_both() {
    let mut server = StaticTree::start();
    for version in ["1.0.0", "1.5.0", "2.0.0"] {
        server.publish("acme.base", version, &[]);
    }
    let project = Project::of_server(&server);
    let list = [collection("acme.base", ">1.0.0"), collection("acme.base", "<2")];
    assert_eq!(chosen(&project, &list), ["acme.base 1.5.0"]);
    let list = [collection("acme.base", "1.0.0"), collection("acme.base", "2.0.0")];
    let failure = project.resolve(&list).err().unwrap();
    assert!(failure.to_string().contains("required twice"), "{failure}");
}

#[test]
fn a_version_that_cannot_be_read_is_passed_over() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.0.0", &[]);
    server.tell("acme.base", "2.0.0", &[("acme.other", "~>1.0")], "");
    let project = Project::of_server(&server);
    assert_eq!(
        chosen(&project, &[collection("acme.base", "*")]),
        ["acme.base 1.0.0"]
    );
    let failure = project
        .resolve(&[collection("acme.base", "2.0.0")])
        .err()
        .unwrap();
    let told = failure.diagnostic.notes.join(" ");
    assert!(
        told.contains("acme.base 2.0.0 cannot be used") && told.contains("~>1.0"),
        "{told}"
    );
}
