//! Rows behind lookups.

use std::sync::Arc;

use driftless_model::{Error, Reference, Result, TableCode, Value};
use driftless_query::{
    Along, Circumstances, ColumnPath, Columns, Comparison, Expand, Join, Order, OrderBy, OrderKey, Query, ResolvedCondition, ResolvedFilter, ResolvedOrder,
    ResolvedQuery, Source, Test, resolve,
};

use super::queries::{found, number};
use crate::Store;
use crate::fixture::{Cells, Library, Opener, id, open, put, reference, select};

/// The tables with two authors and books that lead to them, to each other, and to nothing.
fn linked(store: &dyn Store) -> Result<Library> {
    let library = Library::create(store)?;
    let Library { author, book } = &library;
    put(store, author, id(1), &[("name", Value::text("Ann")), ("born", Value::Date(1))])?;
    put(store, author, id(2), &[("name", Value::text("Bob"))])?;
    put(store, author, id(3), &[])?;
    let rows: [Cells<'_>; 7] = [
        &[("author", reference(author, id(1))), ("related", reference(book, id(11))), ("name", Value::text("ten"))],
        &[("author", reference(author, id(2))), ("related", reference(author, id(1))), ("name", Value::text("eleven"))],
        &[("author", reference(author, id(3)))],
        &[("author", reference(author, id(99))), ("related", reference(book, id(99)))], // rows that are not there
        &[("related", reference(author, id(10)))],                                      // an id of the other table
        &[],
        &[("related", reference(book, id(16)))], // itself
    ];
    (10..).zip(rows).try_for_each(|(number, cells)| put(store, book, id(number), cells).map(drop))?;
    Ok(library)
}

fn by_name(library: &Library, expands: &[(&str, &str)]) -> Result<ResolvedQuery> {
    let mut query = Query::new(library.book.name().clone());
    query.columns = Columns::Some(Vec::new());
    query.expands = expands
        .iter()
        .map(|(lookup, target)| Expand {
            along: Along::Lookup { lookup: (*lookup).into(), target: (*target).into() },
            filter: None,
            orders: Vec::new(),
            limit: None,
            expands: Vec::new(),
            name: format!("{lookup}_{target}"),
            columns: Columns::Some(vec!["name".into()]),
        })
        .collect();
    resolve(&query, library, &Circumstances::default())
}

/// A lookup that leads nowhere, or to another table, keeps its row, with nulls.
///
/// # Errors
/// When the store fails.
pub fn joins_keep_rows_without_target(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = linked(&*store)?;
    let query = by_name(&library, &[("author", "author"), ("related", "book"), ("related", "author")])?;
    let names: Vec<usize> = query.groups.iter().skip(1).map(|group| group.first + 2).collect();
    let ids: Vec<usize> = query.groups.iter().skip(1).map(|group| group.first).collect();
    let (rows, _) = store.reading(|tx| Ok(select(tx, &open(query))?))?;
    let mut found: Vec<_> = rows
        .iter()
        .map(|row| {
            let name = |at: &usize| if let Value::Text(text) = &row.values[*at] { text.clone() } else { String::new() };
            let there = |at: &usize| row.values[*at].id().map(number);
            (row.values[0].id().map_or(0, number), names.iter().map(name).collect::<Vec<_>>(), ids.iter().map(there).collect::<Vec<_>>())
        })
        .collect();
    found.sort();
    let expected = [
        (10, ["Ann", "eleven", ""], [Some(1), Some(11), None]),
        (11, ["Bob", "", "Ann"], [Some(2), None, Some(1)]),
        (12, ["", "", ""], [Some(3), None, None]),
        (13, ["", "", ""], [None, None, None]),
        (14, ["", "", ""], [None, None, None]),
        (15, ["", "", ""], [None, None, None]),
        (16, ["", "", ""], [None, Some(16), None]),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(number, names, ids)| (number, names.map(str::to_owned).to_vec(), ids.to_vec())).collect();
    assert_eq!(found, expected);
    Ok(())
}

