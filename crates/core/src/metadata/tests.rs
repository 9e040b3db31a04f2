//! Definitions through the door of the organization, on the embedded store.

mod pairs;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use driftless_model::{
    AssociatedMenu, BooleanColumn, Caller, Cascade, CascadeAction, ChoiceColumn, ChoiceOption, ChoiceSet, ChoiceSource, Column, ColumnType, DeleteAction,
    ErrorCode, KeyIndexStatus, Label, Limits, LogicalName, LookupColumn, LookupKind, MoneyColumn, Ownership, PrecisionSource, RequiredLevel, Result, Shape,
    Table, TableDef, TextColumn, TextFormat, Uuid, Value,
};
use driftless_query::Collector;
use driftless_store::{DefinitionKind, SchemaChange, Store};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

use super::*;
use crate::environment::SeededEnvironment;
use crate::messages::{Arg, Args, MESSAGES};
use crate::organization::Organization;
use crate::records::system;
use crate::request::{Create, Define, Field, Record, Request, Response};

const CUSTOMIZER: Origin = Origin::Customizer { solution: None };

/// An organization in a folder of its own.
struct TestOrg {
    organization: Arc<Organization>,
    caller: Arc<Caller>,
    folder: PathBuf,
}

impl TestOrg {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::temp_dir().join(format!("driftless-metadata-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder, &SqliteOptions::default()).unwrap());
        let environment = Arc::new(SeededEnvironment::new(7, 1_700_000_000_000));
        let organization = Organization::open(store, environment, Limits::default()).unwrap();
        let caller = Arc::new(Caller::user(organization.facts().administrator));
        Self { organization, caller, folder }
    }

    /// An organization with the table `new_book`.
    fn with_books() -> Self {
        let org = Self::new();
        org.define(Define::CreateTable(table("new_Book", vec![name_column()]), CUSTOMIZER)).unwrap();
        org
    }

    fn execute(&self, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Request>) -> Result<Response> {
        self.organization.execute(&self.caller, lower, &mut Collector::default())
    }

    fn define(&self, define: Define) -> Result<Response> {
        self.execute(&mut |_| Ok(Request::Define(define.clone())))
    }

    /// The code that a change of definitions is refused with.
    fn refusal(&self, define: Define) -> Option<ErrorCode> {
        self.define(define).err().map(|error| error.code())
    }

    fn add_column(&self, spec: ColumnSpec) {
        self.define(Define::CreateColumn("new_book".into(), spec, CUSTOMIZER)).unwrap();
    }

    fn change_column(&self, column: &str, change: ColumnUpdate) -> Option<ErrorCode> {
        self.refusal(Define::UpdateColumn("new_book".into(), column.into(), change))
    }

    fn books(&self) -> Arc<Table> {
        Arc::clone(self.organization.snapshot().require("new_book").unwrap())
    }

    fn create(&self, table: &str, values: &[(&str, Value)]) -> Result<Response> {
        self.execute(&mut |snapshot| {
            let table = Arc::clone(snapshot.require(table)?);
            let fields = values.iter().map(|(name, value)| Ok((table.require(name)?, Field::Value(value.clone())))).collect::<Result<_>>()?;
            Ok(Request::Create(Create { record: Record { table, id: None, fields, related: Vec::new() }, returning: None }))
        })
    }

    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Value>> {
        let snapshot = self.organization.snapshot();
        let rows = self.organization.store().reading(|tx| system::rows(tx, snapshot.require(table)?, columns, None)).unwrap();
        rows.iter().map(|row| (0..columns.len()).map(|at| row.value(at).clone()).collect()).collect()
    }

    fn reactivate(&self, key: &str) -> Option<ErrorCode> {
        let def = MESSAGES.iter().find(|def| def.name == "ReactivateEntityKey").unwrap();
        let args = Args(vec![("EntityLogicalName", Arg::Text("new_book".to_owned())), ("EntityKeyLogicalName", Arg::Text(key.to_owned()))]);
        self.execute(&mut |_| Ok(Request::Message(def, args.clone()))).err().map(|error| error.code())
    }

    fn key_status(&self, key: &str) -> KeyIndexStatus {
        self.books().key(key).unwrap().status
    }
}

impl Drop for TestOrg {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn table(schema_name: &str, columns: Vec<ColumnSpec>) -> TableSpec {
    TableSpec {
        id: None,
        schema_name: schema_name.to_owned(),
        set_name: None,
        collection_schema_name: None,
        display_name: Label::english("Book"),
        display_collection_name: Label::english("Books"),
        description: Label::default(),
        ownership: Ownership::User,
        change_tracking: true,
        has_notes: false,
        has_activities: false,
        customizable: true,
        enforce_state_transitions: false,
        columns,
        flags: BTreeMap::new(),
    }
}

fn column(schema_name: &str, kind: ColumnType) -> ColumnSpec {
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

fn line(max_length: u32) -> ColumnType {
    ColumnType::Text(TextColumn { max_length, format: TextFormat::Text })
}

fn name_column() -> ColumnSpec {
    ColumnSpec { primary_name: true, ..column("new_Name", line(100)) }
}

fn options(options: Vec<ChoiceOption>) -> ChoiceSource {
    ChoiceSource::Local(ChoiceSet {
        id: Uuid::nil(),
        name: "".into(),
        schema_name: "".into(),
        display_name: Label::default(),
        description: Label::default(),
        options,
        global: false,
        custom: true,
        managed: false,
        customizable: true,
        introduced_version: String::new(),
    })
}

fn money() -> ColumnType {
    ColumnType::Money(MoneyColumn { min: 0, max: 1_000_000, precision: 2, source: PrecisionSource::Column, is_base: false })
}

fn key(schema_name: &str, columns: &[&str]) -> Define {
    let columns = columns.iter().copied().map(LogicalName::from).collect();
    let spec = KeySpec { id: None, schema_name: schema_name.to_owned(), display_name: Label::english("By code"), columns, customizable: true };
    Define::CreateKey("new_book".into(), spec, CUSTOMIZER)
}

fn link(schema_name: &str, referenced: &str, referencing: &str, lookup: &str) -> RelationshipSpec {
    RelationshipSpec {
        id: None,
        schema_name: schema_name.to_owned(),
        referenced_table: referenced.into(),
        referencing_table: referencing.into(),
        lookup: column(lookup, ColumnType::Lookup(LookupColumn { kind: LookupKind::Plain, targets: Vec::new(), polymorphic: false })),
        referencing_navigation: None,
        referenced_navigation: None,
        cascade: Cascade::default(),
        hierarchical: false,
        menu: AssociatedMenu::default(),
        customizable: true,
    }
}

fn relate(spec: RelationshipSpec) -> Define {
    Define::CreateRelationship(spec, CUSTOMIZER)
}

#[test] // MD-1, MD-4, MD-7, MD-27
fn a_table_gets_its_columns() {
    let org = TestOrg::new();
    let choice = ChoiceColumn { choice: options(vec![ChoiceOption::new(ColumnSpec::NEW_OPTION, "Prose"), ChoiceOption::new(7, "Verse")]), default: Some(-1) };
    let sold = BooleanColumn { default: Some(false), choice: options(Vec::new()) };
    let columns = vec![
        name_column(),
        column("new_Kind", ColumnType::Choice(choice)),
        column("new_Sold", ColumnType::Boolean(sold)),
        column("new_Price", money()),
        ColumnSpec { display_name: Label::english("Number"), ..column("new_BookId", ColumnType::UniqueId { primary: true }) },
    ];
    org.define(Define::CreateTable(table("new_Book", columns), CUSTOMIZER)).unwrap();
    let books = org.books();
    assert_eq!((books.def.set_name.as_str(), books.def.primary_id.as_str(), books.def.code.0), ("new_books", "new_bookid", 10_000));
    assert_eq!(books.def.primary_name.as_deref(), Some("new_name"));
    let find = |name: &str| books.column(books.require(name).unwrap());
    assert_eq!(find("new_bookid").display_name.text(1033), Some("Number"));
    let ColumnType::Choice(kind) = &find("new_kind").kind else { panic!() };
    let ChoiceSource::Local(set) = &kind.choice else { panic!() };
    assert_eq!((set.name.as_str(), set.options[0].value, kind.default), ("new_book_new_kind", 100_000_000, None));
    for name in ["new_price_base", "exchangerate", "transactioncurrencyid", "ownerid", "statecode"] {
        assert!(books.find(name).is_some(), "{name}");
    }
    org.create("new_book", &[("new_name", text("Iliad")), ("new_price", Value::Money(10_000)), ("new_sold", Value::Bool(true))]).unwrap();
    assert_eq!(org.rows("new_book", &["new_name", "new_price_base", "statuscode"]), [[text("Iliad"), Value::Money(10_000), Value::Int(1)]]);
}

#[test] // MD-2 to MD-5
fn tables_that_are_not_valid_are_refused() {
    let org = TestOrg::with_books();
    let create = |spec| Define::CreateTable(spec, CUSTOMIZER);
    let books = || table("new_Books2", vec![name_column()]);
    for (spec, code) in [
        (table("new_book", vec![name_column()]), ErrorCode::EntityNameExists),
        (table("oldbook", vec![name_column()]), ErrorCode::InvalidNamePrefix),
        (table("new_Empty", vec![]), ErrorCode::InvalidArgument),
        (table("new_Two", vec![name_column(), ColumnSpec { primary_name: true, ..column("new_Other", line(9)) }]), ErrorCode::InvalidArgument),
        (table("new_Twice", vec![name_column(), column("new_Code", line(9)), column("new_code", line(9))]), ErrorCode::AttributeNameExists),
        (table("new_Dated", vec![name_column(), column("CreatedOn", line(9))]), ErrorCode::AttributeNameExists),
        (table("new_Numbered", vec![name_column(), column("new_NumberedId", line(9))]), ErrorCode::AttributeNameExists),
        (TableSpec { display_name: Label::default(), ..books() }, ErrorCode::InvalidArgument),
        (TableSpec { display_collection_name: Label::default(), ..books() }, ErrorCode::InvalidArgument),
        (TableSpec { ownership: Ownership::Business, ..books() }, ErrorCode::InvalidOwnershipTypeMask),
        (TableSpec { set_name: Some("new_books".to_owned()), ..books() }, ErrorCode::SetNameTaken),
    ] {
        assert_eq!(org.refusal(create(spec.clone())), Some(code), "{}", spec.schema_name);
    }
    assert_eq!(org.refusal(Define::DeleteTable("account".into())), Some(ErrorCode::CannotDeleteMetadata));
    let off = TableUpdate { change_tracking: Some(false), ..TableUpdate::default() };
    assert_eq!(org.refusal(Define::UpdateTable("new_book".into(), off)), Some(ErrorCode::InvalidArgument)); // CT-3
}

#[test] // MD-8, MD-12
fn a_dropped_table_can_be_made_again() {
    let org = TestOrg::with_books();
    let first = org.books();
    org.create("new_book", &[("new_name", text("Iliad"))]).unwrap();
    org.define(key("new_ByName", &["new_name"])).unwrap();
    org.define(Define::DeleteTable("new_book".into())).unwrap();
    assert!(org.organization.snapshot().find("new_book").is_none());
    assert!(org.organization.snapshot().relationship("lk_new_book_createdby").is_none());
    assert_eq!(org.rows("asyncoperation", &["statuscode"]), [[Value::Int(32)]]); // AK-15
    org.organization.run_jobs().unwrap();
    org.define(Define::CreateTable(table("new_Book", vec![name_column()]), CUSTOMIZER)).unwrap();
    let second = org.books();
    assert!(first.def.id != second.def.id && first.def.code != second.def.code);
    assert!(org.rows("new_book", &["new_name"]).is_empty());
}

#[test] // MD-20, MD-21, MD-22
fn columns_that_are_not_valid_are_refused() {
    let org = TestOrg::with_books();
    let create = |spec| Define::CreateColumn("new_book".into(), spec, CUSTOMIZER);
    let choice = |list: Vec<ChoiceOption>, default| ColumnType::Choice(ChoiceColumn { choice: options(list), default });
    for (spec, code) in [
        (column("new_Name", line(5)), ErrorCode::AttributeNameExists),
        (column("title", line(5)), ErrorCode::InvalidNamePrefix),
        (column("new_Title", line(0)), ErrorCode::InvalidArgument),
        (column("new_Title", line(4_001)), ErrorCode::InvalidArgument),
        (column("new_Author", ColumnType::Lookup(LookupColumn::of("contact"))), ErrorCode::InvalidArgument),
        (column("new_Id", ColumnType::UniqueId { primary: false }), ErrorCode::InvalidArgument),
        (ColumnSpec { required: RequiredLevel::System, ..column("new_Title", line(5)) }, ErrorCode::CannotChangeRequiredLevel),
        (column("new_Kind", choice(vec![ChoiceOption::new(1, "A"), ChoiceOption::new(1, "B")], None)), ErrorCode::OptionAlreadyExists),
        (column("new_Kind", choice(vec![ChoiceOption::new(1, "A")], Some(2))), ErrorCode::PicklistValueOutOfRange),
        (column("new_Kind", ColumnType::Choice(ChoiceColumn { choice: ChoiceSource::Global("new_none".into()), default: None })), ErrorCode::InvalidArgument),
    ] {
        assert_eq!(org.refusal(create(spec.clone())), Some(code), "{spec:?}");
    }
    for (name, code) in
        [("createdon", ErrorCode::CannotDeleteMetadata), ("new_name", ErrorCode::CannotDeleteInUseComponent), ("new_x", ErrorCode::QueryBuilderNoAttribute)]
    {
        assert_eq!(org.refusal(Define::DeleteColumn("new_book".into(), name.into())), Some(code), "{name}");
    }
}

#[test] // ADR 0002
fn a_deleted_column_leaves_nothing_to_its_successor() {
    let org = TestOrg::with_books();
    org.add_column(column("new_Code", line(20)));
    org.create("new_book", &[("new_name", text("Iliad")), ("new_code", text("A-1"))]).unwrap();
    let old = org.books();
    org.define(Define::DeleteColumn("new_book".into(), "new_code".into())).unwrap();
    assert!(org.books().find("new_code").is_none());
    org.add_column(column("new_Code", ColumnType::BigInt));
    let new = org.books();
    let of = |table: &Table| table.column(table.require("new_code").unwrap()).clone();
    assert!(of(&old).physical != of(&new).physical && of(&old).number != of(&new).number);
    assert_eq!(org.rows("new_book", &["new_name", "new_code"]), [[text("Iliad"), Value::Null]]);
}

#[test] // MD-24
fn the_first_money_column_brings_the_currency() {
    let org = TestOrg::with_books();
    org.add_column(column("new_Price", money()));
    org.add_column(column("new_Cost", money()));
    for name in ["new_price_base", "new_cost_base", "exchangerate", "transactioncurrencyid", "transactioncurrencyidname"] {
        assert!(org.books().find(name).is_some(), "{name}");
    }
    assert!(org.organization.snapshot().relationship("TransactionCurrency_new_book").is_some());
    assert_eq!(org.refusal(Define::DeleteColumn("new_book".into(), "new_price_base".into())), Some(ErrorCode::CannotDeleteInUseComponent));
    org.define(Define::DeleteColumn("new_book".into(), "new_price".into())).unwrap();
    assert!(org.books().find("new_price_base").is_none() && org.books().find("exchangerate").is_some());
}

#[test] // MD-25
fn lengths_shrink_to_present_values_only() {
    let org = TestOrg::with_books();
    org.create("new_book", &[("new_name", text("Iliad"))]).unwrap();
    let length = |max| ColumnUpdate { kind: Some(line(max)), ..ColumnUpdate::default() };
    assert_eq!(org.change_column("new_name", length(200)), None);
    assert_eq!(org.change_column("new_name", length(5)), None);
    assert_eq!(org.change_column("new_name", length(4)), Some(ErrorCode::InvalidArgument));
    assert_eq!(org.change_column("new_name", ColumnUpdate { kind: Some(ColumnType::BigInt), ..ColumnUpdate::default() }), Some(ErrorCode::InvalidArgument));
    let system = ColumnUpdate { required: Some(RequiredLevel::System), ..ColumnUpdate::default() };
    assert_eq!(org.change_column("new_name", system), Some(ErrorCode::CannotChangeRequiredLevel));
}

#[test] // MD-9
fn labels_are_replaced_or_merged() {
    let org = TestOrg::with_books();
    let german = Label::from_iter([(1031, "Titel")]);
    let change = |merge_labels| ColumnUpdate { display_name: Some(german.clone()), merge_labels, ..ColumnUpdate::default() };
    let label = || org.books().column(org.books().require("new_name").unwrap()).display_name.clone();
    assert_eq!(org.change_column("new_name", change(true)), None);
    assert_eq!(label().texts().count(), 2);
    assert_eq!(org.change_column("new_name", change(false)), None);
    assert_eq!(label(), german);
}

#[test] // SU-8, MD-29
fn statuses_may_be_added_and_defaults_stay() {
    let org = TestOrg::with_books();
    let ColumnType::Status(mut status) = org.books().column(org.books().special.status.unwrap()).kind.clone() else { panic!() };
    let lent = driftless_model::StatusOption { option: ChoiceOption::new(ColumnSpec::NEW_OPTION, "Lent"), state: 0, transitions: Vec::new() };
    status.statuses.push(lent);
    let change = |status: &driftless_model::StatusColumn| ColumnUpdate { kind: Some(ColumnType::Status(status.clone())), ..ColumnUpdate::default() };
    assert_eq!(org.change_column("statuscode", change(&status)), None);
    status.statuses[2].option.value = 100_000_000;
    org.create("new_book", &[("new_name", text("Iliad")), ("statuscode", Value::Int(100_000_000))]).unwrap();
    let mut without_lent = status.clone();
    without_lent.statuses.pop();
    assert_eq!(org.change_column("statuscode", change(&without_lent)), Some(ErrorCode::InvalidArgument));
    status.statuses.remove(0);
    assert_eq!(org.change_column("statuscode", change(&status)), Some(ErrorCode::DefaultStatusCannotBeDeleted));
}

#[test] // AK-10 to AK-13
fn a_key_becomes_active_or_fails_and_is_built_anew() {
    let org = TestOrg::with_books();
    org.add_column(column("new_Code", line(20)));
    org.create("new_book", &[("new_name", text("Iliad")), ("new_code", text("A-1"))]).unwrap();
    org.create("new_book", &[("new_name", text("Iliad")), ("new_code", text("a-1"))]).unwrap();
    org.define(key("new_ByCode", &["new_code"])).unwrap();
    assert_eq!((org.key_status("new_bycode"), org.books().keys[0].job.is_some()), (KeyIndexStatus::Pending, true));
    assert_eq!(
        org.rows("asyncoperation", &["name", "operationtype", "primaryentitytype", "statecode", "statuscode"]),
        [[text("Create index for By code for table new_book"), Value::Int(63), text("new_book"), Value::Int(0), Value::Int(0)]]
    );
    assert_eq!(org.reactivate("new_bycode"), Some(ErrorCode::ReactivateEntityKeyOnlyForFailedJobs));
    org.organization.run_jobs().unwrap();
    assert_eq!(org.key_status("new_bycode"), KeyIndexStatus::Failed);
    let jobs = org.rows("asyncoperation", &["statuscode", "friendlymessage"]);
    let Value::Text(message) = &jobs[0][1] else { panic!() };
    assert_eq!(jobs[0][0], Value::Int(31));
    assert!(message.contains("new_bycode") && message.to_lowercase().contains("'a-1'") && message.contains("2 records"), "{message}");
    org.define(Define::DeleteKey("new_book".into(), "new_bycode".into())).unwrap();
    org.define(key("new_ByCode", &["new_code", "new_name"])).unwrap();
    org.organization.run_jobs().unwrap();
    assert_eq!(org.key_status("new_bycode"), KeyIndexStatus::Failed);
    assert_eq!(org.reactivate("new_bycode"), None);
    assert_eq!(org.key_status("new_bycode"), KeyIndexStatus::Pending);
    assert_eq!(org.reactivate("new_none"), Some(ErrorCode::EntityKeyNotDefined));
}

#[test] // AK-16, AK-18, AK-19
fn an_active_key_is_in_force() {
    let org = TestOrg::with_books();
    org.add_column(column("new_Code", line(20)));
    org.define(key("new_ByCode", &["new_code"])).unwrap();
    org.organization.run_jobs().unwrap();
    assert_eq!((org.key_status("new_bycode"), org.books().keys[0].job), (KeyIndexStatus::Active, None));
    assert_eq!(org.rows("asyncoperation", &["statecode", "statuscode"]), [[Value::Int(3), Value::Int(30)]]);
    org.create("new_book", &[("new_code", text("A-1"))]).unwrap();
    assert_eq!(org.create("new_book", &[("new_code", text("A-1"))]).err().unwrap().code(), ErrorCode::DuplicateRecordEntityKey);
    assert_eq!(org.refusal(Define::DeleteColumn("new_book".into(), "new_code".into())), Some(ErrorCode::CannotDeleteInUseComponent));
    let secure = ColumnUpdate { secured: Some(true), ..ColumnUpdate::default() };
    assert_eq!(org.change_column("new_code", secure), Some(ErrorCode::CannotSecureEntityKeyAttribute)); // AK-3
    let longer = ColumnUpdate { kind: Some(line(451)), ..ColumnUpdate::default() };
    assert_eq!(org.change_column("new_code", longer), Some(ErrorCode::InvalidEntityKeyOperation)); // AK-4
    org.define(Define::DeleteKey("new_book".into(), "new_bycode".into())).unwrap();
    org.create("new_book", &[("new_code", text("A-1"))]).unwrap();
}

#[test] // AK-2, AK-4, AK-6
fn keys_that_are_not_valid_are_refused() {
    let org = TestOrg::with_books();
    for (name, kind) in [("new_A", line(450)), ("new_B", line(450)), ("new_C", ColumnType::BigInt)] {
        org.add_column(column(name, kind));
    }
    org.add_column(ColumnSpec { secured: true, ..column("new_Secret", line(20)) });
    org.define(key("new_ByA", &["new_a"])).unwrap();
    for (define, code) in [
        (key("new_bya", &["new_b"]), ErrorCode::EntityKeyNameExists),
        (key("new_Again", &["new_a"]), ErrorCode::EntityKeyWithSelectedAttributesExists),
        (key("new_Large", &["new_a", "new_b"]), ErrorCode::InvalidEntityKeyOperation),
        (key("new_Type", &["new_c"]), ErrorCode::InvalidEntityKeyOperation),
        (key("new_Owner", &["ownerid"]), ErrorCode::InvalidEntityKeyOperation),
        (key("new_None", &[]), ErrorCode::InvalidEntityKeyOperation),
        (key("new_Twice", &["new_b", "new_b"]), ErrorCode::InvalidEntityKeyOperation),
        (key("new_Secured", &["new_secret"]), ErrorCode::CannotSecureEntityKeyAttribute),
        (key("new_Unknown", &["new_x"]), ErrorCode::QueryBuilderNoAttribute),
        (key("byb", &["new_b"]), ErrorCode::InvalidNamePrefix),
    ] {
        assert_eq!(org.refusal(define.clone()), Some(code), "{define:?}");
    }
}

#[test] // MD-12, MD-30
fn a_relationship_comes_and_goes_with_its_lookup() {
    let org = TestOrg::with_books();
    org.define(Define::CreateTable(table("new_Shelf", vec![name_column()]), CUSTOMIZER)).unwrap();
    org.define(relate(link("new_shelf_book", "new_shelf", "new_book", "new_ShelfId"))).unwrap();
    let snapshot = org.organization.snapshot();
    let books = org.books();
    let lookup = books.column(books.require("new_shelfid").unwrap());
    assert_eq!((lookup.shape(), &lookup.lookup().unwrap().targets), (Shape::Lookup, &vec![LogicalName::from("new_shelf")]));
    assert!(snapshot.single_navigation("new_book", "new_ShelfId").is_some());
    assert!(snapshot.collection_navigation("new_shelf", "new_shelf_book").is_some());
    for (spec, code) in [
        (link("new_SHELF_book", "new_shelf", "new_book", "new_Other"), ErrorCode::RelationshipNameExists),
        (link("new_second", "new_shelf", "new_book", "new_ShelfId"), ErrorCode::AttributeNameExists),
        (link("new_second", "new_nothing", "new_book", "new_Other"), ErrorCode::QueryBuilderNoEntity),
        (
            RelationshipSpec { referenced_navigation: Some("new_shelf_book".into()), ..link("new_second", "new_shelf", "new_book", "new_Other") },
            ErrorCode::SchemaNameTaken,
        ),
        (RelationshipSpec { hierarchical: true, ..link("new_second", "new_shelf", "new_book", "new_Other") }, ErrorCode::InvalidArgument),
    ] {
        assert_eq!(org.refusal(relate(spec.clone())), Some(code), "{spec:?}");
    }
    org.define(Define::DeleteRelationship("new_shelf_book".into())).unwrap();
    assert!(org.books().find("new_shelfid").is_none());
    org.define(Define::DeleteTable("new_shelf".into())).unwrap();
}

#[test] // MD-12
fn lookups_of_a_deleted_table_go_with_it_unless_a_key_needs_them() {
    let org = TestOrg::with_books();
    org.define(Define::CreateTable(table("new_Shelf", vec![name_column()]), CUSTOMIZER)).unwrap();
    org.define(relate(link("new_shelf_book", "new_shelf", "new_book", "new_ShelfId"))).unwrap();
    org.define(key("new_ByShelf", &["new_shelfid"])).unwrap();
    assert_eq!(org.refusal(Define::DeleteTable("new_shelf".into())), Some(ErrorCode::CannotDeleteInUseComponent));
    org.define(Define::DeleteKey("new_book".into(), "new_byshelf".into())).unwrap();
    org.define(Define::DeleteTable("new_shelf".into())).unwrap();
    assert!(org.books().find("new_shelfid").is_none());
    assert!(org.organization.snapshot().relationship("new_shelf_book").is_none());
}

#[test] // MD-30
fn a_lookup_of_several_tables_has_a_relationship_for_each() {
    let org = TestOrg::with_books();
    let to = |table: &str| {
        let mut spec = link(&format!("new_book_{table}"), table, "new_book", "new_AuthorId");
        spec.lookup.kind = ColumnType::Lookup(LookupColumn { kind: LookupKind::Customer, targets: Vec::new(), polymorphic: true });
        spec
    };
    org.define(relate(to("account"))).unwrap();
    org.define(relate(to("contact"))).unwrap();
    assert_eq!(org.refusal(relate(to("team"))), Some(ErrorCode::AttributeNameExists));
    let snapshot = org.organization.snapshot();
    assert!(snapshot.single_navigation("new_book", "new_AuthorId_account").is_some());
    assert!(snapshot.single_navigation("new_book", "new_AuthorId_contact").is_some());
    org.define(Define::DeleteRelationship("new_book_account".into())).unwrap();
    let books = org.books();
    let lookup = books.column(books.require("new_authorid").unwrap());
    assert_eq!((lookup.shape(), lookup.lookup().unwrap().targets.len()), (Shape::PolyLookup, 1));
    org.define(Define::DeleteColumn("new_book".into(), "new_authorid".into())).unwrap();
    assert!(org.organization.snapshot().relationship("new_book_contact").is_none());
}

#[test] // MD-31, MD-34, MD-35, MD-36
fn cascade_rules_are_checked() {
    let org = TestOrg::with_books();
    org.define(Define::CreateTable(table("new_Shelf", vec![name_column()]), CUSTOMIZER)).unwrap();
    let parental = Cascade { delete: DeleteAction::Cascade, ..Cascade::default() };
    let cascading = |name: &str, parent: &str, child: &str, lookup: &str| RelationshipSpec { cascade: parental, ..link(name, parent, child, lookup) };
    org.define(relate(cascading("new_one", "new_shelf", "new_book", "new_One"))).unwrap();
    let merge = Cascade { merge: CascadeAction::UserOwned, ..Cascade::default() };
    for (spec, code) in [
        (cascading("new_two", "account", "new_book", "new_Two"), ErrorCode::ParentalRelationshipExists),
        (cascading("new_two", "new_book", "new_shelf", "new_Two"), ErrorCode::InvalidRelationshipType),
        (cascading("new_two", "new_book", "account", "new_Two"), ErrorCode::InvalidCascadeValue),
        (RelationshipSpec { cascade: merge, ..link("new_two", "account", "new_book", "new_Two") }, ErrorCode::InvalidCascadeValue),
    ] {
        assert_eq!(org.refusal(relate(spec.clone())), Some(code), "{spec:?}");
    }
    org.define(relate(link("new_two", "account", "new_book", "new_Two"))).unwrap();
    let change = RelationshipUpdate { cascade: Some(parental), ..RelationshipUpdate::default() };
    assert_eq!(org.refusal(Define::UpdateRelationship("new_two".into(), change)), Some(ErrorCode::ParentalRelationshipExists));
    let restrict = RelationshipUpdate { cascade: Some(Cascade { delete: DeleteAction::Restrict, ..Cascade::default() }), ..RelationshipUpdate::default() };
    assert_eq!(org.refusal(Define::UpdateRelationship("new_two".into(), restrict.clone())), None);
    assert_eq!(org.refusal(Define::UpdateRelationship("owner_new_book_team".into(), restrict)), Some(ErrorCode::CannotDeleteMetadata));
    // Both ends of a connection go with the row that they name, as packages ask for.
    for (name, lookup) in [("new_shelf_connections1", "record1id"), ("new_shelf_connections2", "record2id")] {
        org.define(relate(cascading(name, "new_shelf", "connection", lookup))).unwrap();
    }
}

#[test] // MD-26, MD-29
fn a_global_choice_in_use_stays() {
    let org = TestOrg::with_books();
    let create = |name: &str| {
        let options = vec![ChoiceOption::new(ColumnSpec::NEW_OPTION, "Red")];
        let spec = ChoiceSpec { id: None, name: name.to_owned(), display_name: Label::default(), description: Label::default(), options, customizable: true };
        Define::CreateChoice(spec, CUSTOMIZER)
    };
    org.define(create("new_Color")).unwrap();
    assert_eq!(org.refusal(create("new_color")), Some(ErrorCode::ChoiceNameExists));
    assert_eq!(org.organization.snapshot().choice("new_color").unwrap().options[0].value, 100_000_000);
    org.add_column(column("new_Cover", ColumnType::Choice(ChoiceColumn { choice: ChoiceSource::Global("new_color".into()), default: None })));
    assert_eq!(org.refusal(Define::DeleteChoice("new_color".into())), Some(ErrorCode::GlobalChoiceInUse));
    org.define(Define::DeleteColumn("new_book".into(), "new_cover".into())).unwrap();
    org.define(Define::DeleteChoice("new_color".into())).unwrap();
    assert_eq!(org.refusal(Define::DeleteChoice("new_color".into())), Some(ErrorCode::ObjectDoesNotExist));
}

/// Privileges that rows tell of, by name: id, mask of the right, whether they may be given for less than the organization.
type PrivilegeRows = BTreeMap<String, (Uuid, Value, Value)>;

fn privilege_rows(org: &Organization) -> PrivilegeRows {
    let snapshot = org.snapshot();
    let rows = org.store().reading(|tx| system::rows(tx, snapshot.require("privilege")?, &["name", "accessright", "canbebasic"], None)).unwrap();
    rows.iter().map(|row| (row.text(0).to_owned(), (row.id, row.value(1).clone(), row.value(2).clone()))).collect()
}

/// Privileges that roles have: role, privilege, mask of the depth.
fn grants(org: &Organization) -> Vec<[Value; 3]> {
    let snapshot = org.snapshot();
    let columns = ["roleid", "privilegeid", "privilegedepthmask"];
    let rows = org.store().reading(|tx| system::rows(tx, snapshot.require("roleprivileges")?, &columns, None)).unwrap();
    rows.iter().map(|row| [0, 1, 2].map(|at| row.value(at).clone())).collect()
}

/// Every privilege that a definition tells of is a row that System Administrator has, and there are no others but those of no table.
fn assert_complete(org: &Organization) {
    let rows = privilege_rows(org);
    let mut told: BTreeMap<_, _> =
        org.snapshot().tables().flat_map(|table| privileges_of(&table.def).map(|own| (own.name.clone(), own.id)).collect::<Vec<_>>()).collect();
    told.extend(["prvActOnBehalfOfAnotherUser", "prvBulkDelete"].map(|name| (name.to_owned(), special_privilege_id(name))));
    assert_eq!(rows.iter().map(|(name, row)| (name.clone(), row.0)).collect::<BTreeMap<_, _>>(), told);
    let role = Value::Guid(org.facts().administrator_role);
    let mut expected: Vec<_> = rows.values().map(|row| row.0).collect();
    expected.sort();
    let mut granted: Vec<_> = grants(org).into_iter().filter(|grant| grant[0] == role && grant[2] == Value::Int(8)).filter_map(|grant| grant[1].id()).collect();
    granted.sort();
    assert_eq!(granted, expected);
}

#[test] // MD-10, MD-11, ROLE-4, AUTHZ-03, AUTHZ-05
fn a_table_has_its_privileges_while_it_is_there() {
    let org = TestOrg::new();
    assert_complete(&org.organization);
    let before = (privilege_rows(&org.organization), grants(&org.organization));
    assert!(before.0.contains_key("prvReadAccount"));
    assert!(!before.0.keys().any(|name| name.ends_with("SystemUserRoles")), "pairs of rows have none");

    org.define(Define::CreateTable(table("new_Book", vec![name_column()]), CUSTOMIZER)).unwrap();
    let shared = TableSpec { ownership: Ownership::Organization, ..table("new_Rate", vec![name_column()]) };
    org.define(Define::CreateTable(shared, CUSTOMIZER)).unwrap();
    assert_complete(&org.organization);
    let after = privilege_rows(&org.organization);
    let of = |schema_name: &str| -> Vec<_> {
        let own = after.iter().filter(|(name, _)| name.ends_with(schema_name));
        own.map(|(name, (_, right, basic))| (name.trim_start_matches("prv").trim_end_matches(schema_name), right.clone(), *basic == Value::Bool(true)))
            .collect()
    };
    let rights = [("AppendTo", 16), ("Append", 4), ("Assign", 524_288), ("Create", 32), ("Delete", 65_536), ("Read", 1), ("Share", 262_144), ("Write", 2)];
    assert_eq!(of("new_Book"), rights.map(|(verb, right)| (verb, Value::Int(right), true)));
    let without_owner: Vec<_> = rights.into_iter().filter(|(verb, _)| !matches!(*verb, "Assign" | "Share")).collect();
    assert_eq!(of("new_Rate"), without_owner.iter().map(|(verb, right)| (*verb, Value::Int(*right), false)).collect::<Vec<_>>());

    let read = after["prvReadnew_Book"].0;
    for name in ["new_book", "new_rate"] {
        org.define(Define::DeleteTable(name.into())).unwrap();
    }
    assert_eq!((privilege_rows(&org.organization), grants(&org.organization)), before);
    // MD-8: the same name later is another table.
    org.define(Define::CreateTable(table("new_Book", vec![name_column()]), CUSTOMIZER)).unwrap();
    assert_ne!(privilege_rows(&org.organization)["prvReadnew_Book"].0, read);
}

#[test] // MD-10
fn a_folder_without_privileges_gets_them_at_its_next_start() {
    let org = TestOrg::with_books();
    let before = privilege_rows(&org.organization);
    let again = || {
        let environment = Arc::new(SeededEnvironment::new(8, 1_700_000_000_000));
        Organization::open(Arc::clone(org.organization.store()), environment, Limits::default()).unwrap()
    };
    assert_eq!(privilege_rows(&again()), before, "a start leaves them as they are");
    // As folders were before privileges had rows, but for one table.
    org.organization
        .run_own(driftless_store::Length::Long, |cx| {
            for table in ["privilege", "roleprivileges"] {
                let table = Arc::clone(cx.snapshot.require(table)?);
                for row in system::rows(cx.tx.as_read(), &table, &[], None)? {
                    system::remove(cx, &table, row.id)?;
                }
            }
            privileges::add(cx, &cx.snapshot.require("account")?.def.clone())?;
            Ok(cx.tx.set_setting("seed_digest", "of an older program")?)
        })
        .unwrap();
    let reopened = again();
    assert_eq!(privilege_rows(&reopened), before);
    assert_complete(&reopened);
}

#[test] // UP-32
fn a_folder_without_rows_of_messages_gets_them_at_its_next_start() {
    let org = TestOrg::with_books();
    let names = |organization: &Organization, table: &str| {
        let snapshot = organization.snapshot();
        let table = snapshot.require(table).unwrap();
        let mut names: Vec<_> =
            organization.store().reading(|tx| Ok(system::rows(tx, table, &["name"], None)?.iter().map(|row| row.text(0).to_owned()).collect())).unwrap();
        names.sort();
        names
    };
    let before = ["sdkmessage", "sdkmessagefilter"].map(|table| names(&org.organization, table));
    // As folders were before these messages were there, and this table had its rows.
    org.organization
        .run_own(driftless_store::Length::Long, |cx| {
            let table = Arc::clone(cx.snapshot.require("sdkmessage")?);
            for row in system::rows(cx.tx.as_read(), &table, &["name"], None)?.iter().filter(|row| row.text(0).starts_with("Retrieve")) {
                system::remove(cx, &table, row.id)?;
            }
            crate::messages::filters::remove(cx, "new_book")?;
            Ok(cx.tx.set_setting("seed_digest", "of an older program")?)
        })
        .unwrap();
    let environment = Arc::new(SeededEnvironment::new(8, 1_700_000_000_000));
    let reopened = Organization::open(Arc::clone(org.organization.store()), environment, Limits::default()).unwrap();
    assert_eq!(["sdkmessage", "sdkmessagefilter"].map(|table| names(&reopened, table)), before);
}

#[test] // STD-3, ROLE-3
fn a_folder_without_the_keys_of_roles_gets_them_at_its_next_start() {
    let org = TestOrg::with_books();
    // As folders were before roles had keys, and their facts were filled.
    org.organization
        .run_own(driftless_store::Length::Long, |cx| {
            let roles = Arc::clone(cx.snapshot.require("role")?);
            for key in &roles.keys {
                cx.tx.change_schema(&SchemaChange::DropKey(&roles, key))?;
            }
            cx.undefine(&roles.keys.iter().map(|key| (DefinitionKind::Key, key.id)).collect::<Vec<_>>())?;
            for row in system::rows(cx.tx.as_read(), &roles, &[], None)? {
                system::update(cx, "role", row.id, &[("overwritetime", Value::Null)])?;
            }
            let organization = Arc::clone(cx.snapshot.require("organization")?);
            let column = organization.column(organization.require("integrationuserid")?).clone();
            let older = Column { valid: driftless_model::Validity::ALL, ..column };
            let def = TableDef { seed_version: 1, ..organization.def.clone() };
            cx.define(vec![Definition::Column(def.id, older), Definition::Table(def)])?;
            Ok(cx.tx.set_setting("seed_digest", "of an older program")?)
        })
        .unwrap();
    assert!(org.organization.snapshot().require("role").unwrap().keys.is_empty());
    let environment = Arc::new(SeededEnvironment::new(8, 1_700_000_000_000));
    let reopened = Organization::open(Arc::clone(org.organization.store()), environment, Limits::default()).unwrap();
    let snapshot = reopened.snapshot();
    let roles = snapshot.require("role").unwrap();
    assert_eq!(roles.keys.iter().map(|key| key.status).collect::<Vec<_>>(), [KeyIndexStatus::Active; 2]);
    let organization = snapshot.require("organization").unwrap();
    assert!(!organization.column(organization.require("integrationuserid").unwrap()).valid.update);
    let unfilled = reopened.store().reading(|tx| Ok(system::rows(tx, roles, &["overwritetime"], None)?.iter().any(|row| row.value(0).is_null()))).unwrap();
    assert!(!unfilled);
}
