//! What a solution has: its rows of `solutioncomponent`, completed by what they are useless without. A table that it has whole comes with all that is unmanaged on
//! it; a lookup comes with its relationships.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use driftless_model::{ChoiceSet, Column, LogicalName, ManyToMany, Relationship, Table, Uuid};

use crate::metadata::{InertComponent, Snapshot};
use crate::solutions::components::{Component, Share};

/// What of one table is in the solution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TablePart {
    /// The table's own definition.
    pub(crate) whole: bool,
    /// The solution names the table.
    pub(crate) root: bool,
    /// Custom columns.
    pub(crate) columns: BTreeSet<LogicalName>,
    /// Alternate keys.
    pub(crate) keys: BTreeSet<LogicalName>,
}

/// The components of a solution that can be written to a package: managed ones belong to the solution that brought them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    /// Tables by logical name.
    pub(crate) tables: BTreeMap<LogicalName, TablePart>,
    /// Relationships by schema name in lower case.
    pub(crate) relationships: BTreeMap<String, Arc<Relationship>>,
    /// Many-to-many relationships by schema name in lower case.
    pub(crate) many_to_many: BTreeMap<String, Arc<ManyToMany>>,
    /// Global choices by name.
    pub(crate) choices: BTreeMap<LogicalName, Arc<ChoiceSet>>,
    /// Components that are only kept.
    pub(crate) inert: BTreeMap<Uuid, Arc<InertComponent>>,
}

impl Contents {
    /// What a solution with these components has.
    pub(crate) fn of(snapshot: &Snapshot, components: &[Component]) -> Self {
        let mut contents = Self::default();
        let keys: HashMap<Uuid, (&Arc<Table>, &LogicalName)> =
            snapshot.tables().flat_map(|table| table.keys.iter().filter(|key| !key.managed).map(move |key| (key.id, (table, &key.name)))).collect();
        let inert: HashMap<Uuid, &Arc<InertComponent>> = snapshot.inert().map(|part| (part.id, part)).collect();
        for component in components {
            let id = component.object;
            if let Some(table) = snapshot.by_id(id) {
                contents.add_table(table, component.share);
            } else if let Some((table, ix)) = snapshot.column_by_id(id) {
                if is_own(table.column(ix)) {
                    contents.part(table).columns.insert(table.column(ix).name.clone());
                }
            } else if let Some((table, key)) = keys.get(&id) {
                contents.part(table).keys.insert((*key).clone());
            } else if let Some(relationship) = snapshot.relationship_by_id(id) {
                contents.add_relationship(relationship);
            } else if let Some(relationship) = snapshot.many_to_many_by_id(id) {
                contents.add_many_to_many(relationship);
            } else if let Some(choice) = snapshot.choice_by_id(id).filter(|choice| choice.custom && !choice.managed) {
                contents.choices.insert(choice.name.clone(), Arc::clone(choice));
            } else if let Some(part) = inert.get(&id) {
                contents.inert.insert(id, Arc::clone(part));
            }
        }
        contents.complete(snapshot);
        contents
    }

    /// Identities of all that is in the solution.
    pub(crate) fn ids(&self, snapshot: &Snapshot) -> HashSet<Uuid> {
        let mut ids: HashSet<Uuid> = self.relationships.values().map(|relationship| relationship.id).collect();
        ids.extend(self.many_to_many.values().map(|relationship| relationship.id));
        ids.extend(self.choices.values().map(|choice| choice.id));
        ids.extend(self.inert.keys());
        for (name, part) in &self.tables {
            let Some(table) = snapshot.find(name) else { continue };
            ids.extend(part.whole.then_some(table.def.id));
            ids.extend(table.columns.iter().filter(|column| part.columns.contains(&column.name)).map(|column| column.id));
            ids.extend(table.keys.iter().filter(|key| part.keys.contains(&key.name)).map(|key| key.id));
        }
        ids
    }

    fn part(&mut self, table: &Table) -> &mut TablePart {
        self.tables.entry(table.name().clone()).or_default()
    }

    fn add_table(&mut self, table: &Table, share: Share) {
        let part = self.part(table);
        part.root = true;
        if share == Share::Whole {
            part.whole = table.def.custom && !table.def.managed;
            part.columns.extend(table.columns.iter().filter(|column| is_own(column)).map(|column| column.name.clone()));
            part.keys.extend(table.keys.iter().filter(|key| !key.managed).map(|key| key.name.clone()));
        }
    }

    fn add_relationship(&mut self, relationship: &Arc<Relationship>) {
        if relationship.custom && !relationship.managed {
            self.relationships.insert(relationship.schema_name.to_ascii_lowercase(), Arc::clone(relationship));
        }
    }

    fn add_many_to_many(&mut self, relationship: &Arc<ManyToMany>) {
        if relationship.custom && !relationship.managed {
            self.many_to_many.insert(relationship.schema_name.to_ascii_lowercase(), Arc::clone(relationship));
        }
    }

    /// Adds what lookups and kept parts are useless without.
    fn complete(&mut self, snapshot: &Snapshot) {
        for relationship in self.relationships.values().cloned().collect::<Vec<_>>() {
            let lookup = snapshot.find(&relationship.referencing_table).and_then(|table| Some((table, table.find(&relationship.referencing_column)?)));
            if let Some((table, ix)) = lookup.filter(|(table, ix)| is_own(table.column(*ix))) {
                self.part(table).columns.insert(table.column(ix).name.clone());
            }
        }
        let lookups = self.tables.iter().flat_map(|(table, part)| {
            snapshot.referencing(table).iter().filter(|relationship| part.columns.contains(&relationship.referencing_column)).cloned()
        });
        for relationship in lookups.collect::<Vec<_>>() {
            self.add_relationship(&relationship);
        }
        // Pairs come with two tables that the solution has whole.
        let is_whole = |table: &LogicalName| self.tables.get(table).is_some_and(|part| part.whole);
        let pairs = snapshot.many_to_many().filter(|relationship| is_whole(&relationship.first.table) && is_whole(&relationship.second.table));
        for relationship in pairs.collect::<Vec<_>>() {
            self.add_many_to_many(relationship);
        }
        let tables: Vec<_> = self.inert.values().filter_map(|part| snapshot.find(part.table.as_deref()?)).cloned().collect();
        for table in tables {
            self.part(&table);
        }
    }
}

/// True for a column that a customizer made, and that does not come with another one.
fn is_own(column: &Column) -> bool {
    column.custom && !column.managed && column.attribute_of.is_none()
}
