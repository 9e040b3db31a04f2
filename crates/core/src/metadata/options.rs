//! Options one by one: adding, changing, ordering and removing those of local and global choices, of states and of statuses (MD-26 to MD-29, SU-8).

use std::sync::Arc;

use driftless_model::{ChoiceOption, ChoiceSet, ChoiceSource, ColumnType, Error, ErrorCode, Label, LogicalName, Result, StatusOption};

use super::validate::{Authority, number_options, set_label, touched};
use super::{ChoiceUpdate, ColumnSpec, ColumnUpdate, Definition, Origin, choices, columns, run};
use crate::context::WriteCx;
use crate::request::Define;

/// Whose options are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OptionsOf {
    /// A global choice.
    Choice(LogicalName),
    /// A column with options of its own: table and column.
    Column(LogicalName, LogicalName),
}

/// What is given of an option. What is none stays, or is empty for a new one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OptionChange {
    /// What people read.
    pub(crate) label: Option<Label>,
    /// More words for people.
    pub(crate) description: Option<Label>,
    /// Display color.
    pub(crate) color: Option<String>,
    /// The number that an outside system uses.
    pub(crate) external_value: Option<String>,
    /// Keep labels of languages that are not given (MD-9).
    pub(crate) merge_labels: bool,
}

impl OptionChange {
    fn apply(&self, option: &mut ChoiceOption) {
        set_label(&mut option.label, self.label.as_ref(), self.merge_labels);
        set_label(&mut option.description, self.description.as_ref(), self.merge_labels);
        if let Some(color) = &self.color {
            option.color = Some(color.clone()).filter(|color| !color.is_empty());
        }
        if let Some(value) = &self.external_value {
            option.external_value = Some(value.clone()).filter(|value| !value.is_empty());
        }
    }

    fn new_option(&self, value: Option<i32>) -> ChoiceOption {
        let mut option = ChoiceOption { label: Label::default(), ..ChoiceOption::new(value.unwrap_or(ColumnSpec::NEW_OPTION), "") };
        self.apply(&mut option);
        option
    }
}

/// Adds an option at the end and gives its value: the one asked for, or the next from the prefix of the solution's or the name's publisher (MD-27).
///
/// # Errors
/// 0x80044333 when the value exists; 0x80040203 for states, statuses and yes/no columns, and for too many options; those of [`require_options`].
pub(crate) fn insert(cx: &mut WriteCx<'_>, of: &OptionsOf, value: Option<i32>, change: &OptionChange, origin: &Origin) -> Result<i32> {
    let mut added = 0;
    let authority = Authority::of(cx, origin)?;
    let most = cx.services.limits.choice_options_max;
    edit(cx, of, &mut |name, options| {
        options.push(change.new_option(value));
        number_options(options.iter_mut(), authority.first_option(name), most)?;
        added = options.last().map_or(0, |option| option.value);
        Ok(())
    })?;
    Ok(added)
}

/// Adds a status at the end and gives its value.
///
/// # Errors
/// 0x80048408 for a state that there is not; as [`insert`].
pub(crate) fn insert_status(
    cx: &mut WriteCx<'_>,
    table: &LogicalName,
    column: &LogicalName,
    state: i32,
    value: Option<i32>,
    change: &OptionChange,
    origin: &Origin,
) -> Result<i32> {
    let mut kind = column_kind(cx, table, column)?;
    let ColumnType::Status(status) = &mut kind else {
        return Err(Error::argument(format!("The column '{column}' of '{table}' holds no statuses.")));
    };
    status.statuses.push(StatusOption { option: change.new_option(value), state, transitions: Vec::new() });
    let first = Authority::of(cx, origin)?.first_option(table);
    number_options(status.statuses.iter_mut().map(|status| &mut status.option), first, cx.services.limits.choice_options_max)?;
    let added = status.statuses.last().map_or(0, |status| status.option.value);
    set_kind(cx, table, column, kind)?;
    Ok(added)
}

