//! Signed tokens: taken apart, checked in the order of AUTH-21, made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of a token at most (AUTH-21).
pub(crate) const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Seconds by which clocks may differ.
pub(crate) const SKEW_S: f64 = 60.0;

/// Why a token is not accepted; for the log, to the caller all are one 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadToken {
    /// Larger than 16 KiB.
    TooLarge,
    /// Not three parts of base64url with JSON in them, or without a claim that is needed.
    Malformed,
    /// Signed in a way that is not accepted, or not at all.
    Algorithm,
    /// Signed with a key that is not known.
    UnknownKey,
    /// The signature is not that of the key.
    Signature,
    /// Not of an issuer that is trusted.
    Issuer,
    /// Made for another service.
    Audience,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    Early,
    /// Of a tenant that is not accepted.
    Tenant,
    /// It names neither an application nor a person.
    Subject,
}

impl BadToken {
    /// For the log.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => "the token is too large",
            Self::Malformed => "not a token",
            Self::Algorithm => "signed in a way that is not accepted",
            Self::UnknownKey => "signed with an unknown key",
            Self::Signature => "wrong signature",
            Self::Issuer => "issuer that is not trusted",
            Self::Audience => "made for another service",
            Self::Expired => "expired token",
            Self::Early => "not valid yet",
            Self::Tenant => "of another tenant",
            Self::Subject => "names nobody",
        }
    }
}

/// A token in its parts, of which nothing is proven yet.
pub(crate) struct Unproven<'a> {
    pub(crate) header: Header,
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Unproven<'a> {
    /// Takes a token apart. One whose algorithm has a name that is not known, such as `none`, is refused here.
    pub(crate) fn parse(token: &'a str) -> Result<Self, BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(BadToken::TooLarge);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(BadToken::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(BadToken::Malformed)?;
        if payload.contains('.') {
            return Err(BadToken::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(header).map_err(|_| BadToken::Malformed)?;
        let named: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| BadToken::Malformed)?;
        if named.get("crit").is_some() {
            return Err(BadToken::Malformed); // demands what we do not know
        }
        let header = serde_json::from_value(named).map_err(|_| BadToken::Algorithm)?;
        Ok(Self { header, message, payload, signature })
    }

    /// What it says, before that is proven: good for choosing a key, for nothing else.
    pub(crate) fn claims<C: DeserializeOwned>(&self) -> Result<C, BadToken> {
        let bytes = URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| BadToken::Malformed)?;
        serde_json::from_slice(&bytes).map_err(|_| BadToken::Malformed)
    }

    /// What it says, if the key signed it.
    pub(crate) fn prove<C: DeserializeOwned>(&self, key: &DecodingKey, algorithm: Algorithm) -> Result<C, BadToken> {
        if self.header.alg != algorithm {
            return Err(BadToken::Algorithm);
        }
        match crypto::verify(self.signature, self.message.as_bytes(), key, algorithm) {
            Ok(true) => self.claims(),
            Ok(false) | Err(_) => Err(BadToken::Signature),
        }
    }
}

/// Whether the time of a token has come and is not over. Numeric dates may be fractional (F-15).
pub(crate) fn check_times(expires_s: f64, not_before_s: Option<f64>, now_s: i64) -> Result<(), BadToken> {
    let now_s = now_s as f64;
    if !expires_s.is_finite() || now_s >= expires_s + SKEW_S {
        return Err(BadToken::Expired);
    }
    match not_before_s {
        Some(begin_s) if !begin_s.is_finite() || now_s < begin_s - SKEW_S => Err(BadToken::Early),
        _ => Ok(()),
    }
}

/// Signs claims with ES256.
pub(crate) fn sign(claims: &impl Serialize, kid: &str, key: &EncodingKey) -> Option<String> {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
    jsonwebtoken::encode(&header, claims, key).ok()
}
