//! What the roles of a user or team allow, put together once and kept until something that decides it is written (AUTHZ-70).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use driftless_model::{Privilege, Reference, Result, Shape, Table, TableDef, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter, Source, Test};
use driftless_store::ReadTx;

use crate::context::Facts;
use crate::metadata::{Snapshot, privilege_id};
use crate::records::load::Loaded;
use crate::records::system;

/// `isinherited` of a role that gives the members of a team only what the team itself has (AUTHZ-12).
const TEAM_PRIVILEGES_ONLY: i32 = 0;

/// How far a role's privilege reaches (ROLE-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// Rows that the holder owns.
    Basic,
    /// Rows of the holder's business unit, too.
    Local,
    /// Rows of the units below, too.
    Deep,
    /// All rows.
    Global,
}

impl Depth {
    /// All of them, the least first.
    pub(crate) const ALL: [Self; 4] = [Self::Basic, Self::Local, Self::Deep, Self::Global];

    /// The depth of a `privilegedepthmask`; of several the greatest.
    pub(crate) fn of_mask(mask: i32) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|depth| mask & depth.mask() != 0)
    }

    /// `privilegedepthmask`.
    pub(crate) fn mask(self) -> i32 {
        match self {
            Self::Basic => 1,
            Self::Local => 2,
            Self::Deep => 4,
            Self::Global => 8,
        }
    }

    /// The number that messages have for it.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Basic => 0,
            Self::Local => 1,
            Self::Deep => 2,
            Self::Global => 3,
        }
    }

    /// Name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Local => "Local",
            Self::Deep => "Deep",
            Self::Global => "Global",
        }
    }
}

/// The rows for which a privilege is held. What several roles give adds up (ROLE-2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    all: bool,
    units: BTreeSet<Uuid>,
    owners: BTreeSet<Uuid>,
}

/// Where the rows of a table say whose they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    owner: Option<driftless_model::ColumnIx>,
    unit: Option<driftless_model::ColumnIx>,
}

impl Places {
    /// The places in a table; none for tables of the organization, whose rights have no depth (ROLE-9).
    pub(crate) fn of(table: &Table) -> Option<Self> {
        use driftless_model::Ownership;
        match table.def.ownership {
            Ownership::User => Some(Self { owner: table.special.owner, unit: table.special.owning_business_unit }),
            Ownership::Business => {
                // A principal owns itself; settings are owned by the user that they are of.
                let owner = match table.name().as_str() {
                    "systemuser" | "team" => Some(table.id),
                    _ => table.find("systemuserid"),
                };
                Some(Self { owner, unit: table.special.owning_business_unit.or_else(|| table.find("businessunitid")) })
            }
            Ownership::Organization | Ownership::None => None,
        }
    }

    /// The columns, to be read from a row that is judged.
    pub(crate) fn columns(self) -> Vec<driftless_model::ColumnIx> {
        [self.owner, self.unit].into_iter().flatten().collect()
    }
}

impl Grant {
    /// Every row of the table.
    pub(crate) fn is_all(&self, table: &Table) -> bool {
        self.all || Places::of(table).is_none()
    }

    /// True of a row with these values.
    pub(crate) fn holds(&self, table: &Table, value: &dyn Fn(driftless_model::ColumnIx) -> Option<Uuid>) -> bool {
        let Some(places) = Places::of(table).filter(|_| !self.all) else { return true };
        let is_in = |column: Option<driftless_model::ColumnIx>, set: &BTreeSet<Uuid>| column.and_then(value).is_some_and(|id| set.contains(&id));
        is_in(places.owner, &self.owners) || is_in(places.unit, &self.units)
    }

    /// True of a row that was read with [`Places::columns`].
    pub(crate) fn holds_of(&self, table: &Table, row: &Loaded) -> bool {
        // The primary id is no column that was asked for.
        self.holds(table, &|column| if column == table.id { Some(row.id) } else { row.value(column).id() })
    }

