//! Collection-valued navigation properties: the two kinds of relationships that lead from one row to many.

use std::sync::Arc;

use driftless_model::{LogicalName, Pairing, Relationship, SideRole};
use driftless_query::Along;

use super::Snapshot;

/// What leads from a row to many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collection {
    /// To the rows whose lookup refers to it.
    Children(Arc<Relationship>),
    /// To the rows that it is paired with.
    Pairs(Pairing),
}

impl Collection {
    /// The table of the rows that it leads to.
    pub fn table(&self) -> &LogicalName {
        match self {
            Self::Children(relationship) => &relationship.referencing_table,
            Self::Pairs(pairing) => &pairing.other().table,
        }
    }

    /// The table of the row that it leads from.
    pub fn owner(&self) -> &LogicalName {
        match self {
            Self::Children(relationship) => &relationship.referenced_table,
            Self::Pairs(pairing) => &pairing.own().table,
        }
    }

    /// The way for queries.
    pub fn along(&self) -> Along {
        match self {
            Self::Children(relationship) => {
                Along::Collection { table: relationship.referencing_table.clone(), lookup: relationship.referencing_column.clone() }
            }
            Self::Pairs(pairing) => Along::Intersect {
                intersect: pairing.intersect().clone(),
                near: pairing.own().column.clone(),
                far: pairing.other().column.clone(),
                table: pairing.other().table.clone(),
            },
        }
    }

    /// Name of the navigation property.
    pub fn navigation(&self) -> &str {
        match self {
            Self::Children(relationship) => &relationship.referenced_navigation,
            Self::Pairs(pairing) => &pairing.own().navigation,
        }
    }
}

impl Snapshot {
    /// The collection-valued navigation property of a table; case counts.
    pub fn collection(&self, table: &str, navigation: &str) -> Option<Collection> {
        let children = self.collection_navigation(table, navigation).cloned().map(Collection::Children);
        children.or_else(|| self.pairing(table, navigation).cloned().map(Collection::Pairs))
    }

    /// The collection that a relationship is, seen from a table: for messages that name the relationship. `role` decides where the relationship leads from a
    /// table to the same table: [`SideRole::First`] is the side whose lookup refers, and the first side of pairs. None when the relationship does not lead from
    /// the table to many rows.
    pub fn collection_of(&self, schema_name: &str, table: &str, role: Option<SideRole>) -> Option<Collection> {
        if let Some(relationship) = self.relationship(schema_name) {
            let is_reflexive = relationship.referenced_table == relationship.referencing_table;
            let leads = *relationship.referenced_table == *table && !(is_reflexive && role == Some(SideRole::First));
            return leads.then(|| Collection::Children(Arc::clone(relationship)));
        }
        let relationship = self.many_to_many_named(schema_name)?;
        let is_meant = |own: SideRole| *relationship.side(own).table == *table && (!relationship.is_reflexive() || role.unwrap_or(SideRole::First) == own);
        let role = SideRole::BOTH.into_iter().find(|own| is_meant(*own))?;
        Some(Collection::Pairs(Pairing { relationship: Arc::clone(relationship), role }))
    }
}
