//! Messages that change definitions (organization-service 8.2, 8.9). Those that read them are declared in core.

use std::sync::Arc;

use driftless_contract::definitions::{self, Node, Options, Selection, SetKind, Source, View, read};
use driftless_core::metadata::{DefinitionQuery, Origin, SelectedDefinitions, Subject};
use driftless_core::{Define, Request, Response, Snapshot};
use driftless_model::{Error, LogicalName, Result, Table, Uuid};

use super::{Act, Exchange, Message, nothing, pair_begin, pair_end, unexpected};
use crate::definition::{self, Typed, Unasked};
use crate::namespaces::Ns;
use crate::records::{id_of, named_table, no_such_column};
use crate::rows::write_id;
use crate::values::excerpt;
use crate::xml::Writer;

/// The tree of a parameter of a type.
fn node<'a>(message: Message<'a>, name: &str, type_name: &str) -> Result<Node<'a>> {
    definition::node(message.require(name)?, type_name)
}

/// Adds settings that stand beside a table's definition to it.
fn with_flags<'a>(message: Message<'a>, table: Node<'a>) -> Result<Node<'a>> {
    let Node::Object(mut object) = table else { return Ok(table) };
    for name in ["HasActivities", "HasNotes"] {
        if message.get(name).is_some() {
            object.members.push((name, Node::Bool(message.flag(name)?)));
        }
    }
    Ok(Node::Object(object))
}

/// The unmanaged solution that what is made joins.
fn origin(message: Message<'_>) -> Origin {
    Origin::Customizer { solution: solution(message) }
}

fn solution(message: Message<'_>) -> Option<String> {
    message.get("SolutionUniqueName").map(|name| name.text().trim().to_owned()).filter(|name| !name.is_empty())
}

/// Makes a definition; `results` writes the ids of what was made.
fn make<'a>(lower: impl Fn(&Arc<Snapshot>) -> Result<Define> + Send + Sync + 'a, results: impl Fn(Uuid, &mut Writer) -> Result<()> + Send + 'a) -> Act<'a> {
    Act::write(
        move |snapshot| lower(snapshot).map(Request::Define),
        move |response, writer| match response {
            Response::Defined(id) => results(id, writer),
            _ => Err(unexpected("a new definition")),
        },
    )
}

/// Changes or removes a definition.
fn change<'a>(message: Message<'a>, lower: impl Fn(&Arc<Snapshot>) -> Result<Define> + Send + Sync + 'a) -> Act<'a> {
    Act::write(
        move |snapshot| {
            let define = lower(snapshot)?;
            Ok(Request::Define(match solution(message) {
                Some(solution) => Define::In(solution, Box::new(define)),
                None => define,
            }))
        },
        nothing,
    )
}

fn id_pair(writer: &mut Writer, key: &str, id: Uuid) {
    pair_begin(writer, key, (Ns::Serialization, "guid"));
    write_id(writer, id);
    pair_end(writer);
}

/// Results that are one id.
fn one_id(key: &'static str) -> impl Fn(Uuid, &mut Writer) -> Result<()> {
    move |id, writer| {
        id_pair(writer, key, id);
        Ok(())
    }
}

/// A text of a parameter.
fn text(message: Message<'_>, name: &str) -> Result<String> {
    Ok(message.require(name)?.text().trim().to_owned())
}

pub(super) fn create_entity<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let table = with_flags(message, node(message, "Entity", "EntityMetadata")?)?;
    let primary = node(message, "PrimaryAttribute", "StringAttributeMetadata")?;
    let lower = move |snapshot: &Arc<Snapshot>| {
        let mut spec = read::table(snapshot, &table)?;
        let name = ["LogicalName", "SchemaName"].into_iter().find_map(|name| primary.get(name)?.as_text().map(str::to_ascii_lowercase));
        spec.columns.push(read::column(snapshot, &primary, Some(name.as_deref().unwrap_or_default()))?);
        Ok(Define::CreateTable(spec, origin(message)))
    };
    Ok(make(lower, move |id, writer| {
        let snapshot = exchange.organization.snapshot();
        let table = snapshot.by_id(id).ok_or_else(|| unexpected("a new table"))?;
        id_pair(writer, "EntityId", id);
        if let Some(ix) = table.def.primary_name.as_ref().and_then(|name| table.find(name)) {
            id_pair(writer, "AttributeId", table.column(ix).id);
        }
        Ok(())
    }))
}

pub(super) fn update_entity<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let wanted = with_flags(message, node(message, "Entity", "EntityMetadata")?)?;
    Ok(change(message, move |snapshot| {
        let table = table_of(snapshot, &wanted)?;
        updated(exchange, message, snapshot, Source::Table(table), &wanted)
    }))
}

