//! Whole addresses of accounts and contacts: `address1_composite` and its like, composed of the address's parts.

use driftless_model::{ColumnIx, Table, Value};

use crate::records::fields::{get, set};
use crate::records::load::Loaded;

/// Ends of the names of the parts, in the order of the whole address.
const PARTS: [&str; 7] = ["line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country"];
/// Most addresses that a row has.
const ADDRESSES: u8 = 3;

/// An address of a table: the column for the whole and those of its parts.
struct Address {
    composite: ColumnIx,
    parts: [ColumnIx; PARTS.len()],
}

impl Address {
    fn is_written(&self, cells: &[(ColumnIx, Value)]) -> bool {
        self.parts.iter().any(|part| get(cells, *part).is_some())
    }
}

/// The parts of every address of which an update sets one.
pub(crate) fn inputs(table: &Table, cells: &[(ColumnIx, Value)]) -> Vec<ColumnIx> {
    addresses(table).filter(|address| address.is_written(cells)).flat_map(|address| address.parts).collect()
}

/// Sets the whole of every address of which a part is set.
pub(crate) fn compose(table: &Table, before: Option<&Loaded>, cells: &mut Vec<(ColumnIx, Value)>) {
    for address in addresses(table) {
        if !address.is_written(cells) {
            continue;
        }
        let texts = address.parts.map(|part| match get(cells, part).or_else(|| before.map(|row| row.value(part))) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        });
        let whole = join(&texts);
        set(cells, address.composite, if whole.is_empty() { Value::Null } else { Value::Text(whole) });
    }
}

fn addresses(table: &Table) -> impl Iterator<Item = Address> + '_ {
    let count = if matches!(table.name().as_str(), "account" | "contact") { ADDRESSES } else { 0 };
    (1..=count).filter_map(|number| {
        let find = |part: &str| table.find(&format!("address{number}_{part}"));
        let composite = find("composite")?;
        let parts = PARTS.iter().map(|part| find(part)).collect::<Option<Vec<_>>>()?;
        Some(Address { composite, parts: parts.try_into().ok()? })
    })
}

/// The lines of an address: streets, then "city, state postal code", then the country. Parts without text leave no trace.
fn join(parts: &[String; PARTS.len()]) -> String {
    let [line1, line2, line3, city, state, postal_code, country] = parts.each_ref().map(String::as_str);
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
            assert_eq!(join(&parts.map(str::to_owned)), expected);
        }
    }
}
