//! From which columns of a row a row of another table is begun: rows of `entitymap` name two tables, those of `attributemap` their columns (web-api 28).

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, Result, Table, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};
use driftless_store::ReadTx;

use super::tables::reference;
use crate::context::WriteCx;
use crate::metadata::Snapshot;
use crate::records::fields::get;
use crate::records::system;

/// A column of a source with the one of a target that takes its value.
pub(crate) type ColumnPair = (ColumnIx, ColumnIx);

/// Checks the names that are written into a map, and that the columns fit each other.
///
/// # Errors
/// 0x80041102 and 0x80041103 for names that are not there; 0x80040203 when a column cannot take the values of the other.
pub(super) fn check(cx: &WriteCx<'_>, table: &Table, cells: &[(ColumnIx, Value)]) -> Result<()> {
    let text_of = |name: &str| match table.find(name).and_then(|column| get(cells, column)) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    for name in ["sourceentityname", "targetentityname"] {
        text_of(name).map_or(Ok(()), |name| cx.snapshot.require(name).map(drop))?;
    }
    let map = table.find("entitymapid").and_then(|column| get(cells, column)).and_then(Value::id);
    let (Some(map), Some(from), Some(to)) = (map, text_of("sourceattributename"), text_of("targetattributename")) else { return Ok(()) };
    let maps = cx.snapshot.require("entitymap")?;
    let found = system::rows(cx.tx.as_read(), maps, &["sourceentityname", "targetentityname"], Some(ResolvedCondition::equals(maps.id, Value::Guid(map))))?;
    let Some(row) = found.first() else { return Err(Error::no_such_record(maps.name(), map)) };
    let (source, target) = (cx.snapshot.require(row.text(0))?, cx.snapshot.require(row.text(1))?);
    if fits(source, source.require(from)?, target, target.require(to)?) {
        return Ok(());
    }
    Err(Error::argument(format!("The column '{to}' of '{}' cannot take values of the column '{from}' of '{}'.", target.name(), source.name())))
}

/// True if a column can take another one's values: those of the primary id go to a lookup that can refer to the row.
fn fits(source: &Table, from: ColumnIx, target: &Table, to: ColumnIx) -> bool {
    let to = target.column(to);
    if from == source.id {
        return to.lookup().is_some_and(|lookup| lookup.targets.iter().any(|name| name == source.name()));
    }
    let from = source.column(from);
    match (from.lookup(), to.lookup()) {
        (Some(from), Some(to)) => from.targets.iter().any(|name| to.targets.contains(name)),
        _ => from.shape() == to.shape(),
    }
}

/// The columns of `target` that take values of a row of `source`; none when no map and no single relationship connects the tables. Without a map the one lookup
/// that leads from `target` to `source` is all.
///
/// # Errors
/// Those of the store.
pub(crate) fn of(tx: &dyn ReadTx, snapshot: &Snapshot, source: &Table, target: &Table) -> Result<Option<Vec<ColumnPair>>> {
    let (maps, columns) = (snapshot.require("entitymap")?, snapshot.require("attributemap")?);
    let named = |column: &str, table: &Table| Ok::<_, Error>(ResolvedCondition::equals(maps.require(column)?, Value::text(table.name().as_str())));
    let both = ResolvedFilter::And(vec![named("sourceentityname", source)?, named("targetentityname", target)?]);
    let found = system::rows(tx, maps, &[], Some(both))?;
    if found.is_empty() {
        let mut lookups = lookups(snapshot, source, target);
        return Ok(match (lookups.next(), lookups.next()) {
            (Some(only), None) => Some(vec![(source.id, only)]),
            _ => None,
        });
    }
    let mut pairs = Vec::new();
    for map in found {
        let of_map = ResolvedCondition::equals(columns.require("entitymapid")?, reference(maps, map.id));
        for row in system::rows(tx, columns, &["sourceattributename", "targetattributename"], Some(of_map))? {
            // Columns may have gone since the map was made.
            let pair = source.find(row.text(0)).zip(target.find(row.text(1)));
            pairs.extend(pair.filter(|(from, to)| fits(source, *from, target, *to)));
        }
    }
    pairs.sort_unstable_by_key(|(_, to)| *to);
    pairs.dedup_by_key(|(_, to)| *to);
    Ok(Some(pairs))
}

/// The lookups from `target` to `source` that a caller can set, but for owners.
fn lookups<'a>(snapshot: &'a Snapshot, source: &'a Table, target: &'a Table) -> impl Iterator<Item = ColumnIx> + 'a {
    let relationships: &[Arc<driftless_model::Relationship>] = snapshot.referencing(target.name());
    let of_source = relationships.iter().filter(|relationship| relationship.referenced_table == *source.name());
    of_source
        .filter_map(|relationship| target.find(&relationship.referencing_column))
        .filter(|column| target.column(*column).valid.create && target.special.owner != Some(*column))
}
