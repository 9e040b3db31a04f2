//! Checks of single files: size, source of a golden file, words that may not stay.

use super::{Finding, Tree};

/// Longest Rust file, in lines, tests included.
const LINES_MAX: usize = 800;
/// In the first line of a file that a program wrote.
const GENERATED: &str = concat!("@", "generated");

/// Words that may not stay in the tree, each with what to do. Split so that this file does not hold them.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("todo", "!("), "finish it, or return an error that names what is absent"),
    (concat!("unimplemented", "!("), "finish it, or return an error that names what is absent"),
    (concat!("dbg", "!("), "remove it"),
    (concat!("FIX", "ME"), "mend it, or file it and remove the mark"),
    (concat!("TO", "DO:"), "do it, or file it and remove the mark"),
    (concat!("not yet ", "implemented"), "say what is absent and why, or do it"),
    (concat!("/wo", "rk/"), "name files from the root of the tree: machine paths mean nothing elsewhere"),
    (concat!("/ro", "ot/"), "name files from the root of the tree: machine paths mean nothing elsewhere"),
    (concat!("crates", ".io"), "name the library, not the place that it is fetched from"),
    (concat!("pypi", ".org"), "name the library, not the place that it is fetched from"),
    (concat!("registry.", "npmjs"), "name the library, not the place that it is fetched from"),
    (concat!("chat", "gpt"), "the project speaks of itself alone"),
    (concat!("anthro", "pic"), "the project speaks of itself alone"),
    (concat!("clau", "de"), "the project speaks of itself alone"),
    (concat!("language ", "model"), "the project speaks of itself alone"),
    (concat!("<<<<", "<<< "), "finish the merge"),
];

/// Files written by package managers: they name registries by nature.
const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json"];

/// Rust files are short enough to read.
pub(crate) fn sizes(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|(_, text)| !text.lines().next().is_some_and(|line| line.contains(GENERATED)))
        .filter(|(_, text)| text.lines().count() > LINES_MAX)
        .map(|(path, text)| {
            let lines = text.lines().count();
            Finding::in_file(path, format!("{lines} lines, at most {LINES_MAX}: split it by what changes together"))
        })
        .collect()
}

/// Golden files say where their expected bytes come from.
pub(crate) fn golden_sources(tree: &Tree) -> Vec<Finding> {
    tree.texts(|path| path.starts_with("golden/") && path.ends_with(".http"))
        .filter(|(_, text)| {
            let mut head = text.lines().take_while(|line| line.starts_with('#'));
            !head.any(|line| line.contains("Source:"))
        })
        .map(|(path, _)| {
            Finding::in_file(path, "begin the file with a comment (`# What it shows. Source: section or rule.`) that names where its bytes come from")
        })
        .collect()
}

/// Marks of unfinished work, machine paths and the like are gone.
pub(crate) fn forbidden_words(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let wanted = |path: &str| !LOCK_FILES.iter().any(|name| path.ends_with(name));
    for (path, text) in tree.texts(wanted) {
        for (index, line) in text.lines().enumerate() {
            for (word, advice) in FORBIDDEN.iter().filter(|(word, _)| has_word(line, word)) {
                findings.push(Finding::at_line(path, index + 1, format!("{word:?} may not stay: {advice}")));
            }
        }
    }
    findings
}

/// Words in lower case are found in any case; they may be part of a longer word only when they hold punctuation.
fn has_word(line: &str, word: &str) -> bool {
    if word.bytes().any(|byte| !byte.is_ascii_lowercase() && byte != b' ') {
        return line.contains(word);
    }
    let line = line.to_ascii_lowercase();
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    line.match_indices(word).any(|(at, found)| !is_letter(line[..at].chars().next_back()) && !is_letter(line[at + found.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.place.as_str()).collect()
    }

    #[test]
    fn long_files_are_refused_unless_generated() {
        let long = "x\n".repeat(LINES_MAX + 1);
        let edge = "x\n".repeat(LINES_MAX);
        let generated = format!("// {GENERATED} by a table\n{long}");
        let tree = Tree::of(&[("a.rs", &long), ("b.rs", &edge), ("c.rs", &generated), ("d.md", &long)]);
        assert_eq!(places(&sizes(&tree)), ["a.rs"]);
    }

    #[test]
    fn a_golden_file_names_its_source_at_its_head() {
        let tree = Tree::of(&[
            ("golden/a.http", "# Shows one thing.\n# Source: web-api 7.\nGET /\n"),
            ("golden/b.http", "# Shows one thing.\nGET /\n# Source: too late\n"),
            ("golden/c.http", "GET /\n"),
            ("golden/README.md", "about\n"),
        ]);
        assert_eq!(places(&golden_sources(&tree)), ["golden/b.http", "golden/c.http"]);
    }

    #[test]
    fn forbidden_words_are_named_with_their_line() {
        let macro_text = format!("fn f() {{\n    {}\n}}\n", concat!("todo", "!()"));
        let path_text = format!("see {}shared\n", concat!("/wo", "rk/"));
        let name_text = format!("asked {}. And {}tte.\n", concat!("Clau", "de"), concat!("clau", "de"));
        let lock = format!("source = {:?}\n", concat!("crates", ".io"));
        let tree = Tree::of(&[
            ("a.rs", &macro_text),
            ("b.md", &path_text),
            ("c.md", &name_text),
            ("Cargo.lock", &lock),
            ("d.md", "the framework is here; claudette too\n"),
        ]);
        assert_eq!(places(&forbidden_words(&tree)), ["a.rs:2", "b.md:1", "c.md:1"]);
    }
}
