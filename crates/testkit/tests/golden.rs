//! Every golden file, each against a service of its own. `UPDATE_GOLDEN=1` writes files anew with what was answered: the difference is the review.

#![allow(clippy::unwrap_used, reason = "a test may end where its set-up fails")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use driftless_testkit::run_golden;

/// The doors of the service: each has its folder.
const DOORS: [&str; 2] = ["webapi", "orgservice"];

/// Services at once; each mostly waits for its disk.
const WORKERS: usize = 4;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "http") {
            found.push(path);
        }
    }
}

#[test]
fn golden_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut found = Vec::new();
    for door in DOORS {
        let before = found.len();
        files(&root.join(door), &mut found);
        assert!(found.len() > before, "there are golden files of {door}");
    }
    // `GOLDEN=queries/` runs only the files with these words in their path.
    let only = std::env::var("GOLDEN").unwrap_or_default();
    found.retain(|path| path.to_string_lossy().contains(&only));
    let next = AtomicUsize::new(0);
    let differences: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(path) = found.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = path.strip_prefix(&root).unwrap().display();
                    let lines = run_golden(&root, path, update).unwrap_or_else(|error| vec![error.to_string()]);
                    differences.lock().unwrap().extend(lines.into_iter().map(|line| format!("{name}: {line}")));
                }
            });
        }
    });
    let mut differences = differences.into_inner().unwrap();
    differences.sort();
    assert!(differences.is_empty() || update, "{}", differences.join("\n"));
    println!("{} golden files", found.len());
}
