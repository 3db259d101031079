//! Ways to a host: jump hosts, proxy commands, and networks and servers that fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

mod sshd;

use kdo_ssh::SshConnector;
use kdo_transport::{Connector, Endpoint, TransportErrorKind as Kind};
use sshd::{Sshd, connect, finish, option, refused, says, user};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn jump_hosts_are_shared_and_chained() {
    let (Some(jump), Some(target)) = (Sshd::start(""), Sshd::start("")) else {
        return;
    };
    let mut endpoint = target.endpoint();
    let known = format!(
        "{} {}\n{} {}",
        jump.known_name(),
        jump.text("host_key.pub"),
        target.known_name(),
        target.text("host_key.pub")
    );
    std::fs::write(target.path("known_hosts"), known).unwrap();
    let config = format!(
        "IdentityAgent none\nUserKnownHostsFile {0}/known_hosts\nHost one two\n HostName 127.0.0.1\n Port {1}\n User {2}\n IdentityFile {3}/id\n\
         Host two\n ProxyJump one\nHost 127.0.0.1\n ProxyJump two\n",
        target.dir.path().display(),
        jump.port,
        user(),
        jump.dir.path().display()
    );
    std::fs::write(target.path("config"), config).unwrap();
    endpoint.ssh_args = vec!["-F".into(), target.path("config").display().to_string()];
    let connector = SshConnector::new();
    let (a, b) = tokio::join!(connector.connect(&endpoint), connector.connect(&endpoint));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(
        says(&a, "echo $SSH_CONNECTION | cut -d' ' -f4").await,
        format!("{}\n", target.port)
    );
    let data = vec![7; 9_000_000];
    assert!(finish(b.start("cat", false).await.unwrap(), &data).await.0 == data);
    jump.kill_sessions();
    let process = a.start("echo hi", false).await;
    assert!(process.is_err() || finish(process.unwrap(), b"").await.2.is_none());
    connector.connect(&endpoint).await.unwrap();

    endpoint
        .ssh_args
        .extend(["-J".into(), "no-such-jump.invalid".into()]);
    let error = refused(&endpoint).await;
    assert!(
        error
            .message
            .contains("jump host no-such-jump.invalid: could not resolve"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_proxy_command_carries_the_connection_and_its_complaint_is_told() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut endpoint = sshd.endpoint();
    option(
        &mut endpoint,
        "ProxyCommand=bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & exec cat >&3'",
    );
    let connection = connect(&endpoint).await.unwrap();
    assert_eq!(says(&connection, "echo ok").await, "ok\n");
    option(&mut endpoint, "ProxyCommand=sh -c 'echo no way >&2; exit 1'");
    let error = refused(&endpoint).await;
    assert!(error.message.ends_with("no way"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drops_early_connections_loses_none_of_forty() {
    let Some(sshd) = Sshd::start("MaxStartups 3:60:5\n") else {
        return;
    };
    let mut endpoint = sshd.endpoint();
    endpoint.connect_timeout = Duration::from_secs(60);
    let connector = SshConnector::new();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (connector, endpoint) = (connector.clone(), endpoint.clone());
        tasks.spawn(async move { connector.connect(&endpoint).await.map(|_| ()) });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut endpoint = Endpoint::new("127.0.0.1");
    endpoint.port = Some(listener.local_addr().unwrap().port());
    endpoint.ssh_args = vec!["-F".into(), "none".into()];
    endpoint.connect_timeout = Duration::from_millis(700);
    let (error, _silent) = tokio::join!(refused(&endpoint), listener.accept());
    assert!(
        error
            .message
            .contains("timed out after 0.7 s during the SSH handshake"),
        "{}",
        error.message
    );
    let garbage = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
    };
    let (error, ()) = tokio::join!(refused(&endpoint), garbage);
    assert!(
        error.message.contains("is no SSH server") && error.message.contains("HTTP/1.1 400"),
        "{}",
        error.message
    );
    drop(listener);
    let error = refused(&endpoint).await;
    assert!(
        error.message.starts_with("connection refused by 127.0.0.1"),
        "{}",
        error.message
    );
    assert_eq!(error.kind, Kind::Unreachable);
}

#[tokio::test]
async fn a_connection_reset_before_authentication_is_tried_again() {
    let Some(sshd) = Sshd::start("") else { return };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut endpoint = sshd.endpoint();
    let port = listener.local_addr().unwrap().port();
    endpoint.port = Some(port);
    let key = sshd.text("host_key.pub");
    std::fs::write(sshd.path("known_hosts"), format!("[127.0.0.1]:{port} {key}")).unwrap();
    let target = sshd.port;
    let relay = tokio::spawn(async move {
        for _ in 0..2 {
            drop(listener.accept().await.unwrap());
        }
        let (mut from, _) = listener.accept().await.unwrap();
        let mut to = tokio::net::TcpStream::connect(("127.0.0.1", target))
            .await
            .unwrap();
        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
    });
    let connection = connect(&endpoint).await.unwrap();
    assert_eq!(says(&connection, "echo ok").await, "ok\n");
    relay.abort();
}

#[tokio::test]
async fn a_lost_connection_ends_the_streams_without_an_exit_status() {
    let Some(sshd) = Sshd::start("") else { return };
    let connection = connect(&sshd.endpoint()).await.unwrap();
    let process = connection.start("exec sleep 30", false).await.unwrap();
    sshd.kill_sessions();
    let block = vec![0; 32 << 20];
    let (out, _, exit) = finish(process, &block).await;
    assert!(out.is_empty() && exit.is_none());
    assert!(
        connection
            .start("true", false)
            .await
            .err()
            .unwrap()
            .message
            .contains("lost")
    );
    assert!(!connection.is_alive());
}

#[tokio::test]
async fn hosts_behind_a_dead_jump_host_fail_together_and_not_one_after_the_other() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let jump = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let connector = SshConnector::new();
    let start = std::time::Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..20 {
        let mut endpoint = Endpoint::new(format!("host{index}"));
        endpoint.ssh_args = ["-F", "none", "-J", &jump].map(str::to_owned).to_vec();
        endpoint.connect_timeout = Duration::from_millis(500);
        let connector = connector.clone();
        tasks.spawn(async move { connector.connect(&endpoint).await.err().unwrap().message });
    }
    for message in tasks.join_all().await {
        assert!(
            message.contains("jump host") && message.contains("timed out"),
            "{message}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(3));
}
