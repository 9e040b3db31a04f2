//! Formatted values: what people read instead of a number, an option or an id (web-api 21). English of the United States, in the caller's time zone.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use driftless_core::{Currencies, Organization, Snapshot};
use driftless_model::literal::print::push_date;
use driftless_model::{
    Caller, ChoiceSource, Column, ColumnType, DateBehavior, DateFormat, Decimal, Result, RoundingStrategy, Table, ValueRef, separate_thousands,
};
use driftless_query::{Along, Columns, Expand, Query, RowView, Zone};

use crate::columns::Places;

/// How the values of one column are shown.
#[derive(Clone, Debug)]
pub enum Formatter {
    /// One label of several, by value; several values are joined.
    Labels(Vec<(i32, String)>),
    /// What people call a table, by its name.
    Tables(HashMap<String, String>),
    /// Amount behind the symbol of its currency.
    Money {
        /// Digits after the point.
        digits: u32,
        /// Symbols of currencies.
        symbols: Symbols,
    },
    /// Number with this many digits after the point, thousands separated.
    Number {
        /// Digits after the point.
        digits: u32,
    },
    /// Moment, as a clock shows it.
    Moment {
        /// Where the clock is.
        zone: Zone,
        /// False where the date alone is shown.
        with_time: bool,
    },
    /// Primary name of the row that a lookup refers to, at this place of the row.
    Name(usize),
}

/// Where the symbol of an amount comes from.
#[derive(Clone, Debug)]
pub struct Symbols {
    currencies: Arc<Currencies>,
    /// Place of the row's currency; none for amounts in the base currency.
    at: Option<usize>,
}

impl Symbols {
    fn of(&self, row: &dyn RowView) -> &str {
        self.currencies.symbol(self.at.and_then(|at| row.get(at).id()))
    }
}

/// What the rows of one request are shown with.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Definitions, for labels.
    pub snapshot: Arc<Snapshot>,
    /// Language of the caller, as a code.
    pub language: u16,
    /// Symbols for amounts; none when no amount is shown to people.
    currencies: Arc<Currencies>,
    /// Where the clock is that moments are shown by.
    zone: Zone,
}

impl Surroundings {
    /// The surroundings of rows without amounts and moments of the caller's clock.
    #[must_use]
    pub fn plain(snapshot: Arc<Snapshot>, language: u16) -> Self {
        Self { snapshot, language, currencies: Arc::default(), zone: Zone::UTC }
    }

    /// What the rows of a query are shown with to a caller. Currencies and the caller's clock are read once, and only where there may be amounts and moments that
    /// are returned with names for people ([`Query::lookup_names`]).
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(organization: &Organization, caller: &Caller, snapshot: &Arc<Snapshot>, query: &Query) -> Result<Self> {
        let is_amount = |column: &Column| matches!(column.kind, ColumnType::Money(_));
        let is_local = |column: &Column| matches!(&column.kind, ColumnType::DateTime(kind) if kind.behavior == DateBehavior::UserLocal);
        let may_return = |is_meant: &dyn Fn(&Column) -> bool| query.lookup_names && may_return(snapshot, query, is_meant);
        let mut around = Self::plain(Arc::clone(snapshot), caller.language);
        if may_return(&is_amount) {
            around.currencies = Arc::new(organization.currencies()?);
        }
        if may_return(&is_local) {
            around.zone = organization.zone(caller)?;
        }
        Ok(around)
    }
}

impl Formatter {
    /// The formatter of the values of a column at these places, if its type has formatted values.
    #[must_use]
    pub fn of(column: &Column, places: Places, around: &Surroundings) -> Option<Self> {
        let (snapshot, language) = (&*around.snapshot, around.language);
        Some(match &column.kind {
            ColumnType::Choice(kind) | ColumnType::Choices(kind) => Self::Labels(labels(&kind.choice, snapshot, language)),
            ColumnType::Boolean(kind) => Self::Labels(labels(&kind.choice, snapshot, language)),
            ColumnType::State(kind) => {
                Self::Labels(kind.states.iter().filter_map(|s| s.option.label.text(language).map(|text| (s.option.value, text.to_owned()))).collect())
            }
            ColumnType::Status(kind) => {
                Self::Labels(kind.statuses.iter().filter_map(|s| s.option.label.text(language).map(|text| (s.option.value, text.to_owned()))).collect())
            }
            ColumnType::Money(kind) => {
                let at = places.currency.filter(|_| !kind.is_base);
                Self::Money { digits: u32::from(kind.precision), symbols: Symbols { currencies: Arc::clone(&around.currencies), at } }
            }
            ColumnType::Decimal(kind) => Self::Number { digits: u32::from(kind.precision) },
            ColumnType::Float(kind) => Self::Number { digits: u32::from(kind.precision) },
            ColumnType::Integer(_) | ColumnType::BigInt => Self::Number { digits: 0 },
            ColumnType::DateTime(kind) => {
                let zone = if kind.behavior == DateBehavior::UserLocal { around.zone } else { Zone::UTC };
                Self::Moment { zone, with_time: kind.format == DateFormat::DateAndTime && kind.behavior != DateBehavior::DateOnly }
            }
            ColumnType::Lookup(_) => Self::Name(places.name?),
            ColumnType::EntityName => Self::Tables(tables(snapshot, language)),
            _ => return None,
        })
    }

