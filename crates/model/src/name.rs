//! Names of definitions. Each kind has a type of its own, so that one cannot be passed for another.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode, Result};

/// Defines a name type: a cheap-to-clone piece of text with ordering, hashing and `str` lookups.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

name_type! {
    /// The lower-case name of a table or column, unique in its scope (MD-1).
    LogicalName
}
name_type! {
    /// The name of a definition with its letters' case kept (MD-1).
    SchemaName
}
name_type! {
    /// The name of a table's collection in addresses (MD-1).
    SetName
}

impl SchemaName {
    /// The logical name that belongs to this schema name: its lower case.
    pub fn to_logical(&self) -> LogicalName {
        LogicalName::from(self.as_str().to_ascii_lowercase())
    }
}

/// The longest schema name of a table or column. SQL identifiers of the original end at 128; columns at 100 and tables at 64 keep joined names below that.
const NAME_MAX: usize = 100;

/// Words that the original refuses as names because they are SQL's (MD-3).
const RESERVED: [&str; 24] = [
    "add", "all", "alter", "and", "as", "between", "by", "create", "delete", "drop", "exists", "from", "group", "in", "insert", "join", "null", "or", "order",
    "select", "set", "table", "update", "where",
];

/// Checks a schema name against MD-3: letters, digits and underscores, a letter first, at most 100 characters, no reserved word.
///
/// # Errors
/// 0x80044364, 0x80044365, 0x80044367 or 0x80044362.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > NAME_MAX {
        return Err(Error::new(ErrorCode::InvalidNameLength, format!("The name '{name}' must have between 1 and {NAME_MAX} characters.")));
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(Error::new(ErrorCode::InvalidNameCharacters, format!("The name '{name}' may hold letters, digits and underscores only.")));
    }
    if !name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
        return Err(Error::new(ErrorCode::InvalidNameStart, format!("The name '{name}' must begin with a letter.")));
    }
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(Error::new(ErrorCode::ReservedName, format!("The name '{name}' is a reserved word.")));
    }
    Ok(())
}

/// The name that a table or column has inside the store: the logical name where it fits into 63 bytes, else its first 54, an underscore and eight hexadecimal
/// digits of a checksum over all of it (the limit is PostgreSQL's).
pub fn physical_name(logical: &str) -> String {
    const MAX: usize = 63;
    const KEPT: usize = 54;
    if logical.len() <= MAX {
        return logical.to_owned();
    }
    let kept = logical.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= KEPT).last().unwrap_or(0);
    format!("{}_{:08x}", &logical[..kept], fnv1a(logical.as_bytes()))
}

/// FNV-1a over 32 bits: the names that it tells apart are few and not chosen by an enemy (a clash is refused when the table is made).
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // MD-3
    fn names_are_checked() {
        for (name, code) in [
            ("new_Book", None),
            ("new_Bo ok", Some(ErrorCode::InvalidNameCharacters)),
            ("1new", Some(ErrorCode::InvalidNameStart)),
            ("", Some(ErrorCode::InvalidNameLength)),
            ("Select", Some(ErrorCode::ReservedName)),
        ] {
            assert_eq!(check_name(name).err().map(|e| e.code()), code, "{name}");
        }
    }

    #[test]
    fn long_names_are_shortened_and_stay_apart() {
        let (one, two) = ("x".repeat(70), format!("{}y", "x".repeat(69)));
        assert_eq!(physical_name("short"), "short");
        assert_eq!(physical_name(&one).len(), 63);
        assert_ne!(physical_name(&one), physical_name(&two));
    }
}
