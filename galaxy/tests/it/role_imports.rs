//! Roles that a Galaxy server imports from GitHub: what it is asked, and how its answers are read.

use crate::bench::{Answer, Project, Web};
use kdo_galaxy::{Cause, Repository};

fn project(server: &Web) -> Project {
    let mut project = Project::new();
    project.settings = format!(
        "[galaxy]\nserver_list = hub\n[galaxy_server.hub]\nurl = {}\ntoken = secret\n",
        server.url("/api/")
    );
    project
}

fn repository() -> Repository {
    Repository {
        user: "acme".to_owned(),
        name: "ansible-role-web".to_owned(),
    }
}

fn server() -> Web {
    let import = |state: &str| {
        format!(
            r#"{{"results": [{{"id": 7, "state": "{state}", "github_user": "acme", "github_repo": "x", "summary_fields":
            {{"role": {{"namespace": "acme", "name": "web"}}, "task_messages":
            [{{"id": 1, "message_type": "INFO", "message_text": "begun"}}]}}}}]}}"#
        )
    };
    Web::start(move |asked, before| match asked.target.as_str() {
        "/api/" => Answer::of(200, r#"{"available_versions": {"v1": "v1/", "v3": "v3/"}}"#),
        "/api/v1/imports/" if asked.headers.contains_key("content-length") => {
            Answer::of(201, import("WAITING"))
        }
        "/api/v1/imports?id=7" => Answer::of(200, import(if before == 0 { "RUNNING" } else { "SUCCESS" })),
        "/api/v1/imports?github_user=acme&github_repo=ansible-role-web" => Answer::of(200, import("FAILED")),
        "/api/v1/removerole/?github_user=acme&github_repo=ansible-role-web" => Answer::of(
            200,
            r#"{"deleted_roles": [{"id": 1, "namespace": "acme", "name": "web"}], "status": "Role acme.web deleted"}"#,
        ),
        _ => Answer::of(404, "{}"),
    })
}

#[test]
fn a_server_is_asked_for_an_import_and_for_how_it_goes() {
    let server = server();
    let imports = project(&server).sources().role_imports().unwrap();
    let started = imports.start(&repository(), Some("main"), None).unwrap();
    assert_eq!(
        (started[0].id.as_str(), started[0].role.as_deref()),
        ("7", Some("acme.web"))
    );
    assert_eq!(imports.import("7").unwrap().state, "RUNNING");
    let done = imports.import("7").unwrap();
    assert_eq!(
        (done.state.as_str(), done.messages[0].2.as_str()),
        ("SUCCESS", "begun")
    );
    assert_eq!(imports.last(&repository()).unwrap().state, "FAILED");
    let (roles, said) = imports.delete(&repository()).unwrap();
    assert_eq!(
        (roles, said.as_str()),
        (vec!["acme.web".to_owned()], "Role acme.web deleted")
    );
    let asked = server.asked();
    assert!(
        asked.iter().filter(|a| a.target.contains("v1")).all(|a| a
            .headers
            .get("authorization")
            .is_some_and(|h| h == "Token secret")),
        "{asked:?}"
    );
}

#[test]
fn a_server_without_roles_says_so() {
    let server = Web::start(|asked, _| match asked.target.as_str() {
        "/api/" => Answer::of(200, r#"{"available_versions": {"v3": "v3/"}}"#),
        _ => Answer::of(404, "{}"),
    });
    let imports = project(&server).sources().role_imports().unwrap();
    let failure = imports.start(&repository(), None, None).unwrap_err();
    assert_eq!(failure.cause, Cause::Server);
    assert!(
        failure.to_string().contains("no interface for roles"),
        "{failure}"
    );
}
