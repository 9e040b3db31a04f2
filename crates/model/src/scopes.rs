//! What a token was made for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of the scopes `read`, `write` and `admin`. The scopes do not contain each other: a token that may read and
/// write names both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<&'static str>", try_from = "Vec<String>")]
pub struct Scopes(u8);

/// The known scopes, each with its bit, in the order in which they are shown.
const KNOWN: [(&str, Scopes); 3] = [("read", Scopes::READ), ("write", Scopes::WRITE), ("admin", Scopes::ADMIN)];

impl Scopes {
    /// Retrieve records, definitions and changes.
    pub const READ: Self = Self(1);
    /// Create, update and delete records, but for those that [`Scopes::ADMIN`] covers.
    pub const WRITE: Self = Self(2);
    /// Change definitions, import solutions, manage users and their rights, change settings of the organization.
    pub const ADMIN: Self = Self(4);
    /// Every scope.
    pub const ALL: Self = Self(7);

    /// Scopes from their names; duplicates count once.
    ///
    /// # Errors
    /// [`ScopesError`] for an unknown name or an empty list.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ScopesError> {
        let mut bits = 0;
        for name in names {
            let known = KNOWN.iter().find(|(text, _)| *text == name);
            let (_, scope) = known.ok_or_else(|| ScopesError::Unknown(name.to_owned()))?;
            bits |= scope.0;
        }
        if bits == 0 {
            return Err(ScopesError::Empty);
        }
        Ok(Self(bits))
    }

    /// Whether every scope of `other` is in this set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The scopes of both sets.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names in the set, in a fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        KNOWN.into_iter().filter_map(move |(name, scope)| self.contains(scope).then_some(name))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names().enumerate() {
            if index > 0 {
                out.write_str(",")?;
            }
            out.write_str(name)?;
        }
        Ok(())
    }
}

impl From<Scopes> for Vec<&'static str> {
    fn from(scopes: Scopes) -> Self {
        scopes.names().collect()
    }
}

impl TryFrom<Vec<String>> for Scopes {
    type Error = ScopesError;

    fn try_from(names: Vec<String>) -> Result<Self, ScopesError> {
        Self::parse(names.iter().map(String::as_str))
    }
}

/// Why a list of scope names was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopesError {
    /// No scope was named; such a token could do nothing.
    Empty,
    /// A name that is not a scope.
    Unknown(String),
}

impl fmt::Display for ScopesError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("a token needs at least one scope: read, write or admin"),
            Self::Unknown(name) => {
                write!(out, "unknown scope {name:?}; expected read, write or admin")
            }
        }
    }
}

impl std::error::Error for ScopesError {}

#[cfg(test)]
mod tests {
    use super::{Scopes, ScopesError};

    #[test] // AUTH-25
    fn names_and_sets_match() {
        let both = Scopes::parse(["write", "read", "write"]).unwrap();
        assert_eq!(both.to_string(), "read,write");
        assert!(both.contains(Scopes::READ) && !both.contains(Scopes::ADMIN));
        assert!(Scopes::ALL.contains(both) && both.with(Scopes::ADMIN) == Scopes::ALL);
        assert_eq!(Scopes::parse([]), Err(ScopesError::Empty));
        assert_eq!(Scopes::parse(["Read"]), Err(ScopesError::Unknown("Read".to_owned())));
    }
}
