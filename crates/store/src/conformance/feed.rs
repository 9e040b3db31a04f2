//! The change feed (semantics part 1).

use std::sync::Arc;

use driftless_model::{Position, Result, Table, Uuid, Value};
use driftless_query::{Collector, Flow, PageHead, ResolvedCondition, ResolvedQuery, RowSink, RowView, SecuredQuery};

use crate::fixture::{Library, Opener, change, contents, id, insert, item, plain, put, remove, take, unit, update};
use crate::{ChangeRequest, ChangesEnd, Cut, Store, StoreError};

/// What a page gave: ids of rows, removed ids, and where the next page begins.
type Page = (Vec<Uuid>, Vec<Uuid>, Option<Cut>);

fn position(store: &dyn Store) -> Result<Position> {
    store.reading(|tx| Ok(tx.position()?))
}

fn page(store: &dyn Store, request: &ChangeRequest<'_>) -> Result<Page> {
    let mut found = Collector::default();
    let end = store.reading(|tx| Ok(tx.changes(request, &mut found)?))?;
    Ok((ids(&found)?, found.removed, end.next))
}

fn ids(found: &Collector) -> Result<Vec<Uuid>> {
    found.rows.iter().map(|row| item(row, 0).map(|(id, _, _)| id)).collect()
}

/// All pages of a range, joined, and the sizes of the pages.
fn chain(store: &dyn Store, table: &Arc<Table>, since: Option<&Position>, until: &Position, limit: u32) -> Result<(Vec<Uuid>, Vec<Uuid>, Vec<usize>)> {
    let query = plain(table, &["name"], None)?;
    let (mut rows, mut removed, mut sizes, mut cut) = (Vec::new(), Vec::new(), Vec::new(), None);
    loop {
        let (more_rows, more_removed, next) = page(store, &ChangeRequest { query: &query, since, until, cut: cut.as_ref(), limit })?;
        assert!(removed.is_empty() || more_rows.is_empty(), "CT-26: a row after a removal");
        sizes.push(more_rows.len() + more_removed.len());
        rows.extend(more_rows);
        removed.extend(more_removed);
        assert!(sizes.len() < 100, "the feed does not end");
        if next.is_none() {
            return Ok((rows, removed, sizes));
        }
        cut = next;
    }
}

/// A delta in one page.
fn delta(store: &dyn Store, table: &Arc<Table>, since: Option<&Position>) -> Result<(Vec<Uuid>, Vec<Uuid>)> {
    let until = position(store)?;
    let (rows, removed, _) = chain(store, table, since, &until, 1_000)?;
    Ok((rows, removed))
}

/// A first read gives all rows and no removals, each row once with its latest values (CT-13, CT-22).
///
/// # Errors
/// When the store fails.
pub fn a_first_read_is_the_table(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    assert_eq!(delta(&*store, &book, None)?, (vec![], vec![]));
    for number in [3, 1, 2] {
        put(&*store, &book, id(number), &[])?;
    }
    take(&*store, &book, id(1))?;
    change(&*store, &book, id(3), &[("name", Value::text("changed"))])?;
    assert_eq!(delta(&*store, &book, None)?, (vec![id(2), id(3)], vec![]));
    let query = plain(&book, &["name"], None)?;
    let mut found = Collector::default();
    store.reading(|tx| {
        let until = tx.position()?;
        Ok(tx.changes(&ChangeRequest { query: &query, since: None, until: &until, cut: None, limit: 9 }, &mut found)?)
    })?;
    let mut delivered = found.rows.iter().map(|row| item(row, 2)).collect::<Result<Vec<_>>>()?;
    delivered.sort_by_key(|(id, _, _)| *id);
    assert_eq!(delivered, contents(&*store, &book, "name")?);
    Ok(())
}

