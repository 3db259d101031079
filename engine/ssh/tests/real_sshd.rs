//! The connector against OpenSSH's own server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

mod sshd;

use kdo_ssh::SshConnector;
use kdo_transport::{Connector, Secret, TransportErrorKind as Kind};
use sshd::{Sshd, connect, finish, keygen, option, refused, says, tool, user};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn streams_exit_status_and_signals_come_through() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = connect(&sshd.endpoint()).await.unwrap();
    let process = connection
        .start("cat; echo oops >&2; exit 3", false)
        .await
        .unwrap();
    assert_eq!(
        finish(process, b"in").await,
        (b"in".to_vec(), b"oops\n".to_vec(), Some(3))
    );
    let process = connection.start("kill -9 $$", false).await.unwrap();
    assert_eq!(finish(process, b"").await.2, Some(137));
    assert!(connection.is_alive());
    connection.close().await;
    assert!(connection.start("true", false).await.is_err());
    assert!(!connection.is_alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_stream_is_the_same_both_ways_and_several_processes_share_a_connection() {
    let Some(sshd) = Sshd::start("RekeyLimit 4M\n") else {
        return;
    };
    let connection = connect(&sshd.endpoint()).await.unwrap();
    let data: Vec<u8> = (0..24_000_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let (a, b) = tokio::join!(connection.start("cat", false), connection.start("cat >&2", false));
    let (a, b) = tokio::join!(finish(a.unwrap(), &data), finish(b.unwrap(), &data));
    assert!(a.0 == data && b.1 == data);
}

#[tokio::test]
async fn writing_to_a_program_that_does_not_read_stops_at_a_bound() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = connect(&sshd.endpoint()).await.unwrap();
    let mut process = connection.start("exec sleep 30", false).await.unwrap();
    let block = vec![0; 64 * 1024];
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_secs(2), process.stdin.write_all(&block))
        .await
        .is_ok()
    {
        sent += block.len();
        assert!(sent < 16 << 20, "no back-pressure");
    }
    assert!(sent > 1 << 20);
}

#[tokio::test]
async fn a_pty_is_a_terminal_without_echo() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = connect(&sshd.endpoint()).await.unwrap();
    let command = "test -t 0 && test -t 2 && echo tty; read x; echo got $x >&2; exit 4";
    let process = connection.start(command, true).await.unwrap();
    assert_eq!(
        finish(process, b"pass\n").await,
        (b"tty\ngot pass\n".to_vec(), vec![], Some(4))
    );
}

#[tokio::test]
async fn unknown_changed_and_new_host_keys_are_treated_as_the_settings_say() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut endpoint = sshd.endpoint();
    let known = sshd.path("known_hosts");
    std::fs::remove_file(&known).unwrap();
    let error = refused(&endpoint).await;
    assert_eq!(error.kind, Kind::HostKey);
    let fingerprint = std::process::Command::new("ssh-keygen")
        .args(["-lf"])
        .arg(sshd.path("host_key.pub"))
        .output();
    let fingerprint = String::from_utf8(fingerprint.unwrap().stdout).unwrap();
    assert!(
        error.message.contains(fingerprint.split(' ').nth(1).unwrap()),
        "{}",
        error.message
    );
    assert!(!known.exists());

    option(&mut endpoint, "StrictHostKeyChecking=accept-new");
    option(&mut endpoint, "HashKnownHosts=yes");
    connect(&endpoint).await.unwrap();
    tool(
        "ssh-keygen",
        &["-F", &sshd.known_name(), "-f", known.to_str().unwrap()],
    );
    option(&mut endpoint, "StrictHostKeyChecking=yes");
    connect(&endpoint).await.unwrap();

    let other = Sshd::start("").unwrap();
    let line = format!("# comment\n{} {}", sshd.known_name(), other.text("host_key.pub"));
    std::fs::write(&known, &line).unwrap();
    for setting in ["yes", "accept-new"] {
        option(&mut endpoint, &format!("StrictHostKeyChecking={setting}"));
        let error = refused(&endpoint).await;
        assert_eq!(error.kind, Kind::HostKey);
        assert!(
            error.message.contains(&format!("{}:2", known.display())),
            "{}",
            error.message
        );
    }
    endpoint.host_key_checking = false;
    connect(&endpoint).await.unwrap();
    assert_eq!(std::fs::read_to_string(&known).unwrap(), line);
}