    /// Writes what people read of a value in `row` into `out`; false when there is nothing to read, as for an option without a label.
    pub fn format(&self, value: ValueRef<'_>, row: &dyn RowView, out: &mut String) -> bool {
        out.clear();
        match (self, value) {
            (Self::Labels(labels), ValueRef::Int(n)) => push_label(labels, n, out),
            (Self::Labels(labels), ValueRef::Bool(b)) => push_label(labels, i32::from(b), out),
            (Self::Labels(labels), ValueRef::Choices(text)) => {
                for number in text.split(',').filter_map(|n| n.parse().ok()) {
                    if !out.is_empty() {
                        out.push_str("; ");
                    }
                    push_label(labels, number, out);
                }
            }
            (Self::Tables(labels), ValueRef::Text(name)) => out.push_str(labels.get(name).map_or("", String::as_str)),
            (Self::Money { digits, symbols }, ValueRef::Money(units)) => {
                let amount = rounded(Decimal::new(units, 4), *digits);
                if amount.is_sign_negative() && !amount.is_zero() {
                    out.push('-');
                }
                out.push_str(symbols.of(row));
                push_grouped(amount.abs(), *digits, out);
            }
            (Self::Number { digits }, ValueRef::Decimal(n)) => push_number(n, *digits, out),
            (Self::Number { .. }, ValueRef::Int(n)) => push_number(Decimal::from(n), 0, out),
            (Self::Number { .. }, ValueRef::BigInt(n)) => push_number(Decimal::from(n), 0, out),
            (Self::Number { digits }, ValueRef::Float(n)) => match Decimal::try_from(n) {
                Ok(n) => push_number(n, *digits, out),
                Err(_) => {
                    // Writing to a text cannot fail.
                    let _ = write!(out, "{n}");
                }
            },
            (Self::Moment { zone, with_time }, ValueRef::DateTime(seconds)) => push_moment(zone.local_s(seconds), *with_time, out),
            (Self::Name(at), ValueRef::Ref(_) | ValueRef::Guid(_)) => {
                let ValueRef::Text(name) = row.get(*at) else { return false };
                out.push_str(name);
            }
            (Self::Moment { .. }, ValueRef::Date(days)) => push_moment(i64::from(days) * 86_400, false, out),
            _ => {}
        }
        !out.is_empty()
    }
}

/// True if there may be columns of a kind among those that a query returns.
fn may_return(snapshot: &Snapshot, query: &Query, is_meant: &dyn Fn(&Column) -> bool) -> bool {
    // Which table a value is of is known when the query is resolved; that there may be such is enough.
    !query.values.is_empty()
        || are_among(snapshot, &query.table, &query.columns, is_meant)
        || query.expands.iter().any(|expand| are_expanded(snapshot, expand, is_meant))
}

fn are_expanded(snapshot: &Snapshot, expand: &Expand, is_meant: &dyn Fn(&Column) -> bool) -> bool {
    let table = match &expand.along {
        Along::Lookup { target: table, .. } | Along::Collection { table, .. } | Along::Intersect { table, .. } => table,
    };
    are_among(snapshot, table, &expand.columns, is_meant) || expand.expands.iter().any(|inner| are_expanded(snapshot, inner, is_meant))
}

fn are_among(snapshot: &Snapshot, table: &str, columns: &Columns, is_meant: &dyn Fn(&Column) -> bool) -> bool {
    let Some(table) = snapshot.find(table) else { return false };
    match columns {
        Columns::All => table.columns.iter().any(is_meant),
        Columns::Some(names) => names.iter().filter_map(|name| table.find(name)).any(|ix| is_meant(table.column(ix))),
    }
}

fn labels(source: &ChoiceSource, snapshot: &Snapshot, language: u16) -> Vec<(i32, String)> {
    let options = match source {
        ChoiceSource::Local(set) => Some(set.options.as_slice()),
        ChoiceSource::Global(name) => snapshot.choice(name).map(|set| set.options.as_slice()),
    };
    options.unwrap_or_default().iter().filter_map(|option| option.label.text(language).map(|text| (option.value, text.to_owned()))).collect()
}

/// Display names of all tables, by their names.
fn tables(snapshot: &Snapshot, language: u16) -> HashMap<String, String> {
    let label = |table: &Arc<Table>| Some((table.name().to_string(), table.def.display_name.text(language)?.to_owned()));
    snapshot.tables().filter_map(label).collect()
}

fn push_label(labels: &[(i32, String)], value: i32, out: &mut String) {
    if let Some((_, text)) = labels.iter().find(|(own, _)| *own == value) {
        out.push_str(text);
    }
}

