//! Every failure point of every message: whichever call of the store fails, the request is refused and nothing of it is there; then the same request succeeds
//! (A3, REL-05).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod organization;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use driftless_core::metadata::{ChoiceSpec, ChoiceUpdate, ColumnUpdate, RelationshipUpdate, TableUpdate};
use driftless_core::{Arg, Association, Changes, Collection, Create, Define, Existence, Field, Identity, Record, Related, Request, Snapshot, Target, Upsert};
use driftless_model::{
    Cascade, CascadeAction, ChoiceColumn, ChoiceOption, ChoiceSource, ColumnIx, ColumnType, DeleteAction, ErrorCode, KeyIndexStatus, Label, LogicalName,
    MoneyColumn, Position, PrecisionSource, Reference, Result, Uuid, Value, Version,
};
use driftless_query::{CollectedRow, Collector, ResolvedOrder, ResolvedQuery, SecuredQuery};
use driftless_solution_file::{
    ChoiceElement, ChoiceSource as ChoiceOfFile, ColumnElement, ColumnType as TypeOfFile, KeyElement, Labels, Manifest, OneToMany, Package, Properties,
    Publisher, RelationshipElement, RelationshipKind, RootComponent, SolutionVersion, TableElement, write,
};
use driftless_store::fault::{Fault, FaultStore};
use driftless_store::{DefinitionKind, DefinitionRow, Store};
use driftless_store_sqlite::SqliteStore;
use driftless_testkit::TestFolder;
use organization::{BOOK, CUSTOMIZER, Org, column, create, delete, key, line, link, open_store, pairs, record, table, target, target_by_code, update};

/// More calls than any message makes: a guard against a loop without end.
const CALLS_MAX: u64 = 5_000;

const AUTHOR: &str = "new_author";

/// An organization whose store fails on demand.
struct Faulty {
    org: Org,
    faults: Arc<FaultStore<SqliteStore>>,
    store: Arc<SqliteStore>,
    _folder: TestFolder,
}

/// All that a message may change: definitions, rows of all tables, what the feed tells, numbers.
#[derive(Debug, PartialEq)]
struct Everything {
    number: Version,
    known: BTreeSet<Uuid>,
    definitions: Vec<DefinitionRow>,
    removed_definitions: Vec<(DefinitionKind, Uuid, Version)>,
    next_table_code: Option<String>,
    position: Option<Position>,
    rows: BTreeMap<LogicalName, Vec<CollectedRow>>,
    feeds: BTreeMap<LogicalName, (Vec<CollectedRow>, Vec<Uuid>)>,
}

/// What a failed message may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    Nothing,
    /// A row that says why an import failed (SOL-22).
    ImportJob,
}

impl Faulty {
    fn new() -> Self {
        let folder = organization::folder_with_books("faults");
        let store = open_store(folder.path());
        let faults = Arc::new(FaultStore::new(Arc::clone(&store)));
        let org = Org::open(Arc::clone(&faults) as Arc<dyn Store>, organization::environment());
        Self { org, faults, store, _folder: folder }
    }

    /// An organization with authors, whose books go with them and whose friends' books do not.
    fn with_authors() -> Self {
        let faulty = Self::new();
        let goes_along = Cascade { delete: DeleteAction::Cascade, assign: CascadeAction::Cascade, ..Cascade::default() };
        for define in [
            Define::CreateTable(table("new_Author"), CUSTOMIZER),
            Define::CreateRelationship(link("new_author_books", AUTHOR, BOOK, "new_AuthorId", goes_along), CUSTOMIZER),
            Define::CreateRelationship(link("new_friend_books", AUTHOR, BOOK, "new_FriendId", Cascade::default()), CUSTOMIZER),
        ] {
            faulty.org.define(&define).unwrap();
        }
        faulty
    }

