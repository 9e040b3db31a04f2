//! Keys of outside issuers: fetched when they are needed, kept, renewed (AUTH-22).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use crate::watched::lock;

/// Gets a document by GET, or says why not: bounded in size and time, following no redirects.
pub type Fetch = Arc<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

const HOUR_S: i64 = 3_600;
/// Keys older than this are renewed in the background.
const RENEWED_S: i64 = 12 * HOUR_S;
/// Keys that old are fetched before they are used, if the issuer can be reached.
const KEPT_S: i64 = 24 * HOUR_S;
/// Keys that old are no longer used.
const END_S: i64 = 48 * HOUR_S;
/// Seconds between two attempts to fetch.
const PAUSE_S: i64 = 300;
/// Keys that one issuer may publish.
const KEYS_MAX: usize = 100;

/// The keys of one issuer.
pub(crate) struct KeySource(Arc<Shared>);

struct Shared {
    issuer: String,
    /// Where the keys are, if that is configured.
    uri: Option<String>,
    fetch: Fetch,
    state: Mutex<State>,
    /// Held by whoever fetches.
    turn: Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    fetched_s: Option<i64>,
    tried_s: Option<i64>,
}

struct Key {
    key: DecodingKey,
    algorithms: &'static [Algorithm],
}

/// The parts of an OpenID configuration that count.
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl KeySource {
    pub(crate) fn new(issuer: &str, uri: Option<String>, fetch: Fetch) -> Self {
        Self(Arc::new(Shared { issuer: issuer.to_owned(), uri, fetch, state: Mutex::default(), turn: Mutex::default() }))
    }

    /// The key of this name, if it signs so. Keys are fetched when there are none or they are old, and when the name is not known; while the issuer cannot
    /// be reached the old ones count for another day. Who needs the first keys while they are fetched waits for them; unknown names wait for nothing, so
    /// that a flood of them holds up nobody else.
    pub(crate) fn find(&self, kid: &str, algorithm: Algorithm, now_s: i64) -> Option<DecodingKey> {
        let shared = &self.0;
        let age_s = shared.age_s(now_s);
        if age_s < KEPT_S {
            if let Some(key) = shared.known(kid, algorithm) {
                if age_s >= RENEWED_S && shared.take_try(now_s) {
                    self.renew(now_s);
                }
                return Some(key);
            }
            if !shared.take_try(now_s) {
                return None;
            }
            let _turn = lock(&shared.turn);
            shared.fetch_keys(now_s);
        } else {
            let _turn = lock(&shared.turn);
            if shared.age_s(now_s) >= KEPT_S && shared.take_try(now_s) {
                shared.fetch_keys(now_s);
            }
        }
        if shared.age_s(now_s) < END_S { shared.known(kid, algorithm) } else { None }
    }

    /// Seconds since the keys were fetched; none while there are none.
    pub(crate) fn age_s(&self, now_s: i64) -> Option<i64> {
        lock(&self.0.state).fetched_s.map(|fetched_s| now_s.saturating_sub(fetched_s))
    }

    /// Fetches on a thread of its own: the request that noticed goes on with the keys that are there.
    fn renew(&self, now_s: i64) {
        let shared = Arc::clone(&self.0);
        let started = std::thread::Builder::new().name("issuer keys".to_owned()).spawn(move || {
            let _turn = lock(&shared.turn);
            shared.fetch_keys(now_s);
        });
        if let Err(error) = started {
            tracing::warn!(%error, "keys of an issuer cannot be renewed");
        }
    }
}

impl Shared {
    fn known(&self, kid: &str, algorithm: Algorithm) -> Option<DecodingKey> {
        let state = lock(&self.state);
        state.keys.get(kid).filter(|key| key.algorithms.contains(&algorithm)).map(|key| key.key.clone())
    }

    fn age_s(&self, now_s: i64) -> i64 {
        lock(&self.state).fetched_s.map_or(i64::MAX, |fetched_s| now_s.saturating_sub(fetched_s))
    }

    /// Whether it is time to fetch. Whoever is told so does it; nobody else is, until [`PAUSE_S`] later.
    fn take_try(&self, now_s: i64) -> bool {
        let mut state = lock(&self.state);
        let is_due = state.tried_s.is_none_or(|tried_s| now_s >= tried_s + PAUSE_S);
        if is_due {
            state.tried_s = Some(now_s);
        }
        is_due
    }

    /// Fetches keys; whoever calls holds the turn.
    fn fetch_keys(&self, now_s: i64) {
        match self.try_fetch() {
            Ok(keys) => {
                tracing::info!(issuer = self.issuer, keys = keys.len(), "keys of an issuer were fetched");
                let mut state = lock(&self.state);
                state.keys = keys;
                state.fetched_s = Some(now_s);
            }
            Err(reason) => tracing::warn!(issuer = self.issuer, reason, "keys of an issuer cannot be fetched"),
        }
    }

    fn try_fetch(&self) -> Result<HashMap<String, Key>, String> {
        let uri = match &self.uri {
            Some(uri) => uri.clone(),
            None => {
                let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
                let found: Configuration = serde_json::from_slice(&(self.fetch)(&address)?).map_err(|error| format!("{address}: {error}"))?;
                if found.issuer != self.issuer {
                    return Err(format!("{address} is of another issuer: {}", found.issuer));
                }
                found.jwks_uri
            }
        };
        let set: KeySet = serde_json::from_slice(&(self.fetch)(&uri)?).map_err(|error| format!("{uri}: {error}"))?;
        // Keys of other kinds, or for other uses, are passed over.
        Ok(set.keys.into_iter().take(KEYS_MAX).filter_map(|value| read(serde_json::from_value(value).ok()?)).collect())
    }
}

fn read(jwk: Jwk) -> Option<(String, Key)> {
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let algorithms: &'static [Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        _ => return None,
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((jwk.common.key_id?, Key { key, algorithms }))
}
