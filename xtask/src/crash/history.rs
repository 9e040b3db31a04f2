//! What was asked and what was answered during a crash run, as plain data for the checker.
//!
//! An operation is logged before it is sent and completed when its answer is known. One that was never answered
//! may have been done or not; its `end_ns` is then the moment at which the connection was seen to be dead, after which
//! the killed process can do nothing more. All times are nanoseconds since the start of the run, on one monotonic clock.

use serde_json::{Value, json};

/// Id of a row: the 128 bits of its GUID.
pub(crate) type RowId = u128;
/// Number that one write puts into the row, used once in a run: a delivered state names the write that made it.
pub(crate) type Stamp = u64;
/// Number of a delta link in the order in which links were received; the link itself stays with the reader.
pub(crate) type Token = u32;

/// Everything that happened on one table over all restarts of one data folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Record operations, in no order.
    pub(crate) operations: Vec<Operation>,
    /// Reads of the feed; those of one consumer stand in the order in which they were begun.
    pub(crate) chains: Vec<Chain>,
    /// Full reads while nothing is written: one after every restart, one at the end.
    pub(crate) surveys: Vec<Survey>,
    /// Comparisons of `/$count` with a read, while nothing is written.
    pub(crate) counts: Vec<Count>,
    /// Delta or page links that were refused.
    pub(crate) refusals: Vec<Refusal>,
    /// Added and deleted columns and keys.
    pub(crate) definitions: Vec<DefinitionChange>,
}

/// One request that writes.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Which connection sent it.
    pub(crate) process: u32,
    /// Between which start and kill of the service, from 0.
    pub(crate) cycle: u32,
    /// Just before it was sent.
    pub(crate) invoke_ns: u64,
    /// When it was answered, or known never to be.
    pub(crate) end_ns: u64,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// What it writes: one row, or several for a change set.
    pub(crate) writes: Vec<Write>,
}

impl Operation {
    /// Whether it was over before the other began.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.end_ns < other.invoke_ns
    }

    /// Whether it surely did nothing.
    pub(crate) fn is_refused(&self) -> bool {
        self.outcome == Outcome::Refused
    }
}

impl History {
    /// The operations as JSON lines, one `{process, op, args, invoke_ns, return_ns, result}` each, by time of sending.
    pub(crate) fn json_lines(&self) -> String {
        let mut lines: Vec<(u64, Value)> = self.operations.iter().map(|one| (one.invoke_ns, one.json())).collect();
        lines.extend(self.definitions.iter().map(|change| (change.invoke_ns, change.json())));
        lines.sort_by_key(|(invoke_ns, _)| *invoke_ns);
        lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }
}

impl Operation {
    fn json(&self) -> Value {
        let arguments: Vec<Value> = self.writes.iter().map(Write::json).collect();
        json!({
            "process": self.process, "cycle": self.cycle,
            "op": if self.writes.len() > 1 { "change set" } else { "row" }, "args": arguments,
            "invoke_ns": self.invoke_ns, "return_ns": self.end_ns, "result": format!("{:?}", self.outcome)
        })
    }
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answered with success.
    Acknowledged,
    /// Never answered: done or not.
    Unanswered,
    /// Answered with an error, or never sent: surely not done.
    Refused,
}

/// One row of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// The number that it puts into the row.
    pub(crate) stamp: Stamp,
    /// The row, as far as it is known: asked for by id, or told by the answer.
    pub(crate) row: Option<RowId>,
    /// The alternate key value by which the row was addressed, or which a create gives it.
    pub(crate) code: Option<String>,
    /// What it does.
    pub(crate) effect: Effect,
    /// Version in `If-Match`.
    pub(crate) if_version: Option<u64>,
    /// Version of the row after it, when the answer tells.
    pub(crate) version: Option<u64>,
}

impl Write {
    fn json(&self) -> Value {
        json!({
            "effect": format!("{:?}", self.effect), "stamp": self.stamp, "row": self.row.map(|row| format!("{row:032x}")),
            "code": self.code, "if_version": self.if_version, "version": self.version
        })
    }
}

/// What a write does to its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Makes a row under a new id.
    Create,
    /// Changes a row that must exist.
    Update,
    /// Changes a row, or makes it.
    Upsert,
    /// Removes a row that must exist.
    Delete,
}

