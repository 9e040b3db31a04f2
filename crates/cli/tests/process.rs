//! The program as its users meet it: processes, exit codes, files and documents (OPS-04, OPS-06).

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![allow(clippy::disallowed_methods, reason = "a test of processes waits for them")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use driftless_client::ClientError;
use driftless_solution_file::{
    ColumnElement, ColumnType, Labels, Manifest, Package, Properties, Publisher, RequiredLevel, RootComponent, SolutionVersion, TableElement, write,
};
use serde_json::{Value, json};
use support::{Folder, Service, command, done, end_of, run, send};

/// Longest time in which a revoked token may still be accepted.
const REVOKED_AFTER: Duration = Duration::from_secs(1);
/// Longest time from SIGTERM to the end of a service that has nothing to do.
const END_AFTER: Duration = Duration::from_secs(10);

fn texts(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_service_announces_itself_and_ends_when_told() {
    let folder = Folder::new();
    let service = Service::start(&folder);
    let mut names: Vec<&String> = service.ready.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["ca", "http", "https", "pid", "token_file"]);
    assert!(service.url().starts_with("http://127.0.0.1:"));
    assert!(service.ready["https"].as_str().unwrap().starts_with("https://localhost:"));
    for file in ["ca", "token_file"] {
        assert!(std::fs::metadata(service.ready[file].as_str().unwrap()).unwrap().len() > 0, "{file}");
    }
    // The same is said inside the data folder, and both files go with the service.
    let inside = folder.data().join("ready.json");
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&inside).unwrap()).unwrap(), service.ready);

    let (status, took) = service.stop();
    assert_eq!(status.code(), Some(0));
    assert!(took < END_AFTER, "{took:?}");
    assert!(!inside.exists() && !folder.path().join("ready.json").exists());
}

#[test]
fn a_folder_has_one_service() {
    let folder = Folder::new();
    let _service = Service::start(&folder);
    let data = folder.data();
    let second = run(&["serve", "--http", "127.0.0.1:0", "--https", "none", "--data", data.to_str().unwrap()]);
    assert_eq!(second.code, Some(75), "{}", second.err);
    assert!(second.err.contains(data.to_str().unwrap()), "{}", second.err);
}

#[test] // AUTH-50
fn plain_http_stays_on_this_machine() {
    let folder = Folder::new();
    let refused = run(&["serve", "--http", "0.0.0.0:0", "--https", "none", "--data", folder.data().to_str().unwrap()]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("--http 0.0.0.0:0 is reachable from other machines without TLS"), "{}", refused.err);
    assert!(!folder.data().exists(), "nothing was made");
}

/// Lets the one record of the store's own state say a format from the future: the length and types of its columns are `0a 00 01 09 x`, where 1 stands for a
/// number of one byte, the format, 9 for the number 1 and x for the type of the epoch. The values follow, the format first.
fn write_newer_format(folder: &Folder) {
    let mut bytes = std::fs::read(folder.database()).unwrap();
    let is_state = |piece: &[u8]| piece.starts_with(&[0x0a, 0, 1, 9]) && (1..=6).contains(&piece[4]);
    let places: Vec<usize> = (0..bytes.len() - 11).filter(|at| is_state(&bytes[*at..])).collect();
    assert!(!places.is_empty(), "the record of the state is not where it was");
    for at in places {
        bytes[at + 10] = 0x7f;
    }
    std::fs::write(folder.database(), bytes).unwrap();
}

#[test]
fn a_folder_of_a_newer_format_is_left_alone() {
    let folder = Folder::new();
    Service::start(&folder).stop();
    folder.settle();
    write_newer_format(&folder);
    let written = std::fs::read(folder.database()).unwrap();
    let refused = run(&["serve", "--http", "127.0.0.1:0", "--https", "none", "--data", folder.data().to_str().unwrap()]);
    assert_eq!(refused.code, Some(78), "{}", refused.err);
    assert!(refused.err.contains("newer"), "{}", refused.err);
    assert!(std::fs::read(folder.database()).unwrap() == written, "the folder was changed");
}

