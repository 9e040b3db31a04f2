//! What needs what: the functions that tell why a component or a solution cannot go, and what a solution lacks (web-api 27, SOL-26).

use driftless_model::{Result, Scopes, Uuid};
use driftless_store::Length;

use super::{Arg, Args, Binding, ComplexType, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, missing, opt, req};
use crate::context::ReadCx;
use crate::seed::constant_id;
use crate::solutions::dependencies::{self, Dependency, Node};
use crate::solutions::{export, require_named, uninstall};

const SOLUTION: &str = "SolutionUniqueName";
const ID: &str = "ObjectId";
const TYPE: &str = "ComponentType";
const VALUE: &str = "value";
/// `dependencytype` of what is in force.
const PUBLISHED: i32 = 2;

/// A row of the original's table of dependencies. Here they follow from the definitions, and there is no such table.
const DEPENDENCY: ComplexType = ComplexType {
    name: "ComponentDependency",
    members: &[
        req("dependencyid", T::Guid),
        req("dependencytype", T::Int),
        req("dependentcomponentobjectid", T::Guid),
        req("dependentcomponenttype", T::Int),
        opt("dependentcomponentparentid", T::Guid),
        req("requiredcomponentobjectid", T::Guid),
        req("requiredcomponenttype", T::Int),
        opt("requiredcomponentparentid", T::Guid),
    ],
};

const OF_COMPONENT: &[Param] = &[req(ID, T::Guid), req(TYPE, T::Int)];

pub(super) const MISSING: MessageDef = MessageDef {
    name: "RetrieveMissingDependencies",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[req(SOLUTION, T::Text)],
    output: &[req(VALUE, T::List(&T::Complex(&DEPENDENCY)))],
    length: Length::Short,
    prepare: None,
    run: Run::Read(of_solution),
    on_failure: None,
};

pub(super) const FOR_UNINSTALL: MessageDef = MessageDef { name: "RetrieveDependenciesForUninstall", run: Run::Read(for_uninstall), ..MISSING };

pub(super) const FOR_DELETE: MessageDef = MessageDef { name: "RetrieveDependenciesForDelete", input: OF_COMPONENT, run: Run::Read(for_delete), ..MISSING };

pub(super) const DEPENDENT: MessageDef = MessageDef { name: "RetrieveDependentComponents", input: OF_COMPONENT, run: Run::Read(dependent), ..MISSING };

pub(super) const REQUIRED: MessageDef = MessageDef { name: "RetrieveRequiredComponents", input: OF_COMPONENT, run: Run::Read(required), ..MISSING };

fn of_solution(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let solution = require_named(cx, args.text(SOLUTION)?)?;
    let contents = export::contents(cx, solution.id)?;
    Ok(rows(cx, &dependencies::missing(&cx.snapshot, &contents)))
}

fn for_uninstall(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    Ok(rows(cx, &uninstall::dependencies(cx, args.text(SOLUTION)?)?))
}

fn for_delete(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    Ok(rows(cx, &dependencies::holding(&cx.snapshot, node(args)?)))
}

fn dependent(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let of = node(args)?;
    // A table's own parts go with it.
    let is_part = |dependency: &Dependency| dependencies::table_of(&cx.snapshot, dependency.dependent.id) == Some(of.id);
    Ok(rows(cx, &of_component(cx, |dependency| dependency.required.id == of.id && !is_part(dependency))))
}

fn required(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let of = node(args)?;
    Ok(rows(cx, &of_component(cx, |dependency| dependency.dependent.id == of.id)))
}

fn of_component(cx: &ReadCx<'_>, is_wanted: impl Fn(&Dependency) -> bool) -> Vec<Dependency> {
    dependencies::all(&cx.snapshot).into_iter().filter(is_wanted).collect()
}

fn node(args: &Args) -> Result<Node> {
    Ok(Node { kind: args.int(TYPE).ok_or_else(|| missing(TYPE))?, id: args.guid(ID).ok_or_else(|| missing(ID))? })
}

fn rows(cx: &ReadCx<'_>, found: &[Dependency]) -> Outputs {
    let parent = |id: Uuid| dependencies::table_of(&cx.snapshot, id).map_or(Arg::Null, Arg::Guid);
    let row = |dependency: &Dependency| {
        let Dependency { dependent, required } = dependency;
        Arg::Complex(vec![
            ("dependencyid", Arg::Guid(constant_id(&format!("dependency/{}/{}", dependent.id, required.id)))),
            ("dependencytype", Arg::Int(PUBLISHED)),
            ("dependentcomponentobjectid", Arg::Guid(dependent.id)),
            ("dependentcomponenttype", Arg::Int(dependent.kind)),
            ("dependentcomponentparentid", parent(dependent.id)),
            ("requiredcomponentobjectid", Arg::Guid(required.id)),
            ("requiredcomponenttype", Arg::Int(required.kind)),
            ("requiredcomponentparentid", parent(required.id)),
        ])
    };
    Outputs(vec![(VALUE, Arg::List(found.iter().map(row).collect()))])
}
