//! What was asked, by name.

use driftless_model::{LogicalName, Table};

use crate::{Aggregate, DatePart, Literal, Operator};

/// Which columns to return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Columns {
    /// All readable ones.
    #[default]
    All,
    /// These, in this order.
    Some(Vec<LogicalName>),
}

/// A query over one table and the rows that belong to its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The table.
    pub table: LogicalName,
    /// What a result row stands for.
    pub result: ResultKind,
    /// Columns of the table to return. The primary id and the version are always returned. Not looked at unless rows are asked for.
    pub columns: Columns,
    /// Values that stand flat in a result row, beside the table's own columns.
    pub values: Vec<SelectedValue>,
    /// Tables that are joined.
    pub links: Vec<Link>,
    /// Rows to return.
    pub filter: Option<Filter>,
    /// Order of rows. Identifiers break ties.
    pub orders: Vec<Order>,
    /// Rows to return nested.
    pub expands: Vec<Expand>,
    /// Most rows to return; none for all.
    pub limit: Option<u32>,
    /// Return the primary name of the row behind each returned lookup.
    pub lookup_names: bool,
}

impl Query {
    /// All rows and columns of a table.
    pub fn new(table: LogicalName) -> Self {
        Self {
            table,
            result: ResultKind::Rows,
            columns: Columns::All,
            values: Vec::new(),
            links: Vec::new(),
            filter: None,
            orders: Vec::new(),
            expands: Vec::new(),
            limit: None,
            lookup_names: false,
        }
    }

    /// Different rows of which nothing is returned are told apart by their identifiers.
    pub(crate) fn name_rows(&mut self, table: &Table) {
        if self.result == ResultKind::Distinct && self.values.is_empty() {
            let column = Some(ColumnPath::own(table.def.primary_id.clone()));
            self.values.push(SelectedValue { column, name: None, role: Role::Plain });
        }
    }
}

/// A query, and how much of its answer is wanted at once.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryRequest {
    /// The query; its limit is not set.
    pub query: Query,
    /// Number of the page, from 1.
    pub page: Option<u32>,
    /// Rows of a page.
    pub page_rows: Option<u32>,
    /// The cookie of the page before, as the client carried it.
    pub paging_cookie: Option<String>,
    /// Rows to return in all; never together with pages.
    pub top: Option<u32>,
    /// The number of rows is to be returned as well.
    pub total: bool,
    /// Most rows to make aggregates of, below the limit of the service.
    pub aggregate_rows_max: Option<u64>,
}

/// What a result row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultKind {
    /// A row of the table, once for each combination of joined rows.
    #[default]
    Rows,
    /// Different values: rows that agree in all of `values` are one.
    Distinct,
    /// A group of rows that agree in the values with [`Role::Group`]; the others are aggregates.
    Groups,
}

/// A column, and how to get to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPath {
    /// The alias of a link; none for the table whose filter, order or value this is.
    pub link: Option<String>,
    /// Lookups to follow from there, each with the table that it leads to.
    pub lookups: Vec<(LogicalName, LogicalName)>,
    /// The column.
    pub column: LogicalName,
}

impl ColumnPath {
    /// A column of the table itself.
    pub fn own(column: LogicalName) -> Self {
        Self { link: None, lookups: Vec::new(), column }
    }
}

/// A value of a result row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedValue {
    /// The column; none for the number of rows.
    pub column: Option<ColumnPath>,
    /// Its name in the result; none for the column's own name.
    pub name: Option<String>,
    /// What is returned of it.
    pub role: Role,
}

/// What is returned of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its value.
    Plain,
    /// Rows are grouped by it, or by a part of its date.
    Group(Option<DateGroup>),
    /// One value for all rows of the group.
    Aggregate(Aggregate),
}

/// A part of a date to group by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateGroup {
    /// The part.
    pub part: DatePart,
    /// Moments become dates as UTC has them; else as the caller's clock has them.
    pub utc: bool,
}

/// A joined table.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Its name for conditions and orders, unique in the query.
    pub alias: String,
    /// The table.
    pub table: LogicalName,
    /// The column of the joined table.
    pub from: LogicalName,
    /// The column of the table that it is joined to; its value must be equal.
    pub to: LogicalName,
    /// What becomes of rows without a partner.
    pub kind: LinkKind,
    /// Rows of the joined table to take.
    pub filter: Option<Filter>,
    /// Tables that are joined to this one.
    pub links: Vec<Link>,
}

