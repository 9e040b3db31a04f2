//! What an import has to do: a package compared with the present definitions. A pure function, so that it can be tested without a store.
//!
//! An import adds and changes, it never deletes (SOL-18). What has no meaning here is left out, or kept without effect, and always named in the log.

mod choices;
mod columns;
mod many_to_many;
mod parts;
mod relationships;
mod tables;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use driftless_model::{ChoiceSet, Error, ErrorCode, Label, LogicalName, Result, Table, Uuid};
use driftless_solution_file::{Labels, MissingDependency, Package, TableElement};

use super::components::Share;
use super::known_tables;
use super::report::{Entry, Outcome};
use crate::metadata::validate::{component_type, shown};
use crate::metadata::{
    ChoiceSpec, ColumnSpec, ColumnUpdate, KeySpec, ManyToManySpec, ManyToManyUpdate, RelationshipSpec, RelationshipUpdate, Snapshot, TableSpec, TableUpdate,
};

pub(super) use parts::{Content, FILE_KIND, FORM_KIND, KeptPart, RIBBON_KIND, VIEW_KIND, component_type_of};
pub(super) use tables::{COLLECTION_NAME, TABLE_FLAGS};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    CreateChoice(ChoiceSpec),
    /// The whole definition of a global choice, changed.
    ChangeChoice(Box<ChoiceSet>),
    CreateTable(Box<TableSpec>),
    UpdateTable(LogicalName, TableUpdate),
    CreateColumn(LogicalName, Box<ColumnSpec>),
    UpdateColumn(LogicalName, LogicalName, Box<ColumnUpdate>),
    CreateRelationship(Box<RelationshipSpec>),
    UpdateRelationship(String, RelationshipUpdate),
    CreateManyToMany(Box<ManyToManySpec>),
    UpdateManyToMany(String, ManyToManyUpdate),
    CreateKey(LogicalName, KeySpec),
    /// A component that exists belongs to this solution too.
    Join(i32, Uuid, Share),
    /// A part is kept without effect.
    Keep(Box<KeptPart>),
}

/// What to do, in order, and what to say about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) entries: Vec<Entry>,
}

/// Plans the import of a package.
///
/// # Errors
/// 0x8004801D for tables that are neither here nor in the package nor known, 0x8004F016 for a managed component over an unmanaged one (SOL-19), 0x80048033 for what the
/// package says and the definitions cannot take.
pub(super) fn plan(package: &Package, snapshot: &Snapshot) -> Result<Plan> {
    let mut planner = Planner::new(package, snapshot);
    planner.check_dependencies()?;
    // Choices come before the columns that have them; nobody sees the order, since the import is one unit (SOL-14).
    planner.choices()?;
    planner.tables()?;
    planner.relationships()?;
    planner.keys()?;
    planner.parts();
    Ok(planner.plan)
}

/// Tables and global choices that the package says it needs, and that are neither here nor in it nor known.
pub(super) fn unmet<'p>(package: &'p Package, snapshot: &Snapshot) -> Vec<&'p MissingDependency> {
    let is_unmet = |dependency: &&MissingDependency| {
        let Some(name) = dependency.required.schema_name().map(str::to_ascii_lowercase) else { return false };
        match dependency.required.component_type() {
            Some(component_type::TABLE) => {
                let is_in = package.tables.iter().any(|element| element.schema_name.eq_ignore_ascii_case(&name));
                !is_in && snapshot.find(&name).is_none() && !known_tables::is_known(&name)
            }
            Some(component_type::CHOICE) => {
                let is_in = package.choices.iter().any(|element| element.name.eq_ignore_ascii_case(&name));
                !is_in && snapshot.choice(&name).is_none()
            }
            _ => false,
        }
    };
    package.manifest.missing_dependencies.iter().filter(is_unmet).collect()
}

/// What becomes of a table of the package.
#[derive(Clone, Debug)]
enum Fate {
    /// It is made.
    New,
    /// It is here already.
    Present(Arc<Table>),
    /// It is left out.
    LeftOut,
}