    /// The feeds of all tracked tables from now on.
    fn feeds(&self) -> Vec<Changes> {
        let snapshot = self.org.organization.snapshot();
        let tracked = snapshot.tables().filter(|table| table.def.change_tracking);
        let feeds = tracked.map(|table| Changes { token: Some(self.org.token(table.name())), ..organization::changes(table.name(), &[]) });
        feeds.collect()
    }

    /// Looks at everything, past the definitions that the organization knows.
    fn look(&self, feeds: &[Changes], leaves: Leaves) -> Everything {
        let known = self.org.organization.snapshot();
        let mut all = (&*self.store as &dyn Store)
            .reading(|tx| {
                let mut rows = BTreeMap::new();
                for table in Snapshot::load(tx)?.tables() {
                    let stored: Vec<ColumnIx> = table.indexed().filter(|(_, column)| column.is_stored()).map(|(ix, _)| ix).collect();
                    let by_id = ResolvedOrder::own(table.id);
                    let query = ResolvedQuery { orders: vec![by_id], ..ResolvedQuery::plain(table, &stored, None) };
                    let mut found = Collector::default();
                    tx.select(&SecuredQuery::unrestricted(query, "a test looks at everything"), None, &mut found)?;
                    rows.insert(table.name().clone(), found.rows);
                }
                let mut definitions = Vec::new();
                tx.definitions(Version(0), &mut |row| {
                    definitions.push(row);
                    Ok(())
                })?;
                Ok(Everything {
                    number: tx.metadata_number()?,
                    known: known.ids(),
                    definitions,
                    removed_definitions: tx.removed_definitions(Version(0))?,
                    next_table_code: tx.setting("next_table_code")?,
                    position: Some(tx.position()?),
                    rows,
                    feeds: BTreeMap::new(),
                })
            })
            .unwrap();
        assert_eq!(known.number(), all.number, "the organization knows the definitions of the store");
        for feed in feeds {
            let (page, found) = self.org.changes(feed).unwrap();
            assert!(page.delta && page.next.is_none());
            all.feeds.insert(feed.table.clone(), (found.rows, found.removed));
        }
        if leaves == Leaves::ImportJob {
            all.position = None;
            all.rows.remove("importjob");
            all.feeds.remove("importjob");
        }
        all
    }

    /// Lets each call of a message fail, one after the other; at last none fails, and the message succeeds.
    fn each_call_fails(&self, what: &str, leaves: Leaves, message: impl Fn(&Org) -> Result<()>) {
        let feeds = self.feeds();
        let before = self.look(&feeds, leaves);
        for call in 1..CALLS_MAX {
            let (fault, expected) = if call % 2 == 0 { (Fault::Full, ErrorCode::StoreUnavailable) } else { (Fault::Failed, ErrorCode::UnExpected) };
            self.faults.fail_at(call, fault);
            let outcome = message(&self.org);
            let fired = self.faults.has_fired();
            self.faults.calm();
            if !fired {
                outcome.unwrap_or_else(|error| panic!("{what}: refused without a fault: {error:?}"));
                assert!(call > 1, "{what}: no call was made");
                assert_ne!(self.look(&[], leaves), Everything { feeds: BTreeMap::new(), ..before }, "{what}: nothing was done");
                self.check(what);
                return;
            }
            let Err(error) = outcome else { panic!("{what}: call {call} failed, but the message did not") };
            assert_eq!(error.code(), expected, "{what}: call {call}: {error:?}");
            let after = self.look(&feeds, leaves);
            assert!(after == before, "{what}: call {call} failed and left something behind: {}", difference(&before, &after));
        }
        panic!("{what}: made more than {CALLS_MAX} calls");
    }

    /// The folder is sound.
    fn check(&self, what: &str) {
        let snapshot = self.org.organization.snapshot();
        let tables: Vec<_> = snapshot.tables().cloned().collect();
        let relationships: Vec<_> = snapshot.relationships().map(|relationship| (**relationship).clone()).collect();
        let many_to_many: Vec<_> = snapshot.many_to_many().cloned().collect();
        let report = self.store.check(&tables, &relationships, &many_to_many).unwrap();
        assert!(report.findings.is_empty(), "{what}: {:?}", report.findings);
    }

