//! An organization in a folder of its own, and short ways to ask it, for tests below the wire.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use driftless_core::metadata::{ColumnSpec, KeySpec, ManyToManySpec, Origin, RelationshipSpec, SideSpec, TableSpec};
use driftless_core::{
    Arg, Args, Changes, ChangesPage, Create, Define, Delete, Environment, ExpiredTokens, Field, Identity, MESSAGES, Organization, Record, Request, Response,
    SeededEnvironment, Snapshot, Target, Update,
};
use driftless_model::{
    AssociatedMenu, Caller, Cascade, ColumnType, Label, Limits, LogicalName, LookupColumn, LookupKind, Ownership, RequiredLevel, Result, Table, TextColumn,
    TextFormat, Uuid, Value,
};
use driftless_query::{Collector, Columns, Query};
use driftless_store::Store;
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use driftless_testkit::TestFolder;

/// Where the clock of every test begins.
pub(crate) const START_MS: i64 = 1_700_000_000_000;

/// The table that most tests use.
pub(crate) const BOOK: &str = "new_book";

/// A customizer who names no solution.
pub(crate) const CUSTOMIZER: Origin = Origin::Customizer { solution: None };

/// An open organization.
pub(crate) struct Org {
    pub(crate) organization: Arc<Organization>,
    pub(crate) caller: Arc<Caller>,
}

/// Fails the test instead of ending its process when the store is damaged.
pub(crate) fn options() -> SqliteOptions {
    SqliteOptions { fatal: Arc::new(|reason| panic!("the store is damaged: {reason}")), ..SqliteOptions::default() }
}

/// The store in a folder.
pub(crate) fn open_store(folder: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(folder, &options()).unwrap())
}

fn make_folder(path: &Path) {
    std::fs::DirBuilder::new().mode(0o700).create(path).unwrap();
}

/// Copies a data folder that no process has open.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    make_folder(to);
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// A folder with an organization that has the table `new_book` with an active key on `new_code`. It is made once and copied, since a first start takes long.
pub(crate) fn folder_with_books(name: &str) -> TestFolder {
    static FILES: OnceLock<Vec<(OsString, Vec<u8>)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let folder = TestFolder::new("template");
        Org::open(open_store(folder.path()), environment()).add_books();
        let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).collect()
    });
    let folder = TestFolder::new(name);
    make_folder(folder.path());
    for (name, bytes) in files {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.path().join(name)).unwrap().write_all(bytes).unwrap();
    }
    folder
}

/// A clock that stands at the beginning.
pub(crate) fn environment() -> Arc<SeededEnvironment> {
    Arc::new(SeededEnvironment::new(7, START_MS))
}

impl Org {
    /// Opens the organization of a store.
    pub(crate) fn open(store: Arc<dyn Store>, environment: Arc<dyn Environment>) -> Self {
        Self::open_with(store, environment, ExpiredTokens::Full)
    }

    /// Opens the organization of a store with what is answered to old tokens.
    pub(crate) fn open_with(store: Arc<dyn Store>, environment: Arc<dyn Environment>, expired: ExpiredTokens) -> Self {
        let organization = Organization::open_with(store, environment, Limits::default(), expired).unwrap();
        let caller = Arc::new(Caller::user(organization.facts().administrator));
        Self { organization, caller }
    }

    /// Runs a request; rows that it reads are given up.
    pub(crate) fn execute(&self, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Request>) -> Result<Response> {
        self.organization.execute(&self.caller, lower, &mut Collector::default())
    }

    /// Runs several writes as one unit.
    pub(crate) fn execute_all(&self, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Vec<Request>>) -> Result<Vec<Response>> {
        self.organization.execute_all(&self.caller, lower)
    }

    /// Changes definitions.
    pub(crate) fn define(&self, define: &Define) -> Result<Response> {
        self.execute(&mut |_| Ok(Request::Define(define.clone())))
    }

