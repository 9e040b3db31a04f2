//! `cargo xtask tidy`: the rules of the tree that a machine can check.
//!
//! A check is a function from a [`Tree`] to [`Finding`]s; [`CHECKS`] lists them. Each finding says what to do.

use anyhow::Result;

use crate::Outcome;
use crate::arguments::{Arguments, Usage};

mod comments;
mod documents;
mod layers;
mod rules;
mod text;
mod tree;

pub(crate) use tree::Tree;

const USAGE: Usage = Usage {
    help: "\
cargo xtask tidy

Checks the tracked files (and new ones that are not ignored):
  layers     who may use which crate (layers.toml against cargo metadata)
  drivers    who may name a driver library (layers.toml)
  sizes      .rs files of at most 800 lines, generated ones apart
  golden     every file under golden/ begins with a comment that names its source
  rules      every rule id that a test cites has one entry in docs/wire/
  guards     every rule about sign-in, rights and limits in docs/wire/ has a test
  invariants A1 to A9 are each named by a test
  compat     docs/compat/ is what the generator gives (cargo xtask compat)
  words      words that may not stay in the tree
  documents  limits of README, ARCHITECTURE and CONTRIBUTING; CHANGELOG exists
  reasons    every dependency of the workspace says why it is taken",
    options: &[],
    switches: &[],
    words_max: 0,
};

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Path from the root, with `:line` where there is one.
    pub(crate) place: String,
    /// What is wrong and what to do, as a sentence.
    pub(crate) text: String,
}

impl Finding {
    /// A finding about a whole file.
    pub(crate) fn in_file(path: &str, text: impl Into<String>) -> Self {
        Self { place: path.to_owned(), text: text.into() }
    }

    /// A finding about one line, counted from 1.
    pub(crate) fn at_line(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { place: format!("{path}:{line}"), text: text.into() }
    }
}

/// A rule of the tree, as a function of its files.
type Check = fn(&Tree) -> Vec<Finding>;

/// Every check that needs nothing but the files.
const CHECKS: &[(&str, Check)] = &[
    ("sizes", text::sizes),
    ("golden", text::golden_sources),
    ("rules", rules::cited_rules),
    ("guards", rules::guards),
    ("invariants", rules::invariants),
    ("words", text::forbidden_words),
    ("documents", documents::limits),
    ("reasons", documents::dependency_reasons),
];

/// Runs all checks on the tree of this project and prints what they find.
pub(crate) fn run(given: &[String]) -> Result<Outcome> {
    if Arguments::parse(&USAGE, given)?.is_none() {
        println!("{}", USAGE.help);
        return Ok(Outcome::Passed);
    }
    let root = crate::root();
    let tree = Tree::read(&root)?;
    let packages = layers::packages(&root)?;
    let mut results: Vec<(&str, Vec<Finding>)> = vec![
        ("layers", layers::edges(&tree, &packages)),
        ("drivers", layers::drivers(&tree, &packages)),
        ("compat", documents::compat_pages(&tree, &crate::compat::generated_pages())),
    ];
    results.extend(CHECKS.iter().map(|(name, check)| (*name, check(&tree))));
    let mut total = 0;
    for (name, findings) in &results {
        for finding in findings {
            println!("{name}: {}: {}", finding.place, finding.text);
        }
        total += findings.len();
    }
    println!("tidy: {} files, {} checks, {total} findings", tree.len(), results.len());
    Ok(Outcome::of(total == 0))
}
