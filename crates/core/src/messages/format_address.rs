//! FormatAddress: the lines of an address, as composed addresses of accounts and contacts have them (web-api 28).

use driftless_model::{Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, opt, req};
use crate::behaviors::addresses;
use crate::context::ReadCx;

pub(super) const DEF: MessageDef = MessageDef {
    name: "FormatAddress",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[opt("Line1", T::Text), opt("City", T::Text), opt("StateOrProvince", T::Text), opt("PostalCode", T::Text), opt("Country", T::Text)],
    output: &[req("Address", T::Text)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(_: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let part = |name: &str| args.text_if(name).unwrap_or_default();
    let parts = [part("Line1"), "", "", part("City"), part("StateOrProvince"), part("PostalCode"), part("Country")];
    Ok(Outputs(vec![("Address", Arg::Text(addresses::join(&parts)))]))
}
