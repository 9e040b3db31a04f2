//! ExportSolution: an unmanaged solution as the bytes of a package (web-api 27, SOL-31, SOL-32).

use std::sync::Arc;

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, opt, req};
use crate::context::ReadCx;
use crate::solutions::export;

const NAME: &str = "SolutionName";
const MANAGED: &str = "Managed";

/// Those that clients send. The settings of the organization are not part of packages here.
const INPUT: &[Param] = &[
    req(NAME, T::Text),
    req(MANAGED, T::Bool),
    opt("TargetVersion", T::Text),
    opt("ExportAutoNumberingSettings", T::Bool),
    opt("ExportCalendarSettings", T::Bool),
    opt("ExportCustomizationSettings", T::Bool),
    opt("ExportEmailTrackingSettings", T::Bool),
    opt("ExportGeneralSettings", T::Bool),
    opt("ExportMarketingSettings", T::Bool),
    opt("ExportOutlookSynchronizationSettings", T::Bool),
    opt("ExportRelationshipRoles", T::Bool),
    opt("ExportIsvConfig", T::Bool),
    opt("ExportSales", T::Bool),
    opt("ExportExternalApplications", T::Bool),
    opt("ExportComponentsParams", T::Any),
];

pub(super) const DEF: MessageDef = MessageDef {
    name: "ExportSolution",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: INPUT,
    output: &[req("ExportSolutionFile", T::Bytes)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let bytes = export::run(cx, args.text(NAME)?, args.flag(MANAGED))?;
    Ok(Outputs(vec![("ExportSolutionFile", Arg::Bytes(Arc::from(bytes)))]))
}
