//! Removal of a solution as one unit (SOL-24 to SOL-30). An unmanaged solution is a container: its components stay. A managed one takes along what only it brought,
//! with all rows, so that the organization is as before the import.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use driftless_model::{Column, Error, ErrorCode, LogicalName, ManyToMany, Result, Table, Uuid, Value};
use driftless_query::ResolvedCondition;
use driftless_store::DefinitionKind;

use super::components::{self, Component, Share};
use super::dependencies::{Dependency, Node, global_choice};
use super::{Installed, publishers};
use crate::context::{ReadCx, WriteCx};
use crate::metadata::validate::{Removal, component_type};
use crate::metadata::{Snapshot, choices, columns, keys, many_to_many, relationships, tables};
use crate::records::cascade::{self, Reach};
use crate::records::system;

/// Solutions that every organization has.
const RESTRICTED: [&str; 2] = ["Default", "Active"];
/// Obstacles that an error names.
const NAMED_MAX: usize = 5;

/// Removes a solution on a caller's request.
///
/// # Errors
/// 0x80040217 without the solution, 0x8004F005 for the default one, 0x80071151 beside another solution operation, 0x8004F01D while others need its components.
pub(crate) fn run(cx: &mut WriteCx<'_>, solution: Uuid) -> Result<()> {
    refuse_default(cx, solution)?;
    super::refuse_beside_jobs(cx)?;
    remove(cx, solution)
}

/// Refuses the solutions that stay (SOL-28).
///
/// # Errors
/// 0x8004F005.
pub(crate) fn refuse_default(cx: &WriteCx<'_>, solution: Uuid) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require("solution")?);
    let own = ResolvedCondition::equals(table.id, Value::Guid(solution));
    let rows = system::rows(cx.tx.as_read(), &table, &["uniquename"], Some(own))?;
    if rows.first().is_some_and(|row| RESTRICTED.contains(&row.text(0))) { Err(Error::of(ErrorCode::CannotDeleteRestrictedSolution)) } else { Ok(()) }
}

/// Removes a solution.
///
/// # Errors
/// As [`run`].
pub(super) fn remove(cx: &mut WriteCx<'_>, solution: Uuid) -> Result<()> {
    refuse_default(cx, solution)?;
    let installed = super::require(&cx.read(), solution)?;
    if installed.managed {
        remove_components(cx, solution)?;
    } else {
        release_components(cx, solution)?;
    }
    remove_row(cx, &installed)
}

/// Unmanaged components stay; those that no other solution has go to the default one (SOL-25).
fn release_components(cx: &mut WriteCx<'_>, solution: Uuid) -> Result<()> {
    let default = cx.services.facts.default_solution;
    let all = components::all(&cx.read())?;
    let elsewhere: HashSet<Uuid> = all.iter().filter(|other| other.solution != solution).map(|other| other.object).collect();
    for component in all.iter().filter(|component| component.solution == solution) {
        if elsewhere.contains(&component.object) {
            system::delete(cx, "solutioncomponent", component.row)?;
        } else {
            components::give(cx, component, default)?;
        }
    }
    Ok(())
}

/// What keeps a solution from being removed (SOL-26). Nothing does for an unmanaged one.
///
/// # Errors
/// 0x80048037 without the solution.
pub(crate) fn dependencies(cx: &ReadCx<'_>, unique_name: &str) -> Result<Vec<Dependency>> {
    let solution = super::require_named(cx, unique_name)?;
    if !solution.managed {
        return Ok(Vec::new());
    }
    let obstacles = Own::of(&cx.snapshot, solution.id, &components::all(cx)?).obstacles(&cx.snapshot);
    Ok(obstacles.into_iter().map(|obstacle| obstacle.dependency).collect())
}

/// Refuses a removal that something stands in the way of: another solution before a customizer's own components.
fn refuse_obstacles(cx: &WriteCx<'_>, obstacles: &[Obstacle], all: &[Component]) -> Result<()> {
    if obstacles.is_empty() {
        return Ok(());
    }
    let more = if obstacles.len() > NAMED_MAX { format!(" and {} more", obstacles.len() - NAMED_MAX) } else { String::new() };
    let named = obstacles.iter().take(NAMED_MAX).map(|obstacle| obstacle.words.as_str()).collect::<Vec<_>>().join("; ");
    let Some(foreign) = obstacles.iter().find(|obstacle| obstacle.managed) else {
        let message = format!("The solution cannot be deleted: other components need parts of it: {named}{more}.");
        return Err(Error::new(ErrorCode::CannotUninstallWithDependencies, message));
    };
    let dependents: HashSet<Uuid> =
        all.iter().filter(|component| component.object == foreign.dependency.dependent.id).map(|component| component.solution).collect();
    let other = super::all(&cx.read())?.into_iter().find(|solution| solution.managed && dependents.contains(&solution.id));
    let name = other.map_or_else(|| "another one".to_owned(), |solution| format!("'{}'", solution.unique_name));
    let message = format!("The solution cannot be uninstalled: the solution {name} needs parts of it. Uninstall that one first: {named}{more}.");
    Err(Error::new(ErrorCode::CannotUninstallReferencedSolution, message))
}

