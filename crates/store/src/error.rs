//! What can go wrong in a store.

use std::fmt;

use driftless_model::{Error, ErrorCode, Uuid};

/// The result of a store's operation.
pub type StoreResult<T> = Result<T, StoreError>;

/// Which value exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicate {
    /// The primary id.
    Id,
    /// The value of the alternate key with this `MetadataId`.
    Key(Uuid),
}

/// What went wrong.
#[derive(Debug)]
pub enum StoreError {
    /// A unique value exists already. `core` says which key it is.
    Duplicate(Duplicate),
    /// Another transaction got in the way; the store repeats the unit itself.
    Conflict,
    /// The disk is full (REL-22).
    Full,
    /// The engine failed; the text is for the log.
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// A sink or a closure returned this.
    Outer(Error),
}

impl StoreError {
    /// A failure, for the log.
    pub fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(which) => write!(f, "a unique value exists already: {which:?}"),
            Self::Conflict => f.write_str("another transaction got in the way"),
            Self::Full => f.write_str("the disk is full"),
            Self::Failed(cause) => write!(f, "the store failed: {cause}"),
            Self::Outer(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Outer(error)
    }
}

impl From<StoreError> for Error {
    /// For errors without a meaning of their own to the caller. A duplicate key that arrives here was not expected where it happened.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Outer(error) => error,
            StoreError::Duplicate(Duplicate::Id) => Self::new(ErrorCode::DuplicateRecord, "A record with matching key values already exists."),
            StoreError::Duplicate(Duplicate::Key(_)) => Self::of(ErrorCode::DuplicateRecordEntityKey),
            StoreError::Conflict => crate::unavailable("The store is busy. Try again.", 1),
            StoreError::Full => crate::unavailable("The disk of the store is full. Free space, then try again.", 30),
            StoreError::Failed(cause) => Self::of(ErrorCode::UnExpected).because(cause),
        }
    }
}
