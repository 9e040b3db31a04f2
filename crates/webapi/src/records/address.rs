//! The row that a path begins with.

use std::sync::Arc;

use driftless_core::{Snapshot, Target};
use driftless_model::{Result, Table};
use driftless_odata::url::{KeyPredicate, NamedSegment, Segment, print_segment};

use crate::call::Call;
use crate::error;
use crate::lower;
use crate::write::Earlier;

/// A row as a path addresses it, before definitions are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RowAddress<'a> {
    /// `set(key)`
    Key(&'a NamedSegment<'a>, &'a KeyPredicate<'a>),
    /// `$1`: the row that an earlier request of the change set writes.
    ContentId(&'a str),
}

impl<'a> RowAddress<'a> {
    /// The address in a segment, if it has a key.
    pub(crate) fn of(segment: &'a NamedSegment<'a>) -> Option<Self> {
        match &segment.key {
            None | Some(KeyPredicate::Empty) => None,
            Some(key) => Some(Self::Key(segment, key)),
        }
    }

    /// The row.
    ///
    /// # Errors
    /// 0x8006088a for an unknown set, 0x80060888 for keys and Content-IDs that cannot be.
    pub(crate) fn target(self, call: &Call<'_>, snapshot: &Snapshot, earlier: &Earlier<'_>) -> Result<Target> {
        match self {
            Self::Key(segment, key) => lower::target(snapshot, table(snapshot, &segment.name)?, key, &call.options.aliases),
            Self::ContentId(id) => {
                let (at, table) = earlier.find(id)?;
                Ok(Target { table, identity: driftless_core::Identity::Result(at) })
            }
        }
    }

    /// The row of a read, which cannot stand in a change set.
    ///
    /// # Errors
    /// As [`target`](Self::target).
    pub(super) fn target_for_read(self, call: &Call<'_>, snapshot: &Snapshot) -> Result<Target> {
        self.target(call, snapshot, &Earlier::default())
    }

    /// `set(key)` as the client addressed it, if it did by a key of its own (web-api 5).
    pub(super) fn as_addressed(self) -> Option<String> {
        match self {
            Self::Key(segment, KeyPredicate::Named(_)) => {
                let mut text = String::new();
                print_segment(&mut text, &Segment::Named(segment.clone()));
                Some(text)
            }
            Self::Key(..) | Self::ContentId(_) => None,
        }
    }
}

/// The table of a set.
///
/// # Errors
/// 0x8006088a, or 0x80040315 for the set of principals.
pub(crate) fn table<'s>(snapshot: &'s Snapshot, set: &str) -> Result<&'s Arc<Table>> {
    snapshot.by_set(set).ok_or_else(|| match set {
        lower::PRINCIPALS_SET => error::not_offered("Reading users and teams as one set"),
        _ => error::no_such_segment(set),
    })
}
