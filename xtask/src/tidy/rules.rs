//! Rule ids: which tests cite which, and whether each cited rule is explained in `docs/wire/`.

use std::collections::BTreeMap;

use super::comments::{comments, test_start};
use super::{Finding, Tree};

/// Families whose ids are a prefix, a hyphen and a number.
const FAMILIES: &[&str] = &["CT", "AK", "UP", "SU", "MD", "SOL", "ROLE", "STD", "REL", "SEC", "AUTH", "AUTHZ", "OPS"];
/// Families of which each rule has a test: they are about who may do what, and how much of it.
const GUARDS: &[&str] = &["AUTH", "AUTHZ", "ROLE", "SEC"];
/// The invariants of the architecture, A1 to A9.
const INVARIANTS: u32 = 9;
/// The laws of the change feed that the crash checker knows, W1 to W13.
const LAWS: u32 = 13;

/// Every rule id that a test cites has exactly one entry in `docs/wire/`.
pub(crate) fn cited_rules(tree: &Tree) -> Vec<Finding> {
    let entries = wire_entries(tree);
    let mut findings = Vec::new();
    for (id, places) in cited(tree) {
        let found = entries.get(&id).map_or(&[][..], Vec::as_slice);
        match found {
            [] => findings.push(Finding {
                place: places[0].clone(),
                text: format!(
                    "a test cites {id} ({} places), which docs/wire/ does not explain: add a table row or bullet that \
                     starts with {id}, one sentence and its public source",
                    places.len()
                ),
            }),
            [_] => {}
            several => findings.push(Finding {
                place: several[1].place.clone(),
                text: format!("{id} has several entries in docs/wire/ (first {}): keep one", several[0].place),
            }),
        }
    }
    findings
}

/// Each rule about sign-in, rights and limits is cited by a test, unless its entry begins by saying that it is absent.
pub(crate) fn guards(tree: &Tree) -> Vec<Finding> {
    let cited = cited(tree);
    let is_guard = |id: &str| id.split_once('-').is_some_and(|(family, _)| GUARDS.contains(&family));
    let entries = wire_entries(tree).into_iter().filter(|(id, _)| is_guard(id) && !cited.contains_key(id));
    let untested = entries.flat_map(|(id, entries)| entries.into_iter().filter(|entry| !entry.is_absent).map(move |entry| (id.clone(), entry.place)));
    untested
        .map(|(id, place)| Finding {
            place,
            text: format!("no test cites {id}: write one that would fail without it, or begin the entry with \"Absent\" and say why"),
        })
        .collect()
}

/// Each of A1 to A9 is named by a test.
pub(crate) fn invariants(tree: &Tree) -> Vec<Finding> {
    let cited = cited(tree);
    (1..=INVARIANTS)
        .map(|number| format!("A{number}"))
        .filter(|id| !cited.contains_key(id))
        .map(|id| {
            let text = format!("no test names invariant {id}: write one that would fail without it and cite it in a comment");
            Finding::in_file("ARCHITECTURE.md", text)
        })
        .collect()
}

/// Ids cited by tests, each with the places that do, in the order of the tree.
fn cited(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut note = |path: &str, line: usize, text: &str| {
        for id in ids(text) {
            found.entry(id).or_default().push(format!("{path}:{line}"));
        }
    };
    for (path, source) in tree.rust() {
        let Some(start) = test_start(path, source) else {
            continue;
        };
        for (line, text) in comments(source).into_iter().filter(|(line, _)| *line >= start) {
            note(path, line, text);
        }
    }
    for (path, text) in tree.texts(|path| path.starts_with("golden/")) {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| line.starts_with('#')) {
            note(path, index + 1, line);
        }
    }
    found
}

/// What `docs/wire/` says of a rule.
struct Entry {
    place: String,
    /// It says that the service does not do so.
    is_absent: bool,
}

