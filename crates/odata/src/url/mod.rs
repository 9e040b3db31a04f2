//! Addresses: the service root, resource paths and references to records (web-api 1, 7, 13, 28).

mod literal;
mod path;
mod print;
mod reference;
mod root;
mod split;

use std::borrow::Cow;

pub use literal::parse_argument;
pub use path::parse_path;
pub use print::{print_path, print_segment};
pub use reference::{Reference, parse_reference};
pub use root::{ServiceRoot, parse_root, split_query};

/// A path behind the service root, as its segments. The root itself has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourcePath<'a> {
    /// The segments in order; empty ones (doubled and closing slashes) are left out.
    pub segments: Vec<Segment<'a>>,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A set, column, navigation, cast, function or action.
    Named(NamedSegment<'a>),
    /// `$ref`
    Ref,
    /// `$count`
    Count,
    /// `$value`
    Value,
    /// `$metadata`
    Metadata,
    /// `$batch`
    Batch,
    /// `$1`: the result of an earlier request of the batch. Only the first segment can be one.
    ContentId(Cow<'a, str>),
}

/// A name and what stands in parentheses behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSegment<'a> {
    /// The name; a qualified one contains dots (`Microsoft.Dynamics.CRM.CreateMultiple`).
    pub name: Cow<'a, str>,
    /// The parentheses, if there are any. Whether `x(A='1')` addresses a record by key or calls a function with
    /// a parameter is known only with the definitions, so both have this one shape.
    pub key: Option<KeyPredicate<'a>>,
}

/// What stands in the parentheses of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPredicate<'a> {
    /// `()`
    Empty,
    /// `(7d0c…)`: the primary key.
    Positional(KeyLiteral<'a>),
    /// `(a='1',b=2)`: key columns or parameters, in source order, no name twice.
    Named(Vec<(Cow<'a, str>, KeyLiteral<'a>)>),
}

/// A value in a path: its text and the way it was written. What type it has is decided later, because clients
/// write quoted and parenthesized forms for every type (web-api 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLiteral<'a> {
    /// `5`, `null`, `7d0c…`, `2031-04-05T06:07:08Z`
    Bare(Cow<'a, str>),
    /// `'O''Hara'`, without quotes and with the doubled quote made single.
    Quoted(Cow<'a, str>),
    /// `(7d0c…)`, the text between the parentheses.
    Parenthesized(Cow<'a, str>),
    /// `@p1`, without the sign.
    Alias(Cow<'a, str>),
    /// `Microsoft.Dynamics.CRM.EntityFilters'Entity'`
    Enum {
        /// The qualified type name.
        type_name: Cow<'a, str>,
        /// The text between the quotes: one member or several separated by commas.
        member: Cow<'a, str>,
    },
    /// An array or record, as written; [`read_argument`](crate::json::read_argument) takes it apart.
    Json(Cow<'a, str>),
}

impl KeyLiteral<'_> {
    /// The text of the value in any form; for an enum literal its member.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Bare(text) | Self::Quoted(text) | Self::Parenthesized(text) | Self::Alias(text) | Self::Enum { member: text, .. } | Self::Json(text) => text,
        }
    }

    /// The same value with its own text.
    #[must_use]
    pub fn into_owned(self) -> KeyLiteral<'static> {
        match self {
            Self::Bare(text) => KeyLiteral::Bare(owned(text)),
            Self::Quoted(text) => KeyLiteral::Quoted(owned(text)),
            Self::Parenthesized(text) => KeyLiteral::Parenthesized(owned(text)),
            Self::Alias(text) => KeyLiteral::Alias(owned(text)),
            Self::Enum { type_name, member } => KeyLiteral::Enum { type_name: owned(type_name), member: owned(member) },
            Self::Json(text) => KeyLiteral::Json(owned(text)),
        }
    }
}

impl KeyPredicate<'_> {
    /// The same predicate with its own texts.
    #[must_use]
    pub fn into_owned(self) -> KeyPredicate<'static> {
        match self {
            Self::Empty => KeyPredicate::Empty,
            Self::Positional(value) => KeyPredicate::Positional(value.into_owned()),
            Self::Named(pairs) => KeyPredicate::Named(pairs.into_iter().map(|(name, value)| (owned(name), value.into_owned())).collect()),
        }
    }
}

impl<'a> NamedSegment<'a> {
    /// The parentheses read as parameters of a call: none at all and `()` are an empty list; a positional
    /// value is not a parameter list.
    #[must_use]
    pub fn arguments(&self) -> Option<&[(Cow<'a, str>, KeyLiteral<'a>)]> {
        match &self.key {
            None | Some(KeyPredicate::Empty) => Some(&[]),
            Some(KeyPredicate::Named(pairs)) => Some(pairs),
            Some(KeyPredicate::Positional(_)) => None,
        }
    }

    fn into_owned(self) -> NamedSegment<'static> {
        NamedSegment { name: owned(self.name), key: self.key.map(KeyPredicate::into_owned) }
    }
}

impl Segment<'_> {
    /// The same segment with its own texts.
    #[must_use]
    pub fn into_owned(self) -> Segment<'static> {
        match self {
            Self::Named(segment) => Segment::Named(segment.into_owned()),
            Self::Ref => Segment::Ref,
            Self::Count => Segment::Count,
            Self::Value => Segment::Value,
            Self::Metadata => Segment::Metadata,
            Self::Batch => Segment::Batch,
            Self::ContentId(id) => Segment::ContentId(owned(id)),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
