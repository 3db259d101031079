//! Tokens that another server gives for the one we have: `auth_url`, as Keycloak does it for hubs, with a real server of
//! OAuth (Python's authlib).

use crate::bench::{FileServer, Project, collection, collection_archive, python_program};
use kdo_galaxy::{Cause, Http, HttpOptions};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The servers; they end with it.
struct OAuth {
    _folder: tempfile::TempDir,
    server: FileServer,
}

impl OAuth {
    /// None where Python's packages cannot be had.
    fn start() -> Option<Self> {
        let python = python_program("python")?;
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive");
        fs::write(&archive, collection_archive("acme.tools", "1.0.0", &[])).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/oauth.py");
        let mut program = Command::new(python);
        program.arg(script).arg(archive).stdin(Stdio::piped());
        Some(Self {
            server: FileServer::of(&mut program),
            _folder: folder,
        })
    }

    fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    fn project(&self, how: &str) -> Project {
        let mut project = Project::new();
        let (url, token) = (self.url("api/"), self.url("token"));
        project.settings = format!(
            "[galaxy]\nserver_list = hub\n[galaxy_server.hub]\nurl = {url}\nauth_url = {token}\n{how}\n"
        );
        project
    }

    /// What tokens were asked for by.
    fn asked(&self) -> Vec<String> {
        let http = Http::new(HttpOptions::default());
        let told = http.json(&self.url("asked"), None).unwrap().unwrap();
        told.as_sequence().unwrap().iter().map(|v| v.to_text()).collect()
    }
}

#[test]
fn a_token_is_exchanged_once_and_again_before_it_ends() {
    let Some(server) = OAuth::start() else { return };
    let list = [collection("acme.tools", "*")];
    let with_token = server.project("token = offline+token/1=");
    with_token.install(&list).unwrap();
    assert_eq!(server.asked(), ["refresh_token"]);
    let with_secret = server.project("client_id = robot\nclient_secret = s+c/r=t&");
    with_secret.install(&list).unwrap();
    assert_eq!(server.asked(), ["refresh_token", "client_credentials"]);
    for wrong in ["token = another", "client_id = robot\nclient_secret = another"] {
        let project = server.project(wrong);
        let failure = project.install(&list).unwrap_err();
        assert_eq!(failure.cause, Cause::Server, "{failure}");
        assert!(failure.to_string().contains("/token"), "{failure}");
        assert!(!failure.to_string().contains("another"), "{failure}");
        project.must_be_untouched();
    }
    // The same source goes on asking for longer than one token lives.
    let sources = with_token.sources();
    let source = sources.of(&list[0]).unwrap().remove(0);
    let package = list[0].package().unwrap().unwrap();
    let before = server.asked().len();
    let until = Instant::now() + Duration::from_secs(60);
    while server.asked().len() < before + 3 {
        assert!(Instant::now() < until, "the token was not renewed");
        assert_eq!(source.versions(&package).unwrap().len(), 1);
    }
}
