//! A server of pulp for tests: Galaxy and a registry of OCI in one, with PostgreSQL behind it.

use crate::{program::root, venv::python_program};
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// The server, which ends with it. Its user is `admin`, with the password `admin`.
pub(crate) struct Pulp {
    server: Child,
    told: HashMap<String, String>,
}

impl Pulp {
    /// With these repositories, and `fixed`, which serves a version that never changes.
    pub(crate) fn start(repositories: &[&str]) -> Option<Self> {
        let manager = python_program("pulpcore-manager")?;
        let mut versions = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten();
        if !versions.any(|v| v.path().join("bin/initdb").is_file()) {
            eprintln!("SKIPPED: there is no PostgreSQL on this machine");
            return None;
        }
        let mut server = Command::new("python3")
            .arg(root().join("galaxy/tests/interop/pulp.py"))
            .arg(manager.ancestors().nth(2).unwrap())
            .args(repositories)
            // It ends with this, also if the test is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let lines: Vec<String> = lines.map_while(Result::ok).take_while(|l| l != "ready").collect();
        let pair = |line: &String| line.split_once(' ').map(|(k, v)| (k.to_owned(), v.to_owned()));
        let told: HashMap<String, String> = lines.iter().filter_map(pair).collect();
        assert!(told.contains_key("host"), "pulp did not start");
        Some(Self { server, told })
    }

    pub(crate) fn host(&self) -> &str {
        &self.told["host"]
    }

    /// A token of the user, for Galaxy.
    pub(crate) fn token(&self) -> &str {
        &self.told["token"]
    }

    /// The URL of a repository as a Galaxy server.
    pub(crate) fn galaxy(&self, repository: &str) -> String {
        format!("http://{}/pulp_ansible/galaxy/{repository}/api/", self.host())
    }

    /// The same for the user with that password.
    pub(crate) fn galaxy_as(&self, password: &str, repository: &str) -> String {
        self.galaxy(repository)
            .replace("http://", &format!("http://admin:{password}@"))
    }
}

impl Drop for Pulp {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}
