//! The number of a write and the place in the feed: two things that agree on one store only.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of one write: etag and order of rows and definitions (CT-18, CT-19). Never a place in the feed: that is a [`Position`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One incarnation of a database. Numbers and positions of different epochs cannot be compared (CT-52, REL-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A place in the feed: it covers exactly the changes that were visible in the snapshot in which it was taken (A4). Opaque to all but the store that made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position(Box<[u8]>);

impl Position {
    /// The longest position that a token may carry, in bytes.
    pub const BYTES_MAX: usize = 512;

    /// A position from the bytes that the store chose.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the store that made them and for tokens.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
