//! Where a path among definitions leads (web-api 26.1): one walk for all sets, parts and casts.

use driftless_contract::definitions::types::{self, Kind, Property, TypeDef};
use driftless_contract::definitions::{Item, Node, Options, SetKind, Source, View};
use driftless_model::literal;
use driftless_model::{Error, ErrorCode, Result, Uuid};
use driftless_odata::url::{KeyLiteral, KeyPredicate, Segment};

use super::SETS;
use crate::error;

/// The namespace of types, with its dot.
const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

/// Where a path leads.
pub(super) struct Place<'a> {
    pub(super) found: Found<'a>,
    /// The type that items have unless they say otherwise.
    pub(super) declared: &'static TypeDef,
    /// The resource's canonical name in contexts: parents by `MetadataId`, because Microsoft's reader refuses the other forms.
    pub(super) context: String,
    /// The last segment was `$count`.
    pub(super) counted: bool,
}

/// What is there.
pub(super) enum Found<'a> {
    /// A set or a collection of parts.
    Many(Vec<Item<'a>>),
    /// One definition.
    One(Item<'a>),
    /// One property of a definition.
    Value(Item<'a>, &'static Property),
}

/// Follows a path.
///
/// # Errors
/// 0x8006088a for segments that lead nowhere, 0x80040217 for definitions that do not exist, 0x80060888 for keys that cannot be.
pub(super) fn follow<'a>(view: View<'a>, path: &[Segment<'_>]) -> Result<Place<'a>> {
    let mut segments = path.iter();
    let Some(Segment::Named(first)) = segments.next() else { return Err(error::no_such_segment("")) };
    let (set, declared) = SETS.iter().find(|(name, _)| *name == first.name).ok_or_else(|| error::no_such_segment(&first.name))?;
    let declared = types::find(declared).ok_or_else(|| error::no_such_segment(set))?;
    let mut place = Place { found: Found::Many(set_items(view, set)), declared, context: (*set).to_owned(), counted: false };
    place.choose(view, first.key.as_ref())?;
    for segment in segments {
        match segment {
            Segment::Named(segment) => {
                match segment.name.strip_prefix(NAMESPACE) {
                    Some(name) => place.cast(name)?,
                    None => place.descend(view, &segment.name)?,
                }
                place.choose(view, segment.key.as_ref())?;
            }
            Segment::Count if matches!(place.found, Found::Many(_)) => place.counted = true,
            Segment::Value => {}
            other => return Err(error::no_such_segment(&format!("{other:?}"))),
        }
    }
    Ok(place)
}

/// The definitions of a set.
fn set_items<'a>(view: View<'a>, set: &str) -> Vec<Item<'a>> {
    match set {
        "EntityDefinitions" => view.snapshot.tables().filter_map(Item::table).collect(),
        "RelationshipDefinitions" => {
            let one_to_many = view.snapshot.relationships().filter_map(Item::relationship);
            one_to_many.chain(view.snapshot.many_to_many().filter_map(Item::many_to_many)).collect()
        }
        "GlobalOptionSetDefinitions" => view.snapshot.choices().filter_map(|set| Item::options(Options::Set(set, SetKind::Picklist))).collect(),
        _ => Vec::new(),
    }
}

impl<'a> Place<'a> {
    /// Chooses the item that a key names.
    fn choose(&mut self, view: View<'a>, key: Option<&KeyPredicate<'_>>) -> Result<()> {
        let Some(key) = key.filter(|key| **key != KeyPredicate::Empty) else { return Ok(()) };
        let Found::Many(items) = &self.found else { return Err(error::no_such_segment(&self.context)) };
        let (property, literal) = match key {
            KeyPredicate::Positional(literal) => ("MetadataId", literal),
            KeyPredicate::Named(pairs) => match pairs.as_slice() {
                [(name, literal)] if matches!(name.as_ref(), "MetadataId" | "LogicalName" | "SchemaName" | "Name") => (name.as_ref(), literal),
                _ => return Err(bad_key(self.declared.name)),
            },
            KeyPredicate::Empty => return Ok(()),
        };
        let item = *find(view, items, property, literal, self.declared.name)?.ok_or_else(|| not_found(self.declared.name, property, literal.text()))?;
        self.context = format!("{}({})", self.context, item.id());
        self.found = Found::One(item);
        Ok(())
    }

