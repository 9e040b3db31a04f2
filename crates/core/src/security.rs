//! Who may do what (ADR 0019): a privilege of a role is needed first, at any depth; then the row must lie within its depth or be shared (AUTHZ-10, AUTHZ-11).
//!
//! [`Access`] is what a request's user, and whoever acts for them, may do; it is read in the request's own transaction or is what that would give
//! (`cache`). Every read goes through [`ReadCx::secure`], every write of a caller through one of the `require` functions.

pub(crate) mod cache;
pub(crate) mod members;
pub(crate) mod on_behalf;
pub(crate) mod rights;
pub(crate) mod scopes;
pub(crate) mod shares;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use driftless_model::{Caller, ColumnIx, Error, ErrorCode, LookupKind, Privilege, Result, Side, Table, Uuid, Value};
use driftless_query::{Join, JoinKind, ResolvedFilter, ResolvedQuery, SecuredQuery, Source};
use driftless_store::ReadTx;

use crate::context::{ReadCx, Services, WriteCx};
use crate::keys;
use crate::metadata::{ACT_ON_BEHALF, Snapshot, special_privilege_id};
use crate::records::fields::{FoundRow, get};
use crate::records::load;
use crate::request::{Identity, Target};

use self::cache::Generation;
use self::rights::{Places, Principal, Rights, Standing};

/// What the user of a request may do, and the one who acts for them: each right must be held by both (AUTHZ-48).
#[derive(Clone, Debug)]
pub(crate) struct Access {
    user: Judged,
    actor: Option<Judged>,
}

/// A user with what they may do.
#[derive(Clone, Debug)]
struct Judged {
    user: Uuid,
    standing: Standing,
}

impl Access {
    /// That of the service itself.
    pub(crate) fn of_service(user: Uuid) -> Self {
        Self { user: Judged { user, standing: Standing::Administrator }, actor: None }
    }

    fn judged(&self) -> impl Iterator<Item = &Judged> {
        std::iter::once(&self.user).chain(&self.actor)
    }

    /// True if nothing need be looked at.
    fn is_administrator(&self) -> bool {
        self.judged().all(|judged| matches!(judged.standing, Standing::Administrator))
    }

    /// Refuses users who can do nothing at all: unknown, disabled, without any role (AUTH-24).
    pub(crate) fn require_member(&self) -> Result<()> {
        self.judged().try_for_each(|judged| judged.require_role().map(|_| ()))
    }

    /// Refuses a caller who may not change definitions, solutions or the rights of others (ROLE-18).
    pub(crate) fn require_customizer(&self) -> Result<()> {
        self.judged().try_for_each(|judged| {
            judged.require_role()?;
            match judged.standing {
                Standing::Administrator => Ok(()),
                _ => Err(Error::new(
                    ErrorCode::PrivilegeDenied,
                    format!("Principal user (Id={}, type=8) is missing the System Administrator role, which this request needs.", judged.user),
                )),
            }
        })
    }

    /// Refuses a caller who lacks a privilege that is of no table.
    pub(crate) fn require_special(&self, privilege: &str) -> Result<()> {
        let id = special_privilege_id(privilege);
        self.judged().try_for_each(|judged| match judged.require_role()? {
            Some(rights) if !rights.has(id) => Err(judged.lacks(privilege, "")),
            _ => Ok(()),
        })
    }

    /// Refuses a caller who holds a privilege at no depth (AUTHZ-10).
    pub(crate) fn require(&self, privilege: Privilege, table: &Table) -> Result<()> {
        self.judged().try_for_each(|judged| match judged.require_role()? {
            Some(rights) if rights.grant(privilege, &table.def).is_none() => Err(judged.lacks_on(privilege, table)),
            _ => Ok(()),
        })
    }

    /// Refuses a caller who does not hold a privilege for all rows of a table.
    fn require_all(&self, privilege: Privilege, table: &Table, why: &str) -> Result<()> {
        self.judged().try_for_each(|judged| match judged.require_role()? {
            Some(rights) if !rights.grant(privilege, &table.def).is_some_and(|grant| grant.is_all(table)) => {
                let denied = judged.lacks_on(privilege, table);
                Err(Error::new(denied.code(), format!("{} {why}", denied.message())))
            }
            _ => Ok(()),
        })
    }
}

