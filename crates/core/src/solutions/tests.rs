//! Whole ways of a package on the embedded store: import, import again, removal.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use driftless_model::{AssociatedMenu, Caller, KeyIndexStatus, Limits, LogicalName};
use driftless_query::Collector;
use driftless_solution_file::{
    CascadeAction, Cascades, ChoiceElement, ChoiceOption, ChoiceSource, ColumnElement, ColumnType, InertPart, KeyElement, Labels, Manifest, ManyToMany,
    OneToMany, Package, Properties, Publisher, RelationshipElement, RelationshipKind, RelationshipRole, RootComponent, SolutionVersion, TableElement,
    TableExtent, ViewElement, write,
};
use driftless_store::Store;
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

use super::*;
use crate::environment::SeededEnvironment;
use crate::messages::{Arg, Args, Outputs};
use crate::metadata::Origin;
use crate::metadata::validate::component_type;
use crate::organization::Organization;
use crate::request::{Define, Delete, Identity, Request, Response, Target};

const BOOKS: &str = "Books";

mod export;
mod upgrade;

/// An organization in a folder of its own.
struct TestOrg {
    organization: Arc<Organization>,
    store: Arc<SqliteStore>,
    caller: Arc<Caller>,
    folder: PathBuf,
}

impl TestOrg {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::temp_dir().join(format!("driftless-solutions-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let store = Arc::new(SqliteStore::open(&folder, &SqliteOptions::default()).unwrap());
        let environment = Arc::new(SeededEnvironment::new(7, 1_700_000_000_000));
        let organization = Organization::open(Arc::clone(&store) as Arc<dyn Store>, environment, Limits::default()).unwrap();
        let caller = Arc::new(Caller::user(organization.facts().administrator));
        Self { organization, store, caller, folder }
    }

    fn execute(&self, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Request>) -> Result<Response> {
        self.organization.execute(&self.caller, lower, &mut Collector::default())
    }

    fn call(&self, name: &str, args: &[(&'static str, Arg)]) -> Result<Outputs> {
        let def = crate::messages::MESSAGES.iter().find(|def| def.name == name).unwrap();
        match self.execute(&mut |_| Ok(Request::Message(def, Args(args.to_vec()))))? {
            Response::Outputs(outputs) => Ok(outputs),
            _ => panic!("a message gives outputs"),
        }
    }

    fn import(&self, package: &Package, job: u128) -> Result<Outputs> {
        self.call("ImportSolution", &arguments(package, job))
    }

    fn delete(&self, id: Uuid) -> Result<Response> {
        self.execute(&mut |snapshot| {
            let table = Arc::clone(snapshot.require("solution")?);
            Ok(Request::Delete(Delete { target: Target { table, identity: Identity::Id(id) }, if_version: None }))
        })
    }

    fn define(&self, define: &Define) -> Result<Response> {
        self.execute(&mut |_| Ok(Request::Define(define.clone())))
    }

    /// Values of all rows of a table.
    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Value>> {
        let snapshot = self.organization.snapshot();
        let rows = self.organization.store().reading(|tx| system::rows(tx, snapshot.require(table)?, columns, None)).unwrap();
        rows.iter().map(|row| (0..columns.len()).map(|at| row.value(at).clone()).collect()).collect()
    }

    fn solution(&self, name: &str) -> Option<Uuid> {
        let snapshot = self.organization.snapshot();
        let rows = self.organization.store().reading(|tx| system::rows(tx, snapshot.require("solution")?, &["uniquename"], None)).unwrap();
        rows.iter().find(|row| row.text(0) == name).map(|row| row.id)
    }

    /// All definitions and privileges in words, without times of change.
    fn definitions(&self) -> BTreeMap<String, String> {
        let snapshot = self.organization.snapshot();
        let mut all = BTreeMap::new();
        for table in snapshot.tables() {
            let def = driftless_model::TableDef { modified_on: 0, ..table.def.clone() };
            all.insert(format!("table {}", table.name()), format!("{def:?} {:?} {:?}", table.columns, table.keys));
        }
        all.extend(snapshot.relationships().map(|r| (format!("relationship {}", r.schema_name), format!("{r:?}"))));
        all.extend(snapshot.choices().map(|choice| (format!("choice {}", choice.name), format!("{choice:?}"))));
        all.extend(snapshot.inert().map(|part| (format!("part {}", part.id), format!("{part:?}"))));
        for (table, columns) in [("privilege", ["name", "accessright"]), ("roleprivileges", ["privilegeid", "roleid"])] {
            all.extend(self.rows(table, &columns).iter().map(|row| (format!("{table} {:?}", row[0]), format!("{:?}", row[1]))));
        }
        all
    }

    fn check(&self) {
        let snapshot = self.organization.snapshot();
        let tables: Vec<_> = snapshot.tables().cloned().collect();
        let relationships: Vec<_> = snapshot.relationships().map(|relationship| (**relationship).clone()).collect();
        let many_to_many: Vec<_> = snapshot.many_to_many().cloned().collect();
        let report = self.store.check(&tables, &relationships, &many_to_many).unwrap();
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
}

impl Drop for TestOrg {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn arguments(package: &Package, job: u128) -> Vec<(&'static str, Arg)> {
    let bytes = write(package).unwrap();
    vec![("CustomizationFile", Arg::Bytes(bytes.into())), ("ImportJobId", Arg::Guid(Uuid::from_u128(job)))]
}

fn english(text: &str) -> Labels {
    BTreeMap::from([(1033, text.to_owned())])
}

fn text(name: &str) -> ColumnElement {
    ColumnElement {
        schema_name: name.into(),
        logical_name: name.to_ascii_lowercase(),
        max_length: Some(100),
        labels: english(name),
        ..ColumnElement::default()
    }
}

fn one_to_many(name: &str, referencing: &str, column: &str, referenced: &str, delete: CascadeAction) -> RelationshipElement {
    RelationshipElement {
        name: name.into(),
        kind: RelationshipKind::OneToMany(Box::new(OneToMany {
            referencing_table: referencing.into(),
            referenced_table: referenced.into(),
            referencing_column: Some(column.into()),
            cascades: Cascades { delete: Some(delete), ..Cascades::default() },
            column: None,
        })),
        ..RelationshipElement::default()
    }
}

fn manifest() -> Manifest {
    Manifest {
        unique_name: BOOKS.into(),
        labels: english("Books of the test"),
        version: SolutionVersion::new(1, 0, 0, 0),
        managed: true,
        publisher: Publisher {
            unique_name: "smpublisher".into(),
            labels: english("Samples"),
            prefix: Some("smp".into()),
            option_value_prefix: Some(72_700),
            ..Publisher::default()
        },
        root_components: vec![RootComponent { component_type: component_type::TABLE, schema_name: Some("smp_Book".into()), ..RootComponent::default() }],
        ..Manifest::default()
    }
}

/// A package with one of each: a table with key, view and form, a lookup, a shared choice, additions to a built-in table, a file.
fn many_to_many(name: &str, first: &str, second: &str, intersect: &str) -> RelationshipElement {
    let role = |ordinal, option: &str| RelationshipRole {
        association_ordinal: Some(ordinal),
        properties: Properties { settings: BTreeMap::from([("NavPaneDisplayOption".into(), option.into())]), ..Properties::default() },
        ..RelationshipRole::default()
    };
    RelationshipElement {
        name: name.into(),
        kind: RelationshipKind::ManyToMany(ManyToMany { first_table: first.into(), second_table: second.into(), intersect_table: intersect.into() }),
        roles: vec![role(1, "UseCollectionName"), role(2, "DoNotDisplay")],
        ..RelationshipElement::default()
    }
}

fn books() -> Package {
    let shared = ChoiceElement {
        name: "smp_Genre".into(),
        labels: english("Genre"),
        options: vec![ChoiceOption { value: 727_000_000, labels: english("Novel"), ..ChoiceOption::default() }],
        ..ChoiceElement::default()
    };
    let key = |name: &str, column: &str| KeyElement {
        schema_name: name.into(),
        logical_name: name.to_ascii_lowercase(),
        columns: vec![column.into()],
        ..KeyElement::default()
    };
    let view = ViewElement {
        id: Some("{d253eef6-6aa3-4100-aa08-49217b90824a}".into()),
        labels: english("All books"),
        layout_xml: Some("<grid object=\"10050\"/>".into()),
        ..ViewElement::default()
    };
    let book = TableElement {
        schema_name: "smp_Book".into(),
        object_type_code: Some(10_050),
        labels: english("Book"),
        collection_labels: english("Books"),
        ownership: Some("UserOwned".into()),
        columns: vec![
            ColumnElement { display_mask: vec!["PrimaryName".into()], ..text("smp_Name") },
            text("smp_Code"),
            ColumnElement { column_type: ColumnType::Lookup, ..text("smp_AccountId") },
            ColumnElement { column_type: ColumnType::Money, ..text("smp_Price") },
            ColumnElement { column_type: ColumnType::Choice, choice: Some(ChoiceSource::Shared("smp_Genre".into())), ..text("smp_GenreCode") },
        ],
        keys: vec![key("smp_CodeKey", "smp_code")],
        views: vec![view],
        forms: Some("<FormXml><forms type=\"main\"/></FormXml>".into()),
        properties: Properties { flags: BTreeMap::from([("ChangeTrackingEnabled".to_owned(), true)]), ..Properties::default() },
        ..TableElement::default()
    };
    let account = TableElement {
        schema_name: "Account".into(),
        extent: TableExtent::Unmodified,
        columns: vec![text("smp_Reader")],
        keys: vec![key("smp_ReaderKey", "smp_reader")],
        ..TableElement::default()
    };
    Package {
        manifest: manifest(),
        tables: vec![book, account],
        relationships: vec![
            one_to_many("lk_smp_book_createdby", "smp_Book", "CreatedBy", "SystemUser", CascadeAction::NoCascade),
            one_to_many("smp_book_Annotations", "Annotation", "ObjectId", "smp_book", CascadeAction::Cascade),
            one_to_many("smp_book_SocialActivities", "SocialActivity", "RegardingObjectId", "smp_book", CascadeAction::Cascade),
            one_to_many("smp_book_AsyncOperations", "AsyncOperation", "RegardingObjectId", "smp_book", CascadeAction::NoCascade),
            one_to_many("smp_account_book", "smp_book", "smp_AccountId", "Account", CascadeAction::RemoveLink),
            many_to_many("smp_Reader_Book", "Contact", "smp_Book", "smp_reader_book"),
        ],
        choices: vec![shared],
        other_parts: vec![InertPart::file("WebResources/smp_logo", vec![0_u8, 159, 146])],
        ..Package::default()
    }
}

fn version(major: u32) -> Package {
    let mut package = books();
    package.manifest.version = SolutionVersion::new(major, 0, 0, 0);
    package
}

#[test] // SOL-12 to SOL-14, SOL-22, SOL-24, SOL-29
fn a_managed_solution_comes_and_goes() {
    let org = TestOrg::new();
    let before = org.definitions();
    let publishers = org.rows("publisher", &["uniquename"]);
    assert_eq!(org.solution(BOOKS), None);
    for round in 1..=2 {
        org.import(&books(), round).unwrap();
        let solution = org.solution(BOOKS).unwrap();
        org.organization.run_jobs().unwrap();
        let snapshot = org.organization.snapshot();
        let book = snapshot.require("smp_book").unwrap();
        assert!(book.def.managed && book.def.change_tracking);
        assert_eq!(book.keys.iter().map(|key| key.status).collect::<Vec<_>>(), [KeyIndexStatus::Active]);
        assert_eq!(snapshot.require("account").unwrap().key("smp_readerkey").unwrap().status, KeyIndexStatus::Active);
        let readers = snapshot.pairing("smp_book", "smp_Reader_Book").unwrap();
        assert!(readers.relationship.managed && readers.own().menu.behavior == driftless_model::MenuBehavior::DoNotDisplay);
        assert_eq!((readers.other().table.as_str(), readers.intersect().as_str()), ("contact", "smp_reader_book"));
        let layout = format!("object=\"{}\"", book.def.code);
        assert!(snapshot.inert().any(|part| part.kind == "view" && part.content.contains(&layout)));
        let jobs = org.rows("importjob", &["solutionname", "progress", "data"]);
        let job = &jobs[usize::try_from(round).unwrap() - 1];
        assert_eq!(job[..2], [Value::text(BOOKS), Value::Float(100.0)]);
        assert!(matches!(&job[2], Value::Text(log) if log.contains("smp_book_SocialActivities") && log.contains("result=\"skipped\"")));
        let notes = snapshot.require("annotation").unwrap();
        let object = notes.column(notes.require("objectid").unwrap()).lookup().unwrap();
        assert!(object.targets.iter().any(|target| target.as_str() == "smp_book"), "notes may regard books");
        org.check();
        org.delete(solution).unwrap();
        assert_eq!(org.definitions(), before);
        assert_eq!(org.solution(BOOKS), None);
        assert_eq!(org.rows("publisher", &["uniquename"]), publishers);
        assert_eq!(org.rows("solutioncomponent", &["objectid"]), Vec::<Vec<Value>>::new());
        org.check();
    }
}

#[test] // SOL-17: packages list the service's own columns, some of them with types of their own
fn a_package_that_lists_system_columns_is_applied_again() {
    let org = TestOrg::new();
    let mut package = books();
    package.tables[0].columns.push(ColumnElement { column_type: ColumnType::WholeNumber, ..text("OwnerIdType") });
    package.tables[0].columns.push(ColumnElement { column_type: ColumnType::Text, ..text("OwnerIdName") });
    for round in 1..=2 {
        org.import(&package, round).unwrap();
    }
    package.manifest.version = SolutionVersion::new(2, 0, 0, 0);
    org.import(&package, 3).unwrap();
    org.check();
}

#[test] // SOL-16 to SOL-18
fn an_update_adds_and_never_takes_away() {
    let org = TestOrg::new();
    org.import(&version(2), 1).unwrap();
    let first = org.definitions();
    org.import(&version(2), 2).unwrap();
    assert_eq!(org.definitions(), first);
    assert_eq!(org.import(&version(1), 3).unwrap_err().code().number(), 0x8004_8541);
    let mut next = version(3);
    next.tables[0].columns.truncate(2);
    next.tables[0].columns.push(text("smp_Extra"));
    org.import(&next, 4).unwrap();
    let snapshot = org.organization.snapshot();
    let book = snapshot.require("smp_book").unwrap();
    assert!(book.find("smp_extra").is_some() && book.find("smp_price").is_some());
    let mut other = version(3);
    other.manifest.publisher.unique_name = "somebody".into();
    assert_eq!(org.import(&other, 5).unwrap_err().code().number(), 0x8004_801c);
    let mut unmanaged = version(3);
    unmanaged.manifest.managed = false;
    assert_eq!(org.import(&unmanaged, 6).unwrap_err().code().number(), 0x8004_8041);
    assert_eq!(org.import(&version(3), 4).unwrap_err().code().number(), 0x8004_0237);
}

#[test] // SOL-13, SOL-22
fn a_failed_import_leaves_only_its_record() {
    let org = TestOrg::new();
    let before = org.definitions();
    let mut package = books();
    package.relationships.push(one_to_many("smp_x", "smp_book", "smp_ShelfId", "smp_shelf", CascadeAction::RemoveLink));
    assert_eq!(org.import(&package, 1).unwrap_err().code().number(), 0x8004_801d);
    assert_eq!(org.definitions(), before);
    assert_eq!(org.solution(BOOKS), None);
    let jobs = org.rows("importjob", &["progress", "data"]);
    assert_eq!(jobs[0][0], Value::Float(0.0));
    assert!(matches!(&jobs[0][1], Value::Text(log) if log.contains("0x8004801D")));
    let bad = vec![("CustomizationFile", Arg::Bytes(b"no package".as_slice().into()))];
    assert_eq!(org.call("ImportSolution", &bad).unwrap_err().code().number(), 0x8004_8060);
    org.check();
}

#[test] // SOL-16
fn imports_and_removals_run_as_jobs_one_at_a_time() {
    let org = TestOrg::new();
    let before = org.definitions();
    let outputs = org.call("ImportSolutionAsync", &arguments(&books(), 1)).unwrap();
    assert_eq!(outputs.0.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["AsyncOperationId", "ImportJobKey"]);
    assert_eq!(org.rows("importjob", &["progress"]), [[Value::Float(0.0)]]);
    assert_eq!(org.import(&books(), 2).unwrap_err().code().number(), 0x8007_1151);
    org.organization.run_jobs().unwrap();
    assert_eq!(org.rows("importjob", &["progress"])[0], [Value::Float(100.0)]);
    let name = vec![("SolutionUniqueName", Arg::Text(BOOKS.to_owned()))];
    org.call("UninstallSolutionAsync", &name).unwrap();
    assert_eq!(org.delete(org.solution(BOOKS).unwrap()).err().unwrap().code().number(), 0x8007_1151);
    org.organization.run_jobs().unwrap();
    assert_eq!(org.definitions(), before);
    assert!(org.rows("asyncoperation", &["statecode"]).iter().all(|row| row[0] == Value::Int(3)));
    assert_eq!(org.call("UninstallSolutionAsync", &name).unwrap_err().code().number(), 0x8004_8037);
    let mut package = books();
    package.relationships.push(one_to_many("smp_x", "smp_book", "smp_ShelfId", "smp_shelf", CascadeAction::RemoveLink));
    org.call("ImportSolutionAsync", &arguments(&package, 3)).unwrap();
    org.organization.run_jobs().unwrap();
    assert!(org.rows("asyncoperation", &["operationtype", "statuscode", "errorcode"]).contains(&vec![
        Value::Int(203),
        Value::Int(31),
        Value::Int(-2_147_188_707)
    ]));
    assert_eq!(org.definitions(), before);
}

#[test] // SOL-25 to SOL-28
fn what_others_need_stays() {
    let org = TestOrg::new();
    let before = org.definitions();
    assert_eq!(org.delete(org.organization.facts().default_solution).err().unwrap().code().number(), 0x8004_f005);
    org.import(&books(), 1).unwrap();
    let solution = org.solution(BOOKS).unwrap();
    let customizer = Origin::Customizer { solution: None };
    let lookup = crate::metadata::RelationshipSpec {
        id: None,
        schema_name: "new_book_contact".into(),
        referenced_table: LogicalName::from("smp_book"),
        referencing_table: LogicalName::from("contact"),
        lookup: crate::metadata::ColumnSpec {
            id: None,
            schema_name: "new_BookId".into(),
            kind: driftless_model::ColumnType::Lookup(driftless_model::LookupColumn { targets: Vec::new(), ..driftless_model::LookupColumn::of("smp_book") }),
            required: Default::default(),
            display_name: Default::default(),
            description: Default::default(),
            primary_name: false,
            secured: false,
            customizable: true,
        },
        referencing_navigation: None,
        referenced_navigation: None,
        cascade: Default::default(),
        hierarchical: false,
        menu: AssociatedMenu::default(),
        customizable: true,
    };
    let own_column = crate::metadata::ColumnSpec { schema_name: "new_Note".into(), kind: driftless_model::ColumnType::BigInt, ..lookup.lookup.clone() };
    org.define(&Define::CreateRelationship(lookup, customizer.clone())).ok().unwrap();
    let error = org.delete(solution).err().unwrap();
    assert_eq!(error.code().number(), 0x8004_f01d);
    assert!(error.message().contains("'new_bookid' of 'contact'"), "{error}");
    org.define(&Define::DeleteRelationship("new_book_contact".into())).ok().unwrap();
    // SOL-27
    org.define(&Define::CreateColumn(LogicalName::from("smp_book"), own_column, customizer)).ok().unwrap();
    org.delete(solution).ok().unwrap();
    assert_eq!(org.definitions(), before);
}

#[test] // SOL-25
fn an_unmanaged_solution_is_a_container_only() {
    let org = TestOrg::new();
    let mut package = books();
    package.manifest.managed = false;
    org.import(&package, 1).unwrap();
    let after = org.definitions();
    let components = org.rows("solutioncomponent", &["objectid"]).len();
    org.delete(org.solution(BOOKS).unwrap()).ok().unwrap();
    assert_eq!(org.definitions(), after);
    assert_eq!(org.rows("solutioncomponent", &["objectid"]).len(), components);
    // SOL-19
    assert_eq!(org.import(&books(), 2).unwrap_err().code().number(), 0x8004_f016);
}

#[test] // SOL-1, SOL-16
fn unreadable_packages_have_published_codes() {
    let too_new = "99.0".parse::<SolutionVersion>().unwrap();
    for (error, number) in [
        (PackageError::MissingPart { name: "solution.xml" }, 0x8004_8060),
        (PackageError::BadVersion { text: "1".into() }, 0x8004_f01e),
        (PackageError::BadUniqueName { text: "a b".into() }, 0x8004_f002),
        (PackageError::PackageVersionTooNew { found: too_new, newest: driftless_solution_file::NEWEST_PACKAGE_VERSION }, 0x8004_8068),
    ] {
        assert_eq!(package_error(&error).code().number(), number, "{error}");
    }
}
