//! The steps of the story (CT-70). Each makes its requests, tells what happened and gives the facts of it.

use std::time::Duration;

use driftless_client::{Change, ChangesOptions, ClientError, Connection, Existence, ImportOptions, RecordKey, Solution, version_of};
use serde_json::{Value, json};

use super::bookshelf::{Bookshelf, Plan, look_up};
use super::telling;
use crate::commands::key::wait_for_key;
use crate::commands::solution::{import_with_progress, random_id};
use crate::output::Output;

/// Longest wait for the key's index.
const KEY_TIMEOUT: Duration = Duration::from_secs(305);
/// Most books that one read keeps to show.
pub(crate) const BOOKS_SHOWN_MAX: usize = 100;

/// Whether the solution had to be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    Imported,
    AlreadyInstalled,
}

/// How many books of a step were new, and how many were there from an earlier run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) created: u32,
    pub(crate) existing: u32,
}

/// A new or changed book in a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Book {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) version: Option<i64>,
}

/// One read of the feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sync {
    /// Whether everything was read rather than a difference.
    pub(crate) is_full: bool,
    /// All new or changed items.
    pub(crate) count: usize,
    /// The first of them, in the feed's order.
    pub(crate) books: Vec<Book>,
    /// Ids of removed items.
    pub(crate) removed: Vec<String>,
    /// Pages that it took.
    pub(crate) pages: usize,
    /// Link for the next read.
    pub(crate) delta_link: String,
}

/// Everything that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Facts {
    pub(crate) plan: Plan,
    pub(crate) arrival: Arrival,
    pub(crate) shelf: Bookshelf,
    pub(crate) first_books: Written,
    pub(crate) first_sync: Sync,
    pub(crate) more_books: Written,
    pub(crate) second_sync: Sync,
}

/// Tells the story up to the second read.
pub(crate) fn tell(connection: &Connection, output: Output, plan: Plan, package: &[u8]) -> anyhow::Result<Facts> {
    let step = |text: &str| output.tell(&format!("\n{}", output.bold(text)));

    step(&format!("1. Import solution {} {}", plan.solution, plan.version))?;
    let arrival = arrive(connection, output, &plan, package)?;
    output.tell(telling::arrival(arrival))?;

    step(&format!("2. Wait for alternate key {} ({})", plan.key, plan.code_column))?;
    wait_for_key(connection, output, &plan.table, &plan.key, KEY_TIMEOUT)?;
    output.tell("The key is active.")?;
    let shelf = look_up(connection, &plan)?;

    step(&format!("3. Write ten books to {}", shelf.table))?;
    let first_books = write_books(connection, &shelf, 0..10)?;
    output.tell(&telling::written(first_books))?;

    step("4. First sync: every row, and a link for what comes after")?;
    let options = ChangesOptions { select: shelf.select(), page_rows: None, fault_when_expired: true };
    let first_sync = collect(&shelf, connection.changes(&shelf.set, &options)?)?;
    output.tell(&telling::sync(&first_sync))?;

    step("5. Write ten more, change BookCode0 by its key, delete BookCode1 by its key")?;
    let more_books = write_books(connection, &shelf, 10..20)?;
    change_one(connection, &shelf)?;
    connection.delete_record(&shelf.set, &RecordKey::text(&shelf.code_column, &Bookshelf::code(1)))?;
    output.tell(&telling::written(more_books))?;
    output.tell("BookCode0 changed, BookCode1 deleted.")?;

    step("6. Second sync: only what changed")?;
    let second_sync = collect(&shelf, connection.follow(&first_sync.delta_link, &options)?)?;
    output.tell(&telling::sync(&second_sync))?;

    Ok(Facts { plan, arrival, shelf, first_books, first_sync, more_books, second_sync })
}

