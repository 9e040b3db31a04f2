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

    /// The list at a place of `ResolvedQuery::collections`.
    fn nested(&self, at: usize) -> Option<&NestedRows> {
        let _ = at;
        None
    }
}

/// A list nested in a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NestedRows {
    /// Its rows; their places are those of the collection's own query.
    pub rows: Vec<CollectedRow>,
    /// Where the list goes on, if it does: a token for the next page.
    pub next: Option<String>,
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

/// A row that was collected, with its lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectedRow {
    /// Its values.
    pub values: Vec<Value>,
    /// Its lists.
    pub nested: Vec<NestedRows>,
    /// For each value the text of several choices: these have no other borrowed form.
    choices: Vec<Option<String>>,
}

impl CollectedRow {
    /// A row of these values.
    pub fn new(values: Vec<Value>) -> Self {
        let text = |value: &Value| if let Value::Choices(chosen) = value { Some(Value::choices_text(chosen)) } else { None };
        let choices = if values.iter().any(|value| matches!(value, Value::Choices(_))) { values.iter().map(text).collect() } else { Vec::new() };
        Self { values, nested: Vec::new(), choices }
    }
}

impl RowView for CollectedRow {
    fn get(&self, at: usize) -> ValueRef<'_> {
        match self.choices.get(at) {
            Some(Some(text)) => ValueRef::Choices(text),
            _ => self.values.get(at).map_or(ValueRef::Null, Value::as_ref),
        }
    }

    fn nested(&self, at: usize) -> Option<&NestedRows> {
        self.nested.get(at)
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
        self.rows.push(CollectedRow::new((0..self.width).map(|at| row.get(at).to_owned()).collect()));
        Ok(Flow::Continue)
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.removed.push(id);
        Ok(Flow::Continue)
    }
}
