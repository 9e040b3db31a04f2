//! PublishXml and PublishAllXml: definitions take effect when they are written, so there is nothing left to publish (SOL-23). The document is checked all the same.

use driftless_model::{Error, Result};
use driftless_store::Length;

use super::{Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::ReadCx;

pub(super) const PUBLISH_XML: MessageDef = MessageDef {
    name: "PublishXml",
    kind: MessageKind::Action,
    binding: Binding::None,
    input: &[req("ParameterXml", T::Text)],
    output: &[],
    length: Length::Short,
    prepare: None,
    run: Run::Read(publish),
    on_failure: None,
};

pub(super) const PUBLISH_ALL_XML: MessageDef = MessageDef {
    name: "PublishAllXml",
    kind: MessageKind::Action,
    binding: Binding::None,
    input: &[],
    output: &[],
    length: Length::Short,
    prepare: None,
    run: Run::Read(publish_all),
    on_failure: None,
};

fn publish(_: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let xml = args.text("ParameterXml")?;
    if !xml.trim_start().starts_with('<') {
        return Err(Error::argument("The parameter 'ParameterXml' must hold an importexportxml document."));
    }
    Ok(Outputs::default())
}

fn publish_all(_: &ReadCx<'_>, _: &Args) -> Result<Outputs> {
    Ok(Outputs::default())
}
