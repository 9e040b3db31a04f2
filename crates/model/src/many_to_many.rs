//! Many-to-many relationships: pairs of rows, kept in a table of their own (MD-30).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AssociatedMenu, LogicalName, SchemaName};

/// A many-to-many relationship. Each row of its intersect table is a pair: the id of a row of each side's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManyToMany {
    /// Stable identity (MD-8).
    pub id: Uuid,
    /// Unique name in the organization, shared with one-to-many relationships.
    pub schema_name: SchemaName,
    /// The table of pairs.
    pub intersect: LogicalName,
    /// The side that the original calls `Entity1`.
    pub first: Side,
    /// The side that the original calls `Entity2`.
    pub second: Side,
    /// Made by a customizer, not built in.
    pub custom: bool,
    /// Came with a managed solution.
    pub managed: bool,
    /// May be changed by customizers.
    pub customizable: bool,
    /// Version of the solution that brought it.
    pub introduced_version: String,
}

/// One side of a many-to-many relationship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The table whose rows are paired.
    pub table: LogicalName,
    /// The column of the intersect table that has the id of a row of this side.
    pub column: LogicalName,
    /// Name of the collection-valued navigation property on this side's table, which leads to rows of the other side; case counts.
    pub navigation: String,
    /// The related list in user interfaces.
    #[serde(default, skip_serializing_if = "AssociatedMenu::is_default")]
    pub menu: AssociatedMenu,
}

/// A side of a many-to-many relationship, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SideRole {
    /// [`ManyToMany::first`].
    First,
    /// [`ManyToMany::second`].
    Second,
}

impl SideRole {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl ManyToMany {
    /// A side.
    pub fn side(&self, role: SideRole) -> &Side {
        match role {
            SideRole::First => &self.first,
            SideRole::Second => &self.second,
        }
    }

    /// True if rows of one table are paired with rows of the same table.
    pub fn is_reflexive(&self) -> bool {
        self.first.table == self.second.table
    }
}

/// A many-to-many relationship seen from one of its sides: rows of [`Pairing::own`] lead over the intersect table to rows of [`Pairing::other`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// The relationship.
    pub relationship: Arc<ManyToMany>,
    /// The side from which it is seen.
    pub role: SideRole,
}

impl Pairing {
    /// The side from which the relationship is seen.
    pub fn own(&self) -> &Side {
        self.relationship.side(self.role)
    }

    /// The side that it leads to.
    pub fn other(&self) -> &Side {
        self.relationship.side(self.role.opposite())
    }

    /// The same relationship seen from the other side.
    pub fn reversed(&self) -> Self {
        Self { relationship: Arc::clone(&self.relationship), role: self.role.opposite() }
    }

    /// The table of pairs.
    pub fn intersect(&self) -> &LogicalName {
        &self.relationship.intersect
    }
}
