//! Full names of contacts, leads and users: composed of their parts as the organization's convention says.

use std::sync::Arc;

use driftless_model::{ColumnIx, Result, Table, Value};

use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::load::Loaded;
use crate::records::system;

/// Names of the columns that a full name is composed of.
pub const NAME_PARTS: [&str; 3] = ["firstname", "middlename", "lastname"];

/// The parts, for an update that sets one of them.
pub(crate) fn inputs(table: &Table, cells: &[(ColumnIx, Value)]) -> Vec<ColumnIx> {
    match parts(table) {
        Some((_, parts)) if parts.iter().any(|part| get(cells, *part).is_some()) => parts.to_vec(),
        _ => Vec::new(),
    }
}

/// Sets the full name when a part is set.
pub(crate) fn compose(cx: &WriteCx<'_>, table: &Arc<Table>, before: Option<&Loaded>, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let Some((full, parts)) = parts(table) else { return Ok(()) };
    if !parts.iter().any(|part| get(cells, *part).is_some()) {
        return Ok(());
    }
    let text = |part: ColumnIx| match get(cells, part).or_else(|| before.map(|row| row.value(part))) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let [first, middle, last] = parts.map(text);
    let name = join(convention(cx)?, &first, &middle, &last);
    set(cells, full, Value::text(name));
    Ok(())
}

fn parts(table: &Table) -> Option<(ColumnIx, [ColumnIx; 3])> {
    if !matches!(table.name().as_str(), "contact" | "lead" | "systemuser") {
        return None;
    }
    let [first, middle, last] = NAME_PARTS.map(|name| table.find(name));
    Some((table.find("fullname")?, [first?, middle?, last?]))
}

fn convention(cx: &WriteCx<'_>) -> Result<i32> {
    let table = cx.snapshot.require("organization")?;
    let rows = system::rows(cx.tx.as_read(), table, &["fullnameconventioncode"], None)?;
    Ok(match rows.first().map(|row| row.value(0)) {
        Some(Value::Int(code)) => *code,
        _ => 1,
    })
}

/// Joins the parts by `fullnameconventioncode`: 0 "Last, First", 1 "First Last", 2 "Last, First Middle", 3 "First Middle Last", and with initials 4 and 5; the
/// two without blanks, 6 and 7, are for scripts that write names so.
fn join(convention: i32, first: &str, middle: &str, last: &str) -> String {
    let initial: String = middle.chars().take(1).flat_map(|c| [c, '.']).collect();
    let spaced = |parts: &[&str]| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let comma = |rest: String| match (last.is_empty(), rest.is_empty()) {
        (false, false) => format!("{last}, {rest}"),
        _ => format!("{last}{rest}"),
    };
    match convention {
        0 => comma(first.to_owned()),
        2 => comma(spaced(&[first, &initial])),
        3 => spaced(&[first, &initial, last]),
        4 => comma(spaced(&[first, middle])),
        5 => spaced(&[first, middle, last]),
        6 => spaced(&[last, first]),
        7 => format!("{last}{first}"),
        _ => spaced(&[first, last]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_follow_the_convention() {
        for (convention, expected) in
            [(0, "Orton, Ann"), (1, "Ann Orton"), (2, "Orton, Ann B."), (3, "Ann B. Orton"), (4, "Orton, Ann Beth"), (5, "Ann Beth Orton"), (7, "OrtonAnn")]
        {
            assert_eq!(join(convention, "Ann", "Beth", "Orton"), expected);
        }
        assert_eq!(join(0, "", "", "Orton"), "Orton");
        assert_eq!(join(1, "Ann", "", ""), "Ann");
    }
}
