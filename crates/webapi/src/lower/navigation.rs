//! Navigation properties: a lookup seen from the row that has it, and the ways of collections.

use driftless_core::Snapshot;
use driftless_model::{ColumnIx, LogicalName, LookupKind, Table};
use driftless_query::Along;

/// A single-valued navigation property: the lookup and the tables that it leads to under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Single {
    pub(crate) column: ColumnIx,
    pub(crate) targets: Vec<LogicalName>,
}

/// The single-valued navigation property of this name; case counts.
///
/// One name may stand for several targets (`ownerid` for users and teams); several names may lead over one lookup (`customerid_account`).
pub(crate) fn single(snapshot: &Snapshot, table: &Table, name: &str) -> Option<Single> {
    let mut found: Option<Single> = None;
    for relationship in snapshot.referencing(table.name()).iter().filter(|r| r.referencing_navigation == name) {
        let Some(column) = table.find(&relationship.referencing_column) else { continue };
        let single = found.get_or_insert_with(|| Single { column, targets: Vec::new() });
        if single.column == column {
            single.targets.push(relationship.referenced_table.clone());
        }
    }
    // The owner's name leads to both kinds of owners, whichever relationship carries it.
    let owner = table.find(name).filter(|ix| table.column(*ix).lookup().is_some_and(|lookup| lookup.kind == LookupKind::Owner));
    if let Some(column) = owner
        && let Some(lookup) = table.column(column).lookup()
    {
        return Some(Single { column, targets: lookup.targets.clone() });
    }
    found
}

/// The way that a collection-valued navigation property of this name leads: over a lookup, or over pairs; case counts.
pub(crate) fn way(snapshot: &Snapshot, table: &Table, name: &str) -> Option<Along> {
    snapshot.collection(table.name(), name).map(|collection| collection.along())
}

/// The table of the rows that a way leads to.
pub(crate) fn target_of(along: &Along) -> &LogicalName {
    match along {
        Along::Lookup { target: table, .. } | Along::Collection { table, .. } | Along::Intersect { table, .. } => table,
    }
}
