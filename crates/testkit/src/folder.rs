//! Folders that go when the test ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new folder below the system's folder for temporary files; removed with all that is in it when dropped.
#[derive(Debug)]
pub struct TestFolder(PathBuf);

static NEXT: AtomicU32 = AtomicU32::new(0);

impl TestFolder {
    /// A path for a folder that does not exist yet: the store makes it, with its own access rights.
    pub fn new(name: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("driftless-{name}-{}-{number}", std::process::id()));
        // What is there was left by a process that was killed and had the same number.
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
