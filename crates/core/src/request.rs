//! What can be asked of the organization, and what it answers. Both doors lower to these; places of columns belong to the snapshot that was lowered with.

use std::sync::Arc;

use driftless_model::{ColumnIx, LogicalName, Table, Uuid, Value, Version};
use driftless_query::{Along, Query, RowSink};

use crate::files::pictures::Picture;
use crate::files::{FilePart, ReadFile, WriteFile};
use crate::messages::{Args, MessageDef, Outputs};
use crate::metadata::{
    ChoiceSpec, ChoiceUpdate, Collection, ColumnSpec, ColumnUpdate, KeySpec, ManyToManySpec, ManyToManyUpdate, Origin, RelationshipSpec, RelationshipUpdate,
    TableSpec, TableUpdate,
};
use crate::records::fields::FoundRow;

/// One request. All of it happens, or nothing.
#[derive(Clone)]
pub enum Request {
    /// Make a row, with related rows.
    Create(Create),
    /// Change a row that exists.
    Update(Update),
    /// Change a row, or make it.
    Upsert(Upsert),
    /// Remove a row.
    Delete(Delete),
    /// Link rows to a row.
    Associate(Association),
    /// Undo links of rows to a row.
    Disassociate(Association),
    /// Clear a lookup.
    ClearLookup(ClearLookup),
    /// Several writes in one transaction, in order (UP-30).
    Multiple(Vec<Request>),
    /// Read one row.
    Retrieve(Retrieve),
    /// Read rows.
    RetrieveMultiple(RetrieveMultiple),
    /// Count rows; of a row's collection only, if given.
    Count(Query, Option<(Along, Target)>),
    /// Read changes (RetrieveEntityChanges).
    Changes(Changes),
    /// Count changes.
    CountChanges(Changes),
    /// Change definitions.
    Define(Define),
    /// Write a file or image.
    WriteFile(WriteFile),
    /// Read a file or image.
    ReadFile(ReadFile),
    /// Any other message, by its definition and parameters.
    Message(&'static MessageDef, Args),
}

/// A row's address.
#[derive(Clone, Debug)]
pub struct Target {
    /// The table.
    pub table: Arc<Table>,
    /// Which row.
    pub identity: Identity,
}

/// Which row of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    /// By primary id.
    Id(Uuid),
    /// By values of the columns of an alternate key, in any order (AK-26).
    Key(Vec<(ColumnIx, Value)>),
    /// The row that an earlier request of the same unit made or changed, by the request's place: a Content-ID.
    Result(usize),
}

impl Target {
    /// A row that was found.
    pub(crate) fn found(row: &FoundRow) -> Self {
        Self { table: Arc::clone(&row.table), identity: Identity::Id(row.id) }
    }
}

/// A value for a column.
#[derive(Clone, Debug)]
pub enum Field {
    /// A value; for a lookup only null.
    Value(Value),
    /// A row to refer to.
    Lookup(Target),
    /// An image with its thumbnail; fronts give a [`Value::Bytes`], from which the organization makes it.
    Image(Arc<Picture>),
}

/// Columns of a row to write, with related rows.
#[derive(Clone, Debug)]
pub struct Record {
    /// The table.
    pub table: Arc<Table>,
    /// The primary id, when the caller chose one.
    pub id: Option<Uuid>,
    /// Columns and their values; a column that stands twice has its last value.
    pub fields: Vec<(ColumnIx, Field)>,
    /// Related rows to make or link.
    pub related: Vec<Related>,
}

impl Record {
    /// A record of a table, with nothing to write.
    pub fn new(table: &Arc<Table>) -> Self {
        Self { table: Arc::clone(table), id: None, fields: Vec::new(), related: Vec::new() }
    }

    /// Gives a column a value. The primary id is the record's own; typed clients send the empty GUID where none is set.
    pub fn set(&mut self, column: ColumnIx, value: Value) {
        match value {
            value if column != self.table.id => self.fields.push((column, Field::Value(value))),
            Value::Guid(id) => self.id = (!id.is_nil()).then_some(id),
            _ => {}
        }
    }
}

