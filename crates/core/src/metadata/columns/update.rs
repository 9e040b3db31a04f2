//! Changing columns (MD-25): the type stays, lengths may grow, labels and options may change.

use std::mem::discriminant;
use std::sync::Arc;

use driftless_model::{
    Column, ColumnIx, ColumnRole, ColumnType, DateBehavior, Error, ErrorCode, RequiredLevel, Result, StateColumn, StatusColumn, Table, Uuid, Value, ValueRef,
};
use driftless_query::{Flow, PageHead, ResolvedCondition, ResolvedFilter, ResolvedQuery, RowSink, RowView, SecuredQuery, Source, Test};

use super::keep_one_primary_image;
use super::kinds::{Facts, complete, is_creatable, keep_languages, number_statuses};
use crate::context::WriteCx;
use crate::metadata::validate::{Authority, set_label, touched};
use crate::metadata::{ColumnUpdate, Definition, Origin, keys};

/// Most rows that are read to learn whether a text column may become shorter: the writer waits for it.
const SHRINK_ROWS_MAX: u32 = 1_000_000;

/// Changes a column. Whether customizers may change it is checked by the caller: imports change what customizers may not.
///
/// # Errors
/// 0x80041102 and 0x80041103 without table and column, 0x8004D293 for the system-required level, 0x80060896 for securing a key's column, 0x8006088F when a key
/// would become too large (AK-4), 0x80044341 for removing a default status, 0x80040203 for another type, a limit, or a length that present values exceed.
pub(crate) fn update(cx: &mut WriteCx<'_>, table: &str, column: &str, change: &ColumnUpdate) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let ix = table.require(column)?;
    let present = table.column(ix);
    let mut column = present.clone();
    set_label(&mut column.display_name, change.display_name.as_ref(), change.merge_labels);
    set_label(&mut column.description, change.description.as_ref(), change.merge_labels);
    if let Some(required) = change.required {
        if (required == RequiredLevel::System) != (present.required == RequiredLevel::System) {
            return Err(Error::of(ErrorCode::CannotChangeRequiredLevel));
        }
        column.required = required;
    }
    if let Some(secured) = change.secured {
        if secured && !present.secured {
            require_securable(&table, ix)?;
        }
        column.secured = secured;
    }
    if let Some(kind) = &change.kind {
        column.kind = changed_kind(cx, &table, ix, kind, change.merge_labels)?;
    }
    if column == *present {
        return Ok(());
    }
    let name = column.name.clone();
    let definitions = vec![touched(cx, &table), Definition::Column(table.def.id, column)];
    cx.define(definitions)?;
    keep_one_primary_image(cx, table.name(), &name)
}

fn require_securable(table: &Table, ix: ColumnIx) -> Result<()> {
    let column = table.column(ix);
    if let Some(key) = table.keys.iter().find(|key| key.columns.contains(&column.name)) {
        // AK-3
        return Err(Error::new(
            ErrorCode::CannotSecureEntityKeyAttribute,
            format!("The column '{}' cannot be secured: it is part of the alternate key '{}'.", column.name, key.name),
        ));
    }
    if table.role(ix) != ColumnRole::Plain || !column.is_stored() {
        return Err(Error::argument(format!("The column '{}' cannot be secured: the service itself needs it.", column.name)));
    }
    Ok(())
}

