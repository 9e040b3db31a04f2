//! Passwords of people: kept as slow hashes, compared in equal time, a few at once (AUTH-26).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::record_file::{RecordFile, RecordFileError};
use crate::watched::{Watched, lock};

/// Characters of a password.
pub(crate) const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=256;

const FILE_NAME: &str = "passwords";
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest wait for the turn to compute a hash.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// The most used ones of sufficient length, in lower case, one a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// A password as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    user: Uuid,
    /// Parameters, salt and hash in the form of the Password Hashing Competition.
    phc: String,
}

/// The passwords of one data folder.
pub(crate) struct Passwords {
    file: RecordFile<Stored>,
    watched: Watched<Stored, HashMap<Uuid, String>>,
    turns: Turns,
    /// What the password of nobody is compared with, so that it takes the same time.
    decoy: String,
}

/// Why a password is not taken.
#[derive(Debug)]
pub(crate) enum PasswordError {
    /// Not 12 to 256 characters.
    Length,
    /// One of the most used.
    Common,
    /// Too many sign in at once.
    Busy,
    /// The library refuses its parameters.
    Hash,
    File(RecordFileError),
}

impl From<RecordFileError> for PasswordError {
    fn from(error: RecordFileError) -> Self {
        Self::File(error)
    }
}

impl PasswordError {
    /// For the person who chose it.
    pub(crate) fn sentence(&self) -> &'static str {
        match self {
            Self::Length => "A password has 12 to 256 characters.",
            Self::Common => "This password is one of those that are tried first. Choose another.",
            Self::Busy | Self::Hash | Self::File(_) => "The sign-in is not available at the moment. Try again.",
        }
    }
}

impl Passwords {
    /// The passwords of the folder.
    pub(crate) fn open(folder: &Path, recheck: Duration) -> Result<Self, PasswordError> {
        let file = RecordFile::new(folder, FILE_NAME, FILE_BYTES_MAX);
        let watched = Watched::open(RecordFile::new(folder, FILE_NAME, FILE_BYTES_MAX), recheck, |records: Vec<Stored>, _| {
            records.into_iter().map(|stored| (stored.user, stored.phc)).collect()
        })?;
        Ok(Self { file, watched, turns: Turns::new(), decoy: decoy() })
    }

    /// Whether the user has a password.
    pub(crate) fn has(&self, user: Uuid) -> bool {
        self.watched.current().contains_key(&user)
    }

    /// Whether this is the user's password. For nobody, and for users without one, the answer is no and takes as long.
    pub(crate) fn check(&self, user: Option<Uuid>, password: &str, salt: [u8; 16]) -> Result<bool, PasswordError> {
        let _turn = self.turns.take()?;
        let known = self.watched.current();
        let stored = user.and_then(|user| known.get(&user));
        let phc = PasswordHash::new(stored.map_or(self.decoy.as_str(), String::as_str)).map_err(|_| PasswordError::Hash)?;
        let is_right = hasher().verify_password(password.as_bytes(), &phc).is_ok() && stored.is_some();
        let is_old = Params::try_from(&phc).map_err(|_| PasswordError::Hash).is_ok_and(|params| strength(&params) != strength(&Params::default()));
        if let (true, true, Some(user)) = (is_right, is_old, user) {
            self.store(user, hash(password, salt)?)?;
        }
        Ok(is_right)
    }

    /// Gives the user a password.
    pub(crate) fn set(&self, user: Uuid, password: &str, salt: [u8; 16]) -> Result<(), PasswordError> {
        if !PASSWORD_CHARS.contains(&password.chars().count()) {
            return Err(PasswordError::Length);
        }
        let lower = password.to_lowercase();
        if COMMON.lines().any(|common| common == lower) {
            return Err(PasswordError::Common);
        }
        let _turn = self.turns.take()?;
        self.store(user, hash(password, salt)?)
    }

    fn store(&self, user: Uuid, phc: String) -> Result<(), PasswordError> {
        self.file.change(|records| {
            records.retain(|stored| stored.user != user);
            records.push(Stored { user, phc });
            Ok::<_, PasswordError>(())
        })?;
        self.watched.look_now();
        Ok(())
    }
}

