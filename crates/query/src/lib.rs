//! The one query model. Every syntax (OData, FetchXML, SQL, QueryExpression) is lowered to it, FetchXML by [`fetch`] and SELECT statements by [`tsql`]. It changes type as
//! it becomes more trusted (A6):
//!
//! - [`Query`]: what was asked, by name, with values as they were written;
//! - [`ResolvedQuery`]: checked against the metadata: places of columns, typed values, a total order;
//! - [`SecuredQuery`]: with the caller's restrictions added. Stores take nothing else.
//!
//! Results go row by row to a [`RowSink`]. [`rows_of`] is the reference evaluator: what a store's answer must equal. No SQL is made here.

mod calendar;
mod circumstances;
mod evaluate;
pub mod expression;
pub mod fetch;
#[cfg(test)]
mod fixture;
mod literal;
mod naming;
mod operator;
mod operator_names;
mod query;
mod resolve;
mod resolved;
mod rows;
pub mod tsql;
mod zone;

pub use calendar::date_part;
pub use circumstances::{Circumstances, asks_for_clock, asks_for_fiscal_year, asks_for_relations};
pub use evaluate::{AVERAGE_SCALE, Data, FoundRow, all_rows_of, compare_keys, rows_of, sum_too_great};
pub use literal::{Literal, coerce};
pub use operator::{Aggregate, CallerOperator, Comparison, DateOperator, DatePart, Operator, Span};
pub use operator_names::{NamedOperator, OPERATORS, OPERATORS_NOT_OFFERED, OperatorValues};
pub use query::{
    Along, ColumnPath, Columns, Condition, DateGroup, Expand, Filter, Link, LinkKind, Order, OrderBy, PartnerTest, Query, QueryRequest, ResultKind, Role,
    SelectedValue,
};
pub use resolve::{Tables, resolve, resolve_within};
pub use resolved::{
    Calendar, Collection, FlatValue, Group, Join, JoinKind, OrderKey, Output, ResolvedCondition, ResolvedFilter, ResolvedOrder, ResolvedQuery, Restriction,
    SecuredQuery, Source, Test,
};
pub use rows::{CollectedRow, Collector, Flow, NestedRows, PageHead, RowSink, RowView};
pub use zone::Zone;
