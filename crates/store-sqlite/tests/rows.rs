//! Rows, keys, queries and definitions through the store's traits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::sync::Arc;

use driftless_model::{ColumnIx, DateBehavior, Decimal, ErrorCode, Reference, TableCode, Value, Version};
use driftless_query::{Output, ResolvedOrder, ResolvedQuery, Source};
use driftless_store::{DefinitionKind, DefinitionRow, Duplicate, KeyBuild, Length, SchemaChange, Stamped, StoreError};
use support::*;

#[test]
fn every_shape_is_read_as_written() {
    let folder = Folder::new();
    let store = folder.open();
    let account = TableBuilder::new(1, "account").name_column("name").build();
    let table = TableBuilder::new(2, "thing")
        .column("text", text())
        .column("int", integer())
        .column("decimal", decimal())
        .column("float", float())
        .column("money", money())
        .column("time", date_time(DateBehavior::UserLocal))
        .column("date", date_time(DateBehavior::DateOnly))
        .column("one", lookup(&["account"]))
        .column("many", lookup(&["account", "thing"]))
        .build();
    make(&*store, &account);
    make(&*store, &table);
    insert(&*store, &account, id(5), &[("name", Value::text("Contoso"))]).unwrap();
    let many = Reference { table: TableCode(2), id: id(9) };
    let values = [
        ("text", Value::text("Ünïcode")),
        ("int", Value::Int(-7)),
        ("decimal", Value::Decimal("-12.0000000001".parse::<Decimal>().unwrap())),
        ("float", Value::Float(1.25)),
        ("money", Value::Money(12_345)),
        ("time", Value::DateTime(-62_135_596_800)),
        ("date", Value::Date(-1)),
        ("one", Value::Ref(Reference { table: TableCode(1), id: id(5) })),
        ("many", Value::Ref(many)),
    ];
    insert(&*store, &table, id(9), &values).unwrap();
    insert(&*store, &table, id(10), &[]).unwrap();
    assert_eq!(row(&*store, &table, id(9)).unwrap(), values.map(|(_, value)| value));
    assert_eq!(row(&*store, &table, id(10)).unwrap(), vec![Value::Null; 9]);

    let mut named = ResolvedQuery::plain(&table, &[], None);
    let one = table.find("one").unwrap();
    let poly = table.find("many").unwrap();
    named.outputs.push(Output::LookupName { source: Source::ROOT, column: one });
    named.outputs.push(Output::LookupName { source: Source::ROOT, column: poly });
    named.orders = vec![ResolvedOrder::own(table.id)];
    let (rows, _) = select(&*store, named.clone());
    assert_eq!(rows[0][2..], [Value::text("Contoso"), Value::Null]);
    update(&*store, &table, id(9), &[("many", Value::Ref(Reference { table: TableCode(1), id: id(5) }))]).unwrap();
    assert_eq!(select(&*store, named).0[0][3], Value::text("Contoso"));
}

#[test]
fn duplicates_name_the_id_or_the_key_and_leave_the_unit_usable() {
    let folder = Folder::new();
    let store = folder.open();
    let table = book();
    make(&*store, &table);
    insert(&*store, &table, id(1), &[("code", Value::text("Café"))]).unwrap();
    let key = table.keys[0].id;
    let within = Arc::clone(&table);
    store
        .writing(Length::Short, move |tx| {
            let try_insert = |tx: &mut dyn driftless_store::WriteTx, number, code: &str| {
                let cells = cells(&within, &[("code", Value::text(code))]);
                let row = Stamped::new(tx, &within, id(number), &cells)?;
                Ok::<_, driftless_model::Error>(tx.insert(&row))
            };
            assert!(matches!(try_insert(tx, 1, "other")?, Err(StoreError::Duplicate(Duplicate::Id))));
            // AK-21: the key compares without case, accents and trailing blanks.
            assert!(matches!(try_insert(tx, 2, "CAFE ")?, Err(StoreError::Duplicate(Duplicate::Key(which))) if which == key));
            // AK-20: null keeps a row out of the key.
            assert!(try_insert(tx, 3, "")?.is_ok());
            assert!(try_insert(tx, 4, "")?.is_ok());
            let cells = cells(&within, &[("code", Value::text("cafe"))]);
            let change = Stamped::new(tx, &within, id(4), &cells)?;
            assert!(matches!(tx.update(&change), Err(StoreError::Duplicate(Duplicate::Key(which))) if which == key));
            Ok(())
        })
        .unwrap();
    assert_eq!(select(&*store, everything(&table)).0.len(), 3);
}

#[test] // AK-12
fn a_key_over_colliding_rows_is_not_built() {
    let folder = Folder::new();
    let store = folder.open();
    let mut table = book();
    let keys = std::mem::take(&mut Arc::get_mut(&mut table).unwrap().keys);
    make(&*store, &table);
    for (number, code) in [(1, "a"), (2, "A"), (3, "b"), (4, "b "), (5, "b"), (6, "c")] {
        insert(&*store, &table, id(number), &[("code", Value::text(code))]).unwrap();
    }
    let build = |table: Arc<driftless_model::Table>, key: driftless_model::AlternateKey| {
        store.writing(Length::Long, move |tx| Ok(tx.change_schema(&SchemaChange::BuildKey(&table, &key))?)).unwrap()
    };
    let KeyBuild::Collides { example, rows, values } = build(Arc::clone(&table), keys[0].clone()) else { panic!("the key was built") };
    assert_eq!((rows, values, example.len()), (2, 2, 1));
    for number in [2, 4, 5] {
        remove(&*store, &table, id(number), 0).unwrap();
    }
    assert_eq!(build(Arc::clone(&table), keys[0].clone()), KeyBuild::Done);
}

