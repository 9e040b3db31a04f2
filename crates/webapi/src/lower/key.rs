//! Addresses of rows: keys in URLs and references in bodies (web-api 7).

use std::collections::BTreeMap;
use std::sync::Arc;

use driftless_core::{Identity, Snapshot, Target};
use driftless_model::literal;
use driftless_model::{ColumnIx, Error, ErrorCode, Reference as RowRef, Result, Table, TableCode, Uuid, Value};
use driftless_odata::record::value_of_text;
use driftless_odata::url::{KeyLiteral, KeyPredicate, Reference, parse_reference};

use super::is_principal;
use crate::error;
use crate::write::Earlier;

/// The row of `table` that a key names.
///
/// # Errors
/// 0x80060888 when the names are those of no key, or a value cannot be read as its column's type.
pub(crate) fn target(snapshot: &Snapshot, table: &Arc<Table>, key: &KeyPredicate<'_>, aliases: &BTreeMap<String, String>) -> Result<Target> {
    let identity = match key {
        KeyPredicate::Positional(value) => Identity::Id(id(table, plain(value, aliases)?)?),
        KeyPredicate::Named(pairs) => match pairs.as_slice() {
            [(name, value)] if is_primary(table, name) => Identity::Id(id(table, plain(value, aliases)?)?),
            pairs => {
                let values = pairs.iter().map(|(name, value)| key_value(snapshot, table, name, value, aliases)).collect::<Result<Vec<_>>>()?;
                check_key_columns(table, &values)?;
                Identity::Key(values)
            }
        },
        KeyPredicate::Empty => return Err(bad_key(table)),
    };
    Ok(Target { table: Arc::clone(table), identity })
}

/// The row that a reference in a body names: `@odata.bind`, `@odata.id`, `$id`. `origin` is the one that absolute addresses must have.
///
/// # Errors
/// As [`target`]; 0x80060888 for an address of another service and for an unknown Content-ID, 0x8006088a for an unknown set.
pub(crate) fn reference(origin: &str, snapshot: &Snapshot, earlier: &Earlier<'_>, text: &str) -> Result<Target> {
    match parse_reference(text, &|own| own.eq_ignore_ascii_case(origin)).map_err(error::of_syntax)? {
        Reference::Record { set, key } => {
            let table = snapshot.by_set(&set).ok_or_else(|| error::no_such_segment(&set))?;
            target(snapshot, table, &key, &BTreeMap::new())
        }
        Reference::ContentId(content_id) => {
            let (at, table) = earlier.find(&content_id)?;
            Ok(Target { table, identity: Identity::Result(at) })
        }
    }
}

/// The lookup in a name of the form `_x_value`.
pub(crate) fn lookup_in_name(table: &Table, name: &str) -> Option<ColumnIx> {
    let inner = name.strip_prefix('_')?.strip_suffix("_value")?;
    table.find(inner).filter(|ix| table.column(*ix).lookup().is_some())
}

/// The primary id by its name; users and teams have `ownerid` instead, and take both.
fn is_primary(table: &Table, name: &str) -> bool {
    name == table.def.primary_id.as_str() || (is_principal(table) && name == "ownerid")
}

/// The text of a key value, through its alias if it has one.
fn plain<'k>(value: &'k KeyLiteral<'_>, aliases: &'k BTreeMap<String, String>) -> Result<&'k str> {
    match value {
        KeyLiteral::Alias(name) => {
            let text = aliases.get(name.as_ref()).map(String::as_str).unwrap_or("null");
            Ok(text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')).unwrap_or(text))
        }
        KeyLiteral::Json(_) => Err(Error::new(ErrorCode::ODataError, "A key value cannot be a list or a record.")),
        KeyLiteral::Bare(_) | KeyLiteral::Quoted(_) | KeyLiteral::Parenthesized(_) | KeyLiteral::Enum { .. } => Ok(value.text()),
    }
}

fn id(table: &Table, text: &str) -> Result<Uuid> {
    literal::guid(text.trim_ascii()).map(Uuid::from_bytes).map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        Error::new(
            ErrorCode::ODataError,
            format!(
                "The key '{shown}' of '{}' is not valid: a GUID with dashes, or name=value for each column of an alternate key, is expected.",
                table.def.set_name
            ),
        )
    })
}

/// True for `null` without quotes, and for an alias that stands for it or for nothing (web-api 15).
fn is_null(value: &KeyLiteral<'_>, aliases: &BTreeMap<String, String>) -> bool {
    match value {
        KeyLiteral::Bare(text) => text == "null",
        KeyLiteral::Alias(name) => aliases.get(name.as_ref()).is_none_or(|text| text == "null"),
        KeyLiteral::Quoted(_) | KeyLiteral::Parenthesized(_) | KeyLiteral::Enum { .. } | KeyLiteral::Json(_) => false,
    }
}

