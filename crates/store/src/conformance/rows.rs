//! Rows and alternate keys.

use driftless_model::{Decimal, Result, Uuid, Value};

use crate::fixture::{Library, Opener, change, contents, id, insert, key, plain, put, reference, select, take, unit, update};
use crate::{Duplicate, StoreError, StoreResult};

/// Values of every shape, also at the ends of their ranges, come back as they were written.
///
/// # Errors
/// When the store fails.
pub fn values_of_every_shape_come_back(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let book = &library.book;
    put(&*store, &library.author, id(9), &[("name", Value::text("Ann"))])?;
    let rows: [&[(&str, Value)]; 3] = [
        &[
            ("name", Value::text("Größe 'x' \u{1F600}")),
            ("available", Value::Bool(true)),
            ("pages", Value::Int(i32::MIN)),
            ("copies", Value::BigInt(i64::MAX)),
            ("weight", Value::Decimal(Decimal::new(-12_345_678_901, 10))),
            ("price", Value::Money(i64::MIN)),
            ("rating", Value::Float(0.1)),
            ("origin", Value::Guid(Uuid::max())),
            ("printed", Value::DateTime(-6_847_804_800)),
            ("published", Value::Date(-79_256)),
            ("genre", Value::Int(3)),
            ("tags", Value::Choices(vec![-2, 10, 11])),
            ("author", reference(&library.author, id(9))),
            ("related", reference(book, id(2))),
        ],
        &[
            ("name", Value::text(" a ")),
            ("available", Value::Bool(false)),
            ("pages", Value::Int(i32::MAX)),
            ("copies", Value::BigInt(i64::MIN)),
            ("weight", Value::Decimal(Decimal::new(1, 10))),
            ("price", Value::Money(i64::MAX)),
            ("rating", Value::Float(f64::MIN_POSITIVE)),
            ("origin", Value::Guid(Uuid::nil())),
            ("printed", Value::DateTime(253_402_300_799)),
            ("published", Value::Date(2_932_896)),
            ("related", reference(&library.author, id(9))),
        ],
        &[],
    ];
    for (number, cells) in (1..).zip(rows) {
        put(&*store, book, id(number), cells)?;
        for (name, value) in cells {
            let found = contents(&*store, book, name)?.into_iter().find(|(found, _, _)| *found == id(number));
            assert_eq!(found.map(|(_, _, found)| found).as_ref(), Some(value), "{name}");
        }
    }
    for name in ["name", "available", "weight", "tags", "author", "related"] {
        assert_eq!(contents(&*store, book, name)?.into_iter().find(|(found, _, _)| *found == id(3)).map(|(_, _, value)| value), Some(Value::Null), "{name}");
    }
    // An update writes the columns that it names, null too, and no others.
    change(&*store, book, id(1), &[("pages", Value::Null), ("related", Value::Null), ("genre", Value::Int(4))])?;
    let query = plain(book, &["pages", "related", "genre", "price"], None)?;
    let (rows, _) = store.reading(|tx| Ok(select(tx, &query)?))?;
    let row = rows.iter().find(|row| row.values[0] == Value::Guid(id(1))).map(|row| row.values[2..].to_vec());
    assert_eq!(row, Some(vec![Value::Null, Value::Null, Value::Int(4), Value::Money(i64::MIN)]));
    Ok(())
}

/// A second row with an id is refused; the first stays.
///
/// # Errors
/// When the store fails.
pub fn an_id_is_taken_once(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[("name", Value::text("one"))])?;
    let before = contents(&*store, &book, "name")?;
    let refused = unit(&*store, &book, |tx, book| Ok(duplicate(insert(tx, book, id(1), &[("name", Value::text("two"))]))))?;
    assert_eq!(refused, Some(Duplicate::Id));
    assert_eq!(contents(&*store, &book, "name")?, before);
    Ok(())
}

