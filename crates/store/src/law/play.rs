//! Plays random steps on a store and records what happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Position, Result, Uuid, Value};
use driftless_query::Collector;

use super::{Change, Event, History, Item, Page, Start};
use crate::fixture::{self, Library, Opener, insert, item, plain, remove, update};
use crate::{ChangeRequest, Cut, Length, PositionState, Store, StoreResult, WriteTx};

/// Rows that the writers fight over.
const ROWS: u32 = 10;
/// Readers, each with its own token.
const READERS: u32 = 2;
/// Most items of a page.
const PAGE_MAX: u32 = 4;

/// One step. [`Step::from_word`] makes one of any number, so that a list of random numbers is a list of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A unit of these edits; one that `fails` returns an error after them.
    Unit {
        /// What it does.
        edits: Vec<Edit>,
        /// Whether it fails at its end.
        fails: bool,
    },
    /// A reader asks for its next page.
    Page {
        /// The reader.
        reader: u32,
        /// Most items.
        limit: u32,
        /// The answer does not arrive: the page is asked for again.
        lost: bool,
    },
    /// A reader gives its chain up and begins it again with the same token (CT-41).
    GiveUp {
        /// The reader.
        reader: u32,
    },
    /// The store is closed and opened again.
    Restart,
}

/// One write of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Creates or updates a row.
    Put(u32),
    /// Removes a row, if it is there.
    Remove(u32),
}

impl Step {
    /// The step that a number stands for. Small numbers are simple steps.
    pub fn from_word(word: u64) -> Self {
        let mut rest = word;
        let mut draw = |below: u32| {
            let drawn = rest % u64::from(below);
            rest /= u64::from(below);
            u32::try_from(drawn).unwrap_or(0)
        };
        match draw(32) {
            0..12 => {
                let fails = draw(8) == 7;
                let edits = (0..=draw(4)).map(|_| if draw(5) < 3 { Edit::Put(draw(ROWS)) } else { Edit::Remove(draw(ROWS)) }).collect();
                Self::Unit { edits, fails }
            }
            12..28 => Self::Page { reader: draw(READERS), lost: draw(6) == 5, limit: 1 + draw(PAGE_MAX) },
            28 | 29 => Self::GiveUp { reader: draw(READERS) },
            _ => Self::Restart,
        }
    }
}

/// How readers follow the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The position of the next token is fixed at the first page (CT-37).
    Right,
    /// A seeded fault: the token is the position at the last page.
    PositionAtLastPage,
}

/// Plays `steps` on a store that has no tables yet; at the end every reader reads to the end of the feed.
///
/// # Errors
/// When the store fails, or refuses a position that it gave (CT-28).
pub fn run(opener: &Opener, steps: &[Step], protocol: Protocol) -> Result<History> {
    let store = opener();
    let library = Library::create(&*store)?;
    let mut stage = Stage { opener, store: Some(store), library, readers: BTreeMap::new(), protocol, writes: 0, history: History::default() };
    for step in steps {
        match step {
            Step::Unit { edits, fails } => stage.unit(edits, *fails)?,
            Step::Page { reader, limit, lost } => stage.page(*reader, *limit, *lost)?,
            Step::GiveUp { reader } => stage.readers.entry(*reader).or_default().chain = None,
            Step::Restart => stage.restart(),
        }
    }
    for reader in 0..READERS {
        // What is left of a chain, then one more chain.
        for _ in 0..2 {
            stage.page(reader, PAGE_MAX, false)?;
            while stage.readers.get(&reader).is_some_and(|follower| follower.chain.is_some()) {
                stage.page(reader, PAGE_MAX, false)?;
            }
        }
    }
    Ok(stage.history)
}

struct Stage<'a> {
    opener: &'a Opener,
    /// None only while the store is opened again.
    store: Option<Arc<dyn Store>>,
    library: Library,
    readers: BTreeMap<u32, Follower>,
    protocol: Protocol,
    writes: u32,
    history: History,
}

/// A client of the feed. It keeps its tokens over restarts.
#[derive(Default)]
struct Follower {
    token: Option<Position>,
    chain: Option<ChainPlace>,
}

