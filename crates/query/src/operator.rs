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

/// An operator as asked for, before its values are typed. What an operator refuses is said with `Filter::Not`, so that the opposite holds of null.
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
    /// The whole text matches the pattern.
    Like,
    /// The value is one of a list.
    In,
    /// The value lies between two, or is one of them.
    Between,
    /// One of the options chosen is one of a list.
    ContainValues,
    /// There is no value.
    Null,
    /// There is a value.
    NotNull,
    /// A point in time.
    Date(DateOperator),
    /// Something about the caller.
    Caller(CallerOperator),
    /// A place in a hierarchy, relative to the row with the given identifier.
    Hierarchy {
        /// Toward the root; else away from it.
        above: bool,
        /// The row itself as well.
        inclusive: bool,
    },
}

/// A span of the calendar. Weeks begin on Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// A day of the caller's calendar, as all below.
    Day,
    /// Seven days from Sunday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
    /// A part of the organization's fiscal year.
    FiscalPeriod,
    /// The organization's fiscal year.
    FiscalYear,
}

/// Conditions on points in time, relative to the moment of the request and the caller's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOperator {
    /// In the span so many after the present one: -1 last, 0 this, 1 next.
    Within(Span, i8),
    /// In the last x spans, up to now. x is the value.
    Last(Span),
    /// In the next x spans, from now.
    Next(Span),
    /// Before the last x spans.
    OlderThan(Span),
    /// On the day given.
    On,
    /// On the day given or before.
    OnOrBefore,
    /// On the day given or after.
    OnOrAfter,
    /// In the fiscal year given.
    InFiscalYear,
    /// In the fiscal period given, of any year.
    InFiscalPeriod,
    /// In the fiscal period and year given.
    InFiscalPeriodAndYear,
    /// The same, or later.
    InOrAfterFiscalPeriodAndYear,
    /// The same, or earlier.
    InOrBeforeFiscalPeriodAndYear,
}

impl DateOperator {
    /// True if the organization's fiscal year decides.
    pub fn is_fiscal(self) -> bool {
        match self {
            Self::Within(span, _) | Self::Last(span) | Self::Next(span) | Self::OlderThan(span) => matches!(span, Span::FiscalPeriod | Span::FiscalYear),
            Self::On | Self::OnOrBefore | Self::OnOrAfter => false,
            Self::InFiscalYear
            | Self::InFiscalPeriod
            | Self::InFiscalPeriodAndYear
            | Self::InOrAfterFiscalPeriodAndYear
            | Self::InOrBeforeFiscalPeriodAndYear => true,
        }
    }
}

/// Conditions on the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerOperator {
    /// The caller.
    User,
    /// A team of the caller.
    Teams,
    /// The caller, or a team of the caller.
    UserOrTeams,
    /// The caller, or someone below in the hierarchy of managers.
    Reports,
    /// The same, or a team of the caller.
    ReportsOrTeams,
    /// The caller's business unit.
    BusinessUnit,
    /// The caller's language.
    Language,
}

/// A part of a date, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// Day of the month, from 1.
    Day,
    /// Week of the year, from 1; the first begins on January 1, the others on Sunday.
    Week,
    /// Month, from 1.
    Month,
    /// Quarter, from 1.
    Quarter,
    /// Year.
    Year,
    /// Part of the fiscal year, from 1.
    FiscalPeriod,
    /// The year in which the fiscal year begins.
    FiscalYear,
}

/// What is made of the values of a group. Nulls are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Number of rows, or of values.
    Count,
    /// Number of different values.
    CountDistinct,
    /// Sum; of whole numbers a whole number.
    Sum,
    /// Average; of whole numbers and money cut to what their type can hold.
    Average,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
}
