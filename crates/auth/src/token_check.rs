//! The check of a bearer token on every request.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use driftless_model::Scopes;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::secret::{check_form, digest};
use crate::token_file::{TokenFile, TokenFileError, TokenRecord};
use crate::watched::Watched;

/// Who a valid token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenIdentity {
    /// The `systemuser`.
    pub user: Uuid,
    /// Id of the token, for logs.
    pub token: Uuid,
    /// What it allows.
    pub scopes: Scopes,
}

/// What the check found. Everything but `Ok` is one and the same 401 to the caller (AUTH-24); the difference is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A known, unexpired token.
    Ok(TokenIdentity),
    /// No `Authorization` header, or one of another scheme.
    Missing,
    /// A bearer token of another form, or a mistyped one.
    Malformed,
    /// A well-formed token that is not, or no longer, in the file.
    Unknown,
    /// A token of the file whose time is over.
    Expired,
}

/// The tokens of a data folder in memory, re-read when the file changes.
///
/// A check of a known file costs about a microsecond: one digest, one read lock, one look-up.
///
/// Last use is kept in memory only: it starts anew with the service and is not written to the file.
#[derive(Debug)]
pub struct TokenCheck {
    watched: Watched<TokenRecord, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By the first half of the digest; the whole digest is then compared in constant time.
    by_digest: HashMap<[u8; 16], Entry>,
}

#[derive(Debug)]
struct Entry {
    record: TokenRecord,
    /// Seconds since 1970 UTC; 0 when not used since the start. Shared with the entry of an earlier reading.
    used_s: Arc<AtomicI64>,
}

impl TokenCheck {
    /// Reads the file. `recheck` is [`RECHECK`](crate::RECHECK) in a service; zero looks at the file at every check.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub fn open(file: TokenFile, recheck: Duration) -> Result<Self, TokenFileError> {
        Ok(Self { watched: Watched::open(file.into_records(), recheck, build)? })
    }

    /// Judges the value of an `Authorization` header at the time `now_s` (seconds since 1970 UTC).
    ///
    /// If the file has become unreadable no token is valid any longer; [`TokenCheck::problem`] then says why.
    #[must_use]
    pub fn check(&self, authorization: Option<&str>, now_s: i64) -> Verdict {
        let Some(text) = authorization.and_then(bearer) else {
            return Verdict::Missing;
        };
        if check_form(text).is_err() {
            return Verdict::Malformed;
        }
        let known = self.watched.current();
        let digest = digest(text);
        let Some(entry) = known.by_digest.get(&half(&digest)) else {
            return Verdict::Unknown;
        };
        let record = &entry.record;
        if !bool::from(record.sha256.ct_eq(&digest)) {
            return Verdict::Unknown;
        }
        if record.expires_s.is_some_and(|end_s| now_s >= end_s) {
            return Verdict::Expired;
        }
        entry.used_s.store(now_s, Ordering::Relaxed);
        Verdict::Ok(TokenIdentity { user: record.user, token: record.id, scopes: record.scopes })
    }

    /// When the token was last accepted by this process, in seconds since 1970 UTC.
    #[must_use]
    pub fn last_used_s(&self, token: Uuid) -> Option<i64> {
        let known = self.watched.known();
        let entry = known.by_digest.values().find(|entry| entry.record.id == token)?;
        match entry.used_s.load(Ordering::Relaxed) {
            0 => None,
            used_s => Some(used_s),
        }
    }

    /// Why the file could not be read at the last look, for the log and for readiness.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.watched.problem()
    }
}

/// Tokens that were known before keep when they were last used.
fn build(records: Vec<TokenRecord>, before: &Known) -> Known {
    let entry = |record: TokenRecord| {
        let key = half(&record.sha256);
        let used_s = before.by_digest.get(&key).map(|entry| Arc::clone(&entry.used_s)).unwrap_or_default();
        (key, Entry { record, used_s })
    };
    Known { by_digest: records.into_iter().map(entry).collect() }
}

/// The token in `Bearer <token>`; the scheme's case does not matter.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

fn half(digest: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}
