//! A registry of OCI for tests: Debian's docker-registry on a free port, with TLS and a password where asked.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// The registry, which ends with it.
pub(crate) struct OciRegistry {
    folder: Arc<tempfile::TempDir>,
    server: Child,
    port: u16,
}

const TLS: &str = "  tls: {certificate: FOLDER/server.crt, key: FOLDER/server.key}\n";

const HTPASSWD: &str = "auth: {htpasswd: {realm: test, path: FOLDER/htpasswd}}\n";

/// Starts the program and waits until it listens.
fn serve(folder: &Path, port: u16) -> Child {
    let server = Command::new("docker-registry")
        .arg("serve")
        .arg(folder.join("config.yml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the registry does not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// Whether a program can be had; tells loudly if not.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        eprintln!("SKIPPED: there is no {program} on this machine");
    }
    found
}

impl OciRegistry {
    /// Open to all, without encryption.
    pub(crate) fn start() -> Option<Self> {
        Self::with(&Self::folder(), "", "")
    }

    /// With a certificate of a throw-away authority, for the user `me` with the password `secret`.
    pub(crate) fn guarded() -> Option<Self> {
        if !has("openssl") || !has("perl") {
            return None;
        }
        let folder = Self::folder();
        certificates(folder.path());
        Self::with(&folder, TLS, HTPASSWD)
    }

    /// For the same user, without encryption.
    pub(crate) fn with_password() -> Option<Self> {
        if !has("openssl") || !has("perl") {
            return None;
        }
        let folder = Self::folder();
        certificates(folder.path());
        Self::with(&folder, "", HTPASSWD)
    }

    /// With such a certificate, for those who have one of the same authority.
    pub(crate) fn for_certificates() -> Option<Self> {
        if !has("openssl") || !has("perl") {
            return None;
        }
        let folder = Self::folder();
        certificates(folder.path());
        Self::with(&folder, &TLS.replace('}', ", clientcas: [FOLDER/ca.crt]}"), "")
    }

    /// For those who bring a token of that server, which signs by the key of `certificate`.
    pub(crate) fn for_tokens(realm: &str, certificate: &Path) -> Option<Self> {
        let certificate = certificate.display();
        let auth = format!(
            "auth: {{token: {{realm: '{realm}', service: registry, issuer: tokens, rootcertbundle: {certificate}}}}}\n"
        );
        Self::with(&Self::folder(), "", &auth)
    }

    fn folder() -> Arc<tempfile::TempDir> {
        Arc::new(tempfile::tempdir().unwrap())
    }

    fn with(folder: &Arc<tempfile::TempDir>, http: &str, more: &str) -> Option<Self> {
        if !has("docker-registry") {
            return None;
        }
        let path = folder.path().display().to_string();
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\n\
             storage:\n  filesystem: {{rootdirectory: FOLDER/data}}\n  delete: {{enabled: true}}\n\
             http:\n  addr: 127.0.0.1:{port}\n{http}{more}"
        );
        fs::write(folder.path().join("config.yml"), config.replace("FOLDER", &path)).unwrap();
        let server = serve(folder.path(), port);
        let folder = folder.clone();
        Some(Self { folder, server, port })
    }

    /// Ends it from one moment to the next.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again, with what it kept.
    pub(crate) fn restart(&mut self) {
        self.server = serve(self.folder.path(), self.port);
    }

    /// Bytes of uploads that are on their way to a repository.
    pub(crate) fn uploading(&self, repository: &str) -> u64 {
        let uploads = format!("data/docker/registry/v2/repositories/{repository}/_uploads");
        let uploads = fs::read_dir(self.folder.path().join(uploads));
        let data = uploads
            .into_iter()
            .flatten()
            .flatten()
            .map(|u| u.path().join("data"));
        data.filter_map(|d| fs::metadata(d).ok()).map(|m| m.len()).sum()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// An address of kdo.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("oci://{}/{path}", self.host())
    }

    /// The certificate of the authority.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A certificate of that authority, and its key.
    pub(crate) fn client(&self) -> (PathBuf, PathBuf) {
        (
            self.folder.path().join("client.crt"),
            self.folder.path().join("client.key"),
        )
    }

    /// Asks an open registry; status and body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} /v2/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json\r\n\
             Content-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut rest = String::new();
        answer.read_to_string(&mut rest).unwrap();
        let body = rest.split_once("\r\n\r\n").map_or("", |(_, b)| b);
        (status, body.to_owned())
    }
}

impl Drop for OciRegistry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// An authority, a certificate of it for this machine, and a file with one user.
fn certificates(folder: &Path) {
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(program)
            .args(args)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{program} {args:?}: {output:?}");
        output.stdout
    };
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ];
    let new = |rest: &[&str]| run("openssl", &[&["req", "-new"], &key[..], rest].concat());
    new(&[
        "-x509",
        "-days",
        "2",
        "-subj",
        "/CN=authority",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
        "-addext",
        "keyUsage=critical,keyCertSign",
    ]);
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    for name in ["server", "client"] {
        let file = |end: &str| format!("{name}.{end}");
        let (key, request, certificate) = (file("key"), file("csr"), file("crt"));
        new(&["-subj", "/CN=registry", "-keyout", &key, "-out", &request]);
        let sign = [
            "x509",
            "-req",
            "-days",
            "2",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
        ];
        let files = ["-extfile", "names", "-in", &request, "-out", &certificate];
        run("openssl", &[&sign[..], &files].concat());
    }
    let hash = run(
        "perl",
        &["-e", r#"print crypt("secret", '$2y$05$abcdefghijklmnopqrstuu')"#],
    );
    let line = format!("me:{}\n", String::from_utf8(hash).unwrap());
    fs::write(folder.join("htpasswd"), line).unwrap();
}
