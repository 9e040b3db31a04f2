//! Filters: every test on every shape.

use std::sync::Arc;

use driftless_model::{Decimal, Error, Result, Table, Value};
use driftless_query::{Comparison, ResolvedCondition, ResolvedFilter, ResolvedQuery, Source, Test};

use super::queries::{fill, found};
use crate::Store;
use crate::fixture::{Cells, Library, Opener, id, put, reference};

const COMPARISONS: [Comparison; 6] =
    [Comparison::Equal, Comparison::NotEqual, Comparison::Greater, Comparison::GreaterEqual, Comparison::Less, Comparison::LessEqual];

/// The numbers of rows that a filter holds of, ascending.
fn filtered(store: &dyn Store, table: &Arc<Table>, filter: ResolvedFilter) -> Result<Vec<u32>> {
    let mut numbers = found(store, ResolvedQuery::plain(table, &[], Some(filter)))?;
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn condition(table: &Table, column: &str, test: Test) -> Result<ResolvedFilter> {
    Ok(ResolvedFilter::Condition(ResolvedCondition { source: Source::ROOT, column: table.require(column)?, test }))
}

/// For each column values in ascending order, none equal to another.
pub(super) fn ascending(library: &Library) -> Vec<(&'static str, Vec<Value>)> {
    let mut ids = [id(1), id(2), id(3)];
    ids.sort();
    let to = |table: &Table| ids.map(|id| reference(table, id)).to_vec();
    vec![
        ("available", [false, true].map(Value::Bool).to_vec()),
        ("pages", [i32::MIN, -1, 0, 1, i32::MAX].map(Value::Int).to_vec()),
        ("copies", [i64::MIN, -1, 0, i64::MAX].map(Value::BigInt).to_vec()),
        ("weight", ["-2.5", "-0.0000000001", "0", "1", "1.5", "10"].map(decimal).to_vec()),
        ("price", [-20_000, -1, 0, 9_999, 10_000].map(Value::Money).to_vec()),
        ("rating", [-1.5, 0.0, 0.1, 2.0, 1e300].map(Value::Float).to_vec()),
        ("name", [" a", "%", "a", "Ab", "abc", "b", "éclair x", "Zebra", "\u{3b1}", "\u{1F600}"].map(Value::text).to_vec()),
        ("origin", ids.map(Value::Guid).to_vec()),
        ("printed", [-6_847_804_800, -1, 0, 1, 253_402_300_799].map(Value::DateTime).to_vec()),
        ("published", [-79_256, -1, 0, 1, 2_932_896].map(Value::Date).to_vec()),
        ("genre", [-1, 0, 10, 9_999].map(Value::Int).to_vec()),
        ("author", to(&library.author)),
        ("related", to(&library.book)),
    ]
}

fn decimal(text: &str) -> Value {
    text.parse::<Decimal>().map_or(Value::Null, Value::Decimal)
}

/// Every comparison of every shape with every value; null is unequal to any value, and nothing else.
///
/// # Errors
/// When the store fails.
pub fn every_comparison_and_shape(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let book = &library.book;
    let mut next = 0;
    for (column, values) in ascending(&library) {
        let first = next;
        for value in &values {
            put(&*store, book, id(next), &[("code", Value::text(column)), (column, value.clone())])?;
            next += 1;
        }
        put(&*store, book, id(next), &[("code", Value::text(column))])?;
        next += 1;
        let of_column = condition(book, "code", Test::Compare(Comparison::Equal, Value::text(column)))?;
        for (at, with) in (first..).zip(&values) {
            for comparison in COMPARISONS {
                let mut expected: Vec<u32> = (first..next - 1).filter(|row| comparison.holds(row.cmp(&at))).collect();
                expected.extend((comparison == Comparison::NotEqual).then_some(next - 1));
                let filter = ResolvedFilter::And(vec![of_column.clone(), condition(book, column, Test::Compare(comparison, with.clone()))?]);
                assert_eq!(filtered(&*store, book, filter)?, expected, "{column} {comparison:?} {with:?}");
            }
        }
    }
    Ok(())
}

/// Null, not null and lists; an empty list holds of nothing.
///
/// # Errors
/// When the store fails.
pub fn tests_of_null_and_lists(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let word = |word: &str| ("name", Value::text(word));
    fill(&*store, &book, &[&[word("a"), ("pages", Value::Int(1))], &[word("B"), ("pages", Value::Int(2))], &[word("c")], &[("pages", Value::Int(1))]])?;
    let check = |column: &str, test: Test, expected: &[u32]| {
        let filter = condition(&book, column, test.clone())?;
        assert_eq!(filtered(&*store, &book, filter.clone())?, expected, "{column} {test:?}");
        let others: Vec<u32> = (0..4).filter(|row| !expected.contains(row)).collect();
        assert_eq!(filtered(&*store, &book, ResolvedFilter::Not(Box::new(filter)))?, others, "not {column} {test:?}");
        Ok::<_, Error>(())
    };
    check("name", Test::Null, &[3])?;
    check("name", Test::NotNull, &[0, 1, 2])?;
    check("name", Test::In(["b ", "C", "x"].map(Value::text).to_vec()), &[1, 2])?;
    check("name", Test::In(Vec::new()), &[])?;
    check("pages", Test::In(vec![Value::Int(1), Value::Int(9)]), &[0, 3])?;
    check("pages", Test::Compare(Comparison::NotEqual, Value::Int(1)), &[1, 2])?;
    check("pages", Test::Compare(Comparison::Less, Value::Int(2)), &[0, 3])?;
    check("related", Test::Null, &[0, 1, 2, 3])?;
    Ok(())
}

/// Patterns compare as text does, folded, with wildcards; never true of null (AK-21).
///
/// # Errors
/// When the store fails.
pub fn patterns_match_folded(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let names = ["Contoso", "CAFÉ", "100% wool", "a[b", "cafe au lait", "x_y"].map(|name| [("name", Value::text(name))]);
    let mut rows: Vec<Cells<'_>> = names.iter().map(<[_; 1]>::as_slice).collect();
    rows.push(&[]);
    fill(&*store, &book, &rows)?;
    for (pattern, expected) in [
        ("%", &[0, 1, 2, 3, 4, 5][..]),
        ("con%", &[0]),
        ("%OSO", &[0]),
        ("%cafe%", &[1, 4]),
        ("café", &[1]),
        ("c_ntoso", &[0]),
        ("[ac]%", &[0, 1, 3, 4]),
        ("[^ac]%", &[2, 5]),
        ("%[%]%", &[2]),
        ("a[b", &[3]),
        ("x[_]y", &[5]),
        ("", &[]),
    ] {
        assert_eq!(filtered(&*store, &book, condition(&book, "name", Test::Matches(pattern.to_owned()))?)?, expected, "{pattern:?}");
    }
    Ok(())
}

/// Several choices compare with text, and match patterns, as the text of their numbers.
///
/// # Errors
/// When the store fails.
pub fn several_choices_compare_as_text(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let tags = [&[1][..], &[1, 2], &[10], &[-3, 12]].map(|tags| [("tags", Value::Choices(tags.to_vec()))]);
    let mut rows: Vec<Cells<'_>> = tags.iter().map(<[_; 1]>::as_slice).collect();
    rows.push(&[]);
    fill(&*store, &book, &rows)?;
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::text(*text)).collect();
    for (test, expected) in [
        (Test::Compare(Comparison::Equal, Value::text("1,2")), &[1][..]),
        (Test::Compare(Comparison::NotEqual, Value::text("1")), &[1, 2, 3, 4]),
        (Test::In(texts(&["10", "-3,12", "2,1"])), &[2, 3]),
        (Test::Matches("%2%".to_owned()), &[1, 3]),
        (Test::Matches("1%".to_owned()), &[0, 1, 2]),
        (Test::Null, &[4]),
    ] {
        assert_eq!(filtered(&*store, &book, condition(&book, "tags", test.clone())?)?, expected, "{test:?}");
    }
    Ok(())
}

