//! Definitions, settings and physical changes.

use std::sync::Arc;

use driftless_model::{ColumnType, Error, ErrorCode, Result, Table, Uuid, Value, Version};

use crate::fixture::{self, Library, Opener, build_key, column, contents, definitions, id, insert, key, plain, put, select, text, unit};
use crate::{DefinitionKind, DefinitionRow, KeyBuild, Length, SchemaChange, Store, StoreError};

fn define(store: &dyn Store, kind: DefinitionKind, id: Uuid, owner: Option<Uuid>, body: &str) -> Result<Version> {
    let body = body.to_owned();
    store.writing(Length::Short, move |tx| {
        let version = tx.next_version()?;
        tx.put_definition(&DefinitionRow { kind, id, owner, version, body: body.clone() })?;
        Ok(version)
    })
}

fn undefine(store: &dyn Store, kind: DefinitionKind, id: Uuid) -> Result<Version> {
    store.writing(Length::Short, move |tx| {
        let version = tx.next_version()?;
        tx.remove_definition(kind, id, version, 0)?;
        Ok(version)
    })
}

fn read(store: &dyn Store, since: Version) -> Result<Vec<DefinitionRow>> {
    store.reading(|tx| Ok(definitions(tx, since)?))
}

/// Definitions come by version, those after a version only; writing one again replaces it.
///
/// # Errors
/// When the store fails.
pub fn definitions_are_read_since_a_version(opener: &Opener) -> Result<()> {
    let store = opener();
    assert_eq!(read(&*store, Version(0))?, []);
    let table = define(&*store, DefinitionKind::Table, id(1), None, "{\"name\":\"ä'\"}")?;
    // The identity is of a kind: other kinds may use it too.
    let mut versions = vec![table];
    for kind in DefinitionKind::ALL.into_iter().skip(1) {
        versions.push(define(&*store, kind, id(1), Some(id(9)), kind.as_str())?);
    }
    let all = read(&*store, Version(0))?;
    assert_eq!(all.iter().map(|row| row.version).collect::<Vec<_>>(), versions);
    assert_eq!(all[0], DefinitionRow { kind: DefinitionKind::Table, id: id(1), owner: None, version: table, body: "{\"name\":\"ä'\"}".to_owned() });
    assert_eq!((all[1].kind, all[1].owner, all[1].body.as_str()), (DefinitionKind::Column, Some(id(9)), "column"));
    let again = define(&*store, DefinitionKind::Table, id(1), None, "{}")?;
    let newest = read(&*store, versions[versions.len() - 1])?;
    assert_eq!(newest, [DefinitionRow { kind: DefinitionKind::Table, id: id(1), owner: None, version: again, body: "{}".to_owned() }]);
    assert_eq!(read(&*store, Version(0))?.len(), versions.len());
    Ok(())
}

/// A removed definition is gone and told of since a version; made again, it is there and no longer told of.
///
/// # Errors
/// When the store fails.
pub fn a_removed_definition_is_told(opener: &Opener) -> Result<()> {
    let store = opener();
    define(&*store, DefinitionKind::Table, id(1), None, "{}")?;
    let second = define(&*store, DefinitionKind::Key, id(2), Some(id(1)), "{}")?;
    let first_gone = undefine(&*store, DefinitionKind::Table, id(1))?;
    let second_gone = undefine(&*store, DefinitionKind::Key, id(2))?;
    let removed = |since| store.reading(|tx| Ok(tx.removed_definitions(since)?));
    assert_eq!(read(&*store, Version(0))?, []);
    assert_eq!(removed(second)?, [(DefinitionKind::Table, id(1), first_gone), (DefinitionKind::Key, id(2), second_gone)]);
    assert_eq!(removed(first_gone)?, [(DefinitionKind::Key, id(2), second_gone)]);
    assert_eq!(removed(second_gone)?, []);
    define(&*store, DefinitionKind::Table, id(1), None, "{}")?;
    assert_eq!(removed(Version(0))?, [(DefinitionKind::Key, id(2), second_gone)]);
    Ok(())
}

