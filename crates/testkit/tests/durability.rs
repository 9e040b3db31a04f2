//! How long tokens hold, below the wire: windows and purges in the middle of a chain, full answers in pages, and folders that were copied or put back. What
//! the wire shows of expiry is in `expiry.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod organization;

use std::sync::Arc;
use std::time::{Duration, Instant};

use driftless_core::{Changes, Define, ExpiredTokens, SeededEnvironment};
use driftless_model::{ErrorCode, Position, Uuid, Value};
use driftless_store::{PositionState, Store};
use driftless_store_sqlite::SqliteStore;
use driftless_testkit::TestFolder;
use organization::{BOOK, CUSTOMIZER, Org, changes, copy_folder, environment, folder_with_books, open_store, table};

const DAY_S: i64 = 86_400;
/// The window of a new organization (CT-43).
const WINDOW_DAYS: i64 = 90;
/// Life of a chain of pages.
const CHAIN_DAYS: i64 = 1;
/// How long a test waits for the purge.
const PATIENCE: Duration = Duration::from_secs(20);

/// An organization with a clock that the test moves.
struct Service {
    org: Org,
    store: Arc<SqliteStore>,
    clock: Arc<SeededEnvironment>,
    folder: TestFolder,
}

impl Service {
    fn new(expired: ExpiredTokens) -> Self {
        Self::open(folder_with_books("durability"), environment(), expired)
    }

    fn open(folder: TestFolder, clock: Arc<SeededEnvironment>, expired: ExpiredTokens) -> Self {
        let store = open_store(folder.path());
        let org = Org::open_with(Arc::clone(&store) as Arc<_>, Arc::clone(&clock) as Arc<_>, expired);
        Self { org, store, clock, folder }
    }

    /// The process ends; what is left is its folder and the clock.
    fn close(self) -> (TestFolder, Arc<SeededEnvironment>) {
        drop((self.org, self.store));
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

    /// The position of the store.
    fn position(&self) -> Position {
        (&*self.store as &dyn Store).reading(|tx| Ok(tx.position()?)).unwrap()
    }

    /// What the store can tell from a position of the table.
    fn state(&self, position: &Position) -> PositionState {
        let code = self.org.organization.snapshot().require(BOOK).unwrap().def.code;
        (&*self.store as &dyn Store).reading(|tx| Ok(tx.judge(code, position)?)).unwrap()
    }

    fn version(&self, id: Uuid) -> i64 {
        let (_, found) = self.org.changes(&changes(BOOK, &["new_name"])).unwrap();
        let row = found.rows.iter().find(|row| row.values[0] == Value::Guid(id)).unwrap();
        let Value::BigInt(version) = row.values[1] else { panic!("a row has a version") };
        version
    }
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::yield_now();
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
        let (token, below) = (service.org.token(BOOK), service.position());
        service.remove(0);
        service.remove(1);
        service.wait_days(30);
        let delta = Changes { page_rows: 1, ..from(&token) };
        let full = Changes { page_rows: 1, ..changes(BOOK, &["new_name"]) };
        let page_of = |request: &Changes| service.org.changes(request).unwrap().0.next.map(|next| next.token);
        let (delta_page, full_page) = (page_of(&delta), page_of(&full));
        // By the new window of 7 days the removals may go, though the chain has begun.
        service.set_window(7);
        assert!(service.org.changes(&next(&delta, delta_page.clone())).is_ok(), "the window is judged where a chain begins");
        let young = service.org.token(BOOK);
        let jobs = service.org.organization.start_jobs().unwrap();
        wait_until("the purge", || service.state(&below) == PositionState::Purged);
        drop(jobs);
        let refused = service.org.changes(&next(&delta, delta_page)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ExpiredVersionStamp);
        let (page, found) = service.org.changes(&next(&full, full_page)).unwrap();
        assert!(!page.delta && found.rows.len() == 1);
        assert_eq!(service.since(&young), Ok((true, 0, 0)), "what came after the horizon is told as ever");
    }
}

