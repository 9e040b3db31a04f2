//! CreateEntities: several tables with their columns, all of them or none (web-api 26.3). The Python client makes its tables with it.

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, SOLUTION, opt, req};
use crate::context::WriteCx;
use crate::metadata::{Origin, tables};

pub(super) const DEF: MessageDef = MessageDef {
    name: "CreateEntities",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[req("Entities", T::List(&T::Definition("EntityMetadata"))), opt(SOLUTION, T::Text)],
    output: &[],
    length: Length::Long,
    prepare: None,
    run: Run::Write(run),
    on_failure: None,
};

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let origin = Origin::Customizer { solution: args.text_if(SOLUTION).map(str::to_owned) };
    for table in args.list("Entities") {
        if let Arg::Table(spec) = table {
            tables::create(cx, spec, &origin)?;
        }
    }
    Ok(Outputs::default())
}
