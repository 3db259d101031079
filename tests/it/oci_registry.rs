//! A registry of OCI for tests: Debian's docker-registry on a free port, with TLS and a password where asked.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The registry, which ends with it.
pub(crate) struct OciRegistry {
    folder: tempfile::TempDir,
    server: Child,
    port: u16,
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
        Self::with("", "")
    }

    /// With a certificate of a throw-away authority, for the user `me` with the password `secret`.
    pub(crate) fn guarded() -> Option<Self> {
        if !has("openssl") || !has("perl") {
            return None;
        }
        let tls = "  tls: {certificate: FOLDER/server.crt, key: FOLDER/server.key}\n";
        Self::with(tls, "auth: {htpasswd: {realm: test, path: FOLDER/htpasswd}}\n")
    }

    fn with(http: &str, more: &str) -> Option<Self> {
        if !has("docker-registry") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        if !http.is_empty() {
            certificates(folder.path());
        }
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: FOLDER/data}}\n\
             http:\n  addr: 127.0.0.1:{port}\n{http}{more}"
        );
        let file = folder.path().join("config.yml");
        fs::write(&file, config.replace("FOLDER", &path)).unwrap();
        let server = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self { folder, server, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the registry does not start"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(registry)
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
    new(&[
        "-subj",
        "/CN=registry",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
    ]);
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    run(
        "openssl",
        &[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            "server.csr",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            "names",
            "-out",
            "server.crt",
        ],
    );
    let hash = run(
        "perl",
        &["-e", r#"print crypt("secret", '$2y$05$abcdefghijklmnopqrstuu')"#],
    );
    let line = format!("me:{}\n", String::from_utf8(hash).unwrap());
    fs::write(folder.join("htpasswd"), line).unwrap();
}
