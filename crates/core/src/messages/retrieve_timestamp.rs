//! RetrieveTimestamp: a text that changes with the definitions, for clients that keep them (CT-33).

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::ReadCx;

pub(super) const DEF: MessageDef = MessageDef {
    name: "RetrieveTimestamp",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[],
    output: &[req("Timestamp", T::Text)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(cx: &ReadCx<'_>, _: &Args) -> Result<Outputs> {
    Ok(Outputs(vec![("Timestamp", Arg::Text(cx.snapshot.number().to_string()))]))
}
