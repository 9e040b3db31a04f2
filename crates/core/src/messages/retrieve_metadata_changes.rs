//! RetrieveMetadataChanges: a query of definitions, and what changed of them since an earlier answer (web-api 26.8, MD-14).

use std::collections::BTreeMap;
use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Result, Scopes, Uuid, Version};
use driftless_store::{DefinitionKind, Length};

use super::definition_query::{QUERY, query};
use super::{Arg, Args, Binding, ComplexType, EnumType, MessageDef, MessageKind, Outputs, ParamType as T, Run, opt, req};
use crate::changes::read::organization_days;
use crate::changes::token::{self, DefinitionsToken, Token};
use crate::context::ReadCx;
use crate::metadata::{SelectedDefinitions, Subject};

const STAMP: &str = "ClientVersionStamp";
const FILTERS: &str = "DeletedMetadataFilters";
/// Days for which a stamp can be used when the organization says nothing (CT-49).
const DEFAULT_STAMP_DAYS: i64 = 90;
const DAY_S: i64 = 86_400;

const ENTITY: i64 = 1;
const ATTRIBUTE: i64 = 2;
const RELATIONSHIP: i64 = 4;
const OPTION_SET: i64 = 16;

const DELETED_FILTERS: EnumType = EnumType::flags(
    FILTERS,
    &[("Entity", ENTITY), ("Default", ENTITY), ("Attribute", ATTRIBUTE), ("Relationship", RELATIONSHIP), ("Label", 8), ("OptionSet", OPTION_SET), ("All", 31)],
);
const IDS: ComplexType = ComplexType { name: "GuidCollection", members: &[req("Items", T::List(&T::Guid))] };
const DELETED: ComplexType = ComplexType {
    name: "DeletedMetadataCollection",
    members: &[req("Count", T::Int), req("IsReadOnly", T::Bool), req("Keys", T::List(&T::Enum(&DELETED_FILTERS))), req("Values", T::List(&T::Complex(&IDS)))],
};

pub(super) const DEF: MessageDef = MessageDef {
    name: "RetrieveMetadataChanges",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[
        opt("Query", T::Complex(&QUERY)),
        opt(FILTERS, T::Enum(&DELETED_FILTERS)),
        opt(STAMP, T::Text),
        opt("AppModuleId", T::Any),
        opt("RetrieveAllSettings", T::Any),
    ],
    output: &[
        req("ServerVersionStamp", T::Text),
        opt("DeletedMetadata", T::Complex(&DELETED)),
        req("EntityMetadata", T::List(&T::Definition("EntityMetadata"))),
    ],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let since = args.text_if(STAMP).filter(|text| !text.is_empty()).map(|text| since(cx, text)).transpose()?;
    let selected = SelectedDefinitions { snapshot: Arc::clone(&cx.snapshot), subject: Subject::Tables, query: query(args.get("Query"))?, since };
    let deleted = match (since, args.number(FILTERS)) {
        (Some(since), Some(filters)) => deleted(cx, since, filters)?,
        _ => Arg::Null,
    };
    Ok(Outputs(vec![("ServerVersionStamp", Arg::Text(stamp(cx)?)), ("DeletedMetadata", deleted), ("EntityMetadata", Arg::Definitions(Arc::new(selected)))]))
}

/// The text for the next question.
fn stamp(cx: &ReadCx<'_>) -> Result<String> {
    let token = DefinitionsToken { number: cx.snapshot.number().0, epoch: cx.tx.epoch()?, issued_s: cx.now_s() };
    Ok(token::print(cx.services, &Token::Definitions(token)))
}

/// The change up to which the holder of a stamp knows everything.
///
/// # Errors
/// 0x80040203 for a stamp that is none of ours, 0x80044352 for one that is too old or of another incarnation of the data (CT-49).
fn since(cx: &ReadCx<'_>, text: &str) -> Result<Version> {
    let malformed = || {
        Error::new(
            ErrorCode::InvalidArgument,
            format!("The {STAMP} is malformed or was changed. Use the ServerVersionStamp of an earlier answer as it is, or ask for everything without one."),
        )
    };
    let Ok(Token::Definitions(token)) = token::read(cx.services, text) else { return Err(malformed()) };
    let days = organization_days(cx, "expiresubscriptionsindays", DEFAULT_STAMP_DAYS)?;
    // As with tokens of rows, exactly the window is not over it, and no days mean that every stamp is (CT-46, CT-48).
    let is_old = days == 0 || cx.now_s().saturating_sub(token.issued_s) > days.saturating_mul(DAY_S);
    if is_old || token.epoch != cx.tx.epoch()? || token.number > cx.snapshot.number().0 {
        return Err(token::expired());
    }
    Ok(Version(token.number))
}

/// Ids of what was removed, by kind: those kinds that were asked for and of which something was.
fn deleted(cx: &ReadCx<'_>, since: Version, filters: i64) -> Result<Arg> {
    let mut by_kind: BTreeMap<i64, Vec<Uuid>> = BTreeMap::new();
    for (kind, id, _) in cx.tx.removed_definitions(since)? {
        let kind = match kind {
            DefinitionKind::Table => ENTITY,
            DefinitionKind::Column => ATTRIBUTE,
            DefinitionKind::Relationship | DefinitionKind::ManyToMany => RELATIONSHIP,
            DefinitionKind::Choice => OPTION_SET,
            // There is no word for these among the filters.
            DefinitionKind::Key | DefinitionKind::Inert => continue,
        };
        if filters & kind != 0 {
            by_kind.entry(kind).or_default().push(id);
        }
    }
    let ids = |ids: &Vec<Uuid>| Arg::Complex(vec![("Items", Arg::List(ids.iter().copied().map(Arg::Guid).collect()))]);
    Ok(Arg::Complex(vec![
        ("Count", Arg::Int(i32::try_from(by_kind.len()).unwrap_or(i32::MAX))),
        ("IsReadOnly", Arg::Bool(false)),
        ("Keys", Arg::List(by_kind.keys().copied().map(Arg::BigInt).collect())),
        ("Values", Arg::List(by_kind.values().map(ids).collect())),
    ]))
}
