//! Checks of column types against their limits (MD-21) and completion of local choices.

use driftless_model::{
    BooleanColumn, ChoiceColumn, ChoiceOption, ChoiceSet, ChoiceSource, ColumnType, DateBehavior, DateFormat, Decimal, DecimalColumn, Error, ErrorCode,
    FileColumn, FloatColumn, ImageColumn, Label, LogicalName, MoneyColumn, Result, SchemaName, StatusColumn, TextColumn,
};

use crate::context::WriteCx;
use crate::metadata::system_columns::{MONEY_MAX, MONEY_MIN};
use crate::metadata::validate::{Authority, number_options};

/// Most characters of one line of text.
const TEXT_MAX: u32 = 4_000;
/// Most characters of a custom memo.
const MEMO_MAX: u32 = 1_048_576;
/// Largest decimal and floating-point value; the smallest is its negative.
const NUMBER_MAX: i64 = 100_000_000_000;
/// Most digits after the point of a decimal.
const DECIMAL_PRECISION_MAX: u8 = 10;
/// Most digits after the point of a floating-point number.
const FLOAT_PRECISION_MAX: u8 = 5;
/// Most digits after the point of money.
const MONEY_PRECISION_MAX: u8 = 4;

/// What the checks of a type need to know besides the type.
pub(super) struct Facts<'a, 'b> {
    pub(super) cx: &'a WriteCx<'b>,
    pub(super) authority: &'a Authority,
    pub(super) table: &'a LogicalName,
    pub(super) column: &'a LogicalName,
    pub(super) customizable: bool,
    /// Options keep labels of languages that are not given.
    pub(super) merge_labels: bool,
}

/// True for the types that customizers may create columns of, lookups apart (MD-20).
pub(super) fn is_creatable(kind: &ColumnType) -> bool {
    match kind {
        ColumnType::Text(_)
        | ColumnType::Memo(_)
        | ColumnType::Integer(_)
        | ColumnType::BigInt
        | ColumnType::Decimal(_)
        | ColumnType::Float(_)
        | ColumnType::Money(_)
        | ColumnType::Boolean(_)
        | ColumnType::Choice(_)
        | ColumnType::Choices(_)
        | ColumnType::DateTime(_)
        | ColumnType::File(_)
        | ColumnType::Image(_) => true,
        ColumnType::Lookup(_)
        | ColumnType::State(_)
        | ColumnType::Status(_)
        | ColumnType::UniqueId { .. }
        | ColumnType::EntityName
        | ColumnType::ManagedProperty
        | ColumnType::Virtual => false,
    }
}

/// Checks a creatable type and completes it: identity, name and option values of a local choice, words of a yes/no column. With `present` the type is a change
/// of that one, which is of the same variant; limits that the present one exceeds are not held against it.
///
/// # Errors
/// 0x80040203 for what is beyond a limit, 0x80044333 for an option value that stands twice, 0x8004431A for a default that is no option.
pub(super) fn complete(kind: &mut ColumnType, present: Option<&ColumnType>, facts: &Facts<'_, '_>) -> Result<()> {
    match (kind, present) {
        (ColumnType::Text(text), Some(ColumnType::Text(present))) => check_text(text, TEXT_MAX.max(present.max_length), facts),
        (ColumnType::Text(text), _) => check_text(text, TEXT_MAX, facts),
        (ColumnType::Memo(text), Some(ColumnType::Memo(present))) => check_text(text, MEMO_MAX.max(present.max_length), facts),
        (ColumnType::Memo(text), _) => check_text(text, MEMO_MAX, facts),
        (ColumnType::Integer(number), _) => require(number.min <= number.max, facts, "the smallest value must not exceed the largest"),
        (ColumnType::Decimal(number), _) => check_decimal(number, facts),
        (ColumnType::Float(number), _) => check_float(number, facts),
        (ColumnType::Money(money), present) => {
            if let Some(ColumnType::Money(present)) = present {
                money.is_base = present.is_base;
            }
            check_money(money, facts)
        }
        (ColumnType::Boolean(boolean), Some(ColumnType::Boolean(present))) => complete_boolean(boolean, Some(&present.choice), facts),
        (ColumnType::Boolean(boolean), _) => complete_boolean(boolean, None, facts),
        (ColumnType::Choice(choice), Some(ColumnType::Choice(present))) => complete_choice(choice, Some(&present.choice), facts),
        (ColumnType::Choices(choice), Some(ColumnType::Choices(present))) => complete_choice(choice, Some(&present.choice), facts),
        (ColumnType::Choice(choice) | ColumnType::Choices(choice), _) => complete_choice(choice, None, facts),
        (ColumnType::DateTime(date), _) => {
            if date.behavior == DateBehavior::DateOnly {
                date.format = DateFormat::DateOnly;
            }
            Ok(())
        }
        (ColumnType::File(file), _) => check_max_kib(file.max_kib, FileColumn::MAX_KIB_MAX, facts),
        (ColumnType::Image(image), _) => check_max_kib(image.max_kib, ImageColumn::MAX_KIB_MAX, facts),
        _ => Ok(()),
    }
}

