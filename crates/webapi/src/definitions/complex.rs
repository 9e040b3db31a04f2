//! Definitions inside the answers of messages (web-api 26.8): values of complex types that have the members of the definitions' own types, parts included.

use std::sync::Arc;

use driftless_core::metadata::{PartQuery, Properties, SelectedDefinitions, Subject};
use driftless_model::{Error, Result, Table};
use driftless_odata::json::JsonWriter;

use super::choice::{Options, SetKind};
use super::criteria;
use super::item::{Item, Source, View};
use super::node::Node;
use super::types::{self, Kind, Property};
use crate::error;

/// What complex types of definitions begin with, before the name of the definition's type.
pub(crate) const PREFIX: &str = "Complex";

/// Properties that come whatever is asked for: they say which definition it is, and what became of it.
const ALWAYS: [&str; 7] = ["MetadataId", "HasChanged", "LogicalName", "EntityLogicalName", "AttributeType", "SchemaName", "RelationshipType"];

/// Writes all tables that are selected.
///
/// # Errors
/// 0x80060888 for properties that no definition has and values that do not fit.
pub(crate) fn write_tables(json: &mut JsonWriter, selected: &SelectedDefinitions, language: u16) -> Result<()> {
    let mut writer = Writer::new(json, selected, language);
    writer.json.begin_array();
    for table in selected.snapshot.tables().filter(|table| selected.is_table_selected(table)) {
        let item = writer.described(Item::table(table))?;
        if criteria::hold(writer.view, "EntityMetadata", &item, &selected.query.tables.criteria)? {
            writer.item(&item, "EntityMetadata", &selected.query.tables)?;
        }
    }
    writer.json.end_array();
    Ok(())
}

/// Writes the one definition that is selected, where a value of the type `declared` is expected.
///
/// # Errors
/// As [`write_tables`].
pub(crate) fn write_one(json: &mut JsonWriter, selected: &SelectedDefinitions, declared: &str, language: u16) -> Result<()> {
    let mut writer = Writer::new(json, selected, language);
    let item = writer.described(subject(selected))?;
    writer.item(&item, declared, &selected.query.tables)
}

fn subject(selected: &SelectedDefinitions) -> Option<Item<'_>> {
    let snapshot = &*selected.snapshot;
    match selected.subject {
        Subject::Tables => None,
        Subject::Table(id) => Item::table(snapshot.by_id(id)?),
        Subject::Column(id) => snapshot.column_by_id(id).and_then(|(table, ix)| Item::column(table, ix)),
        Subject::Key(table, id) => {
            let table: &Arc<Table> = snapshot.by_id(table)?;
            Item::key(table, table.keys.iter().find(|key| key.id == id)?)
        }
        Subject::Relationship(id) => match snapshot.relationship_by_id(id) {
            Some(relationship) => Item::relationship(relationship),
            None => Item::many_to_many(snapshot.many_to_many_by_id(id)?),
        },
        Subject::Choice(id) => Item::options(Options::Set(snapshot.choice_by_id(id)?, SetKind::Picklist)),
    }
}

struct Writer<'j, 'a> {
    json: &'j mut JsonWriter,
    selected: &'a SelectedDefinitions,
    view: View<'a>,
}

impl<'j, 'a> Writer<'j, 'a> {
    fn new(json: &'j mut JsonWriter, selected: &'a SelectedDefinitions, language: u16) -> Self {
        Self { json, selected, view: View { snapshot: &selected.snapshot, language } }
    }

    fn described(&self, item: Option<Item<'a>>) -> Result<Item<'a>> {
        item.ok_or_else(|| Error::damaged("a definition that was selected is not there or not described"))
    }

    fn item(&mut self, item: &Item<'a>, declared: &str, query: &PartQuery) -> Result<()> {
        check_names(declared, &query.properties)?;
        self.json.begin_object();
        if item.def.name != declared {
            self.json.name("@odata.type");
            self.json.text(&format!("#Microsoft.Dynamics.CRM.{PREFIX}{}", item.def.name));
        }
        for property in item.def.all_properties().into_iter().filter(|property| is_wanted(property, &query.properties)) {
            self.json.name(property.name);
            self.property(item, property)?;
        }
        self.json.end_object();
        Ok(())
    }

    fn property(&mut self, item: &Item<'a>, property: &Property) -> Result<()> {
        match property.kind {
            Kind::Parts(type_name) => {
                let query = self.part_query(property.name);
                self.json.begin_array();
                for part in item.parts(self.view, property.name) {
                    if self.is_selected(&part) && criteria::hold(self.view, type_name, &part, &query.criteria)? {
                        self.item(&part, type_name, &query)?;
                    }
                }
                self.json.end_array();
            }
            Kind::Part(type_name) | Kind::Other(type_name) => match item.parts(self.view, property.name).first() {
                Some(part) => self.item(part, type_name, &PartQuery::default())?,
                None => self.json.null(),
            },
            _ if property.name == "HasChanged" => match self.selected.has_changed(item.id()) {
                Some(changed) => self.json.boolean(changed),
                None => self.json.null(),
            },
            _ => {
                let mut node = item.get(self.view, property);
                if !self.selected.query.languages.is_empty() {
                    keep_languages(&mut node, &self.selected.query.languages);
                }
                node.write(self.json);
            }
        }
        Ok(())
    }

    /// What is asked of a kind of parts.
    fn part_query(&self, name: &str) -> PartQuery {
        let query = &self.selected.query;
        let own = match name {
            "Attributes" => &query.columns,
            "Keys" => &query.keys,
            _ => &query.relationships,
        };
        own.clone().unwrap_or_default()
    }

    /// True for a part that changed in the time asked for.
    fn is_selected(&self, part: &Item<'_>) -> bool {
        let choice = match part.source {
            Source::Column(table, ix) => self.selected.snapshot.global_choice_of(&table.column(ix).kind).map(|choice| choice.id),
            _ => None,
        };
        self.selected.is_selected(part.id(), choice)
    }
}

/// True if a property is to be written. A column's global choice stands under the same name as a local one.
fn is_wanted(property: &Property, wanted: &Properties) -> bool {
    match wanted {
        _ if property.name == "GlobalOptionSet" => false,
        Properties::All => true,
        Properties::Without(names) => !names.contains(&property.name),
        Properties::Named(names) => ALWAYS.contains(&property.name) || names.iter().any(|name| name == property.name),
    }
}

/// Refuses names that no type has which can stand here.
fn check_names(declared: &str, wanted: &Properties) -> Result<()> {
    let Properties::Named(names) = wanted else { return Ok(()) };
    let known = |name: &str| types::all().any(|def| def.is_a(declared) && def.property(name).is_some());
    match names.iter().find(|name| !known(name)) {
        Some(name) => Err(error::no_such_property(name, declared)),
        None => Ok(()),
    }
}

/// Leaves labels in these languages only.
fn keep_languages(node: &mut Node, languages: &[u16]) {
    match node {
        Node::Object(members) => {
            for (name, value) in members {
                match value {
                    Node::List(labels) if *name == "LocalizedLabels" => labels.retain(|label| is_in(label, languages)),
                    label if *name == "UserLocalizedLabel" && !is_in(label, languages) => *label = Node::Null,
                    value => keep_languages(value, languages),
                }
            }
        }
        Node::List(items) => items.iter_mut().for_each(|item| keep_languages(item, languages)),
        _ => {}
    }
}

fn is_in(label: &Node, languages: &[u16]) -> bool {
    matches!(label.get("LanguageCode"), Some(Node::Int(code)) if languages.iter().any(|language| i64::from(*language) == *code))
}
