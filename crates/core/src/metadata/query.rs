//! Queries of definitions: what is asked for, and what is selected. Which properties a definition has, and so whether a condition holds of it, is known where
//! definitions are described; what changed since when is decided here.

use std::sync::Arc;

use driftless_model::{Table, Uuid, Version};

use super::Snapshot;

/// A query of tables with their parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefinitionQuery {
    /// Tables to return.
    pub tables: PartQuery,
    /// Their columns; none for all that are asked for.
    pub columns: Option<PartQuery>,
    /// Their relationships of all kinds.
    pub relationships: Option<PartQuery>,
    /// Their alternate keys.
    pub keys: Option<PartQuery>,
    /// Languages of labels; empty for all.
    pub languages: Vec<u16>,
}

/// What is asked of tables or of one kind of their parts.
#[derive(Clone, Debug, PartialEq)]
pub struct PartQuery {
    /// Properties to return.
    pub properties: Properties,
    /// Which to return.
    pub criteria: Criteria,
}

impl Default for PartQuery {
    /// Everything of all.
    fn default() -> Self {
        Self { properties: Properties::All, criteria: Criteria::default() }
    }
}

/// Properties to return; what identifies a definition comes with all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Properties {
    /// All, parts included.
    All,
    /// All but these.
    Without(Vec<&'static str>),
    /// Those named.
    Named(Vec<String>),
}

/// Conditions joined by "and" or "or".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Criteria {
    /// One is enough.
    pub any: bool,
    /// Conditions on properties.
    pub conditions: Vec<Condition>,
    /// Groups of conditions.
    pub groups: Vec<Criteria>,
}

/// A condition on a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Name of the property.
    pub property: String,
    /// How it is compared.
    pub operator: ConditionOperator,
    /// With what, as text; several for lists, empty for null.
    pub values: Vec<String>,
}

/// How a property is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionOperator {
    /// The same.
    Equals,
    /// Not the same.
    NotEquals,
    /// One of several.
    In,
    /// None of several.
    NotIn,
    /// Larger, for numbers.
    GreaterThan,
    /// Smaller, for numbers.
    LessThan,
}

/// What of the organization's definitions is selected, at one moment.
#[derive(Clone, Debug)]
pub struct SelectedDefinitions {
    /// The definitions.
    pub snapshot: Arc<Snapshot>,
    /// Where the query begins.
    pub subject: Subject,
    /// The query.
    pub query: DefinitionQuery,
    /// Only what changed after this; none for everything.
    pub since: Option<Version>,
}

/// Where a query begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// At all tables.
    Tables,
    /// At one table.
    Table(Uuid),
    /// At one column.
    Column(Uuid),
    /// At one alternate key of a table.
    Key(Uuid, Uuid),
    /// At one relationship, of either kind.
    Relationship(Uuid),
    /// At one global choice.
    Choice(Uuid),
}

impl SelectedDefinitions {
    /// Whether a definition changed in the time asked for; none when no time was.
    pub fn has_changed(&self, id: Uuid) -> Option<bool> {
        let since = self.since?;
        Some(self.snapshot.version_of(id).is_some_and(|version| version > since))
    }

    /// True unless a definition, and the global choice that it takes its options from, stayed as it was in the time asked for.
    pub fn is_selected(&self, id: Uuid, choice: Option<Uuid>) -> bool {
        [Some(id), choice].into_iter().flatten().any(|id| self.has_changed(id).unwrap_or(true))
    }

    /// True unless a table and all its parts stayed as they were in the time asked for.
    pub fn is_table_selected(&self, table: &Table) -> bool {
        let columns = || table.columns.iter().any(|column| self.is_selected(column.id, self.snapshot.global_choice_of(&column.kind).map(|choice| choice.id)));
        let keys = || table.keys.iter().any(|key| self.is_selected(key.id, None));
        let relationships = || {
            let of_table = self.snapshot.referencing(table.name()).iter().chain(self.snapshot.referenced(table.name()));
            let pairings = self.snapshot.pairings(table.name());
            of_table.into_iter().any(|relationship| self.is_selected(relationship.id, None))
                || pairings.iter().any(|pairing| self.is_selected(pairing.relationship.id, None))
        };
        self.is_selected(table.def.id, None) || columns() || keys() || relationships()
    }
}
