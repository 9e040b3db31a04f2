//! Who may do what. Until roles are enforced, only holders of the System Administrator role may do anything (ADR 0011); the caller and what they want are
//! given at every place where a role will decide.

pub(crate) mod scopes;

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use driftless_model::{Error, ErrorCode, Privilege, Result, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter, ResolvedQuery, SecuredQuery};
use driftless_store::ReadTx;

use crate::context::{Facts, ReadCx, WriteCx};
use crate::metadata::Snapshot;
use crate::records::system;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everything.
    Administrator,
    /// Nothing: no role.
    NoRole,
    /// Nothing: the user is disabled.
    Disabled,
    /// Nothing: there is no such user.
    Unknown,
}

/// What users may do, as last seen. Emptied when a row that it rests on is written.
#[derive(Default)]
pub(crate) struct AccessCache(RwLock<Seen>);

#[derive(Default)]
struct Seen {
    users: HashMap<Uuid, Access>,
    /// Counts how often the cache was emptied: what was read before that must not be remembered after it.
    generation: u64,
}

/// Most users that are remembered; more empty the cache.
const CACHED_USERS_MAX: usize = 10_000;

impl AccessCache {
    /// What is remembered of a user; if nothing, the generation for [`AccessCache::put`].
    pub(crate) fn get(&self, user: Uuid) -> Result<Access, u64> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.users.get(&user).copied().ok_or(seen.generation)
    }

    /// Remembers what was read, unless the cache was emptied since `generation`.
    pub(crate) fn put(&self, user: Uuid, access: Access, generation: u64) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if seen.generation != generation {
            return;
        }
        if seen.users.len() >= CACHED_USERS_MAX {
            seen.users.clear();
        }
        seen.users.insert(user, access);
    }

    pub(crate) fn clear(&self) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        seen.users.clear();
        seen.generation += 1;
    }
}

/// Tables whose rows decide what users may do.
pub(crate) fn decides_access(table: &str) -> bool {
    matches!(table, "systemuser" | "systemuserroles" | "role")
}

/// Reads what a user may do.
pub(crate) fn load(tx: &dyn ReadTx, snapshot: &Snapshot, facts: &Facts, user: Uuid) -> Result<Access> {
    let users = snapshot.require("systemuser")?;
    let found = system::rows(tx, users, &["isdisabled"], Some(ResolvedCondition::equals(users.id, Value::Guid(user))))?;
    let Some(row) = found.first() else { return Ok(Access::Unknown) };
    if matches!(row.value(0), Value::Bool(true)) {
        return Ok(Access::Disabled);
    }
    let pairs = snapshot.require("systemuserroles")?;
    let of_user = ResolvedFilter::And(vec![
        ResolvedCondition::equals(pairs.require("systemuserid")?, Value::Guid(user)),
        ResolvedCondition::equals(pairs.require("roleid")?, Value::Guid(facts.administrator_role)),
    ]);
    let is_administrator = !system::rows(tx, pairs, &[], Some(of_user))?.is_empty();
    Ok(if is_administrator { Access::Administrator } else { Access::NoRole })
}

impl ReadCx<'_> {
    /// Refuses a caller who may not do this to rows of the table.
    pub(crate) fn require(&self, privilege: Privilege, table: &Table) -> Result<()> {
        require(self.access, self.caller.user, privilege, table)
    }

    /// Adds the caller's restrictions to a query.
    pub(crate) fn secure(&self, query: ResolvedQuery) -> Result<SecuredQuery> {
        self.require(Privilege::Read, &query.table)?;
        for join in &query.joins {
            self.require(Privilege::Read, &join.table)?;
        }
        Ok(SecuredQuery::unrestricted(query, "the caller is an administrator"))
    }
}

impl WriteCx<'_> {
    /// Refuses a caller who may not do this to rows of the table.
    pub(crate) fn require(&self, privilege: Privilege, table: &Table) -> Result<()> {
        require(self.access, self.caller.user, privilege, table)
    }
}

fn require(access: Access, user: Uuid, privilege: Privilege, table: &Table) -> Result<()> {
    let name = format_args!("prv{}{}", privilege.verb(), table.def.schema_name);
    check(access, user, || {
        format!(
            "Principal user (Id={user}, type=8, roleCount=0, privilegeCount=0, accessMode=0), is missing {name} privilege on OTC={} for entity '{}'. context.Caller={user}",
            table.def.code,
            table.name(),
        )
    })
}

/// Refuses a caller who may not change definitions, run messages or see definitions.
pub(crate) fn require_customizer(access: Access, user: Uuid) -> Result<()> {
    check(access, user, || format!("Principal user (Id={user}, type=8) is missing the System Administrator role, which this request needs."))
}

fn check(access: Access, user: Uuid, message: impl FnOnce() -> String) -> Result<()> {
    match access {
        Access::Administrator => Ok(()),
        Access::NoRole => Err(Error::new(ErrorCode::PrivilegeDenied, message())),
        Access::Disabled => Err(Error::new(ErrorCode::UserDisabled, format!("The user {user} is disabled."))),
        Access::Unknown => Err(Error::of(ErrorCode::UserNotMemberOfOrg)),
    }
}
