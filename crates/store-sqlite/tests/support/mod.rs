//! What the tests share: folders that go away, tables made by hand, rows in and rows out.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests: each file uses a part, and a failure may end it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use driftless_model::{
    AlternateKey, AssociatedMenu, Cascade, ChoiceColumn, ChoiceSource, Column, ColumnIx, ColumnType, DateBehavior, DateFormat, DateTimeColumn, Decimal,
    DecimalColumn, DeleteAction, FloatColumn, IntegerColumn, IntegerFormat, KeyIndexStatus, Label, LogicalName, LookupColumn, MoneyColumn, Ownership, Position,
    PrecisionSource, Relationship, RequiredLevel, SchemaName, SetName, Table, TableCode, TableDef, TextColumn, TextFormat, Uuid, Validity, Value, Version,
};
use driftless_query::{Collector, ResolvedCondition, ResolvedOrder, ResolvedQuery, SecuredQuery};
use driftless_store::{ChangeRequest, Cut, Length, SchemaChange, Stamped, StampedRemoval, Store, WriteTx};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

pub type Result<T> = driftless_model::Result<T>;

/// A folder of its own for one test, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!("driftless-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("driftless.db")
    }

    pub fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.path(), &options()).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Options whose fatal hook panics: no test may meet it unawares.
