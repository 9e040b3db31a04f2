//! Tables and short ways to write and read rows, for tests of stores.

use std::sync::Arc;

use driftless_model::{
    AlternateKey, BooleanColumn, ChoiceColumn, ChoiceSource, Column, ColumnIx, ColumnType, DateBehavior, DateFormat, DateTimeColumn, Decimal, DecimalColumn,
    Error, FileColumn, FloatColumn, ImageColumn, IntegerColumn, IntegerFormat, KeyIndexStatus, Label, LogicalName, LookupColumn, LookupKind, MoneyColumn,
    Ownership, PrecisionSource, Reference, RequiredLevel, Result, Table, TableCode, TableDef, TextColumn, TextFormat, Uuid, Validity, Value, Version,
};
use driftless_query::{CollectedRow, Collector, ResolvedFilter, ResolvedQuery, SecuredQuery, Tables};

use crate::{DefinitionRow, KeyBuild, Length, ReadTx, SchemaChange, Stamped, StampedRemoval, Store, StoreResult, WriteTx};

/// Opens the store under test. Called again after every handle of the store before was dropped, it opens the same data: that is a restart.
pub type Opener = Box<dyn Fn() -> Arc<dyn Store>>;

/// Why the reads of these tests are without restriction.
const TEST: &str = "a test of the store";

/// The id of a test row: different numbers are different ids, whose order is not that of the numbers.
pub fn id(number: u32) -> Uuid {
    Uuid::from_u64_pair(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15), u64::from(number))
}

/// The tables that tests use.
#[derive(Clone, Debug)]
pub struct Library {
    /// People: a primary name and a date. Untracked.
    pub author: Arc<Table>,
    /// One column of every shape, lookups to authors and to authors or books. Tracked.
    pub book: Arc<Table>,
}

impl Library {
    /// The tables; `keys` are the alternate keys of `book`.
    ///
    /// # Errors
    /// Never, unless the model refuses a table.
    pub fn new(keys: Vec<AlternateKey>) -> Result<Self> {
        let author = vec![text("name"), column("born", date(DateBehavior::DateOnly))];
        let book = vec![
            text("name"),
            text("code"),
            column("available", ColumnType::Boolean(BooleanColumn { default: None, choice: choice() })),
            column("pages", ColumnType::Integer(IntegerColumn { min: i32::MIN, max: i32::MAX, format: IntegerFormat::None })),
            column("copies", ColumnType::BigInt),
            column("weight", ColumnType::Decimal(DecimalColumn { min: Decimal::from(-1_000_000), max: Decimal::from(1_000_000), precision: 10 })),
            column("price", ColumnType::Money(MoneyColumn { min: i64::MIN, max: i64::MAX, precision: 4, source: PrecisionSource::Column, is_base: false })),
            column("rating", ColumnType::Float(FloatColumn { min: f64::MIN, max: f64::MAX, precision: 5 })),
            column("origin", ColumnType::UniqueId { primary: false }),
            column("printed", date(DateBehavior::UserLocal)),
            column("published", date(DateBehavior::DateOnly)),
            column("genre", ColumnType::Choice(ChoiceColumn { choice: choice(), default: None })),
            column("tags", ColumnType::Choices(ChoiceColumn { choice: choice(), default: None })),
            column("author", ColumnType::Lookup(LookupColumn::of("author"))),
            column("related", ColumnType::Lookup(LookupColumn { kind: LookupKind::Plain, targets: vec!["author".into(), "book".into()], polymorphic: true })),
            column("scan", ColumnType::File(FileColumn { max_kib: FileColumn::MAX_KIB_DEFAULT })),
            column("cover", ColumnType::Image(ImageColumn { max_kib: ImageColumn::MAX_KIB_DEFAULT, full: true, primary: false })),
        ];
        Ok(Self {
            author: Arc::new(table("author", TableCode(10_001), false, author, Vec::new())?),
            book: Arc::new(table("book", TableCode(10_002), true, book, keys)?),
        })
    }

    /// The tables, made in a store that has none of them.
    ///
    /// # Errors
    /// When the store fails.
    pub fn create(store: &dyn Store) -> Result<Self> {
        let library = Self::new(Vec::new())?;
        for table in [&library.author, &library.book] {
            create_table(store, table)?;
        }
        Ok(library)
    }

    /// The tables, made in a store that has none of them, with the index of these keys of `book`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn create_with(store: &dyn Store, keys: &[AlternateKey]) -> Result<Self> {
        let library = Self::new(keys.to_vec())?;
        for table in [&library.author, &library.book] {
            create_table(store, table)?;
        }
        for key in keys {
            build_key(store, &library.book, key)?;
        }
        Ok(library)
    }
}

impl Tables for Library {
    fn table(&self, name: &str) -> Option<Arc<Table>> {
        [&self.author, &self.book].into_iter().find(|table| **table.name() == *name).map(Arc::clone)
    }

