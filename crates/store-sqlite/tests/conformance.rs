//! The conformance suite on this engine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod support;

use driftless_store::conformance_suite;
use driftless_store::fixture::Opener;
use support::Folder;

/// A store in a folder of its own, which goes away with the opener.
fn folder() -> Opener {
    let folder = Folder::new();
    Box::new(move || folder.open())
}

conformance_suite!(folder());
