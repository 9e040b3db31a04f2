//! Filters as SQL.

use driftless_model::{ColumnIx, Decimal, Result, Uuid, Value, decimal_to_order_bytes};
use driftless_query::{Comparison, ResolvedCondition, ResolvedFilter, Source, Test};

use crate::name::quoted;
use crate::text::Builder;
use crate::{Bind, MATCHES};

/// Parts of a conjunction that are written in one row; more are split into halves, so that the expression's depth grows with the logarithm of their number
/// (SQLite takes a depth of 1,000).
const ROW_MAX: usize = 8;

/// Digits after the point that stored decimals have.
const DECIMAL_SCALE: u32 = 10;

impl<'a> Builder<'a> {
    /// A filter, in parentheses where needed. It may give null for false.
    pub(crate) fn filter(&mut self, filter: &'a ResolvedFilter) -> Result<()> {
        match filter {
            ResolvedFilter::And(parts) => self.parts(parts, " AND ", "1"),
            ResolvedFilter::Or(parts) => self.parts(parts, " OR ", "0"),
            ResolvedFilter::Not(part) => {
                self.push("(NOT ifnull(");
                self.filter(part)?;
                self.push(",0))");
                Ok(())
            }
            ResolvedFilter::Condition(condition) => self.condition(condition),
            ResolvedFilter::Exists(join) => self.exists(join),
        }
    }

    fn parts(&mut self, parts: &'a [ResolvedFilter], operator: &str, empty: &str) -> Result<()> {
        match parts {
            [] => self.push(empty),
            [one] => self.filter(one)?,
            [first, rest @ ..] if parts.len() <= ROW_MAX => {
                self.push("(");
                self.filter(first)?;
                for part in rest {
                    self.push(operator);
                    self.filter(part)?;
                }
                self.push(")");
            }
            many => {
                let (left, right) = many.split_at(many.len() / 2);
                self.push("(");
                self.parts(left, operator, empty)?;
                self.push(operator);
                self.parts(right, operator, empty)?;
                self.push(")");
            }
        }
        Ok(())
    }

    fn condition(&mut self, condition: &'a ResolvedCondition) -> Result<()> {
        match &condition.test {
            Test::Compare(comparison, Value::Decimal(with)) => self.compare_decimal(condition, *comparison, *with),
            Test::Compare(comparison, with) => {
                self.own(condition);
                self.push(operator(*comparison));
                self.value(with)?;
            }
            Test::CompareColumn(comparison, source, other) => {
                self.own(condition);
                self.push(operator(*comparison));
                self.column(*source, *other);
            }
            Test::Null => {
                self.own(condition);
                self.push(" IS NULL");
            }
            Test::NotNull => {
                self.own(condition);
                self.push(" IS NOT NULL");
            }
            Test::Matches(pattern) => {
                self.push(MATCHES);
                self.push("(");
                self.own(condition);
                self.push(",");
                self.bind(Bind::Text(pattern.into()));
                self.push(")");
            }
            Test::In(list) => self.list(condition, list)?,
            Test::AnyChosen(options) => self.any_chosen(condition, options),
            Test::Part(part, calendar, number) => {
                self.date_part(condition.source, condition.column, *part, calendar);
                self.push("=");
                self.bind(Bind::Int(i64::from(*number)));
            }
            Test::Hierarchy { of, parent, id, above, inclusive } => self.hierarchy(condition, *of, *parent, *id, (*above, *inclusive)),
        }
        Ok(())
    }

    /// Options are stored as numbers with commas between them.
    fn any_chosen(&mut self, condition: &ResolvedCondition, options: &[i32]) {
        let mut before = "(";
        for option in options {
            self.push(before);
            self.push("instr(','||");
            self.own(condition);
            self.push("||',',");
            self.bind(Bind::Text(format!(",{option},").into()));
            self.push(")>0");
            before = " OR ";
        }
        self.push(if options.is_empty() { "0" } else { ")" });
    }