    fn request(&self, what: &str, lower: impl Fn(&Snapshot) -> Result<Request>) {
        self.each_call_fails(what, Leaves::Nothing, |org| org.execute(&mut |snapshot| lower(snapshot)).map(drop));
    }

    fn define(&self, define: &Define) {
        self.each_call_fails(&format!("{define:?}"), Leaves::Nothing, |org| org.define(define).map(drop));
    }

    fn reference(&self, table: &str, id: Uuid) -> Value {
        Value::Ref(Reference { table: self.org.organization.snapshot().require(table).unwrap().def.code, id })
    }

    /// Values of all rows of a table.
    fn values(&self, table: &str, columns: &[&str]) -> Vec<Vec<Value>> {
        let snapshot = self.org.organization.snapshot();
        let table = snapshot.require(table).unwrap();
        let columns: Vec<_> = columns.iter().map(|name| table.require(name).unwrap()).collect();
        let query = SecuredQuery::unrestricted(ResolvedQuery::plain(table, &columns, None), "a test");
        let mut found = Collector::default();
        self.store.read(&mut |tx| Ok(tx.select(&query, None, &mut found).map(drop)?)).unwrap();
        found.rows.into_iter().map(|row| row.values[2..].to_vec()).collect()
    }

    fn key_status(&self, table: &str, key: &str) -> KeyIndexStatus {
        self.org.organization.snapshot().require(table).unwrap().key(key).unwrap().status
    }
}

/// The parts in which two states differ, in short.
fn difference(before: &Everything, after: &Everything) -> String {
    let mut parts = Vec::new();
    let mut part = |name: &str, is: bool| {
        if is {
            parts.push(name.to_owned());
        }
    };
    part("the metadata number", before.number != after.number);
    part("the known definitions", before.known != after.known);
    part("the definitions", before.definitions != after.definitions);
    part("the removed definitions", before.removed_definitions != after.removed_definitions);
    part("the next table code", before.next_table_code != after.next_table_code);
    part("the position", before.position != after.position);
    for (table, rows) in &after.rows {
        part(&format!("rows of {table}"), before.rows.get(table) != Some(rows));
    }
    for (table, feed) in &after.feeds {
        part(&format!("the feed of {table}"), before.feeds.get(table) != Some(feed));
    }
    parts.join(", ")
}

fn text(text: &str) -> Value {
    Value::text(text)
}

/// An upsert by the key `new_bycode`.
fn upsert(snapshot: &Snapshot, code: &str, name: &str) -> Result<Request> {
    let record = record(snapshot, BOOK, &[("new_name", text(name))])?;
    let target = target_by_code(&record.table, "new_code", text(code))?;
    Ok(Request::Upsert(Upsert { target, record, existence: Existence::MayCreate, returning: None }))
}