fn remove_components(cx: &mut WriteCx<'_>, solution: Uuid) -> Result<()> {
    let all = components::all(&cx.read())?;
    let own = Own::of(&cx.snapshot, solution, &all);
    refuse_obstacles(cx, &own.obstacles(&cx.snapshot), &all)?;
    // First of all, so that removing a component has few rows to look through.
    for component in all.iter().filter(|component| component.solution == solution) {
        system::delete(cx, "solutioncomponent", component.row)?;
    }
    remove_parts(cx, &own)?;
    for table in &own.tables {
        tables::delete(cx, table, Removal::WithSolution)?;
    }
    let names: Vec<_> = cx.snapshot.choices().filter(|choice| own.ids.contains(&choice.id)).map(|choice| choice.name.clone()).collect();
    for name in names {
        choices::delete(cx, &name, Removal::WithSolution)?;
    }
    let inert: Vec<_> = cx.snapshot.inert().filter(|part| own.ids.contains(&part.id)).map(|part| (DefinitionKind::Inert, part.id)).collect();
    if inert.is_empty() { Ok(()) } else { cx.undefine(&inert) }
}

/// Removes keys, relationships and columns: keys first, since they hold columns; then relationships, since they hold tables. Jobs that wait to build one of the
/// keys are canceled (AK-15); their rows stay, as do those of jobs that ended.
fn remove_parts(cx: &mut WriteCx<'_>, own: &Own) -> Result<()> {
    let snapshot = Arc::clone(&cx.snapshot);
    for table in snapshot.tables() {
        for key in table.keys.iter().filter(|key| own.ids.contains(&key.id) || own.tables.contains(table.name())) {
            keys::delete(cx, table.name(), &key.name, Removal::WithSolution)?;
        }
    }
    for relationship in snapshot.relationships().filter(|relationship| relationship.custom) {
        // Those of own tables to others go with their table.
        let of_own_table = own.tables.contains(&relationship.referencing_table);
        if (own.ids.contains(&relationship.id) && !of_own_table) || (of_own_table && own.tables.contains(&relationship.referenced_table)) {
            relationships::delete(cx, &relationship.schema_name, Removal::WithSolution)?;
        }
    }
    for relationship in snapshot.many_to_many().filter(|relationship| relationship.custom) {
        if own.ids.contains(&relationship.id) || own.has_side_of(relationship) {
            many_to_many::delete(cx, &relationship.schema_name, Removal::WithSolution)?;
        }
    }
    for table in snapshot.tables().filter(|table| !own.tables.contains(table.name())) {
        for column in table.columns.iter().filter(|column| column.custom && own.ids.contains(&column.id)) {
            let still_there = cx.snapshot.require(table.name())?.find(&column.name).is_some();
            if still_there {
                columns::delete(cx, table.name(), &column.name, Removal::WithSolution)?;
            }
        }
    }
    Ok(())
}

fn remove_row(cx: &mut WriteCx<'_>, installed: &Installed) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require("solution")?);
    let mut reach = Reach::new(cx);
    reach.enter(&table, installed.id)?;
    cascade::delete(cx, &table, installed.id, &mut reach)?;
    system::remove(cx, &table, installed.id)?;
    match installed.publisher.filter(|_| installed.managed) {
        Some(publisher) => publishers::remove_unused(cx, publisher),
        None => Ok(()),
    }
}

/// The components that go with a solution: those that it alone has whole.
#[derive(Debug, Default)]
struct Own {
    ids: HashSet<Uuid>,
    tables: BTreeSet<LogicalName>,
}

impl Own {
    fn of(snapshot: &Snapshot, solution: Uuid, all: &[Component]) -> Self {
        let whole = |component: &&Component| component.share == Share::Whole;
        let elsewhere: HashSet<Uuid> = all.iter().filter(whole).filter(|other| other.solution != solution).map(|other| other.object).collect();
        let ids: HashSet<Uuid> =
            all.iter().filter(whole).filter(|own| own.solution == solution && !elsewhere.contains(&own.object)).map(|own| own.object).collect();
        let tables = snapshot.tables().filter(|table| table.def.custom && ids.contains(&table.def.id)).map(|table| table.name().clone()).collect();
        Self { ids, tables }
    }

