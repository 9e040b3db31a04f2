//! RetrieveEntity and its like: one definition or all tables, whole (web-api 26.3). Definitions take effect when they are written, so what is published is what
//! there is.

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Result, Uuid};

use super::{Arg, Args, EnumType, MessageDef, MessageKind, Outputs, Param, ParamType as T, opt, req};
use crate::context::ReadCx;
use crate::metadata::validate::shown;
use crate::metadata::{DefinitionQuery, PartQuery, Properties, SelectedDefinitions, Subject};

const ATTRIBUTES: i64 = 2;
const PRIVILEGES: i64 = 4;
const RELATIONSHIPS: i64 = 8;
const ALL: i64 = 15;
const FILTERS: EnumType = EnumType::flags(
    "EntityFilters",
    &[("Entity", 1), ("Default", 1), ("Attributes", ATTRIBUTES), ("Privileges", PRIVILEGES), ("Relationships", RELATIONSHIPS), ("All", ALL)],
);

const PUBLISHED: Param = req("RetrieveAsIfPublished", T::Bool);

pub(super) const ENTITY: MessageDef = MessageDef::reading(
    "RetrieveEntity",
    MessageKind::Function,
    &[req("EntityFilters", T::Enum(&FILTERS)), opt("LogicalName", T::Text), opt("MetadataId", T::Guid), PUBLISHED],
    &[req("EntityMetadata", T::Definition("EntityMetadata"))],
    entity,
);

pub(super) const ALL_ENTITIES: MessageDef = MessageDef::reading(
    "RetrieveAllEntities",
    MessageKind::Function,
    &[req("EntityFilters", T::Enum(&FILTERS)), PUBLISHED],
    &[req("EntityMetadata", T::List(&T::Definition("EntityMetadata"))), req("Timestamp", T::Text)],
    all_entities,
);

pub(super) const ATTRIBUTE: MessageDef = MessageDef::reading(
    "RetrieveAttribute",
    MessageKind::Function,
    &[opt("EntityLogicalName", T::Text), opt("LogicalName", T::Text), opt("MetadataId", T::Guid), PUBLISHED, opt("ColumnNumber", T::Int)],
    &[req("AttributeMetadata", T::Definition("AttributeMetadata"))],
    attribute,
);

pub(super) const ENTITY_KEY: MessageDef = MessageDef::reading(
    "RetrieveEntityKey",
    MessageKind::Function,
    &[opt("EntityLogicalName", T::Text), opt("LogicalName", T::Text), opt("MetadataId", T::Guid), PUBLISHED],
    &[req("EntityKeyMetadata", T::Definition("EntityKeyMetadata"))],
    entity_key,
);

pub(super) const RELATIONSHIP: MessageDef = MessageDef::reading(
    "RetrieveRelationship",
    MessageKind::Function,
    &[opt("Name", T::Text), opt("MetadataId", T::Guid), PUBLISHED],
    &[req("RelationshipMetadata", T::Definition("RelationshipMetadataBase"))],
    relationship,
);

pub(super) const OPTION_SET: MessageDef = MessageDef::reading(
    "RetrieveOptionSet",
    MessageKind::Function,
    &[opt("Name", T::Text), opt("MetadataId", T::Guid), PUBLISHED],
    &[req("OptionSetMetadata", T::Definition("OptionSetMetadataBase"))],
    option_set,
);

fn entity(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let id = named_id(args).or_else(|| cx.snapshot.find(args.text_if("LogicalName")?).map(|table| table.def.id));
    let table = id.and_then(|id| cx.snapshot.by_id(id)).ok_or_else(|| missing("table", args, "LogicalName"))?;
    Ok(answer(cx, "EntityMetadata", Subject::Table(table.def.id), filtered(args)))
}

fn all_entities(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let mut outputs = answer(cx, "EntityMetadata", Subject::Tables, filtered(args));
    outputs.0.push(("Timestamp", Arg::Text(cx.snapshot.number().to_string())));
    Ok(outputs)
}