/// The type that a column gets when `given` is asked for.
fn changed_kind(cx: &WriteCx<'_>, table: &Table, ix: ColumnIx, given: &ColumnType, merge_labels: bool) -> Result<ColumnType> {
    let column = table.column(ix);
    let refuse = |why: &str| Error::argument(format!("The column '{}' of '{}' cannot be changed so: {why}.", column.name, table.name()));
    if discriminant(&column.kind) != discriminant(given) {
        return Err(refuse("its type is fixed"));
    }
    // Values of new options come from the prefix of the name, as when the column was made.
    let authority = Authority::of(cx, &Origin::Customizer { solution: None })?;
    let mut kind = given.clone();
    match (&column.kind, &mut kind) {
        (ColumnType::State(present), ColumnType::State(state)) => change_state(table, present, state, merge_labels)?,
        (ColumnType::Status(present), ColumnType::Status(status)) => {
            number_statuses(status, authority.first_option(table.name()), cx.services.limits.choice_options_max)?;
            change_status(table, present, status, merge_labels)?;
            require_unused_statuses(cx, table, ix, present, status)?;
        }
        // Targets change with relationships; the other types have nothing to change.
        (present, _) if !is_creatable(present) => return Ok(present.clone()),
        (present, kind) => {
            let facts = Facts { cx, authority: &authority, table: table.name(), column: &column.name, customizable: column.customizable, merge_labels };
            complete(kind, Some(present), &facts)?;
        }
    }
    match (&column.kind, &kind) {
        (ColumnType::Text(present), ColumnType::Text(text)) | (ColumnType::Memo(present), ColumnType::Memo(text)) => {
            if text.max_length < present.max_length {
                require_short_values(cx, table, ix, text.max_length)?;
            }
            require_small_keys(cx, table, &Column { kind: kind.clone(), ..column.clone() })?;
        }
        (ColumnType::DateTime(present), ColumnType::DateTime(date)) if date.behavior != present.behavior => {
            let allowed = present.behavior == DateBehavior::UserLocal && date.behavior == DateBehavior::TimeZoneIndependent;
            if !allowed {
                return Err(refuse("a date's behavior can change from UserLocal to TimeZoneIndependent only"));
            }
        }
        _ => {}
    }
    Ok(kind)
}

/// State values are fixed; labels and default statuses may change (SU-8).
fn change_state(table: &Table, present: &StateColumn, state: &mut StateColumn, merge_labels: bool) -> Result<()> {
    let values = |state: &StateColumn| state.states.iter().map(|state| state.option.value).collect::<Vec<_>>();
    if values(present) != values(state) {
        return Err(Error::argument(format!("The states of '{}' are fixed: their labels may change, not their values and order.", table.name())));
    }
    if merge_labels {
        for (state, present) in state.states.iter_mut().zip(&present.states) {
            keep_languages(&mut state.option, Some(&present.option));
        }
    }
    let statuses = table.special.status.map(|ix| &table.column(ix).kind);
    match statuses {
        Some(ColumnType::Status(status)) => check_state(table.name(), state, status),
        _ => Ok(()),
    }
}

fn change_status(table: &Table, present: &StatusColumn, status: &mut StatusColumn, merge_labels: bool) -> Result<()> {
    if merge_labels {
        for status in &mut status.statuses {
            let same = present.statuses.iter().find(|present| present.option.value == status.option.value);
            keep_languages(&mut status.option, same.map(|same| &same.option));
        }
    }
    match table.special.state.map(|ix| &table.column(ix).kind) {
        Some(ColumnType::State(state)) => check_state(table.name(), state, status),
        _ => Ok(()),
    }
}

/// Checks that states and statuses of a table fit each other (SU-8): values once each, every status of a state, every default there.
///
/// # Errors
/// 0x80044341 when a state's default status is missing, 0x80048408 for a status of no state, 0x80044333 for a value that stands twice.
pub(in crate::metadata) fn check_state(table: &str, state: &StateColumn, status: &StatusColumn) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    let twice = state.states.iter().find(|state| !seen.insert(state.option.value));
    if let Some(twice) = twice {
        return Err(Error::new(ErrorCode::OptionAlreadyExists, format!("The state {} of '{table}' stands twice.", twice.option.value)));
    }
    if state.states.is_empty() {
        return Err(Error::argument(format!("The table '{table}' has a column of states but no state.")));
    }
    for state in &state.states {
        if !status.statuses.iter().any(|status| status.option.value == state.default_status && status.state == state.option.value) {
            return Err(Error::new(
                ErrorCode::DefaultStatusCannotBeDeleted,
                format!("The status {} must stay: it is the default of the state {} of '{table}'.", state.default_status, state.option.value),
            ));
        }
    }
    for item in &status.statuses {
        let known = |value: &i32| status.statuses.iter().any(|other| other.option.value == *value);
        if !seen.contains(&item.state) || !item.transitions.iter().all(known) {
            return Err(Error::new(
                ErrorCode::InvalidStateCodeStatusCode,
                format!("The status {} of '{table}' belongs to no state of the table, or may move to a status that does not exist.", item.option.value),
            ));
        }
    }
    Ok(())
}