#[test] // CT-46, CT-47: the purge leaves the window and the longest chain alone
fn tombstones_within_the_window_and_a_chain_stay() {
    let service = Service::new(ExpiredTokens::Full);
    for number in 0..3 {
        service.make(number);
    }
    let (first, below) = (service.org.token(BOOK), service.position());
    service.remove(0);
    let second = service.org.token(BOOK);
    service.clock.advance_s(1);
    service.remove(1);
    // One removal is a second older than window and chain together, the other is not.
    service.clock.advance_s((WINDOW_DAYS + CHAIN_DAYS) * DAY_S);
    let jobs = service.org.organization.start_jobs().unwrap();
    wait_until("the purge", || service.state(&below) == PositionState::Purged);
    drop(jobs);
    assert_eq!([service.since(&first), service.since(&second)], [Ok((false, 1, 0)); 2], "too old by age: everything");
    service.set_window(365);
    assert_eq!(service.since(&first), Err(ErrorCode::ExpiredVersionStamp), "raising the window cannot revive what was purged");
    assert_eq!(service.since(&second), Ok((true, 0, 1)));
}

#[test] // CT-45, CT-48: everything, told as a first read on every page, and again by every token
fn a_full_answer_to_an_old_token_is_a_first_read_in_pages() {
    let service = Service::new(ExpiredTokens::Full);
    for number in 0..5 {
        service.make(number);
    }
    let token = service.org.token(BOOK);
    service.remove(4);
    service.wait_days(WINDOW_DAYS + 1);
    assert_eq!(service.org.count_changes(&from(&token)).unwrap(), 4, "the count is that of the answer");
    let request = Changes { page_rows: 3, ..from(&token) };
    let (mut page_token, mut rows, mut pages) = (None, 0, 0);
    let fresh = loop {
        // CT-45: that a caller prefers the fault does not end a chain that began without it.
        let request = Changes { expired_fault: pages > 0, ..next(&request, page_token.take()) };
        let (page, found) = service.org.changes(&request).unwrap();
        assert!(!page.delta && found.removed.is_empty());
        (rows, pages) = (rows + found.rows.len(), pages + 1);
        match (page.next, page.token) {
            (Some(next), None) => page_token = Some(next.token),
            (None, Some(token)) => break token,
            other => panic!("a page has either a next page or a token (CT-36): {other:?}"),
        }
    };
    assert_eq!((rows, pages), (4, 2));
    assert_eq!(service.since(&fresh), Ok((true, 0, 0)));
    service.set_window(0);
    let again = service.org.changes(&from(&fresh)).unwrap().0;
    assert!(!again.delta);
    assert_eq!(service.since(&again.token.unwrap()), Ok((false, 4, 0)), "no token lives longer than its next use");
    let error = service.org.changes(&Changes { expired_fault: true, ..from(&fresh) }).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ExpiredVersionStamp);
}

#[test] // CT-46: a clock that goes back makes no token old
fn a_token_from_the_future_is_young() {
    let service = Service::new(ExpiredTokens::Fault);
    service.make(1);
    let token = service.org.token(BOOK);
    service.remove(1);
    service.wait_days(-2 * WINDOW_DAYS);
    assert_eq!(service.since(&token), Ok((true, 0, 1)));
}

#[test] // CT-31, CT-39, SEC-41: a token is good for what it was given for, and nothing else
fn a_token_serves_its_own_table_columns_and_use_only() {
    let service = Service::new(ExpiredTokens::Full);
    service.org.define(&Define::CreateTable(table("new_Author"), CUSTOMIZER)).unwrap();
    for number in 0..3 {
        service.make(number);
        service.org.create("new_author", None, &[("new_name", Value::text("Homer"))]).unwrap();
    }
    let paged = Changes { page_rows: 1, ..changes(BOOK, &["new_name"]) };
    let page_token = service.org.changes(&paged).unwrap().0.next.unwrap().token;
    let (token, of_authors) = (service.org.token(BOOK), service.org.token("new_author"));
    let opaque = token.split('!').next().unwrap().to_owned();
    for (at, (request, expected)) in [
        (from(&of_authors), ErrorCode::InvalidArgument),
        (next(&paged, Some(opaque.clone())), ErrorCode::InvalidArgument),
        (from(&page_token), ErrorCode::InvalidArgument),
        (Changes { page_token: Some(page_token.clone()), ..changes("new_author", &["new_name"]) }, ErrorCode::InvalidArgument),
        (Changes { page_token: Some(page_token.clone()), ..changes(BOOK, &["new_name", "new_code"]) }, ErrorCode::InvalidPagingCookie),
        (from(""), ErrorCode::InvalidArgument),
        (from("919042!08/22/2017 08:10:44"), ErrorCode::InvalidArgument),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = service.org.changes(&request).map(|(page, _)| page).map_err(|error| error.code());
        assert_eq!(refused, Err(expected), "request {at}");
    }
    // CT-24: the columns of a delta are those that are asked for; CT-23: what is for people is not read.
    assert_eq!(service.since(&opaque), Ok((true, 0, 0)));
    assert!(service.org.changes(&Changes { token: Some(format!("{opaque}!")), ..changes(BOOK, &["new_code"]) }).is_ok());
}

