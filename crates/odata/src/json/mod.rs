//! JSON bodies: a reader into a borrowed tree and a writer into bytes.
//!
//! The tree keeps numbers as written, so that decimals lose no digit, and members in source order, because
//! annotations belong to the member that follows them.

mod read;
mod scan;
mod write;

use std::borrow::Cow;

pub use read::{read, read_argument};
pub use write::JsonWriter;

/// A JSON value that borrows from its source wherever no escape forces a copy.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, exactly as written.
    Number(&'a str),
    /// A string without its escapes.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object in source order, without repeated names.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The member `name` of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.as_object()?.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text of a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Json<'a>]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(Cow<'a, str>, Json<'a>)]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// Bounds of one body (SEC-03). The size in bytes is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Members of all objects and items of all arrays together.
    pub members: usize,
}

impl JsonLimits {
    /// For the bulk actions and for solution packages.
    pub const BULK: Self = Self { depth: 64, members: 2_000_000 };
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth: 64, members: 100_000 }
    }
}