fn require(holds: bool, facts: &Facts<'_, '_>, rule: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::argument(format!("The column '{}' of '{}' is not valid: {rule}.", facts.column, facts.table))) }
}

fn check_text(text: &TextColumn, most: u32, facts: &Facts<'_, '_>) -> Result<()> {
    require((1..=most).contains(&text.max_length), facts, &format!("MaxLength must lie between 1 and {most}"))
}

fn check_max_kib(max_kib: u32, most: u32, facts: &Facts<'_, '_>) -> Result<()> {
    require((1..=most).contains(&max_kib), facts, &format!("MaxSizeInKB must lie between 1 and {most}"))
}

fn check_decimal(number: &DecimalColumn, facts: &Facts<'_, '_>) -> Result<()> {
    let most = Decimal::from(NUMBER_MAX);
    require(number.precision <= DECIMAL_PRECISION_MAX, facts, &format!("Precision must lie between 0 and {DECIMAL_PRECISION_MAX}"))?;
    let in_order = -most <= number.min && number.min <= number.max && number.max <= most;
    require(in_order, facts, &format!("MinValue and MaxValue must lie between -{NUMBER_MAX} and {NUMBER_MAX}, in this order"))
}

fn check_float(number: &FloatColumn, facts: &Facts<'_, '_>) -> Result<()> {
    // Exact: the limit has fewer than 53 bits.
    #[allow(clippy::cast_precision_loss)]
    let most = NUMBER_MAX as f64;
    require(number.precision <= FLOAT_PRECISION_MAX, facts, &format!("Precision must lie between 0 and {FLOAT_PRECISION_MAX}"))?;
    let in_order = -most <= number.min && number.min <= number.max && number.max <= most;
    require(in_order, facts, &format!("MinValue and MaxValue must lie between -{NUMBER_MAX} and {NUMBER_MAX}, in this order"))
}

fn check_money(money: &MoneyColumn, facts: &Facts<'_, '_>) -> Result<()> {
    require(money.precision <= MONEY_PRECISION_MAX, facts, &format!("Precision must lie between 0 and {MONEY_PRECISION_MAX}"))?;
    let in_order = MONEY_MIN <= money.min && money.min <= money.max && money.max <= MONEY_MAX;
    require(in_order, facts, "MinValue and MaxValue must lie between -922337000000000 and 922337000000000, in this order")
}

/// A yes/no column without words gets Yes and No; options must be 0 and 1.
fn complete_boolean(boolean: &mut BooleanColumn, present: Option<&ChoiceSource>, facts: &Facts<'_, '_>) -> Result<()> {
    if let ChoiceSource::Local(set) = &mut boolean.choice
        && set.options.is_empty()
    {
        set.options = match present {
            Some(ChoiceSource::Local(present)) => present.options.clone(),
            _ => vec![ChoiceOption::new(1, "Yes"), ChoiceOption::new(0, "No")],
        };
    }
    complete_source(&mut boolean.choice, present, facts)?;
    let values = |set: &ChoiceSet| set.options.len() == 2 && set.option(0).is_some() && set.option(1).is_some();
    let fits = match &boolean.choice {
        ChoiceSource::Local(set) => values(set),
        ChoiceSource::Global(name) => facts.cx.snapshot.choice(name).is_some_and(|set| values(set)),
    };
    require(fits, facts, "a yes/no column has exactly the options 0 and 1")
}

