//! Checks of documents and of the workspace manifest.

use super::{Finding, Tree};

/// Longest documents, in lines.
const LIMITS: &[(&str, usize)] = &[("README.md", 150), ("ARCHITECTURE.md", 300), ("CONTRIBUTING.md", 200)];
/// Where generated pages live.
const COMPAT: &str = "docs/compat/";

/// The documents that everyone reads exist and stay short; the change log exists.
pub(crate) fn limits(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, limit) in LIMITS {
        match tree.text(path).map(|text| text.lines().count()) {
            None => findings.push(Finding::in_file(path, "is missing: write it")),
            Some(lines) if lines > *limit => {
                let text = format!("{lines} lines, at most {limit}: move what few readers need to docs/");
                findings.push(Finding::in_file(path, text));
            }
            Some(_) => {}
        }
    }
    if tree.text("CHANGELOG.md").is_none() {
        findings.push(Finding::in_file("CHANGELOG.md", "is missing: write what a user notices, per release"));
    }
    findings
}

/// Every dependency of the workspace that is not ours says why it is taken.
pub(crate) fn dependency_reasons(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.text("Cargo.toml").unwrap_or_default();
    let mut findings = Vec::new();
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            continue;
        }
        let is_entry = inside && !line.is_empty() && !line.starts_with('#');
        if is_entry && !line.starts_with("driftless-") && reason(line).is_none() {
            let name = line.split('=').next().unwrap_or_default().trim();
            let text = format!("{name} gives no reason: end its line with `# why it is taken`");
            findings.push(Finding::at_line("Cargo.toml", index + 1, text));
        }
    }
    findings
}

/// The comment at the end of a line of TOML.
fn reason(line: &str) -> Option<&str> {
    let mut quoted = false;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '#' if !quoted => return Some(line[at + 1..].trim()).filter(|text| !text.is_empty()),
            _ => {}
        }
    }
    None
}

/// `docs/compat/` holds exactly the generated pages.
pub(crate) fn compat_pages(tree: &Tree, pages: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, content) in pages {
        if tree.text(path) != Some(content.as_str()) {
            findings.push(Finding::in_file(path, "is not what the generator gives: run `cargo xtask compat`"));
        }
    }
    for (path, _) in tree.texts(|path| path.starts_with(COMPAT) && path.ends_with(".md")) {
        if !pages.iter().any(|(page, _)| page == path) {
            findings.push(Finding::in_file(path, "is not a generated page: move it out of docs/compat/"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.place.as_str()).collect()
    }

    #[test]
    fn documents_exist_and_stay_short() {
        let long = "x\n".repeat(151);
        let tree = Tree::of(&[("README.md", &long), ("ARCHITECTURE.md", "a\n"), ("CONTRIBUTING.md", "a\n")]);
        assert_eq!(places(&limits(&tree)), ["README.md", "CHANGELOG.md"]);
    }

    #[test]
    fn dependencies_say_why() {
        let manifest = "[workspace.dependencies]\na = \"1\" # reason\nb = \"1\"\nc = { version = \"#1\" }\n\n\
                        driftless-model = { path = \"x\" }\n[profile.dev]\nd = 1\n";
        let tree = Tree::of(&[("Cargo.toml", manifest)]);
        assert_eq!(places(&dependency_reasons(&tree)), ["Cargo.toml:3", "Cargo.toml:4"]);
    }

    #[test]
    fn stale_missing_and_stray_pages_are_found() {
        let page = |name: &str| (format!("docs/compat/{name}.md"), format!("# {name}\n"));
        let tree = Tree::of(&[("docs/compat/fresh.md", "# fresh\n"), ("docs/compat/stale.md", "# old\n"), ("docs/compat/stray.md", "# stray\n")]);
        let found = compat_pages(&tree, &[page("fresh"), page("stale"), page("missing")]);
        assert_eq!(places(&found), ["docs/compat/stale.md", "docs/compat/missing.md", "docs/compat/stray.md"]);
    }
}
