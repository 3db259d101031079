//! Servers that fail, cut, redirect and ask who we are; roles of a Galaxy server.

use crate::bench::{Answer, ArchiveFile, Asked, Project, Web, collection, collection_archive};
use kdo_galaxy::{Cause, Digest, Kind, Requirement};
use std::{fs, sync::Arc};

const ROOT: &str = r#"{"available_versions": {"v1": "v1/", "v3": "v3/"}}"#;

/// Pages of one collection; `extra` answers first.
fn galaxy(archive: Vec<u8>, extra: impl Fn(&Asked, usize) -> Option<Answer> + Send + Sync + 'static) -> Web {
    let archive = Arc::new(archive);
    let hash = Digest::of(&archive).hex();
    Web::start(move |asked, before| {
        if let Some(answer) = extra(asked, before) {
            return answer;
        }
        match asked.target.as_str() {
            "/api/" => Answer::of(200, ROOT),
            "/api/v3/collections/acme/tools/versions/?limit=100" => Answer::of(
                200,
                r#"{"data": [{"version": "1.0.0"}], "links": {"next": "/next"}}"#,
            ),
            "/next" => Answer::of(
                200,
                r#"{"data": [{"version": "1.1.0"}], "links": {"next": null}}"#,
            ),
            "/api/v3/collections/acme/tools/versions/1.1.0/" => Answer::of(
                200,
                format!(
                    r#"{{"version": "1.1.0", "namespace": {{"name": "acme"}}, "collection": {{"name": "tools"}},
                    "download_url": "/file", "artifact": {{"sha256": "{hash}"}}, "metadata": {{"dependencies": {{}}}}}}"#
                ),
            ),
            "/file" => Answer::of(200, archive.to_vec()),
            _ => Answer::of(404, "{}"),
        }
    })
}

fn tools() -> Vec<u8> {
    collection_archive("acme.tools", "1.1.0", &[])
}

fn of_server(server: &Web) -> Project {
    let mut project = Project::new();
    project.overrides.server = Some(server.url("/api/"));
    project
}

#[test]
fn pages_are_followed_and_passing_failures_outlasted() {
    let server = galaxy(tools(), |asked, before| {
        let status = match before {
            0 => 429,
            1 => 502,
            _ => return None,
        };
        let mut answer = Answer::of(status, "busy");
        answer.headers.push(("Retry-After", "0".to_owned()));
        asked.target.contains("versions").then_some(answer)
    });
    let done = of_server(&server)
        .install(&[collection("acme.tools", "*")])
        .unwrap();
    assert_eq!(done[0].version.as_str(), "1.1.0");
}

#[test]
fn a_refusal_is_told_in_the_servers_words_and_not_tried_again() {
    let server = galaxy(tools(), |asked, _| {
        let said = r#"{"errors": [{"status": "403", "detail": "You shall not pass."}]}"#;
        asked.target.contains("versions").then(|| Answer::of(403, said))
    });
    let failure = of_server(&server)
        .install(&[collection("acme.tools", "*")])
        .unwrap_err();
    assert_eq!(failure.cause, Cause::Server);
    assert!(failure.to_string().contains("You shall not pass."), "{failure}");
    assert!(failure.diagnostic.help.is_some());
    assert_eq!(
        server
            .asked()
            .iter()
            .filter(|a| a.target.contains("versions"))
            .count(),
        1
    );
}

#[test]
fn the_field_that_pulp_finds_wrong_is_told() {
    for (said, wanted) in [
        (
            r#"{"version": ["It is too long."]}"#,
            "400 Bad Request: version: It is too long.",
        ),
        (
            r#"{"non_field_errors": ["They differ."]}"#,
            "400 Bad Request: They differ.",
        ),
    ] {
        let server = galaxy(tools(), move |asked, _| {
            asked.target.contains("versions").then(|| Answer::of(400, said))
        });
        let failure = of_server(&server)
            .install(&[collection("acme.tools", "*")])
            .unwrap_err();
        assert!(failure.to_string().contains(wanted), "{failure}");
    }
}

#[test]
fn a_download_goes_on_where_it_was_cut() {
    let archive = tools();
    let (length, cut) = (archive.len(), archive.len() / 3);
    let whole = archive.clone();
    let server = galaxy(archive, move |asked, before| {
        if asked.target != "/file" {
            return None;
        }
        if before == 0 {
            let mut answer = Answer::of(200, whole.clone());
            answer.cut = Some(cut);
            return Some(answer);
        }
        assert_eq!(asked.headers["range"], format!("bytes={cut}-"));
        let mut answer = Answer::of(206, &whole[cut..]);
        answer
            .headers
            .push(("Content-Range", format!("bytes {cut}-{}/{length}", length - 1)));
        Some(answer)
    });
    of_server(&server)
        .install(&[collection("acme.tools", "*")])
        .unwrap();
    assert_eq!(server.asked().iter().filter(|a| a.target == "/file").count(), 2);
}

