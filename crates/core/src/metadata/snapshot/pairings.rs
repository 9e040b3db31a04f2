//! The many-to-many relationships of a snapshot, by name, by table and by table of pairs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use driftless_model::{LogicalName, ManyToMany, Pairing, SideRole};

#[derive(Clone, Debug, Default)]
pub(super) struct Pairings {
    /// By schema name in lower case.
    by_name: BTreeMap<String, Arc<ManyToMany>>,
    of_table: HashMap<LogicalName, Vec<Pairing>>,
    in_table: HashMap<LogicalName, Arc<ManyToMany>>,
}

impl Pairings {
    pub(super) fn insert(&mut self, name: String, relationship: ManyToMany) {
        self.by_name.insert(name, Arc::new(relationship));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// Brings what is found by table up to what is found by name.
    pub(super) fn index(&mut self) {
        self.of_table.clear();
        self.in_table.clear();
        for relationship in self.by_name.values() {
            self.in_table.insert(relationship.intersect.clone(), Arc::clone(relationship));
            for role in SideRole::BOTH {
                let pairing = Pairing { relationship: Arc::clone(relationship), role };
                self.of_table.entry(pairing.own().table.clone()).or_default().push(pairing);
            }
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<ManyToMany>> {
        self.by_name.values()
    }

    pub(super) fn named(&self, name: &str) -> Option<&Arc<ManyToMany>> {
        self.by_name.get(name)
    }

    pub(super) fn of_table(&self, table: &str) -> &[Pairing] {
        self.of_table.get(table).map_or(&[], Vec::as_slice)
    }

    pub(super) fn in_table(&self, intersect: &str) -> Option<&Arc<ManyToMany>> {
        self.in_table.get(intersect)
    }
}
