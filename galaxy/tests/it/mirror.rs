//! A mirror as a folder and behind a web server: for kdo, and for the real ansible-galaxy where it is at hand.

use crate::bench::{Nginx, Project, StaticTree, collection, python_program, role_folder, word};
use kdo_galaxy::{Cause, Kind, Requirement, download, mirror, tree_digest};
use std::{fs, path::Path, process::Command};

fn role(name: &str) -> Requirement {
    Requirement::named(Kind::Role, name, "")
}

/// A project that mirrored two collections and a role in two versions, to be served at that URL.
fn mirrored(url: Option<&str>) -> Project {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.1.0", &[]);
    server.publish("acme.tools", "1.0.0", &[("acme.base", ">=1")]);
    let project = Project::of_server(&server);
    let source = project.path("given/demo");
    role_folder(&source, "galaxy_info: {description: a demo}\n");
    for version in ["1.2", "1.10"] {
        let mut demo = word(Kind::Role, &source);
        demo.name = Some("acme.demo".to_owned());
        demo.version = version.to_owned();
        let resolved = project.resolve(&[collection("acme.tools", "*"), demo]).unwrap();
        mirror(&project.store(), &resolved, &project.path("given/mirror"), url).unwrap();
    }
    project
}

fn must_install(server: &str, version: &str) {
    let mut project = Project::new();
    project.overrides.server = Some(server.to_owned());
    let done = project
        .install(&[collection("acme.tools", "*"), role("acme.demo")])
        .unwrap();
    let shown: Vec<String> = done
        .iter()
        .map(|d| format!("{} {}", d.package, d.version))
        .collect();
    assert_eq!(
        shown,
        [
            "acme.base 1.1.0",
            "acme.tools 1.0.0",
            &format!("acme.demo {version}")
        ]
    );
    let failure = project.install(&[role("acme.none")]).unwrap_err();
    assert_eq!(failure.cause, Cause::NotFound, "{failure}");
}

#[test]
fn a_mirror_is_a_server_without_a_server_and_behind_nginx() {
    let project = mirrored(None);
    let folder = project.path("given/mirror");
    must_install(&format!("file://{}/api/", folder.display()), "1.10");
    let Some(server) = Nginx::start(&folder, &project.path("given/nginx")) else {
        return;
    };
    must_install(&server.url("/api/"), "1.10");
}

#[test]
fn a_role_is_installed_under_another_name_than_its_server_has_for_it() {
    let given = mirrored(None);
    let mut project = Project::new();
    let url = format!("file://{}/api/", given.path("given/mirror").display());
    project.overrides.server = Some(url);
    let file = project.write("given.yml", "- {src: acme.demo, name: other, version: '1.2'}\n");
    let list = kdo_galaxy::Requirements::read(&file, &kdo_syntax::SourceMap::new())
        .unwrap()
        .list;
    let lock = project.lock(&list).unwrap();
    assert!(
        lock.text().contains("source = \"acme.demo of galaxy+file://"),
        "{}",
        lock.text()
    );
    project
        .install_locked(&list, &kdo_galaxy::Lock::parse(&lock.text()).unwrap())
        .unwrap();
    let installed = tree_digest(&project.path("roles/other")).unwrap();
    assert_eq!(installed, tree_digest(&given.path("given/demo")).unwrap());
    // A mirror has it under its own name.
    let resolved = project.resolve(&list).unwrap();
    mirror(&project.store(), &resolved, &project.path("given/second"), None).unwrap();
    assert!(project.path("given/second/api/v1/q/acme.demo.json").is_file());
}

#[test]
fn a_published_version_never_changes() {
    let project = mirrored(None);
    fs::write(project.path("given/demo/tasks/main.yml"), "- other:\n").unwrap();
    let mut demo = word(Kind::Role, project.path("given/demo"));
    demo.name = Some("acme.demo".to_owned());
    demo.version = "1.2".to_owned();
    let resolved = project.resolve(&[demo]).unwrap();
    let failure = mirror(&project.store(), &resolved, &project.path("given/mirror"), None).unwrap_err();
    assert_eq!(failure.cause, Cause::Mismatch, "{failure}");
}