/// A delta is what changed after the position, also an update that changed nothing, and of this table only (CT-10, CT-28).
///
/// # Errors
/// When the store fails.
pub fn a_delta_is_what_changed(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let book = &library.book;
    for number in 1..=4 {
        put(&*store, book, id(number), &[("name", Value::text("same"))])?;
    }
    let token = position(&*store)?;
    assert_eq!(delta(&*store, book, Some(&token))?, (vec![], vec![]));
    put(&*store, &library.author, id(9), &[])?;
    assert_eq!(delta(&*store, book, Some(&token))?, (vec![], vec![]));
    change(&*store, book, id(2), &[("name", Value::text("same"))])?;
    put(&*store, book, id(5), &[])?;
    take(&*store, book, id(1))?;
    for _ in 0..2 {
        // CT-28: reading consumes nothing.
        assert_eq!(delta(&*store, book, Some(&token))?, (vec![id(2), id(5)], vec![id(1)]));
    }
    let later = position(&*store)?;
    assert_eq!(delta(&*store, book, Some(&later))?, (vec![], vec![]));
    Ok(())
}

/// New and updated rows come in version order, then removals in the order in which they happened (CT-26).
///
/// # Errors
/// When the store fails.
pub fn rows_come_by_version_then_removals(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    for number in 0..8 {
        put(&*store, &book, id(number), &[])?;
    }
    let token = position(&*store)?;
    unit(&*store, &book, |tx, book| {
        remove(tx, book, id(6), 0)?;
        update(tx, book, id(4), &[])?;
        remove(tx, book, id(1), 0)?;
        insert(tx, book, id(9), &[])?;
        update(tx, book, id(2), &[])?;
        remove(tx, book, id(3), 0)?;
        update(tx, book, id(4), &[]).map(drop)
    })?;
    assert_eq!(delta(&*store, &book, Some(&token))?, (vec![id(9), id(2), id(4)], vec![id(6), id(1), id(3)]));
    Ok(())
}

/// Pages of every size give the same items, full pages but for the last (CT-34, CT-38).
///
/// # Errors
/// When the store fails.
pub fn every_page_size_gives_the_same(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    for number in 0..12 {
        put(&*store, &book, id(number), &[])?;
    }
    let token = position(&*store)?;
    for number in [1, 8, 3] {
        take(&*store, &book, id(number))?;
    }
    for number in [0, 20, 5, 21] {
        if change(&*store, &book, id(number), &[])?.is_none() {
            put(&*store, &book, id(number), &[])?;
        }
    }
    let until = position(&*store)?;
    for (since, items) in [(None, 11), (Some(&token), 7)] {
        let (rows, removed, _) = chain(&*store, &book, since, &until, 1_000)?;
        assert_eq!(rows.len() + removed.len(), items);
        for limit in 1..=12 {
            let (paged_rows, paged_removed, sizes) = chain(&*store, &book, since, &until, limit)?;
            assert_eq!((&paged_rows, &paged_removed), (&rows, &removed), "{limit} a page");
            let full: Vec<_> = (0..items).step_by(limit as usize).map(|at| (items - at).min(limit as usize)).collect();
            assert_eq!(sizes, full, "{limit} a page");
        }
    }
    Ok(())
}

/// A row that was created and removed between two reads is delivered as removed (CT-14).
///
/// # Errors
/// When the store fails.
pub fn a_removal_is_told_also_of_an_unseen_row(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let token = position(&*store)?;
    put(&*store, &book, id(1), &[])?;
    take(&*store, &book, id(1))?;
    unit(&*store, &book, |tx, book| {
        insert(tx, book, id(2), &[])?;
        remove(tx, book, id(2), 0).map(drop)
    })?;
    assert_eq!(delta(&*store, &book, Some(&token))?, (vec![], vec![id(1), id(2)]));
    assert_eq!(delta(&*store, &book, None)?, (vec![], vec![]));
    Ok(())
}