#[tokio::test]
async fn every_kind_of_key_logs_in() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut endpoint = sshd.endpoint();
    for (kind, passphrase) in [
        ("rsa", ""),
        ("ecdsa", ""),
        ("ed25519", "open sesame"),
        ("rsa", "x y"),
    ] {
        let path = sshd.path(&format!("{kind}{}", passphrase.len()));
        keygen(&path, kind, passphrase);
        std::fs::copy(path.with_extension("pub"), sshd.path("authorized_keys")).unwrap();
        endpoint.private_key_file = Some(path);
        endpoint.private_key_passphrase = (!passphrase.is_empty()).then(|| Secret::new(passphrase));
        let connection = connect(&endpoint).await.unwrap_or_else(|e| panic!("{kind}: {e}"));
        assert_eq!(says(&connection, "echo ok").await, "ok\n");
        // The same as text.
        let text = std::fs::read_to_string(endpoint.private_key_file.take().unwrap()).unwrap();
        endpoint.private_key = Some(Secret::new(text.trim()));
        connect(&endpoint)
            .await
            .unwrap_or_else(|e| panic!("{kind} as text: {e}"));
        if endpoint.private_key_passphrase.take().is_some() {
            let error = refused(&endpoint).await;
            assert!(
                error.message.contains("ansible_private_key (is encrypted"),
                "{}",
                error.message
            );
        }
        endpoint.private_key = None;
    }
}

