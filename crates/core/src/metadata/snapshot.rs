//! What readers of definitions use: all tables, relationships and choices at one moment. A snapshot never changes (A8).

mod pairings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use driftless_model::{
    ChoiceSet, ChoiceSource, ColumnIx, ColumnType, Error, LogicalName, ManyToMany, Pairing, Relationship, Result, Table, TableCode, TableDef, Uuid, Version,
};
use driftless_query::Tables;
use driftless_store::{DefinitionKind, DefinitionRow, ReadTx, Store};

use self::pairings::Pairings;
use super::stored::{Definition, InertComponent};

/// All definitions at one moment. Snapshots share the tables that did not change between them.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    number: Version,
    tables: BTreeMap<LogicalName, Arc<Table>>,
    by_id: HashMap<Uuid, Arc<Table>>,
    by_code: HashMap<TableCode, Arc<Table>>,
    by_set: HashMap<String, Arc<Table>>,
    parts: HashMap<Uuid, Part>,
    relationships: BTreeMap<String, Arc<Relationship>>,
    referencing: HashMap<LogicalName, Vec<Arc<Relationship>>>,
    referenced: HashMap<LogicalName, Vec<Arc<Relationship>>>,
    pairings: Pairings,
    choices: BTreeMap<LogicalName, Arc<ChoiceSet>>,
    inert: BTreeMap<Uuid, Arc<InertComponent>>,
    versions: HashMap<Uuid, Version>,
}

/// Where a definition that is not a table belongs.
#[derive(Clone, Debug)]
enum Part {
    Column(Uuid),
    Key(Uuid),
    Relationship(String),
    ManyToMany(String),
    Choice(LogicalName),
}

