//! PublishXml and PublishAllXml: definitions take effect when they are written, so there is nothing left to publish (SOL-23). The document is checked all the same:
//! a client that names a table which is not there learns of it.

use driftless_model::{Error, ErrorCode, Result, Scopes};
use driftless_solution_file::read_publish;
use driftless_store::Length;

use super::{Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::ReadCx;
use crate::metadata::validate::shown;

pub(super) const PUBLISH_XML: MessageDef = MessageDef {
    name: "PublishXml",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
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
    scope: Scopes::ADMIN,
    input: &[],
    output: &[],
    length: Length::Short,
    prepare: None,
    run: Run::Read(publish_all),
    on_failure: None,
};

fn publish(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let document = read_publish(args.text("ParameterXml")?)
        .map_err(|error| Error::argument(format!("The parameter 'ParameterXml' must hold an importexportxml document ({error}).")))?;
    for table in &document.tables {
        cx.snapshot.require(&shown(table).to_ascii_lowercase())?;
    }
    for choice in &document.choices {
        if cx.snapshot.choice(choice).is_none() {
            return Err(Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no global choice with the name '{}'.", shown(choice))));
        }
    }
    Ok(Outputs::default())
}

fn publish_all(_: &ReadCx<'_>, _: &Args) -> Result<Outputs> {
    Ok(Outputs::default())
}
