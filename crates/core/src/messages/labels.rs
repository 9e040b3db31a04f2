//! SetLocLabels and RetrieveLocLabels: texts of rows in several languages (web-api 34, row 67).

use driftless_model::{Error, Label, Privilege, Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, ComplexType, MessageDef, MessageKind, Outputs, ParamType as T, Run, missing, opt, req};
use crate::context::{ReadCx, WriteCx};
use crate::keys;
use crate::records::{labels, update};

/// Most languages that one call sets.
const LANGUAGES_MAX: usize = 100;

const LOCALIZED_LABEL: ComplexType = ComplexType {
    name: "LocalizedLabel",
    members: &[req("Label", T::Text), req("LanguageCode", T::Int), opt("IsManaged", T::Bool), opt("MetadataId", T::Guid), opt("HasChanged", T::Bool)],
};

pub(super) const SET: MessageDef = MessageDef {
    name: "SetLocLabels",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::WRITE,
    input: &[req("EntityMoniker", T::Row), req("AttributeName", T::Text), req("Labels", T::List(&T::Complex(&LOCALIZED_LABEL)))],
    output: &[],
    length: Length::Short,
    prepare: None,
    run: Run::Write(set),
    on_failure: None,
};

pub(super) const RETRIEVE: MessageDef = MessageDef {
    name: "RetrieveLocLabels",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[req("EntityMoniker", T::Row), req("AttributeName", T::Text), req("IncludeUnpublished", T::Bool)],
    output: &[req("Label", T::Label)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(retrieve),
    on_failure: None,
};

fn set(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let target = args.row("EntityMoniker")?;
    let column = labels::require_column(&target.table, args.text("AttributeName")?)?;
    let given = args.list("Labels");
    if given.is_empty() || given.len() > LANGUAGES_MAX {
        return Err(Error::argument(format!("'Labels' must have 1 to {LANGUAGES_MAX} texts.")));
    }
    let texts = given.iter().map(text).collect::<Result<Label>>()?;
    let found = update::admitted(cx, Privilege::Write, target, &[])?;
    labels::set(cx, &found, column, &texts)?;
    Ok(Outputs::default())
}

/// A text with its language.
fn text(label: &Arg) -> Result<(u16, String)> {
    let language = match label.member("LanguageCode") {
        Some(Arg::Int(code)) => u16::try_from(*code).ok().filter(|code| *code > 0),
        _ => return Err(missing("LanguageCode")),
    };
    let language = language.ok_or_else(|| Error::argument("'LanguageCode' must be the number of a language, such as 1033."))?;
    match label.member("Label") {
        Some(Arg::Text(text)) => Ok((language, text.clone())),
        _ => Err(missing("Label")),
    }
}

fn retrieve(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let target = args.row("EntityMoniker")?;
    let column = labels::require_column(&target.table, args.text("AttributeName")?)?;
    cx.require(Privilege::Read, &target.table)?;
    let found = keys::require(cx.tx, &cx.snapshot, target, &[])?;
    cx.require_row(Privilege::Read, &found.table, found.id)?;
    Ok(Outputs(vec![("Label", Arg::Label(labels::read(cx.tx, &cx.snapshot, &found.table, found.id, column)?))]))
}
