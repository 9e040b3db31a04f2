//! WhoAmI: ids of the caller, their business unit and the organization (web-api 28).

use driftless_model::{Result, Scopes};
use driftless_query::ResolvedCondition;
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::ReadCx;
use crate::records::system;

pub(super) const DEF: MessageDef = MessageDef {
    name: "WhoAmI",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[],
    output: &[req("BusinessUnitId", T::Guid), req("UserId", T::Guid), req("OrganizationId", T::Guid)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(cx: &ReadCx<'_>, _: &Args) -> Result<Outputs> {
    let users = cx.snapshot.require("systemuser")?;
    let row = system::rows(cx.tx, users, &["businessunitid"], Some(ResolvedCondition::equals(users.id, driftless_model::Value::Guid(cx.caller.user))))?;
    let unit = row.first().and_then(|row| row.value(0).id()).unwrap_or(cx.services.facts.root_business_unit);
    Ok(Outputs(vec![("BusinessUnitId", Arg::Guid(unit)), ("UserId", Arg::Guid(cx.caller.user)), ("OrganizationId", Arg::Guid(cx.services.facts.organization))]))
}
