//! Pairs that decide who may do what: members of teams, and roles of users.

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Pairing, Result, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};

use crate::context::WriteCx;
use crate::records::{load, system};
use crate::security::decides_access;

/// What must hold before callers pair two rows; ids in the order of the relationship's sides.
///
/// # Errors
/// 0x80040220 for callers who may not give rights, 0x80040315 where a message does it, 0x8004023B for the default team of a business unit.
pub(crate) fn before_join(cx: &WriteCx<'_>, pairing: &Pairing, first: Uuid, _second: Uuid) -> Result<()> {
    require_trusted(cx, pairing)?;
    match pairing.intersect().as_str() {
        "roleprivileges" => Err(by_message("AddPrivilegesRole")),
        "teammembership" => not_of_default_team(cx, first),
        _ => Ok(()),
    }
}

/// What must hold before callers part two rows.
///
/// # Errors
/// As [`before_join`]; the code of the last administrator when nobody would be left with the role.
pub(crate) fn before_part(cx: &WriteCx<'_>, pairing: &Pairing, first: Uuid, second: Uuid) -> Result<()> {
    require_trusted(cx, pairing)?;
    match pairing.intersect().as_str() {
        "roleprivileges" => Err(by_message("RemovePrivilegeRole")),
        "teammembership" => not_of_default_team(cx, first),
        "systemuserroles" if second == cx.services.facts.administrator_role => leaves_an_administrator(cx, first),
        _ => Ok(()),
    }
}

/// Who gives and takes rights must be trusted with those of others: a privilege on users or teams is not enough (ROLE-18).
fn require_trusted(cx: &WriteCx<'_>, pairing: &Pairing) -> Result<()> {
    if decides_access(pairing.intersect()) { cx.access.require_customizer() } else { Ok(()) }
}

/// A role has a privilege to some depth, which a pair alone does not tell.
fn by_message(name: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("Privileges of a role are changed with the message {name}, which says how deep they reach."))
}

/// The members of a default team are the users of its business unit (SU-20).
fn not_of_default_team(cx: &WriteCx<'_>, team: Uuid) -> Result<()> {
    let teams = Arc::clone(cx.snapshot.require("team")?);
    let column = teams.require("isdefault")?;
    let row = load::by_id(cx.tx.as_read(), &teams, team, &[column])?;
    if row.is_some_and(|row| *row.value(column) == Value::Bool(true)) {
        return Err(Error::new(ErrorCode::InvalidOperation, "The members of a default team are the users of its business unit; they change with it."));
    }
    Ok(())
}

/// Another enabled user must keep the role System Administrator.
fn leaves_an_administrator(cx: &WriteCx<'_>, user: Uuid) -> Result<()> {
    let pairs = Arc::clone(cx.snapshot.require("systemuserroles")?);
    let users = Arc::clone(cx.snapshot.require("systemuser")?);
    let of_role = ResolvedCondition::equals(pairs.require("roleid")?, Value::Guid(cx.services.facts.administrator_role));
    for pair in system::rows(cx.tx.as_read(), &pairs, &["systemuserid"], Some(of_role))? {
        let Some(other) = pair.value(0).id().filter(|other| *other != user) else { continue };
        let is_enabled = ResolvedFilter::And(vec![
            ResolvedCondition::equals(users.id, Value::Guid(other)),
            ResolvedFilter::Not(Box::new(ResolvedCondition::equals(users.require("isdisabled")?, Value::Bool(true)))),
        ]);
        if !load::matching(cx.tx.as_read(), &users, &[], is_enabled, Some(1))?.is_empty() {
            return Ok(());
        }
    }
    Err(Error::new(ErrorCode::LastAdministrator, "The user is the last one with the role System Administrator. Give it to another user first."))
}