/// Filters and orders may follow lookups, several steps too.
///
/// # Errors
/// When the store fails.
pub fn filters_and_orders_follow_lookups(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = linked(&*store)?;
    let Library { author, book } = &library;
    // t1: the book behind `related`, t2: that book's author, t3: the row's own author.
    let mut query = ResolvedQuery::plain(book, &[], None);
    query.others = vec![Arc::clone(book), Arc::clone(author), Arc::clone(author)];
    let mut related = Join::along(Source(1), Source::ROOT, book.require("related")?, book);
    related.joins = vec![Join::along(Source(2), Source(1), book.require("author")?, author)];
    query.joins = vec![related, Join::along(Source(3), Source::ROOT, book.require("author")?, author)];
    let name = author.require("name")?;
    let on = |source: u16, test: Test| ResolvedFilter::Condition(ResolvedCondition { source: Source(source), column: name, test });
    let mut check = |filter: ResolvedFilter, expected: &[u32]| {
        query.filter = Some(filter.clone());
        let mut numbers = found(&*store, query.clone())?;
        numbers.sort_unstable();
        assert_eq!(numbers, expected, "{filter:?}");
        Ok::<_, Error>(())
    };
    check(on(2, Test::Compare(Comparison::Equal, Value::text("BOB"))), &[10])?;
    check(on(3, Test::Compare(Comparison::NotEqual, Value::text("Ann"))), &[11, 12, 13, 14, 15, 16])?;
    check(on(3, Test::NotNull), &[10, 11])?;
    check(on(2, Test::Null), &[11, 12, 13, 14, 15, 16])?;
    query.filter = None;
    query.orders = vec![ResolvedOrder { key: OrderKey::Column(Source(3), name), descending: true }, ResolvedOrder::own(book.id)];
    let mut last = [12, 13, 14, 15, 16];
    last.sort_by_key(|number| id(*number));
    let all = [vec![11, 10], last.to_vec()].concat();
    assert_eq!(found(&*store, query.clone())?, all);
    query.after = Some(vec![Value::text("ann"), Value::Guid(id(10))]);
    assert_eq!(found(&*store, query)?, last);
    Ok(())
}

/// The name of the row behind a lookup; null when there is no such row or it has no name.
///
/// # Errors
/// When the store fails.
pub fn lookup_names(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = linked(&*store)?;
    let mut query = Query::new(library.book.name().clone());
    query.columns = Columns::Some(vec!["author".into(), "related".into()]);
    query.lookup_names = true;
    query.orders = vec![Order { by: OrderBy::Column(ColumnPath::own("versionnumber".into())), descending: false }];
    let resolved = resolve(&query, &library, &Circumstances::default())?;
    let places: Vec<usize> = resolved.groups[0].names.iter().copied().flatten().collect();
    let (rows, _) = store.reading(|tx| Ok(select(tx, &open(resolved))?))?;
    let name = |text: &str| Value::text(text);
    let names: Vec<Vec<Value>> = rows.iter().map(|row| places.iter().map(|at| row.values[*at].clone()).collect()).collect();
    let nothing = || vec![Value::Null, Value::Null];
    assert_eq!(names, [vec![name("Ann"), name("eleven")], vec![name("Bob"), name("Ann")], nothing(), nothing(), nothing(), nothing(), nothing()]);
    // A lookup gives its row with the table's number, whether the row is there or not.
    let to = |code: TableCode, number: u32| Value::Ref(Reference { table: code, id: id(number) });
    let (author, book) = (library.author.def.code, library.book.def.code);
    let expected = [(to(author, 1), to(book, 11)), (to(author, 2), to(author, 1)), (to(author, 3), Value::Null), (to(author, 99), to(book, 99))];
    for (row, (first, second)) in rows.iter().zip(expected) {
        assert_eq!(row.values[2..4], [first, second]);
    }
    Ok(())
}
