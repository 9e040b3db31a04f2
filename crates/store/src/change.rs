//! Ranges of the feed and where a page of it ends.

use driftless_model::{Position, Uuid, Version};
use driftless_query::SecuredQuery;

/// A page of changes to read.
#[derive(Clone, Copy, Debug)]
pub struct ChangeRequest<'a> {
    /// The table and the columns to return; filter, order and limit are empty.
    pub query: &'a SecuredQuery,
    /// Changes after this position; none for all rows, and no removals.
    pub since: Option<&'a Position>,
    /// Changes up to this position, fixed at the first page (CT-37).
    pub until: &'a Position,
    /// Where the page before ended.
    pub cut: Option<&'a Cut>,
    /// Most items.
    pub limit: u32,
}

/// The part of a range that a page is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// New and updated rows.
    Rows,
    /// Removed ids.
    Removed,
}

/// The last item of a page: the next page begins after it (CT-38).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// In which part.
    pub phase: Phase,
    /// Its version.
    pub version: Version,
    /// Its id.
    pub id: Uuid,
}

/// How a page of changes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesEnd {
    /// The last item, when more follow; none when the range is read to its end.
    pub next: Option<Cut>,
}

/// What a store can answer from a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionState {
    /// Everything after it.
    Good,
    /// Nothing: it is of another incarnation, or lies above the present position (CT-31, CT-52).
    Foreign,
    /// Nothing: removals after it were purged (CT-47).
    Purged,
    /// Nothing: these are not bytes that this kind of store makes.
    Malformed,
}

/// Removals that feeds still tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    /// How many there are.
    pub count: u64,
    /// When the first one of a table was made, of the table where that is longest ago; in seconds since 1970-01-01 UTC. None where nothing was removed.
    pub oldest_s: Option<i64>,
}