/// A row as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Its id.
    pub(crate) row: RowId,
    /// The version in its etag.
    pub(crate) version: u64,
    /// The stamp in its columns.
    pub(crate) stamp: Stamp,
    /// The alternate key value; a row keeps it for life.
    pub(crate) code: Option<String>,
    /// Whether the columns that every write sets together agree with the stamp.
    pub(crate) is_whole: bool,
}

/// One entry of a feed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A new or changed row.
    Changed(State),
    /// A deleted row.
    Removed(RowId),
}

impl Item {
    /// The row that it speaks of.
    pub(crate) fn row(&self) -> RowId {
        match self {
            Self::Changed(state) => state.row,
            Self::Removed(row) => *row,
        }
    }
}

/// All pages of one read of the feed.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// Who reads.
    pub(crate) consumer: u32,
    /// The delta link that was followed; `None` for a first read, which starts the consumer's copy anew.
    pub(crate) from: Option<Token>,
    /// The delta link that it ended with; `None` when it was given up.
    pub(crate) to: Option<Token>,
    /// Just before the first page was asked for.
    pub(crate) start_ns: u64,
    /// The pages that came.
    pub(crate) pages: Vec<Page>,
    /// Whether it reads an old link once more and its result is compared, not applied.
    pub(crate) is_replay: bool,
}

impl Chain {
    /// When its last page was received.
    pub(crate) fn end_ns(&self) -> u64 {
        self.pages.last().map_or(self.start_ns, |page| page.received_ns)
    }

    /// Every item of every page.
    pub(crate) fn items(&self) -> impl Iterator<Item = &Item> {
        self.pages.iter().flat_map(|page| &page.items)
    }

    /// Whether its result becomes part of the consumer's copy.
    pub(crate) fn is_applied(&self) -> bool {
        self.to.is_some() && !self.is_replay
    }
}

/// One answer of the feed.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// When it was there.
    pub(crate) received_ns: u64,
    /// What it holds, in its order.
    pub(crate) items: Vec<Item>,
}

/// A full read while nothing is written.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    /// Just before it began; every earlier operation is over.
    pub(crate) start_ns: u64,
    /// Every row.
    pub(crate) states: Vec<State>,
    /// Logical names of the table's columns.
    pub(crate) columns: Vec<String>,
    /// Logical names of the table's keys.
    pub(crate) keys: Vec<String>,
}

/// `/$count` of a delta link beside a read of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    /// What `/$count` said.
    pub(crate) counted: u64,
    /// How many items the read delivered.
    pub(crate) delivered: u64,
}

/// A link that the service handed out and then refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// Who followed it.
    pub(crate) consumer: u32,
    /// Status and body of the answer.
    pub(crate) answer: String,
}

/// A change of the table's definition.
#[derive(Clone, Debug)]
pub(crate) struct DefinitionChange {
    /// Between which start and kill of the service, from 0.
    pub(crate) cycle: u32,
    /// Column or key.
    pub(crate) kind: DefinitionKind,
    /// Its logical name, used once in a run.
    pub(crate) name: String,
    /// Whether it deletes what was added before.
    pub(crate) is_delete: bool,
    /// Just before it was sent.
    pub(crate) invoke_ns: u64,
    /// When it was answered, or known never to be.
    pub(crate) end_ns: u64,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

impl DefinitionChange {
    fn json(&self) -> Value {
        let verb = if self.is_delete { "delete" } else { "add" };
        json!({
            "process": "definitions", "cycle": self.cycle, "op": format!("{verb} {:?}", self.kind), "args": self.name,
            "invoke_ns": self.invoke_ns, "return_ns": self.end_ns, "result": format!("{:?}", self.outcome)
        })
    }
}

/// What kind of definition is added or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefinitionKind {
    /// A column.
    Column,
    /// An alternate key.
    Key,
}

/// Unanswered operations, by what the next survey shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fates {
    /// They had been done.
    pub(crate) kept: u64,
    /// They had not.
    pub(crate) lost: u64,
    /// Another unanswered write of the same row hides which.
    pub(crate) unclear: u64,
}
