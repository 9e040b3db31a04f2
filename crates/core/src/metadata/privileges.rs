//! Privileges of tables (MD-10, MD-11): which ones a table has, and their rows. Each is a row of `privilege`, and a row of `roleprivileges` by which the role
//! System Administrator has it.
//!
//! Identities follow from that of the table, so that nobody has to look them up: definitions tell them without a read, and nothing is kept in memory.

use std::collections::HashSet;
use std::sync::Arc;

use driftless_model::{Ownership, Privilege, Result, TableDef, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};

use crate::context::WriteCx;
use crate::records::system;
use crate::security::rights::is_one_of;
use crate::seed::constant_id;

/// `privilegedepthmask` of the whole organization (ROLE-5).
const GLOBAL: i32 = 8;

/// Lets a user act for another one (AUTHZ-48).
pub(crate) const ACT_ON_BEHALF: &str = "prvActOnBehalfOfAnotherUser";
/// Lets a user start bulk deletes (AUTHZ-47).
pub(crate) const BULK_DELETE: &str = "prvBulkDelete";

/// Privileges that are of no table and that the service judges.
const SPECIAL: [&str; 2] = [ACT_ON_BEHALF, BULK_DELETE];

/// A privilege of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePrivilege {
    /// What it allows.
    pub privilege: Privilege,
    /// `privilegeid`: as stable as the table's own identity.
    pub id: Uuid,
    /// `prv`, the verb and the table's schema name (ROLE-4).
    pub name: String,
    /// Roles may have it for less than the whole organization: the rows have owners.
    pub below_organization: bool,
}

/// The privileges of a table. Those without owners have neither Assign nor Share, pairs of rows have none: access to a pair follows its rows.
pub fn privileges_of(table: &TableDef) -> impl Iterator<Item = TablePrivilege> {
    let has_owners = matches!(table.ownership, Ownership::User | Ownership::Business);
    let is_there = move |privilege: &Privilege| has_owners || !matches!(privilege, Privilege::Assign | Privilege::Share);
    let all: &[Privilege] = if table.intersect { &[] } else { &Privilege::ALL };
    all.iter().copied().filter(is_there).map(move |privilege| TablePrivilege {
        privilege,
        id: privilege_id(table, privilege),
        name: format!("prv{}{}", privilege.verb(), table.schema_name),
        below_organization: has_owners,
    })
}

/// `privilegeid` of a table's privilege.
pub(crate) fn privilege_id(table: &TableDef, privilege: Privilege) -> Uuid {
    constant_id(&format!("privilege/{}/{}", table.id, privilege.verb()))
}

/// `privilegeid` of a privilege that is of no table.
pub(crate) fn special_privilege_id(name: &str) -> Uuid {
    constant_id(&format!("privilege/{name}"))
}

/// Makes the rows of a new table.
pub(crate) fn add(cx: &mut WriteCx<'_>, table: &TableDef) -> Result<()> {
    let role = cx.services.facts.administrator_role;
    for own in privileges_of(table) {
        let below = Value::Bool(own.below_organization);
        let values = [
            ("name", Value::Text(own.name)),
            ("accessright", Value::Int(own.privilege.access_right())),
            ("canbebasic", below.clone()),
            ("canbelocal", below.clone()),
            ("canbedeep", below),
            ("canbeglobal", Value::Bool(true)),
            ("introducedversion", Value::text(table.introduced_version.as_str())),
        ];
        system::insert(cx, "privilege", Some(own.id), &values)?;
        grant(cx, role, own.id, GLOBAL)?;
    }
    Ok(())
}

/// Gives a role a privilege that it lacks, at the depth of a mask.
pub(crate) fn grant(cx: &mut WriteCx<'_>, role: Uuid, privilege: Uuid, mask: i32) -> Result<()> {
    let values = [("roleid", Value::Guid(role)), ("privilegeid", Value::Guid(privilege)), ("privilegedepthmask", Value::Int(mask))];
    system::insert(cx, "roleprivileges", Some(grant_id(role, privilege)), &values).map(|_| ())
}

/// Gives a role a privilege at the depth of a mask instead of what it had, or takes it away. False if the role lacked what was to be taken.
pub(crate) fn set_grant(cx: &mut WriteCx<'_>, role: Uuid, privilege: Uuid, mask: Option<i32>) -> Result<bool> {
    let grants = Arc::clone(cx.snapshot.require("roleprivileges")?);
    let of_both = ResolvedFilter::And(vec![
        ResolvedCondition::equals(grants.require("roleid")?, Value::Guid(role)),
        ResolvedCondition::equals(grants.require("privilegeid")?, Value::Guid(privilege)),
    ]);
    let present = system::rows(cx.tx.as_read(), &grants, &["privilegedepthmask"], Some(of_both))?.pop();
    match (present, mask) {
        (None, None) => return Ok(false),
        (None, Some(mask)) => grant(cx, role, privilege, mask)?,
        (Some(row), None) => {
            system::remove(cx, &grants, row.id)?;
        }
        (Some(row), Some(mask)) if *row.value(0) != Value::Int(mask) => {
            system::update(cx, "roleprivileges", row.id, &[("privilegedepthmask", Value::Int(mask))])?;
        }
        (Some(_), Some(_)) => {}
    }
    Ok(true)
}

fn add_special(cx: &mut WriteCx<'_>, name: &str) -> Result<()> {
    let (role, id) = (cx.services.facts.administrator_role, special_privilege_id(name));
    let values = [("name", Value::text(name)), ("accessright", Value::Int(0)), ("canbeglobal", Value::Bool(true))];
    system::insert(cx, "privilege", Some(id), &values)?;
    grant(cx, role, id, GLOBAL)
}

/// Removes the rows of a table that goes.
pub(crate) fn remove(cx: &mut WriteCx<'_>, table: &TableDef) -> Result<()> {
    let ids: Vec<_> = privileges_of(table).map(|own| own.id).collect();
    let grants = Arc::clone(cx.snapshot.require("roleprivileges")?);
    let of_table = is_one_of(&grants, grants.require("privilegeid")?, ids.clone());
    // Without privileges there is no condition, and nothing to remove.
    let held = if of_table.is_some() { system::rows(cx.tx.as_read(), &grants, &[], of_table)? } else { Vec::new() };
    for row in held {
        system::remove(cx, &grants, row.id)?;
    }
    ids.into_iter().try_for_each(|id| system::delete(cx, "privilege", id).map(|_| ()))
}

/// Makes the rows of all tables that have none: those of a first start, and of an older store.
pub(crate) fn complete(cx: &mut WriteCx<'_>) -> Result<()> {
    let present = system::rows(cx.tx.as_read(), cx.snapshot.require("privilege")?, &[], None)?;
    let present: HashSet<Uuid> = present.iter().map(|row| row.id).collect();
    let snapshot = Arc::clone(&cx.snapshot);
    let lacks_rows = |def: &TableDef| privileges_of(def).next().is_some_and(|first| !present.contains(&first.id));
    snapshot.tables().filter(|table| lacks_rows(&table.def)).try_for_each(|table| add(cx, &table.def))?;
    SPECIAL.into_iter().filter(|name| !present.contains(&special_privilege_id(name))).try_for_each(|name| add_special(cx, name))
}

/// Identity of the row by which a role has a privilege: a role has each privilege once.
pub(crate) fn grant_id(role: Uuid, privilege: Uuid) -> Uuid {
    constant_id(&format!("roleprivilege/{role}/{privilege}"))
}