/// Related rows of a record.
#[derive(Clone, Debug)]
pub enum Related {
    /// Make a row and let the lookup refer to it.
    Parent(ColumnIx, Box<Record>),
    /// Make rows of the record's collection.
    Children(Collection, Vec<Record>),
    /// Link these rows to the record.
    Links(Collection, Vec<Target>),
}

/// Whether the row must exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// Make it if it does not exist.
    MayCreate,
    /// Refuse if it exists (`If-None-Match: *`).
    MustNotExist,
}

/// Makes the sink for a row that a write returns; called anew at each run of the unit.
pub type SinkMaker = Arc<dyn Fn() -> Box<dyn OwnedSink> + Send + Sync>;

/// A sink that a unit owns.
pub trait OwnedSink: RowSink + Send {
    /// The bytes that were written.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// The row to return after a write.
#[derive(Clone)]
pub struct Returning {
    /// Columns and expansions; the filter is set by the service.
    pub query: Query,
    /// Where the row goes.
    pub sink: SinkMaker,
}

/// See [`Request::Create`].
#[derive(Clone)]
pub struct Create {
    /// The row.
    pub record: Record,
    /// What to return.
    pub returning: Option<Returning>,
}

/// See [`Request::Update`].
#[derive(Clone)]
pub struct Update {
    /// Which row.
    pub target: Target,
    /// What to write.
    pub record: Record,
    /// Only if the row has this version (UP-16).
    pub if_version: Option<Version>,
    /// What to return.
    pub returning: Option<Returning>,
}

/// See [`Request::Upsert`].
#[derive(Clone)]
pub struct Upsert {
    /// Which row.
    pub target: Target,
    /// What to write.
    pub record: Record,
    /// Whether it may exist.
    pub existence: Existence,
    /// What to return.
    pub returning: Option<Returning>,
}

/// See [`Request::Delete`].
#[derive(Clone, Debug)]
pub struct Delete {
    /// Which row.
    pub target: Target,
    /// Only if the row has this version.
    pub if_version: Option<Version>,
}

/// See [`Request::Associate`] and [`Request::Disassociate`].
#[derive(Clone, Debug)]
pub struct Association {
    /// The row to which others are linked.
    pub target: Target,
    /// Along what.
    pub collection: Collection,
    /// The others; all or none are linked.
    pub related: Vec<Target>,
}

/// See [`Request::ClearLookup`].
#[derive(Clone, Debug)]
pub struct ClearLookup {
    /// The row that has the lookup.
    pub target: Target,
    /// The lookup.
    pub column: ColumnIx,
}

/// See [`Request::Retrieve`].
#[derive(Clone, Debug)]
pub struct Retrieve {
    /// Which row.
    pub target: Target,
    /// Columns and expansions; the filter is set by the service.
    pub query: Query,
    /// Answer "not changed" when the row has this version (UP-17).
    pub unless_version: Option<Version>,
}

/// See [`Request::RetrieveMultiple`].
#[derive(Clone, Debug)]
pub struct RetrieveMultiple {
    /// The query.
    pub query: Query,
    /// Rows that belong to this row only, and the way from it to them.
    pub within: Option<(Along, Target)>,
    /// Rows to leave out at the beginning; a page token says better where to begin.
    pub skip: u64,
    /// Count all rows, up to the limit of counts.
    pub count: bool,
    /// The `$skiptoken`'s opaque text of the page before.
    pub page_token: Option<String>,
    /// Most rows to make aggregates of, if fewer than the limit of the service.
    pub aggregate_rows_max: Option<u64>,
}

/// See [`Request::Changes`].
#[derive(Clone, Debug)]
pub struct Changes {
    /// The table.
    pub table: LogicalName,
    /// Columns to return; filter, order, expansions and limit stay empty.
    pub query: Query,
    /// The token of the read before; none for all rows.
    pub token: Option<String>,
    /// The page token of the page before; wins over `token`.
    pub page_token: Option<String>,
    /// Most items.
    pub page_rows: u32,
    /// Answer the fault instead of a full read when the token is too old (CT-45).
    pub expired_fault: bool,
}

/// See [`Request::Define`].
#[derive(Clone, Debug)]
pub enum Define {
    /// Make a table.
    CreateTable(TableSpec, Origin),
    /// Change a table.
    UpdateTable(LogicalName, TableUpdate),
    /// Remove a table with its rows.
    DeleteTable(LogicalName),
    /// Make a column.
    CreateColumn(LogicalName, ColumnSpec, Origin),
    /// Change a column.
    UpdateColumn(LogicalName, LogicalName, ColumnUpdate),
    /// Remove a column.
    DeleteColumn(LogicalName, LogicalName),
    /// Make an alternate key.
    CreateKey(LogicalName, KeySpec, Origin),
    /// Remove an alternate key.
    DeleteKey(LogicalName, LogicalName),
    /// Make a relationship and its lookup.
    CreateRelationship(RelationshipSpec, Origin),
    /// Change a relationship, by schema name.
    UpdateRelationship(String, RelationshipUpdate),
    /// Remove a relationship and its lookup, by schema name.
    DeleteRelationship(String),
    /// Make a many-to-many relationship and its table of pairs.
    CreateManyToMany(ManyToManySpec, Origin),
    /// Change a many-to-many relationship, by schema name.
    UpdateManyToMany(String, ManyToManyUpdate),
    /// Remove a many-to-many relationship and its table of pairs, by schema name.
    DeleteManyToMany(String),
    /// Make a global choice.
    CreateChoice(ChoiceSpec, Origin),
    /// Change a global choice.
    UpdateChoice(LogicalName, ChoiceUpdate),
    /// Remove a global choice.
    DeleteChoice(LogicalName),
    /// A change; what is changed joins the unmanaged solution of this name (SOL-33).
    In(String, Box<Define>),
}

/// What came of a request.
pub enum Response {
    /// A row was written.
    Written(Written),
    /// Rows were written.
    Multiple(Vec<Response>),
    /// A row was removed, or nothing is to be said.
    Done,
    /// A row was delivered to the sink.
    Retrieved,
    /// The row has not changed.
    NotModified,
    /// A page was delivered to the sink.
    Page(Page),
    /// A number of rows or changes.
    Count(u64),
    /// A page of changes was delivered to the sink.
    Changes(ChangesPage),
    /// A definition was made: its `MetadataId`.
    Defined(Uuid),
    /// A message's results.
    Outputs(Outputs),
    /// An upload was begun: its token.
    UploadBegun(String),
    /// A part of an upload came.
    UploadPart {
        /// It was the last one: the row has the file.
        complete: bool,
    },
    /// A file or a part of it; none for an image that is not there.
    File(Option<FilePart>),
}

/// A row that was written.
pub struct Written {
    /// Its table.
    pub table: Arc<Table>,
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: Version,
    /// It was made by the request.
    pub created: bool,
    /// The row, when it was asked for.
    pub returned: Option<Box<dyn OwnedSink>>,
}

/// A page of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// More rows follow: the opaque text for the next page's request, and its number.
    pub next: Option<NextPage>,
}

/// How to ask for the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextPage {
    /// Opaque, authenticated text.
    pub token: String,
    /// Number of that page; the first page has 1.
    pub number: u32,
    /// Ids of the first and last row of the page that was delivered.
    pub first_last: Option<(Uuid, Uuid)>,
}

/// A page of changes: the last page has the token, the others have the next page (CT-36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesPage {
    /// More items follow.
    pub next: Option<NextPage>,
    /// The token for the next read.
    pub token: Option<String>,
    /// The answer is a delta, not a first read (CT-45).
    pub delta: bool,
}
