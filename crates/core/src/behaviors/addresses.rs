//! Whole addresses of accounts, contacts and leads: `address1_composite` and its like, composed of the address's parts.

use driftless_model::{ColumnIx, Table, Value};

use crate::records::fields::{get, set};
use crate::records::load::Loaded;

/// Ends of the names of an address's parts, behind `address1_` and its like, in the order of the whole address.
pub const ADDRESS_PARTS: [&str; 7] = ["line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country"];
/// Beginnings of the names of a row's addresses.
const ADDRESSES: [&str; 3] = ["address1", "address2", "address3"];

/// An address of a table: the column for the whole and those of its parts.
struct Address {
    composite: ColumnIx,
    parts: [ColumnIx; ADDRESS_PARTS.len()],
}

/// The parts of every address of which an update sets one.
pub(crate) fn inputs(table: &Table, cells: &[(ColumnIx, Value)]) -> Vec<ColumnIx> {
    written(table, cells).into_iter().flat_map(|address| address.parts).collect()
}

/// Sets the whole of every address of which a part is set.
pub(crate) fn compose(table: &Table, before: Option<&Loaded>, cells: &mut Vec<(ColumnIx, Value)>) {
    for address in written(table, cells) {
        let texts = address.parts.map(|part| match get(cells, part).or_else(|| before.map(|row| row.value(part))) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        });
        let whole = join(&texts.each_ref().map(String::as_str));
        set(cells, address.composite, if whole.is_empty() { Value::Null } else { Value::Text(whole) });
    }
}

/// The addresses of which a part is set. Most writes set none, so columns are looked up only for those that are.
fn written(table: &Table, cells: &[(ColumnIx, Value)]) -> Vec<Address> {
    if !matches!(table.name().as_str(), "account" | "contact" | "lead") {
        return Vec::new();
    }
    let is_part = |name: &str, address: &str| name.split_once('_').is_some_and(|(own, part)| own == address && ADDRESS_PARTS.contains(&part));
    let is_written = |address: &&str| cells.iter().any(|(ix, _)| is_part(&table.column(*ix).name, address));
    let address = |address: &str| {
        let find = |part: &str| table.find(&format!("{address}_{part}"));
        let parts = ADDRESS_PARTS.iter().map(|part| find(part)).collect::<Option<Vec<_>>>()?;
        Some(Address { composite: find("composite")?, parts: parts.try_into().ok()? })
    };
    ADDRESSES.into_iter().filter(is_written).filter_map(address).collect()
}

/// The lines of an address: streets, then "city, state postal code", then the country. Parts without text leave no trace.
pub(crate) fn join(parts: &[&str; ADDRESS_PARTS.len()]) -> String {
    let [line1, line2, line3, city, state, postal_code, country] = *parts;
    let present = |parts: &[&str], between: &str| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(between);
    let place = present(&[city, &present(&[state, postal_code], " ")], ", ");
    present(&[line1, line2, line3, &place, country], "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined_line_by_line() {
        for (parts, expected) in [
            (["1 Quay", "Dock 2", "Gate 3", "Hull", "Yorkshire", "HU1", "England"], "1 Quay\r\nDock 2\r\nGate 3\r\nHull, Yorkshire HU1\r\nEngland"),
            (["1 Quay", "", "", "Hull", "", "HU1", ""], "1 Quay\r\nHull, HU1"),
            (["", "", "", "", "Yorkshire", "", "England"], "Yorkshire\r\nEngland"),
            (["", "", "", "Hull", "", "", ""], "Hull"),
            ([""; 7], ""),
        ] {
            assert_eq!(join(&parts), expected);
        }
    }
}
