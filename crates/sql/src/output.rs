//! What a query returns, as SQL.

use driftless_model::{ColumnIx, Shape, TableCode};
use driftless_query::{Aggregate, Calendar, DatePart, OrderKey, Output, Source, Zone};

use crate::name::{push_quoted, type_column};
use crate::text::Builder;
use crate::{DATE_PART, DECIMAL_AVERAGE, DECIMAL_SUM, Slot, Targets};

/// Parts of dates by their number in statements.
const PARTS: [DatePart; 7] = [DatePart::Day, DatePart::Week, DatePart::Month, DatePart::Quarter, DatePart::Year, DatePart::FiscalPeriod, DatePart::FiscalYear];

/// The part of a date that a number stands for in statements ([`DATE_PART`]).
pub fn date_part_at(number: i64) -> Option<DatePart> {
    PARTS.get(usize::try_from(number).ok()?).copied()
}

impl Builder<'_> {
    /// `SELECT` and the query's outputs.
    pub(crate) fn outputs(&mut self, targets: &Targets) -> Vec<Slot> {
        let query = self.query;
        let mut slots = Vec::with_capacity(query.outputs.len());
        let mut at = 0;
        for output in &query.outputs {
            self.push(match at {
                0 if query.grouped && !query.outputs.iter().any(Output::is_aggregate) => "SELECT DISTINCT ",
                0 => "SELECT ",
                _ => ",",
            });
            let slot = match output {
                Output::Column { source, column } => self.output_column(*source, *column, targets, at),
                Output::LookupName { source, column } => {
                    self.lookup_name(*source, *column, targets);
                    Slot { at, shape: Shape::Text, table: TableCode(0) }
                }
                Output::Part { source, column, part, calendar } => {
                    self.date_part(*source, *column, *part, calendar);
                    Slot { at, shape: Shape::Int, table: TableCode(0) }
                }
                Output::Rows => {
                    self.push("count(*)");
                    Slot { at, shape: Shape::BigInt, table: TableCode(0) }
                }
                Output::Aggregate { source, column, aggregate } => {
                    let shape = self.aggregate(*source, *column, *aggregate);
                    Slot { at, shape, table: TableCode(0) }
                }
            };
            at += if slot.shape == Shape::PolyLookup { 2 } else { 1 };
            slots.push(slot);
        }
        if at == 0 {
            self.push("SELECT 1");
        }
        slots
    }

    fn output_column(&mut self, source: Source, column: ColumnIx, targets: &Targets, at: usize) -> Slot {
        let definition = self.query.source(source).column(column);
        let shape = definition.shape();
        if shape == Shape::None {
            self.push("NULL");
            return Slot { at, shape, table: TableCode(0) };
        }
        self.column(source, column);
        if shape == Shape::PolyLookup {
            self.push(",");
            self.named(source, &type_column(definition));
        }
        let table = match (shape, definition.lookup()) {
            (Shape::Lookup, Some(lookup)) => lookup.targets.first().map_or(TableCode(0), |name| targets.code(name)),
            _ => TableCode(0),
        };
        Slot { at, shape, table }
    }

    /// The primary name of the row behind a lookup; null where the table has none.
    fn lookup_name(&mut self, source: Source, column: ColumnIx, targets: &Targets) {
        let definition = self.query.source(source).column(column);
        let Some(lookup) = definition.lookup() else {
            return self.push("NULL");
        };
        let name_of = |builder: &mut Self, target: &crate::Target, name: &str| {
            builder.push("(SELECT n.");
            push_quoted(&mut builder.text, name);
            builder.push(" FROM ");
            push_quoted(&mut builder.text, &target.physical);
            builder.push(" AS n WHERE n.");
            push_quoted(&mut builder.text, &target.id_column);
            builder.push("=");
            builder.column(source, column);
            builder.push(")");
        };
        let named = lookup.targets.iter().filter_map(|name| targets.get(name)).filter_map(|target| Some((target, target.name_column.as_deref()?)));
        if definition.shape() == Shape::PolyLookup {
            let mut any = false;
            for (target, name) in named {
                if !any {
                    self.push("CASE ");
                    self.named(source, &type_column(definition));
                    any = true;
                }
                self.push(&format!(" WHEN {} THEN ", target.code));
                name_of(self, target, name);
            }
            self.push(if any { " END" } else { "NULL" });
        } else {
            match named.into_iter().next() {
                Some((target, name)) => name_of(self, target, name),
                None => self.push("NULL"),
            }
        }
    }

    /// Part of a date: instants are read from the caller's clock, but not times that are stored as they were given.
    pub(crate) fn date_part(&mut self, source: Source, column: ColumnIx, part: DatePart, calendar: &Calendar) {
        let definition = self.query.source(source).column(column);
        let place = PARTS.iter().position(|known| *known == part).unwrap_or_default();
        self.push(&format!("{DATE_PART}({place},"));
        self.column(source, column);
        let zone = match definition.shape() {
            Shape::Date => {
                self.push("*86400");
                Zone::UTC
            }
            _ if definition.is_wall_time() => Zone::UTC,
            _ => calendar.zone,
        };
        let (month, day) = calendar.fiscal_start;
        self.push(&format!(",{},{month},{day},{})", zone.code(), calendar.fiscal_months));
    }

    /// An aggregate of a column; gives the form of its value.
    fn aggregate(&mut self, source: Source, column: ColumnIx, aggregate: Aggregate) -> Shape {
        let shape = self.query.source(source).column(column).shape();
        let call = |builder: &mut Self, function: &str| {
            builder.push(function);
            builder.column(source, column);
            builder.push(")");
        };
        match (aggregate, shape) {
            (Aggregate::Count, _) => call(self, "count("),
            (Aggregate::CountDistinct, _) => call(self, "count(DISTINCT "),
            (Aggregate::Min, _) => call(self, "min("),
            (Aggregate::Max, _) => call(self, "max("),
            (Aggregate::Sum, Shape::Decimal) => call(self, &format!("{DECIMAL_SUM}(")),
            (Aggregate::Average, Shape::Decimal) => call(self, &format!("{DECIMAL_AVERAGE}(")),
            (Aggregate::Sum, _) => call(self, "sum("),
            (Aggregate::Average, Shape::Float) => call(self, "avg("),
            (Aggregate::Average, _) => {
                call(self, "sum(");
                self.push("/");
                call(self, "count(");
            }
        }
        match (aggregate, shape) {
            (Aggregate::Count | Aggregate::CountDistinct, _) | (Aggregate::Sum | Aggregate::Average, Shape::Int) => Shape::BigInt,
            (_, shape) => shape,
        }
    }

    /// `GROUP BY` the places of what is no aggregate. Without aggregates, rows are told apart as such.
    pub(crate) fn groups(&mut self, slots: &[Slot]) {
        let outputs = &self.query.outputs;
        if !self.query.grouped || !outputs.iter().any(Output::is_aggregate) {
            return;
        }
        let mut before = " GROUP BY ";
        for (_, slot) in outputs.iter().zip(slots).filter(|(output, _)| !output.is_aggregate()) {
            for at in slot.at..slot.at + if slot.shape == Shape::PolyLookup { 2 } else { 1 } {
                self.push(&format!("{before}{}", at + 1));
                before = ",";
            }
        }
    }

    /// One key of the order.
    pub(crate) fn order_key(&mut self, key: OrderKey, slots: &[Slot]) {
        match key {
            OrderKey::Column(source, column) => self.column(source, column),
            OrderKey::Output(at) => {
                let slot = slots.get(at);
                self.push(&(slot.map_or(at, |slot| slot.at) + 1).to_string());
                // The least or greatest text has lost the order of its column.
                if slot.is_some_and(|slot| slot.shape == Shape::Text) {
                    self.push(&format!(" COLLATE {}", crate::COLLATION));
                }
            }
        }
    }
}