impl Snapshot {
    /// The definitions as the transaction sees them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn load(tx: &dyn ReadTx) -> Result<Self> {
        Self::default().refresh(tx)
    }

    /// The definitions of a store that no organization has open: for its check.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(store: &dyn Store) -> Result<Self> {
        store.reading(Self::load)
    }

    /// This snapshot brought to what the transaction sees.
    ///
    /// # Errors
    /// When definitions cannot be read.
    pub fn refresh(&self, tx: &dyn ReadTx) -> Result<Self> {
        let mut change = Change::of(self, tx.metadata_number()?);
        for (kind, id, _) in tx.removed_definitions(self.number)? {
            change.remove(kind, id);
        }
        tx.definitions(self.number, &mut |row| change.put(&row))?;
        change.finish()
    }

    /// This snapshot with changed and removed definitions.
    ///
    /// # Errors
    /// When a definition cannot be read.
    pub fn apply(&self, number: Version, changed: &[DefinitionRow], removed: &[(DefinitionKind, Uuid)]) -> Result<Self> {
        let mut change = Change::of(self, number);
        for (kind, id) in removed {
            change.remove(*kind, *id);
        }
        changed.iter().try_for_each(|row| change.put(row))?;
        change.finish()
    }

    fn forget(&mut self, kind: DefinitionKind, id: Uuid, drafts: &mut Drafts) {
        self.versions.remove(&id);
        if kind == DefinitionKind::Inert {
            self.inert.remove(&id);
        }
        if kind == DefinitionKind::Table
            && let Some(table) = self.by_id.remove(&id)
        {
            self.tables.remove(table.name());
            self.by_code.remove(&table.def.code);
            self.by_set.remove(table.def.set_name.as_str());
            drafts.0.remove(&id);
        }
        match self.parts.remove(&id) {
            Some(Part::Column(table)) if self.by_id.contains_key(&table) => drafts.open(self, table).columns.retain(|column| column.id != id),
            Some(Part::Key(table)) if self.by_id.contains_key(&table) => drafts.open(self, table).keys.retain(|key| key.id != id),
            Some(Part::Relationship(name)) => {
                self.relationships.remove(&name);
            }
            Some(Part::ManyToMany(name)) => self.pairings.remove(&name),
            Some(Part::Choice(name)) => {
                self.choices.remove(&name);
            }
            Some(Part::Column(_) | Part::Key(_)) | None => {}
        }
    }

    fn put_table(&mut self, id: Uuid, draft: Draft) -> Result<()> {
        let def = draft.def.ok_or_else(|| Error::damaged(format!("the table {id} has parts but no definition")))?;
        let parts = draft.columns.iter().map(|column| column.id).chain(draft.keys.iter().map(|key| key.id)).chain([id]);
        let version = parts.filter_map(|part| self.versions.get(&part).copied()).max().unwrap_or(self.number);
        let table = Arc::new(Table::new(def, version, draft.columns, draft.keys)?);
        if let Some(old) = self.by_id.insert(id, Arc::clone(&table)) {
            self.by_set.remove(old.def.set_name.as_str());
        }
        self.by_set.insert(table.def.set_name.as_str().to_owned(), Arc::clone(&table));
        self.by_code.insert(table.def.code, Arc::clone(&table));
        self.tables.insert(table.name().clone(), table);
        Ok(())
    }

    fn index_relationships(&mut self) {
        self.referencing.clear();
        self.referenced.clear();
        for relationship in self.relationships.values() {
            self.referencing.entry(relationship.referencing_table.clone()).or_default().push(Arc::clone(relationship));
            self.referenced.entry(relationship.referenced_table.clone()).or_default().push(Arc::clone(relationship));
        }
        self.pairings.index();
    }

    /// The number of the newest definition change that the snapshot holds.
    pub fn number(&self) -> Version {
        self.number
    }

    /// All tables by logical name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// The table with this logical name.
    pub fn find(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// The table with this logical name.
    ///
    /// # Errors
    /// 0x80041102.
    pub fn require(&self, name: &str) -> Result<&Arc<Table>> {
        self.find(name).ok_or_else(|| Error::no_such_table(name))
    }

    /// The table whose rows are addressed under this set name.
    pub fn by_set(&self, set: &str) -> Option<&Arc<Table>> {
        self.by_set.get(set)
    }

    /// The table with this `MetadataId`.
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<Table>> {
        self.by_id.get(&id)
    }

    /// The table with this number.
    pub fn by_code(&self, code: TableCode) -> Option<&Arc<Table>> {
        self.by_code.get(&code)
    }

    /// The column with this `MetadataId`, with its table.
    pub fn column_by_id(&self, id: Uuid) -> Option<(&Arc<Table>, ColumnIx)> {
        match self.parts.get(&id) {
            Some(Part::Column(table)) => {
                let table = self.by_id.get(table)?;
                table.indexed().find(|(_, column)| column.id == id).map(|(ix, _)| (table, ix))
            }
            _ => None,
        }
    }

    /// All relationships by schema name in lower case.
    pub fn relationships(&self) -> impl Iterator<Item = &Arc<Relationship>> {
        self.relationships.values()
    }

    /// The relationship with this schema name; case does not count.
    pub fn relationship(&self, schema_name: &str) -> Option<&Arc<Relationship>> {
        self.relationships.get(&schema_name.to_ascii_lowercase())
    }

    /// The relationship with this `MetadataId`.
    pub fn relationship_by_id(&self, id: Uuid) -> Option<&Arc<Relationship>> {
        match self.parts.get(&id) {
            Some(Part::Relationship(name)) => self.relationships.get(name),
            _ => None,
        }
    }

    /// Relationships in which the table has the lookup.
    pub fn referencing(&self, table: &str) -> &[Arc<Relationship>] {
        self.referencing.get(table).map_or(&[], Vec::as_slice)
    }

    /// Relationships in which the table is referred to.
    pub fn referenced(&self, table: &str) -> &[Arc<Relationship>] {
        self.referenced.get(table).map_or(&[], Vec::as_slice)
    }

    /// The relationship of a table's lookup to one of its targets.
    pub fn lookup_relationship(&self, table: &str, lookup: &str, target: &str) -> Option<&Arc<Relationship>> {
        self.referencing(table).iter().find(|r| *r.referencing_column == *lookup && *r.referenced_table == *target)
    }

    /// The relationship of which `navigation` is the single-valued navigation property on the table; case counts.
    pub fn single_navigation(&self, table: &str, navigation: &str) -> Option<&Arc<Relationship>> {
        self.referencing(table).iter().find(|r| r.referencing_navigation == navigation)
    }

    /// The relationship of which `navigation` is the collection-valued navigation property on the table; case counts.
    pub fn collection_navigation(&self, table: &str, navigation: &str) -> Option<&Arc<Relationship>> {
        self.referenced(table).iter().find(|r| r.referenced_navigation == navigation)
    }

    /// All many-to-many relationships by schema name in lower case.
    pub fn many_to_many(&self) -> impl Iterator<Item = &Arc<ManyToMany>> {
        self.pairings.all()
    }

    /// The many-to-many relationship with this schema name; case does not count.
    pub fn many_to_many_named(&self, schema_name: &str) -> Option<&Arc<ManyToMany>> {
        self.pairings.named(&schema_name.to_ascii_lowercase())
    }

    /// The many-to-many relationship with this `MetadataId`.
    pub fn many_to_many_by_id(&self, id: Uuid) -> Option<&Arc<ManyToMany>> {
        match self.parts.get(&id) {
            Some(Part::ManyToMany(name)) => self.pairings.named(name),
            _ => None,
        }
    }

    /// The many-to-many relationships of a table, each seen from the table's side; one of the table with itself stands twice, once from each side.
    pub fn pairings(&self, table: &str) -> &[Pairing] {
        self.pairings.of_table(table)
    }

    /// The many-to-many relationship of which `navigation` is the collection-valued navigation property on the table; case counts.
    pub fn pairing(&self, table: &str, navigation: &str) -> Option<&Pairing> {
        self.pairings(table).iter().find(|pairing| pairing.own().navigation == navigation)
    }

    /// The many-to-many relationship whose pairs are rows of this table.
    pub fn pairs_in(&self, intersect: &str) -> Option<&Arc<ManyToMany>> {
        self.pairings.in_table(intersect)
    }

    /// True if the table has a navigation property of this name, of whichever kind; case counts.
    pub fn has_navigation(&self, table: &str, name: &str) -> bool {
        self.single_navigation(table, name).is_some() || self.collection_navigation(table, name).is_some() || self.pairing(table, name).is_some()
    }

    /// All global choices by name.
    pub fn choices(&self) -> impl Iterator<Item = &Arc<ChoiceSet>> {
        self.choices.values()
    }

    /// The global choice with this name.
    pub fn choice(&self, name: &str) -> Option<&Arc<ChoiceSet>> {
        self.choices.get(name)
    }

    /// The global choice with this `MetadataId`.
    pub fn choice_by_id(&self, id: Uuid) -> Option<&Arc<ChoiceSet>> {
        match self.parts.get(&id) {
            Some(Part::Choice(name)) => self.choices.get(name),
            _ => None,
        }
    }

    /// The global choice that columns of this type take their options from.
    pub fn global_choice_of(&self, kind: &ColumnType) -> Option<&Arc<ChoiceSet>> {
        let source = match kind {
            ColumnType::Choice(column) | ColumnType::Choices(column) => &column.choice,
            ColumnType::Boolean(column) => &column.choice,
            _ => return None,
        };
        match source {
            ChoiceSource::Global(name) => self.choice(name),
            ChoiceSource::Local(_) => None,
        }
    }

    /// All components that are only kept.
    pub fn inert(&self) -> impl Iterator<Item = &Arc<InertComponent>> {
        self.inert.values()
    }

    /// Version of the last change of the definition with this id.
    pub fn version_of(&self, id: Uuid) -> Option<Version> {
        self.versions.get(&id).copied()
    }

    /// Identities of all definitions of the organization.
    pub fn ids(&self) -> BTreeSet<Uuid> {
        self.versions.keys().copied().collect()
    }
}