/// Updates and removals of rows that are not there say so and change nothing.
///
/// # Errors
/// When the store fails.
pub fn missing_rows_are_told(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    assert_eq!(change(&*store, &book, id(1), &[("name", Value::text("one"))])?, None);
    assert_eq!(take(&*store, &book, id(1))?, None);
    put(&*store, &book, id(1), &[])?;
    assert!(take(&*store, &book, id(1))?.is_some());
    assert_eq!(take(&*store, &book, id(1))?, None);
    assert_eq!(contents(&*store, &book, "name")?, []);
    Ok(())
}

/// A second row with the value of a key is refused, in inserts and updates (AK-19); writing a row's own value again is not.
///
/// # Errors
/// When the store fails.
pub fn a_key_is_taken_once(opener: &Opener) -> Result<()> {
    let store = opener();
    let code = key(1, &["code"]);
    let book = Library::create_with(&*store, std::slice::from_ref(&code))?.book;
    put(&*store, &book, id(1), &[("code", Value::text("A"))])?;
    put(&*store, &book, id(2), &[("code", Value::text("B"))])?;
    let refused = unit(&*store, &book, |tx, book| {
        let inserted = duplicate(insert(tx, book, id(3), &[("code", Value::text("A"))]));
        let updated = duplicate(update(tx, book, id(2), &[("code", Value::text("A"))]));
        Ok((inserted, updated, update(tx, book, id(2), &[("code", Value::text("B")), ("pages", Value::Int(1))])?.is_some()))
    })?;
    assert_eq!(refused, (Some(Duplicate::Key(code.id)), Some(Duplicate::Key(code.id)), true));
    let left: Vec<_> = contents(&*store, &book, "code")?.into_iter().map(|(id, _, code)| (id, code)).collect();
    let mut expected = vec![(id(1), Value::text("A")), (id(2), Value::text("B"))];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(left, expected);
    Ok(())
}

/// A row with null in any column of a key is outside the key (AK-20).
///
/// # Errors
/// When the store fails.
pub fn a_null_keeps_a_row_out_of_a_key(opener: &Opener) -> Result<()> {
    let store = opener();
    let both = key(1, &["code", "pages"]);
    let book = Library::create_with(&*store, std::slice::from_ref(&both))?.book;
    put(&*store, &book, id(1), &[("code", Value::text("A"))])?;
    put(&*store, &book, id(2), &[("code", Value::text("A"))])?;
    put(&*store, &book, id(3), &[("pages", Value::Int(1))])?;
    put(&*store, &book, id(4), &[("pages", Value::Int(1))])?;
    put(&*store, &book, id(5), &[])?;
    put(&*store, &book, id(6), &[("code", Value::text("A")), ("pages", Value::Int(1))])?;
    // Completing the value brings the row into the key.
    let refused = unit(&*store, &book, |tx, book| {
        let by_pages = duplicate(update(tx, book, id(1), &[("pages", Value::Int(1))]));
        let by_code = duplicate(update(tx, book, id(3), &[("code", Value::text("a "))]));
        Ok((by_pages, by_code, update(tx, book, id(6), &[("pages", Value::Null)])?.is_some(), update(tx, book, id(1), &[("pages", Value::Int(1))])?.is_some()))
    })?;
    assert_eq!(refused, (Some(Duplicate::Key(both.id)), Some(Duplicate::Key(both.id)), true, true));
    Ok(())
}

/// Text compares without case, accents and trailing blanks in keys (AK-21).
///
/// # Errors
/// When the store fails.
pub fn keys_compare_folded(opener: &Opener) -> Result<()> {
    let store = opener();
    let code = key(1, &["code"]);
    let book = Library::create_with(&*store, std::slice::from_ref(&code))?.book;
    for (number, (first, second, same)) in (0..).step_by(2).zip([
        ("Café", "cafe ", true),
        ("STRASSE", "straße", true),
        ("Ångström", "angstrom", true),
        ("A\u{301}B", "áb", true),
        (" x", "x", false),
        ("a b", "a  b", false),
        ("I", "ı", false),
        ("%_[", "%_]", false),
    ]) {
        let refused = unit(&*store, &book, move |tx, book| {
            insert(tx, book, id(number), &[("code", Value::text(first))])?;
            Ok(duplicate(insert(tx, book, id(number + 1), &[("code", Value::text(second))])))
        })?;
        assert_eq!(refused, same.then_some(Duplicate::Key(code.id)), "{first:?} {second:?}");
    }
    Ok(())
}