#[test]
fn records() {
    let faulty = Faulty::with_authors();
    let org = &faulty.org;
    let book = org.create(BOOK, None, &[("new_name", text("Emma")), ("new_code", text("E"))]).unwrap();
    let author = Uuid::from_u128(0xa1);
    // UP-26: related rows are made and linked.
    faulty.request("a create with related rows", |snapshot| {
        let relationship = |name: &str| Collection::Children(Arc::clone(snapshot.relationship(name).unwrap()));
        let child = |name: &str| record(snapshot, BOOK, &[("new_name", text(name)), ("new_code", text(name))]);
        let related = vec![
            Related::Children(relationship("new_author_books"), vec![child("Iliad")?, child("Odyssey")?]),
            Related::Links(relationship("new_friend_books"), vec![target(snapshot, BOOK, book)?]),
        ];
        Ok(create(Record { id: Some(author), related, ..record(snapshot, AUTHOR, &[("new_name", text("Homer"))])? }))
    });
    faulty.request("a create with a parent", |snapshot| {
        let of = record(snapshot, BOOK, &[("new_name", text("Aeneid")), ("new_code", text("A"))])?;
        let parent = Related::Parent(of.table.require("new_authorid")?, Box::new(record(snapshot, AUTHOR, &[("new_name", text("Virgil"))])?));
        Ok(create(Record { related: vec![parent], ..of }))
    });
    // SU-5, SU-18: owner, state and a column in one write, and the owner of the books with it.
    let team = org.create("team", None, &[("name", text("Readers"))]).unwrap();
    let team = faulty.reference("team", team);
    faulty.request("an update of owner, state and name", |snapshot| {
        let values = [("new_name", text("Ομηρος")), ("ownerid", team.clone()), ("statecode", Value::Int(1)), ("statuscode", Value::Int(2))];
        Ok(update(target(snapshot, AUTHOR, author)?, record(snapshot, AUTHOR, &values)?))
    });
    let owners = faulty.values(BOOK, &["new_code", "ownerid"]);
    assert!(owners.contains(&vec![text("Iliad"), team.clone()]), "{owners:?}");
    faulty.request("an upsert that makes a row", |snapshot| upsert(snapshot, "U", "first"));
    faulty.request("an upsert that changes a row", |snapshot| upsert(snapshot, "U", "second"));
    for what in ["an upsert by id that makes a row", "an upsert by id that changes a row"] {
        faulty.request(what, |snapshot| {
            let target = target(snapshot, BOOK, Uuid::from_u128(0xb1))?;
            let record = record(snapshot, BOOK, &[("new_name", text(what))])?;
            Ok(Request::Upsert(Upsert { target, record, existence: Existence::MayCreate, returning: None }))
        });
    }
    faulty.request("a disassociate", |snapshot| {
        let collection = Collection::Children(Arc::clone(snapshot.relationship("new_friend_books").unwrap()));
        Ok(Request::Disassociate(Association { target: target(snapshot, AUTHOR, author)?, collection, related: vec![target(snapshot, BOOK, book)?] }))
    });
    faulty.define(&Define::CreateManyToMany(pairs("new_Author_Book", AUTHOR, BOOK), CUSTOMIZER));
    let pair = |snapshot: &Snapshot| {
        let collection = snapshot.collection(AUTHOR, "new_Author_Book").unwrap();
        Ok(Association { target: target(snapshot, AUTHOR, author)?, collection, related: vec![target(snapshot, BOOK, book)?] })
    };
    faulty.request("an associate over pairs", |snapshot| pair(snapshot).map(Request::Associate));
    faulty.request("a disassociate over pairs", |snapshot| pair(snapshot).map(Request::Disassociate));
    faulty.org.execute(&mut |snapshot| pair(snapshot).map(Request::Associate)).unwrap();
    faulty.request("many creates", |snapshot| {
        let one = |name: &str| Ok(create(record(snapshot, BOOK, &[("new_name", text(name)), ("new_code", text(name))])?));
        Ok(Request::Multiple(["M1", "M2", "M3"].into_iter().map(one).collect::<Result<_>>()?))
    });
    faulty.each_call_fails("a change set", Leaves::Nothing, |org| org.execute_all(&mut |snapshot| change_set(snapshot, book)).map(drop));
    org.update(BOOK, book, &[("new_friendid", faulty.reference(AUTHOR, author))]).unwrap();
    // UP-27, CT-15
    faulty.request("a delete with cascades", |snapshot| Ok(delete(target(snapshot, AUTHOR, author)?)));
    let left = faulty.values(BOOK, &["new_code", "new_friendid"]);
    assert!(left.contains(&vec![text("E"), Value::Null]) && !left.iter().any(|row| row[0] == text("Iliad")), "{left:?}");
}

