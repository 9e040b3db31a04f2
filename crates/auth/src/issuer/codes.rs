//! Authorization codes: short-lived, for one use, kept in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use uuid::Uuid;

use super::scope::Asked;
use crate::secret::digest;
use crate::watched::lock;

/// Seconds that a code lives.
const LIFE_S: i64 = 300;
/// Most codes at once; more sign-ins in five minutes push the oldest out.
const CODES_MAX: usize = 10_000;

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeGrant {
    pub(crate) application: Uuid,
    pub(crate) redirect: String,
    /// The PKCE challenge, S256.
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) user: Uuid,
    pub(crate) asked: Asked,
}

#[derive(Debug)]
enum State {
    Open(CodeGrant),
    /// Redeemed; which family of refresh tokens came of it.
    Used(Option<Uuid>),
}

/// Codes by digest, and when each was made.
#[derive(Debug, Default)]
pub(crate) struct Codes(Mutex<HashMap<[u8; 32], (State, i64)>>);

/// What a code is worth.
#[derive(Debug)]
pub(crate) enum Redeemed {
    Grant(CodeGrant),
    /// It was redeemed before: what came of it then must end (RFC 6749, 4.1.2).
    Again(Option<Uuid>),
    Unknown,
}

impl Codes {
    pub(crate) fn put(&self, code: &str, grant: CodeGrant, now_s: i64) {
        let mut codes = lock(&self.0);
        codes.retain(|_, (_, made_s)| now_s < *made_s + LIFE_S);
        if codes.len() >= CODES_MAX
            && let Some(oldest) = codes.iter().min_by_key(|(_, (_, made_s))| *made_s).map(|(key, _)| *key)
        {
            codes.remove(&oldest);
        }
        codes.insert(digest(code), (State::Open(grant), now_s));
    }

    /// Uses a code up.
    pub(crate) fn redeem(&self, code: &str, now_s: i64) -> Redeemed {
        let mut codes = lock(&self.0);
        match codes.get_mut(&digest(code)) {
            Some((state, made_s)) if now_s < *made_s + LIFE_S => match std::mem::replace(state, State::Used(None)) {
                State::Open(grant) => Redeemed::Grant(grant),
                State::Used(family) => {
                    *state = State::Used(family);
                    Redeemed::Again(family)
                }
            },
            _ => Redeemed::Unknown,
        }
    }

    /// Notes what came of a code.
    pub(crate) fn led_to(&self, code: &str, family: Uuid) {
        if let Some((state, _)) = lock(&self.0).get_mut(&digest(code)) {
            *state = State::Used(Some(family));
        }
    }
}
