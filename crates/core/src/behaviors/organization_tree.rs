//! Business units, their default teams, and users and teams that move between them (SU-20 to SU-22).

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, Reference, Result, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};

use super::tables::{owns_rows, pairs, reference};
use super::user_settings;
use crate::context::WriteCx;
use crate::records::cascade::Reach;
use crate::records::fields::get;
use crate::records::load::{self, Loaded};
use crate::records::pairs::leave;
use crate::records::system;

/// A business unit brings its default team; a user has settings and joins the default team of their business unit.
pub(crate) fn after_create(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<()> {
    match table.name().as_str() {
        "businessunit" => {
            let name = table.special.name.and_then(|column| get(cells, column)).cloned().unwrap_or(Value::Null);
            make_default_team(cx, id, name)
        }
        "systemuser" => {
            let unit = get(cells, table.require("businessunitid")?).and_then(Value::id);
            user_settings::add(cx, id, unit)?;
            unit.map_or(Ok(()), |unit| join_default_team(cx, id, unit))
        }
        _ => Ok(()),
    }
}

/// Makes the default team of a business unit.
pub(crate) fn make_default_team(cx: &mut WriteCx<'_>, unit: Uuid, name: Value) -> Result<()> {
    let units = Arc::clone(cx.snapshot.require("businessunit")?);
    let users = Arc::clone(cx.snapshot.require("systemuser")?);
    system::insert(
        cx,
        "team",
        None,
        &[
            ("name", name),
            ("businessunitid", reference(&units, unit)),
            ("administratorid", reference(&users, cx.caller.user)),
            ("isdefault", Value::Bool(true)),
            ("systemmanaged", Value::Bool(true)),
            ("teamtype", Value::Int(0)),
        ],
    )?;
    Ok(())
}

/// What follows when a business unit is renamed, or a user or team moves. True if rows of other tables were written.
pub(crate) fn after_update(cx: &mut WriteCx<'_>, table: &Arc<Table>, before: &Loaded, cells: &[(ColumnIx, Value)]) -> Result<bool> {
    match table.name().as_str() {
        "businessunit" => {
            let name = table.special.name.and_then(|column| get(cells, column));
            if let (Some(name), Some(team)) = (name, default_team(cx, before.id)?) {
                system::update(cx, "team", team, &[("name", name.clone())])?;
            }
            Ok(name.is_some())
        }
        "systemuser" | "team" => {
            let column = table.require("businessunitid")?;
            match get(cells, column) {
                Some(Value::Ref(unit)) if before.value(column).id() != Some(unit.id) => {
                    let from = before.value(column).id();
                    if table.name().as_str() == "systemuser" {
                        move_user(cx, before.id, from, unit.id)?;
                    }
                    move_owned_rows(cx, table, before.id, *unit)?;
                    Ok(true)
                }
                _ => Ok(false),
            }
        }
        _ => Ok(false),
    }
}

/// A user who moves leaves the default team and loses the roles given to them directly (SU-20).
fn move_user(cx: &mut WriteCx<'_>, user: Uuid, from: Option<Uuid>, to: Uuid) -> Result<()> {
    if user == cx.services.facts.administrator {
        return Err(Error::new(
            ErrorCode::LastAdministrator,
            "The first administrator cannot move to another business unit: the move would take the System Administrator role away.",
        ));
    }
    if let Some(team) = from.map(|unit| default_team(cx, unit)).transpose()?.flatten() {
        for pair in pairs(cx, "teammembership", "systemuserid", user)? {
            let table = Arc::clone(cx.snapshot.require("teammembership")?);
            let column = table.require("teamid")?;
            let row = load::by_id(cx.tx.as_read(), &table, pair.id, &[column])?;
            if row.is_some_and(|row| row.value(column).id() == Some(team)) {
                system::remove(cx, &table, pair.id)?;
            }
        }
    }
    for pair in pairs(cx, "systemuserroles", "systemuserid", user)? {
        system::delete(cx, "systemuserroles", pair.id)?;
    }
    let to_unit = reference(cx.snapshot.require("businessunit")?, to);
    system::update(cx, "usersettings", user, &[("businessunitid", to_unit)])?;
    join_default_team(cx, user, to)
}

fn join_default_team(cx: &mut WriteCx<'_>, user: Uuid, unit: Uuid) -> Result<()> {
    if let Some(team) = default_team(cx, unit)? {
        system::insert(cx, "teammembership", None, &[("systemuserid", Value::Guid(user)), ("teamid", Value::Guid(team))])?;
    }
    Ok(())
}

/// Rows of a user or team that moves get its new business unit (SU-20).
fn move_owned_rows(cx: &mut WriteCx<'_>, owners: &Arc<Table>, owner: Uuid, unit: Reference) -> Result<()> {
    let owner = Value::Ref(Reference { table: owners.def.code, id: owner });
    let snapshot = Arc::clone(&cx.snapshot);
    for table in snapshot.tables() {
        let (Some(by), Some(column)) = (table.special.owner, table.special.owning_business_unit) else { continue };
        for row in load::matching(cx.tx.as_read(), table, &[], ResolvedCondition::equals(by, owner.clone()), None)? {
            let mut cells = vec![(column, Value::Ref(unit))];
            super::defaults::touch(cx, table, &mut cells);
            system::change(cx, table, row.id, &cells)?;
        }
    }
    Ok(())
}

/// A business unit goes only when it is disabled, has no child and its default team owns nothing (SU-21); the default team goes with it. Other teams go when
/// they own nothing (SU-22).
pub(crate) fn before_delete(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid) -> Result<()> {
    match table.name().as_str() {
        "businessunit" => {
            if id == cx.services.facts.root_business_unit {
                return Err(Error::of(ErrorCode::RootBusinessUnit));
            }
            let (disabled, parent) = (table.require("isdisabled")?, table.require("parentbusinessunitid")?);
            let row = load::by_id(cx.tx.as_read(), table, id, &[disabled])?;
            if row.is_some_and(|row| *row.value(disabled) != Value::Bool(true)) {
                return Err(Error::of(ErrorCode::BusinessIsNotDisabled));
            }
            if !load::matching(cx.tx.as_read(), table, &[], ResolvedCondition::equals(parent, reference(table, id)), Some(1))?.is_empty() {
                return Err(Error::of(ErrorCode::BusinessHasChild));
            }
            let Some(team) = default_team(cx, id)? else { return Ok(()) };
            let teams = Arc::clone(cx.snapshot.require("team")?);
            if owns_rows(cx, Reference { table: teams.def.code, id: team })? {
                return Err(Error::of(ErrorCode::BusinessDefaultTeamOwnsRecords));
            }
            leave(cx, &teams, team, &mut Reach::new(cx))?;
            system::remove(cx, &teams, team)?;
            Ok(())
        }
        "team" => {
            let column = table.require("isdefault")?;
            let row = load::by_id(cx.tx.as_read(), table, id, &[column])?;
            if row.is_some_and(|row| *row.value(column) == Value::Bool(true)) {
                return Err(Error::of(ErrorCode::CannotDeleteDefaultTeam));
            }
            if owns_rows(cx, Reference { table: table.def.code, id })? {
                return Err(Error::of(ErrorCode::TeamOwnsRecords));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn default_team(cx: &WriteCx<'_>, unit: Uuid) -> Result<Option<Uuid>> {
    let teams = cx.snapshot.require("team")?;
    let units = cx.snapshot.require("businessunit")?;
    let filter = ResolvedFilter::And(vec![
        ResolvedCondition::equals(teams.require("businessunitid")?, reference(units, unit)),
        ResolvedCondition::equals(teams.require("isdefault")?, Value::Bool(true)),
    ]);
    Ok(load::matching(cx.tx.as_read(), teams, &[], filter, Some(1))?.first().map(|row| row.id))
}
