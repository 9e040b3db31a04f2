//! The walk over what a query of definitions selects (web-api 26.8, organization-service 8.9): which definitions, which of their properties, which of their parts.
//!
//! Definitions come one by one, so that an answer with all of them needs no more than its own bytes.

use std::sync::Arc;

use driftless_core::metadata::{Criteria, PartQuery, Properties, SelectedDefinitions, Subject};
use driftless_model::{Error, Result, Table};

use super::choice::{Options, SetKind};
use super::criteria;
use super::item::{Item, Source, View};
use super::node::Node;
use super::types::{self, Kind, Property};
use crate::error;

/// Properties that come whatever is asked for: they say which definition it is, and what became of it.
const ALWAYS: [&str; 7] = ["MetadataId", "HasChanged", "LogicalName", "EntityLogicalName", "AttributeType", "SchemaName", "RelationshipType"];

/// What is asked of parts when a query does not say.
static EVERYTHING: PartQuery = PartQuery { properties: Properties::All, criteria: Criteria { any: false, conditions: Vec::new(), groups: Vec::new() } };

/// What a query of definitions selects, for a caller of one language.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    selected: &'a SelectedDefinitions,
    view: View<'a>,
}

/// A definition that is selected.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'a> {
    selection: Selection<'a>,
    item: Item<'a>,
    declared: &'static str,
    query: &'a PartQuery,
}

/// What a property of a selected definition shows.
#[derive(Clone, Debug)]
pub enum Shown<'a> {
    /// A plain value.
    Value(Node<'a>),
    /// One part, if there is one.
    Part(Option<Chosen<'a>>),
    /// Those of several parts that are selected.
    Parts(Vec<Chosen<'a>>),
}

impl<'a> Selection<'a> {
    /// The selection, with labels for a reader of `language`.
    #[must_use]
    pub fn new(selected: &'a SelectedDefinitions, language: u16) -> Self {
        Self { selected, view: View { snapshot: &selected.snapshot, language } }
    }

    /// All tables that are selected. Each fails by itself, with 0x80060888 for properties that no definition has and values that do not fit.
    pub fn tables(self) -> impl Iterator<Item = Result<Chosen<'a>>> {
        let snapshot = &*self.selected.snapshot;
        snapshot.tables().filter(move |table| self.selected.is_table_selected(table)).filter_map(move |table| self.table(table).transpose())
    }

    fn table(self, table: &'a Arc<Table>) -> Result<Option<Chosen<'a>>> {
        let query = &self.selected.query.tables;
        let item = described(Item::table(table))?;
        let holds = criteria::hold(self.view, "EntityMetadata", &item, &query.criteria)?;
        if holds { Chosen::new(self, item, "EntityMetadata", query).map(Some) } else { Ok(None) }
    }

    /// The one definition that is selected, where a value of the type `declared` is expected.
    ///
    /// # Errors
    /// 0x80060888 for properties that no definition of the type has.
    pub fn one(self, declared: &'static str) -> Result<Chosen<'a>> {
        Chosen::new(self, described(self.subject())?, declared, &self.selected.query.tables)
    }

    fn subject(self) -> Option<Item<'a>> {
        let snapshot = &*self.selected.snapshot;
        match self.selected.subject {
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

    /// What is asked of a kind of parts.
    fn part_query(self, name: &str) -> &'a PartQuery {
        let query = &self.selected.query;
        let own = match name {
            "Attributes" => &query.columns,
            "Keys" => &query.keys,
            _ => &query.relationships,
        };
        own.as_ref().unwrap_or(&EVERYTHING)
    }

    /// True for a part that changed in the time asked for.
    fn is_selected(self, part: &Item<'_>) -> bool {
        let choice = match part.source {
            Source::Column(table, ix) => self.selected.snapshot.global_choice_of(&table.column(ix).kind).map(|choice| choice.id),
            _ => None,
        };
        self.selected.is_selected(part.id(), choice)
    }
}

fn described(item: Option<Item<'_>>) -> Result<Item<'_>> {
    item.ok_or_else(|| Error::damaged("a definition that was selected is not there or not described"))
}

impl<'a> Chosen<'a> {
    fn new(selection: Selection<'a>, item: Item<'a>, declared: &'static str, query: &'a PartQuery) -> Result<Self> {
        check_names(declared, &query.properties)?;
        Ok(Self { selection, item, declared, query })
    }

    /// The definition.
    #[must_use]
    pub fn item(&self) -> &Item<'a> {
        &self.item
    }

    /// The type of the definition, where it is not the one that a reader expects here.
    #[must_use]
    pub fn derived_type(&self) -> Option<&'static str> {
        Some(self.item.def.name).filter(|name| *name != self.declared)
    }

    /// The properties that are asked for, in the order of their description.
    pub fn properties(&self) -> impl Iterator<Item = &'static Property> {
        self.item.def.all_properties().into_iter().filter(|property| is_wanted(property, &self.query.properties))
    }

    /// What the property of this name shows; none where it is not asked for or the definition has no such property.
    ///
    /// # Errors
    /// As [`Chosen::show`].
    pub fn get(&self, name: &str) -> Result<Option<Shown<'a>>> {
        let wanted = self.item.property(name).filter(|property| is_wanted(property, &self.query.properties));
        wanted.map(|property| self.show(property)).transpose()
    }

    /// What a property shows.
    ///
    /// # Errors
    /// 0x80060888 for properties that no part has and values that do not fit, in what is asked of the parts under it.
    pub fn show(&self, property: &Property) -> Result<Shown<'a>> {
        let Selection { selected, view } = self.selection;
        Ok(match property.kind {
            Kind::Parts(type_name) => Shown::Parts(self.parts(property.name, type_name)?),
            Kind::Part(type_name) | Kind::Other(type_name) => {
                let part = self.item.parts(view, property.name).into_iter().next();
                Shown::Part(part.map(|part| Self::new(self.selection, part, type_name, &EVERYTHING)).transpose()?)
            }
            _ if property.name == "HasChanged" => Shown::Value(selected.has_changed(self.item.id()).map_or(Node::Null, Node::Bool)),
            _ => {
                let mut node = self.item.get(view, property);
                if !selected.query.languages.is_empty() {
                    keep_languages(&mut node, &selected.query.languages);
                }
                Shown::Value(node)
            }
        })
    }

    fn parts(&self, name: &str, type_name: &'static str) -> Result<Vec<Self>> {
        let query = self.selection.part_query(name);
        let mut chosen = Vec::new();
        for part in self.item.parts(self.selection.view, name) {
            if self.selection.is_selected(&part) && criteria::hold(self.selection.view, type_name, &part, &query.criteria)? {
                chosen.push(Self::new(self.selection, part, type_name, query)?);
            }
        }
        Ok(chosen)
    }
}