#[tokio::test]
async fn a_pem_key_logs_in_and_an_encrypted_key_without_passphrase_is_named() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut endpoint = sshd.endpoint();
    let path = sshd.path("pem");
    tool(
        "ssh-keygen",
        &[
            "-q",
            "-t",
            "rsa",
            "-m",
            "PEM",
            "-N",
            "",
            "-f",
            path.to_str().unwrap(),
        ],
    );
    std::fs::copy(path.with_extension("pub"), sshd.path("authorized_keys")).unwrap();
    endpoint.private_key_file = Some(path);
    connect(&endpoint).await.unwrap();

    keygen(&sshd.path("locked"), "ed25519", "secret");
    endpoint.private_key_file = Some(sshd.path("locked"));
    let error = refused(&endpoint).await;
    assert_eq!(error.kind, Kind::Authentication);
    assert!(error.message.contains("locked (encrypted"), "{}", error.message);
    endpoint.private_key_passphrase = Some(Secret::new("wrong"));
    let error = refused(&endpoint).await;
    assert!(
        error.message.contains("passphrase does not open it"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_refused_key_is_tried_once_and_named() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut endpoint = sshd.endpoint();
    endpoint.retries = 3;
    std::fs::write(sshd.path("authorized_keys"), "").unwrap();
    let start = std::time::Instant::now();
    let error = refused(&endpoint).await;
    assert_eq!(error.kind, Kind::Authentication);
    for part in [
        "permission denied",
        "server accepts publickey",
        "/id (ED25519 SHA256:",
    ] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    assert!(start.elapsed() < Duration::from_secs(1) * 5 && !error.message.contains("tried 4 times"));
}

#[tokio::test]
async fn certificates_of_user_and_host_are_honoured() {
    let Some(sshd) = Sshd::start("TrustedUserCAKeys DIR/ca.pub\n") else {
        return;
    };
    let mut endpoint = sshd.endpoint();
    std::fs::write(sshd.path("authorized_keys"), "").unwrap();
    keygen(&sshd.path("ca"), "ed25519", "");
    let ca = sshd.path("ca");
    let sign = |args: &[&str], file: &str| {
        let file = sshd.path(file);
        tool(
            "ssh-keygen",
            &[
                &["-q", "-s", ca.to_str().unwrap(), "-I", "t"],
                args,
                &[file.to_str().unwrap()],
            ]
            .concat(),
        );
    };
    sign(&["-n", &user()], "id.pub");
    connect(&endpoint).await.unwrap();
    keygen(&sshd.path("rsa"), "rsa", "");
    sign(&["-n", &user()], "rsa.pub");
    endpoint.private_key_file = Some(sshd.path("rsa"));
    connect(&endpoint).await.unwrap();

    // A second server with the first one's key and a certificate for it.
    sign(&["-h", "-n", "127.0.0.1"], "host_key.pub");
    let again = Sshd::start(&format!(
        "HostKey {}\nHostCertificate {}\n",
        sshd.path("host_key").display(),
        sshd.path("host_key-cert.pub").display()
    ));
    let again = again.unwrap();
    let mut endpoint = again.endpoint();
    let authority = sshd.text("ca.pub");
    std::fs::write(
        again.path("known_hosts"),
        format!("@cert-authority [127.0.0.*]:* {authority}"),
    )
    .unwrap();
    connect(&endpoint).await.unwrap();
    option(&mut endpoint, "HostKeyAlias=elsewhere");
    std::fs::write(
        again.path("known_hosts"),
        format!("@cert-authority * {authority}"),
    )
    .unwrap();
    let error = refused(&endpoint).await;
    assert_eq!(error.kind, Kind::HostKey);
    assert!(error.message.contains("not for elsewhere"), "{}", error.message);
    let revoked = format!("@cert-authority * {authority}@revoked * {authority}");
    std::fs::write(again.path("known_hosts"), revoked).unwrap();
    assert!(refused(&endpoint).await.message.contains("revoked"));
}

struct Agent {
    child: std::process::Child,
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_agent_with_many_keys_is_offered_few_and_the_named_first() {
    use std::io::{BufRead, BufReader};
    let Some(sshd) = Sshd::start("MaxAuthTries 3\n") else {
        return;
    };
    let socket = sshd.path("agent");
    let mut child = std::process::Command::new("ssh-agent")
        .args(["-D", "-a", socket.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let _agent = Agent { child };
    for index in 0..7 {
        let path = sshd.path(&format!("many{index}"));
        keygen(&path, if index == 6 { "rsa" } else { "ed25519" }, "");
        let status = std::process::Command::new("ssh-add")
            .arg("-q")
            .arg(&path)
            .env("SSH_AUTH_SOCK", &socket)
            .status();
        assert!(status.unwrap().success());
        std::fs::remove_file(path).unwrap();
    }
    std::fs::copy(sshd.path("many6.pub"), sshd.path("authorized_keys")).unwrap();
    let mut endpoint = sshd.endpoint();
    option(&mut endpoint, &format!("IdentityAgent={}", socket.display()));
    endpoint.private_key_file = Some(sshd.path("many6"));
    connect(&endpoint).await.unwrap();
    endpoint.private_key_file = Some(sshd.path("many5.pub"));
    option(&mut endpoint, "IdentitiesOnly=yes");
    let error = refused(&endpoint).await;
    assert_eq!(error.message.matches("SHA256:").count(), 1, "{}", error.message);
}

#[tokio::test]
async fn a_changed_key_is_noticed_on_the_next_connection() {
    let Some(sshd) = Sshd::start("") else { return };
    let endpoint = sshd.endpoint();
    let connector = SshConnector::new();
    connector.connect(&endpoint).await.unwrap();
    let again = Sshd::start("").unwrap();
    let mut moved = endpoint.clone();
    moved.port = Some(again.port);
    moved.private_key_file = Some(again.path("id"));
    option(&mut moved, "HostKeyAlias=fixed");
    std::fs::write(
        sshd.path("known_hosts"),
        format!("fixed {}", sshd.text("host_key.pub")),
    )
    .unwrap();
    let error = connector.connect(&moved).await.err().unwrap();
    assert!(error.message.contains("has changed"), "{}", error.message);
    std::fs::write(
        sshd.path("known_hosts"),
        format!("fixed {}", again.text("host_key.pub")),
    )
    .unwrap();
    connector.connect(&moved).await.unwrap();
}