fn key_value(snapshot: &Snapshot, table: &Table, name: &str, literal: &KeyLiteral<'_>, aliases: &BTreeMap<String, String>) -> Result<(ColumnIx, Value)> {
    // A lookup goes by `_x_value` alone, every other column by its logical name.
    let column = match lookup_in_name(table, name) {
        Some(column) => column,
        None => table.find(name).filter(|ix| table.column(*ix).lookup().is_none() && table.column(*ix).is_stored()).ok_or_else(|| bad_key(table))?,
    };
    let definition = table.column(column);
    // AK-20: a null is never found by a key; the organization says so.
    if is_null(literal, aliases) {
        return Ok((column, Value::Null));
    }
    let text = plain(literal, aliases)?;
    let value = value_of_text(definition, text).map_err(|error| {
        Error::new(
            ErrorCode::ODataError,
            format!("Cannot convert the literal '{}' of the key column '{name}' to the expected type '{}'.", error.literal, error.expected),
        )
    })?;
    Ok((
        column,
        match (definition.lookup(), value) {
            (Some(lookup), Value::Guid(id)) => {
                let code = lookup.targets.first().and_then(|target| snapshot.find(target)).map_or(TableCode(0), |target| target.def.code);
                Value::Ref(RowRef { table: code, id })
            }
            (_, value) => value,
        },
    ))
}

/// The given columns must be exactly those of one key, in any order. Whether that key is in force is for the organization to say.
fn check_key_columns(table: &Table, values: &[(ColumnIx, Value)]) -> Result<()> {
    let fits = |columns: &[driftless_model::LogicalName]| {
        columns.len() == values.len() && columns.iter().all(|name| values.iter().any(|(ix, _)| table.column(*ix).name == *name))
    };
    if table.keys.iter().any(|key| fits(&key.columns)) { Ok(()) } else { Err(bad_key(table)) }
}

fn bad_key(table: &Table) -> Error {
    let name = format!("Microsoft.Dynamics.CRM.{}", table.name());
    Error::new(
        ErrorCode::ODataError,
        format!(
            "The key in the request URI is not valid for resource '{name}'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource '{name}'."
        ),
    )
}

#[cfg(test)]
mod tests {
    use driftless_odata::url::{Segment, parse_path};

    use super::*;
    use crate::fixture::{id as fixture_id, snapshot};

    const ID: &str = "7d0c0000-0000-0000-0000-000000000001";

    fn read(path: &str) -> Result<Identity> {
        let snapshot = snapshot();
        let path = parse_path(path).unwrap();
        let Some(Segment::Named(segment)) = path.segments.first() else { panic!("no segment") };
        let aliases = BTreeMap::from([("p".to_owned(), "'A-1'".to_owned())]);
        target(&snapshot, snapshot.by_set(&segment.name).unwrap(), segment.key.as_ref().unwrap(), &aliases).map(|target| target.identity)
    }

    #[test] // web-api 7
    fn all_forms_of_keys() {
        let by_id = Identity::Id(Uuid::try_parse(ID).unwrap());
        for path in ["drf_parcels({})", "drf_parcels('{}')", "drf_parcels(drf_parcelid={})", "teams(ownerid={})", "systemusers(systemuserid={})"] {
            assert_eq!(read(&path.replace("{}", ID)).unwrap(), by_id, "{path}");
        }
        let depot = Value::Ref(RowRef { table: TableCode(21), id: Uuid::try_parse(ID).unwrap() });
        for (path, expected) in [
            ("drf_parcels(drf_code='O''Hara%2F1')", vec![(ColumnIx(3), Value::Text("O'Hara/1".to_owned()))]),
            ("drf_parcels(drf_code=@p)", vec![(ColumnIx(3), Value::Text("A-1".to_owned()))]),
            ("drf_parcels(drf_size='5',_drf_depotid_value=(7d0c0000-0000-0000-0000-000000000001))", vec![(ColumnIx(4), Value::Int(5)), (ColumnIx(10), depot)]),
        ] {
            assert_eq!(read(path).unwrap(), Identity::Key(expected), "{path}");
        }
    }

    #[test] // AK-20
    fn null_without_quotes_is_no_text() {
        for (path, expected) in [
            ("drf_parcels(drf_code=null)", Value::Null),
            ("drf_parcels(drf_code=@unassigned)", Value::Null),
            ("drf_parcels(drf_code='null')", Value::Text("null".to_owned())),
        ] {
            assert_eq!(read(path).unwrap(), Identity::Key(vec![(ColumnIx(3), expected)]), "{path}");
        }
    }

    #[test] // web-api 7, 29
    fn names_of_no_key_are_refused_in_the_services_words() {
        for path in ["drf_parcels(drf_size=5)", "drf_parcels(drf_depotid=1,drf_size=5)", "drf_parcels(drf_DepotId=1,drf_size=5)", "drf_parcels(nosuch=1)"] {
            let error = read(path).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ODataError);
            assert!(error.message().starts_with("The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.drf_parcel'."), "{path}");
        }
        assert!(read("drf_parcels(5)").unwrap_err().message().contains("GUID"));
    }

    #[test] // web-api 7, 23
    fn references_in_bodies() {
        let snapshot = snapshot();
        let find = |text: &str| reference("https://h:1", &snapshot, &Earlier::default(), text);
        for text in ["/drf_depots({})", "drf_depots({})", "https://h:1/api/data/v9.2//drf_depots({})"] {
            let target = find(&text.replace("{}", &fixture_id(9).to_string())).unwrap();
            assert_eq!((target.table.name().as_str(), target.identity), ("drf_depot", Identity::Id(fixture_id(9))));
        }
        assert_eq!(find("/nosuch(1)").unwrap_err().code(), ErrorCode::ResourceNotFound);
        assert_eq!(find("$1").unwrap_err().message(), "Content-ID Reference: '$1' does not exist in the batch context.");
    }
}
