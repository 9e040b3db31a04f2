//! What an import did: the log that its plan begins, and the document that the import job's row keeps (SOL-22).

use driftless_model::{Error, Label};
use driftless_solution_file::Manifest;

use super::xml::{leaf, tag, unescape};

/// Most entries of a result document; more are counted.
const ENTRIES_MAX: usize = 20_000;

/// What became of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is there as the package says.
    Success,
    /// It is there, or is kept, but not all of it has an effect.
    Warning,
    /// It is not there.
    Skipped,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What it is, such as `table` or `view`.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
    /// The table that it belongs to.
    pub(crate) table: Option<String>,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// Why; empty when there is nothing to say.
    pub(crate) text: String,
}

/// The result document of an import that was done.
pub(crate) fn document(manifest: &Manifest, entries: &[Entry], started_s: i64, ended_s: i64) -> String {
    let skipped = entries.iter().filter(|entry| entry.outcome != Outcome::Success).count();
    let mut xml = open(Some(manifest), started_s, ended_s, "100");
    let text = if skipped == 0 { String::new() } else { format!("{skipped} components have no effect here or were left out; see below.") };
    result(&mut xml, if skipped == 0 { "success" } else { "warning" }, 0, &text);
    xml.push_str("</solutionManifest></solutionManifests>");
    tag(&mut xml, "components", &[("count", &entries.len().to_string())], ">");
    for entry in entries.iter().take(ENTRIES_MAX) {
        let mut attributes = vec![("type", entry.kind.as_str()), ("name", entry.name.as_str())];
        attributes.extend(entry.table.as_deref().map(|table| ("table", table)));
        tag(&mut xml, "component", &attributes, ">");
        result(&mut xml, entry.outcome.as_str(), 0, &entry.text);
        xml.push_str("</component>");
    }
    xml.push_str("</components></importexportxml>");
    xml
}

/// The result document of an import that failed.
pub(crate) fn failure(manifest: Option<&Manifest>, error: &Error, at_s: i64) -> String {
    let mut xml = open(manifest, at_s, at_s, "0");
    result(&mut xml, "failure", error.code().number(), error.message());
    xml.push_str("</solutionManifest></solutionManifests></importexportxml>");
    xml
}

/// What a result document says of why an import failed.
pub(crate) fn failures(document: &str) -> Vec<String> {
    results(document, "failure")
}

/// What a result document says of components that have no effect or are not there.
pub(crate) fn remarks(document: &str) -> Vec<String> {
    // The first result is that of the solution, the others are those of its components.
    results(document, "warning").into_iter().take(1).collect()
}

/// The texts of the results of one kind, in the form that [`result`] writes.
fn results(document: &str, kind: &str) -> Vec<String> {
    let start = format!("<result result=\"{kind}\"");
    let text = |rest: &str| {
        let text = rest.split_once("errortext=\"")?.1;
        Some(unescape(text.split_once('"')?.0))
    };
    document.split(&start).skip(1).filter_map(text).collect()
}

fn open(manifest: Option<&Manifest>, started_s: i64, ended_s: i64, progress: &str) -> String {
    let mut xml = String::new();
    let attributes = [("start", &*time(started_s)), ("stop", &*time(ended_s)), ("progress", progress), ("processed", "true")];
    tag(&mut xml, "importexportxml", &attributes, ">");
    xml.push_str("<solutionManifests>");
    let name = manifest.map_or("", |manifest| manifest.unique_name.as_str());
    let label = manifest.and_then(|manifest| Label::from_iter(manifest.labels.clone()).text(driftless_model::ENGLISH).map(str::to_owned)).unwrap_or_default();
    tag(&mut xml, "solutionManifest", &[("id", name), ("LocalizedName", &label), ("processed", "true")], ">");
    if let Some(manifest) = manifest {
        leaf(&mut xml, "UniqueName", &manifest.unique_name);
        leaf(&mut xml, "Version", &manifest.version.to_string());
        leaf(&mut xml, "Managed", if manifest.managed { "1" } else { "0" });
        leaf(&mut xml, "Publisher", &manifest.publisher.unique_name);
    }
    xml
}

fn result(xml: &mut String, result: &str, code: u32, text: &str) {
    let code = if code == 0 { "0".to_owned() } else { format!("0x{code:08X}") };
    tag(xml, "result", &[("result", result), ("errorcode", &code), ("errortext", text)], "/>");
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use driftless_model::ErrorCode;

    use super::*;

    #[test] // SOL-22
    fn documents_name_what_was_skipped() {
        let entry = |outcome, text: &str| Entry { kind: "view".into(), name: "All".into(), table: Some("new_a".into()), outcome, text: text.into() };
        let manifest = Manifest { unique_name: "A".into(), managed: true, ..Manifest::default() };
        let xml = document(&manifest, &[entry(Outcome::Success, ""), entry(Outcome::Skipped, "not <known>")], 0, 60);
        assert!(xml.starts_with("<importexportxml start=\"1970-01-01T00:00:00Z\" stop=\"1970-01-01T00:01:00Z\" progress=\"100\" processed=\"true\">"), "{xml}");
        assert!(
            xml.contains("<component type=\"view\" name=\"All\" table=\"new_a\"><result result=\"skipped\" errorcode=\"0\" errortext=\"not &lt;known&gt;\"/>"),
            "{xml}"
        );
    }

    #[test] // SOL-22
    fn texts_of_results_are_read_back() {
        let xml = failure(None, &Error::new(ErrorCode::ImportFailed, "no \"<x>\" & y\n"), 0);
        assert_eq!(failures(&xml), ["no \"<x>\" & y\n"]);
        assert!(remarks(&xml).is_empty());
    }

    #[test] // SOL-22
    fn failures_carry_the_code() {
        let xml = failure(None, &Error::new(ErrorCode::ImportMissingDependencies, "no 'x'"), 0);
        assert!(xml.contains("<result result=\"failure\" errorcode=\"0x8004801D\" errortext=\"no 'x'\"/>"), "{xml}");
    }
}