/// Entries of `docs/wire/`: table rows and bullets that start with an id.
fn wire_entries(tree: &Tree) -> BTreeMap<String, Vec<Entry>> {
    let mut found: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for (path, text) in tree.texts(|path| path.starts_with("docs/wire/") && path.ends_with(".md")) {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let Some(entry) = line.strip_prefix(['|', '-', '*']) else {
                continue;
            };
            let head = entry.trim_start().trim_start_matches(['*', '`']);
            let Some(id) = ids(head).into_iter().next().filter(|id| head.starts_with(id.as_str())) else {
                continue;
            };
            let is_absent = head[id.len()..].trim_start_matches(['*', '`', ' ', '|']).starts_with("Absent");
            found.entry(id).or_default().push(Entry { place: format!("{path}:{}", index + 1), is_absent });
        }
    }
    found
}

/// The rule ids in a piece of text, each once, in order.
fn ids(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    for word in text.split(|letter: char| !is_part(letter)) {
        // `W1-W11` names two ids, `CT-31` one.
        let id = word.trim_matches('-');
        let pieces: Vec<&str> = if is_id(id) { vec![id] } else { id.split('-').collect() };
        for piece in pieces {
            if is_id(piece) && !found.iter().any(|known| known == piece) {
                found.push(piece.to_owned());
            }
        }
    }
    found
}

fn is_id(word: &str) -> bool {
    if let Some((family, number)) = word.split_once('-') {
        return FAMILIES.contains(&family) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    }
    let limit = match word.as_bytes().first() {
        Some(b'A') => INVARIANTS,
        Some(b'W') => LAWS,
        _ => return false,
    };
    word[1..].bytes().all(|byte| byte.is_ascii_digit()) && word[1..].parse::<u32>().is_ok_and(|number| (1..=limit).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_whole_words_of_known_families() {
        let found = ids("// CT-31, A5 (see W1-W11; REL-20) UTF-8 XA5 A10 A5b CT-x key 'A-1' AK-19.");
        assert_eq!(found, ["CT-31", "A5", "W1", "W11", "REL-20", "AK-19"]);
    }

    #[test]
    fn a_cited_rule_needs_exactly_one_entry() {
        let test = "fn f() {} // UP-1 is not in a test\n#[cfg(test)]\nmod tests {} // CT-31 and AK-19 and MD-2\n";
        let tree = Tree::of(&[
            ("crates/a/src/x.rs", test),
            ("golden/webapi/keys/a.http", "# Refused. SU-3. Source: a page.\n"),
            ("docs/wire/keys.md", "| Rule | Fact |\n| AK-19 | one |\n- **CT-31** a token\n* SU-3 one call\n"),
            ("docs/wire/more.md", "- AK-19 again\ntext MD-2 is no entry\n"),
        ]);
        let found: Vec<String> = cited_rules(&tree).into_iter().map(|finding| finding.place).collect();
        assert_eq!(found, ["docs/wire/more.md:1", "crates/a/src/x.rs:3"]);
    }

    #[test]
    fn every_guard_needs_a_test_unless_it_is_absent() {
        let tree = Tree::of(&[
            ("crates/a/tests/x.rs", "// SEC-1\n"),
            ("docs/wire/security.md", "| SEC-1 | tested |\n| SEC-2 | Absent: no such thing. |\n| AUTH-3 | said |\n- **AUTHZ-4** Absent\n| CT-5 | told |\n"),
        ]);
        let found: Vec<String> = guards(&tree).into_iter().map(|finding| finding.place).collect();
        assert_eq!(found, ["docs/wire/security.md:3"]);
    }

    #[test]
    fn every_invariant_needs_a_test() {
        let all = "#[cfg(test)]\nmod tests { // A1 A2 A3 A4 A6 A7 A8 A9\n}\n";
        let found = invariants(&Tree::of(&[("crates/a/src/x.rs", all)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("invariant A5"), "{}", found[0].text);
    }
}
