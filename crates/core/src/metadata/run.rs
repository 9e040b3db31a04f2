//! The customizers' door to definitions: who may change what, then the change itself.

use driftless_model::Result;

use super::validate::{Removal, component_type, require_customizable};
use super::{choices, columns, keys, many_to_many, regarding, relationships, tables};
use crate::context::WriteCx;
use crate::request::{Define, Response};
use crate::solutions::dependencies::Node;
use crate::solutions::membership;

/// Runs a change of definitions that a customizer asks for.
///
/// # Errors
/// Those of the changes; 0x8004F032 for a change of what is not customizable (SOL-20).
pub(crate) fn run(cx: &mut WriteCx<'_>, define: &Define) -> Result<Response> {
    const REMOVAL: Removal = Removal::ByCustomizer;
    require_changeable(cx, define)?;
    match define {
        Define::CreateTable(spec, origin) => return tables::create(cx, spec, origin).map(Response::Defined),
        Define::CreateColumn(table, spec, origin) => return columns::create(cx, table, spec, origin).map(Response::Defined),
        Define::CreateKey(table, spec, origin) => return keys::create(cx, table, spec, origin).map(Response::Defined),
        Define::CreateRelationship(spec, origin) => return relationships::create(cx, spec, origin).map(Response::Defined),
        Define::CreateManyToMany(spec, origin) => return many_to_many::create(cx, spec, origin).map(Response::Defined),
        Define::CreateChoice(spec, origin) => return choices::create(cx, spec, origin).map(Response::Defined),
        Define::UpdateTable(table, update) => {
            tables::update(cx, table, update)?;
            let name = cx.snapshot.require(table)?.name().clone();
            regarding::complete(cx, &name)?;
        }
        Define::UpdateColumn(table, column, update) => columns::update(cx, table, column, update)?,
        Define::UpdateRelationship(name, update) => relationships::update(cx, name, update)?,
        Define::UpdateManyToMany(name, update) => many_to_many::update(cx, name, update)?,
        Define::UpdateChoice(name, update) => choices::update(cx, name, update)?,
        Define::DeleteTable(table) => tables::delete(cx, table, REMOVAL)?,
        Define::DeleteColumn(table, column) => columns::delete(cx, table, column, REMOVAL)?,
        Define::DeleteKey(table, key) => keys::delete(cx, table, key, REMOVAL)?,
        Define::DeleteRelationship(name) => relationships::delete(cx, name, REMOVAL)?,
        Define::DeleteManyToMany(name) => many_to_many::delete(cx, name, REMOVAL)?,
        Define::DeleteChoice(name) => choices::delete(cx, name, REMOVAL)?,
        Define::In(solution, define) => {
            let changed = changed(cx, define)?;
            let response = run(cx, define)?;
            if let Some(component) = changed {
                membership::join_changed(cx, solution, component)?;
            }
            return Ok(response);
        }
    }
    Ok(Response::Done)
}

/// The component that a change changes; none for what is made or removed.
fn changed(cx: &WriteCx<'_>, define: &Define) -> Result<Option<Node>> {
    Ok(match define {
        Define::UpdateTable(table, _) => Some(Node { kind: component_type::TABLE, id: cx.snapshot.require(table)?.def.id }),
        Define::UpdateColumn(table, column, _) => {
            let table = cx.snapshot.require(table)?;
            Some(Node { kind: component_type::COLUMN, id: table.column(table.require(column)?).id })
        }
        Define::UpdateRelationship(name, _) => Some(Node { kind: component_type::RELATIONSHIP, id: relationships::require(cx, name)?.id }),
        Define::UpdateChoice(name, _) => Some(Node { kind: component_type::CHOICE, id: choices::require(cx, name)?.id }),
        _ => None,
    })
}

/// Checks that customizers may change what `define` changes. A table or column is not customizable when it says so itself; a column also when its table does.
pub(super) fn require_changeable(cx: &WriteCx<'_>, define: &Define) -> Result<()> {
    match define {
        Define::UpdateTable(table, _) => {
            let def = &cx.snapshot.require(table)?.def;
            require_customizable(def.customizable, &format!("The table '{table}'"))
        }
        Define::UpdateColumn(table, column, _) => {
            let table = cx.snapshot.require(table)?;
            let column = table.column(table.require(column)?);
            require_customizable(column.customizable && table.def.customizable, &format!("The column '{}' of '{}'", column.name, table.name()))
        }
        Define::UpdateRelationship(name, _) => {
            let relationship = relationships::require(cx, name)?;
            require_customizable(relationship.customizable, &format!("The relationship '{}'", relationship.schema_name))
        }
        Define::UpdateManyToMany(name, _) => {
            let relationship = many_to_many::require(cx, name)?;
            require_customizable(relationship.customizable, &format!("The relationship '{}'", relationship.schema_name))
        }
        Define::UpdateChoice(name, _) => {
            let choice = choices::require(cx, name)?;
            require_customizable(choice.customizable, &format!("The global choice '{}'", choice.name))
        }
        _ => Ok(()),
    }
}