    fn hierarchy(&self, _: &Table) -> Option<ColumnIx> {
        None
    }
}

/// A table of these columns, besides its primary id and `versionnumber`. The column `name`, if it is there, is the primary name.
///
/// # Errors
/// Never, unless the model refuses the table.
pub fn table(name: &str, code: TableCode, change_tracking: bool, columns: Vec<Column>, keys: Vec<AlternateKey>) -> Result<Table> {
    let primary_id = format!("{name}id");
    let mut all = vec![column(&primary_id, ColumnType::UniqueId { primary: true }), column("versionnumber", ColumnType::BigInt)];
    all.extend(columns);
    for (number, column) in (1..).zip(&mut all) {
        column.number = number;
        column.id = Uuid::from_u64_pair(0xc0_1000 + u64::from(code.0.unsigned_abs()), u64::from(number));
    }
    let def = TableDef {
        id: Uuid::from_u64_pair(0x7ab1e, u64::from(code.0.unsigned_abs())),
        code,
        name: name.into(),
        schema_name: name.into(),
        set_name: format!("{name}s").into(),
        collection_schema_name: name.into(),
        display_name: Label::english(name),
        display_collection_name: Label::english(name),
        description: Label::default(),
        ownership: Ownership::None,
        primary_id: primary_id.into(),
        primary_name: all.iter().any(|column| &*column.name == "name").then(|| "name".into()),
        physical: name.to_owned(),
        seed_version: 0,
        change_tracking,
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
        introduced_version: "1.0.0.0".to_owned(),
        flags: std::collections::BTreeMap::new(),
        created_on: 0,
        modified_on: 0,
    };
    Table::new(def, Version(1), all, keys)
}

/// A column; [`table`] numbers it.
pub fn column(name: &str, kind: ColumnType) -> Column {
    Column {
        id: Uuid::nil(),
        name: name.into(),
        schema_name: name.into(),
        kind,
        required: RequiredLevel::None,
        valid: Validity::ALL,
        display_name: Label::english(name),
        description: Label::default(),
        physical: name.to_owned(),
        number: 0,
        attribute_of: None,
        custom: true,
        managed: false,
        customizable: true,
        secured: false,
        introduced_version: "1.0.0.0".to_owned(),
    }
}

/// A column of short text.
pub fn text(name: &str) -> Column {
    column(name, ColumnType::Text(TextColumn { max_length: 100, format: TextFormat::Text }))
}

fn date(behavior: DateBehavior) -> ColumnType {
    ColumnType::DateTime(DateTimeColumn { format: DateFormat::DateAndTime, behavior })
}

fn choice() -> ChoiceSource {
    ChoiceSource::Global("shade".into())
}

/// An active alternate key of these columns; `number` makes its identity.
pub fn key(number: u32, columns: &[&str]) -> AlternateKey {
    let name = format!("key{number}");
    AlternateKey {
        id: id(1_000_000 + number),
        name: name.as_str().into(),
        schema_name: name.as_str().into(),
        display_name: Label::english(name.as_str()),
        columns: columns.iter().map(|column| LogicalName::from(*column)).collect(),
        status: KeyIndexStatus::Active,
        job: None,
        physical: name,
        managed: false,
        customizable: true,
        introduced_version: "1.0.0.0".to_owned(),
    }
}

/// A lookup's value that leads to a row of `table`.
pub fn reference(table: &Table, id: Uuid) -> Value {
    Value::Ref(Reference { table: table.def.code, id })
}

