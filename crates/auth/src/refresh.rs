//! Refresh tokens: rotated on use, revoked as a family when an old one comes again (AUTH-12).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::issuer::scope::Asked;
use crate::record_file::{RecordFile, RecordFileError, hex};
use crate::secret::digest;

const FILE_NAME: &str = "refresh_tokens";
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most sign-ins that are kept; of more the one that was not used for longest goes.
const FAMILIES_MAX: usize = 10_000;
const DAY_S: i64 = 86_400;
/// A token that is not used for so long ends.
const IDLE_S: i64 = 14 * DAY_S;
/// A sign-in ends after so long, however often its tokens are used.
const LIFE_S: i64 = 90 * DAY_S;

/// One sign-in of a person to an application: all tokens that came of it. Only the newest is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    pub(crate) id: Uuid,
    pub(crate) application: Uuid,
    pub(crate) user: Uuid,
    pub(crate) asked: Asked,
    began_s: i64,
    used_s: i64,
    #[serde(with = "hex")]
    sha256: [u8; 32],
}

/// Why a refresh token is not taken.
#[derive(Debug)]
pub(crate) enum RefreshError {
    /// It is none, has ended, or was revoked.
    Unknown,
    /// It was used before: the family is revoked now.
    Reused,
    File(RecordFileError),
}

impl From<RecordFileError> for RefreshError {
    fn from(error: RecordFileError) -> Self {
        Self::File(error)
    }
}

/// The sign-ins of one data folder.
pub(crate) struct RefreshTokens {
    file: RecordFile<Family>,
}

impl RefreshTokens {
    pub(crate) fn open(folder: &Path) -> Self {
        Self { file: RecordFile::new(folder, FILE_NAME, FILE_BYTES_MAX) }
    }

    /// Begins a family and gives its first token. `id` and `random` are random.
    pub(crate) fn begin(&self, id: Uuid, application: Uuid, user: Uuid, asked: Asked, random: [u8; 32], now_s: i64) -> Result<String, RefreshError> {
        let text = text(id, random);
        let family = Family { id, application, user, asked, began_s: now_s, used_s: now_s, sha256: digest(&text) };
        self.file.change(|families| {
            families.retain(|family| is_alive(family, now_s));
            if families.len() >= FAMILIES_MAX
                && let Some(oldest) = (0..families.len()).min_by_key(|at| families[*at].used_s)
            {
                families.swap_remove(oldest);
            }
            families.push(family);
            Ok::<_, RefreshError>(())
        })?;
        Ok(text)
    }

    /// Takes a token of the application and gives the family with its next token.
    pub(crate) fn rotate(&self, token: &str, application: Uuid, random: [u8; 32], now_s: i64) -> Result<(Family, String), RefreshError> {
        let id = token.split_once('.').and_then(|(id, _)| Uuid::try_parse(id).ok()).ok_or(RefreshError::Unknown)?;
        // A reuse is written down, too, so it cannot be an error inside of the change.
        let outcome = self.file.change(|families| {
            let Some(at) = families.iter().position(|family| family.id == id && family.application == application && is_alive(family, now_s)) else {
                return Err(RefreshError::Unknown);
            };
            if !bool::from(families[at].sha256.ct_eq(&digest(token))) {
                families.remove(at);
                return Ok(None);
            }
            let next = text(id, random);
            families[at].sha256 = digest(&next);
            families[at].used_s = now_s;
            Ok(Some((families[at].clone(), next)))
        })?;
        outcome.ok_or(RefreshError::Reused)
    }

    /// Ends the families that the test is true of.
    pub(crate) fn revoke(&self, ends: impl Fn(&Family) -> bool) -> Result<(), RefreshError> {
        if !self.file.list()?.iter().any(&ends) {
            return Ok(());
        }
        self.file.change(|families| {
            families.retain(|family| !ends(family));
            Ok(())
        })
    }
}

fn is_alive(family: &Family, now_s: i64) -> bool {
    now_s < family.used_s + IDLE_S && now_s < family.began_s + LIFE_S
}

/// The id of the family, which nobody else can know, and 256 random bits.
fn text(id: Uuid, random: [u8; 32]) -> String {
    format!("{}.{}", id.simple(), URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{DAY_S, RefreshError, RefreshTokens};
    use crate::fixture::Folder;
    use crate::issuer::scope::Asked;

    #[test] // AUTH-12
    fn a_token_that_comes_again_ends_its_family() {
        let folder = Folder::new();
        let tokens = RefreshTokens::open(folder.path());
        let [application, user, id] = [1, 2, 3].map(Uuid::from_u128);
        let first = tokens.begin(id, application, user, Asked::default(), [1; 32], 0).unwrap();
        assert!(matches!(tokens.rotate(&first, user, [2; 32], 1), Err(RefreshError::Unknown)), "of another application");
        let (family, second) = tokens.rotate(&first, application, [2; 32], 1).unwrap();
        assert_eq!((family.user, first == second), (user, false));
        let (_, third) = tokens.rotate(&second, application, [3; 32], 2).unwrap();
        assert!(matches!(tokens.rotate(&first, application, [4; 32], 3), Err(RefreshError::Reused)));
        assert!(matches!(tokens.rotate(&third, application, [4; 32], 4), Err(RefreshError::Unknown)), "the whole family");
        assert!(!std::fs::read_to_string(folder.path().join("refresh_tokens.json")).unwrap().contains(&third));
    }

    #[test] // AUTH-12
    fn tokens_end_when_idle_and_after_ninety_days() {
        let folder = Folder::new();
        let tokens = RefreshTokens::open(folder.path());
        let [application, user, id] = [1, 2, 3].map(Uuid::from_u128);
        let mut token = tokens.begin(id, application, user, Asked::default(), [0; 32], 0).unwrap();
        for day in (13..90).step_by(13) {
            token = tokens.rotate(&token, application, [u8::try_from(day).unwrap(); 32], day * DAY_S).unwrap().1;
        }
        assert!(matches!(tokens.rotate(&token, application, [9; 32], 90 * DAY_S), Err(RefreshError::Unknown)));
        let idle = tokens.begin(Uuid::from_u128(4), application, user, Asked::default(), [0; 32], 0).unwrap();
        assert!(matches!(tokens.rotate(&idle, application, [9; 32], 14 * DAY_S), Err(RefreshError::Unknown)));
    }
}
