//! Physical names: quoting, and the names of indexes.

use driftless_model::{AlternateKey, Column, Table};

/// A name as an SQL identifier.
pub fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    push_quoted(&mut text, name);
    text
}

/// Adds a name as an SQL identifier.
pub(crate) fn push_quoted(text: &mut String, name: &str) {
    text.push('"');
    if name.contains('"') {
        text.push_str(&name.replace('"', "\"\""));
    } else {
        text.push_str(name);
    }
    text.push('"');
}

/// Name of the second column of a polymorphic lookup: the number of the table that the row is in.
pub fn type_column(column: &Column) -> String {
    format!("{}__t", column.physical)
}

/// Name of the unique index on the primary id of a physical table.
pub fn id_index(physical: &str) -> String {
    format!("{physical}.id")
}

/// Name of the unique index on the version of a physical table.
pub fn version_index(physical: &str) -> String {
    format!("{physical}.version")
}

/// Name of the unique index of an alternate key.
pub fn key_index(table: &Table, key: &AlternateKey) -> String {
    format!("{}.key.{}", table.def.physical, key.physical)
}

/// Name of the index on a lookup.
pub fn lookup_index(table: &Table, column: &Column) -> String {
    format!("{}.lookup.{}", table.def.physical, column.physical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        for (name, expected) in [("account", "\"account\""), ("a\"b", "\"a\"\"b\""), ("", "\"\"")] {
            assert_eq!(quoted(name), expected);
        }
    }
}
