//! The folder that the demo's own service lives in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use driftless_server::Interruption;

use crate::commands::solution::random_id;
use crate::output::Output;
use crate::service::{READY_FILE_NAME, withdraw};

/// Most attempts to remove a folder.
const REMOVALS_MAX: u32 = 5;

/// A folder, removed when dropped if it is a temporary one.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    is_temporary: bool,
}

impl Home {
    /// The given folder, or a new one below the system's folder for temporary files that only this user may enter.
    pub(crate) fn open(given: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = given {
            return Ok(Self { path: path.to_owned(), is_temporary: false });
        }
        let path = std::env::temp_dir().join(format!("driftless-demo-{}", random_id()?));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| path.display().to_string())?;
        Ok(Self { path, is_temporary: true })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets a signal end the demo: the announcement of its service goes, and so does the folder if it is a temporary one (OPS-07).
    pub(crate) fn go_when_interrupted(&self, output: Output) -> std::io::Result<Interruption> {
        let (path, is_temporary) = (self.path.clone(), self.is_temporary);
        Interruption::expect(move || {
            output.note("interrupted");
            withdraw(&[path.join(READY_FILE_NAME)]);
            if is_temporary {
                remove(&path);
            }
        })
    }

    /// Whether it goes with the demo.
    pub(crate) fn is_temporary(&self) -> bool {
        self.is_temporary
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.is_temporary {
            remove(&self.path);
        }
    }
}

/// Removes a folder. A service that still runs may make a file inside meanwhile, hence several attempts; what cannot be removed lies among temporary files,
/// where the system cleans up.
fn remove(path: &Path) {
    for _ in 0..REMOVALS_MAX {
        if fs::remove_dir_all(path).is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_folders_go_and_given_ones_stay() {
        let home = Home::open(None).unwrap();
        let path = home.path().to_owned();
        assert!(path.is_dir() && home.is_temporary());
        drop(Home::open(Some(&path)).unwrap());
        assert!(path.is_dir());
        drop(home);
        assert!(!path.exists());
    }
}
