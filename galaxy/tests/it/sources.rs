//! The same package from each source.

use crate::bench::{
    Project, Repository, StaticTree, collection, collection_archive, collection_folder, role_folder, word,
};
use kdo_galaxy::{Cause, Installer, Kind, Location, Mode, Requirement, resolve_locked, tree_digest};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

fn git(kind: Kind, name: &str, url: &str, folder: Option<&str>, revision: &str) -> Requirement {
    let mut requirement = Requirement::named(kind, name, revision);
    requirement.location = Location::Git {
        url: url.to_owned(),
        folder: folder.map(str::to_owned),
    };
    requirement
}

/// A role with a program and links, as honest ones have them.
fn rich_role(folder: &Path) {
    role_folder(folder, "galaxy_info: {}\n");
    fs::create_dir_all(folder.join("files")).unwrap();
    fs::write(folder.join("files/run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(folder.join("files/run.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    symlink("../tasks/main.yml", folder.join("tasks/again.yml")).unwrap();
    symlink("files", folder.join("extra")).unwrap();
}

#[test]
fn a_role_has_the_same_tree_from_folder_archive_and_git_and_installed() {
    let repository = Repository::new();
    rich_role(repository.path());
    repository.commit();
    repository.git(&["tag", "v1.0"]);
    let archive = repository
        .path()
        .parent()
        .unwrap()
        .join(format!("role-{}.tar.gz", std::process::id()));
    repository.git(&[
        "archive",
        "--prefix=top-1.0/",
        "--output",
        archive.to_str().unwrap(),
        "v1.0",
    ]);
    let wanted = tree_digest(repository.path()).unwrap();
    let named = |mut requirement: Requirement| {
        requirement.name = Some("demo".to_owned());
        requirement
    };
    let ways = [
        named(word(Kind::Role, repository.path())),
        named(word(Kind::Role, &archive)),
        git(Kind::Role, "demo", &repository.url(), None, "v1.0"),
    ];
    for requirement in ways {
        let project = Project::new();
        let lock = project.lock(std::slice::from_ref(&requirement)).unwrap();
        assert_eq!(lock.packages[0].tree, wanted, "{requirement:?}");
        project
            .install_locked(std::slice::from_ref(&requirement), &lock)
            .unwrap();
        let installed = project.path("roles/demo");
        assert_eq!(tree_digest(&installed).unwrap(), wanted, "{requirement:?}");
        assert_eq!(
            fs::read_link(installed.join("tasks/again.yml")).unwrap(),
            Path::new("../tasks/main.yml")
        );
    }
    fs::remove_file(archive).unwrap();
}

#[test]
fn a_role_that_links_into_the_one_beside_it_is_whole_from_git_and_folder() {
    let repository = Repository::new();
    let at = |name: &str| repository.path().join(name);
    role_folder(&at("roles/user"), "galaxy_info: {}\n");
    repository.write("roles/shared/files/add.sh", "shared\n");
    repository.write("roles/shared/tasks/update/main.yml", "- shared:\n");
    symlink("../shared/files/add.sh", at("roles/user/add.sh")).unwrap();
    symlink("../../shared/tasks/update", at("roles/user/tasks/update")).unwrap();
    // That is not the role's business.
    symlink("/etc/passwd", at("roles/shared/secret")).unwrap();
    repository.commit();
    let mut folder = word(Kind::Role, at("roles/user"));
    folder.name = Some("user".to_owned());
    let part = git(Kind::Role, "user", &repository.url(), Some("roles/user"), "");
    let mut trees = Vec::new();
    for requirement in [folder, part.clone()] {
        let project = Project::new();
        let lock = project.lock(std::slice::from_ref(&requirement)).unwrap();
        project
            .install_locked(std::slice::from_ref(&requirement), &lock)
            .unwrap();
        let role = project.path("roles/user");
        for (name, text) in [("add.sh", "shared\n"), ("tasks/update/main.yml", "- shared:\n")] {
            assert_eq!(
                fs::read_to_string(role.join(name)).unwrap(),
                text,
                "{requirement:?}"
            );
        }
        assert!(!role.join("add.sh").is_symlink() && !role.join("tasks/update").is_symlink());
        assert_eq!(tree_digest(&role).unwrap(), lock.packages[0].tree);
        trees.push(lock.packages[0].tree);
    }
    assert_eq!(trees[0], trees[1]);
    // Out of the repository nothing is taken, neither at once nor by a neighbour's link.
    symlink("/etc/passwd", at("roles/shared/tasks/secret")).unwrap();
    for target in [
        "../../../../../../etc/passwd",
        "../shared/secret",
        "../shared/tasks",
    ] {
        fs::remove_file(at("roles/user/add.sh")).unwrap();
        symlink(target, at("roles/user/add.sh")).unwrap();
        repository.commit();
        let project = Project::new();
        let failure = project.install(std::slice::from_ref(&part)).unwrap_err();
        assert_eq!(failure.cause, Cause::Refused, "{failure:?}");
        project.must_be_untouched();
    }
}

#[test]
fn a_folder_of_a_repository_is_neither_above_it_nor_behind_a_link() {
    let repository = Repository::new();
    role_folder(&repository.path().join("roles/one"), "galaxy_info: {}\n");
    let outside = tempfile::tempdir().unwrap();
    role_folder(outside.path(), "galaxy_info: {}\n");
    symlink(outside.path(), repository.path().join("link")).unwrap();
    repository.commit();
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    for folder in ["link", &format!("../{name}"), "..", "missing"] {
        let project = Project::new();
        let failure = project
            .install(&[git(Kind::Role, "one", &repository.url(), Some(folder), "")])
            .unwrap_err();
        assert_eq!(failure.cause, Cause::NotFound, "{folder}: {failure:?}");
        project.must_be_untouched();
    }
    let project = Project::new();
    let part = git(Kind::Role, "one", &repository.url(), Some("./roles/one"), "");
    project.install(&[part]).unwrap();
}

#[test]
fn git_gives_branch_tag_commit_and_folder() {
    let repository = Repository::new();
    role_folder(&repository.path().join("roles/one"), "galaxy_info: {}\n");
    let first = repository.commit();
    repository.git(&["tag", "--annotate", "--message=x", "v1"]);
    repository.write("roles/one/tasks/main.yml", "- second:\n");
    repository.commit();
    repository.git(&["branch", "stable"]);
    repository.write("roles/one/tasks/main.yml", "- third:\n");
    repository.commit();
    let content = |revision: &str| {
        let project = Project::new();
        let requirement = git(Kind::Role, "one", &repository.url(), Some("roles/one"), revision);
        project.install(&[requirement]).unwrap();
        fs::read_to_string(project.path("roles/one/tasks/main.yml")).unwrap()
    };
    assert_eq!(content("v1"), "- debug:\n");
    assert_eq!(content(&first), "- debug:\n");
    assert_eq!(content(&first[..8]), "- debug:\n");
    assert_eq!(content("stable"), "- second:\n");
    assert_eq!(content("main"), "- third:\n");
    assert_eq!(content(""), "- third:\n");
    let project = Project::new();
    let failure = project
        .install(&[git(Kind::Role, "one", &repository.url(), None, "stabel")])
        .unwrap_err();
    assert_eq!(failure.cause, Cause::NotFound);
    assert_eq!(failure.diagnostic.help.as_deref(), Some("did you mean stable?"));
    project.must_be_untouched();
}

#[test]
fn what_git_would_take_for_an_option_or_a_program_is_refused() {
    let project = Project::new();
    let marker = project.path("given-marker");
    let touch = format!("touch {}", marker.display());
    for url in [
        format!("-ccore.sshCommand={touch}"),
        format!("--upload-pack={touch}"),
        format!("ext::sh -c '{touch}'"),
        format!("ssh://-oProxyCommand={touch}/x"),
    ] {
        assert!(
            project
                .install(&[git(Kind::Role, "demo", &url, None, "")])
                .is_err(),
            "{url}"
        );
    }
    let repository = Repository::new();
    role_folder(repository.path(), "galaxy_info: {}\n");
    repository.commit();
    for revision in ["--orphan=x", "-x", "a..b", "HEAD^", "HEAD:x"] {
        let failure = project.install(&[git(Kind::Role, "demo", &repository.url(), None, revision)]);
        assert!(failure.is_err(), "{revision}");
    }
    assert!(!marker.exists());
    project.must_be_untouched();
}

#[test]
fn a_role_without_metadata_is_installed() {
    let project = Project::new();
    let folder = project.path("given/bare");
    role_folder(&folder, "");
    fs::remove_dir_all(folder.join("meta")).unwrap();
    project.install(&[word(Kind::Role, &folder)]).unwrap();
    assert!(project.path("roles/bare/tasks/main.yml").is_file());
    let archive = project.path("given.tar.gz");
    let made = Command::new("tar")
        .args(["czf"])
        .arg(&archive)
        .arg("-C")
        .arg(project.path("given"))
        .arg("bare")
        .status();
    assert!(made.unwrap().success());
    let mut requirement = word(Kind::Role, &archive);
    requirement.name = Some("other".to_owned());
    project.install(&[requirement]).unwrap();
    assert!(project.path("roles/other/tasks/main.yml").is_file());
}

#[test]
fn a_collection_comes_from_folder_archive_git_url_and_server() {
    let mut server = StaticTree::start();
    server.publish("acme.tools", "1.0.0", &[]);
    let repository = Repository::new();
    collection_folder(&repository.path().join("tools"), "acme.tools", "1.0.0", &[]);
    repository.commit();
    let archive = repository.write("tools.tar.gz", "");
    fs::write(&archive, collection_archive("acme.tools", "1.0.0", &[])).unwrap();
    let url = server.url().replace("/api/", "/files/acme-tools-1.0.0.tar.gz");
    let several = Location::Subdirectories(Box::new(Location::Directory(repository.path().to_owned())));
    let ways = [
        word(Kind::Collection, repository.path().join("tools")),
        word(Kind::Collection, &archive),
        word(Kind::Collection, url),
        word(Kind::Collection, format!("git+{}#/tools/,main", repository.url())),
        collection("acme.tools", ">=1"),
        Requirement {
            name: None,
            location: several,
            ..collection("acme.tools", "")
        },
    ];
    let mut trees = Vec::new();
    for requirement in ways {
        let project = Project::of_server(&server);
        let done = project.install(std::slice::from_ref(&requirement)).unwrap();
        let installed = project.path("collections/ansible_collections/acme/tools");
        assert_eq!(done[0].path, installed, "{requirement:?}");
        trees.push(tree_digest(&installed).unwrap());
        let again = project.install(std::slice::from_ref(&requirement)).unwrap();
        assert!(!again[0].changed, "{requirement:?}");
        let told = project.path("collections/ansible_collections/acme.tools-1.0.0.info/GALAXY.yml");
        assert_eq!(told.is_file(), !requirement.location.is_direct());
    }
    assert!(trees.iter().all(|t| *t == trees[0]), "{trees:?}");
}

#[test]
fn what_was_fetched_is_installed_again_offline() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.1.0", &[]);
    server.publish("acme.tools", "1.0.0", &[("acme.base", ">=1")]);
    let repository = Repository::new();
    role_folder(repository.path(), "galaxy_info: {}\n");
    repository.commit();
    let list = [
        collection("acme.tools", "*"),
        git(Kind::Role, "demo", &repository.url(), None, "main"),
    ];
    let mut project = Project::of_server(&server);
    project.install(&list).unwrap();
    drop(server);
    fs::remove_dir_all(repository.path()).unwrap();
    fs::remove_dir_all(project.path("collections")).unwrap();
    fs::remove_dir_all(project.path("roles")).unwrap();
    project.overrides.offline = true;
    let done = project.install(&list).unwrap();
    let names: Vec<&str> = done.iter().map(|d| d.package.name()).collect();
    assert_eq!(names, ["acme.base", "acme.tools", "demo"]);
    let failure = project.install(&[collection("acme.other", "*")]).unwrap_err();
    assert_eq!(failure.cause, Cause::NotFound);
}

#[test]
fn several_installers_at_once_all_succeed() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.0.0", &[]);
    server.publish("acme.tools", "1.0.0", &[("acme.base", "*")]);
    let project = Project::of_server(&server);
    let folder = project.path("given/web");
    role_folder(&folder, "galaxy_info: {}\n");
    // The sources of each are made before, as they write the settings.
    let lock = project
        .lock(&[collection("acme.tools", "*"), word(Kind::Role, &folder)])
        .unwrap();
    let resolved = resolve_locked(&lock, &[], &project.sources()).unwrap();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    Installer {
                        mode: Mode::ForceAll,
                        ..project.installer()
                    }
                    .install(&resolved, Some(&lock))
                })
            })
            .collect();
        for run in runs {
            run.join().unwrap().unwrap();
        }
    });
    assert_eq!(project.store().check().unwrap(), Vec::<std::path::PathBuf>::new());
    for locked in &lock.packages {
        let target = project.installer().target(&locked.package);
        assert_eq!(tree_digest(&target).unwrap(), locked.tree);
    }
    let entries = |name: &str| fs::read_dir(project.path(name)).unwrap().count();
    assert_eq!(
        (entries("roles"), entries("collections/ansible_collections")),
        (1, 3)
    );
}