impl Tables for Snapshot {
    fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.find(name).cloned()
    }

    fn hierarchy(&self, table: &Table) -> Option<ColumnIx> {
        let own = |relationship: &&Arc<Relationship>| relationship.hierarchical && relationship.referencing_table == *table.name();
        let relationship = self.referenced(table.name()).iter().find(own)?;
        table.find(&relationship.referencing_column)
    }
}

/// The next snapshot in the making.
struct Change<'s> {
    before: &'s Snapshot,
    next: Snapshot,
    drafts: Drafts,
}

impl<'s> Change<'s> {
    fn of(before: &'s Snapshot, number: Version) -> Self {
        Self { before, next: Snapshot { number, ..before.clone() }, drafts: Drafts::default() }
    }

    fn remove(&mut self, kind: DefinitionKind, id: Uuid) {
        self.next.forget(kind, id, &mut self.drafts);
    }

    fn put(&mut self, row: &DefinitionRow) -> Result<()> {
        let Self { before, next, drafts } = self;
        next.versions.insert(row.id, row.version);
        match Definition::from_row(row)? {
            Definition::Table(def) => {
                let id = def.id;
                drafts.open(before, id).def = Some(def);
            }
            Definition::Column(table, column) => {
                next.parts.insert(column.id, Part::Column(table));
                let draft = drafts.open(before, table);
                draft.columns.retain(|other| other.id != column.id);
                draft.columns.push(column);
            }
            Definition::Key(table, key) => {
                next.parts.insert(key.id, Part::Key(table));
                let draft = drafts.open(before, table);
                draft.keys.retain(|other| other.id != key.id);
                draft.keys.push(key);
            }
            Definition::Relationship(relationship) => {
                let name = relationship.schema_name.to_ascii_lowercase();
                next.parts.insert(relationship.id, Part::Relationship(name.clone()));
                next.relationships.insert(name, Arc::new(relationship));
            }
            Definition::ManyToMany(relationship) => {
                let name = relationship.schema_name.to_ascii_lowercase();
                next.parts.insert(relationship.id, Part::ManyToMany(name.clone()));
                next.pairings.insert(name, relationship);
            }
            Definition::Choice(choice) => {
                next.parts.insert(choice.id, Part::Choice(choice.name.clone()));
                next.choices.insert(choice.name.clone(), Arc::new(choice));
            }
            Definition::Inert(component) => {
                next.inert.insert(component.id, Arc::new(component));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Snapshot> {
        let mut next = self.next;
        for (id, draft) in self.drafts.0 {
            next.put_table(id, draft)?;
        }
        next.index_relationships();
        Ok(next)
    }
}

/// Tables under change: begun from what the snapshot before had.
#[derive(Default)]
struct Drafts(BTreeMap<Uuid, Draft>);

#[derive(Default)]
struct Draft {
    def: Option<TableDef>,
    columns: Vec<driftless_model::Column>,
    keys: Vec<driftless_model::AlternateKey>,
}

impl Drafts {
    fn open(&mut self, snapshot: &Snapshot, table: Uuid) -> &mut Draft {
        self.0.entry(table).or_insert_with(|| match snapshot.by_id.get(&table) {
            Some(table) => Draft { def: Some(table.def.clone()), columns: table.columns.clone(), keys: table.keys.clone() },
            None => Draft::default(),
        })
    }
}
