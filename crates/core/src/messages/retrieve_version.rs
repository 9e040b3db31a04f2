//! RetrieveVersion: the version of the interface that is answered (web-api 28). Clients read four numbers and choose the address by the first two.

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::ReadCx;

/// The version that this service answers as. .NET looks at the build too: from 9.2.21013.131 on it has solutions imported by jobs, from 9.2.23034.30 on it asks
/// what became of imports (organization-service 2.3); both are served.
pub(super) const VERSION: &str = "9.2.25021.100";

pub(super) const DEF: MessageDef = MessageDef {
    name: "RetrieveVersion",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[],
    output: &[req("Version", T::Text)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(_: &ReadCx<'_>, _: &Args) -> Result<Outputs> {
    Ok(Outputs(vec![("Version", Arg::Text(VERSION.to_owned()))]))
}