/// Columns to write, by name.
pub type Cells<'a> = &'a [(&'a str, Value)];

fn places(table: &Table, cells: Cells<'_>) -> Result<Vec<(ColumnIx, Value)>> {
    cells.iter().map(|(name, value)| Ok((table.require(name)?, value.clone()))).collect()
}

/// Adds a row in a unit.
///
/// # Errors
/// As [`WriteTx::insert`].
pub fn insert(tx: &mut dyn WriteTx, table: &Table, id: Uuid, cells: Cells<'_>) -> StoreResult<Version> {
    let cells = places(table, cells)?;
    let row = Stamped::new(tx, table, id, &cells)?;
    tx.insert(&row)?;
    Ok(row.version())
}

/// Changes a row in a unit; none if there is no such row.
///
/// # Errors
/// As [`WriteTx::update`].
pub fn update(tx: &mut dyn WriteTx, table: &Table, id: Uuid, cells: Cells<'_>) -> StoreResult<Option<Version>> {
    let cells = places(table, cells)?;
    let row = Stamped::new(tx, table, id, &cells)?;
    Ok(tx.update(&row)?.then(|| row.version()))
}

/// Removes a row in a unit; none if there is no such row.
///
/// # Errors
/// As [`WriteTx::remove`].
pub fn remove(tx: &mut dyn WriteTx, table: &Table, id: Uuid, at_s: i64) -> StoreResult<Option<Version>> {
    let row = StampedRemoval::new(tx, table, id, at_s)?;
    Ok(tx.remove(&row)?.then(|| row.version()))
}

/// Runs a unit over one table.
///
/// # Errors
/// What the unit returns.
pub fn unit<T: Send + 'static>(
    store: &dyn Store,
    table: &Arc<Table>,
    mut work: impl FnMut(&mut dyn WriteTx, &Table) -> StoreResult<T> + Send + 'static,
) -> Result<T> {
    let table = Arc::clone(table);
    store.writing(Length::Short, move |tx| Ok(work(tx, &table)?))
}

/// All definitions after a version.
///
/// # Errors
/// As [`ReadTx::definitions`].
pub fn definitions(tx: &dyn ReadTx, since: Version) -> StoreResult<Vec<DefinitionRow>> {
    let mut rows = Vec::new();
    tx.definitions(since, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// Adds a row, alone in a unit.
///
/// # Errors
/// As [`WriteTx::insert`].
pub fn put(store: &dyn Store, table: &Arc<Table>, id: Uuid, cells: Cells<'_>) -> Result<Version> {
    let cells = owned(cells);
    unit(store, table, move |tx, table| insert(tx, table, id, &borrowed(&cells)))
}

/// Changes a row, alone in a unit; none if there is no such row.
///
/// # Errors
/// As [`WriteTx::update`].
pub fn change(store: &dyn Store, table: &Arc<Table>, id: Uuid, cells: Cells<'_>) -> Result<Option<Version>> {
    let cells = owned(cells);
    unit(store, table, move |tx, table| update(tx, table, id, &borrowed(&cells)))
}

/// Removes a row at the second 0, alone in a unit; none if there is no such row.
///
/// # Errors
/// As [`WriteTx::remove`].
pub fn take(store: &dyn Store, table: &Arc<Table>, id: Uuid) -> Result<Option<Version>> {
    unit(store, table, move |tx, table| remove(tx, table, id, 0))
}

fn owned(cells: Cells<'_>) -> Vec<(String, Value)> {
    cells.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn borrowed(cells: &[(String, Value)]) -> Vec<(&str, Value)> {
    cells.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
}

/// Makes a physical table.
///
/// # Errors
/// When the store fails.
pub fn create_table(store: &dyn Store, table: &Arc<Table>) -> Result<()> {
    unit(store, table, |tx, table| tx.change_schema(&SchemaChange::CreateTable(table)).map(drop))
}

/// Builds the index of a key.
///
/// # Errors
/// When the store fails.
pub fn build_key(store: &dyn Store, table: &Arc<Table>, key: &AlternateKey) -> Result<KeyBuild> {
    let key = key.clone();
    unit(store, table, move |tx, table| tx.change_schema(&SchemaChange::BuildKey(table, &key)))
}

/// A query over all rows of a table with these columns, in no order.
///
/// # Errors
/// When the table has no such column.
pub fn plain(table: &Arc<Table>, columns: &[&str], filter: Option<ResolvedFilter>) -> Result<SecuredQuery> {
    let columns = columns.iter().map(|name| table.require(name)).collect::<Result<Vec<_>>>()?;
    Ok(SecuredQuery::unrestricted(ResolvedQuery::plain(table, &columns, filter), TEST))
}

/// A query without restriction.
pub fn open(query: ResolvedQuery) -> SecuredQuery {
    SecuredQuery::unrestricted(query, TEST)
}

/// Rows of a query, and whether there are more.
///
/// # Errors
/// When the store fails.
pub fn select(tx: &dyn ReadTx, query: &SecuredQuery) -> StoreResult<(Vec<CollectedRow>, bool)> {
    let mut found = Collector::default();
    let more = tx.select(query, None, &mut found)?;
    Ok((found.rows, more))
}

/// All values of a column, by primary id, with the rows' versions.
///
/// # Errors
/// When the store fails, or gives a row without id and version.
pub fn contents(store: &dyn Store, table: &Arc<Table>, column: &str) -> Result<Vec<(Uuid, Version, Value)>> {
    let query = plain(table, &[column], None)?;
    let (rows, _) = store.reading(|tx| Ok(select(tx, &query)?))?;
    let mut contents = rows.iter().map(|row| item(row, 2)).collect::<Result<Vec<_>>>()?;
    contents.sort_by_key(|(id, _, _)| *id);
    Ok(contents)
}

/// Id and version of a result row whose outputs begin with them, and its value at a place.
///
/// # Errors
/// When id or version is missing.
pub fn item(row: &CollectedRow, at: usize) -> Result<(Uuid, Version, Value)> {
    match row.values.as_slice() {
        [Value::Guid(id), Value::BigInt(version), ..] => Ok((*id, Version(*version), row.values.get(at).cloned().unwrap_or(Value::Null))),
        _ => Err(Error::damaged(format!("a row came without id and version: {row:?}"))),
    }
}
