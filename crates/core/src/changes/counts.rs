//! How the feed was read since the program started (OPS-10).

use std::sync::atomic::{AtomicU64, Ordering};

use driftless_model::{Result, Uuid};
use driftless_query::{Flow, PageHead, RowSink, RowView};

/// How a read of the feed was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FeedAnswer {
    /// With all rows: there was no token yet.
    First,
    /// With what has changed since the token.
    Delta,
    /// With all rows, since the token was too old (CT-46).
    Full,
    /// With a page after the first one.
    Page,
    /// With an error.
    Refused,
}

/// Why a client must read everything again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resync {
    /// The token, or the chain of pages, is older than removals are kept.
    Age,
    /// Removals after the token are gone.
    Purged,
    /// The token is of another incarnation of the database.
    Foreign,
    /// The table was made anew.
    Table,
}

const ANSWERS: [(FeedAnswer, &str); 5] =
    [(FeedAnswer::First, "first"), (FeedAnswer::Delta, "delta"), (FeedAnswer::Full, "full"), (FeedAnswer::Page, "page"), (FeedAnswer::Refused, "refused")];
const RESYNCS: [(Resync, &str); 4] = [(Resync::Age, "age"), (Resync::Purged, "purged"), (Resync::Foreign, "foreign"), (Resync::Table, "table")];

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct FeedCounts {
    answers: [AtomicU64; ANSWERS.len()],
    rows: AtomicU64,
    removed: AtomicU64,
    resyncs: [AtomicU64; RESYNCS.len()],
}

/// How the feed was read since the program started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedFigures {
    /// Reads by how they were answered: `first`, `delta`, `full` because of an expired token, `page`, `refused`.
    pub answers: Vec<(&'static str, u64)>,
    /// Rows that were told.
    pub rows: u64,
    /// Removals that were told.
    pub removed: u64,
    /// Tokens after which everything must be read again, by the reason: `age`, `purged`, `foreign`, `table`.
    pub resyncs: Vec<(&'static str, u64)>,
}

impl FeedCounts {
    /// A read has its answer, which went through `sink`.
    pub(crate) fn answered(&self, answer: FeedAnswer, sink: &Counted<'_>) {
        if let Some(at) = ANSWERS.iter().position(|(own, _)| *own == answer) {
            self.answers[at].fetch_add(1, Ordering::Relaxed);
        }
        self.rows.fetch_add(sink.rows, Ordering::Relaxed);
        self.removed.fetch_add(sink.removed, Ordering::Relaxed);
    }

    /// A token was of no use any more.
    pub(crate) fn expired(&self, why: Resync) {
        if let Some(at) = RESYNCS.iter().position(|(own, _)| *own == why) {
            self.resyncs[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted.
    pub(crate) fn figures(&self) -> FeedFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FeedFigures {
            answers: ANSWERS.iter().zip(&self.answers).map(|((_, name), count)| (*name, of(count))).collect(),
            rows: of(&self.rows),
            removed: of(&self.removed),
            resyncs: RESYNCS.iter().zip(&self.resyncs).map(|((_, name), count)| (*name, of(count))).collect(),
        }
    }
}

/// A sink that counts what goes through it.
pub(crate) struct Counted<'a> {
    sink: &'a mut dyn RowSink,
    /// Rows so far.
    pub(crate) rows: u64,
    removed: u64,
}

impl<'a> Counted<'a> {
    pub(crate) fn new(sink: &'a mut dyn RowSink) -> Self {
        Self { sink, rows: 0, removed: 0 }
    }
}

impl RowSink for Counted<'_> {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.sink.start(head)
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        self.rows += 1;
        self.sink.row(row)
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.removed += 1;
        self.sink.removed(id)
    }
}
