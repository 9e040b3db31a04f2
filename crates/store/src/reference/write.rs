//! What can be written.

use std::sync::atomic::Ordering;

use driftless_model::{AlternateKey, Table, TableCode, Uuid, Value, Version};

use super::{BuiltKey, State, StoredRow, StoredTable, Tombstone};
use crate::{
    Completion, DefinitionKind, DefinitionRow, Duplicate, KeyBuild, ReadTx, SchemaChange, Stamped, StampedRemoval, StoreError, StoreResult, StoredFile, WriteTx,
};

impl WriteTx for State {
    fn as_read(&self) -> &dyn ReadTx {
        self
    }

    fn next_version(&mut self) -> StoreResult<Version> {
        Ok(Version(self.last_version.fetch_add(1, Ordering::SeqCst) + 1))
    }

    fn insert(&mut self, row: &Stamped<'_>) -> StoreResult<()> {
        let table = self.table_mut(row.table())?;
        if table.rows.contains_key(&row.id()) {
            return Err(StoreError::Duplicate(Duplicate::Id));
        }
        let new = written(row, StoredRow { version: row.version(), cells: std::collections::BTreeMap::new() });
        table.refuse_taken_keys(row.id(), &new)?;
        table.tombstones.remove(&row.id());
        table.rows.insert(row.id(), new);
        self.wrote(row.version());
        Ok(())
    }

    fn update(&mut self, row: &Stamped<'_>) -> StoreResult<bool> {
        let table = self.table_mut(row.table())?;
        let Some(old) = table.rows.get(&row.id()) else { return Ok(false) };
        let new = written(row, old.clone());
        table.refuse_taken_keys(row.id(), &new)?;
        table.rows.insert(row.id(), new);
        self.wrote(row.version());
        Ok(true)
    }

    fn remove(&mut self, row: &StampedRemoval<'_>) -> StoreResult<bool> {
        let table = self.table_mut(row.table())?;
        if table.rows.remove(&row.id()).is_none() {
            return Ok(false);
        }
        if row.table().def.change_tracking {
            table.tombstones.insert(row.id(), Tombstone { version: row.version(), at_s: row.at_s() });
        }
        let place = (row.table().def.code, row.id());
        self.remove_files(|file| (file.table, file.row) == place);
        self.wrote(row.version());
        Ok(true)
    }

    fn put_definition(&mut self, definition: &DefinitionRow) -> StoreResult<()> {
        let key = (definition.kind, definition.id);
        self.removed_definitions.remove(&key);
        self.definitions.insert(key, definition.clone());
        self.metadata = definition.version;
        self.wrote(definition.version);
        Ok(())
    }

    fn remove_definition(&mut self, kind: DefinitionKind, id: Uuid, version: Version, _at_s: i64) -> StoreResult<()> {
        self.definitions.remove(&(kind, id));
        self.removed_definitions.insert((kind, id), version);
        self.metadata = version;
        self.wrote(version);
        Ok(())
    }

    fn change_schema(&mut self, change: &SchemaChange<'_>) -> StoreResult<KeyBuild> {
        match change {
            SchemaChange::CreateTable(table) => {
                self.tables.insert(table.def.code, StoredTable::new(table));
            }
            SchemaChange::AddColumn(..) | SchemaChange::IndexLookup(..) => {}
            SchemaChange::DropFiles(table, column) => {
                let place = (table.def.code, table.column(*column).id);
                self.remove_files(|file| (file.table, file.column) == place);
            }
            SchemaChange::DropTable(table) => {
                self.tables.remove(&table.def.code);
                self.remove_files(|file| file.table == table.def.code);
            }
            SchemaChange::BuildKey(table, key) => return self.table_mut(table)?.build_key(table, key),
            SchemaChange::DropKey(table, key) => self.table_mut(table)?.keys.retain(|built| built.id != key.id),
        }
        Ok(KeyBuild::Done)
    }