/// What becomes of rows without a partner, and with several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Rows without a partner are left out.
    Inner,
    /// Rows without a partner stay, with nulls.
    Outer,
    /// Rows without a partner are left out; of several partners the one with the least identifier is taken.
    First,
}

/// Rows to return nested.
#[derive(Clone, Debug, PartialEq)]
pub struct Expand {
    /// Where they are.
    pub along: Along,
    /// Name of the nested object or list in the result.
    pub name: String,
    /// Columns to return.
    pub columns: Columns,
    /// Rows to return; of a lookup, the row is left out unless this holds.
    pub filter: Option<Filter>,
    /// Order of a list.
    pub orders: Vec<Order>,
    /// Most rows of a list.
    pub limit: Option<u32>,
    /// What is nested in these rows.
    pub expands: Vec<Expand>,
}

/// The way from a row to rows that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Along {
    /// The row behind a lookup.
    Lookup {
        /// The lookup.
        lookup: LogicalName,
        /// The table that it leads to; one of the lookup's targets.
        target: LogicalName,
    },
    /// The rows whose lookup leads here.
    Collection {
        /// Their table.
        table: LogicalName,
        /// The lookup.
        lookup: LogicalName,
    },
    /// The rows on the other side of a many-to-many relationship.
    Intersect {
        /// Its intersect table.
        intersect: LogicalName,
        /// The column of the intersect table that holds this row's identifier.
        near: LogicalName,
        /// The column that holds the other row's.
        far: LogicalName,
        /// The other table.
        table: LogicalName,
    },
}

/// A tree of conditions.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All hold. Holds when empty.
    And(Vec<Filter>),
    /// Any holds. Does not hold when empty.
    Or(Vec<Filter>),
    /// Does not hold.
    Not(Box<Filter>),
    /// One condition.
    Condition(Condition),
    /// There is a partner. The kind of the link is not looked at. Its alias can be used inside only.
    Exists(Box<Link>),
}

/// What is asked of the partners of a row, when nothing of them is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerTest {
    /// There is one.
    Any,
    /// There is none.
    NotAny,
    /// There are some, and the link's filters hold of none. Called `all` (Microsoft: filter rows, a note on the name).
    OnlyOthers,
}

impl Filter {
    /// All of these hold; none for nothing.
    pub fn all(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() > 1 { Some(Self::And(parts)) } else { parts.pop() }
    }

    /// Any of these holds; none for nothing.
    pub fn any(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() > 1 { Some(Self::Or(parts)) } else { parts.pop() }
    }

    /// What is asked of the partners along `link`.
    pub fn of_partners(test: PartnerTest, link: Link) -> Self {
        let some = |link| Self::Exists(Box::new(link));
        match test {
            PartnerTest::Any => some(link),
            PartnerTest::NotAny => Self::Not(Box::new(some(link))),
            PartnerTest::OnlyOthers => {
                let partners = Link { filter: None, links: Vec::new(), ..link.clone() };
                Self::And(vec![some(partners), Self::Not(Box::new(some(link)))])
            }
        }
    }

    /// The opposite of [`Filter::of_partners`]: none if this asks something else.
    pub fn partners(&self) -> Option<(PartnerTest, &Link)> {
        match self {
            Self::Exists(link) => Some((PartnerTest::Any, link)),
            Self::Not(part) => match &**part {
                Self::Exists(link) => Some((PartnerTest::NotAny, link)),
                _ => None,
            },
            Self::And(parts) => match parts.as_slice() {
                [Self::Exists(partners), Self::Not(part)] => match &**part {
                    Self::Exists(link) if link.alias == partners.alias => Some((PartnerTest::OnlyOthers, link)),
                    _ => None,
                },
                _ => None,
            },
            Self::Or(_) | Self::Condition(_) => None,
        }
    }
}

/// A condition on one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The column.
    pub column: ColumnPath,
    /// The operator.
    pub operator: Operator,
    /// Its values, as written.
    pub values: Vec<Literal>,
    /// A column to compare with, instead of a value.
    pub other: Option<ColumnPath>,
}

impl Condition {
    /// A condition with these values.
    pub fn new(column: ColumnPath, operator: Operator, values: Vec<Literal>) -> Self {
        Self { column, operator, values, other: None }
    }
}

/// One key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What it orders by.
    pub by: OrderBy,
    /// Greatest first. Null sorts first ascending and last descending.
    pub descending: bool,
}

/// What a key of the order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// A column.
    Column(ColumnPath),
    /// One of the query's values, by its name.
    Value(String),
}
