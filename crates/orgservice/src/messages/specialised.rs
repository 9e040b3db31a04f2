//! Messages that are thin forms of others: the specialised ones of owner, state and parent, each of which is an Update (organization-service 8.11), and those of
//! team members, which are links.

use std::sync::Arc;

use driftless_core::{Association, Field, Identity, Record, Request, Target, Update};
use driftless_model::{Error, Result, Value, literal};

use super::{Act, Exchange, Message, nothing};
use crate::records::{id_of, row_by_id};
use crate::values::not_offered;
use crate::xml::Element;

/// The relationship of teams and their members.
const MEMBERSHIP: &str = "teammembership_association";

/// Changes columns of a row.
fn update(target: Target, fields: Vec<(&'static str, Field)>) -> Result<Request> {
    let table = Arc::clone(&target.table);
    let fields = fields.into_iter().map(|(name, field)| Ok((table.require(name)?, field))).collect::<Result<_>>()?;
    let record = Record { table, id: None, fields, related: Vec::new() };
    Ok(Request::Update(Update { target, record, if_version: None, returning: None }))
}

/// The number of an `OptionSetValue`; -1, which stands for the usual one, is none.
fn option(element: Element<'_>, name: &str) -> Result<Option<i32>> {
    let text = element.member_text("Value").unwrap_or_default();
    let number = literal::int32(text.trim_ascii()).map_err(|_| Error::argument(format!("The parameter '{name}' must be an OptionSetValue.")))?;
    Ok((number != -1).then_some(number))
}

pub(super) fn assign<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let (target, assignee) = (message.require("Target")?, message.require("Assignee")?);
    Ok(Act::write(
        move |snapshot| {
            let reader = exchange.reader(snapshot);
            update(reader.reference(target)?, vec![("ownerid", Field::Lookup(reader.reference(assignee)?))])
        },
        nothing,
    ))
}

pub(super) fn set_state<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let target = message.require("EntityMoniker")?;
    let state = option(message.require("State")?, "State")?;
    let status = message.get("Status").map(|element| option(element, "Status")).transpose()?.flatten();
    Ok(Act::write(
        move |snapshot| {
            let columns = [("statecode", state), ("statuscode", status)];
            let fields = columns.into_iter().filter_map(|(name, number)| Some((name, Field::Value(Value::Int(number?)))));
            update(exchange.reader(snapshot).reference(target)?, fields.collect())
        },
        nothing,
    ))
}

/// A lookup of a row that is set from an id: `(table, parameter of the row, column, table of the other row, parameter of the other row)`.
type Parent = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn set_parent<'a>(message: Message<'a>, (table, row, column, other_table, other): Parent) -> Result<Act<'a>> {
    let row = message.require(row)?;
    let other = message.get(other).map(|element| id_of(&element.text())).transpose()?.flatten();
    Ok(Act::write(
        move |snapshot| {
            let field = match other {
                Some(id) => Field::Lookup(Target { table: Arc::clone(snapshot.require(other_table)?), identity: Identity::Id(id) }),
                None => Field::Value(Value::Null),
            };
            update(row_by_id(snapshot, table, &row.text())?, vec![(column, field)])
        },
        nothing,
    ))
}

pub(super) fn set_parent_user<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    set_parent(message, ("systemuser", "UserId", "parentsystemuserid", "systemuser", "ParentId"))
}

pub(super) fn set_parent_team<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    set_parent(message, ("team", "TeamId", "businessunitid", "businessunit", "BusinessId"))
}

pub(super) fn set_parent_unit<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    set_parent(message, ("businessunit", "BusinessUnitId", "parentbusinessunitid", "businessunit", "ParentId"))
}

pub(super) fn set_unit_of_equipment<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    set_parent(message, ("equipment", "EquipmentId", "businessunitid", "businessunit", "BusinessUnitId"))
}

pub(super) fn set_unit_of_user<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let principal = message.get("ReassignPrincipal");
    let user = id_of(&message.require("UserId")?.text())?;
    let reassigned = principal.map(|element| exchange.reader(&exchange.organization.snapshot()).reference(element)).transpose()?;
    if reassigned.is_some_and(|target| target.identity != Identity::Id(user.unwrap_or_default())) {
        return Err(not_offered("Giving a user's rows to somebody else along with the user's business unit (ReassignPrincipal)"));
    }
    set_parent(message, ("systemuser", "UserId", "businessunitid", "businessunit", "BusinessId"))
}

pub(super) fn add_members<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    members(message, Request::Associate)
}

pub(super) fn remove_members<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    members(message, Request::Disassociate)
}

fn members(message: Message<'_>, request: fn(Association) -> Request) -> Result<Act<'_>> {
    let (team, members) = (message.require("TeamId")?, message.require("MemberIds")?);
    Ok(Act::write(
        move |snapshot| {
            let target = row_by_id(snapshot, "team", &team.text())?;
            let collection = snapshot.collection_of(MEMBERSHIP, "team", None).ok_or_else(|| Error::damaged("teams have no members"))?;
            let related = members.children().map(|id| row_by_id(snapshot, "systemuser", &id.text())).collect::<Result<_>>()?;
            Ok(request(Association { target, collection, related }))
        },
        nothing,
    ))
}
