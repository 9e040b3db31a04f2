//! A lookup of several tables, made with a relationship for each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{ColumnType, Error, LogicalName, LookupColumn, LookupKind, Result, Uuid};

use super::{create, is_customer};
use crate::context::WriteCx;
use crate::metadata::validate::Authority;
use crate::metadata::{ColumnSpec, Origin, RelationshipSpec, columns};

/// The tables that a customer is (STD-3).
const CUSTOMERS: usize = 2;

/// What was made.
pub(crate) struct Together {
    /// `MetadataId` of the lookup.
    pub(crate) lookup: Uuid,
    /// Those of the relationships, in the order of their specifications.
    pub(crate) relationships: Vec<Uuid>,
}

/// Makes a lookup and its relationships; the lookups of `specs` are not looked at.
///
/// # Errors
/// 0x80040203 without relationships, with those of several tables or to one table twice, and for a customer without accounts and contacts; as [`create`].
pub(crate) fn create_together(cx: &mut WriteCx<'_>, lookup: &ColumnSpec, kind: LookupKind, specs: &[RelationshipSpec], origin: &Origin) -> Result<Together> {
    let table = check(specs, kind)?;
    let authority = Authority::of(cx, origin)?;
    let name = LogicalName::from(lookup.schema_name.to_ascii_lowercase());
    let referencing = Arc::clone(cx.snapshot.require(table)?);
    columns::require_free_name(cx, &authority, &referencing, &name)?;
    let kind = ColumnType::Lookup(LookupColumn { kind, targets: Vec::new(), polymorphic: true });
    let lookup = ColumnSpec { kind, ..lookup.clone() };
    let mut relationships = Vec::with_capacity(specs.len());
    for spec in specs {
        relationships.push(create(cx, &RelationshipSpec { lookup: lookup.clone(), ..spec.clone() }, origin)?);
    }
    let table = cx.snapshot.require(table)?;
    Ok(Together { lookup: table.column(table.require(&name)?).id, relationships })
}

/// The table that gets the lookup.
fn check(specs: &[RelationshipSpec], kind: LookupKind) -> Result<&LogicalName> {
    let [first, rest @ ..] = specs else {
        return Err(Error::argument("The lookup needs at least one relationship: name them in 'OneToManyRelationships'."));
    };
    if let Some(other) = rest.iter().find(|other| other.referencing_table != first.referencing_table) {
        let message = format!("All relationships must have one referencing table; '{}' and '{}' are named.", first.referencing_table, other.referencing_table);
        return Err(Error::argument(message));
    }
    let targets: BTreeSet<_> = specs.iter().map(|spec| &spec.referenced_table).collect();
    if targets.len() != specs.len() {
        return Err(Error::argument("A lookup has one relationship to each table that it refers to; one is named twice."));
    }
    if kind == LookupKind::Customer && !(targets.len() == CUSTOMERS && targets.iter().all(|target| is_customer(target))) {
        return Err(Error::argument("A customer is an account or a contact: the lookup needs one relationship to each of the two."));
    }
    Ok(&first.referencing_table)
}