#[test]
fn check_tells_a_clean_folder_from_a_damaged_one() {
    let folder = Folder::new();
    Service::start(&folder).stop();
    let data = folder.data();
    let data = data.to_str().unwrap();
    assert!(done(&["check", data]).out.ends_with("is clean\n"));
    let document = done(&["check", data, "--json"]).document();
    assert_eq!((&document["clean"], &document["findings"]), (&json!(true), &json!([])));
    assert!(document["facts"]["tables"].as_u64().unwrap() > 20, "{document}");

    folder.settle();
    let mut bytes = std::fs::read(folder.database()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 16 * 1024].fill(0xa5);
    std::fs::write(folder.database(), bytes).unwrap();
    let found = run(&["check", data, "--json"]);
    match found.code {
        Some(7) => assert!(!found.document()["findings"].as_array().unwrap().is_empty(), "{found:?}"),
        Some(74) => assert!(found.err.contains(data), "{found:?}"),
        _ => panic!("{found:?}"),
    }
}

#[test]
fn check_of_nothing_is_an_error() {
    let folder = Folder::new();
    assert_eq!(run(&["check", folder.data().to_str().unwrap()]).code, Some(74));
}

#[test] // AUTH-25
fn tokens_are_made_and_revoked_beside_a_running_service() {
    let folder = Folder::new();
    let service = Service::start(&folder);
    let data = folder.data();
    let data = data.to_str().unwrap();
    let made = done(&["token", "make", "nightly", "--scope", "read", "--days", "30", "--data", data, "--json"]).document();
    assert_eq!((&made["name"], &made["scopes"]), (&json!("nightly"), &json!(["read"])));
    let listed = done(&["token", "list", "--data", data, "--json"]);
    assert_eq!(texts(&listed.document()["tokens"], "name"), ["first administrator", "nightly"]);
    let secret = made["token"].as_str().unwrap();
    assert!(!listed.out.contains(secret));

    let connection = service.connection(secret);
    let begun = Instant::now();
    while connection.list_tables().is_err() {
        assert!(begun.elapsed() < END_AFTER, "the new token is not accepted");
        std::thread::sleep(Duration::from_millis(50));
    }
    let refused = connection.create_record("accounts", &json!({"name": "A"}));
    assert!(matches!(refused, Err(ClientError::Http { status: 403, .. })), "a token for reading cannot write");

    done(&["token", "revoke", "nightly", "--data", data]);
    let revoked = Instant::now();
    loop {
        let waited = revoked.elapsed();
        match connection.list_tables() {
            Err(ClientError::Http { status: 401, .. }) => break,
            Err(error) => panic!("{error}"),
            // What counts is when a request was sent, not how long a busy machine took to answer it.
            Ok(_) => assert!(waited < REVOKED_AFTER, "accepted {waited:?} after it was revoked"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(run(&["table", "list", "--url", service.url(), "--token", secret]).code, Some(10));
    assert_eq!(run(&["token", "revoke", "nightly", "--data", data]).code, Some(4));
}

#[test]
fn tables_keys_and_changes() {
    let folder = Folder::new();
    let service = Service::start(&folder);
    let ready = folder.path().join("ready.json");
    let at = ["--ready-file", ready.to_str().unwrap()];
    let tables = done(&["table", "list", "--tracked", "--json", at[0], at[1]]).document();
    assert!(texts(&tables["tables"], "logicalName").contains(&"account".to_owned()), "{tables}");
    assert!(done(&["table", "list", at[0], at[1]]).out.contains("contacts"));
    let shown = done(&["table", "show", "accounts", "--json", at[0], at[1]]).document();
    assert!(texts(&shown["columns"], "logicalName").contains(&"accountnumber".to_owned()));
    let unknown = run(&["table", "show", "acount", at[0], at[1]]);
    assert_eq!(unknown.code, Some(4));
    assert!(unknown.err.contains("account"), "{}", unknown.err);

    let key = done(&["key", "create", "account", "new_Number", "accountnumber", "--json", at[0], at[1]]).document();
    assert_eq!((&key["key"]["logicalName"], &key["key"]["status"]), (&json!("new_number"), &json!("Active")));
    let keys = done(&["key", "list", "account", "--json", at[0], at[1]]).document();
    assert_eq!(texts(&keys["keys"], "logicalName"), ["new_number"]);
    assert_eq!(run(&["key", "create", "account", "new_Nothing", "nothing", at[0], at[1]]).code, Some(1));
    assert_eq!(run(&["key", "create", "account", "new_Number", "name", at[0], at[1]]).code, Some(5), "the name is taken");
    assert_eq!(run(&["key", "reactivate", "account", "nope", at[0], at[1]]).code, Some(4));
    assert_eq!(run(&["changes", "account", "--since", "xyz", at[0], at[1]]).code, Some(2));

    let connection = service.connection(&service.token());
    connection.create_record("accounts", &json!({"name": "A", "accountnumber": "A-1"})).unwrap();
    let first = done(&["changes", "account", "--select", "name", "--json", at[0], at[1]]).lines();
    assert_eq!(kinds(&first), ["begin", "row", "link"]);
    assert_eq!((&first[0]["full"], &first[1]["row"]["name"]), (&json!(true), &json!("A")));
    connection.create_record("accounts", &json!({"name": "B"})).unwrap();
    let id = first[1]["id"].as_str().unwrap();
    connection.delete(&format!("accounts({id})"), &[]).unwrap();
    let link = first[2]["link"].as_str().unwrap();
    let second = done(&["changes", "account", "--since", link, "--json", at[0], at[1]]).lines();
    assert_eq!(kinds(&second), ["begin", "row", "removed", "link"]);
    assert_eq!((&second[0]["full"], &second[1]["row"]["name"], &second[2]["id"]), (&json!(false), &json!("B"), &json!(id)));
    let (status, _) = service.stop();
    assert_eq!(status.code(), Some(0));
    assert_eq!(run(&["changes", "account", "--url", "http://127.0.0.1:1"]).code, Some(20));
}

#[test] // STD-10
fn sample_data_is_made_once() {
    let folder = Folder::new();
    let ready = folder.path().join("ready.json");
    for start in 1..=2 {
        let service = Service::start_with(&["serve", "--sample"], &folder);
        let accounts = done(&["changes", "account", "--select", "name", "--json", "--ready-file", ready.to_str().unwrap()]).lines();
        assert_eq!(kinds(&accounts).iter().filter(|kind| **kind == "row").count(), 40, "start {start}");
        assert_eq!(service.stop().0.code(), Some(0));
    }
    done(&["check", folder.data().to_str().unwrap()]);
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["kind"].as_str().unwrap()).collect()
}

#[test]
fn solutions_come_and_go() {
    let folder = Folder::new();
    let service = Service::start(&folder);
    let token_file = service.ready["token_file"].as_str().unwrap();
    let at = ["--url", service.url(), "--token-file", token_file];
    let package = folder.path().join("shelves.zip");
    std::fs::write(&package, write(&shelves()).unwrap()).unwrap();
    let import = |more: &[&str]| done(&[&["solution", "import", package.to_str().unwrap(), "--json"], more, &at].concat()).document();

    assert!(import(&["--dry-run"])["dryRun"].as_str().unwrap().contains("Shelves 1.0.0.0"));
    let imported = import(&[]);
    assert_eq!((&imported["imported"], &imported["solution"]["uniqueName"]), (&json!(true), &json!("Shelves")));
    assert_eq!(import(&[])["imported"], json!(false), "this version is installed already");
    let list = || done(&[&["solution", "list", "--json"][..], &at].concat()).document();
    assert!(texts(&list()["solutions"], "uniqueName").contains(&"Shelves".to_owned()));
    assert!(done(&[&["table", "show", "tst_shelf"][..], &at].concat()).out.contains("tst_shelves"));

    let unasked = run(&[&["solution", "delete", "Shelves"][..], &at].concat());
    assert_eq!(unasked.code, Some(2), "nothing is destroyed unasked");
    let deleted = done(&[&["solution", "delete", "Shelves", "--yes", "--json"][..], &at].concat()).document();
    assert_eq!(deleted["deleted"]["uniqueName"], json!("Shelves"));
    assert!(!texts(&list()["solutions"], "uniqueName").contains(&"Shelves".to_owned()));
    assert_eq!(run(&[&["table", "show", "tst_shelf"][..], &at].concat()).code, Some(4));
}

/// A managed solution with one table.
fn shelves() -> Package {
    let label = |text: &str| Labels::from([(1033, text.to_owned())]);
    let properties = |flags: &[&str]| {
        let flags: BTreeMap<String, bool> = flags.iter().map(|flag| ((*flag).to_owned(), true)).collect();
        Properties { flags, ..Properties::default() }
    };
    let column = |schema_name: &str, title: &str| ColumnElement {
        schema_name: schema_name.into(),
        logical_name: schema_name.to_lowercase(),
        required_level: Some(RequiredLevel::Optional),
        labels: label(title),
        properties: properties(&["ValidForCreateApi", "ValidForUpdateApi", "ValidForReadApi", "IsCustomField", "IsCustomizable"]),
        ..ColumnElement::default()
    };
    let table = TableElement {
        schema_name: "tst_Shelf".into(),
        localized_name: Some("Shelf".into()),
        original_name: Some("Shelf".into()),
        set_name: Some("tst_shelves".into()),
        labels: label("Shelf"),
        collection_labels: label("Shelves"),
        columns: vec![
            ColumnElement { column_type: ColumnType::PrimaryKey, required_level: Some(RequiredLevel::SystemRequired), ..column("tst_ShelfId", "Shelf") },
            ColumnElement {
                format: Some("text".into()),
                max_length: Some(100),
                length_bytes: Some(200),
                display_mask: vec!["PrimaryName".into()],
                ..column("tst_Name", "Name")
            },
        ],
        ownership: Some("UserOwned".into()),
        properties: properties(&["ChangeTrackingEnabled", "IsCustomizable"]),
        ..TableElement::default()
    };
    Package {
        manifest: Manifest {
            unique_name: "Shelves".into(),
            labels: label("Shelves"),
            version: SolutionVersion::new(1, 0, 0, 0),
            managed: true,
            publisher: Publisher {
                unique_name: "shelftest".into(),
                labels: label("Shelf test"),
                prefix: Some("tst".into()),
                option_value_prefix: Some(20_000),
                ..Publisher::default()
            },
            root_components: vec![RootComponent { component_type: 1, schema_name: Some("tst_Shelf".into()), behavior: Some(0), ..RootComponent::default() }],
            ..Manifest::default()
        },
        tables: vec![table],
        languages: vec![1033],
        ..Package::default()
    }
}

#[test] // OPS-03
fn settings_say_where_they_come_from() {
    let folder = Folder::new();
    let file = folder.path().join("driftless.toml");
    std::fs::write(&file, "data = \"/srv/books\"\ntoken = \"drf_secret\"\n").unwrap();
    let shown = done(&["config", "show", "--origin", "--json", "--url", "http://127.0.0.1:9", "--config", file.to_str().unwrap()]);
    let document = shown.document();
    assert_eq!((&document["url"]["value"], &document["url"]["origin"]), (&json!("http://127.0.0.1:9"), &json!("flag")));
    assert_eq!(document["data"], json!({"value": "/srv/books", "origin": format!("file {}", file.display())}));
    assert_eq!(document["http"]["origin"], "built in");
    assert!(!shown.out.contains("drf_secret"));
    assert_eq!(run(&["config", "show", "--config", "/nonexistent.toml"]).code, Some(74));
    std::fs::write(&file, "dta = \"/srv/books\"\n").unwrap();
    let misspelt = run(&["config", "show", "--config", file.to_str().unwrap()]);
    assert_eq!(misspelt.code, Some(78));
    assert!(misspelt.err.contains("dta"), "{}", misspelt.err);
}

#[test]
fn the_demo_tells_its_story_to_programs() {
    let document = done(&["demo", "--delete", "--json"]).document();
    assert!(document.is_object() && document.to_string().contains("DriftlessBooks"), "{document}");
}

#[test] // OPS-06, OPS-07
fn the_demo_ends_when_told_and_leaves_nothing() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let mut command = command(&["demo", "--keep"]);
        let mut demo = command.env("TMPDIR", folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(demo.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        assert!(first.starts_with("A service runs on the temporary folder "), "{first}");
        send(&demo, signal);
        assert_eq!(end_of(&mut demo).code(), Some(130), "SIG{signal}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test] // OPS-07
fn following_ends_with_one_line() {
    let folder = Folder::new();
    let service = Service::start(&folder);
    let ready = folder.path().join("ready.json");
    let mut command = command(&["changes", "account", "--follow", "--json", "--ready-file", ready.to_str().unwrap()]);
    let mut following = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("\"link\"")));
    send(&following, "INT");
    assert_eq!(end_of(&mut following).code(), Some(130));
    let mut said = String::new();
    following.stderr.unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said.lines().filter(|line| line.starts_with("interrupted")).count(), 1, "{said}");
    drop(service);
}

#[test] // OPS-06
fn a_setting_that_cannot_be_is_told_by_every_command() {
    for (name, value) in [("DRIFTLESS_HTTP", "bad"), ("DRIFTLESS_EXPIRED_TOKENS", "x")] {
        for line in [&["config", "show"][..], &["table", "list"], &["token", "list"], &["serve"]] {
            let ended = command(line).env(name, value).output().unwrap();
            assert_eq!(ended.status.code(), Some(78), "{name} {line:?}");
            assert!(String::from_utf8(ended.stderr).unwrap().contains(name));
        }
    }
}

#[test] // OPS-06
fn a_wrong_command_line_is_a_usage_error() {
    let wrong = run(&["solutions"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("'solution'"), "{}", wrong.err);
}