/// Writes of every kind, one of which refers to the row of another by its place.
fn change_set(snapshot: &Snapshot, book: Uuid) -> Result<Vec<Request>> {
    let authors = Arc::clone(snapshot.require(AUTHOR)?);
    let mut of = record(snapshot, BOOK, &[("new_name", text("Eclogues")), ("new_code", text("Ecl"))])?;
    of.fields.push((of.table.require("new_authorid")?, Field::Lookup(Target { table: Arc::clone(&authors), identity: Identity::Result(0) })));
    Ok(vec![
        create(record(snapshot, AUTHOR, &[("new_name", text("Maro"))])?),
        Request::Create(Create { record: of, returning: None }),
        update(target(snapshot, BOOK, book)?, record(snapshot, BOOK, &[("new_name", text("Emma II"))])?),
        upsert(snapshot, "Set", "by key")?,
        upsert(snapshot, "Set", "again")?,
        delete(target_by_code(snapshot.require(BOOK)?, "new_code", text("M1"))?),
    ])
}

#[test]
fn tables_columns_and_choices() {
    let faulty = Faulty::new();
    faulty.org.create(BOOK, None, &[("new_name", text("Emma")), ("new_code", text("E"))]).unwrap();
    let book = || LogicalName::from(BOOK);
    faulty.define(&Define::CreateTable(table("new_Author"), CUSTOMIZER));
    faulty.define(&Define::UpdateTable(AUTHOR.into(), TableUpdate { display_name: Some(Label::english("Writer")), ..TableUpdate::default() }));
    faulty.define(&Define::CreateColumn(book(), column("new_Title", line(20)), CUSTOMIZER));
    faulty.define(&Define::UpdateColumn(book(), "new_title".into(), ColumnUpdate { kind: Some(line(40)), ..ColumnUpdate::default() }));
    let money = MoneyColumn { min: 0, max: 1_000_000, precision: 2, source: PrecisionSource::Column, is_base: false };
    faulty.define(&Define::CreateColumn(book(), column("new_Price", ColumnType::Money(money)), CUSTOMIZER));
    let genre = ChoiceSpec {
        id: None,
        name: "new_Genre".to_owned(),
        display_name: Label::english("Genre"),
        description: Label::default(),
        options: vec![ChoiceOption::new(1, "Novel"), ChoiceOption::new(2, "Verse")],
        customizable: true,
    };
    faulty.define(&Define::CreateChoice(genre, CUSTOMIZER));
    faulty.define(&Define::UpdateChoice("new_genre".into(), ChoiceUpdate { display_name: Some(Label::english("Kind")), ..ChoiceUpdate::default() }));
    let of_genre = ColumnType::Choice(ChoiceColumn { choice: ChoiceSource::Global("new_genre".into()), default: None });
    faulty.define(&Define::CreateColumn(book(), column("new_GenreCode", of_genre), CUSTOMIZER));
    for name in ["new_genrecode", "new_price", "new_title"] {
        faulty.define(&Define::DeleteColumn(book(), name.into()));
    }
    faulty.define(&Define::DeleteChoice("new_genre".into()));
    faulty.define(&Define::DeleteTable(AUTHOR.into()));
    faulty.define(&Define::DeleteTable(book()));
}

#[test]
fn relationships_and_keys() {
    let faulty = Faulty::new();
    faulty.org.define(&Define::CreateTable(table("new_Author"), CUSTOMIZER)).unwrap();
    for code in ["A", "B"] {
        faulty.org.create(BOOK, None, &[("new_name", text("the same")), ("new_code", text(code))]).unwrap();
    }
    faulty.define(&Define::CreateRelationship(link("new_author_books", AUTHOR, BOOK, "new_AuthorId", Cascade::default()), CUSTOMIZER));
    let cascade = Some(Cascade { delete: DeleteAction::Cascade, ..Cascade::default() });
    faulty.define(&Define::UpdateRelationship("new_author_books".to_owned(), RelationshipUpdate { cascade, ..RelationshipUpdate::default() }));
    faulty.define(&Define::DeleteRelationship("new_author_books".to_owned()));
    faulty.define(&key("new_ByName", "new_name"));
    faulty.org.organization.run_jobs().unwrap();
    assert_eq!(faulty.key_status(BOOK, "new_byname"), KeyIndexStatus::Failed);
    faulty.each_call_fails("ReactivateEntityKey", Leaves::Nothing, |org| reactivate(org, "new_byname"));
    faulty.define(&Define::DeleteKey(BOOK.into(), "new_byname".into()));
    faulty.define(&Define::DeleteKey(BOOK.into(), "new_bycode".into()));
}

