//! Messages of the privileges of users, teams and roles (ROLE-2, web-api 28).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Privilege, Result, Scopes, Table, Uuid, Value};
use driftless_query::ResolvedCondition;
use driftless_store::Length;

use super::{Arg, Args, BOUND_ROW, Binding, ComplexType, EnumType, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, missing, opt, req};
use crate::context::{ReadCx, WriteCx};
use crate::keys;
use crate::metadata::privileges;
use crate::records::system;
use crate::request::{Identity, Target};
use crate::security::rights::{self, Depth, Held, Principal};

const DEPTH: EnumType = EnumType::choice("PrivilegeDepth", &[("Basic", 0), ("Local", 1), ("Deep", 2), ("Global", 3)]);

const ROLE_PRIVILEGE: ComplexType = ComplexType {
    name: "RolePrivilege",
    members: &[req("Depth", T::Enum(&DEPTH)), opt("PrivilegeId", T::Guid), opt("BusinessUnitId", T::Guid), opt("PrivilegeName", T::Text)],
};

const ANSWER: &[Param] = &[req("RolePrivileges", LIST)];

const LIST: T = T::List(&T::Complex(&ROLE_PRIVILEGE));

/// What the roles of a user and of their teams allow.
pub(super) const OF_USER: MessageDef = read("RetrieveUserPrivileges", Binding::Row("systemuser"), &[], of_user);

/// What the roles of a team allow.
pub(super) const OF_TEAM: MessageDef = read("RetrieveTeamPrivileges", Binding::Row("team"), &[], of_team);

/// What a role allows.
pub(super) const OF_ROLE: MessageDef = read("RetrieveRolePrivilegesRole", Binding::None, &[req("RoleId", T::Guid)], of_role);

/// Gives a role privileges; one that it has gets the depth that is given.
pub(super) const ADD: MessageDef = change("AddPrivilegesRole", &[req("Privileges", LIST)], add);

/// Gives a role privileges instead of all that it has.
pub(super) const REPLACE: MessageDef = change("ReplacePrivilegesRole", &[req("Privileges", LIST)], replace);

/// Takes a privilege from a role.
pub(super) const REMOVE: MessageDef = change("RemovePrivilegeRole", &[req("PrivilegeId", T::Guid)], remove);

