//! DeleteAndPromote and DeleteAndPromoteAsync: an upgrade ends, and what only the old version has goes with its data (web-api 27, SOL-18).

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::WriteCx;
use crate::solutions::{self, queue_promote, upgrade};

const NAME: &str = "UniqueName";

pub(super) const DEF: MessageDef = MessageDef {
    name: "DeleteAndPromote",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[req(NAME, T::Text)],
    output: &[req("SolutionId", T::Guid)],
    length: Length::Long,
    prepare: None,
    run: Run::Write(run),
    on_failure: None,
};

pub(super) const ASYNC: MessageDef =
    MessageDef { name: "DeleteAndPromoteAsync", output: &[req("AsyncOperationId", T::Guid)], length: Length::Short, run: Run::Write(run_async), ..DEF };

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    solutions::refuse_beside_jobs(cx)?;
    let id = upgrade::promote(cx, args.text(NAME)?)?;
    Ok(Outputs(vec![("SolutionId", Arg::Guid(id))]))
}

fn run_async(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    solutions::refuse_beside_jobs(cx)?;
    let job = queue_promote(cx, args.text(NAME)?)?;
    Ok(Outputs(vec![("AsyncOperationId", Arg::Guid(job))]))
}