/// Rounded as stored values are: half away from zero.
fn rounded(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

fn push_number(value: Decimal, digits: u32, out: &mut String) {
    let value = rounded(value, digits);
    if value.is_sign_negative() && !value.is_zero() {
        out.push('-');
    }
    push_grouped(value.abs(), digits, out);
}

/// A number that is not negative, with a comma before every third digit and exactly `digits` after the point.
fn push_grouped(value: Decimal, digits: u32, out: &mut String) {
    let mut value = value;
    value.rescale(digits);
    let start = out.len();
    let _ = write!(out, "{value}");
    separate_thousands(out, start);
}

/// `4/7/2031 2:59 PM`, or the date alone.
fn push_moment(seconds: i64, with_time: bool, out: &mut String) {
    let Ok(days) = i32::try_from(seconds.div_euclid(86_400)) else { return };
    let mut iso = Vec::with_capacity(10);
    push_date(&mut iso, days);
    let part =
        |from: usize, to: usize| iso.get(from..to).and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let _ = write!(out, "{}/{}/{}", part(5, 7), part(8, 10), part(0, 4));
    if with_time {
        let second = seconds.rem_euclid(86_400);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let _ = write!(out, " {twelve}:{minute:02} {}", if hour < 12 { "AM" } else { "PM" });
    }
}

#[cfg(test)]
mod tests {
    use driftless_model::{Reference, TableCode, Uuid, Value};
    use driftless_query::CollectedRow;

    use super::*;

    fn shown(formatter: &Formatter, value: ValueRef<'_>) -> Option<String> {
        let mut out = "old".to_owned();
        formatter.format(value, &CollectedRow::default(), &mut out).then_some(out)
    }

    fn money(at: Option<usize>) -> Formatter {
        let symbols = vec![(Uuid::from_u128(1), "$".to_owned()), (Uuid::from_u128(2), "€".to_owned())];
        Formatter::Money { digits: 2, symbols: Symbols { currencies: Arc::new(Currencies::new(Uuid::from_u128(1), symbols)), at } }
    }

    #[test] // web-api 21
    fn amounts_have_the_symbol_of_their_row() {
        let currency = |number| Value::Ref(Reference { table: TableCode(9105), id: Uuid::from_u128(number) });
        for (at, value, text) in [
            (Some(0), currency(2), "-€4.50"),
            (Some(0), currency(1), "-$4.50"),
            (Some(0), Value::Null, "-$4.50"),
            (None, currency(2), "-$4.50"),
            (Some(0), currency(3), "-4.50"),
        ] {
            let mut out = String::new();
            assert!(money(at).format(ValueRef::Money(-45_000), &CollectedRow::new(vec![value]), &mut out));
            assert_eq!(out, text);
        }
    }

    #[test] // web-api 21
    fn values_read_as_people_write_them() {
        let labels = Formatter::Labels(vec![(0, "Stopped".to_owned()), (1, "Running".to_owned())]);
        let tables = Formatter::Tables(HashMap::from([("task".to_owned(), "Task".to_owned())]));
        let moment = Formatter::Moment { zone: Zone::by_code(110).unwrap(), with_time: true };
        for (formatter, value, text) in [
            (&labels, ValueRef::Bool(true), Some("Running")),
            (&labels, ValueRef::Choices("0,1"), Some("Stopped; Running")),
            (&labels, ValueRef::Int(7), None),
            (&tables, ValueRef::Text("task"), Some("Task")),
            (&tables, ValueRef::Text("gone"), None),
            (&money(None), ValueRef::Money(45_000), Some("$4.50")),
            (&money(None), ValueRef::Money(1_250), Some("$0.13")),
            (&money(None), ValueRef::Money(-1_250), Some("-$0.13")),
            (&Formatter::Number { digits: 2 }, ValueRef::Decimal(Decimal::new(125, 3)), Some("0.13")),
            (&money(None), ValueRef::Money(-12_345_678_900), Some("-$1,234,567.89")),
            (&Formatter::Number { digits: 0 }, ValueRef::Int(-1_000), Some("-1,000")),
            (&Formatter::Number { digits: 0 }, ValueRef::Int(999), Some("999")),
            (&Formatter::Number { digits: 2 }, ValueRef::Decimal(Decimal::new(15, 1)), Some("1.50")),
            (&Formatter::Number { digits: 1 }, ValueRef::Float(1234.25), Some("1,234.3")),
            (&moment, ValueRef::DateTime(0), Some("1/1/1970 1:00 AM")),
            (&moment, ValueRef::DateTime(11 * 3_600 + 59 * 60), Some("1/1/1970 12:59 PM")),
            (&moment, ValueRef::Date(31), Some("2/1/1970")),
            (&moment, ValueRef::Null, None),
        ] {
            assert_eq!(shown(formatter, value).as_deref(), text, "{value:?}");
        }
    }
}