/// Settings are kept by name.
///
/// # Errors
/// When the store fails.
pub fn settings_are_kept(opener: &Opener) -> Result<()> {
    let store = opener();
    let read = |name: &'static str| store.reading(|tx| Ok(tx.setting(name)?));
    assert_eq!(read("color")?, None);
    for value in ["green", "blue", "", "ä\u{1F600}'\""] {
        store.writing(Length::Short, move |tx| Ok(tx.set_setting("color", value)?))?;
        assert_eq!(read("color")?.as_deref(), Some(value));
    }
    assert_eq!(read("Color")?, None);
    Ok(())
}

/// The metadata number is the version of the newest change of a definition; rows do not move it (A8).
///
/// # Errors
/// When the store fails.
pub fn the_metadata_number_follows_definitions(opener: &Opener) -> Result<()> {
    let store = opener();
    let number = || store.reading(|tx| Ok(tx.metadata_number()?));
    let book = Library::create(&*store)?.book;
    let defined = define(&*store, DefinitionKind::Table, id(1), None, "{}")?;
    assert_eq!(number()?, defined);
    put(&*store, &book, id(1), &[])?;
    assert_eq!(number()?, defined);
    let gone = undefine(&*store, DefinitionKind::Table, id(1))?;
    assert_eq!(number()?, gone);
    let failed: Result<()> = store.writing(Length::Short, |tx| {
        let version = tx.next_version()?;
        tx.put_definition(&DefinitionRow { kind: DefinitionKind::Table, id: id(1), owner: None, version, body: String::new() })?;
        assert_eq!(tx.metadata_number()?, version, "a unit sees its own definitions");
        Err(Error::of(ErrorCode::InvalidArgument))
    });
    assert!(failed.is_err());
    assert_eq!(number()?, gone);
    Ok(())
}

/// A table with one column more than the one that the rows were written with.
fn widened(table: &Arc<Table>) -> Result<Arc<Table>> {
    let mut columns = table.columns.clone();
    let mut more = column("pages", ColumnType::BigInt);
    more.number = u16::try_from(columns.len() + 1).unwrap_or(u16::MAX);
    columns.push(more);
    Ok(Arc::new(Table::new(table.def.clone(), Version(2), columns, table.keys.clone())?))
}

/// An added column is null in present rows and takes values from then on.
///
/// # Errors
/// When the store fails.
pub fn an_added_column_is_null(opener: &Opener) -> Result<()> {
    let store = opener();
    let author = Library::create(&*store)?.author;
    put(&*store, &author, id(1), &[("name", Value::text("Ann"))])?;
    let before = contents(&*store, &author, "name")?;
    let wide = widened(&author)?;
    unit(&*store, &wide, |tx, wide| tx.change_schema(&SchemaChange::AddColumn(wide, wide.require("pages")?)).map(drop))?;
    assert_eq!(contents(&*store, &wide, "name")?, before);
    put(&*store, &wide, id(2), &[("pages", Value::BigInt(7))])?;
    fixture::change(&*store, &wide, id(1), &[("pages", Value::BigInt(8))])?;
    let mut values: Vec<_> = contents(&*store, &wide, "pages")?.into_iter().map(|(id, _, value)| (id, value)).collect();
    values.sort_by(|a, b| a.1.compare(&b.1));
    assert_eq!(values, [(id(2), Value::BigInt(7)), (id(1), Value::BigInt(8))]);
    Ok(())
}

/// A dropped table is gone with its rows and tombstones: one of the same name, made later, begins empty (CT-15).
///
/// # Errors
/// When the store fails.
pub fn a_dropped_table_is_gone(opener: &Opener) -> Result<()> {
    let store = opener();
    let token = store.reading(|tx| Ok(tx.position()?))?;
    let library = Library::create_with(&*store, &[key(1, &["code"])])?;
    let book = &library.book;
    put(&*store, book, id(1), &[("code", Value::text("A"))])?;
    put(&*store, book, id(2), &[])?;
    fixture::take(&*store, book, id(2))?;
    unit(&*store, book, |tx, book| tx.change_schema(&SchemaChange::DropTable(book)).map(drop))?;
    let query = plain(book, &["name"], None)?;
    assert!(store.reading(|tx| Ok(select(tx, &query)?)).is_err(), "a dropped table was read");
    fixture::create_table(&*store, book)?;
    assert_eq!(contents(&*store, book, "name")?, []);
    let until = store.reading(|tx| Ok(tx.position()?))?;
    let request = crate::ChangeRequest { query: &query, since: Some(&token), until: &until, cut: None, limit: 10 };
    assert_eq!(store.reading(|tx| Ok(tx.count_changes(&request)?))?, 0);
    Ok(())
}