/// Changes what people read of an option, also of a status or state.
///
/// # Errors
/// 0x80040203 without such an option; those of [`require_options`].
pub(crate) fn update(cx: &mut WriteCx<'_>, of: &OptionsOf, value: i32, change: &OptionChange) -> Result<()> {
    if let OptionsOf::Column(table, column) = of {
        let mut kind = column_kind(cx, table, column)?;
        let own = match &mut kind {
            ColumnType::State(state) => Some(state.states.iter_mut().map(|state| &mut state.option).find(|option| option.value == value)),
            ColumnType::Status(status) => Some(status.statuses.iter_mut().map(|status| &mut status.option).find(|option| option.value == value)),
            _ => None,
        };
        if let Some(own) = own {
            change.apply(own.ok_or_else(|| no_such_option(value))?);
            return set_kind(cx, table, column, kind);
        }
    }
    edit(cx, of, &mut |_, options| {
        change.apply(options.iter_mut().find(|option| option.value == value).ok_or_else(|| no_such_option(value))?);
        Ok(())
    })
}

/// Changes what people read of a state, and its default status.
///
/// # Errors
/// 0x80044341 for a default that is no status of the state; as [`update`].
pub(crate) fn update_state(
    cx: &mut WriteCx<'_>,
    table: &LogicalName,
    column: &LogicalName,
    value: i32,
    default: Option<i32>,
    change: &OptionChange,
) -> Result<()> {
    let mut kind = column_kind(cx, table, column)?;
    let ColumnType::State(state) = &mut kind else {
        return Err(Error::argument(format!("The column '{column}' of '{table}' holds no states.")));
    };
    let own = state.states.iter_mut().find(|state| state.option.value == value).ok_or_else(|| no_such_option(value))?;
    change.apply(&mut own.option);
    own.default_status = default.unwrap_or(own.default_status);
    set_kind(cx, table, column, kind)
}

/// Removes an option. Rows that hold its value keep it without a label; a default that it was goes. A status that rows have stays.
///
/// # Errors
/// 0x80044341 for the default status of a state, 0x80040203 for a status that rows have, without such an option, and for yes/no columns and states.
pub(crate) fn delete(cx: &mut WriteCx<'_>, of: &OptionsOf, value: i32) -> Result<()> {
    if let OptionsOf::Column(table, column) = of {
        let mut kind = column_kind(cx, table, column)?;
        if let ColumnType::Status(status) = &mut kind {
            let present = status.statuses.len();
            status.statuses.retain(|status| status.option.value != value);
            if status.statuses.len() == present {
                return Err(no_such_option(value));
            }
            // No status may move to one that is not there any more.
            status.statuses.iter_mut().for_each(|status| status.transitions.retain(|to| *to != value));
            return set_kind(cx, table, column, kind);
        }
    }
    forget_default(cx, of, value)?;
    edit(cx, of, &mut |_, options| {
        let present = options.len();
        options.retain(|option| option.value != value);
        if options.len() == present { Err(no_such_option(value)) } else { Ok(()) }
    })
}

/// Gives options another order: all values, each once.
///
/// # Errors
/// 0x80040203 when the values are not those of the options.
pub(crate) fn order(cx: &mut WriteCx<'_>, of: &OptionsOf, values: &[i32]) -> Result<()> {
    let place = |value: i32| values.iter().position(|own| *own == value);
    let check = |own: &[i32]| {
        let same = own.len() == values.len() && own.iter().all(|value| place(*value).is_some());
        if same { Ok(()) } else { Err(Error::argument(format!("'Values' must hold each of the {} option values once.", own.len()))) }
    };
    if let OptionsOf::Column(table, column) = of {
        let mut kind = column_kind(cx, table, column)?;
        if let ColumnType::Status(status) = &mut kind {
            check(&status.statuses.iter().map(|status| status.option.value).collect::<Vec<_>>())?;
            status.statuses.sort_by_key(|status| place(status.option.value));
            return set_kind(cx, table, column, kind);
        }
    }
    edit(cx, of, &mut |_, options| {
        check(&options.iter().map(|option| option.value).collect::<Vec<_>>())?;
        options.sort_by_key(|option| place(option.value));
        Ok(())
    })
}

