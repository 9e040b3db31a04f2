//! Names of tables and their collections (MD-1, MD-3).

use driftless_model::{Error, ErrorCode, LogicalName, Result, SetName, check_name};

use crate::metadata::Snapshot;
use crate::metadata::validate::{Authority, shown};

/// Longest schema name of a table: names that are made of it and a column's stay below the 128 characters that the original allows.
const TABLE_NAME_MAX: usize = 64;
/// Most numbers that are tried for a default set name.
const SET_NAME_TRIES: u32 = 1_000;

/// Checks a table's schema name.
///
/// # Errors
/// The codes of MD-3 and 0x80044366.
pub(in crate::metadata) fn check_table(authority: &Authority, schema_name: &str) -> Result<()> {
    authority.check_name(schema_name)?;
    if schema_name.len() > TABLE_NAME_MAX {
        let message = format!("The table name '{}' may have at most {TABLE_NAME_MAX} characters.", shown(schema_name));
        return Err(Error::new(ErrorCode::InvalidNameLength, message));
    }
    if schema_name.to_ascii_lowercase().starts_with("sqlite_") {
        // Such names belong to the embedded store.
        return Err(Error::new(ErrorCode::ReservedName, format!("Names that begin with 'sqlite_' are reserved: '{schema_name}'.")));
    }
    Ok(())
}

/// The set name of a table: the one asked for, else the plural of its name, with a number if that is taken.
///
/// # Errors
/// 0x80044363 when the name asked for is taken, 0x8006089C for its prefix, the codes of MD-3.
pub(super) fn set_name(snapshot: &Snapshot, authority: &Authority, table: &LogicalName, wanted: Option<&str>) -> Result<SetName> {
    let is_free = |name: &str| !snapshot.tables().any(|other| other.name() != table && other.def.set_name.eq_ignore_ascii_case(name));
    let Some(wanted) = wanted.filter(|name| !name.is_empty()) else {
        let plural = plural(table);
        let numbered = (1..=SET_NAME_TRIES).map(|number| format!("{plural}{number}"));
        let free = [plural.clone()].into_iter().chain(numbered).find(|name| is_free(name));
        return free.map(SetName::from).ok_or_else(|| taken(&plural));
    };
    check_name(wanted).map_err(|error| Error::new(error.code(), format!("The entity set name '{}' is not valid. {}", shown(wanted), error.code().text())))?;
    if !authority.has_prefix(wanted) {
        return Err(Error::new(ErrorCode::SetNamePrefix, format!("The entity set name {} must start with a valid customization prefix.", shown(wanted))));
    }
    if is_free(wanted) { Ok(SetName::from(wanted)) } else { Err(taken(wanted)) }
}

fn taken(name: &str) -> Error {
    Error::new(ErrorCode::SetNameTaken, format!("The entity set name '{name}' is not unique."))
}

/// The plural of a name, by the endings that the original looks at.
pub(super) fn plural(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if let Some(stem) = name.strip_suffix(['y', 'Y']) {
        format!("{stem}ies")
    } else if ["s", "x", "ch", "sh"].iter().any(|ending| lower.ends_with(ending)) {
        format!("{name}es")
    } else {
        format!("{name}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // MD-1
    fn plurals() {
        for (name, expected) in [
            ("new_book", "new_books"),
            ("new_city", "new_cities"),
            ("new_box", "new_boxes"),
            ("new_class", "new_classes"),
            ("new_branch", "new_branches"),
            ("new_dish", "new_dishes"),
            ("new_CITY", "new_CITies"),
        ] {
            assert_eq!(plural(name), expected);
        }
    }

    #[test] // MD-3
    fn set_names() {
        let (snapshot, authority, table) = (Snapshot::default(), Authority::example(), LogicalName::from("new_book"));
        let code = |wanted| set_name(&snapshot, &authority, &table, Some(wanted)).err().map(|error| error.code());
        assert_eq!(set_name(&snapshot, &authority, &table, None).unwrap().as_str(), "new_books");
        assert_eq!(code("new_shelf"), None);
        assert_eq!(code("shelf"), Some(ErrorCode::SetNamePrefix));
        assert_eq!(code("new shelf"), Some(ErrorCode::InvalidNameCharacters));
        assert_eq!(check_table(&authority, &format!("new_{}", "x".repeat(61))).unwrap_err().code(), ErrorCode::InvalidNameLength);
    }
}
