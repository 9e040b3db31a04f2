//! How long tokens hold, below the wire: windows and purges in the middle of a chain, full answers in pages, and folders that were copied or put back. What
//! the wire shows of expiry is in `expiry.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod organization;

use std::sync::Arc;
use std::time::{Duration, Instant};

use driftless_core::{Changes, Define, ExpiredTokens, SeededEnvironment};
use driftless_model::{ErrorCode, Uuid, Value};
use driftless_query::Collector;
use driftless_testkit::TestFolder;
use organization::{BOOK, CUSTOMIZER, Org, changes, copy_folder, environment, folder_with_books, open_store, table};

const DAY_S: i64 = 86_400;
/// The window of a new organization (CT-43).
const WINDOW_DAYS: i64 = 90;
/// How long a test waits for the purge.
const PATIENCE: Duration = Duration::from_secs(20);

/// An organization with a clock that the test moves.
struct Service {
    org: Org,
    clock: Arc<SeededEnvironment>,
    folder: TestFolder,
}

impl Service {
    fn new(expired: ExpiredTokens) -> Self {
        Self::open(folder_with_books("durability"), environment(), expired)
    }

    fn open(folder: TestFolder, clock: Arc<SeededEnvironment>, expired: ExpiredTokens) -> Self {
        let org = Org::open_with(open_store(folder.path()), Arc::clone(&clock) as Arc<_>, expired);
        Self { org, clock, folder }
    }

    /// The process ends; what is left is its folder and the clock.
    fn close(self) -> (TestFolder, Arc<SeededEnvironment>) {
        drop(self.org);
        (self.folder, self.clock)
    }

    fn wait_days(&self, days: i64) {
        self.clock.advance_s(days * DAY_S);
    }

    fn set_window(&self, days: i32) {
        let organization = self.org.organization.facts().organization;
        self.org.update("organization", organization, &[("expirechangetrackingindays", Value::Int(days))]).unwrap();
    }

    fn make(&self, number: u128) -> Uuid {
        let values = [("new_name", Value::text(format!("book {number}"))), ("new_code", Value::text(format!("{number}")))];
        self.org.create(BOOK, Some(Uuid::from_u128(number)), &values).unwrap()
    }

    fn remove(&self, number: u128) {
        self.org.delete(BOOK, Uuid::from_u128(number)).unwrap();
    }

    /// What a token gives in one page: whether it is a delta, rows, removals.
    fn since(&self, token: &str) -> Result<(bool, usize, usize), ErrorCode> {
        let (page, found) = self.org.changes(&from(token)).map_err(|error| error.code())?;
        Ok((page.delta, found.rows.len(), found.removed.len()))
    }

    /// Lets the runner of jobs purge until `token` is below the horizon.
    fn purge_until_refused(&self, token: &str) {
        let jobs = self.org.organization.start_jobs().unwrap();
        let begun = Instant::now();
        while self.since(token) != Err(ErrorCode::ExpiredVersionStamp) {
            assert!(begun.elapsed() < PATIENCE, "nothing was purged");
            std::thread::yield_now();
        }
        drop(jobs);
    }
}

fn from(token: &str) -> Changes {
    Changes { token: Some(token.to_owned()), ..changes(BOOK, &["new_name"]) }
}

/// The same chain's next page.
fn next(request: &Changes, page_token: Option<String>) -> Changes {
    Changes { page_token, ..request.clone() }
}

#[test] // CT-40: a chain that outlives its tombstones fails in both settings; a first read needs none
fn a_chain_whose_tombstones_are_purged_ends_in_the_fault() {
    for expired in [ExpiredTokens::Full, ExpiredTokens::Fault] {
        let service = Service::new(expired);
        for number in 0..6 {
            service.make(number);
        }
        let token = service.org.token(BOOK);
        service.remove(0);
        service.remove(1);
        service.wait_days(30);
        let delta = Changes { page_rows: 1, ..from(&token) };
        let full = Changes { page_rows: 1, ..changes(BOOK, &["new_name"]) };
        let page_of = |request: &Changes| service.org.changes(request).unwrap().0.next.map(|next| next.token);
        let (delta_page, full_page) = (page_of(&delta), page_of(&full));
        // By the new window of 7 days the removals may go, though the chain has begun.
        service.set_window(7);
        let judge = service.org.token(BOOK);
        service.set_window(365);
        assert!(service.org.changes(&next(&delta, delta_page.clone())).is_ok(), "nothing is purged yet");
        service.set_window(7);
        let jobs = service.org.organization.start_jobs().unwrap();
        let begun = Instant::now();
        let refused = loop {
            match service.org.changes(&next(&delta, delta_page.clone())) {
                Err(error) => break error,
                Ok((page, found)) => assert!(page.delta && found.removed.len() == 1),
            }
            assert!(begun.elapsed() < PATIENCE, "nothing was purged");
            std::thread::yield_now();
        };
        drop(jobs);
        assert_eq!(refused.code(), ErrorCode::ExpiredVersionStamp);
        let (page, found) = service.org.changes(&next(&full, full_page)).unwrap();
        assert!(!page.delta && found.rows.len() == 1);
        assert_eq!(service.since(&judge), Ok((true, 0, 0)), "what came after the horizon is told as ever");
    }
}

#[test] // CT-46, CT-47: the purge leaves the window and the longest chain alone
fn tombstones_within_the_window_and_a_chain_stay() {
    let service = Service::new(ExpiredTokens::Full);
    for number in 0..3 {
        service.make(number);
    }
    let first = service.org.token(BOOK);
    service.remove(0);
    let second = service.org.token(BOOK);
    // The first removal is at the border of window and chain, the second a second younger.
    service.clock.advance_s(1);
    service.remove(1);
    service.clock.advance_s(WINDOW_DAYS * DAY_S + DAY_S);
    assert_eq!(service.since(&second), Ok((false, 1, 0)), "too old by age: everything");
    let jobs = service.org.organization.start_jobs().unwrap();
    let begun = Instant::now();
    service.set_window(365);
    // By age both are good again; only the horizon tells them apart, and the first raising of it may have come before the window was raised, or never.
    let purged = loop {
        match service.since(&first) {
            Err(code) => break Some(code),
            Ok(found) => assert_eq!(found, (true, 0, 2)),
        }
        if begun.elapsed() > Duration::from_millis(500) {
            break None;
        }
        std::thread::yield_now();
    };
    drop(jobs);
    assert!(matches!(purged, None | Some(ErrorCode::ExpiredVersionStamp)));
    assert_eq!(service.since(&second), Ok((true, 0, 1)), "a tombstone within window and chain is there");
}