/// Refuses to remove a status that rows have.
fn require_unused_statuses(cx: &WriteCx<'_>, table: &Table, ix: ColumnIx, present: &StatusColumn, status: &StatusColumn) -> Result<()> {
    let stays = |value: i32| status.statuses.iter().any(|status| status.option.value == value && present_state(present, value) == Some(status.state));
    let gone: Vec<_> = present.statuses.iter().map(|status| status.option.value).filter(|value| !stays(*value)).map(Value::Int).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let filter = condition(ix, Test::In(gone));
    let query = ResolvedQuery::plain(cx.snapshot.require(table.name())?, &[], Some(filter));
    if cx.tx.count(&SecuredQuery::unrestricted(query, "a definition changes for all rows"), Some(1))? > 0 {
        return Err(Error::argument(format!("A status of '{}' that rows have cannot be removed or moved to another state.", table.name())));
    }
    Ok(())
}

fn present_state(present: &StatusColumn, value: i32) -> Option<i32> {
    present.statuses.iter().find(|status| status.option.value == value).map(|status| status.state)
}

fn condition(column: ColumnIx, test: Test) -> ResolvedFilter {
    ResolvedFilter::Condition(ResolvedCondition { source: Source::ROOT, column, test })
}

/// AK-4: a key's columns may not grow beyond the bytes of a key.
fn require_small_keys(cx: &WriteCx<'_>, table: &Table, grown: &Column) -> Result<()> {
    for key in table.keys.iter().filter(|key| key.columns.contains(&grown.name)) {
        let columns = key.columns.iter().filter_map(|name| table.find(name)).map(|ix| table.column(ix));
        keys::check_size(columns.map(|column| if column.name == grown.name { grown } else { column }), &key.name, cx.services.limits.key_bytes_max)?;
    }
    Ok(())
}

/// Refuses a length that present values exceed (MD-25). Reads the column of at most [`SHRINK_ROWS_MAX`] rows.
fn require_short_values(cx: &WriteCx<'_>, table: &Table, ix: ColumnIx, most: u32) -> Result<()> {
    let mut query = ResolvedQuery::plain(cx.snapshot.require(table.name())?, &[ix], Some(condition(ix, Test::NotNull)));
    query.limit = Some(SHRINK_ROWS_MAX);
    let mut sink = TooLong { most: most as usize, found: false };
    let more = cx.tx.select(&SecuredQuery::unrestricted(query, "a definition changes for all rows"), None, &mut sink)?;
    let name = &table.column(ix).name;
    if sink.found {
        return Err(Error::argument(format!("MaxLength of '{name}' on '{}' cannot become {most}: a row has a longer value.", table.name())));
    }
    if more {
        let message = format!("MaxLength of '{name}' on '{}' cannot become smaller: more than {SHRINK_ROWS_MAX} rows would have to be checked.", table.name());
        return Err(Error::argument(message));
    }
    Ok(())
}

/// Looks for a text that is longer than `most` UTF-16 units.
struct TooLong {
    most: usize,
    found: bool,
}

impl RowSink for TooLong {
    fn start(&mut self, _: &PageHead<'_>) -> Result<()> {
        Ok(())
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        // The outputs of a plain query are id, version, and then the columns.
        self.found = matches!(row.get(2), ValueRef::Text(text) if text.len() > self.most && text.encode_utf16().count() > self.most);
        Ok(if self.found { Flow::Stop } else { Flow::Continue })
    }

    fn removed(&mut self, _: Uuid) -> Result<Flow> {
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::system_columns::default_state;

    #[test] // SU-8
    fn states_and_statuses_must_fit() {
        let (state, status) = default_state();
        check_state("new_x", &state, &status).unwrap();
        let mut without = status.clone();
        without.statuses.pop();
        assert_eq!(check_state("new_x", &state, &without).unwrap_err().code(), ErrorCode::DefaultStatusCannotBeDeleted);
        let mut stray = status.clone();
        stray.statuses.push(driftless_model::StatusOption { option: driftless_model::ChoiceOption::new(9, "Stray"), state: 7, transitions: Vec::new() });
        assert_eq!(check_state("new_x", &state, &stray).unwrap_err().code(), ErrorCode::InvalidStateCodeStatusCode);
        let mut move_on = status;
        move_on.statuses[0].transitions = vec![2, 5];
        assert_eq!(check_state("new_x", &state, &move_on).unwrap_err().code(), ErrorCode::InvalidStateCodeStatusCode);
    }
}