    /// What needs these components and does not go with them (SOL-26). What customizers added to the solution's own tables goes too (SOL-27).
    fn obstacles(&self, snapshot: &Snapshot) -> Vec<Obstacle> {
        let mut obstacles = Vec::new();
        for relationship in snapshot.relationships().filter(|relationship| relationship.custom && !self.ids.contains(&relationship.id)) {
            let (from, to) = (&relationship.referencing_table, &relationship.referenced_table);
            if self.tables.contains(to) && !self.tables.contains(from) {
                obstacles.push(Obstacle::new(
                    Node { kind: component_type::RELATIONSHIP, id: relationship.id },
                    table_node(snapshot, to),
                    relationship.managed,
                    format!("the lookup '{}' of '{from}' refers to '{to}'", relationship.referencing_column),
                ));
            }
        }
        for relationship in snapshot.many_to_many().filter(|relationship| relationship.custom && !self.ids.contains(&relationship.id)) {
            let (first, second) = (&relationship.first.table, &relationship.second.table);
            let is_between_own = self.tables.contains(first) && self.tables.contains(second);
            if self.has_side_of(relationship) && (relationship.managed || !is_between_own) {
                let required = if self.tables.contains(first) { first } else { second };
                obstacles.push(Obstacle::new(
                    Node { kind: component_type::RELATIONSHIP, id: relationship.id },
                    table_node(snapshot, required),
                    relationship.managed,
                    format!("the relationship '{}' pairs rows of '{first}' and '{second}'", relationship.schema_name),
                ));
            }
        }
        for table in snapshot.tables() {
            self.obstacles_of_columns(snapshot, table, &mut obstacles);
            self.obstacles_of_keys(snapshot, table, &mut obstacles);
        }
        obstacles
    }

    fn has_side_of(&self, relationship: &ManyToMany) -> bool {
        self.tables.contains(&relationship.first.table) || self.tables.contains(&relationship.second.table)
    }

    fn obstacles_of_columns(&self, snapshot: &Snapshot, table: &Table, obstacles: &mut Vec<Obstacle>) {
        let is_own = self.tables.contains(table.name());
        for column in table.columns.iter().filter(|column| column.custom && !self.ids.contains(&column.id)) {
            let node = Node { kind: component_type::COLUMN, id: column.id };
            // A column that belongs to another one goes with it.
            if is_own && column.managed && column.attribute_of.is_none() {
                let words = format!("another managed solution has the column '{}' of '{}'", column.name, table.name());
                obstacles.push(Obstacle::new(node, table_node(snapshot, table.name()), true, words));
            }
            if let Some(choice) = self.own_choice(snapshot, column).filter(|_| !is_own) {
                let words = format!("the column '{}' of '{}' has a global choice of the solution", column.name, table.name());
                obstacles.push(Obstacle::new(node, Node { kind: component_type::CHOICE, id: choice }, column.managed, words));
            }
        }
    }

    fn obstacles_of_keys(&self, snapshot: &Snapshot, table: &Table, obstacles: &mut Vec<Obstacle>) {
        let is_own = self.tables.contains(table.name());
        for key in table.keys.iter().filter(|key| !self.ids.contains(&key.id)) {
            let own = table.columns.iter().find(|column| self.ids.contains(&column.id) && key.columns.contains(&column.name));
            let required = match own {
                Some(column) if !is_own => Node { kind: component_type::COLUMN, id: column.id },
                _ if is_own && key.managed => table_node(snapshot, table.name()),
                _ => continue,
            };
            let words = format!("the alternate key '{}' of '{}'", key.name, table.name());
            obstacles.push(Obstacle::new(Node { kind: component_type::KEY, id: key.id }, required, key.managed, words));
        }
    }

    /// The global choice of a column, if it goes with the solution.
    fn own_choice(&self, snapshot: &Snapshot, column: &Column) -> Option<Uuid> {
        global_choice(column).and_then(|name| snapshot.choice(name)).map(|choice| choice.id).filter(|id| self.ids.contains(id))
    }
}

fn table_node(snapshot: &Snapshot, table: &str) -> Node {
    Node { kind: component_type::TABLE, id: snapshot.find(table).map(|table| table.def.id).unwrap_or_default() }
}

/// A component that needs one of those that would go.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Obstacle {
    dependency: Dependency,
    /// It came with another solution.
    managed: bool,
    words: String,
}

impl Obstacle {
    fn new(dependent: Node, required: Node, managed: bool, words: String) -> Self {
        Self { dependency: Dependency { dependent, required }, managed, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(solution: u128, object: u128, share: Share) -> Component {
        Component { row: Uuid::from_u128(solution * 100 + object), solution: Uuid::from_u128(solution), kind: 1, object: Uuid::from_u128(object), share }
    }

    #[test] // SOL-24
    fn only_what_one_solution_brought_goes_with_it() {
        let all = [
            component(1, 10, Share::Whole),
            component(1, 11, Share::Whole),
            component(1, 12, Share::Additions),
            component(1, 13, Share::Whole),
            component(2, 11, Share::Whole),
            component(2, 12, Share::Whole),
            component(2, 13, Share::Additions),
        ];
        let own = Own::of(&Snapshot::default(), Uuid::from_u128(1), &all);
        assert_eq!(own.ids, HashSet::from([10, 13].map(Uuid::from_u128)));
    }
}
