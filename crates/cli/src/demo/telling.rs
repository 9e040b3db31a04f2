//! Facts of the story as text and as JSON.

use serde_json::{Value, json};

use super::story::{Arrival, Facts, Sync, Written};
use crate::output::columns;
use crate::service::Ready;

/// One sentence about the solution.
pub(crate) fn arrival(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::Imported => "The solution is installed.",
        Arrival::AlreadyInstalled => "The solution is installed already.",
    }
}

/// One sentence about written books.
pub(crate) fn written(written: Written) -> String {
    let earlier = match written.existing {
        0 => String::new(),
        n => format!("; {n} from an earlier run written again by their keys"),
    };
    format!("{} created{earlier}.", counted(written.created, "book"))
}

/// A number with its noun.
fn counted(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A read as the published sample lists it: new or updated items, then removed ones.
pub(crate) fn sync(sync: &Sync) -> String {
    let kind = if sync.is_full { "Everything" } else { "What changed" };
    let mut out = format!("{kind}: {} new or updated, {} removed, {}.\n", sync.count, sync.removed.len(), pages(sync.pages));
    if !sync.books.is_empty() {
        let row = |book: &super::story::Book| vec![book.id.clone(), book.name.clone(), book.code.clone()];
        let rows: Vec<Vec<String>> = sync.books.iter().map(row).collect();
        out += "New or updated:\n";
        out += &indented(&columns(&["id", "name", "code"], &rows));
        if sync.count > sync.books.len() {
            out += &format!("  ... and {} more\n", sync.count - sync.books.len());
        }
    }
    if !sync.removed.is_empty() {
        out += "Removed:\n";
        for id in &sync.removed {
            out += &format!("  {id}\n");
        }
    }
    out.trim_end().to_owned()
}

fn pages(count: usize) -> String {
    if count == 1 { "1 page".to_owned() } else { format!("{count} pages") }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Addresses and commands to go on with, ready to be copied into a shell.
pub(crate) fn copyable(ready: &Ready, facts: &Facts, is_deleted: bool) -> String {
    let mut out = crate::commands::serve::announcement(ready);
    let (Some(origin), Some(token)) = (ready.address(), &ready.token_file) else {
        return out;
    };
    let authority = match (&ready.http, &ready.ca) {
        (None, Some(ca)) => format!(" --cacert {}", shell(&ca.display().to_string())),
        _ => String::new(),
    };
    let curl = format!("curl{authority} -H \"Authorization: Bearer $(cat {})\"", shell(&token.display().to_string()));
    let root = format!("{origin}/api/data/v9.2");
    out += &format!("\n{curl} {}\n", shell(&format!("{root}/WhoAmI")));
    if !is_deleted {
        let select = facts.shelf.select().join(",");
        out += &format!("{curl} {}\n", shell(&format!("{root}/{}?$select={select}&$top=3", facts.shelf.set)));
        out += &format!("{curl} {}\n", shell(&facts.second_sync.delta_link));
    }
    out
}

/// Text as one word of a shell.
fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The facts for programs.
pub(crate) fn document(facts: &Facts, requests: Vec<Value>, is_deleted: bool, ready: Option<&Ready>) -> Value {
    let state = match facts.arrival {
        Arrival::Imported => "imported",
        Arrival::AlreadyInstalled => "already installed",
    };
    json!({
        "service": ready,
        "solution": {
            "uniqueName": facts.plan.solution,
            "version": facts.plan.version,
            "state": state,
            "afterwards": if is_deleted { "deleted" } else { "kept" },
        },
        "table": {
            "logicalName": facts.shelf.table,
            "setName": facts.shelf.set,
            "idColumn": facts.shelf.id_column,
            "nameColumn": facts.shelf.name_column,
        },
        "key": {"logicalName": facts.plan.key, "columns": [facts.shelf.code_column], "status": "Active"},
        "firstBooks": written_document(facts.first_books),
        "firstSync": sync_document(&facts.first_sync),
        "moreBooks": written_document(facts.more_books),
        "updated": "BookCode0",
        "deleted": "BookCode1",
        "secondSync": sync_document(&facts.second_sync),
        "requests": requests,
    })
}

fn written_document(written: Written) -> Value {
    json!({"created": written.created, "existing": written.existing})
}

fn sync_document(sync: &Sync) -> Value {
    let book = |book: &super::story::Book| json!({"id": book.id, "name": book.name, "code": book.code, "version": book.version});
    json!({
        "full": sync.is_full,
        "count": sync.count,
        "newOrUpdated": sync.books.iter().map(book).collect::<Vec<_>>(),
        "removed": sync.removed,
        "pages": sync.pages,
        "deltaLink": sync.delta_link,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::bookshelf::{Bookshelf, plan};
    use crate::demo::package::own_package;
    use crate::demo::story::Book;

    fn facts() -> Facts {
        let book = |id: &str, name: &str, code: &str| Book { id: id.into(), name: name.into(), code: code.into(), version: Some(9) };
        let second_sync = Sync {
            is_full: false,
            count: 3,
            books: vec![book("b-10", "Demo Book 10", "BookCode10"), book("b-0", "Demo Book 0 updated", "BookCode0")],
            removed: vec!["b-1".into()],
            pages: 1,
            delta_link: "http://127.0.0.1:9/api/data/v9.2/drf_books?$select=a&$deltatoken=7%21x".into(),
        };
        Facts {
            plan: plan(&own_package().unwrap()).unwrap(),
            arrival: Arrival::Imported,
            shelf: Bookshelf {
                table: "drf_book".into(),
                set: "drf_books".into(),
                id_column: "drf_bookid".into(),
                name_column: "drf_name".into(),
                code_column: "drf_bookcode".into(),
                author_column: None,
            },
            first_books: Written { created: 10, existing: 0 },
            first_sync: Sync { is_full: true, pages: 1, ..Sync::default() },
            more_books: Written { created: 1, existing: 9 },
            second_sync,
        }
    }

    #[test] // CT-70: new or updated, then removed
    fn a_read_is_listed() {
        let expected = "\
What changed: 3 new or updated, 1 removed, 1 page.
New or updated:
  id    name                 code
  b-10  Demo Book 10         BookCode10
  b-0   Demo Book 0 updated  BookCode0
  ... and 1 more
Removed:
  b-1";
        assert_eq!(sync(&facts().second_sync), expected);
        assert_eq!(sync(&facts().first_sync), "Everything: 0 new or updated, 0 removed, 1 page.");
    }

    #[test]
    fn sentences() {
        assert_eq!(written(facts().first_books), "10 books created.");
        assert!(written(facts().more_books).starts_with("1 book created; 9 from an earlier run"));
    }

    #[test]
    fn commands_can_be_copied() {
        let ready =
            Ready { http: Some("http://127.0.0.1:9".into()), https: None, operations: None, ca: None, token_file: Some("/tmp/my data/token".into()), pid: 1 };
        let text = copyable(&ready, &facts(), false);
        let curl = "curl -H \"Authorization: Bearer $(cat '/tmp/my data/token')\"";
        assert!(text.contains(&format!("{curl} http://127.0.0.1:9/api/data/v9.2/WhoAmI\n")), "{text}");
        assert!(text.ends_with(&format!("{curl} 'http://127.0.0.1:9/api/data/v9.2/drf_books?$select=a&$deltatoken=7%21x'\n")), "{text}");
        assert!(!copyable(&ready, &facts(), true).contains("drf_books"));
        assert_eq!(shell("it's"), "'it'\\''s'");
    }

    #[test] // OPS-04: one stable document
    fn the_document() {
        let document = document(&facts(), vec![json!({"method": "GET"})], true, None);
        assert_eq!(document["solution"]["afterwards"], "deleted");
        assert_eq!(document["secondSync"]["newOrUpdated"][1]["code"], "BookCode0");
        assert_eq!((&document["service"], &document["requests"][0]["method"]), (&Value::Null, &json!("GET")));
    }
}