impl Judged {
    /// What the roles say; none if everything is allowed.
    fn require_role(&self) -> Result<Option<&Rights>> {
        match &self.standing {
            Standing::Administrator => Ok(None),
            Standing::Holder(rights) => Ok(Some(rights)),
            Standing::NoRole => Err(Error::of(ErrorCode::UserNotAssignedRoles)),
            Standing::Disabled => Err(Error::new(ErrorCode::UserDisabled, format!("The user {} is disabled.", self.user))),
            Standing::Unknown => Err(Error::of(ErrorCode::UserNotMemberOfOrg)),
        }
    }

    fn lacks_on(&self, privilege: Privilege, table: &Table) -> Error {
        let entity = format!(" on OTC={} for entity '{}'", table.def.code, table.name());
        self.lacks(&format!("prv{}{}", privilege.verb(), table.def.schema_name), &entity)
    }

    /// The refusal for a privilege that is not held (AUTHZ-60).
    fn lacks(&self, privilege: &str, entity: &str) -> Error {
        let (roles, privileges) = match &self.standing {
            Standing::Holder(rights) => (rights.roles, rights.privileges()),
            _ => (0, 0),
        };
        let user = self.user;
        Error::new(
            ErrorCode::PrivilegeDenied,
            format!(
                "Principal user (Id={user}, type=8, roleCount={roles}, privilegeCount={privileges}, accessMode=0), is missing {privilege} privilege{entity}. context.Caller={user}"
            ),
        )
    }

    /// The refusal for a row that is out of reach (AUTHZ-61).
    fn out_of_reach(&self, privilege: Privilege, table: &Table, id: Uuid) -> Error {
        Error::new(
            ErrorCode::RecordAccessDenied,
            format!("Principal with id {} does not have {}Access right(s) for record with id {id} of entity {}.", self.user, privilege.verb(), table.name()),
        )
    }
}

/// What a caller may do, as `tx` sees it. `generation` was taken before the transaction began.
///
/// # Errors
/// 0x8004a110 when the caller acts for another user and may not.
pub(crate) fn access(tx: &dyn ReadTx, snapshot: &Snapshot, services: &Services, caller: &Caller, generation: Generation) -> Result<Access> {
    let judged = |user: Uuid| {
        let standing = match services.standings.get(user) {
            Some(standing) => standing,
            None => {
                let standing = rights::load(tx, snapshot, &services.facts, Principal::User(user))?;
                services.standings.put(user, standing.clone(), generation);
                standing
            }
        };
        Ok::<_, Error>(Judged { user, standing })
    };
    let access = Access { user: judged(caller.user)?, actor: caller.acting_for.map(judged).transpose()? };
    if let Some(actor) = &access.actor {
        actor_may_act(actor)?;
    }
    Ok(access)
}

/// Refuses to let a caller act for others at all.
///
/// # Errors
/// 0x8004a110, or those of users who can do nothing.
fn require_acting(access: &Access) -> Result<()> {
    access.judged().try_for_each(actor_may_act)
}

fn actor_may_act(actor: &Judged) -> Result<()> {
    match actor.require_role()? {
        Some(rights) if !rights.has(special_privilege_id(ACT_ON_BEHALF)) => Err(Error::of(ErrorCode::CannotActOnBehalfOfAnotherUser)),
        _ => Ok(()),
    }
}

/// Tables whose rows decide what users may do.
pub(crate) fn decides_access(table: &str) -> bool {
    matches!(table, "businessunit" | "role" | "roleprivileges" | "systemuser" | "systemuserroles" | "team" | "teammembership" | "teamroles")
}

/// Tells others that a unit changes rights, from its first such write until it has been committed or undone.
pub(crate) struct RightsChange {
    services: Arc<Services>,
    begun: AtomicBool,
}

impl RightsChange {
    /// Of a unit that has not begun.
    pub(crate) fn new(services: &Arc<Services>) -> Self {
        Self { services: Arc::clone(services), begun: AtomicBool::new(false) }
    }

    /// The unit is about to change rights. It may run again, and is still one change.
    pub(crate) fn begin(&self) {
        if !self.begun.swap(true, Ordering::SeqCst) {
            self.services.standings.begin_change();
        }
    }
}

impl Drop for RightsChange {
    fn drop(&mut self) {
        if *self.begun.get_mut() {
            self.services.standings.end_change();
        }
    }
}