/// What makes a hash slow.
fn strength(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

/// Argon2id with 19 MiB, two passes and one lane: the least that is commonly recommended, and the library's default.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

fn hash(password: &str, salt: [u8; 16]) -> Result<String, PasswordError> {
    let hashed: PasswordHash = hasher().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| PasswordError::Hash)?;
    Ok(hashed.to_string())
}

/// A hash of today's parameters that no password is known for. It is written down, not computed, because that would take the
/// memory of a check at every start.
fn decoy() -> String {
    let (m, t, p) = strength(&Params::default());
    let (salt, output) = ("A".repeat(22), "A".repeat(43));
    format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${output}")
}

/// Turns to compute: as many at once as there are cores, since each takes one for tens of milliseconds.
struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A turn, given back when dropped.
struct Turn<'a>(&'a Turns);

impl Turns {
    fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { free: Mutex::new(cores), freed: Condvar::new() }
    }

    fn take(&self) -> Result<Turn<'_>, PasswordError> {
        let free = lock(&self.free);
        let (mut free, waited) = self.freed.wait_timeout_while(free, WAIT_MAX, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(PasswordError::Busy);
        }
        *free -= 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::{COMMON, PASSWORD_CHARS, Params, PasswordError, PasswordHash, Passwords, decoy, hash, strength};
    use crate::fixture::Folder;

    #[test] // AUTH-26
    fn passwords_are_bounded_checked_and_kept_as_hashes() {
        let folder = Folder::new();
        let passwords = Passwords::open(folder.path(), Duration::ZERO).unwrap();
        let user = Uuid::from_u128(1);
        assert!(matches!(passwords.set(user, "elevenchars", [2; 16]), Err(PasswordError::Length)));
        assert!(matches!(passwords.set(user, &"x".repeat(257), [2; 16]), Err(PasswordError::Length)));
        assert!(matches!(passwords.set(user, "PassWord1234", [2; 16]), Err(PasswordError::Common)));
        assert!(!passwords.has(user));
        passwords.set(user, "twelve chars", [2; 16]).unwrap();
        let right = |user, password| passwords.check(user, password, [3; 16]).unwrap();
        assert!(right(Some(user), "twelve chars") && !right(Some(user), "twelve charz") && !right(None, "twelve chars") && !right(None, ""));
        let text = std::fs::read_to_string(folder.path().join("passwords.json")).unwrap();
        assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !text.contains("twelve"));
    }

    #[test] // AUTH-26
    fn a_hash_of_weaker_parameters_is_made_anew_when_its_owner_signs_in() {
        let folder = Folder::new();
        let passwords = Passwords::open(folder.path(), Duration::ZERO).unwrap();
        let user = Uuid::from_u128(1);
        let weak = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, argon2::Params::new(64, 1, 1, None).unwrap());
        let phc = argon2::PasswordHasher::hash_password_with_salt(&weak, b"twelve chars", &[2; 16]).unwrap();
        passwords.store(user, phc.to_string()).unwrap();
        assert!(passwords.check(Some(user), "twelve chars", [3; 16]).unwrap());
        assert!(std::fs::read_to_string(folder.path().join("passwords.json")).unwrap().contains("m=19456"));
        assert!(passwords.check(Some(user), "twelve chars", [3; 16]).unwrap());
    }

    #[test] // AUTH-26
    fn the_hash_of_nobody_has_the_form_of_one_and_takes_as_long() {
        let (nobody, somebody) = (decoy(), hash("", [1; 16]).unwrap());
        assert_eq!(nobody.len(), somebody.len());
        let parse = |phc| Params::try_from(&PasswordHash::new(phc).unwrap()).unwrap();
        assert_eq!(strength(&parse(&nobody)), strength(&parse(&somebody)));
    }

    #[test]
    fn common_passwords_are_of_a_length_that_would_be_taken() {
        for common in COMMON.lines() {
            assert!(PASSWORD_CHARS.contains(&common.chars().count()) && common.to_lowercase() == common, "{common}");
        }
    }
}