const fn read(name: &'static str, binding: Binding, input: &'static [Param], run: fn(&ReadCx<'_>, &Args) -> Result<Outputs>) -> MessageDef {
    MessageDef {
        name,
        kind: MessageKind::Function,
        binding,
        scope: Scopes::READ,
        input,
        output: ANSWER,
        length: Length::Short,
        prepare: None,
        run: Run::Read(run),
        on_failure: None,
    }
}

const fn change(name: &'static str, input: &'static [Param], run: fn(&mut WriteCx<'_>, &Args) -> Result<Outputs>) -> MessageDef {
    MessageDef {
        name,
        kind: MessageKind::Action,
        binding: Binding::Row("role"),
        scope: Scopes::ADMIN,
        input,
        output: &[],
        length: Length::Short,
        prepare: None,
        run: Run::Write(run),
        on_failure: None,
    }
}

fn of_user(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let target = args.row(BOUND_ROW)?;
    // Everybody may ask for their own.
    if target.identity != Identity::Id(cx.caller.user) {
        require_readable(cx, target)?;
    }
    let user = keys::require(cx.tx, &cx.snapshot, target, &[])?.id;
    listed(cx, &rights::held(cx.tx, &cx.snapshot, &cx.services.facts, Principal::User(user))?)
}

fn of_team(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let team = require_readable(cx, args.row(BOUND_ROW)?)?;
    listed(cx, &rights::held(cx.tx, &cx.snapshot, &cx.services.facts, Principal::Team(team))?)
}

fn of_role(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let role = args.guid("RoleId").ok_or_else(|| missing("RoleId"))?;
    let roles = cx.snapshot.require("role")?;
    require_readable(cx, &Target { table: Arc::clone(roles), identity: Identity::Id(role) })?;
    let rows = system::rows(cx.tx, roles, &["businessunitid"], Some(ResolvedCondition::equals(roles.id, Value::Guid(role))))?;
    let unit = rows.first().and_then(|row| row.value(0).id()).unwrap_or(cx.services.facts.root_business_unit);
    let own = rights::privileges_of_roles(cx.tx, &cx.snapshot, &[role].into())?;
    let mut held: Vec<_> = own.into_iter().map(|(_, privilege, depth)| Held { privilege, depth, unit }).collect();
    held.sort_unstable_by_key(|held| held.privilege);
    listed(cx, &held)
}

fn require_readable(cx: &ReadCx<'_>, target: &Target) -> Result<Uuid> {
    cx.require(Privilege::Read, &target.table)?;
    let found = keys::require(cx.tx, &cx.snapshot, target, &[])?;
    cx.require_row(Privilege::Read, &found.table, found.id)?;
    Ok(found.id)
}

fn listed(cx: &ReadCx<'_>, held: &[Held]) -> Result<Outputs> {
    let names: HashMap<Uuid, String> =
        system::rows(cx.tx, cx.snapshot.require("privilege")?, &["name"], None)?.into_iter().map(|row| (row.id, row.text(0).to_owned())).collect();
    let item = |held: &Held| {
        let name = names.get(&held.privilege).cloned().unwrap_or_default();
        Arg::Complex(vec![
            ("Depth", Arg::BigInt(held.depth.number())),
            ("PrivilegeId", Arg::Guid(held.privilege)),
            ("BusinessUnitId", Arg::Guid(held.unit)),
            ("PrivilegeName", Arg::Text(name)),
        ])
    };
    Ok(Outputs(vec![("RolePrivileges", Arg::List(held.iter().map(item).collect()))]))
}

fn add(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let role = changeable(cx, args)?;
    for (privilege, depth) in given(cx, args)? {
        privileges::set_grant(cx, role, privilege, Some(depth.mask()))?;
    }
    Ok(Outputs::default())
}

fn replace(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let role = changeable(cx, args)?;
    let given = given(cx, args)?;
    let present: BTreeSet<Uuid> =
        rights::privileges_of_roles(cx.tx.as_read(), &cx.snapshot, &[role].into())?.into_iter().map(|(_, privilege, _)| privilege).collect();
    for privilege in present.into_iter().filter(|privilege| !given.contains_key(privilege)) {
        privileges::set_grant(cx, role, privilege, None)?;
    }
    for (privilege, depth) in given {
        privileges::set_grant(cx, role, privilege, Some(depth.mask()))?;
    }
    Ok(Outputs::default())
}

fn remove(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let role = changeable(cx, args)?;
    let privilege = args.guid("PrivilegeId").ok_or_else(|| missing("PrivilegeId"))?;
    if privileges::set_grant(cx, role, privilege, None)? {
        return Ok(Outputs::default());
    }
    Err(Error::new(ErrorCode::ObjectDoesNotExist, format!("The role {role} does not have the privilege {privilege}.")))
}

/// The role that the message is bound to, unless it is System Administrator (ROLE-4).
fn changeable(cx: &WriteCx<'_>, args: &Args) -> Result<Uuid> {
    let role = keys::require(cx.tx.as_read(), &cx.snapshot, args.row(BOUND_ROW)?, &[])?.id;
    if role == cx.services.facts.administrator_role {
        return Err(Error::new(ErrorCode::InvalidOperation, "The System Administrator role cannot be changed."));
    }
    Ok(role)
}

/// The privileges of the parameter, by id; of one that stands several times the last.
fn given(cx: &WriteCx<'_>, args: &Args) -> Result<BTreeMap<Uuid, Depth>> {
    let table = Arc::clone(cx.snapshot.require("privilege")?);
    args.list("Privileges").iter().map(|item| one(cx, &table, item)).collect()
}

fn one(cx: &WriteCx<'_>, table: &Arc<Table>, item: &Arg) -> Result<(Uuid, Depth)> {
    let (filter, named) = match (item.member("PrivilegeId"), item.member("PrivilegeName")) {
        (Some(Arg::Guid(id)), _) => (ResolvedCondition::equals(table.id, Value::Guid(*id)), id.to_string()),
        (_, Some(Arg::Text(name))) => (ResolvedCondition::equals(table.require("name")?, Value::text(name.as_str())), name.clone()),
        _ => return Err(Error::argument("Each of the 'Privileges' needs its 'PrivilegeId' or 'PrivilegeName'.")),
    };
    let depth = match item.member("Depth") {
        Some(Arg::BigInt(number)) => Depth::ALL.into_iter().find(|depth| depth.number() == *number),
        _ => None,
    };
    let depth = depth.ok_or_else(|| Error::argument(format!("The privilege {named} needs a 'Depth': Basic, Local, Deep or Global.")))?;
    let rows = system::rows(cx.tx.as_read(), table, &["canbebasic", "canbelocal", "canbedeep", "canbeglobal", "name"], Some(filter))?;
    let row = rows.first().ok_or_else(|| Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no privilege {named}.")))?;
    let at = Depth::ALL.into_iter().position(|own| own == depth).unwrap_or_default();
    if *row.value(at) != Value::Bool(true) {
        return Err(Error::argument(format!("The privilege {} cannot be given with the depth {}.", row.text(4), depth.name())));
    }
    Ok((row.id, depth))
}
