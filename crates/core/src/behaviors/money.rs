//! Money: a row with an amount has a currency, its exchange rate and the amount in the base currency (MD-24).

use std::sync::Arc;

use driftless_model::{ColumnIx, ColumnType, Decimal, Reference, Result, Table, Value, money_from_decimal, money_to_decimal};

use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::load::{self, Loaded};

/// The currency and all amounts, for an update that sets one of them.
pub(crate) fn inputs(table: &Table, cells: &[(ColumnIx, Value)]) -> Vec<ColumnIx> {
    match columns(table) {
        Some(columns) if columns.is_touched(cells) => columns.amounts.iter().map(|(amount, _)| *amount).chain([columns.currency, columns.rate]).collect(),
        _ => Vec::new(),
    }
}

/// Sets currency, rate and base amounts when an amount or the currency is set.
pub(crate) fn convert(cx: &WriteCx<'_>, table: &Arc<Table>, before: Option<&Loaded>, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let Some(columns) = columns(table) else { return Ok(()) };
    if !columns.is_touched(cells) {
        return Ok(());
    }
    let present = |cells: &[(ColumnIx, Value)], column| get(cells, column).or_else(|| before.map(|row| row.value(column))).cloned().unwrap_or(Value::Null);
    let given = present(cells, columns.currency);
    let table_of_currencies = cx.snapshot.require("transactioncurrency")?;
    let base = Reference { table: table_of_currencies.def.code, id: cx.services.facts.base_currency };
    let currency = if let Value::Ref(currency) = given { currency } else { base };
    let rate_column = table_of_currencies.require("exchangerate")?;
    let rate = match load::by_id(cx.tx.as_read(), table_of_currencies, currency.id, &[rate_column])?.map(|row| row.value(rate_column).clone()) {
        Some(Value::Decimal(rate)) if !rate.is_zero() => rate,
        _ => Decimal::ONE,
    };
    let currency_changes = get(cells, columns.currency).is_some() || given.is_null();
    set(cells, columns.currency, Value::Ref(currency));
    set(cells, columns.rate, Value::Decimal(rate));
    for (amount, base) in columns.amounts {
        if get(cells, amount).is_none() && !currency_changes {
            continue;
        }
        let in_base = match present(cells, amount) {
            Value::Money(units) => match money_to_decimal(units).checked_div(rate) {
                Some(exact) => Value::Money(money_from_decimal(exact)?),
                None => Value::Null,
            },
            _ => Value::Null,
        };
        set(cells, base, in_base);
    }
    Ok(())
}

struct Columns {
    currency: ColumnIx,
    rate: ColumnIx,
    amounts: Vec<(ColumnIx, ColumnIx)>,
}

impl Columns {
    fn is_touched(&self, cells: &[(ColumnIx, Value)]) -> bool {
        get(cells, self.currency).is_some() || self.amounts.iter().any(|(amount, _)| get(cells, *amount).is_some())
    }
}

fn columns(table: &Table) -> Option<Columns> {
    let (currency, rate) = (table.find("transactioncurrencyid")?, table.find("exchangerate")?);
    let amounts: Vec<_> = table
        .indexed()
        .filter(|(_, column)| matches!(&column.kind, ColumnType::Money(kind) if !kind.is_base))
        .filter_map(|(ix, column)| Some((ix, table.find(&format!("{}_base", column.name))?)))
        .collect();
    (!amounts.is_empty()).then_some(Columns { currency, rate, amounts })
}
