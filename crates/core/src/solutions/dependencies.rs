//! Which components need which others (SOL-26): a lookup needs the table that it refers to, a column its global choice, a key its columns, and each of them its
//! table. Built-in components are everywhere and need not be named.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use driftless_model::{ChoiceSource, Column, ColumnType, Table, Uuid};
use driftless_solution_file::{DependencyEnd, MissingDependency};

use super::export::contents::Contents;
use super::plan::component_type_of;
use crate::metadata::Snapshot;
use crate::metadata::validate::component_type;

/// A component: its type, as `component_type` has them, and its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node {
    pub(crate) kind: i32,
    pub(crate) id: Uuid,
}

/// One component needs another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Dependency {
    pub(crate) dependent: Node,
    pub(crate) required: Node,
}

/// What people and packages call a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Its name in packages.
    pub(crate) schema_name: String,
    /// Its label.
    pub(crate) display_name: String,
    /// The table that it belongs to.
    pub(crate) parent: Option<String>,
}

/// All dependencies between custom components.
pub(crate) fn all(snapshot: &Snapshot) -> Vec<Dependency> {
    let mut found = BTreeSet::new();
    let mut needs = |dependent: Node, kind: i32, id: Uuid| {
        found.insert(Dependency { dependent, required: Node { kind, id } });
    };
    let custom_table = |name: &str| snapshot.find(name).filter(|table| table.def.custom);
    for table in snapshot.tables() {
        for column in table.columns.iter().filter(|column| column.custom && column.attribute_of.is_none()) {
            let dependent = Node { kind: component_type::COLUMN, id: column.id };
            if table.def.custom {
                needs(dependent, component_type::TABLE, table.def.id);
            }
            if let Some(choice) = global_choice(column).and_then(|name| snapshot.choice(name)).filter(|choice| choice.custom) {
                needs(dependent, component_type::CHOICE, choice.id);
            }
        }
        for key in &table.keys {
            let dependent = Node { kind: component_type::KEY, id: key.id };
            if table.def.custom {
                needs(dependent, component_type::TABLE, table.def.id);
            }
            for column in table.columns.iter().filter(|column| column.custom && key.columns.contains(&column.name)) {
                needs(dependent, component_type::COLUMN, column.id);
            }
        }
    }
    for relationship in snapshot.relationships().filter(|relationship| relationship.custom) {
        let dependent = Node { kind: component_type::RELATIONSHIP, id: relationship.id };
        for table in [&relationship.referenced_table, &relationship.referencing_table].into_iter().filter_map(|name| custom_table(name)) {
            needs(dependent, component_type::TABLE, table.def.id);
        }
    }
    for relationship in snapshot.many_to_many().filter(|relationship| relationship.custom) {
        let dependent = Node { kind: component_type::RELATIONSHIP, id: relationship.id };
        for table in [&relationship.first.table, &relationship.second.table].into_iter().filter_map(|name| custom_table(name)) {
            needs(dependent, component_type::TABLE, table.def.id);
        }
    }
    for part in snapshot.inert() {
        if let Some(table) = part.table.as_deref().and_then(custom_table) {
            needs(Node { kind: component_type_of(part), id: part.id }, component_type::TABLE, table.def.id);
        }
    }
    found.into_iter().collect()
}

/// What the components of a solution need and it does not have.
pub(crate) fn missing(snapshot: &Snapshot, contents: &Contents) -> Vec<Dependency> {
    let own = contents.ids(snapshot);
    all(snapshot).into_iter().filter(|dependency| own.contains(&dependency.dependent.id) && !own.contains(&dependency.required.id)).collect()
}

/// What a component and all that is needed on the way needs, without itself.
pub(crate) fn closure(snapshot: &Snapshot, of: Uuid) -> Vec<Node> {
    let dependencies = all(snapshot);
    let mut reached = HashSet::from([of]);
    let mut parts: Vec<Node> = Vec::new();
    loop {
        // A table's columns and keys come with it, so what they need is needed too.
        let is_of = |id: Uuid| reached.contains(&id) || table_of(snapshot, id).is_some_and(|table| reached.contains(&table));
        let next: Vec<Node> =
            dependencies.iter().filter(|edge| is_of(edge.dependent.id) && !reached.contains(&edge.required.id)).map(|edge| edge.required).collect();
        if next.is_empty() {
            return parts;
        }
        for node in next {
            if reached.insert(node.id) {
                parts.push(node);
            }
        }
    }
}