fn reactivate(org: &Org, key: &str) -> Result<()> {
    let args = [("EntityLogicalName", Arg::Text(BOOK.to_owned())), ("EntityKeyLogicalName", Arg::Text(key.to_owned()))];
    org.message("ReactivateEntityKey", &args).map(drop)
}

/// A job is no request: one that a fault ended says so, and the key can be activated again (AK-12, AK-13).
#[test]
fn the_job_of_a_key() {
    let faulty = Faulty::new();
    faulty.org.create(BOOK, None, &[("new_name", text("Emma"))]).unwrap();
    for call in 1..CALLS_MAX {
        faulty.org.define(&key("new_ByName", "new_name")).unwrap();
        faulty.faults.fail_at(call, Fault::Failed);
        faulty.org.organization.run_jobs().unwrap();
        let fired = faulty.faults.has_fired();
        faulty.faults.calm();
        faulty.check("the job of a key");
        if fired {
            assert_eq!(faulty.key_status(BOOK, "new_byname"), KeyIndexStatus::Failed, "call {call}");
            reactivate(&faulty.org, "new_byname").unwrap();
            faulty.org.organization.run_jobs().unwrap();
        }
        assert_eq!(faulty.key_status(BOOK, "new_byname"), KeyIndexStatus::Active, "call {call}");
        faulty.check("the job of a key that was activated again");
        if !fired {
            let jobs = faulty.values("asyncoperation", &["statecode", "statuscode"]);
            let failed = jobs.iter().filter(|job| **job == [Value::Int(3), Value::Int(31)]).count();
            assert_eq!(u64::try_from(failed).unwrap(), call - 1, "one failed job for each call that failed");
            assert!(jobs.iter().all(|job| job[0] == Value::Int(3)), "{jobs:?}");
            return;
        }
        faulty.org.define(&Define::DeleteKey(BOOK.into(), "new_byname".into())).unwrap();
    }
}

#[test]
fn business_units() {
    let faulty = Faulty::with_authors();
    let org = &faulty.org;
    let root = org.organization.facts().root_business_unit;
    let unit = Uuid::from_u128(0xc1);
    faulty.request("a new business unit", |snapshot| Ok(create(Record { id: Some(unit), ..record(snapshot, "businessunit", &[("name", text("North"))])? })));
    let other = org.create("businessunit", None, &[("name", text("South"))]).unwrap();
    let set = |what: &str, table: &'static str, id: Uuid, column: &'static str, value: Value| {
        faulty.request(what, |snapshot| Ok(update(target(snapshot, table, id)?, record(snapshot, table, &[(column, value.clone())])?)));
    };
    set("a renamed business unit", "businessunit", unit, "name", text("North-West"));
    set("a moved business unit", "businessunit", unit, "parentbusinessunitid", faulty.reference("businessunit", other));
    // SU-20: a user or team that moves takes its rows along.
    let user = Uuid::from_u128(0xd1);
    faulty.request("a new user", |snapshot| {
        let values = [("domainname", text("reader")), ("firstname", text("Re")), ("lastname", text("Ader"))];
        Ok(create(Record { id: Some(user), ..record(snapshot, "systemuser", &values)? }))
    });
    let team = org.create("team", None, &[("name", text("Readers"))]).unwrap();
    for owner in [faulty.reference("systemuser", user), faulty.reference("team", team)] {
        org.create(BOOK, None, &[("new_name", text("owned")), ("ownerid", owner)]).unwrap();
    }
    set("a user who moves", "systemuser", user, "businessunitid", faulty.reference("businessunit", unit));
    set("a team that moves", "team", team, "businessunitid", faulty.reference("businessunit", unit));
    for id in [user, team] {
        let (table, back) = (if id == user { "systemuser" } else { "team" }, faulty.reference("businessunit", root));
        org.update(table, id, &[("businessunitid", back)]).unwrap();
    }
    set("a disabled business unit", "businessunit", unit, "isdisabled", Value::Bool(true));
    faulty.request("a deleted business unit", |snapshot| Ok(delete(target(snapshot, "businessunit", unit)?)));
}