    /// The identifiers above or below a row are collected first, whatever the query's rows are; a loop in the data ends, since no identifier is taken twice.
    fn hierarchy(&mut self, condition: &ResolvedCondition, of: Source, parent: ColumnIx, id: Uuid, (above, inclusive): (bool, bool)) {
        let table = self.query.source(of);
        let (id_column, parent_column) = (quoted(&table.column(table.id).physical), quoted(&table.column(parent).physical));
        let from = quoted(&table.def.physical);
        let (next, known) = if above { (parent_column, id_column) } else { (id_column, parent_column) };
        self.push("(");
        if inclusive {
            self.own(condition);
            self.push("=");
            self.bind(Bind::from(id));
            self.push(" OR ");
        }
        self.own(condition);
        self.push(&format!(" IN (WITH RECURSIVE h(i) AS (SELECT x.{next} FROM {from} AS x WHERE x.{known}="));
        self.bind(Bind::from(id));
        self.push(&format!(" UNION SELECT x.{next} FROM {from} AS x JOIN h ON x.{known}=h.i) SELECT i FROM h WHERE i IS NOT NULL))"));
    }

    fn own(&mut self, condition: &ResolvedCondition) {
        self.column(condition.source, condition.column);
    }

    fn list(&mut self, condition: &'a ResolvedCondition, list: &'a [Value]) -> Result<()> {
        // A decimal without a stored form equals no stored one.
        let storable = |value: &&Value| match value {
            Value::Null => false,
            Value::Decimal(number) => decimal_to_order_bytes(*number).is_ok(),
            _ => true,
        };
        let mut values = list.iter().filter(storable).peekable();
        if values.peek().is_none() {
            self.push("0");
            return Ok(());
        }
        self.own(condition);
        let mut before = " IN (";
        for value in values {
            self.push(before);
            self.value(value)?;
            before = ",";
        }
        self.push(")");
        Ok(())
    }

    /// A decimal as written may lie between two stored ones, or beyond all: it is compared through the greatest stored form that is not above it.
    fn compare_decimal(&mut self, condition: &'a ResolvedCondition, comparison: Comparison, with: Decimal) {
        let (floor, exact) = floor_bytes(with);
        let operator = match (exact, comparison) {
            (true, _) => operator(comparison),
            (false, Comparison::Equal) => {
                self.push("0");
                return;
            }
            (false, Comparison::NotEqual) => {
                self.push("1");
                return;
            }
            (false, Comparison::Greater | Comparison::GreaterEqual) => ">",
            (false, Comparison::Less | Comparison::LessEqual) => "<=",
        };
        self.own(condition);
        self.push(operator);
        self.bind(Bind::Bytes(floor));
    }
}

/// The greatest stored form that is not above `number`, and whether it is the number itself.
fn floor_bytes(number: Decimal) -> ([u8; 16], bool) {
    if let Ok(bytes) = decimal_to_order_bytes(number) {
        return (bytes, true);
    }
    let cut = number.trunc_with_scale(DECIMAL_SCALE);
    let floor = if number.is_sign_negative() { cut.checked_sub(Decimal::new(1, DECIMAL_SCALE)).unwrap_or(cut) } else { cut };
    match decimal_to_order_bytes(floor) {
        Ok(bytes) => (bytes, false),
        Err(_) if number.is_sign_negative() => ([0; 16], false),
        Err(_) => ([u8::MAX; 16], false),
    }
}

/// `IS NOT` is true of null beside a value, as "not equal" must be; `=` lets indexes serve.
fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => " IS NOT ",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_between_stored_ones_is_compared_through_the_one_below() {
        let stored = |text: &str| decimal_to_order_bytes(text.parse().unwrap()).unwrap();
        for (number, floor, exact) in [
            ("1.5", stored("1.5"), true),
            ("1.00000000005", stored("1.0000000000"), false),
            ("-1.00000000005", stored("-1.0000000001"), false),
            ("79228162514264337593543950335", [u8::MAX; 16], false),
            ("-79228162514264337593543950335", [0; 16], false),
        ] {
            assert_eq!(floor_bytes(number.parse().unwrap()), (floor, exact), "{number}");
        }
    }
}
