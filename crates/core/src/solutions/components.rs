//! Which components belong to which solution: rows of `solutioncomponent`. A component is known by its identity (`objectid`), the definition's `MetadataId`.

use std::collections::HashMap;
use std::sync::Arc;

use driftless_model::{Reference, Result, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};

use crate::context::{ReadCx, WriteCx};
use crate::metadata::Origin;
use crate::records::system;

/// How much of a component a solution has (`rootcomponentbehavior`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// The component itself: when only this solution has it so, it goes with the solution.
    Whole,
    /// Parts that the solution adds to a table of somebody else.
    Additions,
}

impl Share {
    fn behavior(self) -> i32 {
        match self {
            Self::Whole => 0,
            Self::Additions => 1,
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) row: Uuid,
    pub(crate) solution: Uuid,
    /// Its type, as `component_type` has them.
    pub(crate) kind: i32,
    pub(crate) object: Uuid,
    pub(crate) share: Share,
}

/// Adds a new component to the solution of its origin: the package's, the one that a customizer names, else the default one (SOL-33).
///
/// # Errors
/// 0x80048037 when the customizer's solution does not exist.
pub(crate) fn add(cx: &mut WriteCx<'_>, origin: &Origin, component_type: i32, id: Uuid) -> Result<()> {
    let solution = match origin {
        Origin::Package { solution, .. } => *solution,
        Origin::Customizer { solution: None } => cx.services.facts.default_solution,
        Origin::Customizer { solution: Some(name) } => super::require_named(&cx.read(), name)?.id,
    };
    insert(cx, solution, component_type, id, Share::Whole).map(drop)
}

/// Lets a component that exists belong to a solution too. `present` are the rows that the solution has, by component.
pub(super) fn join(cx: &mut WriteCx<'_>, solution: Uuid, component_type: i32, id: Uuid, share: Share, present: &HashMap<Uuid, Component>) -> Result<()> {
    match present.get(&id) {
        Some(row) if row.share == share || row.share == Share::Whole => Ok(()),
        Some(row) => system::update(cx, "solutioncomponent", row.row, &[("rootcomponentbehavior", Value::Int(share.behavior()))]).map(|_| ()),
        None => insert(cx, solution, component_type, id, share).map(drop),
    }
}

/// Adds a component to all solutions that have another one whole, and do not have it yet.
pub(crate) fn follow(cx: &mut WriteCx<'_>, leader: Uuid, component_type: i32, id: Uuid) -> Result<()> {
    let present: Vec<_> = of_object(&cx.read(), id)?.into_iter().map(|component| component.solution).collect();
    let leading = of_object(&cx.read(), leader)?.into_iter().filter(|component| component.share == Share::Whole).map(|component| component.solution);
    for solution in leading.filter(|solution| !present.contains(solution)) {
        insert(cx, solution, component_type, id, Share::Whole)?;
    }
    Ok(())
}

/// Makes the row of a component that the solution does not have. Gives the row's id.
pub(super) fn insert(cx: &mut WriteCx<'_>, solution: Uuid, component_type: i32, id: Uuid, share: Share) -> Result<Uuid> {
    let solutions = cx.snapshot.require("solution")?.def.code;
    system::insert(
        cx,
        "solutioncomponent",
        None,
        &[
            ("solutionid", Value::Ref(Reference { table: solutions, id: solution })),
            ("componenttype", Value::Int(component_type)),
            ("objectid", Value::Guid(id)),
            ("rootcomponentbehavior", Value::Int(share.behavior())),
        ],
    )
}

/// Removes a component from all solutions.
pub(crate) fn remove(cx: &mut WriteCx<'_>, id: Uuid) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require("solutioncomponent")?);
    let of_object = ResolvedCondition::equals(table.require("objectid")?, Value::Guid(id));
    for row in system::rows(cx.tx.as_read(), &table, &[], Some(of_object))? {
        system::delete(cx, "solutioncomponent", row.id)?;
    }
    Ok(())
}

/// Gives a component to another solution.
pub(super) fn give(cx: &mut WriteCx<'_>, component: &Component, solution: Uuid) -> Result<()> {
    let solutions = cx.snapshot.require("solution")?.def.code;
    system::update(cx, "solutioncomponent", component.row, &[("solutionid", Value::Ref(Reference { table: solutions, id: solution }))]).map(|_| ())
}

/// The components of one solution.
pub(crate) fn of_solution(cx: &ReadCx<'_>, solution: Uuid) -> Result<Vec<Component>> {
    let table = cx.snapshot.require("solutioncomponent")?;
    let reference = Value::Ref(Reference { table: cx.snapshot.require("solution")?.def.code, id: solution });
    read(cx, Some(ResolvedCondition::equals(table.require("solutionid")?, reference)))
}

/// The rows of one component.
fn of_object(cx: &ReadCx<'_>, id: Uuid) -> Result<Vec<Component>> {
    let table = cx.snapshot.require("solutioncomponent")?;
    read(cx, Some(ResolvedCondition::equals(table.require("objectid")?, Value::Guid(id))))
}

/// The components of all solutions.
pub(crate) fn all(cx: &ReadCx<'_>) -> Result<Vec<Component>> {
    read(cx, None)
}

fn read(cx: &ReadCx<'_>, filter: Option<ResolvedFilter>) -> Result<Vec<Component>> {
    let table = Arc::clone(cx.snapshot.require("solutioncomponent")?);
    let rows = system::rows(cx.tx, &table, &["solutionid", "objectid", "rootcomponentbehavior", "componenttype"], filter)?;
    let component = |row: &system::SystemRow| {
        let share = if matches!(row.value(2), Value::Int(1)) { Share::Additions } else { Share::Whole };
        let kind = if let Value::Int(kind) = row.value(3) { *kind } else { 0 };
        Some(Component { row: row.id, solution: row.value(0).id()?, kind, object: row.value(1).id()?, share })
    };
    Ok(rows.iter().filter_map(component).collect())
}