/// After a refused write the unit goes on and can be kept.
///
/// # Errors
/// When the store fails.
pub fn a_refused_write_leaves_the_unit_usable(opener: &Opener) -> Result<()> {
    let store = opener();
    let code = key(1, &["code"]);
    let book = Library::create_with(&*store, std::slice::from_ref(&code))?.book;
    put(&*store, &book, id(1), &[("code", Value::text("A"))])?;
    unit(&*store, &book, |tx, book| {
        insert(tx, book, id(2), &[("code", Value::text("B"))])?;
        assert!(duplicate(insert(tx, book, id(3), &[("code", Value::text("a"))])).is_some());
        assert!(duplicate(insert(tx, book, id(2), &[])).is_some());
        insert(tx, book, id(3), &[("code", Value::text("C"))]).map(drop)
    })?;
    let mut codes: Vec<_> = contents(&*store, &book, "code")?.into_iter().map(|(_, _, code)| code).collect();
    codes.sort_by(Value::compare);
    assert_eq!(codes, ["A", "B", "C"].map(Value::text));
    Ok(())
}

/// A key of several columns is taken by the combination, and the refused key is the one that is named.
///
/// # Errors
/// When the store fails.
pub fn keys_of_several_columns(opener: &Opener) -> Result<()> {
    let store = opener();
    let keys = [key(1, &["code"]), key(2, &["weight", "author", "printed"])];
    let library = Library::create_with(&*store, &keys)?;
    let (ann, bob) = (reference(&library.author, id(101)), reference(&library.author, id(102)));
    let second =
        move |author: &Value, weight: i64| [("weight", Value::Decimal(Decimal::new(weight, 1))), ("author", author.clone()), ("printed", Value::DateTime(0))];
    let refused = unit(&*store, &library.book, move |tx, book| {
        insert(tx, book, id(1), &second(&ann, 15))?;
        insert(tx, book, id(2), &second(&bob, 15))?;
        insert(tx, book, id(3), &second(&ann, 16))?;
        Ok(duplicate(insert(tx, book, id(4), &second(&ann, 15))))
    })?;
    assert_eq!(refused, Some(Duplicate::Key(keys[1].id)));
    // The same number, written with another scale.
    let refused = unit(&*store, &library.book, {
        let ann = reference(&library.author, id(101));
        move |tx, book| {
            let cells = [("weight", Value::Decimal(Decimal::new(150, 2))), ("author", ann.clone()), ("printed", Value::DateTime(0))];
            Ok(duplicate(insert(tx, book, id(5), &cells)))
        }
    })?;
    assert_eq!(refused, Some(Duplicate::Key(keys[1].id)));
    Ok(())
}

/// The value of a key is free when its row is removed or changed, in the same unit too.
///
/// # Errors
/// When the store fails.
pub fn a_key_value_is_free_again(opener: &Opener) -> Result<()> {
    let store = opener();
    let code = key(1, &["code"]);
    let book = Library::create_with(&*store, std::slice::from_ref(&code))?.book;
    put(&*store, &book, id(1), &[("code", Value::text("A"))])?;
    take(&*store, &book, id(1))?;
    put(&*store, &book, id(2), &[("code", Value::text("A"))])?;
    unit(&*store, &book, |tx, book| {
        update(tx, book, id(2), &[("code", Value::text("B"))])?;
        insert(tx, book, id(3), &[("code", Value::text("A"))]).map(drop)
    })?;
    assert_eq!(contents(&*store, &book, "code")?.len(), 2);
    Ok(())
}

/// The unique value that a write met, if that is how it ended.
fn duplicate<T>(result: StoreResult<T>) -> Option<Duplicate> {
    match result {
        Err(StoreError::Duplicate(duplicate)) => Some(duplicate),
        Ok(_) | Err(_) => None,
    }
}
