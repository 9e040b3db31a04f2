//! Writes in two halves, so that the same code serves a request of its own and one inside a change set.

use std::sync::Arc;

use driftless_core::{Request, Response, Snapshot};
use driftless_model::{Error, ErrorCode, Result, Table};

use crate::answer::Answer;

/// How a write becomes a request of the organization. It may run again with newer definitions (A8).
pub(crate) type Lower<'a> = Box<dyn Fn(&Arc<Snapshot>, &Earlier<'_>) -> Result<Request> + Send + Sync + 'a>;

/// How the organization's answer becomes ours.
pub(crate) type Render<'a> = Box<dyn FnOnce(Response) -> Result<Answer> + Send + Sync + 'a>;

/// A write that has not run.
pub(crate) struct Write<'a> {
    pub(crate) lower: Lower<'a>,
    pub(crate) render: Render<'a>,
}

impl<'a> Write<'a> {
    pub(crate) fn new(
        lower: impl Fn(&Arc<Snapshot>, &Earlier<'_>) -> Result<Request> + Send + Sync + 'a,
        render: impl FnOnce(Response) -> Result<Answer> + Send + Sync + 'a,
    ) -> Self {
        Self { lower: Box::new(lower), render: Box::new(render) }
    }
}

/// What a request turned out to be: answered already, or a write to run alone or with others.
pub(crate) enum Action<'a> {
    /// A read, or a write that is a unit of its own in any case.
    Answer(Answer),
    /// A write.
    Write(Write<'a>),
}

/// The earlier requests of a change set, which later ones name by Content-ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Earlier<'a> {
    entries: Vec<(Option<&'a str>, Option<Arc<Table>>)>,
}

impl<'a> Earlier<'a> {
    /// Adds the next request, with the table of the row that it writes.
    pub(crate) fn push(&mut self, content_id: Option<&'a str>, request: &Request) {
        self.entries.push((content_id, written_table(request)));
    }

    /// Place and table of the request with this Content-ID.
    ///
    /// # Errors
    /// 0x80060888 when no earlier request of the change set has it, or the one that has it leaves no row.
    pub(crate) fn find(&self, content_id: &str) -> Result<(usize, Arc<Table>)> {
        self.entries
            .iter()
            .enumerate()
            .find(|(_, (id, _))| *id == Some(content_id))
            .and_then(|(at, (_, table))| table.clone().map(|table| (at, table)))
            .ok_or_else(|| Error::new(ErrorCode::ODataError, format!("Content-ID Reference: '${content_id}' does not exist in the batch context.")))
    }
}

fn written_table(request: &Request) -> Option<Arc<Table>> {
    match request {
        Request::Create(create) => Some(Arc::clone(&create.record.table)),
        Request::Update(update) => Some(Arc::clone(&update.target.table)),
        Request::Upsert(upsert) => Some(Arc::clone(&upsert.target.table)),
        _ => None,
    }
}

/// The error for an answer of a kind that the request cannot have: a mistake of this program, not of the caller.
pub(crate) fn unexpected(what: &str) -> Error {
    Error::damaged(format!("the organization answered {what} in another form than the front expects"))
}
