//! Columns that come along unasked: what is selected is not understood without them (web-api 8).

use driftless_core::{ADDRESS_PARTS, NAME_PARTS};
use driftless_model::{ColumnIx, ColumnType, Table};

/// The lookup of the currency in which a row's amounts are.
pub const CURRENCY: &str = "transactioncurrencyid";

/// Before the names of columns that tell how a name is pronounced.
const PRONUNCIATION: &str = "yomi";

/// What comes along with a column: with an amount its currency, with part of an address or name the whole. None where the table has no such column.
#[must_use]
pub fn companion(table: &Table, ix: ColumnIx) -> Option<ColumnIx> {
    let column = table.column(ix);
    if matches!(column.kind, ColumnType::Money(_)) {
        return table.find(CURRENCY);
    }
    let whole = whole_of(&column.name)?;
    table.find(whole.as_str()).filter(|ix| table.column(*ix).is_stored())
}

/// Puts what comes along with `columns` behind them, each once.
pub fn add(table: &Table, columns: &mut Vec<ColumnIx>) {
    for at in 0..columns.len() {
        if let Some(ix) = columns.get(at).and_then(|ix| companion(table, *ix))
            && !columns.contains(&ix)
        {
            columns.push(ix);
        }
    }
}

/// Name of the column that the column of this name is part of.
fn whole_of(name: &str) -> Option<String> {
    if let Some((address, part)) = name.split_once('_') {
        let number = address.strip_prefix("address")?;
        let is_part = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && ADDRESS_PARTS.contains(&part);
        return is_part.then(|| format!("{address}_composite"));
    }
    match name.strip_prefix(PRONUNCIATION) {
        Some(part) if NAME_PARTS.contains(&part) => Some(format!("{PRONUNCIATION}fullname")),
        _ => NAME_PARTS.contains(&name).then(|| "fullname".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 8
    fn parts_know_their_whole() {
        for (part, whole) in [
            ("address1_line1", Some("address1_composite")),
            ("address12_country", Some("address12_composite")),
            ("address1_telephone1", None),
            ("address_line1", None),
            ("new_line1", None),
            ("firstname", Some("fullname")),
            ("yomilastname", Some("yomifullname")),
            ("yominame", None),
            ("name", None),
        ] {
            assert_eq!(whole_of(part).as_deref(), whole, "{part}");
        }
    }
}