/// Imports the package unless this version is installed (SOL-12).
fn arrive(connection: &Connection, output: Output, plan: &Plan, package: &[u8]) -> anyhow::Result<Arrival> {
    let installed = connection.find_solution(&plan.solution)?;
    if installed.is_some_and(|installed: Solution| installed.version == plan.version) {
        return Ok(Arrival::AlreadyInstalled);
    }
    let options = ImportOptions { job_id: random_id()?, overwrite_unmanaged: true, in_background: None };
    import_with_progress(connection, output, package, &options)?;
    Ok(Arrival::Imported)
}

/// Creates books. One that an earlier run left is written again by its key, so that every run tells the same story.
fn write_books(connection: &Connection, shelf: &Bookshelf, numbers: std::ops::Range<u32>) -> Result<Written, ClientError> {
    let mut written = Written::default();
    for n in numbers {
        match connection.create_record(&shelf.set, &shelf.book(n)) {
            Ok(_) => written.created += 1,
            Err(error) if error.is_duplicate() => {
                let key = RecordKey::text(&shelf.code_column, &Bookshelf::code(n));
                let mut columns = shelf.book(n);
                if let Some(columns) = columns.as_object_mut() {
                    columns.remove(&shelf.code_column);
                }
                connection.patch_record(&shelf.set, &key, &columns, Existence::MayCreate)?;
                written.existing += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

fn change_one(connection: &Connection, shelf: &Bookshelf) -> Result<(), ClientError> {
    let mut columns = json!({});
    columns[&shelf.name_column] = "Demo Book 0 updated".into();
    let key = RecordKey::text(&shelf.code_column, &Bookshelf::code(0));
    connection.patch_record(&shelf.set, &key, &columns, Existence::MustExist)
}

/// Reads all items of one read.
fn collect(shelf: &Bookshelf, mut changes: driftless_client::Changes<'_>) -> Result<Sync, ClientError> {
    let mut sync = Sync { is_full: changes.is_full(), ..Sync::default() };
    for change in changes.by_ref() {
        match change? {
            Change::Removed { id } => sync.removed.push(id),
            Change::Row(row) => {
                sync.count += 1;
                let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
                if sync.books.len() < BOOKS_SHOWN_MAX {
                    sync.books.push(Book {
                        id: text(&shelf.id_column),
                        name: text(&shelf.name_column),
                        code: text(&shelf.code_column),
                        version: version_of(&row),
                    });
                }
            }
        }
    }
    sync.pages = changes.pages();
    sync.delta_link = changes.delta_link().unwrap_or_default().to_owned();
    Ok(sync)
}

#[cfg(test)]
mod tests {
    use driftless_client::Settings;
    use driftless_client::scripted::{Reply, Script};

    use super::*;
    use crate::arguments::GeneralArguments;
    use crate::demo::bookshelf::plan;
    use crate::demo::package::own_package;

    fn id(n: u32) -> String {
        format!("00000000-0000-0000-0000-{n:012}")
    }

    fn made(n: u32) -> Reply {
        Reply::status(204).with("OData-EntityId", &format!("{{origin}}/api/data/v9.2/drf_books({})", id(n)))
    }

    fn duplicate() -> Reply {
        Reply::json(412, json!({"error": {"code": "0x80060892", "message": "Entity Key Book Code violated."}}))
    }

    fn row(n: u32, name: &str) -> Value {
        json!({"@odata.etag": format!("W/\"{n}\""), "drf_bookid": id(n), "drf_name": name, "drf_bookcode": Bookshelf::code(n)})
    }

    fn page(suffix: &str, items: Vec<Value>) -> Reply {
        let context = format!("{{origin}}/api/data/v9.2/$metadata#drf_books{suffix}");
        let link = "{origin}/api/data/v9.2/drf_books?$deltatoken=7";
        Reply::json(200, json!({"@odata.context": context, "value": items, "@odata.deltaLink": link}))
    }

    fn definitions() -> Vec<Reply> {
        let key = json!({"LogicalName": "drf_bookcodekey", "KeyAttributes": ["drf_bookcode"], "EntityKeyIndexStatus": "Active"});
        let table = json!({"LogicalName": "drf_book", "EntitySetName": "drf_books", "ChangeTrackingEnabled": true,
            "PrimaryIdAttribute": "drf_bookid", "PrimaryNameAttribute": "drf_name"});
        let columns = json!({"value": [{"LogicalName": "drf_name", "AttributeType": "String"}]});
        vec![Reply::json(200, key), Reply::json(200, table), Reply::json(200, columns)]
    }

    fn run(script: &Script) -> Facts {
        let connection = Connection::open(&Settings { url: script.url(), ..Settings::default() }).unwrap();
        let output = Output::new(&GeneralArguments { json: true, quiet: true, ..GeneralArguments::default() });
        let package = own_package().unwrap();
        tell(&connection, output, plan(&package).unwrap(), &package).unwrap()
    }

    #[test] // CT-70: the whole walk on a fresh service
    fn the_walk() {
        let mut replies = vec![Reply::json(200, json!({"value": []})), Reply::status(204), Reply::json(200, json!({"progress": 100.0}))];
        replies.extend(definitions());
        replies.extend((0..10).map(made));
        replies.push(page("(drf_bookcode,drf_name)", (0..10).map(|n| row(n, "x")).collect()));
        replies.extend((10..20).map(made));
        replies.extend([Reply::status(204), Reply::status(204)]);
        let gone = json!({"@odata.context": "{origin}/api/data/v9.2/$metadata#drf_books/$deletedEntity", "id": id(1), "reason": "deleted"});
        let mut items: Vec<Value> = (10..20).map(|n| row(n, "x")).collect();
        items.extend([row(0, "Demo Book 0 updated"), gone]);
        replies.push(page("(drf_bookcode,drf_name)/$delta", items));
        let script = Script::start(replies);
        let facts = run(&script);
        assert_eq!((facts.arrival, facts.first_books), (Arrival::Imported, Written { created: 10, existing: 0 }));
        assert_eq!((facts.first_sync.count, facts.first_sync.is_full), (10, true));
        let codes: Vec<&str> = facts.second_sync.books.iter().map(|book| book.code.as_str()).collect();
        let expected: Vec<String> = (10..20).chain([0]).map(Bookshelf::code).collect();
        assert_eq!(codes, expected);
        assert_eq!((facts.second_sync.removed, facts.second_sync.is_full), (vec![id(1)], false));
        let lines = script.finish().lines();
        assert_eq!(lines[1], "POST /api/data/v9.2/ImportSolution");
        assert!(lines.contains(&"DELETE /api/data/v9.2/drf_books(drf_bookcode='BookCode1')".to_owned()), "{lines:?}");
    }

    #[test] // CT-70: a second run meets its own books
    fn the_walk_again() {
        let installed = json!({"solutionid": "s", "uniquename": "DriftlessBooks", "version": "1.0.0.0", "ismanaged": true});
        let mut replies = vec![Reply::json(200, json!({"value": [installed]}))];
        replies.extend(definitions());
        for n in 0..10 {
            replies.extend(if n == 1 { vec![made(n)] } else { vec![duplicate(), Reply::status(204)] });
        }
        replies.push(page("", vec![]));
        replies.extend((10..20).flat_map(|_| [duplicate(), Reply::status(204)]));
        replies.extend([Reply::status(204), Reply::status(204), page("/$delta", vec![])]);
        let script = Script::start(replies);
        let facts = run(&script);
        assert_eq!((facts.arrival, facts.first_books), (Arrival::AlreadyInstalled, Written { created: 1, existing: 9 }));
        let seen = script.finish();
        let again = &seen.requests[5];
        assert_eq!(again.line(), "PATCH /api/data/v9.2/drf_books(drf_bookcode='BookCode0')");
        assert_eq!(again.json(), json!({"drf_name": "Demo Book 0"}), "a key is not changed through itself");
    }
}