impl ReadCx<'_> {
    /// Refuses a caller who may not do this to any row of the table.
    pub(crate) fn require(&self, privilege: Privilege, table: &Table) -> Result<()> {
        self.access.require(privilege, table)
    }

    /// Refuses a caller who may not do this to this row.
    ///
    /// # Errors
    /// 0x80040220 without the privilege, 0x80048306 when the row is out of reach.
    pub(crate) fn require_row(&self, privilege: Privilege, table: &Arc<Table>, id: Uuid) -> Result<()> {
        if table.def.intersect && privilege == Privilege::Read {
            return self.require_pair(table, id);
        }
        self.require(privilege, table)?;
        for judged in self.access.judged() {
            let Standing::Holder(rights) = &judged.standing else { continue };
            if !reaches(self.tx, &self.snapshot, rights, privilege, table, id)? {
                return Err(judged.out_of_reach(privilege, table, id));
            }
        }
        Ok(())
    }

    /// Adds the caller's restrictions to a query.
    pub(crate) fn secure(&self, query: ResolvedQuery) -> Result<SecuredQuery> {
        query.sources().try_for_each(|(_, table)| self.require_read(table))?;
        if self.access.is_administrator() {
            return Ok(SecuredQuery::unrestricted(query, "the caller may read all rows"));
        }
        SecuredQuery::restricted_by(query, &mut |query, source| self.restriction(query, source))
    }

    /// What must hold of the rows of one of a query's tables for the caller to see them. A pair is seen by those who see both of its rows.
    fn restriction(&self, query: &mut ResolvedQuery, source: Source) -> Result<Option<ResolvedFilter>> {
        let table = Arc::clone(query.source(source));
        if !table.def.intersect {
            return Ok(self.own_restriction(&table)?.map(|filter| filter.moved_to(source)));
        }
        let mut parts = Vec::new();
        for side in self.sides(&table)? {
            let Some(filter) = self.own_restriction(&side.table)? else { continue };
            let partner = query.add_source(Arc::clone(&side.table));
            let join = Join {
                source: partner,
                parent: source,
                own: side.table.id,
                to: side.column,
                kind: JoinKind::Inner,
                filter: Some(filter.moved_to(partner)),
                joins: Vec::new(),
            };
            parts.push(ResolvedFilter::Exists(Box::new(join)));
        }
        Ok((!parts.is_empty()).then_some(ResolvedFilter::And(parts)))
    }

    /// The condition that the rows of a table meet that the caller may read; none when all do.
    fn own_restriction(&self, table: &Arc<Table>) -> Result<Option<ResolvedFilter>> {
        let mut parts = Vec::new();
        for judged in self.access.judged() {
            let Standing::Holder(rights) = &judged.standing else { continue };
            let Some(grant) = rights.grant(Privilege::Read, &table.def).filter(|grant| !grant.is_all(table)) else { continue };
            let shared = shares::rows_shared_with(self.tx, &self.snapshot, &rights.principals, table, Privilege::Read)?;
            parts.extend(grant.restriction(table, shared));
        }
        Ok((!parts.is_empty()).then_some(ResolvedFilter::And(parts)))
    }

    /// As [`secure`](Self::secure), for the feed: it is told to those alone who may read every row, or every row of both sides of pairs (AUTHZ-40, CT-6).
    pub(crate) fn secure_all(&self, query: ResolvedQuery) -> Result<SecuredQuery> {
        let of_all = |table: &Table| self.access.require_all(Privilege::Read, table, "Reading changes needs it for the whole organization.");
        if query.table.def.intersect {
            self.sides(&query.table)?.iter().try_for_each(|side| of_all(&side.table))?;
        } else {
            of_all(&query.table)?;
        }
        self.secure(query)
    }

    /// Pairs have no privileges of their own: they are read by those who may read rows of both sides.
    fn require_read(&self, table: &Table) -> Result<()> {
        if !table.def.intersect {
            return self.require(Privilege::Read, table);
        }
        self.access.require_member()?;
        self.sides(table)?.iter().try_for_each(|side| self.require(Privilege::Read, &side.table))
    }

    /// The two sides of the pairs that a table holds.
    fn sides(&self, pairs: &Table) -> Result<[PairSide; 2]> {
        let relationship = self.snapshot.pairs_in(pairs.name());
        let relationship = relationship.ok_or_else(|| Error::damaged(format!("the table of pairs '{}' has no relationship", pairs.name())))?;
        let side = |side: &Side| Ok::<_, Error>(PairSide { table: Arc::clone(self.snapshot.require(&side.table)?), column: pairs.require(&side.column)? });
        Ok([side(&relationship.first)?, side(&relationship.second)?])
    }

    /// Refuses a caller who may not read both rows of a pair.
    fn require_pair(&self, pairs: &Arc<Table>, id: Uuid) -> Result<()> {
        let sides = self.sides(pairs)?;
        let row = load::by_id(self.tx, pairs, id, &[sides[0].column, sides[1].column])?;
        for side in &sides {
            match row.as_ref().and_then(|row| row.value(side.column).id()) {
                Some(id) => self.require_row(Privilege::Read, &side.table, id)?,
                None => self.require(Privilege::Read, &side.table)?,
            }
        }
        Ok(())
    }
}

