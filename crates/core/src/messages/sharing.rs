//! Messages of shares (ROLE-11, web-api 28): who may do what with one row, besides what roles say.

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Privilege, Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, BOUND_ROW, Binding, ComplexType, EnumType, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, missing, req};
use crate::context::{ReadCx, WriteCx};
use crate::keys;
use crate::metadata::privileges_of;
use crate::records::fields::FoundRow;
use crate::records::update;
use crate::request::{Identity, Target};
use crate::security::rights::{self, Principal, Standing};
use crate::security::{reaches, shares};

const ACCESS_RIGHTS: EnumType = EnumType::flags(
    "AccessRights",
    &[
        ("None", 0),
        ("ReadAccess", 1),
        ("WriteAccess", 2),
        ("AppendAccess", 4),
        ("AppendToAccess", 16),
        ("CreateAccess", 32),
        ("DeleteAccess", 65_536),
        ("ShareAccess", 262_144),
        ("AssignAccess", 524_288),
    ],
);

const PRINCIPAL_ACCESS: ComplexType = ComplexType { name: "PrincipalAccess", members: &[req("AccessMask", T::Enum(&ACCESS_RIGHTS)), req("Principal", T::Row)] };

const TARGET: &[Param] = &[req("Target", T::Row)];

const RIGHTS: &[Param] = &[req("AccessRights", T::Enum(&ACCESS_RIGHTS))];

/// Gives a user or team rights on a row, besides those that it was given before.
pub(super) const GRANT: MessageDef = change("GrantAccess", &[req("Target", T::Row), req("PrincipalAccess", T::Complex(&PRINCIPAL_ACCESS))], grant);

/// Gives a user or team rights on a row instead of those that it was given before.
pub(super) const MODIFY: MessageDef = change("ModifyAccess", &[req("Target", T::Row), req("PrincipalAccess", T::Complex(&PRINCIPAL_ACCESS))], modify);

/// Takes from a user or team the rights on a row that it was given.
pub(super) const REVOKE: MessageDef = change("RevokeAccess", &[req("Target", T::Row), req("Revokee", T::Row)], revoke);

/// Who was given rights on a row.
pub(super) const SHARED: MessageDef = MessageDef {
    name: "RetrieveSharedPrincipalsAndAccess",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: TARGET,
    output: &[req("PrincipalAccesses", T::List(&T::Complex(&PRINCIPAL_ACCESS)))],
    length: Length::Short,
    prepare: None,
    run: Run::Read(shared),
    on_failure: None,
};

/// What a user may do with a row.
pub(super) const OF_USER: MessageDef = principal_access(Binding::Row("systemuser"));

/// What a team may do with a row.
pub(super) const OF_TEAM: MessageDef = principal_access(Binding::Row("team"));

