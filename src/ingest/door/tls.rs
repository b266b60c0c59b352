//! RTMPS: TLS from the configured certificate.

use std::io;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::config;

/// The acceptor when certificate and key are given, `None` when neither is.
///
/// # Errors
/// A sentence that names the key of the configuration and what is wrong with its file.
pub fn acceptor(config: &config::Ingest) -> io::Result<Option<TlsAcceptor>> {
    let (cert_path, key_path) = match (&config.tls_cert, &config.tls_key) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (cert, key),
        (Some(_), None) => return Err(io::Error::other("ingest.tls_cert is given without ingest.tls_key: give both")),
        (None, Some(_)) => return Err(io::Error::other("ingest.tls_key is given without ingest.tls_cert: give both")),
    };
    let bad_cert = |why: &dyn std::fmt::Display| {
        io::Error::other(format!("ingest.tls_cert: {} is not a PEM certificate chain: {why}", cert_path.display()))
    };
    let bad_key = |why: &dyn std::fmt::Display| {
        io::Error::other(format!("ingest.tls_key: {} is not a PEM private key: {why}", key_path.display()))
    };
    let chain = CertificateDer::pem_file_iter(cert_path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| bad_cert(&why))?;
    if chain.is_empty() {
        return Err(bad_cert(&"no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(key_path).map_err(|why| bad_key(&why))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|why| io::Error::other(format!("ingest.tls_cert and ingest.tls_key do not go together: {why}")))?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
