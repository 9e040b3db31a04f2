//! What a connection is made of: address, token, trusted authorities.

use std::fmt;
use std::path::PathBuf;

use ureq::http::HeaderValue;

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