    /// Runs a message.
    pub(crate) fn message(&self, name: &str, args: &[(&'static str, Arg)]) -> Result<Response> {
        let def = MESSAGES.iter().find(|def| def.name == name).unwrap();
        self.execute(&mut |_| Ok(Request::Message(def, Args(args.to_vec()))))
    }

    /// Makes a row and gives its id.
    pub(crate) fn create(&self, table: &str, id: Option<Uuid>, values: &[(&str, Value)]) -> Result<Uuid> {
        let made = self.execute(&mut |snapshot| Ok(create(Record { id, ..record(snapshot, table, values)? })))?;
        Ok(written(&made))
    }

    /// Changes a row.
    pub(crate) fn update(&self, table: &str, id: Uuid, values: &[(&str, Value)]) -> Result<Response> {
        self.execute(&mut |snapshot| Ok(update(target(snapshot, table, id)?, record(snapshot, table, values)?)))
    }

    /// Removes a row.
    pub(crate) fn delete(&self, table: &str, id: Uuid) -> Result<Response> {
        self.execute(&mut |snapshot| Ok(delete(target(snapshot, table, id)?)))
    }

    /// Makes the table `new_book`, tracked, with an active key on `new_code`.
    pub(crate) fn add_books(&self) {
        self.define(&Define::CreateTable(table("new_Book"), CUSTOMIZER)).unwrap();
        self.define(&Define::CreateColumn(BOOK.into(), column("new_Code", line(50)), CUSTOMIZER)).unwrap();
        self.define(&key("new_ByCode", "new_code")).unwrap();
        self.organization.run_jobs().unwrap();
    }

    /// Reads a page of changes.
    pub(crate) fn changes(&self, request: &Changes) -> Result<(ChangesPage, Collector)> {
        let mut found = Collector::default();
        match self.organization.execute(&self.caller, &mut |_| Ok(Request::Changes(request.clone())), &mut found)? {
            Response::Changes(page) => Ok((page, found)),
            _ => panic!("changes are answered by a page of changes"),
        }
    }

    /// Counts changes.
    pub(crate) fn count_changes(&self, request: &Changes) -> Result<u64> {
        match self.execute(&mut |_| Ok(Request::CountChanges(request.clone())))? {
            Response::Count(count) => Ok(count),
            _ => panic!("a count is answered by a number"),
        }
    }

    /// The token of a complete first read of a table.
    pub(crate) fn token(&self, table: &str) -> String {
        self.changes(&changes(table, &[])).unwrap().0.token.unwrap()
    }
}

/// The id of a row that a response tells of.
pub(crate) fn written(response: &Response) -> Uuid {
    match response {
        Response::Written(written) => written.id,
        _ => panic!("a write is answered by what was written"),
    }
}

/// A read of a table's changes from the beginning.
pub(crate) fn changes(table: &str, columns: &[&str]) -> Changes {
    let columns = if columns.is_empty() { Columns::All } else { Columns::Some(columns.iter().copied().map(LogicalName::from).collect()) };
    let query = Query { columns, ..Query::new(table.into()) };
    Changes { table: table.into(), query, token: None, page_token: None, page_rows: 5_000, expired_fault: false }
}

/// A record of these values; a lookup's value is a reference of the form `Value::Ref`.
pub(crate) fn record(snapshot: &Snapshot, table: &str, values: &[(&str, Value)]) -> Result<Record> {
    let table = Arc::clone(snapshot.require(table)?);
    let mut fields = Vec::with_capacity(values.len());
    for (name, value) in values {
        let field = match value {
            Value::Ref(reference) => {
                let referenced = snapshot.by_code(reference.table).unwrap();
                Field::Lookup(Target { table: Arc::clone(referenced), identity: Identity::Id(reference.id) })
            }
            value => Field::Value(value.clone()),
        };
        fields.push((table.require(name)?, field));
    }
    Ok(Record { table, id: None, fields, related: Vec::new() })
}

/// The row of this id.
pub(crate) fn target(snapshot: &Snapshot, table: &str, id: Uuid) -> Result<Target> {
    Ok(Target { table: Arc::clone(snapshot.require(table)?), identity: Identity::Id(id) })
}

/// The row of this key value.
pub(crate) fn target_by_code(table: &Arc<Table>, column: &str, value: Value) -> Result<Target> {
    Ok(Target { table: Arc::clone(table), identity: Identity::Key(vec![(table.require(column)?, value)]) })
}

pub(crate) fn create(record: Record) -> Request {
    Request::Create(Create { record, returning: None })
}

pub(crate) fn update(target: Target, record: Record) -> Request {
    Request::Update(Update { target, record, if_version: None, returning: None })
}

pub(crate) fn delete(target: Target) -> Request {
    Request::Delete(Delete { target, if_version: None })
}

/// A tracked table that users own, with a primary name `new_name`.
pub(crate) fn table(schema_name: &str) -> TableSpec {
    TableSpec {
        id: None,
        schema_name: schema_name.to_owned(),
        set_name: None,
        collection_schema_name: None,
        display_name: Label::english(schema_name),
        display_collection_name: Label::english(schema_name),
        description: Label::default(),
        ownership: Ownership::User,
        change_tracking: true,
        has_notes: false,
        has_activities: false,
        customizable: true,
        enforce_state_transitions: false,
        columns: vec![ColumnSpec { primary_name: true, ..column("new_Name", line(100)) }],
        flags: BTreeMap::new(),
    }
}

pub(crate) fn column(schema_name: &str, kind: ColumnType) -> ColumnSpec {
    ColumnSpec {
        id: None,
        schema_name: schema_name.to_owned(),
        kind,
        required: RequiredLevel::None,
        display_name: Label::english(schema_name),
        description: Label::default(),
        primary_name: false,
        secured: false,
        customizable: true,
    }
}

pub(crate) fn line(max_length: u32) -> ColumnType {
    ColumnType::Text(TextColumn { max_length, format: TextFormat::Text })
}

/// A key of `new_book` on one column.
pub(crate) fn key(schema_name: &str, column: &str) -> Define {
    let spec =
        KeySpec { id: None, schema_name: schema_name.to_owned(), display_name: Label::english(schema_name), columns: vec![column.into()], customizable: true };
    Define::CreateKey(BOOK.into(), spec, CUSTOMIZER)
}

/// Pairs of rows of two tables.
pub(crate) fn pairs(schema_name: &str, first: &str, second: &str) -> ManyToManySpec {
    let side = |table: &str| SideSpec { table: table.into(), navigation: None, menu: AssociatedMenu::default() };
    ManyToManySpec { id: None, schema_name: schema_name.to_owned(), intersect: None, first: side(first), second: side(second), customizable: true }
}

/// A relationship with its lookup.
pub(crate) fn link(schema_name: &str, referenced: &str, referencing: &str, lookup: &str, cascade: Cascade) -> RelationshipSpec {
    RelationshipSpec {
        id: None,
        schema_name: schema_name.to_owned(),
        referenced_table: referenced.into(),
        referencing_table: referencing.into(),
        lookup: column(lookup, ColumnType::Lookup(LookupColumn { kind: LookupKind::Plain, targets: Vec::new(), polymorphic: false })),
        referencing_navigation: None,
        referenced_navigation: None,
        cascade,
        hierarchical: false,
        menu: AssociatedMenu::default(),
        customizable: true,
    }
}
