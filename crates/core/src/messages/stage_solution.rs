//! StageSolution: a package is judged and kept, to be imported by its upload's id (web-api 27).

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Label, Result, Scopes};
use driftless_solution_file::Package;
use driftless_store::Length;

use super::import_solution::{FILE, PACKAGE, prepare};
use super::{Arg, Args, Binding, ComplexType, EnumType, MessageDef, MessageKind, Outputs, ParamType as T, Run, missing, opt, req};
use crate::context::WriteCx;
use crate::solutions::import::{self, Unmet};
use crate::solutions::uploads;

const STATUS: EnumType = EnumType::choice("StageSolutionStatus", &[("Failed", FAILED), ("Passed", PASSED)]);
const FAILED: i64 = 0;
const PASSED: i64 = 1;

const VALIDATION: ComplexType = ComplexType {
    name: "SolutionValidationResult",
    members: &[req("SolutionValidationResultType", T::Text), req("Message", T::Text), req("ErrorCode", T::Int), opt("AdditionalInfo", T::Text)],
};

const MISSING: ComplexType = ComplexType {
    name: "MissingDependency",
    members: &[
        req("RequiredComponentSchemaName", T::Text),
        opt("RequiredComponentDisplayName", T::Text),
        opt("RequiredComponentParentSchemaName", T::Text),
        req("RequiredComponentType", T::Int),
        opt("RequiredSolutionName", T::Text),
        opt("DependentComponentSchemaName", T::Text),
        opt("DependentComponentDisplayName", T::Text),
        opt("DependentComponentParentSchemaName", T::Text),
        opt("DependentComponentType", T::Int),
    ],
};

const DETAILS: ComplexType = ComplexType {
    name: "SolutionDetails",
    members: &[req("SolutionUniqueName", T::Text), req("SolutionFriendlyName", T::Text), req("SolutionVersion", T::Text), req("IsManaged", T::Bool)],
};

const COMPONENT: ComplexType = ComplexType { name: "SolutionComponentDetails", members: &[req("ComponentName", T::Text), req("ComponentTypeName", T::Text)] };

const RESULTS: ComplexType = ComplexType {
    name: "StageSolutionResults",
    members: &[
        opt("StageSolutionUploadId", T::Guid),
        req("StageSolutionStatus", T::Enum(&STATUS)),
        req("SolutionValidationResults", T::List(&T::Complex(&VALIDATION))),
        req("MissingDependencies", T::List(&T::Complex(&MISSING))),
        req("SolutionDetails", T::Complex(&DETAILS)),
        req("SolutionComponentsDetails", T::List(&T::Complex(&COMPONENT))),
    ],
};

pub(super) const DEF: MessageDef = MessageDef {
    name: "StageSolution",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[req(FILE, T::Bytes)],
    output: &[req("StageSolutionResults", T::Complex(&RESULTS))],
    length: Length::Short,
    prepare: Some(prepare),
    run: Run::Write(run),
    on_failure: None,
};

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let (Some(Arg::Package(package)), Some(Arg::Bytes(bytes))) = (args.get(PACKAGE), args.get(FILE)) else { return Err(missing(FILE)) };
    let (package, bytes) = (Arc::clone(package), Arc::clone(bytes));
    let judged = import::judge(cx, &package);
    let unmet = import::unmet(&cx.snapshot, &package);
    let (status, errors, components) = match judged {
        Ok(components) if unmet.is_empty() => (PASSED, Vec::new(), components),
        Ok(_) => (FAILED, vec![validation(&Error::of(ErrorCode::ImportMissingDependencies))], Vec::new()),
        // What lies in the store's way is no matter of the package.
        Err(error) if error.code() == ErrorCode::UnExpected => return Err(error),
        Err(error) => (FAILED, vec![validation(&error)], Vec::new()),
    };
    let upload = if status == PASSED {
        let id = cx.new_id();
        uploads::keep(cx, uploads::STAGED, id, &package.manifest.unique_name, &bytes)?;
        Arg::Guid(id)
    } else {
        Arg::Null
    };
    let results = Arg::Complex(vec![
        ("StageSolutionUploadId", upload),
        ("StageSolutionStatus", Arg::BigInt(status)),
        ("SolutionValidationResults", Arg::List(errors)),
        ("MissingDependencies", Arg::List(unmet.into_iter().map(missing_dependency).collect())),
        ("SolutionDetails", details(&package)),
        ("SolutionComponentsDetails", Arg::List(components.into_iter().map(component).collect())),
    ]);
    Ok(Outputs(vec![("StageSolutionResults", results)]))
}

fn validation(error: &Error) -> Arg {
    Arg::Complex(vec![
        ("SolutionValidationResultType", Arg::Text("Error".to_owned())),
        ("Message", Arg::Text(error.message().to_owned())),
        ("ErrorCode", Arg::Int(i32::from_be_bytes(error.code().number().to_be_bytes()))),
    ])
}

fn missing_dependency(unmet: Unmet) -> Arg {
    let text = |text: Option<String>| text.map_or(Arg::Null, Arg::Text);
    let number = |number: Option<i32>| number.map_or(Arg::Null, Arg::Int);
    Arg::Complex(vec![
        ("RequiredComponentSchemaName", Arg::Text(unmet.required.name)),
        ("RequiredComponentDisplayName", text(unmet.required.display_name)),
        ("RequiredComponentParentSchemaName", text(unmet.required.parent)),
        ("RequiredComponentType", Arg::Int(unmet.required.kind.unwrap_or_default())),
        ("RequiredSolutionName", text(unmet.solution)),
        ("DependentComponentSchemaName", Arg::Text(unmet.dependent.name)),
        ("DependentComponentDisplayName", text(unmet.dependent.display_name)),
        ("DependentComponentParentSchemaName", text(unmet.dependent.parent)),
        ("DependentComponentType", number(unmet.dependent.kind)),
    ])
}

fn details(package: &Package) -> Arg {
    let manifest = &package.manifest;
    let label = Label::from_iter(manifest.labels.clone());
    let friendly_name = label.text(driftless_model::ENGLISH).unwrap_or(&manifest.unique_name).to_owned();
    Arg::Complex(vec![
        ("SolutionUniqueName", Arg::Text(manifest.unique_name.clone())),
        ("SolutionFriendlyName", Arg::Text(friendly_name)),
        ("SolutionVersion", Arg::Text(manifest.version.to_string())),
        ("IsManaged", Arg::Bool(manifest.managed)),
    ])
}

fn component((name, kind): (String, String)) -> Arg {
    Arg::Complex(vec![("ComponentName", Arg::Text(name)), ("ComponentTypeName", Arg::Text(kind))])
}