fn english(text: &str) -> Labels {
    BTreeMap::from([(1033, text.to_owned())])
}

fn text_element(name: &str) -> ColumnElement {
    ColumnElement {
        schema_name: name.into(),
        logical_name: name.to_ascii_lowercase(),
        max_length: Some(100),
        labels: english(name),
        ..ColumnElement::default()
    }
}

/// A managed package: a table with key, lookup and shared choice, and a column and key of a built-in table.
fn package(version: u32) -> Package {
    let key = |name: &str, column: &str| KeyElement {
        schema_name: name.into(),
        logical_name: name.to_ascii_lowercase(),
        columns: vec![column.into()],
        ..KeyElement::default()
    };
    let genre = ChoiceElement {
        name: "smp_Genre".into(),
        labels: english("Genre"),
        options: vec![driftless_solution_file::ChoiceOption { value: 727_000_000, labels: english("Novel"), ..Default::default() }],
        ..ChoiceElement::default()
    };
    let poem = TableElement {
        schema_name: "smp_Poem".into(),
        object_type_code: Some(10_050),
        labels: english("Poem"),
        collection_labels: english("Poems"),
        ownership: Some("UserOwned".into()),
        columns: vec![
            ColumnElement { display_mask: vec!["PrimaryName".into()], ..text_element("smp_Name") },
            text_element("smp_Code"),
            ColumnElement { column_type: TypeOfFile::Lookup, ..text_element("smp_AccountId") },
            ColumnElement { column_type: TypeOfFile::Choice, choice: Some(ChoiceOfFile::Shared("smp_Genre".into())), ..text_element("smp_GenreCode") },
        ],
        keys: vec![key("smp_CodeKey", "smp_code")],
        properties: Properties { flags: BTreeMap::from([("ChangeTrackingEnabled".to_owned(), true)]), ..Properties::default() },
        ..TableElement::default()
    };
    let account = TableElement {
        schema_name: "Account".into(),
        extent: driftless_solution_file::TableExtent::Unmodified,
        columns: (1..=version).map(|number| text_element(&format!("smp_Reader{number}"))).collect(),
        keys: vec![key("smp_ReaderKey", "smp_reader1")],
        ..TableElement::default()
    };
    let of_account = RelationshipElement {
        name: "smp_account_poem".into(),
        kind: RelationshipKind::OneToMany(Box::new(OneToMany {
            referencing_table: "smp_Poem".into(),
            referenced_table: "Account".into(),
            referencing_column: Some("smp_AccountId".into()),
            cascades: Default::default(),
            column: None,
        })),
        ..RelationshipElement::default()
    };
    let manifest = Manifest {
        unique_name: "Poems".into(),
        labels: english("Poems"),
        version: SolutionVersion::new(version, 0, 0, 0),
        managed: true,
        publisher: Publisher {
            unique_name: "smpublisher".into(),
            labels: english("Samples"),
            prefix: Some("smp".into()),
            option_value_prefix: Some(72_700),
            ..Publisher::default()
        },
        root_components: vec![RootComponent { component_type: 1, schema_name: Some("smp_Poem".into()), ..RootComponent::default() }],
        ..Manifest::default()
    };
    Package { manifest, tables: vec![poem, account], relationships: vec![of_account], choices: vec![genre], ..Package::default() }
}

