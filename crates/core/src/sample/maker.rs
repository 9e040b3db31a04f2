//! Makes rows by the messages of callers, and draws from a seed.

use std::sync::Arc;

use driftless_model::{Result, Uuid, Value};

use crate::context::WriteCx;
use crate::environment::{Environment, SeededEnvironment};
use crate::records::{create, update};
use crate::request::{Create, Field, Identity, Record, Target, Update};
use crate::seed::constant_id;

const SEED: u64 = 20_310_407;
const DAY_S: i64 = 86_400;

/// What a column is to hold.
pub(super) enum Given {
    Value(Value),
    /// A reference to a row of this table.
    To(&'static str, Uuid),
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Self::Value(Value::text(text))
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        Self::Value(Value::Text(text))
    }
}

impl From<i32> for Given {
    fn from(number: i32) -> Self {
        Self::Value(Value::Int(number))
    }
}

impl From<Value> for Given {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

/// An amount of whole units of a currency.
pub(super) fn money(units: i64) -> Given {
    Given::Value(Value::Money(units * 10_000))
}

/// Makes rows one after the other.
pub(super) struct Maker<'a, 'b> {
    cx: &'a mut WriteCx<'b>,
    random: SeededEnvironment,
    rows: usize,
}

impl<'a, 'b> Maker<'a, 'b> {
    pub(super) fn new(cx: &'a mut WriteCx<'b>) -> Self {
        Self { cx, random: SeededEnvironment::new(SEED, 0), rows: 0 }
    }

    /// How many rows were made so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Makes a row and gives its id: the same for the n-th row of every sample.
    pub(super) fn create(&mut self, table: &str, values: &[(&str, Given)]) -> Result<Uuid> {
        self.rows += 1;
        let id = constant_id(&format!("sample/{}", self.rows));
        let record = self.record(table, Some(id), values)?;
        create::run(self.cx, &Create { record, returning: None }, &[])?;
        Ok(id)
    }

    /// Changes a row.
    pub(super) fn update(&mut self, table: &str, id: Uuid, values: &[(&str, Given)]) -> Result<()> {
        let record = self.record(table, None, values)?;
        let target = Target { table: Arc::clone(&record.table), identity: Identity::Id(id) };
        update::run(self.cx, &Update { target, record, if_version: None, returning: None }, &[])?;
        Ok(())
    }

    fn record(&self, table: &str, id: Option<Uuid>, values: &[(&str, Given)]) -> Result<Record> {
        let table = Arc::clone(self.cx.snapshot.require(table)?);
        let field = |given: &Given| -> Result<Field> {
            Ok(match given {
                Given::Value(value) => Field::Value(value.clone()),
                Given::To(target, id) => Field::Lookup(Target { table: Arc::clone(self.cx.snapshot.require(target)?), identity: Identity::Id(*id) }),
            })
        };
        let fields = values.iter().map(|(name, given)| Ok((table.require(name)?, field(given)?))).collect::<Result<_>>()?;
        Ok(Record { table, id, fields, related: Vec::new() })
    }

    /// The user who has made the organization: owns all rows.
    pub(super) fn owner(&self) -> Uuid {
        self.cx.services.facts.administrator
    }

    /// A number from 0 up to, not including, `end`.
    pub(super) fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.random.fill_random(&mut bytes);
        // The remainder is below `end`, so it fits.
        (u64::from_le_bytes(bytes) % end.max(1) as u64) as usize
    }

    /// One of several.
    pub(super) fn one<'l, T>(&self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }

    /// A number from `first` to `last`.
    pub(super) fn number(&self, first: i32, last: i32) -> i32 {
        let span = usize::try_from(last - first + 1).unwrap_or(1);
        first + i32::try_from(self.below(span)).unwrap_or(0)
    }

    /// A day, counted from today.
    pub(super) fn day(&self, from_today: i32) -> Given {
        let today = i32::try_from(self.cx.now_s.div_euclid(DAY_S)).unwrap_or(0);
        Given::Value(Value::Date(today + from_today))
    }

    /// A time of a day that is counted from today, in UTC.
    pub(super) fn time(&self, days_from_today: i32, hour: i32) -> Given {
        let today = self.cx.now_s.div_euclid(DAY_S);
        Given::Value(Value::DateTime((today + i64::from(days_from_today)) * DAY_S + i64::from(hour) * 3_600))
    }
}
