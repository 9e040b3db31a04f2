//! Every golden file, each against a service of its own. `UPDATE_GOLDEN=1` writes files anew with what was answered: the difference is the review.

use std::path::{Path, PathBuf};

use driftless_testkit::run_golden;

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
    files(&root.join("webapi"), &mut found);
    assert!(!found.is_empty(), "there are golden files");
    let mut differences = Vec::new();
    for path in &found {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        match run_golden(&root, path, update) {
            Ok(lines) => differences.extend(lines.into_iter().map(|line| format!("{name}: {line}"))),
            Err(error) => differences.push(format!("{name}: {error}")),
        }
    }
    assert!(differences.is_empty() || update, "{}", differences.join("\n"));
    println!("{} golden files", found.len());
}
