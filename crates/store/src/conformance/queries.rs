//! Orders, cuts, limits, counts, sinks.

use std::cmp::Ordering;
use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Result, Table, Uuid, Value};
use driftless_query::{
    Collector, Comparison, Flow, OrderKey, PageHead, ResolvedFilter, ResolvedOrder, ResolvedQuery, RowSink, RowView, SecuredQuery, Source, Test,
};

use super::filters::{ascending, condition};
use crate::Store;
use crate::fixture::{Cells, Library, Opener, id, open, put, select, unit, update};

/// The numbers of rows, in the order in which they come.
pub(super) fn found(store: &dyn Store, query: ResolvedQuery) -> Result<Vec<u32>> {
    let (rows, _) = store.reading(|tx| Ok(select(tx, &open(query))?))?;
    rows.iter().map(|row| row.values.first().and_then(Value::id).map(number).ok_or_else(|| Error::damaged("a row without id"))).collect()
}

pub(super) fn number(id: Uuid) -> u32 {
    u32::try_from(id.as_u64_pair().1).unwrap_or(u32::MAX)
}

pub(super) fn fill(store: &dyn Store, table: &Arc<Table>, rows: &[Cells<'_>]) -> Result<()> {
    (0..).zip(rows).try_for_each(|(number, cells)| put(store, table, id(number), cells).map(drop))
}

pub(super) fn ordered(table: &Arc<Table>, keys: &[(&str, bool)]) -> Result<ResolvedQuery> {
    let mut query = ResolvedQuery::plain(table, &[], None);
    for (column, descending) in keys.iter().copied().chain([("bookid", false)]) {
        query.orders.push(ResolvedOrder { key: OrderKey::Column(Source::ROOT, table.require(column)?), descending });
    }
    Ok(query)
}

/// A row's version is found by its id, in the snapshot and in the unit that changed it.
///
/// # Errors
/// When the store fails.
pub fn versions_of_single_rows(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let first = put(&*store, &library.book, id(1), &[])?;
    let (before, after) = unit(&*store, &library.book, |tx, book| {
        let before = tx.version_of(book, id(1))?;
        update(tx, book, id(1), &[("name", Value::text("b"))])?;
        Ok((before, tx.version_of(book, id(1))?))
    })?;
    assert_eq!(before, Some(first));
    assert!(after > before);
    let read = |table: &Arc<Table>, number| store.reading(|tx| Ok(tx.version_of(table, id(number))?));
    assert_eq!([read(&library.book, 1)?, read(&library.book, 2)?], [after, None]);
    Ok(())
}

/// Every shape orders as its values do; null comes first ascending and last descending (ADR 0015).
///
/// # Errors
/// When the store fails.
pub fn orders_put_null_first_ascending(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let book = &library.book;
    let columns = ascending(&library);
    for (column, values) in &columns {
        for (at, value) in (0..).zip(values) {
            let cells = [(*column, value.clone())];
            if crate::fixture::change(&*store, book, id(at + 1), &cells)?.is_none() {
                put(&*store, book, id(at + 1), &cells)?;
            }
        }
    }
    let most = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    let all: Vec<u32> = (1..).take(most).collect();
    for (column, values) in &columns {
        let (with, without) = all.split_at(values.len());
        let mut nulls = without.to_vec();
        nulls.sort_by_key(|number| id(*number));
        let up: Vec<u32> = nulls.iter().chain(with).copied().collect();
        let down: Vec<u32> = with.iter().rev().chain(&nulls).copied().collect();
        assert_eq!(found(&*store, ordered(book, &[(column, false)])?)?, up, "{column}");
        assert_eq!(found(&*store, ordered(book, &[(column, true)])?)?, down, "{column} descending");
    }
    Ok(())
}

/// Texts that compare equal are tied, and the id decides (AK-21).
///
/// # Errors
/// When the store fails.
pub fn text_orders_folded(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let names = ["b", "É", "e", "A", "a ", "E ", "Ä"].map(|name| [("name", Value::text(name))]);
    fill(&*store, &book, &names.iter().map(<[_; 1]>::as_slice).collect::<Vec<_>>())?;
    let tied = |numbers: &[u32]| {
        let mut numbers = numbers.to_vec();
        numbers.sort_by_key(|number| id(*number));
        numbers
    };
    let (a, e) = (tied(&[3, 4, 6]), tied(&[1, 2, 5]));
    assert_eq!(found(&*store, ordered(&book, &[("name", false)])?)?, [a.clone(), vec![0], e.clone()].concat());
    assert_eq!(found(&*store, ordered(&book, &[("name", true)])?)?, [e, vec![0], a].concat());
    Ok(())
}

/// Values of the order's keys of a row.
fn place(query: &ResolvedQuery, numbers: &[(u32, Option<i32>, Option<&str>)], number: u32) -> Vec<Value> {
    let row = numbers.iter().find(|(found, _, _)| *found == number);
    let (pages, name) = row.map_or((None, None), |(_, pages, name)| (*pages, *name));
    let column = |order: &ResolvedOrder| if let OrderKey::Column(_, column) = order.key { column } else { query.table.id };
    let value = |order: &ResolvedOrder| match &*query.table.column(column(order)).name {
        "pages" => pages.map_or(Value::Null, Value::Int),
        "name" => name.map_or(Value::Null, Value::text),
        _ => Value::Guid(id(number)),
    };
    query.orders.iter().map(value).collect()
}

/// A page that begins after a row continues where the page before ended, for every order, also among nulls and ties.
///
/// # Errors
/// When the store fails.
pub fn cuts_continue_where_the_page_ended(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let rows: Vec<_> = (0..)
        .zip([Some(1), None, Some(2), Some(1), None, Some(2), Some(1)])
        .zip([Some("a"), Some("A"), None, Some("b"), None, None, Some("a")])
        .map(|((number, pages), name)| (number, pages, name))
        .collect();
    for (number, pages, name) in &rows {
        let cells = [("pages", pages.map_or(Value::Null, Value::Int)), ("name", name.map_or(Value::Null, Value::text))];
        put(&*store, &book, id(*number), &cells)?;
    }
    for first in [false, true] {
        for second in [false, true] {
            for keys in [&[("pages", first), ("name", second)][..], &[("name", second), ("pages", first)], &[("pages", first)], &[("bookid", first)], &[]] {
                let mut query = ordered(&book, keys)?;
                if keys.first().is_some_and(|(column, _)| *column == "bookid") {
                    query.orders.truncate(1);
                }
                let all = found(&*store, query.clone())?;
                assert_eq!(all.len(), rows.len());
                for (at, number) in all.iter().enumerate() {
                    query.after = Some(place(&query, &rows, *number));
                    assert_eq!(found(&*store, query.clone())?, all[at + 1..], "{keys:?} after {number}");
                }
            }
        }
    }
    let mut query = ordered(&book, &[])?;
    query.after = Some(vec![Value::Null; 2]);
    assert!(found(&*store, query).is_err(), "a cut that does not fit the order");
    Ok(())
}

/// A limit cuts a query, and the answer tells whether there was more.
///
/// # Errors
/// When the store fails.
pub fn limits_and_more(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    fill(&*store, &book, &[&[] as Cells<'_>; 4])?;
    for (limit, rows, more) in [(None, 4, false), (Some(1), 1, true), (Some(3), 3, true), (Some(4), 4, false), (Some(5), 4, false)] {
        let mut query = ordered(&book, &[])?;
        query.limit = limit;
        let (found, is_more) = store.reading(|tx| Ok(select(tx, &open(query))?))?;
        assert_eq!((found.len(), is_more), (rows, more), "{limit:?}");
    }
    Ok(())
}

/// A count disregards limit and cut and ends at its cap; the sink is told the count that the caller gives.
///
/// # Errors
/// When the store fails.
pub fn counts_and_caps(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    fill(&*store, &book, &[&[("pages", Value::Int(1))], &[("pages", Value::Int(1))], &[("pages", Value::Int(1))], &[]])?;
    let mut query = ordered(&book, &[])?;
    query.filter = Some(condition(&book, "pages", Test::NotNull)?);
    query.limit = Some(1);
    query.after = Some(vec![Value::Guid(Uuid::max())]);
    let query = open(query);
    for (cap, count) in [(None, 3), (Some(0), 0), (Some(2), 2), (Some(3), 3), (Some(u64::MAX), 3)] {
        assert_eq!(store.reading(|tx| Ok(tx.count(&query, cap)?))?, count, "{cap:?}");
    }
    let mut sink = Failing { at: usize::MAX, head: None, rows: 0 };
    store.reading(|tx| Ok(tx.select(&query, Some(17), &mut sink)?))?;
    assert_eq!(sink.head, Some(Some(17)));
    Ok(())
}

/// Rows and counts obey the query's restriction besides its filter (A6).
///
/// # Errors
/// When the store fails.
pub fn a_restriction_narrows(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    fill(&*store, &book, &[&[("pages", Value::Int(1)), ("genre", Value::Int(1))], &[("pages", Value::Int(1))], &[("genre", Value::Int(1))], &[]])?;
    let is_one = |column: &str| condition(&book, column, Test::Compare(Comparison::Equal, Value::Int(1)));
    let mut either = ordered(&book, &[])?;
    either.filter = Some(ResolvedFilter::Or(vec![is_one("pages")?, condition(&book, "pages", Test::Null)?]));
    let query = SecuredQuery::restricted(either, is_one("genre")?);
    let (rows, _) = store.reading(|tx| Ok(select(tx, &query)?))?;
    let mut numbers: Vec<_> = rows.iter().filter_map(|row| row.values[0].id()).map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 2]);
    assert_eq!(store.reading(|tx| Ok(tx.count(&query, None)?))?, 2);
    Ok(())
}

/// Stops at a row; fails at the row after that.
struct Failing {
    at: usize,
    head: Option<Option<u64>>,
    rows: usize,
}

impl RowSink for Failing {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        assert!(self.head.is_none() && self.rows == 0, "start comes once, first");
        self.head = Some(head.count);
        Ok(())
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        assert!(self.head.is_some(), "start comes first");
        assert!(row.get(10_000).to_owned().is_null(), "a place that does not exist is null");
        self.rows += 1;
        match self.rows.cmp(&self.at) {
            Ordering::Less => Ok(Flow::Continue),
            Ordering::Equal => Err(Error::of(ErrorCode::InvalidArgument)),
            Ordering::Greater => Ok(Flow::Stop),
        }
    }

    fn removed(&mut self, _id: Uuid) -> Result<Flow> {
        Err(Error::damaged("a query has no removals"))
    }
}

