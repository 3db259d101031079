//! Certificates: of authorities, and of ourselves.

use crate::{Failure, Result};
use rustls_native_certs::{CertificateResult, load_native_certs};
use std::{path::Path, sync::LazyLock};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// A certificate of an authority, as DER.
#[derive(Clone, Debug)]
pub struct Authority(Vec<u8>);

impl Authority {
    /// All certificates of a PEM file. One without any is an error: whoever names it wants it to count.
    pub fn of_file(path: &Path) -> Result<Vec<Self>> {
        let found = certificates(path)?;
        Ok(found.into_iter().map(|c| Self(c.der().to_vec())).collect())
    }
}

/// A certificate that tells a server who we are, with those between it and its authority, and its key.
#[derive(Clone)]
pub struct ClientCertificate(ClientCert);

impl ClientCertificate {
    /// From PEM files.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Self> {
        let chain = certificates(certificate)?;
        let text = read(key)?;
        let key = PrivateKey::from_pem(&text)
            .map_err(|e| Failure::invalid(format!("{} holds no key: {e}", key.display())))?;
        Ok(Self(ClientCert::new_with_certs(&chain, key)))
    }
}

/// Never shows the key.
impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a client's certificate")
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| Failure::file(path, &e))
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let text = read(path)?;
    let found: Vec<Certificate<'static>> = parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(
            Failure::invalid(format!("{} holds no certificate", path.display()))
                .help("a file of PEM blocks that begin with -----BEGIN CERTIFICATE----- is wanted"),
        );
    }
    Ok(found)
}

/// Trusts what this machine trusts, and more.
pub(crate) fn tls(more: &[Authority], client: Option<&ClientCertificate>, unchecked: bool) -> TlsConfig {
    static OF_MACHINE: LazyLock<CertificateResult> = LazyLock::new(load_native_certs);
    let found = OF_MACHINE.certs.iter().map(|c| c.as_ref());
    let roots: Vec<Certificate<'static>> = found
        .chain(more.iter().map(|a| a.0.as_slice()))
        .map(|der| Certificate::from_der(der).to_owned())
        .collect();
    let roots = if roots.is_empty() {
        RootCerts::WebPki
    } else {
        roots.into_iter().into()
    };
    TlsConfig::builder()
        .disable_verification(unchecked)
        .root_certs(roots)
        .client_cert(client.map(|c| c.0.clone()))
        .build()
}
