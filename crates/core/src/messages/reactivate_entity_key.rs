//! ReactivateEntityKey: starts the index build of a failed key anew (AK-13).

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::WriteCx;

pub(super) const DEF: MessageDef = MessageDef {
    name: "ReactivateEntityKey",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[req("EntityLogicalName", T::Text), req("EntityKeyLogicalName", T::Text)],
    output: &[],
    length: Length::Short,
    prepare: None,
    run: Run::Write(run),
    on_failure: None,
};

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    crate::metadata::keys::reactivate(cx, args.text("EntityLogicalName")?, args.text("EntityKeyLogicalName")?)?;
    Ok(Outputs::default())
}