fn attribute(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let by_name = || {
        let table = cx.snapshot.find(args.text_if("EntityLogicalName")?)?;
        table.find(args.text_if("LogicalName")?).map(|ix| table.column(ix).id)
    };
    let id = named_id(args).filter(|id| cx.snapshot.column_by_id(*id).is_some()).or_else(by_name);
    let id = id.ok_or_else(|| missing("column", args, "LogicalName"))?;
    Ok(answer(cx, "AttributeMetadata", Subject::Column(id), DefinitionQuery::default()))
}

fn entity_key(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let (id, name) = (named_id(args), args.text_if("LogicalName"));
    let tables = cx.snapshot.tables().filter(|table| id.is_some() || args.text_if("EntityLogicalName") == Some(table.name().as_str()));
    let mut keys = tables.flat_map(|table| table.keys.iter().map(move |key| (table, key)));
    let found = keys.find(|(_, key)| id.map_or(name == Some(key.name.as_str()), |id| key.id == id));
    let (table, key) = found.ok_or_else(|| missing("alternate key", args, "LogicalName"))?;
    Ok(answer(cx, "EntityKeyMetadata", Subject::Key(table.def.id, key.id), DefinitionQuery::default()))
}

fn relationship(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let snapshot = &cx.snapshot;
    let found = match (named_id(args), args.text_if("Name")) {
        (Some(id), _) => snapshot.relationship_by_id(id).map(|found| found.id).or_else(|| snapshot.many_to_many_by_id(id).map(|found| found.id)),
        (None, Some(name)) => snapshot.relationship(name).map(|found| found.id).or_else(|| snapshot.many_to_many_named(name).map(|found| found.id)),
        (None, None) => None,
    };
    let id = found.ok_or_else(|| missing("relationship", args, "Name"))?;
    Ok(answer(cx, "RelationshipMetadata", Subject::Relationship(id), DefinitionQuery::default()))
}

fn option_set(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let by_name = || cx.snapshot.choice(&args.text_if("Name")?.to_ascii_lowercase());
    let found = named_id(args).map_or_else(by_name, |id| cx.snapshot.choice_by_id(id));
    let id = found.ok_or_else(|| missing("global choice", args, "Name"))?.id;
    Ok(answer(cx, "OptionSetMetadata", Subject::Choice(id), DefinitionQuery::default()))
}

/// The id that a caller gives; an empty one, which clients send beside a name, is none.
fn named_id(args: &Args) -> Option<Uuid> {
    args.guid("MetadataId").filter(|id| !id.is_nil())
}

/// Tables with the parts that the caller's filters name.
fn filtered(args: &Args) -> DefinitionQuery {
    let filters = args.number("EntityFilters").unwrap_or(0);
    if filters == ALL {
        return DefinitionQuery::default();
    }
    let with = |filter: i64| filters & filter != 0;
    let mut without = Vec::new();
    if !with(ATTRIBUTES) {
        without.push("Attributes");
    }
    if !with(PRIVILEGES) {
        without.push("Privileges");
    }
    if !with(RELATIONSHIPS) {
        without.extend(["OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships"]);
    }
    DefinitionQuery { tables: PartQuery { properties: Properties::Without(without), ..PartQuery::default() }, ..DefinitionQuery::default() }
}

fn answer(cx: &ReadCx<'_>, name: &'static str, subject: Subject, query: DefinitionQuery) -> Outputs {
    let selected = SelectedDefinitions { snapshot: Arc::clone(&cx.snapshot), subject, query, since: None };
    Outputs(vec![(name, Arg::Definitions(Arc::new(selected)))])
}

fn missing(what: &str, args: &Args, name: &str) -> Error {
    let shown = args.text_if(name).map(|text| format!("the name '{}'", shown(text))).or(named_id(args).map(|id| format!("the id {id}")));
    match shown {
        Some(shown) => Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no {what} with {shown}.")),
        None => Error::argument(format!("Say which {what} is wanted: by '{name}' or by 'MetadataId'.")),
    }
}