/// A key over rows that collide is not built; the answer tells an example and how many there are (AK-12). Rows with a null do not collide (AK-20).
///
/// # Errors
/// When the store fails.
pub fn a_colliding_key_is_not_built(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let code = key(1, &["code", "pages"]);
    for (number, (text, pages)) in
        (0..).zip([("A", Some(1)), ("a ", Some(1)), ("A", Some(1)), ("B", Some(2)), ("b", Some(2)), ("C", None), ("C", None), ("D", Some(1))])
    {
        put(&*store, &book, id(number), &[("code", Value::text(text)), ("pages", pages.map_or(Value::Null, Value::Int))])?;
    }
    let KeyBuild::Collides { example, rows, values } = build_key(&*store, &book, &code)? else {
        return Err(Error::damaged("a key over colliding rows was built"));
    };
    let example_is = |text: &str, pages: i32| example.len() == 2 && example[0].compare(&Value::text(text)).is_eq() && example[1] == Value::Int(pages);
    assert!(example_is("a", 1) && rows == 3 || example_is("b", 2) && rows == 2, "{example:?} {rows}");
    assert_eq!(values, 2);
    // Nothing was made: the value is still free.
    put(&*store, &book, id(20), &[("code", Value::text("A")), ("pages", Value::Int(1))])?;
    Ok(())
}

/// A key is in force from when its index is built until it is dropped, present rows included; building it twice is no error.
///
/// # Errors
/// When the store fails.
pub fn a_key_can_be_dropped_and_built_again(opener: &Opener) -> Result<()> {
    let store = opener();
    let code = key(1, &["code"]);
    let library = Library::new(vec![code.clone()])?;
    let book = &library.book;
    fixture::create_table(&*store, book)?;
    put(&*store, book, id(1), &[("code", Value::text("A"))])?;
    for _ in 0..2 {
        assert_eq!(build_key(&*store, book, &code)?, KeyBuild::Done);
    }
    assert!(put(&*store, book, id(2), &[("code", Value::text("a"))]).is_err());
    for _ in 0..2 {
        let dropped = code.clone();
        let done = unit(&*store, book, move |tx, book| tx.change_schema(&SchemaChange::DropKey(book, &dropped)))?;
        assert_eq!(done, KeyBuild::Done);
    }
    put(&*store, book, id(2), &[("code", Value::text("a"))])?;
    assert!(matches!(build_key(&*store, book, &code)?, KeyBuild::Collides { rows: 2, values: 1, .. }));
    fixture::take(&*store, book, id(1))?;
    assert_eq!(build_key(&*store, book, &code)?, KeyBuild::Done);
    assert!(put(&*store, book, id(3), &[("code", Value::text("A"))]).is_err());
    Ok(())
}

/// Physical changes are part of their unit: if it fails, they did not happen.
///
/// # Errors
/// When the store fails.
pub fn a_failed_unit_changes_no_schema(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let code = key(1, &["code"]);
    let book = Arc::clone(&Library::new(vec![code.clone()])?.book);
    let extra = Arc::new(fixture::table("extra", driftless_model::TableCode(10_003), true, vec![text("name")], Vec::new())?);
    let inner = Arc::clone(&extra);
    let failed: Result<()> = unit(&*store, &book, move |tx, book| {
        tx.change_schema(&SchemaChange::CreateTable(&inner))?;
        insert(tx, &inner, id(1), &[("name", Value::text("x"))])?;
        tx.change_schema(&SchemaChange::BuildKey(book, &code))?;
        insert(tx, book, id(2), &[("code", Value::text("A"))])?;
        Err(StoreError::failed("on purpose"))
    });
    assert!(failed.is_err());
    put(&*store, &library.book, id(1), &[("code", Value::text("A"))])?;
    put(&*store, &library.book, id(2), &[("code", Value::text("A"))])?;
    fixture::create_table(&*store, &extra)?;
    assert_eq!(contents(&*store, &extra, "name")?, []);
    Ok(())
}