#[test]
fn credentials_go_to_their_server_only() {
    let archive = tools();
    let elsewhere = {
        let archive = archive.clone();
        Web::start(move |_, _| Answer::of(200, archive.clone()))
    };
    let away = elsewhere.url("/away");
    let server = galaxy(archive, move |asked, _| {
        assert_eq!(
            asked.headers.get("authorization").map(String::as_str),
            Some("Token secret"),
            "{asked:?}"
        );
        let mut answer = Answer::of(302, "");
        answer.headers.push(("Location", away.clone()));
        (asked.target == "/file").then_some(answer)
    });
    let mut project = of_server(&server);
    project.overrides.token = Some("secret".to_owned());
    project.install(&[collection("acme.tools", "*")]).unwrap();
    let asked = elsewhere.asked();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].headers.contains_key("authorization"), "{asked:?}");
}

#[test]
fn who_we_are_to_each_server_is_configured() {
    let server = galaxy(tools(), |asked, _| match asked.target.as_str() {
        "/token" => Some(Answer::of(200, r#"{"access_token": "given", "expires_in": 900}"#)),
        _ => None,
    });
    let with = |options: &str| {
        let mut project = Project::new();
        let url = server.url("/api/");
        project.settings =
            format!("[galaxy]\nserver_list = mine\n[galaxy_server.mine]\nurl = {url}\n{options}\n");
        project.install(&[collection("acme.tools", "*")]).unwrap();
        let asked = server.asked();
        asked.last().unwrap().headers.get("authorization").cloned()
    };
    assert_eq!(with(""), None);
    assert_eq!(with("token = abc").as_deref(), Some("Token abc"));
    assert_eq!(with("username = u\npassword = p").as_deref(), Some("Basic dTpw"));
    let exchange = format!("token = refresh\nauth_url = {}", server.url("/token"));
    assert_eq!(with(&exchange).as_deref(), Some("Bearer given"));
}

/// A server with one role, whose answer names it as `name`.
fn role_server(name: &'static str, versions: &'static str) -> Web {
    let archive = ArchiveFile::role().packed();
    Web::start(move |asked, _| match asked.target.as_str() {
        "/api/" => Answer::of(200, ROOT),
        "/api/v1/roles/?owner__username=acme&name=demo" => Answer::of(
            200,
            format!(
                r#"{{"results": [{{"id": 7, "name": "{name}", "summary_fields": {{"namespace": {{"name": "acme"}}}}}}]}}"#
            ),
        ),
        "/api/v1/roles/7/versions/?page_size=50" => Answer::of(200, versions),
        "/one.tar.gz" => Answer::of(200, archive.clone()),
        _ => Answer::of(200, r#"{"results": []}"#),
    })
}

#[test]
fn a_role_of_a_server_in_its_newest_or_wanted_version() {
    let versions = r#"{"results": [{"name": "v1.2", "source": "/one.tar.gz"}, {"name": "v1.10", "download_url": "/one.tar.gz"}]}"#;
    let server = role_server("demo", versions);
    let role = |version: &str| Requirement::named(Kind::Role, "acme.demo", version);
    let project = of_server(&server);
    let done = project.install(&[role("")]).unwrap();
    assert_eq!(done[0].version.as_str(), "v1.10");
    let info = fs::read_to_string(project.path("roles/acme.demo/meta/.galaxy_install_info")).unwrap();
    assert!(
        info.contains("version: v1.10\n") && info.contains("install_date: "),
        "{info}"
    );
    let done = of_server(&server).install(&[role("v1.2")]).unwrap();
    assert_eq!(done[0].version.as_str(), "v1.2");
    let failure = of_server(&server).install(&[role("v3")]).unwrap_err();
    assert!(
        failure.diagnostic.notes.join(" ").contains("but v1.10, v1.2"),
        "{failure:?}"
    );
}

#[test]
fn another_role_than_asked_is_refused() {
    let server = role_server(
        "evil",
        r#"{"results": [{"name": "v1", "source": "/one.tar.gz"}]}"#,
    );
    let project = of_server(&server);
    let failure = project
        .install(&[Requirement::named(Kind::Role, "acme.demo", "")])
        .unwrap_err();
    assert_eq!(failure.cause, Cause::Mismatch, "{failure}");
    project.must_be_untouched();
}
