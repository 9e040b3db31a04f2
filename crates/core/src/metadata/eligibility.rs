//! Which relationships customizers may make for a table (web-api 26.6).

use driftless_model::TableDef;

/// The places that a table may have in new relationships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// Lookups may refer to it: `CanBePrimaryEntityInRelationship`.
    pub referenced: bool,
    /// It may get lookups: `CanBeRelatedEntityInRelationship`.
    pub referencing: bool,
    /// Its rows may be paired: `CanBeInManyToMany`.
    pub many_to_many: bool,
}

/// What a table's definition allows. Tables of pairs take part in nothing further.
pub fn eligibility(table: &TableDef) -> Eligibility {
    let allowed = |flag: &str| !table.intersect && table.flags.get(flag).copied().unwrap_or(true);
    Eligibility {
        referenced: allowed("CanBePrimaryEntityInRelationship"),
        referencing: table.customizable && allowed("CanBeRelatedEntityInRelationship"),
        many_to_many: table.customizable && allowed("CanBeInManyToMany"),
    }
}