/// Changes the options of a choice. `change` gets the name that decides over new values.
fn edit(cx: &mut WriteCx<'_>, of: &OptionsOf, change: &mut dyn FnMut(&str, &mut Vec<ChoiceOption>) -> Result<()>) -> Result<()> {
    match of {
        OptionsOf::Choice(name) => {
            run::require_changeable(cx, &Define::UpdateChoice(name.clone(), ChoiceUpdate::default()))?;
            let mut choice = ChoiceSet::clone(&*choices::require(cx, name)?);
            change(name, &mut choice.options)?;
            require_words(cx, &choice)?;
            cx.define(vec![Definition::Choice(choice)])
        }
        OptionsOf::Column(table, column) => {
            let mut kind = column_kind(cx, table, column)?;
            change(column, require_options(&mut kind, table, column)?)?;
            set_kind(cx, table, column, kind)
        }
    }
}

/// Yes/no columns have exactly the options 0 and 1, also those of a global choice.
fn require_words(cx: &WriteCx<'_>, choice: &ChoiceSet) -> Result<()> {
    let is_of =
        |kind: &ColumnType| matches!(kind, ColumnType::Boolean(boolean) if matches!(&boolean.choice, ChoiceSource::Global(name) if *name == choice.name));
    let fits = choice.options.len() == 2 && choice.option(0).is_some() && choice.option(1).is_some();
    match cx.snapshot.tables().flat_map(|table| &table.columns).find(|column| !fits && is_of(&column.kind)) {
        Some(column) => {
            Err(Error::argument(format!("The yes/no column '{}' uses the choice '{}', which must have the options 0 and 1.", column.name, choice.name)))
        }
        None => Ok(()),
    }
}

/// Columns whose default is an option that goes have none any more.
fn forget_default(cx: &mut WriteCx<'_>, of: &OptionsOf, value: i32) -> Result<()> {
    let snapshot = Arc::clone(&cx.snapshot);
    for table in snapshot.tables() {
        for column in &table.columns {
            let (ColumnType::Choice(choice) | ColumnType::Choices(choice)) = &column.kind else { continue };
            let is_meant = match (of, &choice.choice) {
                (OptionsOf::Choice(name), ChoiceSource::Global(own)) => name == own,
                (OptionsOf::Column(own, name), _) => own == table.name() && *name == column.name,
                _ => false,
            };
            if !is_meant || choice.default != Some(value) {
                continue;
            }
            let mut changed = column.clone();
            if let ColumnType::Choice(choice) | ColumnType::Choices(choice) = &mut changed.kind {
                choice.default = None;
            }
            cx.define(vec![touched(cx, table), Definition::Column(table.def.id, changed)])?;
        }
    }
    Ok(())
}

fn column_kind(cx: &WriteCx<'_>, table: &LogicalName, column: &LogicalName) -> Result<ColumnType> {
    let table = cx.snapshot.require(table)?;
    Ok(table.column(table.require(column)?).kind.clone())
}

/// The options of a column that has its own.
///
/// # Errors
/// 0x80040203 for a column without options, with those of a global choice, and with fixed ones.
fn require_options<'k>(kind: &'k mut ColumnType, table: &str, column: &str) -> Result<&'k mut Vec<ChoiceOption>> {
    let source = match kind {
        ColumnType::Choice(choice) | ColumnType::Choices(choice) => &mut choice.choice,
        ColumnType::Boolean(boolean) => &mut boolean.choice,
        ColumnType::State(_) => return Err(Error::argument(format!("The states of '{table}' are fixed: their labels may change only."))),
        ColumnType::Status(_) => return Err(Error::argument(format!("The column '{column}' of '{table}' holds statuses: add them with InsertStatusValue."))),
        _ => return Err(Error::argument(format!("The column '{column}' of '{table}' has no options."))),
    };
    match source {
        ChoiceSource::Local(set) => Ok(&mut set.options),
        ChoiceSource::Global(name) => {
            Err(Error::argument(format!("The column '{column}' of '{table}' uses the global choice '{name}': name that as 'OptionSetName'.")))
        }
    }
}

/// Writes a column's type, checked as any change of a column is.
fn set_kind(cx: &mut WriteCx<'_>, table: &LogicalName, column: &LogicalName, kind: ColumnType) -> Result<()> {
    let change = ColumnUpdate { kind: Some(kind), ..ColumnUpdate::default() };
    run::require_changeable(cx, &Define::UpdateColumn(table.clone(), column.clone(), change.clone()))?;
    columns::update(cx, table, column, &change)
}

fn no_such_option(value: i32) -> Error {
    Error::new(ErrorCode::InvalidArgument, format!("There is no option with the value {value}."))
}
