//! TLS of everything that this crate connects to: whom it trusts, and the one crypto library of the program.

use std::path::Path;
use std::sync::Arc;

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::error::{ClientError, Result};

/// Trusts the usual public authorities.
pub(crate) fn public() -> TlsConfig {
    trusting(RootCerts::WebPki)
}

/// Trusts the authorities in a PEM file, and no others.
pub(crate) fn of_authorities(path: &Path) -> Result<TlsConfig> {
    Ok(trusting(read_authorities(path)?))
}

fn trusting(roots: RootCerts) -> TlsConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build()
}

/// The certificates of a PEM file, at least one.
fn read_authorities(path: &Path) -> Result<RootCerts> {
    let refused = |why: String| ClientError::Settings(format!("certificate file {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(refused(error.to_string())),
        }
    }
    if found.is_empty() {
        return Err(refused("it holds no certificate in PEM form".into()));
    }
    Ok(RootCerts::new_with_certs(&found))
}
