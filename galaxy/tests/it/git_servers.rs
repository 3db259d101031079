//! Repositories on real servers: over HTTP with and without a password.

use crate::bench::{GitHttp, Project, Repository, collection_folder, role_folder};
use kdo_galaxy::{Kind, Requirement, Requirements, tree_digest};

fn requirement(kind: Kind, word: &str) -> Requirement {
    Requirements::of_word(kind, word).unwrap()
}

#[test]
fn roles_and_collections_come_over_http() {
    let project = Project::new();
    let root = project.path("given");
    let role = Repository::at(&root.join("role.git"));
    role_folder(role.path(), "galaxy_info: {}\n");
    role.commit();
    role.git(&["tag", "v1.0"]);
    let at_tag = tree_digest(role.path()).unwrap();
    role.write("files/later", "later\n");
    role.commit();
    let several = Repository::at(&root.join("several.git"));
    collection_folder(&several.path().join("tools"), "acme.tools", "1.0.0", &[]);
    several.commit();
    let server = GitHttp::start(&root, None);
    let list = [
        requirement(
            Kind::Role,
            &format!("git+{},v1.0,demo", server.url("", "role.git")),
        ),
        requirement(
            Kind::Collection,
            &format!("git+{}#/tools/", server.url("", "several.git")),
        ),
    ];
    let lock = project.lock(&list).unwrap();
    let done = project.install_locked(&list, &lock).unwrap();
    assert_eq!(done.len(), 2);
    assert_eq!(tree_digest(&project.path("roles/demo")).unwrap(), at_tag);
    assert!(lock.text().contains("?rev="), "{}", lock.text());
    assert!(
        project
            .path("collections/ansible_collections/acme/tools/MANIFEST.json")
            .is_file()
    );
}

#[test]
fn a_password_is_used_and_never_told() {
    let project = Project::new();
    let root = project.path("given");
    let role = Repository::at(&root.join("role.git"));
    role_folder(role.path(), "galaxy_info: {}\n");
    role.commit();
    let server = GitHttp::start(&root, Some("Basic dTpzZWNyZXQ="));
    let with = |credentials: &str| {
        requirement(
            Kind::Role,
            &format!("git+{},main,demo", server.url(credentials, "role.git")),
        )
    };
    let failure = project.install(&[with("u:wrong-secret@")]).unwrap_err();
    assert!(!failure.to_string().contains("wrong-secret"), "{failure}");
    project.install(&[with("u:secret@")]).unwrap();
    assert!(project.path("roles/demo/tasks/main.yml").is_file());
}
