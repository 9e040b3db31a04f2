//! The compatibility pages under `docs/compat/`: what they must contain, and writing them.
//!
//! A page is a function of the code's own lists and of the golden files, so that it cannot promise more than is there: [`messages`] (operations and other
//! messages), [`column_types`], [`organization_service`] (the same over SOAP), [`operators`] (filters), [`fetchxml`], [`error_codes`]. Pages that people write stand beside them and are left as they are.

use std::path::Path;

use anyhow::{Context as _, Result};

use golden::{Door, Exchange};

mod column_types;
mod error_codes;
mod fetchxml;
mod golden;
mod messages;
mod operators;
mod organization_service;

const FOLDER: &str = "docs/compat";
/// Pages of the folder that people write.
const HAND_WRITTEN: &[&str] = &["clients.md", "notes.md"];
/// Most golden files that one row names.
const FILES_MAX: usize = 3;

/// Every page of the folder as (path from the root of the tree, content): the generated ones, and the hand-written ones as they are.
///
/// `cargo xtask tidy` fails when a page on disk differs from this; `cargo xtask compat` writes the generated ones.
pub(crate) fn generated_pages() -> Vec<(String, String)> {
    let root = crate::root();
    let written = HAND_WRITTEN.iter().filter_map(|name| {
        let path = format!("{FOLDER}/{name}");
        std::fs::read_to_string(root.join(&path)).ok().map(|text| (path, text))
    });
    generated(&root).into_iter().chain(written).collect()
}

fn generated(root: &Path) -> Vec<(String, String)> {
    let exchanges = golden::read(root, Door::WebApi);
    let envelopes = golden::read(root, Door::OrgService);
    [
        ("messages.md", messages::page(&exchanges)),
        ("organization-service.md", organization_service::page(&exchanges, &envelopes)),
        ("column-types.md", column_types::page(&exchanges)),
        ("operators.md", operators::page(&exchanges)),
        ("fetchxml.md", fetchxml::page(&exchanges)),
        ("error-codes.md", error_codes::page()),
    ]
    .into_iter()
    .map(|(name, content)| (format!("{FOLDER}/{name}"), content))
    .collect()
}

/// Writes the generated pages into the tree at `root` and gives their number.
pub(crate) fn write_pages(root: &Path) -> Result<usize> {
    let pages = generated(root);
    for (path, content) in &pages {
        let target = root.join(path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&target, content).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(pages.len())
}

/// The head of a page: its title, what it tells and that nobody edits it.
fn head(title: &str, about: &str) -> String {
    format!("# {title}\n\n<!-- Written by `cargo xtask compat`; do not edit. -->\n\n{about}\n")
}

/// A table in Markdown.
fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    let mut out = line(titles.iter().map(|title| (*title).to_owned()).collect());
    out += &line(titles.iter().map(|_| "---".to_owned()).collect());
    rows.into_iter().for_each(|row| out += &line(row));
    out
}

/// The two cells that say whether golden files show something: yes or not, and in which files.
fn evidence(exchanges: &[Exchange], shows: impl Fn(&Exchange) -> bool) -> [String; 2] {
    let mut files: Vec<(&str, &str)> =
        exchanges.iter().filter(|exchange| shows(exchange)).map(|exchange| (exchange.door.folder(), exchange.file.as_str())).collect();
    files.dedup();
    if files.is_empty() {
        return ["implemented, no golden file".to_owned(), String::new()];
    }
    let mut named: Vec<String> = files.iter().take(FILES_MAX).map(|(folder, file)| format!("[{file}](../../{folder}/{file}.http)")).collect();
    if files.len() > FILES_MAX {
        named.push(format!("{} more", files.len() - FILES_MAX));
    }
    ["yes".to_owned(), named.join(", ")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_escaped_and_have_all_cells() {
        assert_eq!(table(&["a", "b"], [vec!["x|y".to_owned(), String::new()]]), "| a | b |\n| --- | --- |\n| x\\|y |  |\n");
    }

    #[test]
    fn evidence_names_each_file_once_and_only_some() {
        let exchanges: Vec<Exchange> =
            ["a", "a", "b", "c", "d"].iter().map(|file| golden::parse(Door::WebApi, file, "=== x\nGET /api/data/v9.2/y\n--- 200\n").remove(0)).collect();
        let [status, files] = evidence(&exchanges, |exchange| exchange.file != "b");
        assert_eq!(status, "yes");
        assert_eq!(files, "[a](../../golden/webapi/a.http), [c](../../golden/webapi/c.http), [d](../../golden/webapi/d.http)");
        assert!(evidence(&exchanges, |_| true)[1].ends_with(", 1 more"));
        assert_eq!(evidence(&exchanges, |_| false), ["implemented, no golden file", ""]);
    }

    #[test]
    fn pages_are_whole_and_the_same_every_time() {
        let pages = generated(&crate::root());
        assert_eq!(pages, generated(&crate::root()));
        for (path, content) in &pages {
            assert!(content.starts_with("# ") && content.contains("| --- |") && content.ends_with("|\n"), "{path}");
        }
    }
}
