//! What happens along relationships (5.5). Everything is in the operation's transaction; every row that is written is a change, every removed one leaves a
//! tombstone (MD-37).

use std::collections::HashSet;
use std::sync::Arc;

use driftless_model::{CascadeAction, ColumnIx, DeleteAction, Error, ErrorCode, Reference, Relationship, Result, Shape, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};

use super::load::{self, Loaded};
use super::{delete, system};
use crate::behaviors;
use crate::context::WriteCx;

/// Rows that one operation has reached, so that a cascade that comes back does nothing further (SU-17), and how many it may still reach.
pub(crate) struct Reach {
    rows: HashSet<(Uuid, Uuid)>,
    max: usize,
}

impl Reach {
    pub(crate) fn new(cx: &WriteCx<'_>) -> Self {
        Self { rows: HashSet::new(), max: cx.services.limits.cascade_rows_max }
    }

    /// False if the row was reached before.
    pub(crate) fn enter(&mut self, table: &Table, id: Uuid) -> Result<bool> {
        if self.rows.len() >= self.max {
            return Err(Error::argument(format!("The operation would reach more than {} related rows; delete or assign them in steps.", self.max)));
        }
        Ok(self.rows.insert((table.def.id, id)))
    }
}

/// The delete rules of all relationships in which the row is referred to. Refusals come first.
pub(crate) fn delete(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, reach: &mut Reach) -> Result<()> {
    let snapshot = Arc::clone(&cx.snapshot);
    let relationships = snapshot.referenced(table.name());
    for relationship in relationships.iter().filter(|r| r.cascade.delete == DeleteAction::Restrict) {
        if !referring(cx, relationship, table, id, &[], Some(1))?.1.is_empty() {
            return Err(Error::of(ErrorCode::CannotDeleteDueToAssociation));
        }
    }
    for relationship in relationships {
        match relationship.cascade.delete {
            DeleteAction::Restrict | DeleteAction::NoCascade => {}
            DeleteAction::Cascade => {
                let (child, rows) = referring(cx, relationship, table, id, &[], None)?;
                for row in rows {
                    delete::row(cx, &child, row.id, reach)?;
                }
            }
            DeleteAction::RemoveLink => {
                let (child, rows) = referring(cx, relationship, table, id, &[], None)?;
                let lookup = child.require(&relationship.referencing_column)?;
                for row in rows {
                    let mut cells = vec![(lookup, Value::Null)];
                    behaviors::defaults::touch(cx, &child, &mut cells);
                    system::change(cx, &child, row.id, &cells)?;
                }
            }
        }
    }
    Ok(())
}

/// Rows of the relationship's referencing table that refer to a row, with their table.
pub(crate) fn referring(
    cx: &WriteCx<'_>,
    relationship: &Relationship,
    table: &Table,
    id: Uuid,
    columns: &[ColumnIx],
    limit: Option<u32>,
) -> Result<(Arc<Table>, Vec<Loaded>)> {
    let child = Arc::clone(cx.snapshot.require(&relationship.referencing_table)?);
    let lookup = child.require(&relationship.referencing_column)?;
    let reference = Value::Ref(Reference { table: table.def.code, id });
    let rows = load::matching(cx.tx.as_read(), &child, columns, ResolvedCondition::equals(lookup, reference), limit)?;
    Ok((child, rows))
}

/// Gives rows that refer to a row to its new owner, as the relationships say (SU-18). `previous` is the owner before.
pub(crate) fn assign(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, owner: Reference, previous: Option<Reference>, reach: &mut Reach) -> Result<()> {
    let snapshot = Arc::clone(&cx.snapshot);
    for relationship in snapshot.referenced(table.name()) {
        let action = relationship.cascade.assign;
        if action == CascadeAction::NoCascade {
            continue;
        }
        let child = Arc::clone(snapshot.require(&relationship.referencing_table)?);
        let Some(owner_column) = child.special.owner else { continue };
        let columns: Vec<_> = [Some(owner_column), child.special.state].into_iter().flatten().collect();
        let (_, rows) = referring(cx, relationship, table, id, &columns, None)?;
        for row in rows {
            let wanted = match action {
                CascadeAction::NoCascade => false,
                CascadeAction::Cascade => true,
                CascadeAction::Active => row.int(child.special.state).is_none_or(|state| state == 0),
                CascadeAction::UserOwned => row.value(owner_column).id() == previous.map(|previous| previous.id),
            };
            if wanted && reach.enter(&child, row.id)? {
                behaviors::owner::give(cx, &child, &row, owner, reach)?;
            }
        }
    }
    Ok(())
}

/// True if following a lookup of the table's own rows upward from `from` comes to `id`: then making `from` the parent of `id` closes a loop (SU-19).
pub(crate) fn leads_to(cx: &WriteCx<'_>, table: &Arc<Table>, lookup: ColumnIx, from: Uuid, id: Uuid) -> Result<bool> {
    debug_assert!(matches!(table.column(lookup).shape(), Shape::Lookup | Shape::PolyLookup), "only lookups lead anywhere");
    let mut at = from;
    for _ in 0..cx.services.limits.hierarchy_depth_max {
        if at == id {
            return Ok(true);
        }
        let row = load::matching(cx.tx.as_read(), table, &[lookup], ResolvedFilter::And(vec![ResolvedCondition::equals(table.id, Value::Guid(at))]), Some(1))?;
        match row.first().map(|row| row.value(lookup)) {
            Some(Value::Ref(parent)) if parent.table == table.def.code => at = parent.id,
            _ => return Ok(false),
        }
    }
    Err(Error::argument(format!("The hierarchy of '{}' is deeper than {} levels.", table.name(), cx.services.limits.hierarchy_depth_max)))
}
