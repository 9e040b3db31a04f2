//! What particular built-in tables demand.

use std::sync::Arc;

use driftless_model::{Column, ColumnIx, Decimal, Error, ErrorCode, Reference, Result, Table, Uuid, Value};
use driftless_query::ResolvedCondition;

use super::{mappings, user_settings, views};
use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::load::{self, Loaded};
use crate::records::system;
use crate::solutions;

/// Tables whose rows only the service makes and changes.
const OWN: &[&str] = &[
    "activitypointer",
    "asyncoperation",
    "exportsolutionupload",
    "importjob",
    "localizedlabel",
    "organization",
    "principalobjectaccess",
    "privilege",
    "roleprivileges",
    "roletemplate",
    "sdkmessage",
    "sdkmessagefilter",
    "solutioncomponent",
    "stagesolutionupload",
    "teamroles",
    "systemuserroles",
    "usersettings",
];

/// `overwritetime` of a component that no solution has overwritten: 1900-01-01, in seconds since 1970.
const NEVER_OVERWRITTEN_S: i64 = -2_208_988_800;

/// True for tables whose rows only the service makes.
pub(crate) fn is_own(table: &Table) -> bool {
    table.def.intersect || OWN.contains(&table.name().as_str())
}

/// Refuses to make rows of tables that are the service's own.
pub(crate) fn may_create(table: &Table) -> Result<()> {
    if is_own(table) {
        return Err(refused(table, "made"));
    }
    Ok(())
}

/// Refuses to change rows of tables that are the service's own, except settings: those of the organization and of users.
pub(crate) fn may_update(table: &Table) -> Result<()> {
    if is_own(table) && !matches!(table.name().as_str(), "organization" | "asyncoperation" | "usersettings") {
        return Err(refused(table, "changed"));
    }
    Ok(())
}

fn refused(table: &Table, what: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("Rows of '{}' are {what} by the service only.", table.name()))
}

/// The error for a value that its column refuses: a publisher's option prefix has a code of its own (MD-27).
pub(crate) fn refusal_of_value(table: &Table, column: &Column, error: Error) -> Error {
    let is_prefix = table.name().as_str() == "publisher" && column.name.as_str() == "customizationoptionvalueprefix";
    if is_prefix && error.code() == ErrorCode::IntegerValueOutOfRange { Error::of(ErrorCode::InvalidOptionPrefix) } else { error }
}

/// Present values that the rules below need.
pub(crate) fn inputs(table: &Table) -> Vec<ColumnIx> {
    let names: &[&str] = match table.name().as_str() {
        "businessunit" => &["parentbusinessunitid", "isdisabled", "name"],
        "team" => &["isdefault", "businessunitid", "name"],
        "systemuser" => &["businessunitid", "isdisabled"],
        "solution" => &["ismanaged"],
        _ => &[],
    };
    names.iter().filter_map(|name| table.find(name)).collect()
}

/// Checks and values of a new row.
pub(crate) fn before_create(cx: &WriteCx<'_>, table: &Table, id: Uuid, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    match table.name().as_str() {
        "businessunit" => default_to(cx, table, cells, "parentbusinessunitid", "businessunit", cx.services.facts.root_business_unit),
        "systemuser" | "equipment" => default_to(cx, table, cells, "businessunitid", "businessunit", cx.services.facts.root_business_unit),
        "role" => {
            role_defaults(table, id, cells)?;
            default_to(cx, table, cells, "businessunitid", "businessunit", cx.services.facts.root_business_unit)
        }
        "team" => {
            default_to(cx, table, cells, "businessunitid", "businessunit", cx.services.facts.root_business_unit)?;
            default_to(cx, table, cells, "administratorid", "systemuser", cx.caller.user)
        }
        "solution" => solutions::check_solution_row(cx, table, cells),
        "publisher" => solutions::check_publisher_row(cx, table, cells),
        "savedquery" | "userquery" => views::check(cx, table, cells),
        "entitymap" | "attributemap" => mappings::check(cx, table, cells),
        _ => Ok(()),
    }
}

