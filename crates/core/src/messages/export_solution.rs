//! ExportSolution, ExportSolutionAsync and DownloadSolutionExportData: an unmanaged solution as the bytes of a package (web-api 27, SOL-31, SOL-32).

use std::sync::Arc;

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, missing, opt, req};
use crate::context::{ReadCx, WriteCx};
use crate::solutions::{export, queue_export, uploads};

const NAME: &str = "SolutionName";
const MANAGED: &str = "Managed";
const JOB: &str = "ExportJobId";
const FILE: &str = "ExportSolutionFile";

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
    output: &[req(FILE, T::Bytes)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

pub(super) const ASYNC: MessageDef =
    MessageDef { name: "ExportSolutionAsync", output: &[req("AsyncOperationId", T::Guid), req(JOB, T::Guid)], run: Run::Write(run_async), ..DEF };

pub(super) const DOWNLOAD: MessageDef = MessageDef { name: "DownloadSolutionExportData", input: &[req(JOB, T::Guid)], run: Run::Read(download), ..DEF };

/// Queues an export. What it will be refused with is said at once.
fn run_async(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let name = args.text(NAME)?;
    export::exportable(&cx.read(), name)?;
    let upload = cx.new_id();
    let job = queue_export(cx, name, args.flag(MANAGED), upload)?;
    Ok(Outputs(vec![("AsyncOperationId", Arg::Guid(job)), (JOB, Arg::Guid(upload))]))
}

fn download(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let bytes = uploads::bytes(cx, uploads::EXPORTED, args.guid(JOB).ok_or_else(|| missing(JOB))?)?;
    Ok(Outputs(vec![(FILE, Arg::Bytes(Arc::from(bytes)))]))
}

fn run(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let bytes = export::run(cx, args.text(NAME)?, args.flag(MANAGED))?;
    Ok(Outputs(vec![(FILE, Arg::Bytes(Arc::from(bytes)))]))
}
