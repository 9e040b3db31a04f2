//! The change feed: ranges, pages, cuts, tombstones and horizons.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::sync::Arc;

use driftless_model::{TableCode, Uuid, Value};
use driftless_query::{Collector, Flow, PageHead, ResolvedQuery, RowSink, RowView, SecuredQuery};
use driftless_store::{ChangeRequest, Length, Phase, PositionState, Store};
use support::*;

fn ids(numbers: impl IntoIterator<Item = u128>) -> Vec<Uuid> {
    numbers.into_iter().map(id).collect()
}

/// Ten rows, then: 2 and 3 changed, 4 to 7 removed, 5 made again, 11 made and removed.
fn filled() -> (Folder, Arc<dyn Store>, Arc<driftless_model::Table>, driftless_model::Position) {
    let folder = Folder::new();
    let store = folder.open();
    let table = book();
    make(&*store, &table);
    for number in 1..=10 {
        insert(&*store, &table, id(number), &[]).unwrap();
    }
    let since = position(&*store);
    for number in [3, 2] {
        assert!(update(&*store, &table, id(number), &[("pages", Value::Int(1))]).unwrap());
    }
    for number in [7, 4, 5, 6] {
        assert!(remove(&*store, &table, id(number), 100).unwrap());
    }
    insert(&*store, &table, id(5), &[]).unwrap();
    insert(&*store, &table, id(11), &[]).unwrap();
    remove(&*store, &table, id(11), 200).unwrap();
    (folder, store, table, since)
}

#[test] // CT-14, CT-16, CT-38
fn every_page_size_gives_the_same_chain() {
    let (_folder, store, table, since) = filled();
    for limit in 1..=12 {
        let (rows, removed, _) = chain(&*store, &table, Some(&since), limit);
        assert_eq!(rows, ids([3, 2, 5]), "{limit}");
        assert_eq!(removed, ids([7, 4, 6, 11]), "{limit}");
        let (rows, removed, _) = chain(&*store, &table, None, limit);
        assert_eq!(rows, ids([1, 8, 9, 10, 3, 2, 5]), "{limit}");
        assert!(removed.is_empty());
    }
    let until = position(&*store);
    let query = SecuredQuery::unrestricted(ResolvedQuery::plain(&table, &[], None), "test");
    for (since, expected) in [(Some(&since), 7), (None, 7), (Some(&until), 0)] {
        let request = ChangeRequest { query: &query, since, until: &until, cut: None, limit: 1 };
        assert_eq!(store.reading(|tx| Ok(tx.count_changes(&request)?)).unwrap(), expected);
    }
}

#[test] // CT-37, CT-38
fn what_is_written_while_paging_comes_in_the_next_delta() {
    let (_folder, store, table, since) = filled();
    let until = position(&*store);
    let query = SecuredQuery::unrestricted(ResolvedQuery::plain(&table, &[], None), "test");
    let page = |cut| {
        let mut sink = Collector::default();
        let request = ChangeRequest { query: &query, since: Some(&since), until: &until, cut, limit: 2 };
        let end = store.reading(|tx| Ok(tx.changes(&request, &mut sink)?)).unwrap();
        (sink.rows.iter().map(|row| row.values[0].id().unwrap()).collect::<Vec<_>>(), sink.removed, end.next)
    };
    let (rows, removed, cut) = page(None);
    assert_eq!((rows, removed), (ids([3, 2]), vec![]));
    update(&*store, &table, id(3), &[]).unwrap();
    remove(&*store, &table, id(2), 300).unwrap();
    remove(&*store, &table, id(5), 300).unwrap();
    insert(&*store, &table, id(4), &[]).unwrap();
    let (rows, removed, cut) = page(cut.as_ref());
    assert_eq!((rows, removed), (vec![], ids([7, 6])), "5 left the range, 4 has no tombstone any more");
    let cut = cut.unwrap();
    assert_eq!(cut.phase, Phase::Removed);
    let (rows, removed, cut) = page(Some(&cut));
    assert_eq!((rows, removed, cut), (vec![], ids([11]), None));
    let (rows, removed, _) = chain(&*store, &table, Some(&until), 3);
    assert_eq!((rows, removed), (ids([3, 4]), ids([2, 5])));
}

#[test]
fn a_sink_that_stops_ends_the_page_there() {
    struct StopAfter(u32, Collector);
    impl StopAfter {
        fn flow(&mut self) -> Flow {
            self.0 -= 1;
            if self.0 == 0 { Flow::Stop } else { Flow::Continue }
        }
    }
    impl RowSink for StopAfter {
        fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
            self.1.start(head)
        }
        fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
            self.1.row(row)?;
            Ok(self.flow())
        }
        fn removed(&mut self, id: Uuid) -> Result<Flow> {
            self.1.removed(id)?;
            Ok(self.flow())
        }
    }
    let (_folder, store, table, since) = filled();
    let until = position(&*store);
    let query = SecuredQuery::unrestricted(ResolvedQuery::plain(&table, &[], None), "test");
    for stop in 1..=7 {
        let (mut rows, mut removed, mut cut) = (0, 0, None);
        loop {
            let mut sink = StopAfter(stop, Collector::default());
            let request = ChangeRequest { query: &query, since: Some(&since), until: &until, cut: cut.as_ref(), limit: 100 };
            cut = store.reading(|tx| Ok(tx.changes(&request, &mut sink)?)).unwrap().next;
            rows += sink.1.rows.len();
            removed += sink.1.removed.len();
            if cut.is_none() {
                break;
            }
        }
        assert_eq!((rows, removed), (3, 4), "{stop}");
        let mut sink = StopAfter(stop, Collector::default());
        let all = SecuredQuery::unrestricted(everything(&table), "test");
        let more = store.reading(|tx| Ok(tx.select(&all, None, &mut sink)?)).unwrap();
        assert_eq!((sink.1.rows.len(), more), (stop as usize, stop < 7));
    }
}

#[test] // CT-40, CT-47, REL-09
fn purging_raises_the_horizon() {
    let (_folder, store, table, since) = filled();
    let judge = |position| store.reading(|tx| Ok(tx.judge(TableCode(10_001), position)?)).unwrap();
    let purge = |before_s, limit| store.writing(Length::Short, move |tx| Ok(tx.purge_tombstones(TableCode(10_001), before_s, limit)?)).unwrap();
    let present = position(&*store);
    assert_eq!(purge(100, 10), 0);
    assert_eq!(judge(&since), PositionState::Good);
    assert_eq!(purge(200, 2), 2);
    assert_eq!((judge(&since), judge(&present)), (PositionState::Purged, PositionState::Good));
    assert_eq!(purge(200, 10), 1);
    assert_eq!(purge(201, 10), 1);
    assert_eq!((judge(&since), judge(&present)), (PositionState::Purged, PositionState::Good));
    assert_eq!(chain(&*store, &table, Some(&since), 10).1, ids([]));
}

#[test]
fn an_untracked_table_keeps_no_tombstones() {
    let folder = Folder::new();
    let store = folder.open();
    let table = TableBuilder::new(4, "plain").untracked().build();
    make(&*store, &table);
    let since = position(&*store);
    insert(&*store, &table, id(1), &[]).unwrap();
    assert!(remove(&*store, &table, id(1), 0).unwrap());
    assert!(!remove(&*store, &table, id(1), 0).unwrap());
    assert!(!update(&*store, &table, id(1), &[]).unwrap());
    assert_eq!(chain(&*store, &table, Some(&since), 10).1, ids([]));
}