fn complete_choice(choice: &mut ChoiceColumn, present: Option<&ChoiceSource>, facts: &Facts<'_, '_>) -> Result<()> {
    complete_source(&mut choice.choice, present, facts)?;
    let known = |value| match &choice.choice {
        ChoiceSource::Local(set) => set.option(value).is_some(),
        ChoiceSource::Global(name) => facts.cx.snapshot.choice(name).is_some_and(|set| set.option(value).is_some()),
    };
    match choice.default {
        // What clients send for "no default".
        Some(-1) if !known(-1) => choice.default = None,
        Some(value) if !known(value) => {
            let message = format!("The default value {value} of '{}' on '{}' is not one of its options.", facts.column, facts.table);
            return Err(Error::new(ErrorCode::PicklistValueOutOfRange, message));
        }
        Some(_) | None => {}
    }
    Ok(())
}

fn complete_source(source: &mut ChoiceSource, present: Option<&ChoiceSource>, facts: &Facts<'_, '_>) -> Result<()> {
    match (source, present) {
        (ChoiceSource::Global(name), Some(ChoiceSource::Global(present))) => require(name == present, facts, "its global choice cannot be replaced"),
        (ChoiceSource::Global(name), None) => {
            let hint = format!("there is no global choice '{name}'");
            require(facts.cx.snapshot.choice(name).is_some(), facts, &hint)
        }
        (ChoiceSource::Local(set), Some(ChoiceSource::Local(present))) => complete_set(set, Some(present), facts),
        (ChoiceSource::Local(set), None) => complete_set(set, None, facts),
        (ChoiceSource::Global(_) | ChoiceSource::Local(_), Some(_)) => require(false, facts, "a local choice cannot become global, nor a global one local"),
    }
}

fn complete_set(set: &mut ChoiceSet, present: Option<&ChoiceSet>, facts: &Facts<'_, '_>) -> Result<()> {
    let limit = facts.cx.services.limits.choice_options_max;
    number_options(set.options.iter_mut(), facts.authority.first_option(facts.column), limit)?;
    if let Some(present) = present {
        let mut display_name = std::mem::take(&mut set.display_name);
        if display_name.is_empty() || facts.merge_labels {
            let given = std::mem::replace(&mut display_name, present.display_name.clone());
            display_name.merge(&given);
        }
        let mut options = std::mem::take(&mut set.options);
        if facts.merge_labels {
            options.iter_mut().for_each(|option| keep_languages(option, present.option(option.value)));
        }
        *set = ChoiceSet { display_name, description: std::mem::take(&mut set.description), options, ..present.clone() };
        return Ok(());
    }
    let name = format!("{}_{}", facts.table, facts.column);
    *set = ChoiceSet {
        id: facts.cx.new_id(),
        schema_name: SchemaName::from(name.as_str()),
        name: LogicalName::from(name),
        display_name: std::mem::take(&mut set.display_name),
        description: std::mem::take(&mut set.description),
        options: std::mem::take(&mut set.options),
        global: false,
        custom: true,
        managed: facts.authority.managed,
        customizable: facts.customizable,
        introduced_version: facts.authority.version.clone(),
    };
    Ok(())
}

/// Adds to an option's label the languages that only the present option has.
pub(super) fn keep_languages(option: &mut ChoiceOption, present: Option<&ChoiceOption>) {
    fn keep(label: &mut Label, present: &Label) {
        let given = std::mem::replace(label, present.clone());
        label.merge(&given);
    }
    if let Some(present) = present {
        keep(&mut option.label, &present.label);
        keep(&mut option.description, &present.description);
    }
}

/// Gives values to new statuses and checks all of them.
///
/// # Errors
/// As [`number_options`].
pub(in crate::metadata) fn number_statuses(status: &mut StatusColumn, first: i32, most: usize) -> Result<()> {
    number_options(status.statuses.iter_mut().map(|status| &mut status.option), first, most)
}
