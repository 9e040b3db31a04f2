//! What happens along relationships (5.5). Everything is in the operation's transaction; every row that is written is a change, every removed one leaves a
//! tombstone (MD-37).

use std::collections::HashSet;
use std::sync::Arc;

use driftless_model::{CascadeAction, ColumnIx, DeleteAction, Error, ErrorCode, Reference, Relationship, Result, Shape, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};

use super::load::{self, Loaded};
use super::{pairs, system};
use crate::behaviors;
use crate::context::WriteCx;

/// Rows that one operation has reached, so that a cascade that comes back does nothing further (SU-17), and how many it may still reach.
pub(crate) struct Reach {
    rows: HashSet<(Uuid, Uuid)>,
    /// Rows that were written and may be reached again.
    unlinked: usize,
    max: usize,
}

impl Reach {
    pub(crate) fn new(cx: &WriteCx<'_>) -> Self {
        Self { rows: HashSet::new(), unlinked: 0, max: cx.services.limits.cascade_rows_max }
    }

    /// False if the row was reached before.
    pub(crate) fn enter(&mut self, table: &Table, id: Uuid) -> Result<bool> {
        self.check(self.rows.len().saturating_add(1))?;
        Ok(self.rows.insert((table.def.id, id)))
    }

    /// Counts rows that are written and not entered.
    pub(super) fn spend(&mut self, rows: usize) -> Result<()> {
        self.unlinked = self.unlinked.saturating_add(rows);
        self.check(self.rows.len())
    }

    fn check(&self, entered: usize) -> Result<()> {
        if entered.saturating_add(self.unlinked) <= self.max {
            return Ok(());
        }
        Err(Error::argument(format!("The operation would reach more than {} related rows; delete or assign them in steps.", self.max)))
    }
}

/// What is still to be done of a delete. Chains of rows may be long, so there is a list instead of recursion.
enum Step {
    /// Look at a row that goes: its refusals, and what goes before it.
    Enter(Arc<Table>, Uuid),
    /// Remove a row: all that goes before it is gone.
    Remove(Arc<Table>, Uuid),
}

/// Follows the delete rules of all relationships in which the row is referred to, to the end; the row itself is left to the caller.
pub(crate) fn delete(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, reach: &mut Reach) -> Result<()> {
    let mut open = Vec::new();
    rules(cx, table, id, reach, &mut open)?;
    while let Some(step) = open.pop() {
        match step {
            // A row that an earlier step removed is passed over.
            Step::Enter(table, id) if reach.enter(&table, id)? => {
                behaviors::before_delete(cx, &table, id)?;
                open.push(Step::Remove(Arc::clone(&table), id));
                rules(cx, &table, id, reach, &mut open)?;
            }
            Step::Enter(..) => {}
            Step::Remove(table, id) => {
                system::remove(cx, &table, id)?;
            }
        }
    }
    Ok(())
}

/// The delete rules for one row: refusals first, then links and pairs to clear; rows that go with it are added to `open`, the first one last.
fn rules(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, reach: &mut Reach, open: &mut Vec<Step>) -> Result<()> {
    let snapshot = Arc::clone(&cx.snapshot);
    let relationships = snapshot.referenced(table.name());
    for relationship in relationships.iter().filter(|r| r.cascade.delete == DeleteAction::Restrict) {
        if !referring(cx, relationship, table, id, &[], Some(1))?.1.is_empty() {
            return Err(Error::of(ErrorCode::CannotDeleteDueToAssociation));
        }
    }
    let begin = open.len();
    for relationship in relationships {
        match relationship.cascade.delete {
            DeleteAction::Restrict | DeleteAction::NoCascade => {}
            DeleteAction::Cascade => {
                let (child, rows) = referring(cx, relationship, table, id, &[], None)?;
                open.extend(rows.into_iter().map(|row| Step::Enter(Arc::clone(&child), row.id)));
            }
            DeleteAction::RemoveLink => {
                let (child, rows) = referring(cx, relationship, table, id, &[], None)?;
                reach.spend(rows.len())?;
                let lookup = child.require(&relationship.referencing_column)?;
                for row in rows {
                    let mut cells = vec![(lookup, Value::Null)];
                    behaviors::defaults::touch(cx, &child, &mut cells);
                    system::change(cx, &child, row.id, &cells)?;
                }
            }
        }
    }
    open[begin..].reverse();
    pairs::leave(cx, table, id, reach)
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

/// Gives rows that refer to a row to its new owner, as the relationships say (SU-18), and those that refer to them. `previous` is the owner before.
pub(crate) fn assign(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, owner: Reference, previous: Option<Reference>, reach: &mut Reach) -> Result<()> {
    let snapshot = Arc::clone(&cx.snapshot);
    let mut open = vec![(Arc::clone(table), id, previous)];
    while let Some((table, id, previous)) = open.pop() {
        for relationship in snapshot.referenced(table.name()) {
            let action = relationship.cascade.assign;
            let child = Arc::clone(snapshot.require(&relationship.referencing_table)?);
            let Some(owner_column) = child.special.owner.filter(|_| action != CascadeAction::NoCascade) else { continue };
            let columns: Vec<_> = [Some(owner_column), child.special.state].into_iter().flatten().collect();
            let (_, rows) = referring(cx, relationship, &table, id, &columns, None)?;
            for row in rows {
                let present = row.value(owner_column).id();
                let wanted = match action {
                    CascadeAction::NoCascade => false,
                    CascadeAction::Cascade => true,
                    CascadeAction::Active => row.int(child.special.state).is_none_or(|state| state == 0),
                    CascadeAction::UserOwned => present == previous.map(|previous| previous.id),
                };
                // SU-17: a row that has the owner already ends the chain.
                if wanted && reach.enter(&child, row.id)? && present != Some(owner.id) {
                    behaviors::owner::give(cx, &child, row.id, owner)?;
                    let previous = match row.value(owner_column) {
                        Value::Ref(previous) => Some(*previous),
                        _ => None,
                    };
                    open.push((Arc::clone(&child), row.id, previous));
                }
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