/// A side of pairs: whose rows, and in which column of the table of pairs their ids are.
struct PairSide {
    table: Arc<Table>,
    column: ColumnIx,
}

/// True if a row lies within the depth of a privilege that is held, or is shared.
pub(crate) fn reaches(tx: &dyn ReadTx, snapshot: &Snapshot, rights: &Rights, privilege: Privilege, table: &Arc<Table>, id: Uuid) -> Result<bool> {
    let Some(grant) = rights.grant(privilege, &table.def) else { return Ok(false) };
    let Some(places) = Places::of(table).filter(|_| !grant.is_all(table)) else { return Ok(true) };
    let Some(row) = load::by_id(tx, table, id, &places.columns())? else { return Ok(false) };
    Ok(grant.holds_of(table, &row) || shares::is_shared_with(tx, snapshot, &rights.principals, table, id, privilege)?)
}

impl WriteCx<'_> {
    /// Refuses a caller who may not do this to any row of the table.
    pub(crate) fn require(&self, privilege: Privilege, table: &Table) -> Result<()> {
        self.access.require(privilege, table)
    }

    /// Refuses a caller who may not do this to this row, as the unit sees it now (AUTHZ-72).
    ///
    /// # Errors
    /// As [`ReadCx::require_row`].
    pub(crate) fn require_row(&self, privilege: Privilege, table: &Arc<Table>, id: Uuid) -> Result<()> {
        if self.access.is_administrator() { Ok(()) } else { self.read().require_row(privilege, table, id) }
    }

    /// Refuses a caller who may not do this to the row that a target led to. One that was looked up by a key and may not be read is as good as missing (AUTHZ-18).
    ///
    /// # Errors
    /// As [`ReadCx::require_row`]; 0x80060891 for a key of a hidden row.
    pub(crate) fn require_found(&self, privilege: Privilege, target: &Target, found: &FoundRow) -> Result<()> {
        self.require_row(privilege, &found.table, found.id).map_err(|denied| {
            let is_hidden = matches!(target.identity, Identity::Key(_)) && denied.code() == ErrorCode::RecordAccessDenied;
            if is_hidden && self.require_row(Privilege::Read, &found.table, found.id).is_err() { keys::not_found(target) } else { denied }
        })
    }

    /// Refuses a caller who may not make a row with these values: its owner and unit are judged as if it were there (AUTHZ-13, AUTHZ-14). `given` are the
    /// columns that the caller set.
    pub(crate) fn require_new(&self, table: &Table, id: Uuid, given: &[ColumnIx], cells: &[(ColumnIx, Value)]) -> Result<()> {
        if self.access.is_administrator() {
            return Ok(());
        }
        let value = |column: ColumnIx| if column == table.id { Some(id) } else { get(cells, column).and_then(Value::id) };
        let mut needed = vec![Privilege::Create];
        if given.iter().any(|column| is_reference(table, *column) && value(*column).is_some()) {
            needed.push(Privilege::Append);
        }
        let owner = table.special.owner.filter(|owner| given.contains(owner)).and_then(value);
        if owner.is_some_and(|owner| owner != self.caller.user) {
            needed.push(Privilege::Assign);
        }
        for privilege in needed {
            self.require(privilege, table)?;
            for judged in self.access.judged() {
                let Standing::Holder(rights) = &judged.standing else { continue };
                if rights.grant(privilege, &table.def).is_some_and(|grant| !grant.holds(table, &value)) {
                    return Err(judged.out_of_reach(privilege, table, id));
                }
            }
        }
        Ok(())
    }

    /// Refuses a caller who sets or clears lookups of a row and may not attach it to others (AUTHZ-14).
    pub(crate) fn require_append(&self, table: &Arc<Table>, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<()> {
        if cells.iter().any(|(column, _)| is_reference(table, *column)) { self.require_row(Privilege::Append, table, id) } else { Ok(()) }
    }
}

/// True for lookups that make a row belong to another: all but those that say whose it is.
fn is_reference(table: &Table, column: ColumnIx) -> bool {
    table.column(column).lookup().is_some_and(|lookup| lookup.kind != LookupKind::Owner)
}