/// True if a property is to be shown. A column's global choice stands under the same name as a local one.
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
fn keep_languages(node: &mut Node<'_>, languages: &[u16]) {
    match node {
        Node::Object(object) => {
            for (name, value) in &mut object.members {
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

fn is_in(label: &Node<'_>, languages: &[u16]) -> bool {
    matches!(label.get("LanguageCode"), Some(Node::Int(code)) if languages.iter().any(|language| i64::from(*language) == *code))
}

#[cfg(test)]
mod tests {
    use driftless_core::Snapshot;
    use driftless_core::metadata::{Definition, DefinitionQuery};
    use driftless_model::{ChoiceOption, ChoiceSet, Label, LogicalName, SchemaName, Uuid, Version};

    use super::*;

    fn selected(query: DefinitionQuery) -> SelectedDefinitions {
        let mut name = Label::english("Grade");
        name.set(1031, "Güte");
        let choice = Definition::Choice(ChoiceSet {
            id: Uuid::from_u128(1),
            name: LogicalName::from("drf_grade"),
            schema_name: SchemaName::from("drf_Grade"),
            display_name: name,
            description: Label::default(),
            options: vec![ChoiceOption::new(1, "Good")],
            global: true,
            custom: true,
            managed: false,
            customizable: true,
            introduced_version: "1.0".to_owned(),
        });
        let row = choice.to_row(Version(7)).unwrap();
        let snapshot = Arc::new(Snapshot::default().apply(Version(7), &[row], &[]).unwrap());
        SelectedDefinitions { snapshot, subject: Subject::Choice(Uuid::from_u128(1)), query, since: None }
    }

    fn node<'a>(chosen: &Chosen<'a>, name: &str) -> Option<Node<'a>> {
        match chosen.get(name).unwrap()? {
            Shown::Value(node) => Some(node),
            Shown::Part(_) | Shown::Parts(_) => None,
        }
    }

    #[test] // web-api 26.8
    fn properties_and_languages_are_those_asked_for() {
        let tables = PartQuery { properties: Properties::Named(vec!["DisplayName".to_owned()]), criteria: Criteria::default() };
        let selected = selected(DefinitionQuery { tables, languages: vec![1031], ..DefinitionQuery::default() });
        let chosen = Selection::new(&selected, 1033).one("OptionSetMetadataBase").unwrap();
        assert_eq!(chosen.derived_type(), Some("OptionSetMetadata"));
        assert_eq!(chosen.properties().map(|property| property.name).collect::<Vec<_>>(), ["MetadataId", "HasChanged", "DisplayName"]);
        assert_eq!(node(&chosen, "MetadataId"), Some(Node::Guid(Uuid::from_u128(1))));
        assert_eq!(node(&chosen, "Options"), None);
        let name = node(&chosen, "DisplayName").unwrap();
        let labels = name.get("LocalizedLabels").and_then(Node::as_list).unwrap();
        assert_eq!(labels.iter().filter_map(|label| label.get("Label")?.as_text()).collect::<Vec<_>>(), ["Güte"]);
        assert_eq!(name.get("UserLocalizedLabel"), Some(&Node::Null));
    }

    #[test] // web-api 26.8
    fn names_that_no_definition_has_are_refused() {
        let tables = PartQuery { properties: Properties::Named(vec!["Nothing".to_owned()]), criteria: Criteria::default() };
        let selected = selected(DefinitionQuery { tables, ..DefinitionQuery::default() });
        let error = Selection::new(&selected, 1033).one("OptionSetMetadataBase").unwrap_err();
        assert!(error.message().contains("'Nothing'"), "{error}");
        assert_eq!(Selection::new(&selected, 1033).tables().count(), 0);
    }
}
