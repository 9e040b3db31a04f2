//! Alternate keys.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Label, LogicalName, SchemaName};

/// State of a key's unique index (AK-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyIndexStatus {
    /// Waits for its job.
    Pending,
    /// Is being built.
    InProgress,
    /// In force: unique, and usable in addresses.
    Active,
    /// Could not be built, since rows collide; not in force (AK-12).
    Failed,
}

/// An alternate key: columns whose combined value identifies a row (AK-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlternateKey {
    /// Stable identity (MD-8).
    pub id: Uuid,
    /// Unique name on the table.
    pub name: LogicalName,
    /// The name with its letters' case kept.
    pub schema_name: SchemaName,
    /// What people read.
    pub display_name: Label,
    /// The key's columns, in the order of the definition.
    pub columns: Vec<LogicalName>,
    /// State of the index.
    pub status: KeyIndexStatus,
    /// The job (`asyncoperationid`) that built or builds the index; kept until the key is active (AK-17).
    pub job: Option<Uuid>,
    /// Name of the index inside the store.
    pub physical: String,
    /// Came with a managed solution.
    pub managed: bool,
    /// May be changed by customizers.
    pub customizable: bool,
    /// Version of the solution that brought it.
    pub introduced_version: String,
}

impl AlternateKey {
    /// True when the key is in force (AK-32).
    pub fn is_active(&self) -> bool {
        self.status == KeyIndexStatus::Active
    }
}
