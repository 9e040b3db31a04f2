//! The file that keeps the digests of all tokens of one data folder.

use std::fmt;
use std::path::{Path, PathBuf};

use driftless_model::Scopes;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::record_file::{RecordFile, RecordFileError, hex};
use crate::secret::{FillRandom, Secret, SecretError};

/// Days until a token expires when nobody says otherwise (AUTH-25).
pub const EXPIRY_DAYS_DEFAULT: u32 = 90;
/// Most days that a token may live (AUTH-25).
pub const EXPIRY_DAYS_MAX: u32 = 366;
/// Most tokens that one folder keeps, expired ones included.
pub const TOKENS_MAX: usize = 1_000;

const FILE_NAME: &str = "tokens";
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const NAME_CHARS_MAX: usize = 100;
const DAY_S: i64 = 86_400;

/// One token as it is stored and listed: everything but the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// Random id; names the token in logs and in `revoke`.
    pub id: Uuid,
    /// What its owner called it; unique within the file.
    pub name: String,
    /// The `systemuser` that a request with this token acts as.
    pub user: Uuid,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was made, in seconds since 1970 UTC.
    pub created_s: i64,
    /// The first second in which it is no longer valid; `None` for a token without end.
    pub expires_s: Option<i64>,
    /// SHA-256 of the token.
    #[serde(with = "hex")]
    pub(crate) sha256: [u8; 32],
}

/// What a new token shall be.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Its name: 1 to 100 characters without control characters, not in use in the file.
    pub name: &'a str,
    /// The `systemuser` that it stands for; whether there is one is the caller's to check.
    pub user: Uuid,
    /// What it allows.
    pub scopes: Scopes,
    /// 1 to [`EXPIRY_DAYS_MAX`]; `None`, a token without end, is meant for the first administrator's.
    pub expires_in_days: Option<u32>,
    /// Where it is valid, as part of its text (`dev`, `org`).
    pub environment: &'a str,
}

/// The tokens of one data folder. A value without state: each call reads the file anew, and those that change it hold
/// a lock, so several processes may use it at once.
#[derive(Debug, Clone)]
pub struct TokenFile {
    records: RecordFile<TokenRecord>,
}

impl TokenFile {
    /// The tokens of the data folder `folder`. A missing file is a file without tokens.
    ///
    /// # Errors
    /// [`TokenFileError::Folder`] if there is no such folder.
    pub fn open(folder: &Path) -> Result<Self, TokenFileError> {
        if !folder.is_dir() {
            return Err(TokenFileError::Folder(folder.to_owned()));
        }
        Ok(Self { records: RecordFile::new(folder, FILE_NAME, FILE_BYTES_MAX) })
    }

    /// Makes a token and stores its digest durably. The returned secret cannot be had again.
    ///
    /// # Errors
    /// Name, expiry or environment out of range, name in use, file full, no randomness, or the file system's.
    pub fn make(&self, new: &NewToken<'_>, now_s: i64, fill: FillRandom<'_>) -> Result<(Secret, TokenRecord), TokenFileError> {
        check_name(new.name)?;
        let expires_s = new.expires_in_days.map(|days| expiry(now_s, days)).transpose()?;
        let secret = Secret::make(new.environment, fill).map_err(TokenFileError::Secret)?;
        let mut id = [0; 16];
        fill(&mut id).map_err(|error| TokenFileError::Secret(SecretError::Random(error)))?;
        let record = TokenRecord {
            id: Builder::from_random_bytes(id).into_uuid(),
            name: new.name.to_owned(),
            user: new.user,
            scopes: new.scopes,
            created_s: now_s,
            expires_s,
            sha256: secret.digest(),
        };
        self.records.change(|tokens| {
            if tokens.iter().any(|token| token.name == record.name) {
                return Err(TokenFileError::NameTaken(record.name.clone()));
            }
            if tokens.len() >= TOKENS_MAX {
                return Err(TokenFileError::Full);
            }
            tokens.push(record.clone());
            Ok(())
        })?;
        Ok((secret, record))
    }

    /// All tokens, expired ones included, oldest first.
    ///
    /// # Errors
    /// The file cannot be read or is not a token file.
    pub fn list(&self) -> Result<Vec<TokenRecord>, TokenFileError> {
        Ok(self.records.list()?)
    }

    /// Removes the token with this id or name and returns what it was. A running service refuses it within a second.
    ///
    /// # Errors
    /// [`TokenFileError::NoSuchToken`], or the file cannot be read or written.
    pub fn revoke(&self, id_or_name: &str) -> Result<TokenRecord, TokenFileError> {
        let id = Uuid::try_parse(id_or_name).ok();
        self.records.change(|tokens| {
            // A name may look like an id, so an exact name goes first.
            let found = tokens.iter().position(|token| token.name == id_or_name).or_else(|| tokens.iter().position(|token| Some(token.id) == id));
            match found {
                Some(index) => Ok(tokens.remove(index)),
                None => Err(TokenFileError::NoSuchToken(id_or_name.to_owned())),
            }
        })
    }

    /// Where the tokens are kept.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.records.path()
    }

    pub(crate) fn into_records(self) -> RecordFile<TokenRecord> {
        self.records
    }
}

fn check_name(name: &str) -> Result<(), TokenFileError> {
    let chars = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&chars) && !name.chars().any(char::is_control) { Ok(()) } else { Err(TokenFileError::Name) }
}

fn expiry(now_s: i64, days: u32) -> Result<i64, TokenFileError> {
    if !(1..=EXPIRY_DAYS_MAX).contains(&days) {
        return Err(TokenFileError::Expiry(days));
    }
    Ok(now_s.saturating_add(i64::from(days) * DAY_S))
}

/// Why tokens cannot be made, listed or revoked.
#[derive(Debug)]
pub enum TokenFileError {
    /// There is no such data folder.
    Folder(PathBuf),
    /// A name is 1 to 100 characters without control characters.
    Name,
    /// Another token has this name.
    NameTaken(String),
    /// Not 1 to [`EXPIRY_DAYS_MAX`] days.
    Expiry(u32),
    /// The file holds [`TOKENS_MAX`] tokens.
    Full,
    /// No token has this id or name.
    NoSuchToken(String),
    /// The token's text could not be made.
    Secret(SecretError),
    /// The file cannot be read or written.
    File(RecordFileError),
}

impl From<RecordFileError> for TokenFileError {
    fn from(error: RecordFileError) -> Self {
        Self::File(error)
    }
}

impl fmt::Display for TokenFileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(out, "there is no data folder {}", path.display()),
            Self::Name => write!(out, "a token's name has 1 to {NAME_CHARS_MAX} characters and no control characters"),
            Self::NameTaken(name) => write!(out, "there is a token named {name:?} already; choose another name or revoke that one"),
            Self::Expiry(days) => write!(out, "a token expires after 1 to {EXPIRY_DAYS_MAX} days, not {days}"),
            Self::Full => write!(out, "there are {TOKENS_MAX} tokens already; revoke some that are no longer needed"),
            Self::NoSuchToken(name) => write!(out, "there is no token with id or name {name:?}"),
            Self::Secret(error) => error.fmt(out),
            Self::File(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for TokenFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Secret(error) => Some(error),
            _ => None,
        }
    }
}
