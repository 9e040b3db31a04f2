//! State and status (4.1).

use driftless_model::{ColumnIx, ColumnType, Error, ErrorCode, Result, StateOption, StatusOption, Table, Value};

use crate::records::fields::{get, set};
use crate::records::load::Loaded;

/// The status that old clients send for "the state's default" (SU-10).
const DEFAULT_STATUS: i32 = -1;

/// State and status of a new row: the first state; a status that is given must belong to it (SU-9). Values that are both there already are kept: the service
/// itself sets both.
pub(crate) fn fill(table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let Some(options) = options(table) else { return Ok(()) };
    let state = match get(cells, options.state) {
        Some(Value::Int(state)) => *state,
        _ => options.states.first().map_or(0, |state| state.option.value),
    };
    let status = match get(cells, options.status) {
        Some(Value::Int(status)) if *status != DEFAULT_STATUS => *status,
        _ => options.default_status(state)?,
    };
    options.check(state, status)?;
    set(cells, options.state, Value::Int(state));
    set(cells, options.status, Value::Int(status));
    Ok(())
}

/// State and status of a changed row (SU-10, SU-11).
pub(crate) fn before_update(table: &Table, before: &Loaded, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let Some(options) = options(table) else { return Ok(()) };
    let int = |value: Option<&Value>| match value {
        Some(Value::Int(n)) => Some(*n),
        _ => None,
    };
    let (given_state, given_status) = (int(get(cells, options.state)), int(get(cells, options.status)));
    if given_state.is_none() && given_status.is_none() {
        cells.retain(|(column, _)| *column != options.state && *column != options.status);
        return Ok(());
    }
    let present_state = before.int(Some(options.state)).unwrap_or(0);
    let present_status = before.int(Some(options.status));
    let state = given_state.unwrap_or(present_state);
    let status = match given_status.filter(|status| *status != DEFAULT_STATUS) {
        Some(status) => status,
        None => options.default_status(state)?,
    };
    options.check(state, status)?;
    if table.def.enforce_state_transitions && present_status != Some(status) {
        let allowed = present_status.and_then(|present| options.statuses.iter().find(|own| own.option.value == present));
        if allowed.is_some_and(|present| !present.transitions.contains(&status)) {
            return Err(Error::of(ErrorCode::StateTransitionRefused));
        }
    }
    set(cells, options.state, Value::Int(state));
    set(cells, options.status, Value::Int(status));
    Ok(())
}

struct Options<'a> {
    state: ColumnIx,
    status: ColumnIx,
    states: &'a [StateOption],
    statuses: &'a [StatusOption],
}

/// The options of a table that has both state and status.
fn options(table: &Table) -> Option<Options<'_>> {
    let (state, status) = (table.special.state?, table.special.status?);
    match (&table.column(state).kind, &table.column(status).kind) {
        (ColumnType::State(states), ColumnType::Status(statuses)) => Some(Options { state, status, states: &states.states, statuses: &statuses.statuses }),
        _ => None,
    }
}

impl Options<'_> {
    fn default_status(&self, state: i32) -> Result<i32> {
        self.states.iter().find(|own| own.option.value == state).map(|own| own.default_status).ok_or_else(mismatch)
    }

    fn check(&self, state: i32, status: i32) -> Result<()> {
        if self.statuses.iter().any(|own| own.option.value == status && own.state == state) { Ok(()) } else { Err(mismatch()) }
    }
}

fn mismatch() -> Error {
    Error::of(ErrorCode::InvalidStateCodeStatusCode)
}