    /// Narrows to a derived type.
    fn cast(&mut self, name: &str) -> Result<()> {
        let def = types::find(name).filter(|def| def.is_a(self.declared.name)).ok_or_else(|| error::no_such_segment(name))?;
        match &mut self.found {
            Found::Many(items) => items.retain(|item| item.def.is_a(name)),
            Found::One(item) if item.def.is_a(name) => {}
            Found::One(item) => {
                let message = format!("The definition '{}' is of the type {}, not {name}.", self.context, item.def.name);
                return Err(Error::new(ErrorCode::ObjectDoesNotExist, message));
            }
            Found::Value(..) => return Err(error::no_such_segment(name)),
        }
        self.context = format!("{}/{NAMESPACE}{name}", self.context);
        self.declared = def;
        Ok(())
    }

    /// Goes to a property of the item.
    fn descend(&mut self, view: View<'a>, name: &str) -> Result<()> {
        let Found::One(item) = &self.found else { return Err(error::no_such_segment(name)) };
        let item = *item;
        let property = item.property(name).ok_or_else(|| error::no_such_segment(name))?;
        self.context = format!("{}/{name}", self.context);
        match property.kind {
            Kind::Parts(type_name) => {
                self.declared = types::find(type_name).unwrap_or(self.declared);
                self.found = Found::Many(item.parts(view, name));
            }
            Kind::Part(type_name) | Kind::Other(type_name) => {
                self.declared = types::find(type_name).unwrap_or(self.declared);
                let part = item.parts(view, name).into_iter().next();
                self.found = Found::One(part.ok_or_else(|| Error::new(ErrorCode::ObjectDoesNotExist, format!("The definition has no '{name}'.")))?);
            }
            _ => self.found = Found::Value(item, property),
        }
        Ok(())
    }
}

/// The item whose property has this value; names are compared without regard to case.
fn find<'i, 'a>(view: View<'a>, items: &'i [Item<'a>], name: &str, literal: &KeyLiteral<'_>, declared: &str) -> Result<Option<&'i Item<'a>>> {
    if name == "MetadataId" {
        let id = literal::guid(literal.text()).map(Uuid::from_bytes).map_err(|_| bad_key(declared))?;
        return Ok(items.iter().find(|item| item.id() == id));
    }
    let text = literal.text();
    for item in items {
        let property = item.property(name).ok_or_else(|| bad_key(declared))?;
        if let Node::Text(own) = item.get(view, property)
            && own.eq_ignore_ascii_case(text)
        {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

fn bad_key(type_name: &str) -> Error {
    let name = format!("{NAMESPACE}{type_name}");
    Error::new(
        ErrorCode::ODataError,
        format!(
            "The key in the request URI is not valid for resource '{name}'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource '{name}'."
        ),
    )
}

fn not_found(type_name: &str, property: &str, text: &str) -> Error {
    let text: String = text.chars().take(128).collect();
    let what = match type_name {
        "EntityMetadata" => "entity",
        "EntityKeyMetadata" => "entity key",
        "OptionSetMetadataBase" => "option set",
        name if name.contains("Relationship") => "relationship",
        _ => "attribute",
    };
    Error::new(ErrorCode::ObjectDoesNotExist, format!("Could not find the {what} with {property} = '{text}'."))
}

impl<'a> Found<'a> {
    /// The source of the one definition that was addressed.
    pub(super) fn source(&self) -> Option<Source<'a>> {
        match self {
            Self::One(item) => Some(item.source),
            Self::Many(_) | Self::Value(..) => None,
        }
    }
}