#[test] // CT-52, SEC-42: a copy is another incarnation, in both settings; the original goes on
fn a_copied_folder_refuses_the_tokens_of_the_original() {
    for expired in [ExpiredTokens::Full, ExpiredTokens::Fault] {
        let service = Service::new(expired);
        let id = service.make(1);
        let (token, version) = (service.org.token(BOOK), service.version(id));
        let paged = Changes { page_rows: 1, ..changes(BOOK, &["new_name"]) };
        service.make(2);
        let page_token = service.org.changes(&paged).unwrap().0.next.map(|next| next.token);
        let (folder, clock) = service.close();
        let other = TestFolder::new("copied");
        copy_folder(folder.path(), other.path());
        let copy = Service::open(other, Arc::clone(&clock), expired);
        assert_eq!(copy.since(&token), Err(ErrorCode::ExpiredVersionStamp));
        assert_eq!(copy.org.count_changes(&from(&token)).unwrap_err().code(), ErrorCode::ExpiredVersionStamp);
        let error = copy.org.changes(&next(&paged, page_token.clone())).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ExpiredVersionStamp);
        let made = copy.make(3);
        assert!(copy.version(made) > version + 1_000_000, "numbers go on past all that the original may have given");
        let fresh = copy.org.token(BOOK);
        copy.remove(1);
        let (other, clock) = copy.close();
        let copy = Service::open(other, clock, expired);
        assert_eq!(copy.since(&fresh), Ok((true, 0, 1)), "the copy's own tokens outlive its restarts");
        let original = Service::open(folder, Arc::clone(&copy.clock), expired);
        assert_eq!(original.since(&token), Ok((true, 1, 0)));
        assert_eq!(original.since(&fresh), Err(ErrorCode::ExpiredVersionStamp));
        assert!(original.org.changes(&next(&paged, page_token)).is_ok());
    }
}

#[test] // CT-20, CT-52, REL-08, SEC-42: what came after the backup is lost, and no token says otherwise
fn an_older_folder_put_back_refuses_all_tokens() {
    let service = Service::new(ExpiredTokens::Full);
    service.make(1);
    let before = service.org.token(BOOK);
    let (folder, clock) = service.close();
    let backup = std::fs::read(folder.path().join("driftless.db")).unwrap();
    let service = Service::open(folder, clock, ExpiredTokens::Full);
    let lost = service.make(2);
    let version = service.version(lost);
    let after = service.org.token(BOOK);
    let (folder, clock) = service.close();
    std::fs::write(folder.path().join("driftless.db"), backup).unwrap();
    let service = Service::open(folder, clock, ExpiredTokens::Full);
    assert_eq!([service.since(&before), service.since(&after)], [Err(ErrorCode::ExpiredVersionStamp); 2]);
    let made = service.make(3);
    assert!(service.version(made) > version);
    let (page, found) = service.org.changes(&changes(BOOK, &["new_name"])).unwrap();
    assert!(page.token.is_some() && found.rows.len() == 2);
}

#[test] // CT-50: neither token nor page of a table that is gone serves one of the same name
fn a_table_made_anew_has_a_feed_of_its_own() {
    for expired in [ExpiredTokens::Full, ExpiredTokens::Fault] {
        let service = Service::new(expired);
        for number in 0..2 {
            service.make(number);
        }
        let paged = Changes { page_rows: 1, ..changes(BOOK, &["new_name"]) };
        let page_token = service.org.changes(&paged).unwrap().0.next.map(|next| next.token);
        let token = service.org.token(BOOK);
        service.remove(0);
        service.org.define(&Define::DeleteTable(BOOK.into())).unwrap();
        assert_eq!(service.since(&token), Err(ErrorCode::QueryBuilderNoEntity));
        service.org.add_books();
        assert_eq!(service.since(&token), Err(ErrorCode::ExpiredVersionStamp));
        let error = service.org.changes(&next(&paged, page_token)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ExpiredVersionStamp);
        let fresh = service.org.token(BOOK);
        service.make(0);
        assert_eq!(service.since(&fresh), Ok((true, 1, 0)), "CT-15: the old rows left nothing behind");
    }
}
