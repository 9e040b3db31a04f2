//! UninstallSolutionAsync: removes a solution as a job (web-api 27). Deleting the row of `solution` does the same inside the request.

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::WriteCx;
use crate::metadata::validate::shown;
use crate::solutions::{self, queue_uninstall, uninstall};

const NAME: &str = "SolutionUniqueName";

pub(super) const DEF: MessageDef = MessageDef {
    name: "UninstallSolutionAsync",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[req(NAME, T::Text)],
    output: &[req("AsyncOperationId", T::Guid)],
    length: Length::Short,
    prepare: None,
    run: Run::Write(run),
    on_failure: None,
};

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let name = args.text(NAME)?;
    let solution = solutions::require_named(&cx.read(), name)?;
    uninstall::refuse_default(cx, solution.id)?;
    solutions::refuse_beside_jobs(cx)?;
    let job = queue_uninstall(cx, solution.id, &shown(name))?;
    Ok(Outputs(vec![("AsyncOperationId", Arg::Guid(job))]))
}
