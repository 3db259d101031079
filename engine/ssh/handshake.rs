//! The protocol library's settings for one host, and what its errors during the handshake mean.

use crate::{
    banner::Seen,
    fault::{Fault, host_key, unreachable},
    handler::{Notes, one_line},
    proxy_command::ProxyCommand,
    settings::Settings,
};
use russh::{
    SshId,
    client::Config,
    keys::{Algorithm, EcdsaCurve, HashAlg},
};
use std::borrow::Cow;

/// Settings of the protocol library for one host.
pub(crate) fn config(settings: &Settings, (known, authority): &(Vec<String>, bool)) -> Config {
    let mut keys = vec![
        Algorithm::Ed25519,
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP384,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP521,
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha512),
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha256),
        },
    ];
    if settings.sha1_host_keys {
        keys.push(Algorithm::Rsa { hash: None });
    }
    let certificates = if *authority { keys.clone() } else { Vec::new() };
    // Ask for a key of a known type first, or a host with several keys looks like a changed one.
    keys.sort_by_key(|algorithm| {
        let name = if matches!(algorithm, Algorithm::Rsa { .. }) {
            "ssh-rsa"
        } else {
            algorithm.as_str()
        };
        !known.iter().any(|known| known == name)
    });
    let mut config = Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-kdo_", env!("CARGO_PKG_VERSION")))),
        keepalive_interval: Some(settings.alive_interval),
        // The library gives up one interval after the last unanswered question.
        keepalive_max: settings.alive_count.saturating_sub(1).max(1),
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    };
    config.preferred.key = Cow::Owned(keys);
    config.preferred.host_key_certificates = Cow::Owned(certificates);
    config
}

/// Why there is no session after the connection was made.
pub(crate) fn explain(
    settings: &Settings,
    error: &russh::Error,
    notes: &Notes,
    seen: &Seen,
    proxy: Option<&ProxyCommand>,
) -> Fault {
    if let Some(refused) = notes.refused() {
        return Fault::Final(refused);
    }
    let label = settings.label();
    let spoke_ssh = |line: &str| line.starts_with("SSH-");
    let first = seen.first_line();
    if let Some(line) = first.as_deref().filter(|line| !spoke_ssh(line)) {
        let line = one_line(line);
        // sshd says so in plain text when it has too many connections or punishes this address.
        if line.contains("MaxStartups") || line.contains("Not allowed at this time") {
            return Fault::HungUp(line);
        }
        return Fault::Final(unreachable(format!(
            "{label} is no SSH server: it answered {line:?}"
        )));
    }
    if let Some(text) = proxy.and_then(ProxyCommand::complaint) {
        return Fault::Final(unreachable(format!("ProxyCommand for {label}: {text}")));
    }
    match error {
        russh::Error::IO(e) if hung_up(e.kind()) => Fault::HungUp(e.to_string()),
        russh::Error::Disconnect | russh::Error::HUP => Fault::HungUp("the connection was closed".to_owned()),
        russh::Error::Version => Fault::Final(unreachable(format!("{label} is no SSH server"))),
        russh::Error::NoCommonAlgo { kind, theirs, .. } => Fault::Final(unreachable(format!(
            "{label} and this program share no {kind:?} algorithm; the server offers {}",
            one_line(&theirs.join(","))
        ))),
        russh::Error::WrongServerSig | russh::Error::UnknownKey => Fault::Final(host_key(format!(
            "{label} did not prove that it holds its host key"
        ))),
        other => Fault::Final(unreachable(format!("SSH handshake with {label} failed: {other}"))),
    }
}

fn hung_up(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        kind,
        ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof
    )
}
