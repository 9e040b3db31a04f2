//! Definitions as a store keeps them: it does not read the body.

use driftless_model::{Uuid, Version};

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKind {
    /// A table.
    Table,
    /// A column of a table.
    Column,
    /// An alternate key of a table.
    Key,
    /// A one-to-many relationship.
    Relationship,
    /// A many-to-many relationship.
    ManyToMany,
    /// A global choice.
    Choice,
    /// A component that the service keeps without acting on it (forms, views, ribbons of solutions).
    Inert,
}

impl DefinitionKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [Self::Table, Self::Column, Self::Key, Self::Relationship, Self::ManyToMany, Self::Choice, Self::Inert];

    /// The name under which a store keeps the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column => "column",
            Self::Key => "key",
            Self::Relationship => "relationship",
            Self::ManyToMany => "many_to_many",
            Self::Choice => "choice",
            Self::Inert => "inert",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One stored definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionRow {
    /// What it defines.
    pub kind: DefinitionKind,
    /// Its identity (`MetadataId`).
    pub id: Uuid,
    /// The table that it is a part of, for columns and keys.
    pub owner: Option<Uuid>,
    /// Version of its last change, from the same counter as rows.
    pub version: Version,
    /// The definition as JSON, written by `core`.
    pub body: String,
}
