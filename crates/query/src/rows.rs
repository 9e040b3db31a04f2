//! How results travel: row by row, borrowed from the store, never as a list of records.

use driftless_model::{Result, Uuid, Value, ValueRef};

use crate::ResolvedQuery;

/// What the sink wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// More rows.
    Continue,
    /// No more: this row is the last of the page.
    Stop,
}

/// What is known before the first row.
#[derive(Debug)]
pub struct PageHead<'a> {
    /// The query whose rows follow: its groups tell what each value is.
    pub query: &'a ResolvedQuery,
    /// Number of rows that match, when it was asked for.
    pub count: Option<u64>,
}

/// One result row. Places are those of `ResolvedQuery::outputs`.
pub trait RowView {
    /// The value at a place; null for a place that does not exist.
    fn get(&self, at: usize) -> ValueRef<'_>;
}

/// Where rows go. Called inside a read transaction: an implementation must not wait for a client.
pub trait RowSink {
    /// Comes once, first.
    ///
    /// # Errors
    /// Whatever ends the read.
    fn start(&mut self, head: &PageHead<'_>) -> Result<()>;

    /// Comes for each row.
    ///
    /// # Errors
    /// Whatever ends the read.
    fn row(&mut self, row: &dyn RowView) -> Result<Flow>;

    /// Comes for each deleted row of a change feed, after all rows.
    ///
    /// # Errors
    /// Whatever ends the read.
    fn removed(&mut self, id: Uuid) -> Result<Flow>;
}

/// A row that was collected.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectedRow(pub Vec<Value>);

impl RowView for CollectedRow {
    fn get(&self, at: usize) -> ValueRef<'_> {
        self.0.get(at).map_or(ValueRef::Null, Value::as_ref)
    }
}

/// A sink that keeps rows. For reads of the service itself, which are of a few rows, and for tests.
#[derive(Debug, Default)]
pub struct Collector {
    /// The rows.
    pub rows: Vec<CollectedRow>,
    /// Ids of deleted rows.
    pub removed: Vec<Uuid>,
    width: usize,
}

impl RowSink for Collector {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.width = head.query.outputs.len();
        Ok(())
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        self.rows.push(CollectedRow((0..self.width).map(|at| row.get(at).to_owned()).collect()));
        Ok(Flow::Continue)
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.removed.push(id);
        Ok(Flow::Continue)
    }
}
