//! Tokens that another server gives for the one we have: `auth_url`, as Keycloak does it for hubs, with a real server of
//! OAuth (Python's authlib).

use crate::bench::{Project, collection, collection_archive};
use kdo_galaxy::{Cause, Http, HttpOptions};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The servers; they end with it.
struct OAuth {
    _folder: tempfile::TempDir,
    process: Child,
    port: u16,
}

impl OAuth {
    /// None where Python's packages cannot be had.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let venv = folder.path().join("venv");
        let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
        let pip = Command::new(venv.join("bin/pip"))
            .args(["install", "-q", "authlib==1.9.10", "flask==3.1.3"])
            .output();
        if !made.is_ok_and(|o| o.status.success()) || !pip.is_ok_and(|o| o.status.success()) {
            eprintln!("SKIPPED: Python's authlib cannot be had");
            return None;
        }
        let archive = folder.path().join("archive");
        fs::write(&archive, collection_archive("acme.tools", "1.0.0", &[])).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/oauth.py");
        let mut process = Command::new(venv.join("bin/python"))
            .arg(script)
            .arg(archive)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Some(Self {
            port: line.trim().parse().unwrap(),
            _folder: folder,
            process,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
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

impl Drop for OAuth {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
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