/// A query ends at the row at which its sink stops, and tells whether there was more.
///
/// # Errors
/// When the store fails.
pub fn a_sink_stops_a_query(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    fill(&*store, &book, &[&[] as Cells<'_>; 3])?;
    for (stop, more) in [(1, true), (2, true), (3, false)] {
        for limit in [None, Some(3), Some(10)] {
            let mut query = ordered(&book, &[])?;
            query.limit = limit;
            let mut sink = StopAt { stop, found: Collector::default() };
            let is_more = store.reading(|tx| Ok(tx.select(&open(query), None, &mut sink)?))?;
            assert_eq!((sink.found.rows.len(), is_more), (stop, more), "stop {stop} limit {limit:?}");
        }
    }
    Ok(())
}

struct StopAt {
    stop: usize,
    found: Collector,
}

impl RowSink for StopAt {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.found.start(head)
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        self.found.row(row)?;
        Ok(if self.found.rows.len() == self.stop { Flow::Stop } else { Flow::Continue })
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.found.removed(id)
    }
}

/// An error of a sink ends the read and comes out as it was; the store goes on.
///
/// # Errors
/// When the store fails.
pub fn an_error_of_a_sink_comes_out(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    fill(&*store, &book, &[&[] as Cells<'_>; 3])?;
    let query = open(ordered(&book, &[])?);
    for at in 1..=3 {
        let mut sink = Failing { at, head: None, rows: 0 };
        let failed = store.reading(|tx| Ok(tx.select(&query, None, &mut sink)?));
        assert_eq!(failed.err().map(|error| error.code()), Some(ErrorCode::InvalidArgument));
        assert_eq!(sink.rows, at);
    }
    assert_eq!(store.reading(|tx| Ok(tx.count(&query, None)?))?, 3);
    Ok(())
}