pub fn options() -> SqliteOptions {
    SqliteOptions { fatal: Arc::new(|reason| panic!("fatal: {reason}")), ..SqliteOptions::default() }
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A table made by hand: `<name>id` and `versionnumber` come first.
pub struct TableBuilder {
    code: i32,
    name: String,
    columns: Vec<(String, ColumnType)>,
    keys: Vec<(String, Vec<String>)>,
    tracked: bool,
    primary_name: Option<String>,
}

impl TableBuilder {
    pub fn new(code: i32, name: &str) -> Self {
        Self { code, name: name.to_owned(), columns: Vec::new(), keys: Vec::new(), tracked: true, primary_name: None }
    }

    pub fn column(mut self, name: &str, kind: ColumnType) -> Self {
        self.columns.push((name.to_owned(), kind));
        self
    }

    pub fn name_column(mut self, name: &str) -> Self {
        self.primary_name = Some(name.to_owned());
        self.column(name, text())
    }

    pub fn key(mut self, name: &str, columns: &[&str]) -> Self {
        self.keys.push((name.to_owned(), columns.iter().map(|&column| column.to_owned()).collect()));
        self
    }

    pub fn untracked(mut self) -> Self {
        self.tracked = false;
        self
    }

    pub fn build(self) -> Arc<Table> {
        let code = u128::try_from(self.code).unwrap();
        let primary_id = format!("{}id", self.name);
        let mut columns = vec![column(code, 0, &primary_id, ColumnType::UniqueId { primary: true }), column(code, 1, "versionnumber", ColumnType::BigInt)];
        for (name, kind) in self.columns {
            columns.push(column(code, u16::try_from(columns.len()).unwrap(), &name, kind));
        }
        let keys = (0_u128..).zip(self.keys).map(|(number, (name, columns))| key(id(code << 64 | 0xff00 | number), &name, &columns)).collect();
        let def = TableDef {
            id: id(code << 64),
            code: TableCode(self.code),
            name: LogicalName::from(self.name.as_str()),
            schema_name: SchemaName::from(self.name.as_str()),
            set_name: SetName::from(format!("{}s", self.name)),
            collection_schema_name: SchemaName::from(self.name.as_str()),
            display_name: Label::english("x"),
            display_collection_name: Label::english("x"),
            description: Label::default(),
            ownership: Ownership::None,
            primary_id: LogicalName::from(primary_id),
            primary_name: self.primary_name.map(LogicalName::from),
            physical: self.name,
            seed_version: 0,
            change_tracking: self.tracked,
            can_change_tracking_be_enabled: true,
            intersect: false,
            private: false,
            custom: true,
            managed: false,
            customizable: true,
            enforce_state_transitions: false,
            has_notes: false,
            has_activities: false,
            activity: false,
            introduced_version: "1.0".to_owned(),
            flags: std::collections::BTreeMap::new(),
            created_on: 0,
            modified_on: 0,
        };
        Arc::new(Table::new(def, Version(1), columns, keys).unwrap())
    }
}

fn column(code: u128, number: u16, name: &str, kind: ColumnType) -> Column {
    Column {
        id: id(code << 64 | 0x1_0000 | u128::from(number)),
        name: LogicalName::from(name),
        schema_name: SchemaName::from(name),
        kind,
        required: RequiredLevel::None,
        valid: Validity::ALL,
        display_name: Label::english(name),
        description: Label::default(),
        physical: name.to_owned(),
        number,
        attribute_of: None,
        custom: true,
        managed: false,
        customizable: true,
        secured: false,
        introduced_version: "1.0".to_owned(),
    }
}

fn key(id: Uuid, name: &str, columns: &[String]) -> AlternateKey {
    AlternateKey {
        id,
        name: LogicalName::from(name),
        schema_name: SchemaName::from(name),
        display_name: Label::english(name),
        columns: columns.iter().map(|column| LogicalName::from(column.as_str())).collect(),
        status: KeyIndexStatus::Active,
        job: None,
        physical: name.to_owned(),
        managed: false,
        customizable: true,
        introduced_version: "1.0".to_owned(),
    }
}

pub fn text() -> ColumnType {
    ColumnType::Text(TextColumn { max_length: 100, format: TextFormat::Text })
}

pub fn integer() -> ColumnType {
    ColumnType::Integer(IntegerColumn { min: i32::MIN, max: i32::MAX, format: IntegerFormat::None })
}

pub fn decimal() -> ColumnType {
    ColumnType::Decimal(DecimalColumn { min: Decimal::from(-100_000_000_000_i64), max: Decimal::from(100_000_000_000_i64), precision: 10 })
}

pub fn float() -> ColumnType {
    ColumnType::Float(FloatColumn { min: -1e9, max: 1e9, precision: 5 })
}

pub fn money() -> ColumnType {
    ColumnType::Money(MoneyColumn { min: i64::MIN, max: i64::MAX, precision: 4, source: PrecisionSource::Column, is_base: false })
}

pub fn date_time(behavior: DateBehavior) -> ColumnType {
    ColumnType::DateTime(DateTimeColumn { format: DateFormat::DateAndTime, behavior })
}

pub fn lookup(targets: &[&str]) -> ColumnType {
    let mut lookup = LookupColumn::of(targets[0]);
    lookup.targets = targets.iter().map(|&target| LogicalName::from(target)).collect();
    ColumnType::Lookup(lookup)
}

pub fn choices() -> ColumnType {
    ColumnType::Choices(ChoiceColumn { choice: ChoiceSource::Global("kind".into()), default: None })
}

pub fn relationship(referenced: &Table, referencing: &Table, column: &str) -> Relationship {
    Relationship {
        id: id(77),
        schema_name: SchemaName::from(format!("{}_{column}", referencing.name())),
        referenced_table: referenced.name().clone(),
        referenced_column: referenced.def.primary_id.clone(),
        referencing_table: referencing.name().clone(),
        referencing_column: LogicalName::from(column),
        referencing_navigation: column.to_owned(),
        referenced_navigation: column.to_owned(),
        cascade: Cascade { delete: DeleteAction::RemoveLink, ..Cascade::default() },
        hierarchical: false,
        menu: AssociatedMenu::default(),
        custom: true,
        managed: false,
        customizable: true,
        introduced_version: "1.0".to_owned(),
    }
}

/// A tracked table of books with a key on its code.
pub fn book() -> Arc<Table> {
    TableBuilder::new(10_001, "book").name_column("title").column("code", text()).column("pages", integer()).key("bykey", &["code"]).build()
}

/// Makes the physical table and its keys' indexes.
pub fn make(store: &dyn Store, table: &Arc<Table>) {
    let table = Arc::clone(table);
    store
        .writing(Length::Long, move |tx| {
            tx.change_schema(&SchemaChange::CreateTable(&table))?;
            for key in &table.keys {
                tx.change_schema(&SchemaChange::BuildKey(&table, key))?;
            }
            Ok(())
        })
        .unwrap();
}

pub fn cells(table: &Table, values: &[(&str, Value)]) -> Vec<(ColumnIx, Value)> {
    values.iter().map(|(name, value)| (table.find(name).unwrap(), value.clone())).collect()
}

pub fn insert_in(tx: &mut dyn WriteTx, table: &Table, id: Uuid, values: &[(&str, Value)]) -> Result<Version> {
    let cells = cells(table, values);
    let row = Stamped::new(tx, table, id, &cells)?;
    tx.insert(&row)?;
    Ok(row.version())
}

pub fn update_in(tx: &mut dyn WriteTx, table: &Table, id: Uuid, values: &[(&str, Value)]) -> Result<bool> {
    let cells = cells(table, values);
    let row = Stamped::new(tx, table, id, &cells)?;
    Ok(tx.update(&row)?)
}

pub fn remove_in(tx: &mut dyn WriteTx, table: &Table, id: Uuid, at_s: i64) -> Result<bool> {
    let row = StampedRemoval::new(tx, table, id, at_s)?;
    Ok(tx.remove(&row)?)
}

pub fn insert(store: &dyn Store, table: &Arc<Table>, id: Uuid, values: &[(&str, Value)]) -> Result<Version> {
    let (table, values) = (Arc::clone(table), owned(values));
    store.writing(Length::Short, move |tx| insert_in(tx, &table, id, &borrowed(&values)))
}

pub fn update(store: &dyn Store, table: &Arc<Table>, id: Uuid, values: &[(&str, Value)]) -> Result<bool> {
    let (table, values) = (Arc::clone(table), owned(values));
    store.writing(Length::Short, move |tx| update_in(tx, &table, id, &borrowed(&values)))
}

pub fn remove(store: &dyn Store, table: &Arc<Table>, id: Uuid, at_s: i64) -> Result<bool> {
    let table = Arc::clone(table);
    store.writing(Length::Short, move |tx| remove_in(tx, &table, id, at_s))
}

fn owned(values: &[(&str, Value)]) -> Vec<(String, Value)> {
    values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn borrowed(values: &[(String, Value)]) -> Vec<(&str, Value)> {
    values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}

/// All columns of a table, in order of the id.
pub fn everything(table: &Arc<Table>) -> ResolvedQuery {
    let columns: Vec<ColumnIx> = table.indexed().map(|(ix, _)| ix).collect();
    let mut query = ResolvedQuery::plain(table, &columns, None);
    query.orders = vec![ResolvedOrder::own(table.id)];
    query
}

pub fn select(store: &dyn Store, query: ResolvedQuery) -> (Vec<Vec<Value>>, bool) {
    let query = SecuredQuery::unrestricted(query, "test");
    let mut sink = Collector::default();
    let more = store.reading(|tx| Ok(tx.select(&query, None, &mut sink)?)).unwrap();
    (sink.rows.into_iter().map(|row| row.values).collect(), more)
}

/// The row with this id, without id and version.
pub fn row(store: &dyn Store, table: &Arc<Table>, id: Uuid) -> Option<Vec<Value>> {
    let columns: Vec<ColumnIx> = table.indexed().map(|(ix, _)| ix).filter(|ix| *ix != table.id && *ix != table.row_version).collect();
    let query = ResolvedQuery::plain(table, &columns, Some(ResolvedCondition::equals(table.id, Value::Guid(id))));
    select(store, query).0.into_iter().next().map(|row| row[2..].to_vec())
}

pub fn position(store: &dyn Store) -> Position {
    store.reading(|tx| Ok(tx.position()?)).unwrap()
}

/// One chain of pages: ids of rows and removed ids, in order of delivery.
pub fn chain(store: &dyn Store, table: &Arc<Table>, since: Option<&Position>, limit: u32) -> (Vec<Uuid>, Vec<Uuid>, Position) {
    let until = position(store);
    let query = SecuredQuery::unrestricted(ResolvedQuery::plain(table, &[], None), "test");
    let (mut rows, mut removed, mut cut): (Vec<Uuid>, Vec<Uuid>, Option<Cut>) = (Vec::new(), Vec::new(), None);
    loop {
        let mut sink = Collector::default();
        let request = ChangeRequest { query: &query, since, until: &until, cut: cut.as_ref(), limit };
        let end = store.reading(|tx| Ok(tx.changes(&request, &mut sink)?)).unwrap();
        assert!(sink.rows.len() + sink.removed.len() <= limit as usize);
        assert!(removed.is_empty() || sink.rows.is_empty(), "rows come first");
        rows.extend(sink.rows.iter().filter_map(|row| row.values[0].id()));
        removed.extend(sink.removed);
        cut = end.next;
        if cut.is_none() {
            return (rows, removed, until);
        }
    }
}
