//! The first sync of README.md and the first call of docs/dotnet.md work as written: their `sh` blocks run in order against a new service.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![allow(clippy::disallowed_methods, reason = "a test of processes waits for them")]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use support::{Folder, Service};

/// What the documents say where a test needs a free port and a folder of its own.
const ADDRESS: &str = "http://127.0.0.1:8080";
const DATA: &str = "./data";

/// The text between the title that has `words`, which are in lower case, and the next one of its level.
fn section<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let mut sections = text.split("\n## ").skip(1);
    sections.find(|section| section.lines().next().is_some_and(|title| title.to_lowercase().contains(words)))
}

/// The `sh` blocks of a section.
fn blocks(section: &str) -> Vec<&str> {
    section.split("\n```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block)).collect()
}

/// Runs the blocks of a section of a document and gives what they print.
fn run(document: &str, words: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document} cannot be read: {error}"));
    let section = section(&text, words).unwrap_or_else(|| panic!("{document} has no section whose title says \"{words}\""));
    let blocks = blocks(section);
    assert!(!blocks.is_empty(), "the section on the {words} of {document} has no ```sh blocks to try");
    let script = blocks.join("\n");
    for words in [ADDRESS, DATA] {
        assert!(script.contains(words), "{document} no longer says {words}: this test puts its own in that place");
    }

    let folder = Folder::new();
    let service = Service::start(&folder);
    let script = script.replace(ADDRESS, service.url()).replace(DATA, folder.data().to_str().unwrap());
    let output = Command::new("sh").args(["-euc", &script]).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n--- standard output\n{out}\n--- standard error\n{err}", output.status);
    out.into_owned()
}

#[test]
fn the_first_sync_of_the_readme() {
    let out = run("README.md", "first sync");
    assert!(out.contains("@odata.deltaLink") && out.contains("\"reason\":\"deleted\""), "{out}");
}

#[test]
fn the_first_call_of_the_net_page() {
    let out = run("docs/dotnet.md", "first call");
    assert!(out.contains("WhoAmIResponse\"") && out.contains("<g:key>UserId</g:key>"), "{out}");
}

#[test]
fn blocks_are_found_in_their_section_only() {
    let text = "# T\n\n## A\n\n```sh\nno\n```\n\n## A First Sync now\n\n```text\nno\n```\n\n```sh\none\n```\n\nx\n\n```sh\ntwo\nthree\n```\n\n## B\n\n```sh\nno\n```\n";
    assert_eq!(blocks(section(text, "first sync").unwrap()), ["one", "two\nthree"]);
    assert!(section("# T\n\n## B\n", "first sync").is_none());
}
