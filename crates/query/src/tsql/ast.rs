//! A SELECT as it was written, of the kind that is offered. Names of tables and columns are in lower case, since they match in any case; names given with AS stay
//! as they are.

use crate::{Aggregate, Comparison, LinkKind, Literal};

/// One SELECT.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Select {
    pub(super) distinct: bool,
    /// Rows of TOP.
    pub(super) top: Option<u32>,
    pub(super) items: Vec<Item>,
    pub(super) from: TableName,
    pub(super) joins: Vec<Join>,
    pub(super) filter: Option<Predicate>,
    pub(super) groups: Vec<ColumnName>,
    pub(super) orders: Vec<OrderKey>,
    /// Rows of OFFSET.
    pub(super) skip: Option<u64>,
    /// Rows of FETCH.
    pub(super) rows_max: Option<u32>,
}

/// An entry of the list of columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) value: Selected,
    pub(super) alias: Option<String>,
}

/// What stands in the list of columns and in ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Selected {
    Column(ColumnName),
    Aggregate(AggregateOf),
}

/// `COUNT(*)`, `SUM(column)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AggregateOf {
    pub(super) aggregate: Aggregate,
    /// The function's name, in lower case.
    pub(super) function: String,
    /// None for the number of rows.
    pub(super) column: Option<ColumnName>,
}

/// `column` or `table.column`; what stands before the table's name says nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColumnName {
    pub(super) table: Option<String>,
    pub(super) column: String,
}

/// A table of FROM or JOIN.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableName {
    pub(super) name: String,
    pub(super) alias: Option<String>,
}

/// INNER JOIN or LEFT JOIN.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Join {
    pub(super) kind: LinkKind,
    pub(super) table: TableName,
    pub(super) on: Predicate,
}

/// A key of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OrderKey {
    pub(super) by: Selected,
    pub(super) descending: bool,
}

/// What WHERE and ON say.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Predicate {
    /// Two or more parts, none of which is `And`.
    And(Vec<Predicate>),
    /// Two or more parts, none of which is `Or`.
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Compare {
        column: ColumnName,
        comparison: Comparison,
        other: Operand,
    },
    /// IS NULL, or IS NOT NULL if negated.
    Null {
        column: ColumnName,
        negated: bool,
    },
    In {
        column: ColumnName,
        values: Vec<Literal>,
        negated: bool,
    },
    Between {
        column: ColumnName,
        low: Literal,
        high: Literal,
        negated: bool,
    },
    Like {
        column: ColumnName,
        pattern: Literal,
        negated: bool,
    },
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Column(ColumnName),
    Value(Literal),
}
