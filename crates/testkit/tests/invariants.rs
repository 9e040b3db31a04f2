//! The invariants of ARCHITECTURE.md that show at the organization's door.
#![allow(clippy::unwrap_used, reason = "a test may end where its set-up fails")]

use std::sync::Arc;

use driftless_core::metadata::{ColumnSpec, Origin};
use driftless_core::{Changes, Create, Define, Field, Organization, Record, Request, Response, RetrieveMultiple, SeededEnvironment};
use driftless_model::{Caller, ColumnType, Error, ErrorCode, Label, Limits, RequiredLevel, Result, TextColumn, TextFormat, Uuid, Value};
use driftless_query::{Collector, Columns, Flow, PageHead, Query, RowSink, RowView};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use driftless_testkit::TestFolder;

fn organization(folder: &TestFolder) -> Arc<Organization> {
    let options = SqliteOptions { readers_max: 2, write_wait_s: 2, ..SqliteOptions::default() };
    let store = SqliteStore::open(folder.path(), &options).unwrap();
    Organization::open(Arc::new(store), Arc::new(SeededEnvironment::new(7, 1_900_000_000_000)), Limits::default()).unwrap()
}

fn administrator(organization: &Organization) -> Arc<Caller> {
    Arc::new(Caller::user(organization.facts().administrator))
}

fn create_account(organization: &Organization, caller: &Arc<Caller>, column: &str) -> (Result<Response>, u32) {
    let mut lowered = 0;
    let result = organization.execute(
        caller,
        &mut |snapshot| {
            lowered += 1;
            let table = Arc::clone(snapshot.require("account")?);
            let fields = vec![(table.require(column)?, Field::Value(Value::Text("x".to_owned())))];
            Ok(Request::Create(Create { record: Record { table, id: None, fields, related: Vec::new() }, returning: None }))
        },
        &mut Collector::default(),
    );
    (result, lowered)
}

fn list() -> Request {
    let query = Query { columns: Columns::Some(vec!["name".into()]), ..Query::new("account".into()) };
    Request::RetrieveMultiple(RetrieveMultiple { query, within: None, count: false, skip: 0, page_token: None, aggregate_rows_max: None })
}

fn add_column(name: &str) -> Request {
    let spec = ColumnSpec {
        id: None,
        schema_name: name.to_owned(),
        kind: ColumnType::Text(TextColumn { max_length: 10, format: TextFormat::Text }),
        required: RequiredLevel::None,
        display_name: Label::english(name),
        description: Label::default(),
        primary_name: false,
        secured: false,
        customizable: true,
    };
    Request::Define(Define::CreateColumn("account".into(), spec, Origin::Customizer { solution: None }))
}

/// Fails at the first row.
struct Failing;

impl RowSink for Failing {
    fn start(&mut self, _: &PageHead<'_>) -> Result<()> {
        Ok(())
    }

    fn row(&mut self, _: &dyn RowView) -> Result<Flow> {
        Err(Error::new(ErrorCode::InvalidOperation, "enough"))
    }

    fn removed(&mut self, _: Uuid) -> Result<Flow> {
        Ok(Flow::Continue)
    }
}

#[test] // A2
fn a_read_that_fails_gives_its_connection_back() {
    let folder = TestFolder::new("invariants");
    let organization = organization(&folder);
    let caller = administrator(&organization);
    create_account(&organization, &caller, "name").0.unwrap();
    for _ in 0..20 {
        let failed = organization.execute(&caller, &mut |_| Ok(list()), &mut Failing);
        assert_eq!(failed.err().map(|error| error.code()), Some(ErrorCode::InvalidOperation));
    }
    let mut rows = Collector::default();
    organization.execute(&caller, &mut |_| Ok(list()), &mut rows).unwrap();
    assert_eq!(rows.rows.len(), 1);
}

#[test] // A6, ROLE-7
fn a_caller_without_a_role_reads_and_writes_nothing() {
    let folder = TestFolder::new("invariants");
    let organization = organization(&folder);
    let stranger = Arc::new(Caller::user(Uuid::from_u128(99)));
    let changes = || {
        Request::Changes(Changes {
            table: "account".into(),
            query: Query::new("account".into()),
            token: None,
            page_token: None,
            page_rows: 10,
            expired_fault: false,
        })
    };
    for request in [list, changes] {
        let refused = organization.execute(&stranger, &mut |_| Ok(request()), &mut Collector::default());
        assert_eq!(refused.err().map(|error| error.code()), Some(ErrorCode::UserNotMemberOfOrg));
    }
    assert!(create_account(&organization, &stranger, "name").0.is_err());
}

#[test] // A8
fn a_request_lowered_with_old_definitions_is_lowered_again() {
    let folder = TestFolder::new("invariants");
    let organization = organization(&folder);
    let caller = administrator(&organization);
    let mut lowered = Vec::new();
    let response = organization
        .execute(
            &caller,
            &mut |snapshot| {
                if lowered.is_empty() {
                    organization.execute(&caller, &mut |_| Ok(add_column("new_Late")), &mut Collector::default())?;
                }
                lowered.push((snapshot.number(), snapshot.require("account")?.find("new_late").is_some()));
                let table = Arc::clone(snapshot.require("account")?);
                let fields = vec![(table.require("name")?, Field::Value(Value::Text("x".to_owned())))];
                Ok(Request::Create(Create { record: Record { table, id: None, fields, related: Vec::new() }, returning: None }))
            },
            &mut Collector::default(),
        )
        .unwrap();
    assert!(matches!(response, Response::Written(_)));
    assert_eq!(lowered.iter().map(|(_, knows)| *knows).collect::<Vec<_>>(), [false, true]);
    assert!(lowered[0].0 < lowered[1].0);
    assert_eq!(create_account(&organization, &caller, "new_late").1, 1);
}