    /// The condition that the rows of the grant and those of `shared` meet; none when all rows do.
    pub(crate) fn restriction(&self, table: &Table, shared: Vec<Uuid>) -> Option<ResolvedFilter> {
        let places = Places::of(table).filter(|_| !self.all)?;
        let mut any = Vec::with_capacity(3);
        for (column, ids) in
            [(places.owner, self.owners.iter().copied().collect()), (places.unit, self.units.iter().copied().collect()), (Some(table.id), shared)]
        {
            any.extend(column.and_then(|column| is_one_of(table, column, ids)));
        }
        Some(ResolvedFilter::Or(any))
    }

    fn add(&mut self, other: Self) {
        self.all |= other.all;
        self.units.extend(other.units);
        self.owners.extend(other.owners);
    }
}

/// The condition that a column has one of these ids.
pub(crate) fn is_one_of(table: &Table, column: driftless_model::ColumnIx, ids: Vec<Uuid>) -> Option<ResolvedFilter> {
    let value = |id| match table.column(column).shape() {
        // References are compared by their ids.
        Shape::Lookup | Shape::PolyLookup => Value::Ref(Reference { table: driftless_model::TableCode(0), id }),
        _ => Value::Guid(id),
    };
    let test = Test::In(ids.into_iter().map(value).collect());
    matches!(&test, Test::In(values) if !values.is_empty()).then_some(ResolvedFilter::Condition(ResolvedCondition { source: Source::ROOT, column, test }))
}

/// Who holds rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// A user, with the teams that they are in.
    User(Uuid),
    /// A team, without its members.
    Team(Uuid),
}

/// What a user or team may do.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// Everything.
    Administrator,
    /// What the roles say.
    Holder(Arc<Rights>),
    /// Nothing: no role.
    NoRole,
    /// Nothing: the user is disabled.
    Disabled,
    /// Nothing: there is no such user or team.
    Unknown,
}

/// What the roles of a user or team allow.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    /// The user or team, and the teams of the user: what is owned by or shared with any of them counts.
    pub(crate) principals: Vec<Uuid>,
    /// Number of roles.
    pub(crate) roles: usize,
    grants: HashMap<Uuid, Grant>,
}

impl Rights {
    /// The rows of a table for which a privilege is held; none if it is not held at any depth (AUTHZ-10).
    pub(crate) fn grant(&self, privilege: Privilege, table: &TableDef) -> Option<&Grant> {
        self.grants.get(&privilege_id(table, privilege))
    }

    /// True if a privilege that is of no table is held.
    pub(crate) fn has(&self, privilege: Uuid) -> bool {
        self.grants.contains_key(&privilege)
    }

    /// Number of privileges.
    pub(crate) fn privileges(&self) -> usize {
        self.grants.len()
    }
}

/// A role as somebody has it.
struct Assignment {
    role: Uuid,
    /// The team through which a user has it, or the team itself.
    team: Option<Uuid>,
    /// The business unit from which depths are measured (AUTHZ-11, ROLE-8).
    unit: Uuid,
}

/// A privilege that a user or team has by their roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// `privilegeid`.
    pub(crate) privilege: Uuid,
    /// The greatest depth that any role gives.
    pub(crate) depth: Depth,
    /// The business unit from which it is measured.
    pub(crate) unit: Uuid,
}

/// Every privilege that a user or team has, by its id; none for those who can do nothing.
pub(crate) fn held(tx: &dyn ReadTx, snapshot: &Snapshot, facts: &Facts, principal: Principal) -> Result<Vec<Held>> {
    let Found::Roles(_, assignments) = assignments(tx, snapshot, facts, principal)? else { return Ok(Vec::new()) };
    let mut held: BTreeMap<Uuid, Held> = BTreeMap::new();
    let roles = assignments.iter().map(|assignment| assignment.role).collect();
    for (role, privilege, depth) in privileges_of_roles(tx, snapshot, &roles)? {
        for unit in assignments.iter().filter(|assignment| assignment.role == role).map(|assignment| assignment.unit) {
            let own = held.entry(privilege).or_insert(Held { privilege, depth, unit });
            if own.depth < depth {
                *own = Held { privilege, depth, unit };
            }
        }
    }
    Ok(held.into_values().collect())
}

