//! AddSolutionComponent and RemoveSolutionComponent: what exists joins and leaves unmanaged solutions (web-api 27).

use driftless_model::{Result, Scopes, Uuid};
use driftless_store::Length;

use super::{Arg, Args, Binding, ComplexType, MessageDef, MessageKind, Outputs, ParamType as T, Run, missing, opt, req};
use crate::context::WriteCx;
use crate::solutions::dependencies::Node;
use crate::solutions::membership::{self, Joining};

const ID: &str = "ComponentId";
const TYPE: &str = "ComponentType";
const SOLUTION: &str = "SolutionUniqueName";
const WITH_REQUIRED: &str = "AddRequiredComponents";
const WITHOUT_PARTS: &str = "DoNotIncludeSubcomponents";
const COMPONENT: &str = "SolutionComponent";
const COMPONENT_ID: &str = "solutioncomponentid";

/// A row of `solutioncomponent`. Clients give the component's own id for the row's; both are taken.
const REFERENCE: ComplexType = ComplexType { name: "SolutionComponentReference", members: &[req(COMPONENT_ID, T::Guid)] };

pub(super) const ADD: MessageDef = MessageDef {
    name: "AddSolutionComponent",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[
        req(ID, T::Guid),
        req(TYPE, T::Int),
        req(SOLUTION, T::Text),
        req(WITH_REQUIRED, T::Bool),
        opt(WITHOUT_PARTS, T::Bool),
        opt("IncludedComponentSettingsValues", T::Any),
    ],
    output: &[req("id", T::Guid)],
    length: Length::Short,
    prepare: None,
    run: Run::Write(add),
    on_failure: None,
};

pub(super) const REMOVE: MessageDef = MessageDef {
    name: "RemoveSolutionComponent",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[opt(COMPONENT, T::Complex(&REFERENCE)), opt(ID, T::Guid), req(TYPE, T::Int), req(SOLUTION, T::Text)],
    output: &[req("id", T::Guid)],
    length: Length::Short,
    prepare: None,
    run: Run::Write(remove),
    on_failure: None,
};

fn add(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let component = node(args, args.guid(ID).ok_or_else(|| missing(ID))?)?;
    let joining = Joining { component, with_required: args.flag(WITH_REQUIRED), without_parts: args.flag(WITHOUT_PARTS) };
    let row = membership::join(cx, args.text(SOLUTION)?, &joining)?;
    Ok(Outputs(vec![("id", Arg::Guid(row))]))
}

fn remove(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let referred = match args.get(COMPONENT).and_then(|component| component.member(COMPONENT_ID)) {
        Some(Arg::Guid(id)) => Some(*id),
        _ => None,
    };
    let id = referred.or_else(|| args.guid(ID)).ok_or_else(|| missing(COMPONENT))?;
    membership::leave(cx, args.text(SOLUTION)?, node(args, id)?)?;
    Ok(Outputs(vec![("id", Arg::Guid(id))]))
}

fn node(args: &Args, id: Uuid) -> Result<Node> {
    Ok(Node { kind: args.int(TYPE).ok_or_else(|| missing(TYPE))?, id })
}
