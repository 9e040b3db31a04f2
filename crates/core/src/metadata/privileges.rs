//! Privileges of tables (MD-10, MD-11): which ones a table has, and their rows. Each is a row of `privilege`, and a row of `roleprivileges` by which the role
//! System Administrator has it.
//!
//! Identities follow from that of the table, so that nobody has to look them up: definitions tell them without a read, and nothing is kept in memory.

use std::collections::HashSet;
use std::sync::Arc;

use driftless_model::{Ownership, Privilege, Result, TableDef, Uuid, Value};

use crate::context::WriteCx;
use crate::records::system;
use crate::seed::constant_id;

/// `privilegedepthmask` of the whole organization (ROLE-5).
const GLOBAL: i32 = 8;

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
        id: constant_id(&format!("privilege/{}/{}", table.id, privilege.verb())),
        name: format!("prv{}{}", privilege.verb(), table.schema_name),
        below_organization: has_owners,
    })
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
        let values = [("roleid", Value::Guid(role)), ("privilegeid", Value::Guid(own.id)), ("privilegedepthmask", Value::Int(GLOBAL))];
        system::insert(cx, "roleprivileges", Some(grant_id(role, own.id)), &values)?;
    }
    Ok(())
}

/// Removes the rows of a table that goes.
pub(crate) fn remove(cx: &mut WriteCx<'_>, table: &TableDef) -> Result<()> {
    let role = cx.services.facts.administrator_role;
    for own in privileges_of(table) {
        system::delete(cx, "roleprivileges", grant_id(role, own.id))?;
        system::delete(cx, "privilege", own.id)?;
    }
    Ok(())
}

/// Makes the rows of all tables that have none: those of a first start, and of an older store.
pub(crate) fn complete(cx: &mut WriteCx<'_>) -> Result<()> {
    let present = system::rows(cx.tx.as_read(), cx.snapshot.require("privilege")?, &[], None)?;
    let present: HashSet<Uuid> = present.iter().map(|row| row.id).collect();
    let snapshot = Arc::clone(&cx.snapshot);
    let lacks_rows = |def: &TableDef| privileges_of(def).next().is_some_and(|first| !present.contains(&first.id));
    snapshot.tables().filter(|table| lacks_rows(&table.def)).try_for_each(|table| add(cx, &table.def))
}

/// Identity of the row by which a role has a privilege. Nothing but [`add`] makes such rows, so [`remove`] need not search for them.
fn grant_id(role: Uuid, privilege: Uuid) -> Uuid {
    constant_id(&format!("roleprivilege/{role}/{privilege}"))
}
