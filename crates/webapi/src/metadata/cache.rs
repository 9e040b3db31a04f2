//! The last documents that were rendered: they change only with the definitions, and clients ask for them at every start.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use driftless_core::Snapshot;

use super::Detail;

/// Documents kept: both forms of the present definitions, and of one more organization in the same process.
const ENTRIES_MAX: usize = 4;

struct Entry {
    /// The snapshot that the document is of. Held weakly: a document must not keep replaced definitions alive.
    snapshot: Weak<Snapshot>,
    detail: Detail,
    text: Bytes,
}

static ENTRIES: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// The document of a snapshot, rendered if it is not there.
pub(super) fn find_or(snapshot: &Arc<Snapshot>, detail: Detail, render: impl FnOnce() -> String) -> Bytes {
    let own = Arc::downgrade(snapshot);
    let is_own = |entry: &Entry| entry.detail == detail && entry.snapshot.ptr_eq(&own);
    if let Some(entry) = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|entry| is_own(entry)) {
        return entry.text.clone();
    }
    let text = Bytes::from(render());
    let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    entries.retain(|entry| entry.snapshot.strong_count() > 0 && !is_own(entry));
    if entries.len() >= ENTRIES_MAX {
        entries.remove(0);
    }
    entries.push(Entry { snapshot: own, detail, text: text.clone() });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_rendered_once_for_each_snapshot_and_form() {
        let snapshot = Arc::new(Snapshot::default());
        assert_eq!(find_or(&snapshot, Detail::Plain, || "a".to_owned()), "a");
        assert_eq!(find_or(&snapshot, Detail::Plain, || "b".to_owned()), "a");
        assert_eq!(find_or(&snapshot, Detail::Annotated, || "c".to_owned()), "c");
        assert_eq!(find_or(&Arc::new(Snapshot::default()), Detail::Plain, || "d".to_owned()), "d");
    }
}