    fn set_setting(&mut self, name: &str, value: &str) -> StoreResult<()> {
        self.settings.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn purge_tombstones(&mut self, table: TableCode, before_s: i64, limit: u32) -> StoreResult<u32> {
        let Some(table) = self.tables.get_mut(&table) else { return Ok(0) };
        let mut oldest: Vec<_> = table.tombstones.iter().map(|(id, grave)| (*grave, *id)).collect();
        oldest.sort_by_key(|(grave, _)| grave.version);
        let mut purged = 0;
        // A younger tombstone ends the purge, whatever lies behind it: the horizon must not pass it.
        for (grave, id) in oldest.into_iter().take(limit as usize).take_while(|(grave, _)| grave.at_s < before_s) {
            table.tombstones.remove(&id);
            table.horizon = grave.version;
            purged += 1;
        }
        Ok(purged)
    }

    fn begin_file(&mut self, file: &StoredFile) -> StoreResult<()> {
        self.begin(file)
    }

    fn put_block(&mut self, file: Uuid, name: &str, bytes: &[u8], at_s: i64) -> StoreResult<bool> {
        Ok(self.put(file, name, bytes, at_s))
    }

    fn complete_file(&mut self, file: Uuid, blocks: &[String], name: &str, media_type: &str) -> StoreResult<Completion> {
        Ok(self.complete(file, blocks, name, media_type))
    }

    fn remove_file(&mut self, id: Uuid) -> StoreResult<bool> {
        Ok(self.files.remove(&id).is_some())
    }

    fn purge_files(&mut self, before_s: i64, _limit: u32) -> StoreResult<bool> {
        self.expire(before_s);
        Ok(false)
    }
}

impl State {
    fn table_mut(&mut self, table: &Table) -> StoreResult<&mut StoredTable> {
        self.tables.get_mut(&table.def.code).ok_or_else(|| StoreError::failed(format!("there is no table {}", table.name())))
    }

    fn wrote(&mut self, version: Version) {
        self.position = self.position.max(version);
    }
}

/// `row` after the cells and the version of a write.
fn written(write: &Stamped<'_>, mut row: StoredRow) -> StoredRow {
    row.version = write.version();
    for (ix, value) in write.cells() {
        let value = match value {
            // SQL does not tell the negative zero from zero.
            Value::Float(number) => Value::Float(number + 0.0),
            other => other.clone(),
        };
        row.cells.insert(write.table().column(*ix).physical.clone(), value);
    }
    row
}

impl StoredTable {
    fn new(table: &Table) -> Self {
        Self {
            name: table.name().clone(),
            name_column: table.special.name.map(|ix| table.column(ix).physical.clone()),
            rows: std::collections::BTreeMap::new(),
            tombstones: std::collections::BTreeMap::new(),
            horizon: Version(0),
            keys: Vec::new(),
        }
    }

    fn refuse_taken_keys(&self, id: Uuid, row: &StoredRow) -> StoreResult<()> {
        let taken = |key: &&BuiltKey| {
            let own = key_value(row, &key.columns);
            own.is_some_and(|own| self.rows.iter().any(|(other, row)| *other != id && key_value(row, &key.columns).is_some_and(|value| equal(&value, &own))))
        };
        match self.keys.iter().find(taken) {
            Some(key) => Err(StoreError::Duplicate(Duplicate::Key(key.id))),
            None => Ok(()),
        }
    }

    fn build_key(&mut self, table: &Table, key: &AlternateKey) -> StoreResult<KeyBuild> {
        let missing = |name: &str| StoreError::failed(format!("the table {} has no column {name}", self.name));
        let physical = |name: &driftless_model::LogicalName| table.find(name).map(|ix| table.column(ix).physical.clone()).ok_or_else(|| missing(name));
        let columns = key.columns.iter().map(physical).collect::<StoreResult<Vec<_>>>()?;
        let mut groups: Vec<(Vec<Value>, u64)> = Vec::new();
        for value in self.rows.values().filter_map(|row| key_value(row, &columns)) {
            match groups.iter_mut().find(|(known, _)| equal(known, &value)) {
                Some((_, rows)) => *rows += 1,
                None => groups.push((value, 1)),
            }
        }
        groups.retain(|(_, rows)| *rows > 1);
        if let Some((example, rows)) = groups.first() {
            return Ok(KeyBuild::Collides { example: example.clone(), rows: *rows, values: groups.len() as u64 });
        }
        self.keys.retain(|built| built.id != key.id);
        self.keys.push(BuiltKey { id: key.id, columns });
        Ok(KeyBuild::Done)
    }
}

/// The value of a key; none if a column is null: such a row is outside the key (AK-20).
fn key_value(row: &StoredRow, columns: &[String]) -> Option<Vec<Value>> {
    columns.iter().map(|column| row.cells.get(column).filter(|value| !value.is_null()).cloned()).collect()
}

fn equal(a: &[Value], b: &[Value]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.compare(b).is_eq())
}
