//! Components that exist join and leave unmanaged solutions (web-api 27). What joins stays what it is: the solution is a container.

use driftless_model::{Error, ErrorCode, Result, Uuid};

use super::components::{self, Component, Share};
use super::dependencies::{self, Node};
use super::plan::component_type_of;
use super::{Installed, require_named};
use crate::context::WriteCx;
use crate::metadata::Snapshot;
use crate::metadata::validate::component_type;

/// Another number for relationships, which older clients give.
const TYPE_RELATIONSHIP_OLD: i32 = 3;

/// What joins a solution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joining {
    pub(crate) component: Node,
    /// What the component needs joins too.
    pub(crate) with_required: bool,
    /// Of a table, only what is named joins.
    pub(crate) without_parts: bool,
}

/// A component as its definition has it.
struct Present {
    kind: i32,
    /// It is built in, or came with a managed solution.
    foreign: bool,
}

/// Lets a component belong to an unmanaged solution. Gives the id of its row.
///
/// # Errors
/// 0x80048037 without the solution, 0x8004F024 for a managed one, 0x80040217 without the component, 0x80040203 for another type than it has.
pub(crate) fn join(cx: &mut WriteCx<'_>, solution: &str, joining: &Joining) -> Result<Uuid> {
    let solution = open(cx, solution)?;
    let snapshot = std::sync::Arc::clone(&cx.snapshot);
    require(&snapshot, joining.component)?;
    if joining.with_required {
        for node in dependencies::closure(&snapshot, joining.component.id) {
            let foreign = find(&snapshot, node.id).is_none_or(|present| present.foreign);
            if !foreign {
                join_one(cx, &solution, &snapshot, node, false)?;
            }
        }
    }
    join_one(cx, &solution, &snapshot, joining.component, joining.without_parts)
}

/// Lets a definition that a customizer changes belong to the solution that the request names (SOL-33).
///
/// # Errors
/// 0x80048037 without the solution, 0x8004F024 for a managed one.
pub(crate) fn join_changed(cx: &mut WriteCx<'_>, solution: &str, component: Node) -> Result<()> {
    let solution = open(cx, solution)?;
    let snapshot = std::sync::Arc::clone(&cx.snapshot);
    let is_there = of(cx, &solution, component.id)?.is_some();
    // A table whose properties are changed does not bring its columns.
    if is_there { Ok(()) } else { join_one(cx, &solution, &snapshot, component, true).map(drop) }
}

fn join_one(cx: &mut WriteCx<'_>, solution: &Installed, snapshot: &Snapshot, node: Node, without_parts: bool) -> Result<Uuid> {
    let present = require(snapshot, node)?;
    let is_table = present.kind == component_type::TABLE;
    // What somebody else brought goes with them, whoever names it.
    let share = if present.foreign || (is_table && without_parts) { Share::Additions } else { Share::Whole };
    match of(cx, solution, node.id)? {
        Some(row) => {
            let rows = std::collections::HashMap::from([(node.id, row.clone())]);
            components::join(cx, solution.id, present.kind, node.id, share, &rows)?;
            Ok(row.row)
        }
        None => components::insert(cx, solution.id, present.kind, node.id, share),
    }
}

/// Takes a component out of an unmanaged solution. One that is in no other goes to the default one.
///
/// # Errors
/// 0x80048037 without the solution, 0x8004F024 for a managed one, 0x80040217 for a component that it does not have.
pub(crate) fn leave(cx: &mut WriteCx<'_>, solution: &str, component: Node) -> Result<()> {
    let solution = open(cx, solution)?;
    let all = components::all(&cx.read())?;
    let is_of = |row: &&Component| row.solution == solution.id && (row.object == component.id || row.row == component.id);
    let Some(row) = all.iter().find(is_of) else {
        let message = format!("The solution '{}' does not have the component {}.", solution.unique_name, component.id);
        return Err(Error::new(ErrorCode::ObjectDoesNotExist, message));
    };
    let is_elsewhere = all.iter().any(|other| other.object == row.object && other.solution != solution.id);
    if is_elsewhere {
        return crate::records::system::delete(cx, "solutioncomponent", row.row).map(drop);
    }
    let default = cx.services.facts.default_solution;
    if solution.id == default {
        return Err(Error::new(ErrorCode::InvalidOperation, "The component is in no other solution, so it stays in the default one."));
    }
    components::give(cx, row, default)
}

/// The unmanaged solution of this name.
fn open(cx: &WriteCx<'_>, solution: &str) -> Result<Installed> {
    let solution = require_named(&cx.read(), solution)?;
    if solution.managed { Err(Error::of(ErrorCode::CannotUpdateManagedSolution)) } else { Ok(solution) }
}

/// The row of a component in a solution.
fn of(cx: &WriteCx<'_>, solution: &Installed, id: Uuid) -> Result<Option<Component>> {
    Ok(components::of_solution(&cx.read(), solution.id)?.into_iter().find(|row| row.object == id))
}

fn require(snapshot: &Snapshot, node: Node) -> Result<Present> {
    let kind = if node.kind == TYPE_RELATIONSHIP_OLD { component_type::RELATIONSHIP } else { node.kind };
    match find(snapshot, node.id) {
        Some(present) if present.kind == kind => Ok(present),
        Some(present) => Err(Error::argument(format!("The component {} has the type {}, not {kind}.", node.id, present.kind))),
        None => Err(Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no component of the type {kind} with the id {}.", node.id))),
    }
}

fn find(snapshot: &Snapshot, id: Uuid) -> Option<Present> {
    let present = |kind, custom: bool, managed: bool| Present { kind, foreign: !custom || managed };
    if let Some(table) = snapshot.by_id(id) {
        return Some(present(component_type::TABLE, table.def.custom, table.def.managed));
    }
    if let Some((table, ix)) = snapshot.column_by_id(id) {
        let column = table.column(ix);
        return Some(present(component_type::COLUMN, column.custom, column.managed));
    }
    if let Some(relationship) = snapshot.relationship_by_id(id) {
        return Some(present(component_type::RELATIONSHIP, relationship.custom, relationship.managed));
    }
    if let Some(relationship) = snapshot.many_to_many_by_id(id) {
        return Some(present(component_type::RELATIONSHIP, relationship.custom, relationship.managed));
    }
    if let Some(choice) = snapshot.choice_by_id(id) {
        return Some(present(component_type::CHOICE, choice.custom, choice.managed));
    }
    if let Some(key) = snapshot.tables().find_map(|table| table.keys.iter().find(|key| key.id == id)) {
        return Some(present(component_type::KEY, true, key.managed));
    }
    snapshot.inert().find(|part| part.id == id).map(|part| present(component_type_of(part), true, false))
}