/// The privileges of roles: role, privilege, depth.
pub(crate) fn privileges_of_roles(tx: &dyn ReadTx, snapshot: &Snapshot, roles: &BTreeSet<Uuid>) -> Result<Vec<(Uuid, Uuid, Depth)>> {
    let table = snapshot.require("roleprivileges")?;
    let of_roles = is_one_of(table, table.require("roleid")?, roles.iter().copied().collect());
    let rows = system::rows(tx, table, &["roleid", "privilegeid", "privilegedepthmask"], of_roles)?;
    let depth = |value: &Value| match value {
        Value::Int(mask) => Depth::of_mask(*mask),
        _ => None,
    };
    Ok(rows.iter().filter_map(|row| Some((row.value(0).id()?, row.value(1).id()?, depth(row.value(2))?))).collect())
}

/// Reads what a user or team may do.
pub(crate) fn load(tx: &dyn ReadTx, snapshot: &Snapshot, facts: &Facts, principal: Principal) -> Result<Standing> {
    let (principals, assignments) = match assignments(tx, snapshot, facts, principal)? {
        Found::Roles(principals, assignments) => (principals, assignments),
        Found::Nothing(standing) => return Ok(standing),
    };
    if assignments.iter().any(|assignment| assignment.role == facts.administrator_role) {
        return Ok(Standing::Administrator);
    }
    compile(tx, snapshot, principal, principals, &assignments).map(|rights| Standing::Holder(Arc::new(rights)))
}

/// The roles of a user or team.
enum Found {
    /// The user or team with the teams of the user, and their roles: at least one.
    Roles(Vec<Uuid>, Vec<Assignment>),
    /// Why they can do nothing.
    Nothing(Standing),
}

fn assignments(tx: &dyn ReadTx, snapshot: &Snapshot, facts: &Facts, principal: Principal) -> Result<Found> {
    let (table, id) = match principal {
        Principal::User(id) => ("systemuser", id),
        Principal::Team(id) => ("team", id),
    };
    let table = snapshot.require(table)?;
    let of_id = Some(ResolvedCondition::equals(table.id, Value::Guid(id)));
    let found = system::rows(tx, table, &["businessunitid"], of_id.clone())?;
    let Some(unit) = found.first().map(|row| row.value(0).id().unwrap_or(facts.root_business_unit)) else { return Ok(Found::Nothing(Standing::Unknown)) };
    let (teams, user_roles) = match principal {
        Principal::User(user) => {
            let disabled = system::rows(tx, table, &["isdisabled"], of_id)?;
            if disabled.first().is_some_and(|row| *row.value(0) == Value::Bool(true)) {
                return Ok(Found::Nothing(Standing::Disabled));
            }
            (
                pairs(tx, snapshot, "teammembership", "systemuserid", vec![user], "teamid")?,
                pairs(tx, snapshot, "systemuserroles", "systemuserid", vec![user], "roleid")?,
            )
        }
        Principal::Team(team) => (vec![(team, team)], Vec::new()),
    };
    let teams: BTreeSet<Uuid> = teams.into_iter().map(|(_, team)| team).collect();
    let mut assignments: Vec<_> = user_roles.into_iter().map(|(_, role)| Assignment { role, team: None, unit }).collect();
    if !teams.is_empty() {
        let units = units_of_teams(tx, snapshot, &teams)?;
        for (team, role) in pairs(tx, snapshot, "teamroles", "teamid", teams.iter().copied().collect(), "roleid")? {
            assignments.push(Assignment { role, team: Some(team), unit: units.get(&team).copied().unwrap_or(unit) });
        }
    }
    if assignments.is_empty() {
        return Ok(Found::Nothing(Standing::NoRole));
    }
    let mut principals = vec![id];
    principals.extend(teams.iter().filter(|team| **team != id));
    Ok(Found::Roles(principals, assignments))
}

