//! What a connection is made of: address, token, trusted authorities.

use std::fmt;
use std::path::{Path, PathBuf};

use ureq::http::HeaderValue;
use ureq::tls::{PemItem, RootCerts, parse_pem};

use crate::error::{ClientError, Result};
use crate::retry::RetryPolicy;

/// How to reach a service and who asks.
#[derive(Clone, Default)]
pub struct Settings {
    /// Address of the service, see [`Address::parse`].
    pub url: String,
    /// Bearer token; without one the service answers 401.
    pub token: Option<String>,
    /// PEM file with the only certificate authorities to trust; without one the usual public authorities are trusted.
    pub ca: Option<PathBuf>,
    /// When calls are repeated.
    pub retry: RetryPolicy,
}

impl fmt::Debug for Settings {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &self.url)
            .field("token", &self.token.as_ref().map(|_| "***"))
            .field("ca", &self.ca)
            .field("retry", &self.retry)
            .finish()
    }
}

/// Value of the authorization header; never shown by `{:?}`.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|_| ClientError::Settings("the token contains characters that no header can carry".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The certificates of a PEM file, at least one.
pub(crate) fn read_authorities(path: &Path) -> Result<RootCerts> {
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
