//! From definitions and secured queries to SQL text and bind values, in SQLite's dialect. Nothing here runs a statement.
//!
//! Start with [`select`] (a query), [`changed_rows`] (a range of the feed), [`insert`] (a row) and [`create_table`] (a definition). Physical form: one rowid
//! table for each table, real typed columns (ADR 0002); a polymorphic lookup is two columns, the second named `<name>__t`; index names join the physical
//! table and the purpose with a point, which no physical name holds.
//!
//! Filters are two-valued (`query::rows_of`): SQL's "unknown" counts as false, so only a negation has to say so.

mod bind;
mod condition;
mod cut;
mod ddl;
mod join;
mod key;
mod name;
mod output;
mod row;
mod select;
mod targets;
mod text;

pub use bind::{Bind, Statement, bind};
pub use ddl::{PhysicalColumn, add_column, create_table, drop_table, index_lookup, physical_columns};
pub use key::{KeyColumns, collisions, drop_key, index_key, key_collision_count, key_collisions, key_taken};
pub use name::{id_index, key_index, lookup_index, quoted, type_column, version_index};
pub use output::date_part_at;
pub use row::{delete, insert, locate, update};
pub use select::{Select, Slot, VersionRange, changed_rows, count, count_changed_rows, select};
pub use targets::{Target, Targets};

/// Name of the collation that orders text by `model::compare`. A store registers it on every connection.
pub const COLLATION: &str = "FOLD";

/// Name of the scalar function over `model::matches_pattern`: (text, pattern) to 0 or 1; 0 for null. A store registers it on every connection.
pub const MATCHES: &str = "fold_matches";

/// Name of the scalar function over `query::date_part`: (part by its number, see [`date_part_at`], seconds, code of the zone whose clock is read, month and day on
/// which the fiscal year begins, months of a fiscal period) to a whole number or null. A store registers it on every connection.
pub const DATE_PART: &str = "date_part";

/// Name of the aggregate function that adds stored decimals. A store registers it on every connection.
pub const DECIMAL_SUM: &str = "decimal_sum";

/// Name of the aggregate function over stored decimals that gives their average, cut to `query::AVERAGE_SCALE` digits. A store registers it on every connection.
pub const DECIMAL_AVERAGE: &str = "decimal_average";