fn compile(tx: &dyn ReadTx, snapshot: &Snapshot, principal: Principal, principals: Vec<Uuid>, assignments: &[Assignment]) -> Result<Rights> {
    let ids: BTreeSet<Uuid> = assignments.iter().map(|assignment| assignment.role).collect();
    let roles = snapshot.require("role")?;
    let inherited: HashMap<Uuid, bool> = system::rows(tx, roles, &["isinherited"], is_one_of(roles, roles.id, ids.iter().copied().collect()))?
        .into_iter()
        .map(|row| (row.id, !matches!(row.value(0), Value::Int(TEAM_PRIVILEGES_ONLY))))
        .collect();
    let tree = UnitTree::load(tx, snapshot)?;
    let mut rights = Rights { principals, roles: ids.len(), grants: HashMap::new() };
    for (role, privilege, depth) in privileges_of_roles(tx, snapshot, &ids)? {
        for assignment in assignments.iter().filter(|assignment| assignment.role == role) {
            let owners: BTreeSet<Uuid> = match (assignment.team, principal) {
                (None, _) => rights.principals.iter().copied().collect(),
                (Some(team), Principal::User(user)) if inherited.get(&role).copied().unwrap_or(false) => [team, user].into(),
                (Some(team), _) => [team].into(),
            };
            let units = match depth {
                Depth::Basic | Depth::Global => BTreeSet::new(),
                Depth::Local => [assignment.unit].into(),
                Depth::Deep => tree.below(assignment.unit),
            };
            rights.grants.entry(privilege).or_default().add(Grant { all: depth == Depth::Global, units, owners });
        }
    }
    Ok(rights)
}

/// The pairs of an intersect table whose `column` is one of `ids`: that id, and the one in `other`.
fn pairs(tx: &dyn ReadTx, snapshot: &Snapshot, table: &str, column: &str, ids: Vec<Uuid>, other: &str) -> Result<Vec<(Uuid, Uuid)>> {
    let table = snapshot.require(table)?;
    let rows = system::rows(tx, table, &[column, other], is_one_of(table, table.require(column)?, ids))?;
    Ok(rows.iter().filter_map(|row| row.value(0).id().zip(row.value(1).id())).collect())
}

fn units_of_teams(tx: &dyn ReadTx, snapshot: &Snapshot, teams: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Uuid>> {
    let table = snapshot.require("team")?;
    let rows = system::rows(tx, table, &["businessunitid"], is_one_of(table, table.id, teams.iter().copied().collect()))?;
    Ok(rows.iter().filter_map(|row| Some((row.id, row.value(0).id()?))).collect())
}

/// The business units, each with those directly below it.
struct UnitTree(BTreeMap<Uuid, Vec<Uuid>>);

impl UnitTree {
    fn load(tx: &dyn ReadTx, snapshot: &Snapshot) -> Result<Self> {
        let mut children: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for row in system::rows(tx, snapshot.require("businessunit")?, &["parentbusinessunitid"], None)? {
            if let Some(parent) = row.value(0).id() {
                children.entry(parent).or_default().push(row.id);
            }
        }
        Ok(Self(children))
    }

    /// A unit with all units below it.
    fn below(&self, unit: Uuid) -> BTreeSet<Uuid> {
        let mut all = BTreeSet::new();
        let mut open = vec![unit];
        while let Some(unit) = open.pop() {
            if all.insert(unit) {
                open.extend(self.0.get(&unit).into_iter().flatten());
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // ROLE-5
    fn of_several_depths_the_greatest_counts() {
        for (mask, depth) in [(0, None), (1, Some(Depth::Basic)), (3, Some(Depth::Local)), (4, Some(Depth::Deep)), (15, Some(Depth::Global))] {
            assert_eq!(Depth::of_mask(mask), depth, "{mask}");
        }
    }

    #[test] // AUTHZ-11
    fn a_unit_has_those_below_it() {
        let ids: Vec<Uuid> = (1..=5).map(Uuid::from_u128).collect();
        let tree = UnitTree([(ids[0], vec![ids[1], ids[2]]), (ids[2], vec![ids[3]])].into());
        assert_eq!(tree.below(ids[0]), ids[..4].iter().copied().collect());
        assert_eq!(tree.below(ids[2]), [ids[2], ids[3]].into());
        assert_eq!(tree.below(ids[4]), [ids[4]].into());
    }
}