struct Planner<'a> {
    package: &'a Package,
    snapshot: &'a Snapshot,
    plan: Plan,
    /// Tables of the package, by logical name.
    fates: BTreeMap<String, Fate>,
    /// Columns that there will be and that are not here yet, and those that are left out: table and column.
    coming: HashSet<(String, String)>,
    left_out: HashSet<(String, String)>,
}

impl<'a> Planner<'a> {
    fn new(package: &'a Package, snapshot: &'a Snapshot) -> Self {
        Self { package, snapshot, plan: Plan::default(), fates: BTreeMap::new(), coming: HashSet::new(), left_out: HashSet::new() }
    }

    fn managed(&self) -> bool {
        self.package.manifest.managed
    }

    fn step(&mut self, step: Step) {
        self.plan.steps.push(step);
    }

    fn log(&mut self, kind: &str, name: &str, table: Option<&str>, outcome: Outcome, text: &str) {
        let entry = Entry { kind: kind.to_owned(), name: name.to_owned(), table: table.map(str::to_owned), outcome, text: text.to_owned() };
        self.plan.entries.push(entry);
    }

    /// The package's element of a table.
    fn element(&self, table: &str) -> Option<&'a TableElement> {
        self.package.tables.iter().find(|element| element.schema_name.eq_ignore_ascii_case(table))
    }

    /// True if the table is here or will be.
    fn will_exist(&self, table: &str) -> bool {
        match self.fates.get(table) {
            Some(Fate::New | Fate::Present(_)) => true,
            Some(Fate::LeftOut) => false,
            None => self.snapshot.find(table).is_some(),
        }
    }

    /// Refuses what needs a table that nobody knows; gives whether the table will be there.
    fn require_table(&self, table: &str, needed_by: &str) -> Result<bool> {
        if self.will_exist(table) {
            return Ok(true);
        }
        if self.fates.contains_key(table) || known_tables::is_known(table) {
            return Ok(false);
        }
        Err(self.missing(table, needed_by))
    }

    /// Refuses a package that needs what is not here.
    fn check_dependencies(&self) -> Result<()> {
        match unmet(self.package, self.snapshot).first() {
            Some(dependency) => {
                let what = if dependency.required.component_type() == Some(component_type::CHOICE) { "global choice" } else { "table" };
                let name = dependency.required.schema_name().unwrap_or_default().to_ascii_lowercase();
                Err(self.missing_part(what, &name, dependency.dependent.schema_name().unwrap_or("the solution")))
            }
            None => Ok(()),
        }
    }

    fn missing(&self, table: &str, needed_by: &str) -> Error {
        self.missing_part("table", table, needed_by)
    }

    fn missing_part(&self, what: &str, name: &str, needed_by: &str) -> Error {
        Error::new(
            ErrorCode::ImportMissingDependencies,
            format!(
                "The following solution cannot be imported: {}. Some dependencies are missing: the {what} '{}', which '{}' needs.",
                self.package.manifest.unique_name,
                shown(name),
                shown(needed_by)
            ),
        )
    }

    /// Refuses a managed component over an unmanaged one (SOL-19).
    fn refuse_overwrite(&self, custom: bool, managed: bool, what: &str, name: &str) -> Result<()> {
        if self.managed() && custom && !managed {
            let message = format!("The managed {what} '{}' cannot overwrite the unmanaged one of the same name.", shown(name));
            return Err(Error::new(ErrorCode::ManagedOverwritesUnmanaged, message));
        }
        Ok(())
    }

    /// True if the package may change the component: an unmanaged package is a customizer's hand (SOL-20).
    fn may_change(&self, managed: bool, customizable: bool) -> bool {
        self.managed() || !managed || customizable
    }
}

/// The error for something in the package that the definitions cannot take.
fn unusable(message: String) -> Error {
    Error::new(ErrorCode::ImportFailed, message)
}

pub(super) fn label(labels: &Labels) -> Label {
    labels.iter().filter(|(_, text)| !text.is_empty()).map(|(language, text)| (*language, text.as_str())).collect()
}

/// A label to set, if the package has one that is not there already.
fn changed_label(labels: &Labels, present: &Label) -> Option<Label> {
    let given = label(labels);
    let is_new = given.texts().any(|(language, text)| present.get(language) != Some(text));
    is_new.then_some(given)
}

#[cfg(test)]
mod tests;
