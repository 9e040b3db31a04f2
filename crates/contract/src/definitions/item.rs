//! One definition as a value with typed properties.

use std::sync::Arc;

use driftless_core::Snapshot;
use driftless_model::{AlternateKey, ChoiceSource, ColumnIx, ColumnType, ManyToMany, Pairing, Relationship, SideRole, Table, Uuid};

use super::node::Node;
use super::types::{self, Kind, Property, TypeDef};
use super::{choice, column, key, many_to_many, relationship, table};

/// What rendering a definition needs besides the definition.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The definitions, for what one says of others.
    pub snapshot: &'a Snapshot,
    /// Language of the caller, as a code.
    pub language: u16,
}

/// A definition and its type.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The type, which may be derived from the one that is declared where the item stands.
    pub def: &'static TypeDef,
    /// Where its values come from.
    pub source: Source<'a>,
}

/// Where a definition's values come from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A table.
    Table(&'a Arc<Table>),
    /// A column of a table.
    Column(&'a Arc<Table>, ColumnIx),
    /// An alternate key of a table.
    Key(&'a Arc<Table>, &'a AlternateKey),
    /// A one-to-many relationship.
    Relationship(&'a Arc<Relationship>),
    /// A many-to-many relationship.
    ManyToMany(&'a Arc<ManyToMany>),
    /// A set of options.
    Options(choice::Options<'a>),
}

impl<'a> Item<'a> {
    /// An item of a type that is described; an unknown name gives none, which tests rule out.
    fn new(name: &str, source: Source<'a>) -> Option<Self> {
        Some(Self { def: types::find(name)?, source })
    }

    /// A table. None if its type is not described, which tests rule out.
    #[must_use]
    pub fn table(table: &'a Arc<Table>) -> Option<Self> {
        Self::new("EntityMetadata", Source::Table(table))
    }

    /// A column, of the type that its kind has. None as for [`Item::table`].
    #[must_use]
    pub fn column(table: &'a Arc<Table>, ix: ColumnIx) -> Option<Self> {
        Self::new(column::type_name(&table.column(ix).kind), Source::Column(table, ix))
    }

    /// An alternate key. None as for [`Item::table`].
    #[must_use]
    pub fn key(table: &'a Arc<Table>, key: &'a AlternateKey) -> Option<Self> {
        Self::new("EntityKeyMetadata", Source::Key(table, key))
    }

    /// A one-to-many relationship. None as for [`Item::table`].
    #[must_use]
    pub fn relationship(relationship: &'a Arc<Relationship>) -> Option<Self> {
        Self::new("OneToManyRelationshipMetadata", Source::Relationship(relationship))
    }

    /// A many-to-many relationship. None as for [`Item::table`].
    #[must_use]
    pub fn many_to_many(relationship: &'a Arc<ManyToMany>) -> Option<Self> {
        Self::new("ManyToManyRelationshipMetadata", Source::ManyToMany(relationship))
    }

    /// A set of options. None as for [`Item::table`].
    #[must_use]
    pub fn options(options: choice::Options<'a>) -> Option<Self> {
        Self::new(options.type_name(), Source::Options(options))
    }

    /// The value of a property that is no navigation property.
    #[must_use]
    pub fn get(&self, view: View<'a>, property: &Property) -> Node<'a> {
        let name = property.name;
        let value = match self.source {
            Source::Table(table) => table::value(view, table, name),
            Source::Column(table, ix) => column::value(view, table, ix, name),
            Source::Key(table, key) => key::value(view, table, key, name),
            Source::Relationship(relationship) => relationship::value(view, relationship, name),
            Source::ManyToMany(relationship) => many_to_many::value(view, relationship, name),
            Source::Options(options) => options.value(view, name),
        };
        value.unwrap_or_else(|| Node::default_of(property.kind))
    }

    /// The parts under a navigation property.
    #[must_use]
    pub fn parts(&self, view: View<'a>, name: &str) -> Vec<Item<'a>> {
        let snapshot = view.snapshot;
        match (self.source, name) {
            (Source::Table(table), "Attributes") => table.indexed().filter_map(|(ix, _)| Self::column(table, ix)).collect(),
            (Source::Table(table), "Keys") => table.keys.iter().filter_map(|key| Self::key(table, key)).collect(),
            (Source::Table(table), "OneToManyRelationships") => snapshot.referenced(table.name()).iter().filter_map(Self::relationship).collect(),
            (Source::Table(table), "ManyToOneRelationships") => snapshot.referencing(table.name()).iter().filter_map(Self::relationship).collect(),
            (Source::Table(table), "ManyToManyRelationships") => Self::all_pairs(view, table),
            (Source::Column(table, ix), "OptionSet") => Self::column_options(view, table, ix).into_iter().collect(),
            (Source::Column(table, ix), "GlobalOptionSet") => Self::column_options(view, table, ix)
                .into_iter()
                .filter(|item| matches!(item.source, Source::Options(choice::Options::Set(set, _)) if set.global))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The many-to-many relationships of a table, each once.
    fn all_pairs(view: View<'a>, table: &Table) -> Vec<Self> {
        let once = |pairing: &&Pairing| pairing.role == SideRole::First || !pairing.relationship.is_reflexive();
        view.snapshot.pairings(table.name()).iter().filter(once).filter_map(|pairing| Self::many_to_many(&pairing.relationship)).collect()
    }

    fn column_options(view: View<'a>, table: &'a Arc<Table>, ix: ColumnIx) -> Option<Self> {
        let column = table.column(ix);
        let set = |source: &'a ChoiceSource| match source {
            ChoiceSource::Local(set) => Some(set),
            ChoiceSource::Global(name) => view.snapshot.choice(name).map(|set| &**set),
        };
        let options = match &column.kind {
            ColumnType::Choice(kind) | ColumnType::Choices(kind) => choice::Options::Set(set(&kind.choice)?, choice::SetKind::Picklist),
            ColumnType::Boolean(kind) => choice::Options::Set(set(&kind.choice)?, choice::SetKind::Boolean),
            ColumnType::State(kind) => choice::Options::States(table, column, kind),
            ColumnType::Status(kind) => choice::Options::Statuses(table, column, kind),
            _ => return None,
        };
        Self::options(options)
    }

    /// The identity.
    #[must_use]
    pub fn id(&self) -> Uuid {
        match self.source {
            Source::Table(table) => table.def.id,
            Source::Column(table, ix) => table.column(ix).id,
            Source::Key(_, key) => key.id,
            Source::Relationship(relationship) => relationship.id,
            Source::ManyToMany(relationship) => relationship.id,
            Source::Options(options) => options.id(),
        }
    }

    /// A property of the item's type.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.def.property(name)
    }

    /// The type of a property that is a part or leads to another definition.
    #[must_use]
    pub fn part_kind(&self, name: &str) -> Option<Kind> {
        self.property(name).map(|property| property.kind).filter(|kind| kind.is_navigation())
    }
}
