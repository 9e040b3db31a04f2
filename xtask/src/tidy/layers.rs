//! The dependency rule: `layers.toml` against what `cargo metadata` says.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use toml::Table;

use super::{Finding, Tree};

const FILE: &str = "layers.toml";
/// Package names of our crates begin with this; `layers.toml` names crates by their directory.
const PREFIX: &str = "driftless-";
/// The package of the binary, which lives in `crates/cli`.
const BINARY: &str = "driftless";

/// What a package lists as dependencies.
#[derive(Debug)]
pub(crate) struct Package {
    /// Short name: the directory of a crate.
    pub(crate) name: String,
    /// What it uses.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One listed dependency.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// Short name.
    pub(crate) name: String,
    /// Whether only its tests use it.
    pub(crate) is_development: bool,
}

/// The packages of the workspace at `root`.
pub(crate) fn packages(root: &Path) -> Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["packages"].as_array().into_iter().flatten().map(package).collect())
}

fn package(package: &Value) -> Package {
    let dependencies = package["dependencies"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|dependency| Dependency { name: short(&dependency["name"]), is_development: dependency["kind"] == "dev" });
    Package { name: short(&package["name"]), dependencies: dependencies.collect() }
}

fn short(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    if name == BINARY {
        return "cli".to_owned();
    }
    name.strip_prefix(PREFIX).unwrap_or(name).to_owned()
}

/// Edges between our crates that `layers.toml` does not allow, and crates that it does not know.
pub(crate) fn edges(tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    let layers = match read(tree) {
        Ok(layers) => layers,
        Err(finding) => return vec![finding],
    };
    let everywhere = names(layers.get("everywhere").and_then(|entry| entry.get("tests")));
    let none = Table::new();
    let crates = layers.get("crates").and_then(|entry| entry.as_table()).unwrap_or(&none);
    let mut findings = Vec::new();
    for package in packages {
        let Some(entry) = crates.get(&package.name) else {
            let text = format!("crate {0} has no [crates.{0}]: add what it may use", package.name);
            findings.push(Finding::in_file(FILE, text));
            continue;
        };
        let uses = names(entry.get("uses"));
        let mut tests = names(entry.get("tests"));
        tests.extend(&everywhere);
        for dependency in &package.dependencies {
            let is_ours = packages.iter().any(|other| other.name == dependency.name);
            let fits = |list: &[&str]| list.iter().any(|name| *name == "*" || *name == dependency.name);
            if is_ours && !fits(&uses) && !(dependency.is_development && fits(&tests)) {
                findings.push(edge(package, dependency));
            }
        }
    }
    for name in crates.keys().filter(|name| !packages.iter().any(|package| package.name == **name)) {
        findings.push(Finding::in_file(FILE, format!("[crates.{name}] names no crate of the workspace: remove it")));
    }
    findings
}

fn edge(package: &Package, dependency: &Dependency) -> Finding {
    let kind = if dependency.is_development { "tests of " } else { "" };
    let text = format!("{kind}{} may not use {}: move the code to a crate that may, or argue for the edge in {FILE}", package.name, dependency.name);
    Finding::in_file(&format!("crates/{}/Cargo.toml", package.name), text)
}

/// Driver libraries listed by crates that `layers.toml` does not name for them.
pub(crate) fn drivers(tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    let Ok(layers) = read(tree) else {
        return Vec::new();
    };
    let none = Table::new();
    let drivers = layers.get("drivers").and_then(|entry| entry.as_table()).unwrap_or(&none);
    let mut findings = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            let Some(allowed) = drivers.get(&dependency.name).map(|list| names(Some(list))) else {
                continue;
            };
            if !allowed.contains(&package.name.as_str()) {
                let text = format!("{} may not name {}, only {} may: ask that crate for what is needed", package.name, dependency.name, allowed.join(", "));
                findings.push(Finding::in_file(&format!("crates/{}/Cargo.toml", package.name), text));
            }
        }
    }
    findings
}

fn read(tree: &Tree) -> Result<Table, Finding> {
    let text = tree.text(FILE).ok_or_else(|| Finding::in_file(FILE, "is missing: write the allowed edges"))?;
    text.parse().map_err(|error| Finding::in_file(FILE, format!("cannot be read: {error}")))
}

fn names(list: Option<&toml::Value>) -> Vec<&str> {
    list.and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &str = "[crates.model]\nuses = []\n[crates.core]\nuses = [\"model\"]\ntests = [\"store\"]\n\
                          [crates.store]\nuses = [\"model\"]\n[crates.kit]\nuses = [\"*\"]\n[everywhere]\ntests = [\"kit\"]\n\
                          [drivers]\nrusqlite = [\"store\"]\n";

    fn packages(list: &[(&str, &[&str])]) -> Vec<Package> {
        let dependency = |name: &&str| Dependency { name: name.trim_start_matches('?').to_owned(), is_development: name.starts_with('?') };
        let package = |(name, uses): &(&str, &[&str])| Package { name: (*name).to_owned(), dependencies: uses.iter().map(dependency).collect() };
        list.iter().map(package).collect()
    }

    fn texts(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.text.split(':').next().unwrap_or_default().to_owned()).collect()
    }

    #[test] // A1
    fn only_listed_edges_are_allowed() {
        let tree = Tree::of(&[(FILE, LAYERS)]);
        let good = packages(&[("model", &["serde", "?kit"]), ("core", &["model", "?store"]), ("store", &["model"]), ("kit", &["core"])]);
        assert_eq!(texts(edges(&tree, &good)), [""; 0]);
        let bad = packages(&[("model", &["core"]), ("core", &["store", "kit"]), ("store", &["?core"]), ("extra", &[])]);
        let wanted = [
            "model may not use core",
            "core may not use store",
            "tests of store may not use core",
            "crate extra has no [crates.extra]",
            "[crates.kit] names no crate of the workspace",
        ];
        assert_eq!(texts(edges(&tree, &bad)), wanted);
        let kit = packages(&[("model", &[]), ("core", &["kit"]), ("store", &[]), ("kit", &[])]);
        assert_eq!(texts(edges(&tree, &kit)), ["core may not use kit"]);
    }

    #[test]
    fn drivers_stay_where_they_are_named() {
        let tree = Tree::of(&[(FILE, LAYERS)]);
        let found = drivers(&tree, &packages(&[("store", &["rusqlite"]), ("core", &["?rusqlite"])]));
        assert_eq!(texts(found), ["core may not name rusqlite, only store may"]);
    }

    #[test]
    fn a_missing_or_broken_file_is_a_finding() {
        assert_eq!(edges(&Tree::of(&[]), &[]).len(), 1);
        assert_eq!(edges(&Tree::of(&[(FILE, "[crates")]), &[]).len(), 1);
    }
}
