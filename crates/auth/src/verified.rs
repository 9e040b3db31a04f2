//! Tokens that were checked a moment ago: a signature costs a hundred times what a digest does.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use driftless_core::TokenSubject;
use sha2::{Digest, Sha256};

/// Most tokens that are remembered.
const TOKENS_MAX: usize = 10_000;
/// Longest time that a token is taken as checked, so that a key that its issuer took back does not count for long (AUTH-23).
const REMEMBERED_S: i64 = 30;

/// What a token was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) subject: TokenSubject,
    /// The address of the service that it is for, if it was made by our own issuer. Compared with the address of each request, since the same token may come
    /// by another.
    pub(crate) audience: Option<String>,
    /// The first second in which it is no longer valid.
    pub(crate) end_s: i64,
}

/// Checked tokens by digest.
#[derive(Default)]
pub(crate) struct VerifiedTokens(RwLock<HashMap<[u8; 32], (Verified, i64)>>);

impl VerifiedTokens {
    /// What a token was found to be, if that still counts.
    pub(crate) fn get(&self, token: &str, now_s: i64) -> Option<Verified> {
        let key: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&key).filter(|(_, until_s)| now_s < *until_s).map(|(verified, _)| verified.clone())
    }

    /// Remembers what a token was found to be.
    pub(crate) fn put(&self, token: &str, verified: Verified, now_s: i64) {
        let key: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TOKENS_MAX {
            known.retain(|_, (_, until_s)| now_s < *until_s);
            if known.len() >= TOKENS_MAX {
                known.clear();
            }
        }
        let until_s = verified.end_s.min(now_s + REMEMBERED_S);
        known.insert(key, (verified, until_s));
    }
}