/// A row that was removed and made again is delivered once, as a row; removed again, once as removed (CT-16).
///
/// # Errors
/// When the store fails.
pub fn a_row_made_again_is_a_row(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[])?;
    put(&*store, &book, id(2), &[])?;
    let token = position(&*store)?;
    take(&*store, &book, id(1))?;
    let between = position(&*store)?;
    put(&*store, &book, id(1), &[])?;
    unit(&*store, &book, |tx, book| {
        remove(tx, book, id(2), 0)?;
        insert(tx, book, id(2), &[]).map(drop)
    })?;
    assert_eq!(delta(&*store, &book, Some(&token))?, (vec![id(1), id(2)], vec![]));
    assert_eq!(delta(&*store, &book, Some(&between))?, (vec![id(1), id(2)], vec![]));
    // A refused insert brings no tombstone back and takes none away.
    let refused: Result<()> = unit(&*store, &book, |tx, book| insert(tx, book, id(1), &[]).map(drop));
    assert!(refused.is_err());
    take(&*store, &book, id(1))?;
    assert_eq!(delta(&*store, &book, Some(&token))?, (vec![id(2)], vec![id(1)]));
    Ok(())
}

/// A table that is not tracked keeps no tombstones; its rows are in the feed all the same (CT-8).
///
/// # Errors
/// When the store fails.
pub fn an_untracked_table_keeps_no_tombstones(opener: &Opener) -> Result<()> {
    let store = opener();
    let author = Library::create(&*store)?.author;
    let token = position(&*store)?;
    put(&*store, &author, id(1), &[])?;
    put(&*store, &author, id(2), &[])?;
    take(&*store, &author, id(1))?;
    assert_eq!(delta(&*store, &author, Some(&token))?, (vec![id(2)], vec![]));
    Ok(())
}

/// A range ends at its fixed position: what is written while pages are read leaves it and comes with the next delta (CT-37, CT-38).
///
/// # Errors
/// When the store fails.
pub fn a_range_ends_where_it_was_fixed(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    for number in 0..6 {
        put(&*store, &book, id(number), &[])?;
    }
    let (query, until) = (plain(&book, &["name"], None)?, position(&*store)?);
    let request = ChangeRequest { query: &query, since: None, until: &until, cut: None, limit: 2 };
    let (first, _, cut) = page(&*store, &request)?;
    assert_eq!(first, [id(0), id(1)]);
    change(&*store, &book, id(0), &[])?; // delivered already
    change(&*store, &book, id(3), &[])?; // not yet delivered
    take(&*store, &book, id(1))?;
    take(&*store, &book, id(4))?;
    put(&*store, &book, id(7), &[])?;
    let (second, removed, end) = page(&*store, &ChangeRequest { cut: cut.as_ref(), ..request })?;
    assert_eq!((second, removed, end), (vec![id(2), id(5)], vec![], None));
    assert_eq!(delta(&*store, &book, Some(&until))?, (vec![id(0), id(3), id(7)], vec![id(1), id(4)]));
    Ok(())
}

/// Stops after some items.
struct Stopping {
    left: usize,
    found: Collector,
}

impl Stopping {
    fn next(&mut self) -> Flow {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { Flow::Stop } else { Flow::Continue }
    }
}

impl RowSink for Stopping {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.found.start(head)
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        self.found.row(row)?;
        Ok(self.next())
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.found.removed(id)?;
        Ok(self.next())
    }
}

/// A page ends where its sink stops, in rows and in removals, and the next begins behind that item.
///
/// # Errors
/// When the store fails.
pub fn a_sink_ends_a_page_early(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    for number in 0..3 {
        put(&*store, &book, id(number), &[])?;
    }
    let token = position(&*store)?;
    for number in 3..6 {
        put(&*store, &book, id(number), &[])?;
    }
    for number in 0..3 {
        take(&*store, &book, id(number))?;
    }
    let (query, until) = (plain(&book, &["name"], None)?, position(&*store)?);
    for stop in 1..=6 {
        let (mut items, mut cut, mut pages) = (Vec::new(), None, 0);
        loop {
            let mut sink = Stopping { left: stop, found: Collector::default() };
            let request = ChangeRequest { query: &query, since: Some(&token), until: &until, cut: cut.as_ref(), limit: 100 };
            let ChangesEnd { next } = store.reading(|tx| Ok(tx.changes(&request, &mut sink)?))?;
            items.extend(ids(&sink.found)?);
            items.extend(sink.found.removed);
            pages += 1;
            if next.is_none() || pages > 10 {
                break;
            }
            cut = next;
        }
        assert_eq!(items, [3, 4, 5, 0, 1, 2].map(id), "stopping after {stop}");
        assert_eq!(pages, 6_usize.div_ceil(stop), "stopping after {stop}");
    }
    Ok(())
}