#[test]
fn a_server_far_away_cannot_send_us_to_files() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.0.0", &[]);
    let page = server
        .folder()
        .join("api/v3/collections/acme/base/versions/1.0.0/index.html");
    let text = fs::read_to_string(&page).unwrap();
    let file = server.folder().join("files/acme-base-1.0.0.tar.gz");
    fs::write(
        &page,
        text.replace(
            "/files/acme-base-1.0.0.tar.gz",
            &format!("file://{}", file.display()),
        ),
    )
    .unwrap();
    let project = Project::of_server(&server);
    assert!(project.install(&[collection("acme.base", "*")]).is_err());
    project.must_be_untouched();
}

#[test]
fn what_is_downloaded_is_installed_by_its_requirements() {
    let mut server = StaticTree::start();
    server.publish("acme.base", "1.1.0", &[]);
    server.publish("acme.tools", "1.0.0", &[("acme.base", ">=1")]);
    let project = Project::of_server(&server);
    let resolved = project.resolve(&[collection("acme.tools", "*")]).unwrap();
    let folder = project.path("given/packages");
    download(&project.store(), &resolved, &folder).unwrap();
    drop(server);
    let mut fresh = Project::new();
    fresh.overrides.offline = true;
    let file = folder.join("requirements.yml");
    let read = kdo_galaxy::Requirements::read(&file, &kdo_syntax::SourceMap::new()).unwrap();
    assert_eq!(fresh.install(&read.list).unwrap().len(), 2);
}

fn run(program: &Path, home: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("ANSIBLE_NOCOLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn the_real_ansible_galaxy_installs_and_verifies_what_a_mirror_serves() {
    let Some(program) = python_program("ansible-galaxy") else {
        return;
    };
    let first = mirrored(None);
    let folder = first.path("given/mirror");
    let Some(server) = Nginx::start(&folder, &first.path("given/nginx")) else {
        return;
    };
    // It finds roles by whole URLs only.
    let source = first.path("given/demo");
    let mut demo = word(Kind::Role, &source);
    demo.name = Some("acme.demo".to_owned());
    demo.version = "2.0".to_owned();
    let resolved = first.resolve(&[demo]).unwrap();
    mirror(&first.store(), &resolved, &folder, Some(&server.url(""))).unwrap();
    let home = first.path("given/home");
    fs::create_dir(&home).unwrap();
    let api = server.url("/api/");
    run(
        &program,
        &home,
        &["collection", "install", "acme.tools", "-s", &api],
    );
    run(
        &program,
        &home,
        &["collection", "verify", "acme.tools", "acme.base", "-s", &api],
    );
    run(&program, &home, &["role", "install", "acme.demo,2.0", "-s", &api]);
    let theirs = tree_digest(&home.join(".ansible/roles/acme.demo")).unwrap();
    assert_eq!(theirs, tree_digest(&source).unwrap());
    // What kdo installed is installed for it too, and whole.
    let mut project = Project::new();
    project.overrides.server = Some(api.clone());
    project
        .install(&[collection("acme.tools", "*"), role("acme.demo")])
        .unwrap();
    let path = project.path("collections").display().to_string();
    let said = run(
        &program,
        &home,
        &["collection", "install", "acme.tools", "-s", &api, "-p", &path],
    );
    assert!(said.contains("Nothing to do"), "{said}");
    run(
        &program,
        &home,
        &[
            "collection",
            "verify",
            "acme.tools",
            "acme.base",
            "-s",
            &api,
            "-p",
            &path,
        ],
    );
    let roles = project.path("roles").display().to_string();
    let said = run(&program, &home, &["role", "list", "-p", &roles]);
    assert!(said.contains("- acme.demo, 2.0"), "{said}");
}