/// Columns compare with columns; two nulls are neither equal nor unequal, one null is unequal.
///
/// # Errors
/// When the store fails.
pub fn columns_compare_with_columns(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let pair = |a: Option<i32>, b: Option<i32>| [("pages", a.map_or(Value::Null, Value::Int)), ("genre", b.map_or(Value::Null, Value::Int))];
    let pairs = [pair(Some(1), Some(1)), pair(Some(1), Some(2)), pair(Some(2), Some(1)), pair(Some(1), None), pair(None, Some(1)), pair(None, None)];
    fill(&*store, &book, &pairs.iter().map(<[_; 2]>::as_slice).collect::<Vec<_>>())?;
    for (comparison, expected) in COMPARISONS.into_iter().zip([&[0][..], &[1, 2, 3, 4], &[2], &[0, 2], &[1], &[0, 1]]) {
        let filter = condition(&book, "pages", Test::CompareColumn(comparison, Source::ROOT, book.require("genre")?))?;
        assert_eq!(filtered(&*store, &book, filter)?, expected, "{comparison:?}");
    }
    Ok(())
}

/// And, or, not, nested and empty; conditions are true or false, never unknown.
///
/// # Errors
/// When the store fails.
pub fn trees_of_conditions(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let pages = [Some(1), Some(2), None].map(|pages| [("pages", pages.map_or(Value::Null, Value::Int))]);
    fill(&*store, &book, &pages.iter().map(<[_; 1]>::as_slice).collect::<Vec<_>>())?;
    let is = |value: i32| condition(&book, "pages", Test::Compare(Comparison::Equal, Value::Int(value)));
    let not = |filter: ResolvedFilter| ResolvedFilter::Not(Box::new(filter));
    let many = (0..300).map(is).collect::<Result<Vec<_>>>()?;
    for (filter, expected) in [
        (ResolvedFilter::And(vec![]), &[0, 1, 2][..]),
        (ResolvedFilter::Or(vec![]), &[]),
        (not(ResolvedFilter::And(vec![])), &[]),
        (not(is(1)?), &[1, 2]),
        (not(not(is(1)?)), &[0]),
        (ResolvedFilter::Or(vec![is(1)?, is(2)?]), &[0, 1]),
        (not(ResolvedFilter::Or(vec![is(1)?, is(2)?])), &[2]),
        (ResolvedFilter::And(vec![is(1)?, is(2)?]), &[]),
        (not(ResolvedFilter::And(vec![is(1)?, is(2)?])), &[0, 1, 2]),
        (ResolvedFilter::And(vec![not(is(1)?), ResolvedFilter::Or(vec![is(2)?, condition(&book, "pages", Test::Null)?])]), &[1, 2]),
        (ResolvedFilter::Or(many.clone()), &[0, 1]),
        (ResolvedFilter::And(many.into_iter().map(not).collect()), &[2]),
    ] {
        assert_eq!(filtered(&*store, &book, filter.clone())?, expected, "{filter:?}");
    }
    Ok(())
}