#[test]
fn a_table_that_is_dropped_leaves_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    let table = book();
    for _ in 0..2 {
        make(&*store, &table);
        insert(&*store, &table, id(1), &[("code", Value::text("a"))]).unwrap();
        remove(&*store, &table, id(1), 0).unwrap();
        insert(&*store, &table, id(2), &[("code", Value::text("a"))]).unwrap();
        let dropped = Arc::clone(&table);
        store.writing(Length::Long, move |tx| Ok(tx.change_schema(&SchemaChange::DropTable(&dropped))?)).unwrap();
        let left: i64 = raw(&folder)
            .query_row("SELECT (SELECT count(*) FROM _tombstone)+(SELECT count(*) FROM _tally)+(SELECT count(*) FROM _physical)", (), |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0);
    }
}

fn raw(folder: &Folder) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.database()).unwrap()
}

#[test]
fn columns_can_be_added() {
    let folder = Folder::new();
    let store = folder.open();
    let before = TableBuilder::new(3, "thing").column("a", integer()).build();
    let after = TableBuilder::new(3, "thing").column("a", integer()).column("b", lookup(&["thing", "account"])).build();
    make(&*store, &before);
    insert(&*store, &before, id(1), &[("a", Value::Int(1))]).unwrap();
    let added = Arc::clone(&after);
    store
        .writing(Length::Short, move |tx| {
            tx.change_schema(&SchemaChange::AddColumn(&added, ColumnIx(3)))?;
            tx.change_schema(&SchemaChange::IndexLookup(&added, ColumnIx(3)))?;
            Ok(())
        })
        .unwrap();
    insert(&*store, &after, id(2), &[("b", Value::Ref(Reference { table: TableCode(3), id: id(1) }))]).unwrap();
    assert_eq!(row(&*store, &after, id(1)).unwrap(), [Value::Int(1), Value::Null]);
    assert_eq!(row(&*store, &after, id(2)).unwrap()[1].id(), Some(id(1)));
}

#[test]
fn definitions_settings_and_the_metadata_number() {
    let folder = Folder::new();
    let store = folder.open();
    let row = |number: u128, version, body: &str| DefinitionRow {
        kind: DefinitionKind::Key,
        id: id(number),
        owner: Some(id(9)),
        version: Version(version),
        body: body.to_owned(),
    };
    store
        .writing(Length::Short, move |tx| {
            tx.put_definition(&row(1, 5, "one"))?;
            tx.put_definition(&row(2, 6, "two"))?;
            tx.put_definition(&row(1, 7, "one, changed"))?;
            tx.set_setting("a", "b")?;
            Ok(())
        })
        .unwrap();
    let read = |since| {
        store
            .reading(|tx| Ok((tx.metadata_number()?, driftless_store::fixture::definitions(tx, Version(since))?, tx.removed_definitions(Version(since))?)))
            .unwrap()
    };
    assert_eq!(read(0), (Version(7), vec![row(2, 6, "two"), row(1, 7, "one, changed")], vec![]));
    assert_eq!(read(6).1, [row(1, 7, "one, changed")]);
    store.writing(Length::Short, |tx| Ok(tx.remove_definition(DefinitionKind::Key, id(2), Version(8), 0)?)).unwrap();
    assert_eq!(read(7), (Version(8), vec![], vec![(DefinitionKind::Key, id(2), Version(8))]));
    assert_eq!(store.reading(|tx| Ok((tx.setting("a")?, tx.setting("c")?))).unwrap(), (Some("b".to_owned()), None));
}

#[test] // REL-05
fn a_unit_that_fails_leaves_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    let table = book();
    make(&*store, &table);
    let before = position(&*store);
    let within = Arc::clone(&table);
    let failed: Result<()> = store.writing(Length::Short, move |tx| {
        insert_in(tx, &within, id(1), &[])?;
        tx.set_setting("a", "b")?;
        tx.change_schema(&SchemaChange::CreateTable(&TableBuilder::new(8, "other").build()))?;
        tx.put_definition(&DefinitionRow { kind: DefinitionKind::Table, id: id(8), owner: None, version: Version(99), body: String::new() })?;
        Err(driftless_model::Error::argument("no"))
    });
    assert_eq!(failed.unwrap_err().code(), ErrorCode::InvalidArgument);
    assert_eq!(position(&*store), before);
    assert_eq!(select(&*store, everything(&table)).0.len(), 0);
    assert_eq!(store.reading(|tx| Ok((tx.setting("a")?, tx.metadata_number()?))).unwrap(), (None, Version(0)));
    // A5: the number is not given again, and the table can be made after all.
    let version = insert(&*store, &table, id(1), &[]).unwrap();
    assert_eq!(version, Version(2));
    make(&*store, &TableBuilder::new(8, "other").build());
}
