//! The one query model. Every syntax (OData, later FetchXML and QueryExpression) is lowered to it, and it changes type as it becomes more trusted (A6):
//!
//! - [`Query`]: what was asked, by name, with values as they were written;
//! - [`ResolvedQuery`]: checked against the metadata: places of columns, typed values, a total order;
//! - [`SecuredQuery`]: with the caller's restrictions added. Stores take nothing else.
//!
//! Results go row by row to a [`RowSink`]. [`evaluate`] is the reference evaluator: what a store's answer must equal. There is no SQL here and no syntax.

mod evaluate;
mod literal;
mod operator;
mod query;
mod resolve;
mod resolved;
mod rows;

pub use evaluate::{compare_rows, evaluate, is_after};
pub use literal::{Literal, coerce};
pub use operator::{Comparison, Operator};
pub use query::{Columns, Condition, Expand, Filter, Order, Query};
pub use resolve::{Tables, resolve};
pub use resolved::{Group, Join, Output, ResolvedCondition, ResolvedFilter, ResolvedOrder, ResolvedQuery, SecuredQuery, Source, Test};
pub use rows::{CollectedRow, Collector, Flow, PageHead, RowSink, RowView};