/// What every role has besides what it was given, in the order `componentstate`, `overwritetime`, `parentrootroleid`: it is published, was never overwritten,
/// and is its own root.
pub(crate) fn facts_of_role(roles: &Table, id: Uuid) -> [(&'static str, Value); 3] {
    [("componentstate", Value::Int(0)), ("overwritetime", Value::DateTime(NEVER_OVERWRITTEN_S)), ("parentrootroleid", reference(roles, id))]
}

/// Managed properties cannot be given by callers: a role that a customizer makes may be changed and deleted.
fn role_defaults(table: &Table, id: Uuid, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    for (name, value) in facts_of_role(table, id) {
        set(cells, table.require(name)?, value);
    }
    for name in ["iscustomizable", "canbedeleted"] {
        let column = table.require(name)?;
        if get(cells, column).is_none_or(Value::is_null) {
            set(cells, column, Value::Bool(true));
        }
    }
    Ok(())
}

fn default_to(cx: &WriteCx<'_>, table: &Table, cells: &mut Vec<(ColumnIx, Value)>, column: &str, target: &str, id: Uuid) -> Result<()> {
    let column = table.require(column)?;
    if get(cells, column).is_none_or(Value::is_null) {
        set(cells, column, Value::Ref(Reference { table: cx.snapshot.require(target)?.def.code, id }));
    }
    Ok(())
}

/// Checks of a changed row.
pub(crate) fn before_update(cx: &WriteCx<'_>, table: &Table, before: &Loaded, cells: &[(ColumnIx, Value)]) -> Result<()> {
    let sets = |name: &str| table.find(name).and_then(|column| get(cells, column));
    let is_true = |name: &str| table.find(name).is_some_and(|column| *before.value(column) == Value::Bool(true));
    match table.name().as_str() {
        "businessunit" if before.id == cx.services.facts.root_business_unit => {
            let moved = sets("parentbusinessunitid").is_some_and(|value| !value.is_null());
            if moved || sets("isdisabled") == Some(&Value::Bool(true)) {
                return Err(Error::of(ErrorCode::RootBusinessUnit));
            }
        }
        // ROLE-1: the tree has one root.
        "businessunit" if sets("parentbusinessunitid").is_some_and(Value::is_null) => {
            return Err(Error::argument("Only the root business unit has no parent: give 'parentbusinessunitid' the unit that this one shall lie below."));
        }
        "usersettings" => user_settings::check(table, cells)?,
        // ROLE-4
        "role" if before.id == cx.services.facts.administrator_role => {
            return Err(Error::new(ErrorCode::InvalidOperation, "The System Administrator role cannot be changed."));
        }
        "team" if is_true("isdefault") => {
            if sets("name").is_some() {
                return Err(Error::of(ErrorCode::CannotUpdateDefaultTeam));
            }
            let unit = table.require("businessunitid")?;
            if sets("businessunitid").is_some_and(|value| value.id() != before.value(unit).id()) {
                return Err(Error::of(ErrorCode::CannotReparentDefaultTeam));
            }
        }
        "systemuser" if sets("isdisabled") == Some(&Value::Bool(true)) && before.id == cx.services.facts.administrator => {
            return Err(Error::of(ErrorCode::LastAdministrator));
        }
        // What a job does, and on whose rights, is said there.
        "asyncoperation" if sets("data").is_some() => {
            return Err(Error::new(ErrorCode::NotSupported, "The data of a job is written by the service only."));
        }
        "solution" if is_true("ismanaged") => return Err(Error::of(ErrorCode::CannotUpdateManagedSolution)),
        "savedquery" | "userquery" => return views::check(cx, table, cells),
        "solution" => return solutions::check_solution_change(table, cells),
        "publisher" => return solutions::check_publisher_change(table, cells),
        "transactioncurrency"
            if before.id == cx.services.facts.base_currency && sets("exchangerate").is_some_and(|rate| *rate != Value::Decimal(Decimal::ONE)) =>
        {
            return Err(Error::argument("The base currency has the exchange rate 1: other rates are given in it."));
        }
        "transactioncurrency" if before.id == cx.services.facts.base_currency && sets("statecode").is_some_and(|state| *state != Value::Int(0)) => {
            return Err(Error::of(ErrorCode::BaseCurrencyCannotBeDeactivated));
        }
        _ => {}
    }
    Ok(())
}

/// Refusals of a delete.
pub(crate) fn before_delete(cx: &WriteCx<'_>, table: &Arc<Table>, id: Uuid) -> Result<()> {
    match table.name().as_str() {
        "asyncoperation" => {
            let state = table.special.state;
            let row = load::by_id(cx.tx.as_read(), table, id, &state.into_iter().collect::<Vec<_>>())?;
            if row.is_some_and(|row| row.int(state) != Some(3)) {
                return Err(Error::of(ErrorCode::AsyncOperationCannotDeleteUnlessCompleted));
            }
        }
        "systemuser" => {
            return Err(Error::new(ErrorCode::InvalidOperation, "Users are disabled, not deleted: set 'isdisabled' to true."));
        }
        "publisher" if id == cx.services.facts.default_publisher => return Err(Error::of(ErrorCode::CannotDeleteRestrictedPublisher)),
        "exportsolutionupload" | "importjob" | "stagesolutionupload" => {}
        "role" if id == cx.services.facts.administrator_role => {
            return Err(Error::new(ErrorCode::InvalidOperation, "The System Administrator role cannot be deleted."));
        }
        "transactioncurrency" if id == cx.services.facts.base_currency => {
            return Err(Error::new(ErrorCode::InvalidOperation, "The base currency cannot be deleted."));
        }
        _ if is_own(table) => return Err(refused(table, "removed")),
        _ => {}
    }
    Ok(())
}

/// Deletes whose meaning is another: that of a solution's row uninstalls the solution (SOL-24). True if it was done.
pub(crate) fn delete_instead(cx: &mut WriteCx<'_>, table: &Table, id: Uuid) -> Result<bool> {
    if table.name().as_str() != "solution" {
        return Ok(false);
    }
    solutions::uninstall::run(cx, id)?;
    Ok(true)
}

/// True if any row of a user-owned table is owned by this team.
pub(crate) fn owns_rows(cx: &WriteCx<'_>, team: Reference) -> Result<bool> {
    for table in cx.snapshot.tables() {
        let Some(column) = table.special.owner.and(table.special.owning_team) else { continue };
        if !load::matching(cx.tx.as_read(), table, &[], ResolvedCondition::equals(column, Value::Ref(team)), Some(1))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The row's own reference.
pub(crate) fn reference(table: &Table, id: Uuid) -> Value {
    Value::Ref(Reference { table: table.def.code, id })
}

/// Pairs of an intersect table in which `column` is `id`.
pub(crate) fn pairs(cx: &WriteCx<'_>, table: &str, column: &str, id: Uuid) -> Result<Vec<system::SystemRow>> {
    let table = cx.snapshot.require(table)?;
    system::rows(cx.tx.as_read(), table, &[], Some(ResolvedCondition::equals(table.require(column)?, Value::Guid(id))))
}