/// What keeps a component from being deleted: keys hold columns, columns hold global choices; a table is held by the lookups of other tables that do not go with it.
pub(crate) fn holding(snapshot: &Snapshot, node: Node) -> Vec<Dependency> {
    let holds = |dependency: &Dependency| match (dependency.required.kind, dependency.dependent.kind) {
        (component_type::COLUMN, component_type::KEY) | (component_type::CHOICE, component_type::COLUMN) => true,
        (component_type::TABLE, component_type::RELATIONSHIP) => snapshot.relationship_by_id(dependency.dependent.id).is_some_and(|relationship| {
            let other = snapshot.find(&relationship.referencing_table).filter(|table| table.def.id != node.id);
            let in_key = |table: &Arc<Table>| table.keys.iter().any(|key| key.columns.contains(&relationship.referencing_column));
            other.is_some_and(|table| relationship.managed || in_key(table))
        }),
        _ => false,
    };
    all(snapshot).into_iter().filter(|dependency| dependency.required.id == node.id && holds(dependency)).collect()
}

/// The table that a column, a key or a lookup's relationship belongs to.
pub(crate) fn table_of(snapshot: &Snapshot, id: Uuid) -> Option<Uuid> {
    let of_column = snapshot.column_by_id(id).map(|(table, _)| table.def.id);
    let of_relationship = || snapshot.relationship_by_id(id).and_then(|own| snapshot.find(&own.referencing_table)).map(|table| table.def.id);
    let of_key = || snapshot.tables().find(|table| table.keys.iter().any(|key| key.id == id)).map(|table| table.def.id);
    of_column.or_else(of_relationship).or_else(of_key)
}

/// The global choice that a column's options come from.
pub(crate) fn global_choice(column: &Column) -> Option<&str> {
    let source = match &column.kind {
        ColumnType::Choice(column) | ColumnType::Choices(column) => &column.choice,
        ColumnType::Boolean(column) => &column.choice,
        _ => return None,
    };
    match source {
        ChoiceSource::Global(name) => Some(name.as_str()),
        ChoiceSource::Local(_) => None,
    }
}

/// What a component is called.
pub(crate) fn words(snapshot: &Snapshot, node: Node) -> Words {
    let text = |label: &driftless_model::Label| label.text(driftless_model::ENGLISH).unwrap_or_default().to_owned();
    if let Some(table) = snapshot.by_id(node.id) {
        return Words { schema_name: table.name().to_string(), display_name: text(&table.def.display_name), parent: None };
    }
    if let Some((table, ix)) = snapshot.column_by_id(node.id) {
        let column = table.column(ix);
        return Words { schema_name: column.name.to_string(), display_name: text(&column.display_name), parent: Some(table.name().to_string()) };
    }
    if let Some(relationship) = snapshot.relationship_by_id(node.id) {
        let name = relationship.schema_name.to_string();
        return Words { display_name: name.clone(), schema_name: name, parent: Some(relationship.referencing_table.to_string()) };
    }
    if let Some(relationship) = snapshot.many_to_many_by_id(node.id) {
        let name = relationship.schema_name.to_string();
        return Words { display_name: name.clone(), schema_name: name, parent: Some(relationship.first.table.to_string()) };
    }
    if let Some(choice) = snapshot.choice_by_id(node.id) {
        return Words { schema_name: choice.name.to_string(), display_name: text(&choice.display_name), parent: None };
    }
    let mut keys = snapshot.tables().flat_map(|table| table.keys.iter().map(move |key| (table, key)));
    if let Some((table, key)) = keys.find(|(_, key)| key.id == node.id) {
        return Words { schema_name: key.name.to_string(), display_name: text(&key.display_name), parent: Some(table.name().to_string()) };
    }
    let part = snapshot.inert().find(|part| part.id == node.id);
    part.map_or_else(Words::default, |part| Words { schema_name: part.name.clone(), display_name: part.name.clone(), parent: part.table.clone() })
}

/// The element of `solution.xml` that names what a package needs. `solutions` are the names of managed solutions by what they brought.
pub(super) fn element(snapshot: &Snapshot, dependency: &Dependency, solutions: &HashMap<Uuid, String>) -> MissingDependency {
    let end = |node: Node, solution: Option<&str>| {
        let words = words(snapshot, node);
        let mut attributes = BTreeMap::from([
            ("type".to_owned(), node.kind.to_string()),
            ("schemaName".to_owned(), words.schema_name),
            ("displayName".to_owned(), words.display_name),
        ]);
        attributes.extend(words.parent.map(|parent| ("parentSchemaName".to_owned(), parent)));
        attributes.extend(solution.map(|solution| ("solution".to_owned(), solution.to_owned())));
        DependencyEnd { attributes }
    };
    let solution = solutions.get(&dependency.required.id).map_or("Active", String::as_str);
    MissingDependency { required: end(dependency.required, Some(solution)), dependent: end(dependency.dependent, None) }
}
