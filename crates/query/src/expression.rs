//! QueryExpression: a query as an object (organization-service 7). [`Expression`] is such an object as plain data, which jobs keep; it becomes the one query model,
//! and is made of it. Values are texts, since columns know their types.

mod lower;
mod print;

use serde::{Deserialize, Serialize};

use crate::{Aggregate, DatePart};

/// A query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expression {
    /// The table.
    pub table: String,
    /// What is returned of it.
    #[serde(default)]
    pub returned: Returned,
    /// Rows to return.
    pub filter: Criteria,
    /// Tables that are joined.
    pub links: Vec<LinkExpression>,
    /// The order.
    pub orders: Vec<OrderExpression>,
    /// Rows to return in all.
    #[serde(rename = "limit")]
    pub top: Option<u32>,
    /// Different rows alone; of columns that are counted, different values.
    #[serde(default)]
    pub distinct: bool,
    /// The page.
    #[serde(default)]
    pub page: Paging,
}

/// Columns to return.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// All columns.
    pub all: bool,
    /// These columns.
    pub columns: Vec<String>,
    /// Columns under names of their own, groups and aggregates.
    pub attributes: Vec<AttributeExpression>,
}

/// A column under a name of its own, something to group by, or an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeExpression {
    /// The column.
    pub column: String,
    /// Its name in results.
    pub alias: Option<String>,
    /// What is made of its values.
    pub aggregate: AggregateType,
    /// Rows are grouped by it.
    pub groups: bool,
    /// By this part of its date.
    pub date_part: DateGrouping,
}

/// What is made of a column's values, with the names that QueryExpression has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AggregateType {
    /// Nothing.
    #[default]
    None,
    /// The number of rows.
    Count,
    /// The number of values.
    CountColumn,
    /// Their sum.
    Sum,
    /// Their average.
    Avg,
    /// The least one.
    Min,
    /// The greatest one.
    Max,
}

impl AggregateType {
    /// All, with their names and by their numbers.
    pub const ALL: [(&'static str, Self); 7] = [
        ("None", Self::None),
        ("Count", Self::Count),
        ("CountColumn", Self::CountColumn),
        ("Sum", Self::Sum),
        ("Avg", Self::Avg),
        ("Min", Self::Min),
        ("Max", Self::Max),
    ];

    /// The aggregate of values that this is; none for rows and for no aggregate.
    fn of_values(self, distinct: bool) -> Option<Aggregate> {
        Some(match self {
            Self::None | Self::Count => return None,
            Self::CountColumn if distinct => Aggregate::CountDistinct,
            Self::CountColumn => Aggregate::Count,
            Self::Sum => Aggregate::Sum,
            Self::Avg => Aggregate::Average,
            Self::Min => Aggregate::Min,
            Self::Max => Aggregate::Max,
        })
    }
}

/// A part of a date, with the names that QueryExpression has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateGrouping {
    /// The whole date.
    #[default]
    None,
    /// See [`DatePart::Day`]; so are those below.
    Day,
    /// The week of the year.
    Week,
    /// The month.
    Month,
    /// The quarter.
    Quarter,
    /// The year.
    Year,
    /// The part of the fiscal year.
    FiscalPeriod,
    /// The fiscal year.
    FiscalYear,
}

impl DateGrouping {
    /// All, with their names and by their numbers.
    pub const ALL: [(&'static str, Self); 8] = [
        ("None", Self::None),
        ("Day", Self::Day),
        ("Week", Self::Week),
        ("Month", Self::Month),
        ("Quarter", Self::Quarter),
        ("Year", Self::Year),
        ("FiscalPeriod", Self::FiscalPeriod),
        ("FiscalYear", Self::FiscalYear),
    ];

    fn part(self) -> Option<DatePart> {
        Some(match self {
            Self::None => return None,
            Self::Day => DatePart::Day,
            Self::Week => DatePart::Week,
            Self::Month => DatePart::Month,
            Self::Quarter => DatePart::Quarter,
            Self::Year => DatePart::Year,
            Self::FiscalPeriod => DatePart::FiscalPeriod,
            Self::FiscalYear => DatePart::FiscalYear,
        })
    }
}

/// Conditions, all or any of which hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criteria {
    /// Any is enough.
    pub any: bool,
    /// Conditions.
    pub conditions: Vec<ConditionExpression>,
    /// Criteria inside.
    pub filters: Vec<Criteria>,
    /// A condition on partners.
    #[serde(default)]
    pub partners: Option<Box<LinkExpression>>,
}

impl Criteria {
    /// Asks nothing.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.partners.is_none() && self.filters.iter().all(Self::is_empty)
    }
}

/// A condition on one column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionExpression {
    /// Alias or table of the link that has the column.
    pub link: Option<String>,
    /// The column.
    pub column: String,
    /// The operator's name.
    pub operator: String,
    /// The values.
    pub values: Vec<String>,
    /// The value is the name of a column, of the same link unless an alias and a dot stand before it.
    pub compares_columns: bool,
}

/// A joined table, or a condition on partners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkExpression {
    /// Its name in conditions, orders and results.
    pub alias: Option<String>,
    /// The table.
    pub table: String,
    /// The column of the joined table.
    pub from: String,
    /// The column that it is joined to.
    pub to: String,
    /// What becomes of partners.
    pub join: JoinOperator,
    /// What is returned of them.
    #[serde(default)]
    pub returned: Returned,
    /// Rows of the joined table to take.
    pub filter: Criteria,
    /// Tables that are joined to this one.
    pub links: Vec<LinkExpression>,
    /// Keys of the order in this table; they come after the query's own.
    #[serde(default)]
    pub orders: Vec<OrderExpression>,
}

/// What becomes of partners, with the names that QueryExpression has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinOperator {
    /// Rows without a partner are left out.
    #[default]
    Inner,
    /// Rows without a partner stay.
    LeftOuter,
    /// As inner.
    Natural,
    /// Rows without a partner are left out; of several partners one is taken.
    MatchFirstRowUsingCrossApply,
    /// Rows with a partner, once; nothing is returned of it. So is it below.
    In,
    /// The same.
    Exists,
    /// The same.
    Any,
    /// Rows without a partner.
    NotAny,
    /// Rows with partners of which the filters hold of none (Microsoft: filter rows, a note on the name).
    All,
    /// As any.
    NotAll,
}

impl JoinOperator {
    /// All, with their names and by their numbers.
    pub const ALL: [(&'static str, Self); 10] = [
        ("Inner", Self::Inner),
        ("LeftOuter", Self::LeftOuter),
        ("Natural", Self::Natural),
        ("MatchFirstRowUsingCrossApply", Self::MatchFirstRowUsingCrossApply),
        ("In", Self::In),
        ("Exists", Self::Exists),
        ("Any", Self::Any),
        ("NotAny", Self::NotAny),
        ("All", Self::All),
        ("NotAll", Self::NotAll),
    ];

    /// The operator's name.
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }
}

/// One key of the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderExpression {
    /// Alias or table of the link that has the column.
    pub link: Option<String>,
    /// The column.
    pub column: String,
    /// Greatest first.
    pub descending: bool,
    /// The name of a value, instead of a column.
    #[serde(default)]
    pub value: Option<String>,
}

/// How much of the answer is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paging {
    /// Number of the page, from 1.
    pub number: Option<u32>,
    /// Rows of a page.
    pub rows: Option<u32>,
    /// The cookie of the page before.
    pub cookie: Option<String>,
    /// The number of rows is wanted as well.
    pub total: bool,
}

#[cfg(test)]
mod tests;