pub(super) fn delete_entity<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let name = text(message, "LogicalName")?;
    Ok(change(message, move |snapshot| Ok(Define::DeleteTable(named_table(snapshot, &name)?.name().clone()))))
}

pub(super) fn create_attribute<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let table = text(message, "EntityName")?;
    let column = node(message, "Attribute", "AttributeMetadata")?;
    let lower = move |snapshot: &Arc<Snapshot>| {
        Ok(Define::CreateColumn(named_table(snapshot, &table)?.name().clone(), read::column(snapshot, &column, None)?, origin(message)))
    };
    Ok(make(lower, one_id("AttributeId")))
}

pub(super) fn update_attribute<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let table = text(message, "EntityName")?;
    let wanted = node(message, "Attribute", "AttributeMetadata")?;
    Ok(change(message, move |snapshot| {
        let table = named_table(snapshot, &table)?;
        let name = wanted.get("LogicalName").and_then(Node::as_text).or_else(|| wanted.get("SchemaName").and_then(Node::as_text));
        let name = name.map(str::to_ascii_lowercase).ok_or_else(|| Error::argument("The attribute must have its LogicalName."))?;
        let column = table.find(&name).ok_or_else(|| no_such_column(table, &name))?;
        updated(exchange, message, snapshot, Source::Column(table, column), &wanted)
    }))
}

pub(super) fn delete_attribute<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let (table, name) = (text(message, "EntityLogicalName")?, text(message, "LogicalName")?);
    Ok(change(message, move |snapshot| {
        let table = named_table(snapshot, &table)?;
        Ok(Define::DeleteColumn(table.name().clone(), column_name(table, &name)?))
    }))
}

fn column_name(table: &Table, name: &str) -> Result<LogicalName> {
    let column = table.find(name).ok_or_else(|| no_such_column(table, name))?;
    Ok(table.column(column).name.clone())
}

pub(super) fn create_one_to_many<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let relationship = node(message, "OneToManyRelationship", "OneToManyRelationshipMetadata")?;
    let lookup = node(message, "Lookup", "LookupAttributeMetadata")?;
    let lower = move |_: &Arc<Snapshot>| {
        let Node::Object(mut relationship) = relationship.clone() else { return Err(Error::argument("The relationship must be an object.")) };
        relationship.members.push(("Lookup", lookup.clone()));
        Ok(Define::CreateRelationship(read::relationship(&Node::Object(relationship))?, origin(message)))
    };
    Ok(make(lower, move |id, writer| {
        let snapshot = exchange.organization.snapshot();
        let relationship = snapshot.relationship_by_id(id).ok_or_else(|| unexpected("a new relationship"))?;
        let table = snapshot.require(&relationship.referencing_table)?;
        id_pair(writer, "RelationshipId", id);
        id_pair(writer, "AttributeId", table.column(table.require(&relationship.referencing_column)?).id);
        Ok(())
    }))
}

pub(super) fn create_many_to_many<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let pairing = node(message, "ManyToManyRelationship", "ManyToManyRelationshipMetadata")?;
    let intersect = message.get("IntersectEntitySchemaName").map(|name| name.text().trim().to_owned()).filter(|name| !name.is_empty());
    let lower = move |_: &Arc<Snapshot>| {
        let mut spec = read::many_to_many(&pairing)?;
        spec.intersect = intersect.clone().or(spec.intersect);
        Ok(Define::CreateManyToMany(spec, origin(message)))
    };
    Ok(make(lower, one_id("ManyToManyRelationshipId")))
}

pub(super) fn update_relationship<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let wanted = node(message, "Relationship", "RelationshipMetadataBase")?;
    Ok(change(message, move |snapshot| {
        let name = wanted.get("SchemaName").and_then(Node::as_text).ok_or_else(|| Error::argument("The relationship must have its SchemaName."))?;
        let source = relationship(snapshot, name)?;
        updated(exchange, message, snapshot, source, &wanted)
    }))
}

pub(super) fn delete_relationship<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let name = text(message, "Name")?;
    Ok(change(message, move |snapshot| {
        Ok(match relationship(snapshot, &name)? {
            Source::ManyToMany(found) => Define::DeleteManyToMany(found.schema_name.to_string()),
            _ => Define::DeleteRelationship(name.clone()),
        })
    }))
}

