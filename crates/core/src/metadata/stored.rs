//! Definitions to and from the form in which a store keeps them.

use driftless_model::{AlternateKey, ChoiceSet, Column, Error, ManyToMany, Relationship, Result, TableDef, Uuid, Version};
use driftless_store::{DefinitionKind, DefinitionRow};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A component of a solution that the service keeps without acting on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InertComponent {
    /// Its identity.
    pub id: Uuid,
    /// What it is: `form`, `view`, `ribbon`, `role`, `webresource` and so on.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The table that it belongs to.
    pub table: Option<String>,
    /// Its content as the package had it.
    pub content: String,
}

/// One definition.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// A table.
    Table(TableDef),
    /// A column of the table with this `MetadataId`.
    Column(Uuid, Column),
    /// An alternate key of the table with this `MetadataId`.
    Key(Uuid, AlternateKey),
    /// A one-to-many relationship.
    Relationship(Relationship),
    /// A many-to-many relationship; its table of pairs is a definition of its own.
    ManyToMany(ManyToMany),
    /// A global choice.
    Choice(ChoiceSet),
    /// A component that is only kept.
    Inert(InertComponent),
}

impl Definition {
    /// Kind and identity.
    pub fn identity(&self) -> (DefinitionKind, Uuid) {
        match self {
            Self::Table(def) => (DefinitionKind::Table, def.id),
            Self::Column(_, def) => (DefinitionKind::Column, def.id),
            Self::Key(_, def) => (DefinitionKind::Key, def.id),
            Self::Relationship(def) => (DefinitionKind::Relationship, def.id),
            Self::ManyToMany(def) => (DefinitionKind::ManyToMany, def.id),
            Self::Choice(def) => (DefinitionKind::Choice, def.id),
            Self::Inert(def) => (DefinitionKind::Inert, def.id),
        }
    }

    /// The stored form.
    ///
    /// # Errors
    /// 0x80040216 when it cannot be written as JSON, which no definition causes.
    pub fn to_row(&self, version: Version) -> Result<DefinitionRow> {
        let (kind, id) = self.identity();
        let owner = match self {
            Self::Column(table, _) | Self::Key(table, _) => Some(*table),
            _ => None,
        };
        let body = match self {
            Self::Table(def) => serde_json::to_string(def),
            Self::Column(_, def) => serde_json::to_string(def),
            Self::Key(_, def) => serde_json::to_string(def),
            Self::Relationship(def) => serde_json::to_string(def),
            Self::ManyToMany(def) => serde_json::to_string(def),
            Self::Choice(def) => serde_json::to_string(def),
            Self::Inert(def) => serde_json::to_string(def),
        }
        .map_err(|error| Error::damaged("a definition cannot be written").because(error))?;
        Ok(DefinitionRow { kind, id, owner, version, body })
    }

    /// The definition that a store kept.
    ///
    /// # Errors
    /// 0x80040216 when the stored form cannot be read.
    pub fn from_row(row: &DefinitionRow) -> Result<Self> {
        fn read<T: DeserializeOwned>(row: &DefinitionRow) -> Result<T> {
            serde_json::from_str(&row.body).map_err(|error| Error::damaged(format!("the definition {} cannot be read: {error}", row.id)))
        }
        let owner = || row.owner.ok_or_else(|| Error::damaged(format!("the definition {} has no table", row.id)));
        Ok(match row.kind {
            DefinitionKind::Table => Self::Table(read(row)?),
            DefinitionKind::Column => Self::Column(owner()?, read(row)?),
            DefinitionKind::Key => Self::Key(owner()?, read(row)?),
            DefinitionKind::Relationship => Self::Relationship(read(row)?),
            DefinitionKind::ManyToMany => Self::ManyToMany(read(row)?),
            DefinitionKind::Choice => Self::Choice(read(row)?),
            DefinitionKind::Inert => Self::Inert(read(row)?),
        })
    }
}
