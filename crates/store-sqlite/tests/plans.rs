//! What statements cost: how the engine carries the texts of the `sql` crate out, by its own account.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::sync::Arc;

use driftless_model::{ColumnIx, LogicalName, Table, TableCode, Uuid, Value, Version};
use driftless_query::{Output, ResolvedCondition, ResolvedFilter, ResolvedOrder, ResolvedQuery, SecuredQuery, Source};
use driftless_sql::{Target, Targets, VersionRange, changed_rows, select};
use support::*;

/// Where the engine looks, table by table.
fn plan(folder: &Folder, text: &str) -> Vec<String> {
    let conn = rusqlite::Connection::open(folder.database()).unwrap();
    conn.create_collation(driftless_sql::COLLATION, driftless_model::compare).unwrap();
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    // Values need not be bound to ask for the plan.
    statement.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<_>>().unwrap()
}

fn by(table: &Arc<Table>, column: &str, value: Value) -> ResolvedFilter {
    ResolvedCondition::equals(table.find(column).unwrap(), value)
}

fn filled() -> (Folder, Arc<Table>) {
    let folder = Folder::new();
    let table =
        TableBuilder::new(10_001, "book").name_column("title").column("code", text()).column("parent", lookup(&["book"])).key("bykey", &["code"]).build();
    make(&*folder.open(), &table);
    (folder, table)
}

#[test]
fn reads_by_id_and_by_key_search_an_index() {
    let (folder, table) = filled();
    for (filter, index) in [(by(&table, "bookid", Value::Guid(Uuid::nil())), "book.id"), (by(&table, "code", Value::text("a")), "book.key.bykey")] {
        let query = SecuredQuery::unrestricted(ResolvedQuery::plain(&table, &[ColumnIx(2)], Some(filter)), "test");
        let plan = plan(&folder, &select(&query, &Targets::default()).unwrap().statement.text);
        assert!(plan.len() == 1 && plan[0].starts_with("SEARCH t0") && plan[0].contains(index), "{plan:?}");
    }
}

#[test]
fn a_page_in_order_of_the_id_begins_at_its_cut_and_sorts_nothing() {
    let (folder, table) = filled();
    let mut query = ResolvedQuery::plain(&table, &[], None);
    query.orders = vec![ResolvedOrder::own(table.id)];
    query.limit = Some(10);
    query.after = Some(vec![Value::Guid(Uuid::nil())]);
    let query = SecuredQuery::unrestricted(query, "test");
    let plan = plan(&folder, &select(&query, &Targets::default()).unwrap().statement.text);
    assert!(plan.len() == 1 && plan[0].contains("book.id") && plan[0].contains('>'), "{plan:?}");
}

#[test]
fn a_page_of_the_feed_walks_the_versions_whatever_its_rows_must_be() {
    let (folder, table) = filled();
    let target = Target {
        code: TableCode(10_001),
        physical: "book".to_owned(),
        id_column: "bookid".to_owned(),
        version_column: "versionnumber".to_owned(),
        name_column: Some("title".to_owned()),
    };
    let targets = Targets::from_iter([(LogicalName::from("book"), target)]);
    let mut query = ResolvedQuery::plain(&table, &[table.find("parent").unwrap()], None);
    query.outputs.push(Output::LookupName { source: Source::ROOT, column: table.find("parent").unwrap() });
    let query = SecuredQuery::restricted(query, by(&table, "code", Value::text("a")));
    let range = VersionRange { after: Version(1), until: Version(9) };
    let plan = plan(&folder, &changed_rows(&query, range, 10, &targets).unwrap().statement.text);
    assert!(plan[0].starts_with("SEARCH t0 USING INDEX book.version"), "{plan:?}");
    assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE") && !step.starts_with("SCAN")), "{plan:?}");
}
