//! Checks of cascade rules (MD-31 to MD-36).

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{Cascade, CascadeAction, DeleteAction, Error, ErrorCode, LogicalName, Ownership, Relationship, Result, Table};

use super::require_clearable;
use crate::context::WriteCx;
use crate::metadata::Snapshot;

/// Checks the cascade rules of a relationship that is to be written. `several` says that its lookup refers to several tables, `by_customizer` that a customizer
/// asks; links without any action on delete are for packages and built-in tables.
///
/// # Errors
/// 0x80048204 for an action that is not valid, 0x80044156, 0x80048107 and 0x80048104 by MD-36, 0x8004432D by MD-34, 0x80047004 for a cycle.
pub(super) fn check(cx: &WriteCx<'_>, relationship: &Relationship, referenced: &Table, referencing: &Table, several: bool, by_customizer: bool) -> Result<()> {
    let cascade = &relationship.cascade;
    let name = &relationship.schema_name;
    check_actions(cascade, name, by_customizer)?;
    check_owners(cascade, name, referenced.def.ownership, referencing.def.ownership)?;
    if let Some(ix) = referencing.find(&relationship.referencing_column) {
        require_clearable(referencing.column(ix), cascade.delete)?;
    }
    if !cascade.is_parental() {
        return Ok(());
    }
    // Lookups of several tables that are built in, such as "regarding" and the two ends of a connection, take any parent.
    if several && !referencing.def.custom {
        return require_no_cycle(cx, relationship, referenced);
    }
    // MD-35
    if referenced.def.custom && !referencing.def.custom {
        return Err(Error::new(
            ErrorCode::InvalidCascadeValue,
            format!("'{name}' cannot cascade: the custom table '{}' cannot be the parent of the built-in table '{}'.", referenced.name(), referencing.name()),
        ));
    }
    if let Some(other) = other_parental(&cx.snapshot, relationship) {
        return Err(Error::new(
            ErrorCode::ParentalRelationshipExists,
            format!("'{name}' cannot cascade: the table '{}' is the child in the cascading relationship '{}' already.", referencing.name(), other.schema_name),
        ));
    }
    require_no_cycle(cx, relationship, referenced)
}

fn require_no_cycle(cx: &WriteCx<'_>, relationship: &Relationship, referenced: &Table) -> Result<()> {
    if makes_cycle(&cx.snapshot, relationship) {
        return Err(Error::new(
            ErrorCode::InvalidRelationshipType,
            format!("'{}' cannot cascade: actions on '{}' would come back to it over other tables.", relationship.schema_name, referenced.name()),
        ));
    }
    Ok(())
}

/// MD-31: merging cascades or does not; only links of the system do nothing on delete.
fn check_actions(cascade: &Cascade, name: &str, by_customizer: bool) -> Result<()> {
    if !matches!(cascade.merge, CascadeAction::Cascade | CascadeAction::NoCascade) {
        return Err(Error::new(ErrorCode::InvalidCascadeValue, format!("Merge of '{name}' must be Cascade or NoCascade.")));
    }
    if by_customizer && cascade.delete == DeleteAction::NoCascade {
        return Err(Error::new(ErrorCode::InvalidCascadeValue, format!("Delete of '{name}' must be RemoveLink, Restrict or Cascade.")));
    }
    Ok(())
}

/// MD-36: rules about owners need tables whose rows have owners.
fn check_owners(cascade: &Cascade, name: &str, referenced: Ownership, referencing: Ownership) -> Result<()> {
    let by_owner = [cascade.assign, cascade.reparent, cascade.share, cascade.unshare].contains(&CascadeAction::UserOwned);
    if by_owner && referencing != Ownership::User {
        return Err(Error::new(ErrorCode::UserOwnedOnOrganizationOwned, format!("'{name}' cannot use UserOwned: rows of its child table have no owner.")));
    }
    if cascade.reparent != CascadeAction::NoCascade && (referenced != Ownership::User || referencing != Ownership::User) {
        return Err(Error::new(ErrorCode::ReparentWithoutOwner, format!("Reparent of '{name}' must be NoCascade: rows of one of its tables have no owner.")));
    }
    Ok(())
}

/// MD-34: a cascading relationship of the same child over another lookup.
fn other_parental<'s>(snapshot: &'s Snapshot, relationship: &Relationship) -> Option<&'s Arc<Relationship>> {
    snapshot
        .referencing(&relationship.referencing_table)
        .iter()
        .find(|other| other.cascade.is_parental() && other.id != relationship.id && other.referencing_column != relationship.referencing_column)
}

/// True if cascades from the child lead over further tables to the parent. A table that refers to itself is no cycle.
fn makes_cycle(snapshot: &Snapshot, relationship: &Relationship) -> bool {
    let parent = &relationship.referenced_table;
    if *parent == relationship.referencing_table {
        return false;
    }
    let mut seen: BTreeSet<&LogicalName> = BTreeSet::new();
    let mut waiting = vec![&relationship.referencing_table];
    while let Some(table) = waiting.pop() {
        if table == parent {
            return true;
        }
        if seen.insert(table) {
            let cascading = snapshot.referenced(table).iter().filter(|next| next.cascade.is_parental() && next.id != relationship.id);
            waiting.extend(cascading.map(|next| &next.referencing_table));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // MD-31
    fn actions_are_checked() {
        let code = |cascade: Cascade, by_customizer| check_actions(&cascade, "new_r", by_customizer).err().map(|error| error.code());
        let none = Cascade { delete: DeleteAction::NoCascade, ..Cascade::default() };
        assert_eq!(code(Cascade::default(), true), None);
        assert_eq!(code(none, true), Some(ErrorCode::InvalidCascadeValue));
        assert_eq!(code(none, false), None);
        assert_eq!(code(Cascade { merge: CascadeAction::Active, ..Cascade::default() }, true), Some(ErrorCode::InvalidCascadeValue));
    }

    #[test] // MD-36
    fn owners_are_needed_for_rules_about_owners() {
        use Ownership::{Organization, User};
        let code = |cascade: Cascade, parent, child| check_owners(&cascade, "new_r", parent, child).err().map(|error| error.code());
        let assign = Cascade { assign: CascadeAction::UserOwned, ..Cascade::default() };
        let reparent = Cascade { reparent: CascadeAction::Cascade, ..Cascade::default() };
        assert_eq!(code(assign, User, User), None);
        assert_eq!(code(assign, User, Organization), Some(ErrorCode::UserOwnedOnOrganizationOwned));
        assert_eq!(code(reparent, User, User), None);
        assert_eq!(code(reparent, Organization, User), Some(ErrorCode::ReparentWithoutOwner));
    }
}