fn import_arguments(version: u32) -> [(&'static str, Arg); 1] {
    [("CustomizationFile", Arg::Bytes(write(&package(version)).unwrap().into()))]
}

impl Faulty {
    fn solution(&self) -> Option<Uuid> {
        let rows = self.values("solution", &["uniquename", "solutionid"]);
        rows.iter().find(|row| row[0] == text("Poems")).and_then(|row| row[1].id())
    }
}

#[test] // SOL-13, SOL-22, SOL-24
fn solutions() {
    let faulty = Faulty::new();
    let definitions = faulty.org.organization.snapshot().ids();
    for version in [1, 2] {
        let arguments = import_arguments(version);
        faulty.each_call_fails(&format!("import of version {version}"), Leaves::ImportJob, |org| org.message("ImportSolution", &arguments).map(drop));
        let records = faulty.values("importjob", &["progress", "completedon"]);
        assert!(records.iter().all(|record| record[1] != Value::Null), "each import says when it ended");
        faulty.org.organization.run_jobs().unwrap();
        faulty.org.create("smp_poem", None, &[("smp_name", text("Ode")), ("smp_code", Value::text(format!("{version}")))]).unwrap();
    }
    let solution = faulty.solution().unwrap();
    faulty.request("removal of a solution", |snapshot| Ok(delete(target(snapshot, "solution", solution)?)));
    assert_eq!(faulty.org.organization.snapshot().ids(), definitions);
}

#[test] // SOL-13, SOL-22: jobs of solutions leave nothing but their records
fn the_jobs_of_solutions() {
    let faulty = Faulty::new();
    let arguments = import_arguments(1);
    faulty.each_call_fails("ImportSolutionAsync", Leaves::Nothing, |org| org.message("ImportSolutionAsync", &arguments).map(drop));
    let before = faulty.org.organization.snapshot().ids();
    // The jobs of the imported keys run after that of the import: once the solution is there, the rest is theirs.
    for call in 1..CALLS_MAX {
        assert!(faulty.job_fails(call) || faulty.solution().is_some(), "import: call {call}: the job did nothing");
        if faulty.solution().is_some() {
            break;
        }
        assert!(faulty.org.organization.snapshot().ids() == before, "import: call {call} left definitions behind");
        faulty.check("the job of an import");
        faulty.org.message("ImportSolutionAsync", &arguments).unwrap();
    }
    let imports = faulty.values("importjob", &["name", "completedon"]);
    assert!(imports.iter().all(|import| import[0] == text("Poems") && import[1] != Value::Null), "each import says when it ended: {imports:?}");
    let imported = faulty.org.organization.snapshot().ids();
    let name = [("SolutionUniqueName", Arg::Text("Poems".to_owned()))];
    faulty.each_call_fails("UninstallSolutionAsync", Leaves::Nothing, |org| org.message("UninstallSolutionAsync", &name).map(drop));
    for call in 1..CALLS_MAX {
        if !faulty.job_fails(call) {
            break;
        }
        assert!(faulty.org.organization.snapshot().ids() == imported, "removal: call {call} left something undone or done");
        faulty.org.message("UninstallSolutionAsync", &name).unwrap();
    }
    assert!(faulty.org.organization.snapshot().ids() == before && faulty.solution().is_none());
    faulty.check("removal as a job");
}

impl Faulty {
    /// Runs the jobs that wait with a fault. True if it was met: then the job has failed.
    fn job_fails(&self, call: u64) -> bool {
        self.faults.fail_at(call, Fault::Failed);
        self.org.organization.run_jobs().unwrap();
        let fired = self.faults.has_fired();
        self.faults.calm();
        let jobs = self.values("asyncoperation", &["statecode"]);
        assert!(jobs.iter().all(|job| job[0] == Value::Int(3)), "call {call}: every job has ended: {jobs:?}");
        fired
    }
}
