//! Verifying a data folder: the one place that joins `check` with the store and core.

use std::path::Path;

use driftless_core::Snapshot;
use driftless_store_sqlite::SqliteStore;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::exit::{Exit, Failure};

/// Something that is wrong in a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Which rule is broken, as a stable word such as `missing-tombstone`.
    pub(crate) rule: String,
    /// Where: table, row, key.
    pub(crate) place: String,
    /// What is wrong, for people.
    pub(crate) message: String,
}

/// Result of a check.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Inspection {
    /// What was looked at: counts and versions by name, in the order in which they are shown.
    pub(crate) facts: Map<String, Value>,
    /// What is wrong; empty for a clean folder.
    pub(crate) findings: Vec<Finding>,
}

impl Inspection {
    /// The stable document of `check --json`.
    pub(crate) fn document(&self, data: &Path) -> Value {
        let finding = |f: &Finding| json!({"rule": f.rule, "place": f.place, "message": f.message});
        json!({
            "data": data.display().to_string(),
            "clean": self.findings.is_empty(),
            "facts": self.facts,
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }

    /// The same for people.
    pub(crate) fn text(&self, data: &Path) -> String {
        let mut out = String::new();
        for (name, value) in &self.facts {
            out += &format!("{name}: {}\n", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        for finding in &self.findings {
            out += &format!("{}: {}: {}\n", finding.rule, finding.place, finding.message);
        }
        out + &match self.findings.len() {
            0 => format!("{} is clean\n", data.display()),
            1 => format!("{}: 1 finding\n", data.display()),
            n => format!("{}: {n} findings\n", data.display()),
        }
    }
}

/// Reads a data folder without changing it and verifies it.
///
/// Errors: a folder that cannot be read at all is [`crate::exit::Exit::Io`].
pub(crate) fn inspect(data: &Path) -> anyhow::Result<Inspection> {
    let store = SqliteStore::open_read_only(data)?;
    let unreadable = |error| unreadable(data, &error);
    let snapshot = Snapshot::read(&store).map_err(unreadable)?;
    let tables: Vec<_> = snapshot.tables().cloned().collect();
    let relationships: Vec<_> = snapshot.relationships().map(|relationship| (**relationship).clone()).collect();
    let many_to_many: Vec<_> = snapshot.many_to_many().cloned().collect();
    let report = store.check(&tables, &relationships, &many_to_many).map_err(unreadable)?;
    let mut facts = Map::new();
    for (name, value) in [("tables", report.tables), ("rows", report.rows), ("tombstones", report.tombstones), ("files", report.files)] {
        facts.insert(name.to_owned(), json!(value));
    }
    facts.insert("definitions".to_owned(), json!(snapshot.ids().len()));
    facts.insert("definition_number".to_owned(), json!(snapshot.number().0));
    let findings = report.findings.into_iter().map(|finding| Finding {
        rule: finding.kind.as_str().to_owned(),
        place: finding.table.unwrap_or_default(),
        message: finding.text,
    });
    Ok(Inspection { facts, findings: findings.collect() })
}

/// Whether a data folder has a system user with this id. A service may be running on the folder.
///
/// Errors: a folder that cannot be read is [`crate::exit::Exit::Io`].
pub(crate) fn has_user(data: &Path, id: Uuid) -> anyhow::Result<bool> {
    let store = SqliteStore::open_read_only(data)?;
    let look = || {
        let snapshot = Snapshot::read(&store)?;
        store.has_row(snapshot.require("systemuser")?, id)
    };
    look().map_err(|error| unreadable(data, &error))
}

fn unreadable(data: &Path, error: &driftless_model::Error) -> anyhow::Error {
    match error.cause() {
        Some(cause) => Failure::error(Exit::Io, format!("{}: {cause}", data.display())),
        None => Failure::error(Exit::Io, format!("{}: {error}", data.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_in_both_forms() {
        let mut found = Inspection::default();
        found.facts.insert("rows".into(), json!(12));
        assert_eq!(found.text(Path::new("d")), "rows: 12\nd is clean\n");
        found.findings.push(Finding { rule: "dangling-lookup".into(), place: "account 7d".into(), message: "no such row".into() });
        assert_eq!(found.text(Path::new("d")), "rows: 12\ndangling-lookup: account 7d: no such row\nd: 1 finding\n");
        let document = found.document(Path::new("d"));
        assert_eq!((&document["clean"], &document["findings"][0]["rule"]), (&json!(false), &json!("dangling-lookup")));
    }
}
