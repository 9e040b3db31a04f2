//! Condition operators: names, how many values they take and what they mean.

use std::cmp::Ordering;

/// Comparison of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal. Never true of null.
    Equal,
    /// Not equal. True of null: a row without a value has not the value asked for.
    NotEqual,
    /// Greater. Never true of null; so are the three below.
    Greater,
    /// Greater or equal.
    GreaterEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessEqual,
}

impl Comparison {
    /// True if values in this order satisfy the comparison.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
        }
    }
}

/// An operator as asked for, before its values are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// A comparison with one value or column. Comparing with null asks for null or not null.
    Compare(Comparison),
    /// The text holds the pattern; wildcards act inside (web-api 16).
    Contains,
    /// The text begins with the pattern.
    BeginsWith,
    /// The text ends with the pattern.
    EndsWith,
    /// The value is one of a list.
    In,
    /// There is no value.
    Null,
    /// There is a value.
    NotNull,
}
