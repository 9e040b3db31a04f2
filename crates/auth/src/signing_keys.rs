//! Keys that the issuer signs access tokens with: made, kept, rotated, published (AUTH-11).

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::record_file::{RecordFile, RecordFileError};

const FILE_NAME: &str = "issuer_keys";
const FILE_BYTES_MAX: u64 = 64 * 1024;
const DAY_S: i64 = 86_400;
/// How long a key signs.
const SIGNS_S: i64 = 90 * DAY_S;
/// How much longer its signatures are accepted and it is published: no token lives longer.
const OVERLAP_S: i64 = DAY_S;

/// A key as it is stored: PKCS #8 in a file that only its owner may read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    pkcs8: String,
    created_s: i64,
}

/// A P-256 key.
pub(crate) struct SigningKey {
    /// Its name in headers and in the published set: from its digest.
    pub(crate) kid: String,
    pub(crate) signs: EncodingKey,
    pub(crate) checks: DecodingKey,
    created_s: i64,
    /// Coordinates of the public point, in base64url.
    point: [String; 2],
}

/// The keys of one data folder, newest last.
pub(crate) struct SigningKeys {
    file: RecordFile<StoredKey>,
    keys: RwLock<Arc<Vec<Arc<SigningKey>>>>,
}

/// The keys cannot be made or kept.
#[derive(Debug)]
pub(crate) enum KeyError {
    File(RecordFileError),
    /// The library made no key, or a stored one is none.
    Key(String),
}

impl From<RecordFileError> for KeyError {
    fn from(error: RecordFileError) -> Self {
        Self::File(error)
    }
}

impl SigningKeys {
    /// The keys of the folder; the first one is made if there is none.
    pub(crate) fn open(folder: &Path, now_s: i64) -> Result<Self, KeyError> {
        let file = RecordFile::new(folder, FILE_NAME, FILE_BYTES_MAX);
        let keys = read(&file.list()?)?;
        let keys = Self { file, keys: RwLock::new(Arc::new(keys)) };
        keys.signing(now_s)?;
        Ok(keys)
    }

    /// The key that signs at this time. A due one is replaced first, and those that nothing rests on any longer go.
    pub(crate) fn signing(&self, now_s: i64) -> Result<Arc<SigningKey>, KeyError> {
        let is_current = |key: &&Arc<SigningKey>| now_s < key.created_s + SIGNS_S;
        if let Some(key) = self.known().last().filter(is_current) {
            return Ok(Arc::clone(key));
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.last().filter(is_current) {
            return Ok(Arc::clone(key)); // made while we waited
        }
        let stored = self.file.change(|stored| {
            stored.retain(|key| is_accepted(key.created_s, now_s));
            stored.push(make(now_s)?);
            Ok::<_, KeyError>(stored.clone())
        })?;
        *keys = Arc::new(read(&stored)?);
        tracing::info!(keys = keys.len(), "the issuer signs with a new key");
        keys.last().cloned().ok_or_else(|| KeyError::Key("there is no key".to_owned()))
    }

    /// The key of this name, if its signatures are accepted at this time.
    pub(crate) fn find(&self, kid: &str, now_s: i64) -> Option<Arc<SigningKey>> {
        self.known().iter().find(|key| key.kid == kid && is_accepted(key.created_s, now_s)).cloned()
    }

    /// The published set (RFC 7517).
    pub(crate) fn published(&self, now_s: i64) -> Value {
        let keys = self.known();
        let keys = keys.iter().filter(|key| is_accepted(key.created_s, now_s)).map(|key| {
            let [x, y] = &key.point;
            json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.kid, "x": x, "y": y})
        });
        json!({"keys": keys.collect::<Vec<_>>()})
    }

    fn known(&self) -> Arc<Vec<Arc<SigningKey>>> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_accepted(created_s: i64, now_s: i64) -> bool {
    now_s < created_s + SIGNS_S + OVERLAP_S
}

fn make(now_s: i64) -> Result<StoredKey, KeyError> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let pkcs8 = pkcs8.map_err(|_| KeyError::Key("the library makes no key".to_owned()))?;
    Ok(StoredKey { pkcs8: STANDARD.encode(pkcs8.as_ref()), created_s: now_s })
}

fn read(stored: &[StoredKey]) -> Result<Vec<Arc<SigningKey>>, KeyError> {
    stored.iter().map(|key| parse(key).map(Arc::new).ok_or_else(|| KeyError::Key("a stored key cannot be read".to_owned()))).collect()
}

fn parse(stored: &StoredKey) -> Option<SigningKey> {
    let pkcs8 = STANDARD.decode(&stored.pkcs8).ok()?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).ok()?;
    let point = pair.public_key().as_ref();
    let (x, y) = point.get(1..65)?.split_at(32);
    Some(SigningKey {
        kid: URL_SAFE_NO_PAD.encode(&Sha256::digest(point)[..16]),
        signs: EncodingKey::from_ec_der(&pkcs8),
        checks: DecodingKey::from_ec_der(point),
        created_s: stored.created_s,
        point: [x, y].map(|half| URL_SAFE_NO_PAD.encode(half)),
    })
}

#[cfg(test)]
mod tests {
    use super::{DAY_S, SigningKeys};
    use crate::fixture::Folder;

    #[test] // AUTH-11
    fn keys_rotate_with_a_day_of_overlap_and_outlive_a_restart() {
        let folder = Folder::new();
        let start_s = 1_800_000_000;
        let keys = SigningKeys::open(folder.path(), start_s).unwrap();
        let first = keys.signing(start_s + 89 * DAY_S).unwrap();
        assert_eq!(keys.published(start_s)["keys"].as_array().unwrap().len(), 1);
        let due_s = start_s + 90 * DAY_S;
        let second = keys.signing(due_s).unwrap();
        assert_ne!(first.kid, second.kid);
        assert!(keys.find(&first.kid, due_s + DAY_S - 1).is_some() && keys.find(&first.kid, due_s + DAY_S).is_none());
        assert_eq!(keys.published(due_s)["keys"].as_array().unwrap().len(), 2);
        drop(keys);
        let again = SigningKeys::open(folder.path(), due_s).unwrap();
        assert_eq!(again.signing(due_s).unwrap().kid, second.kid);
        assert!(again.find(&first.kid, due_s).is_some());
    }
}