#[test]
fn a_collection_may_need_a_repository() {
    let base = Repository::new();
    collection_folder(base.path(), "acme.base", "1.0.0", &[]);
    base.commit();
    let project = Project::new();
    let folder = project.path("given/tools");
    let needed = format!("git+{}", base.url());
    collection_folder(&folder, "acme.tools", "1.0.0", &[(&needed, "main")]);
    let done = project.install(&[word(Kind::Collection, &folder)]).unwrap();
    assert_eq!(done.len(), 2);
    assert!(
        project
            .path("collections/ansible_collections/acme/base/README.md")
            .is_file()
    );
    // But no package asks for files of this machine.
    let evil = project.path("given/evil");
    collection_folder(&evil, "acme.evil", "1.0.0", &[("/etc", "*")]);
    assert!(project.install(&[word(Kind::Collection, &evil)]).is_err());
}

#[test]
fn a_collection_of_a_branch_that_went_on_is_installed_again() {
    let repository = Repository::new();
    collection_folder(repository.path(), "acme.tools", "1.0.0", &[]);
    repository.commit();
    let project = Project::new();
    let list = [git(
        Kind::Collection,
        "acme.tools",
        &repository.url(),
        None,
        "main",
    )];
    assert!(project.install(&list).unwrap()[0].changed);
    assert!(!project.install(&list).unwrap()[0].changed);
    repository.write("later", "the version stands still\n");
    repository.commit();
    assert!(project.install(&list).unwrap()[0].changed);
    assert!(
        project
            .path("collections/ansible_collections/acme/tools/later")
            .is_file()
    );
}
