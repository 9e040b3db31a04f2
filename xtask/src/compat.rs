//! The generated compatibility pages under `docs/compat/`: what they must contain, and writing them.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Every generated page as (path from the root of the tree, content).
///
/// `cargo xtask tidy` fails when a page on disk differs from this; `cargo xtask compat` writes them.
pub(crate) fn generated_pages() -> Vec<(String, String)> {
    Vec::new()
}

/// Writes the pages into the tree at `root` and gives their number.
pub(crate) fn write_pages(root: &Path) -> Result<usize> {
    let pages = generated_pages();
    for (path, content) in &pages {
        let target = root.join(path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&target, content).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(pages.len())
}