fn relationship<'s>(snapshot: &'s Snapshot, name: &str) -> Result<Source<'s>> {
    let found = snapshot.relationship(name).map(Source::Relationship).or_else(|| snapshot.many_to_many_named(name).map(Source::ManyToMany));
    found.ok_or_else(|| Error::argument(format!("There is no relationship '{}'.", excerpt(name))))
}

pub(super) fn create_key<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let table = text(message, "EntityName")?;
    let key = node(message, "EntityKey", "EntityKeyMetadata")?;
    let lower = move |snapshot: &Arc<Snapshot>| Ok(Define::CreateKey(named_table(snapshot, &table)?.name().clone(), read::key(&key)?, origin(message)));
    Ok(make(lower, one_id("EntityKeyId")))
}

pub(super) fn delete_key<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let (table, name) = (text(message, "EntityLogicalName")?, text(message, "Name")?.to_ascii_lowercase());
    Ok(change(message, move |snapshot| {
        let table = named_table(snapshot, &table)?;
        let key = table.keys.iter().find(|key| *key.name == *name);
        let key = key.ok_or_else(|| Error::argument(format!("There is no alternate key '{}' of '{}'.", excerpt(&name), table.name())))?;
        Ok(Define::DeleteKey(table.name().clone(), key.name.clone()))
    }))
}

pub(super) fn create_option_set<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let choice = node(message, "OptionSet", "OptionSetMetadataBase")?;
    Ok(make(move |_| Ok(Define::CreateChoice(read::choice(&choice)?, origin(message))), one_id("OptionSetId")))
}

pub(super) fn update_option_set<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let wanted = node(message, "OptionSet", "OptionSetMetadataBase")?;
    Ok(change(message, move |snapshot| {
        let by_name = wanted.get("Name").and_then(Node::as_text).and_then(|name| snapshot.choice(&name.to_ascii_lowercase()));
        let by_id = || id_of(wanted.get("MetadataId")?.as_text()?).ok().flatten().and_then(|id| snapshot.choice_by_id(id));
        let set = by_name.or_else(by_id).ok_or_else(|| Error::argument("There is no such global choice."))?;
        updated(exchange, message, snapshot, Source::Options(Options::Set(set, SetKind::Picklist)), &wanted)
    }))
}

pub(super) fn delete_option_set<'a>(_: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let name = text(message, "Name")?.to_ascii_lowercase();
    Ok(change(message, move |snapshot| {
        let set = snapshot.choice(&name).ok_or_else(|| Error::argument(format!("There is no global choice '{}'.", excerpt(&name))))?;
        Ok(Define::DeleteChoice(set.name.clone()))
    }))
}

/// All global choices. The Web API has them as a set, so core declares no message for it.
pub(super) fn retrieve_all_option_sets<'a>(exchange: Exchange<'a>, _: Message<'a>) -> Result<Act<'a>> {
    Ok(Act::read(move |writer| {
        exchange.organization.require_member(exchange.caller)?;
        let snapshot = exchange.organization.snapshot();
        pair_begin(writer, "OptionSetMetadata", (Ns::Metadata, "ArrayOfOptionSetMetadataBase"));
        for set in snapshot.choices() {
            let selected =
                SelectedDefinitions { snapshot: Arc::clone(&snapshot), subject: Subject::Choice(set.id), query: DefinitionQuery::default(), since: None };
            let chosen = Selection::new(&selected, exchange.caller.language).one("OptionSetMetadataBase")?;
            definition::write(writer, "m:OptionSetMetadataBase", &chosen, Typed::WhenDerived, Unasked::Nil)?;
        }
        pair_end(writer);
        Ok(())
    }))
}

/// The table that a definition names.
fn table_of<'s>(snapshot: &'s Snapshot, wanted: &Node<'_>) -> Result<&'s Arc<Table>> {
    let named = |name| wanted.get(name).and_then(Node::as_text).map(str::to_ascii_lowercase);
    if let Some(name) = named("LogicalName").or_else(|| named("SchemaName")) {
        return named_table(snapshot, &name);
    }
    let id = wanted.get("MetadataId").and_then(Node::as_text).map(id_of).transpose()?.flatten();
    id.and_then(|id| snapshot.by_id(id)).ok_or_else(|| Error::argument("The entity must have its LogicalName."))
}

/// The change that makes a present definition what is wanted.
fn updated(exchange: Exchange<'_>, message: Message<'_>, snapshot: &Snapshot, source: Source<'_>, wanted: &Node<'_>) -> Result<Define> {
    let view = View { snapshot, language: exchange.caller.language };
    let define = definitions::update(view, source, wanted, message.flag("MergeLabels")?)?;
    define.ok_or_else(|| Error::argument("This definition cannot be changed."))
}