/// The count of changes is the number of items over all pages, whatever the cut and the limit (CT-29).
///
/// # Errors
/// When the store fails.
pub fn a_count_is_the_number_of_items(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    for number in 0..5 {
        put(&*store, &book, id(number), &[])?;
    }
    let (query, token) = (plain(&book, &["name"], None)?, position(&*store)?);
    take(&*store, &book, id(0))?;
    take(&*store, &book, id(1))?;
    change(&*store, &book, id(2), &[])?;
    let until = position(&*store)?;
    put(&*store, &book, id(9), &[])?;
    for (since, until, expected) in [(None, &token, 2), (None, &until, 3), (Some(&token), &until, 3), (Some(&until), &until, 0)] {
        let request = ChangeRequest { query: &query, since, until, cut: None, limit: 1 };
        let (first, _, cut) = page(&*store, &request)?;
        let count = |request: &ChangeRequest<'_>| store.reading(|tx| Ok(tx.count_changes(request)?));
        assert_eq!(count(&request)?, expected, "{first:?}");
        assert_eq!(count(&ChangeRequest { cut: cut.as_ref(), ..request })?, expected);
        let (rows, removed, _) = chain(&*store, &book, since, until, 2)?;
        assert_eq!((rows.len() + removed.len()) as u64, expected);
    }
    Ok(())
}

/// Rows of the feed obey the query's restriction (A6).
///
/// # Errors
/// When the store fails.
pub fn a_restriction_holds_in_the_feed(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    for number in 0..6 {
        put(&*store, &book, id(number), &[("pages", Value::Int(i32::from(number % 2 == 0)))])?;
    }
    let pages = book.require("pages")?;
    let even = SecuredQuery::restricted(ResolvedQuery::plain(&book, &[], None), ResolvedCondition::equals(pages, Value::Int(1)));
    let until = position(&*store)?;
    let request = ChangeRequest { query: &even, since: None, until: &until, cut: None, limit: 2 };
    let (rows, _, cut) = page(&*store, &request)?;
    assert_eq!(rows, [id(0), id(2)]);
    assert_eq!(page(&*store, &ChangeRequest { cut: cut.as_ref(), ..request })?, (vec![id(4)], vec![], None));
    assert_eq!(store.reading(|tx| Ok(tx.count_changes(&request)?))?, 3);
    Ok(())
}

/// A failed unit leaves no trace in the feed: no row, no tombstone, and a tombstone that it took away is back (CT-17).
///
/// # Errors
/// When the store fails.
pub fn a_failed_unit_leaves_no_trace(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[])?;
    put(&*store, &book, id(2), &[])?;
    let token = position(&*store)?;
    take(&*store, &book, id(1))?;
    let failed: Result<()> = unit(&*store, &book, |tx, book| {
        insert(tx, book, id(1), &[])?;
        insert(tx, book, id(3), &[])?;
        remove(tx, book, id(2), 0)?;
        Err(StoreError::failed("on purpose"))
    });
    assert!(failed.is_err());
    assert_eq!(delta(&*store, &book, Some(&token))?, (vec![], vec![id(1)]));
    let now = position(&*store)?;
    put(&*store, &book, id(4), &[])?;
    assert_eq!(delta(&*store, &book, Some(&now))?, (vec![id(4)], vec![]));
    Ok(())
}