const fn change(name: &'static str, input: &'static [Param], run: fn(&mut WriteCx<'_>, &Args) -> Result<Outputs>) -> MessageDef {
    MessageDef {
        name,
        kind: MessageKind::Action,
        binding: Binding::None,
        scope: Scopes::WRITE,
        input,
        output: &[],
        length: Length::Short,
        prepare: None,
        run: Run::Write(run),
        on_failure: None,
    }
}

const fn principal_access(binding: Binding) -> MessageDef {
    MessageDef {
        name: "RetrievePrincipalAccess",
        kind: MessageKind::Function,
        binding,
        scope: Scopes::READ,
        input: TARGET,
        output: RIGHTS,
        length: Length::Short,
        prepare: None,
        run: Run::Read(access),
        on_failure: None,
    }
}

fn grant(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let (found, principal, mask) = wanted(cx, args)?;
    let present = shares::direct(cx.tx.as_read(), &cx.snapshot, &found.table, found.id, principal.id)?;
    share(cx, &found, &principal, present | mask)
}

fn modify(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let (found, principal, mask) = wanted(cx, args)?;
    share(cx, &found, &principal, mask)
}

fn revoke(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let found = shareable(cx, args)?;
    let revokee = principal(&cx.read(), args.row("Revokee")?)?;
    share(cx, &found, &revokee, 0)
}

fn share(cx: &mut WriteCx<'_>, found: &FoundRow, principal: &FoundRow, mask: i32) -> Result<Outputs> {
    shares::set(cx, &found.table, found.id, (principal.table.name(), principal.id), mask)?;
    Ok(Outputs::default())
}

/// The row, the principal and the rights that it shall have: only those that the caller has, too (AUTHZ-16).
fn wanted(cx: &WriteCx<'_>, args: &Args) -> Result<(FoundRow, FoundRow, i32)> {
    let found = shareable(cx, args)?;
    let access = args.get("PrincipalAccess").ok_or_else(|| missing("PrincipalAccess"))?;
    let Some(Arg::Row(target)) = access.member("Principal") else { return Err(missing("Principal")) };
    let Some(Arg::BigInt(mask)) = access.member("AccessMask") else { return Err(missing("AccessMask")) };
    let mask = i32::try_from(*mask).map_err(|_| Error::argument("The AccessMask is not one of rights."))?;
    for privilege in Privilege::ALL {
        if mask & privilege.access_right() != 0 {
            cx.require_row(privilege, &found.table, found.id)?;
        }
    }
    Ok((found, principal(&cx.read(), target)?, mask))
}

/// The row that is to be shared: one with an owner, that the caller may share.
fn shareable(cx: &WriteCx<'_>, args: &Args) -> Result<FoundRow> {
    let target = args.row("Target")?;
    if target.table.special.owner.is_none() {
        return Err(Error::new(ErrorCode::NotSupported, format!("Rows of '{}' have no owner and cannot be shared.", target.table.name())));
    }
    update::admitted(cx, Privilege::Share, target, &[])
}

/// The user or team that a target names.
fn principal(cx: &ReadCx<'_>, target: &Target) -> Result<FoundRow> {
    if !matches!(target.table.name().as_str(), "systemuser" | "team") {
        return Err(Error::argument(format!("A row is shared with a user or a team, not with a row of '{}'.", target.table.name())));
    }
    keys::require(cx.tx, &cx.snapshot, target, &[])
}

fn shared(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let found = readable(cx, args)?;
    let mut list = Vec::new();
    for share in shares::of_row(cx.tx, &cx.snapshot, &found.table, found.id)? {
        let principal = Target { table: Arc::clone(cx.snapshot.require(&share.kind)?), identity: Identity::Id(share.principal) };
        list.push(Arg::Complex(vec![("AccessMask", Arg::BigInt(i64::from(share.rights()))), ("Principal", Arg::Row(principal))]));
    }
    Ok(Outputs(vec![("PrincipalAccesses", Arg::List(list))]))
}

fn access(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let found = readable(cx, args)?;
    let of = principal(cx, args.row(BOUND_ROW)?)?;
    let of = if of.table.name().as_str() == "team" { Principal::Team(of.id) } else { Principal::User(of.id) };
    let standing = rights::load(cx.tx, &cx.snapshot, &cx.services.facts, of)?;
    let mut mask = 0;
    for own in privileges_of(&found.table.def) {
        let has = match &standing {
            Standing::Administrator => true,
            Standing::Holder(rights) => reaches(cx.tx, &cx.snapshot, rights, own.privilege, &found.table, found.id)?,
            Standing::NoRole | Standing::Disabled | Standing::Unknown => false,
        };
        if has {
            mask |= own.privilege.access_right();
        }
    }
    Ok(Outputs(vec![("AccessRights", Arg::BigInt(i64::from(mask)))]))
}

/// The row that is asked about: one that the caller may read.
fn readable(cx: &ReadCx<'_>, args: &Args) -> Result<FoundRow> {
    let target = args.row("Target")?;
    cx.require(Privilege::Read, &target.table)?;
    let found = keys::require(cx.tx, &cx.snapshot, target, &[])?;
    cx.require_row(Privilege::Read, &found.table, found.id)?;
    Ok(found)
}