/// What a link to the next page carries.
#[derive(Clone)]
struct ChainPlace {
    until: Position,
    cut: Cut,
}

impl Stage<'_> {
    fn store(&self) -> Result<&Arc<dyn Store>> {
        self.store.as_ref().ok_or_else(|| Error::damaged("the store is closed"))
    }

    fn restart(&mut self) {
        self.store = None;
        self.store = Some((self.opener)());
        self.history.events.push(Event::Restart);
    }

    fn unit(&mut self, edits: &[Edit], fails: bool) -> Result<()> {
        self.writes += 1;
        let (book, edits, content) = (Arc::clone(&self.library.book), edits.to_vec(), format!("written {}", self.writes));
        let done = self.store()?.writing(Length::Short, move |tx| {
            let mut changes = Vec::new();
            for edit in &edits {
                changes.extend(apply(tx, &book, *edit, &content)?);
            }
            if fails { Err(Error::of(ErrorCode::InvalidArgument)) } else { Ok(changes) }
        });
        match done {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => self.history.events.push(Event::Unit(changes)),
            Err(error) if fails && error.code() == ErrorCode::InvalidArgument => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn page(&mut self, reader: u32, limit: u32, lost: bool) -> Result<()> {
        let mut follower = self.readers.remove(&reader).unwrap_or_default();
        let query = plain(&self.library.book, &["name"], None)?;
        let code = self.library.book.def.code;
        let place = follower.chain.clone();
        let since = follower.token.clone();
        let (found, next, until, now, count) = self.store()?.reading(|tx| {
            let now = tx.position()?;
            let until = place.as_ref().map_or_else(|| now.clone(), |place| place.until.clone());
            for position in since.iter().chain([&until]) {
                let state = tx.judge(code, position)?;
                if state != PositionState::Good {
                    return Err(Error::damaged(format!("a position of this store was judged {state:?}")));
                }
            }
            let request = ChangeRequest { query: &query, since: since.as_ref(), until: &until, cut: place.as_ref().map(|place| &place.cut), limit };
            let mut found = Collector::default();
            let end = tx.changes(&request, &mut found)?;
            let count = if since.is_some() { Some(tx.count_changes(&request)?) } else { None };
            Ok((found, end.next, until, now, count))
        })?;
        let first = follower.chain.is_none();
        let rows = found.rows.iter().map(|row| item(row, 2).map(|(id, version, value)| Item { id, version: version.0, content: content_of(value) }));
        let page = Page {
            reader,
            start: first.then_some(if since.is_some() { Start::Delta { count } } else { Start::Full }),
            rows: rows.collect::<Result<_>>()?,
            removed: found.removed,
            more: next.is_some(),
            arrived: !lost,
        };
        self.history.events.push(Event::Page(page));
        if !lost {
            follower.token = match (next, self.protocol) {
                (Some(_), _) => follower.token,
                (None, Protocol::Right) => Some(until.clone()),
                (None, Protocol::PositionAtLastPage) => Some(now),
            };
            follower.chain = next.map(|cut| ChainPlace { until, cut });
        }
        self.readers.insert(reader, follower);
        Ok(())
    }
}

fn content_of(value: Value) -> String {
    if let Value::Text(text) = value { text } else { format!("{value:?}") }
}

fn apply(tx: &mut dyn WriteTx, book: &driftless_model::Table, edit: Edit, content: &str) -> StoreResult<Option<Change>> {
    let put = |id: Uuid, version: driftless_model::Version| Change::Put(Item { id, version: version.0, content: content.to_owned() });
    match edit {
        Edit::Put(row) => {
            let id = fixture::id(row);
            let cells = [("name", Value::text(content))];
            if let Some(version) = update(tx, book, id, &cells)? {
                return Ok(Some(put(id, version)));
            }
            Ok(Some(put(id, insert(tx, book, id, &cells)?)))
        }
        Edit::Remove(row) => {
            let id = fixture::id(row);
            Ok(remove(tx, book, id, 0)?.map(|version| Change::Removed { id, version: Some(version.0) }))
        }
    }
}
