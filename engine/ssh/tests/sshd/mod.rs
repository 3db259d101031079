//! A real OpenSSH server without privileges, on a loopback port, in a directory of its own.

#![allow(dead_code)] // each test program uses a part of it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use kdo_ssh::SshConnector;
use kdo_transport::{Connection, Connector, Endpoint, Process, TransportError};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A running server; it ends with this value.
pub(crate) struct Sshd {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) port: u16,
    child: Child,
}

fn program() -> Option<PathBuf> {
    [
        "/usr/sbin/sshd",
        "/usr/bin/sshd",
        "/usr/local/sbin/sshd",
        "/sbin/sshd",
    ]
    .iter()
    .map(PathBuf::from)
    .find(|path| path.is_file())
}

/// Runs a tool that must succeed.
pub(crate) fn tool(program: &str, args: &[&str]) {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// `ssh-keygen` of a key of `kind` at `path`.
pub(crate) fn keygen(path: &Path, kind: &str, passphrase: &str) {
    tool(
        "ssh-keygen",
        &[
            "-q",
            "-t",
            kind,
            "-N",
            passphrase,
            "-C",
            "test",
            "-f",
            path.to_str().unwrap(),
        ],
    );
}

/// The login user of the server, which is this process's.
pub(crate) fn user() -> String {
    String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

impl Sshd {
    /// Starts a server with extra configuration lines, or says that there is none on this machine.
    pub(crate) fn start(extra: &str) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("skipped: no sshd on this machine");
            return None;
        };
        let _ = std::fs::create_dir("/run/sshd");
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        keygen(&at("host_key"), "ed25519", "");
        keygen(&at("id"), "ed25519", "");
        std::fs::copy(at("id.pub"), at("authorized_keys")).unwrap();
        for _ in 0..20 {
            let port = std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let config = format!(
                "{}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
                 StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
                 PermitRootLogin yes\nLogLevel INFO\n",
                extra.replace("DIR", dir.path().to_str().unwrap()),
                at("host_key").display(),
                at("authorized_keys").display()
            );
            std::fs::write(at("sshd_config"), config).unwrap();
            let mut child = Command::new(&program)
                .args(["-D", "-e", "-f", at("sshd_config").to_str().unwrap()])
                .stdin(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut log = BufReader::new(child.stderr.take().unwrap());
            let mut text = String::new();
            while log.read_line(&mut text).unwrap() > 0 {
                if text.contains("Server listening") {
                    // The pipe has to stay drained, or the server blocks on its log.
                    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                    return Some(Self { dir, port, child });
                }
            }
            let _ = child.wait();
            assert!(text.contains("in use"), "sshd did not start: {text}");
        }
        panic!("no free port");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The name of this server in known_hosts files.
    pub(crate) fn known_name(&self) -> String {
        format!("[127.0.0.1]:{}", self.port)
    }

    /// Writes a known_hosts file with the server's key.
    pub(crate) fn trust(&self) {
        std::fs::write(
            self.path("known_hosts"),
            format!("{} {}", self.known_name(), self.text("host_key.pub")),
        )
        .unwrap();
    }

    /// An endpoint that knows the key and the host; nothing of the user's own configuration is used.
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.trust();
        let mut endpoint = Endpoint::new("target");
        endpoint.address = Some("127.0.0.1".into());
        endpoint.port = Some(self.port);
        endpoint.user = Some(user());
        endpoint.private_key_file = Some(self.path("id"));
        let known_hosts = format!("UserKnownHostsFile={}", self.path("known_hosts").display());
        endpoint.ssh_args = [
            "-F",
            "none",
            "-o",
            &known_hosts,
            "-o",
            "GlobalKnownHostsFile=none",
            "-o",
            "IdentityAgent=none",
        ]
        .map(str::to_owned)
        .to_vec();
        endpoint
    }

    /// Ends the processes that serve connections, the listener stays.
    pub(crate) fn kill_sessions(&self) {
        let children =
            std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id())).unwrap();
        for pid in children.split_whitespace() {
            // One may end by itself when another is killed.
            let _ = Command::new("kill")
                .args(["-9", pid])
                .stderr(Stdio::null())
                .status();
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Feeds `input` to a process and gathers its output and exit status.
pub(crate) async fn finish(process: Process, input: &[u8]) -> (Vec<u8>, Vec<u8>, Option<i32>) {
    let Process {
        mut stdin,
        mut stdout,
        mut stderr,
        exit,
    } = process;
    let write = async move {
        let _ = stdin.write_all(input).await;
        let _ = stdin.shutdown().await;
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ((), a, b) = tokio::join!(write, stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
    a.unwrap();
    b.unwrap();
    (out, err, exit.await.ok())
}

/// Connects with a connector of its own.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Arc<dyn Connection>, TransportError> {
    SshConnector::new().connect(endpoint).await
}

/// The error of a connection that must fail; always one line.
pub(crate) async fn refused(endpoint: &Endpoint) -> TransportError {
    match connect(endpoint).await {
        Ok(_) => panic!("connected"),
        Err(error) => {
            assert!(!error.message.contains('\n'), "{}", error.message);
            error
        }
    }
}

/// Standard output of a command.
pub(crate) async fn says(connection: &Arc<dyn Connection>, command: &str) -> String {
    let process = connection.start(command, false).await.unwrap();
    String::from_utf8(finish(process, b"").await.0).unwrap()
}

/// Adds a `-o` option before all others.
pub(crate) fn option(endpoint: &mut Endpoint, text: &str) {
    // First, as the first value of a keyword counts.
    endpoint.ssh_args.splice(0..0, ["-o".to_owned(), text.to_owned()]);
}
