//! Declarations as they are written, and what an older store gets.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use driftless_model::{ColumnType, Label, Ownership, RequiredLevel, TextColumn, TextFormat, Value};
use driftless_query::fetch::{self, FetchLimits};
use driftless_query::{Circumstances, resolve};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

use super::*;
use crate::environment::SeededEnvironment;
use crate::metadata::validate::Removal;
use crate::metadata::{self, ColumnSpec, Origin, TableSpec};
use crate::organization::Organization;
use crate::records::system;

/// A store in a folder of its own.
struct Folder {
    store: Arc<dyn Store>,
    path: PathBuf,
}

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!("driftless-seed-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let store = Arc::new(SqliteStore::open(&path, &SqliteOptions::default()).unwrap());
        Self { store, path }
    }

    /// Opens the organization as a start of the program does.
    fn start(&self) -> Arc<Organization> {
        let environment = Arc::new(SeededEnvironment::new(7, 1_700_000_000_000));
        Organization::open(Arc::clone(&self.store), environment, Limits::default()).unwrap()
    }

    /// Opens it as a program did that had no other tables than these.
    fn start_with(&self, tables: &[&'static str]) -> Facts {
        let environment: Arc<dyn Environment> = Arc::new(SeededEnvironment::new(7, 1_600_000_000_000));
        prepare_with(&self.store, &environment, &Limits::default(), tables).unwrap().0
    }

    /// Changes rows as no caller may, and lets the store look as one that an older program left.
    fn age(&self, change: impl Fn(&mut WriteCx<'_>) + Send + Sync + 'static) {
        let environment: Arc<dyn Environment> = Arc::new(SeededEnvironment::new(9, 1_600_000_000_000));
        let facts = read_facts(&self.store.reading(|tx| Ok(tx.setting(FACTS)?)).unwrap().unwrap()).unwrap();
        let services = services(&environment, &Limits::default(), facts, [0; 32]);
        let aged = self.store.writing(Length::Long, move |tx| {
            let snapshot = Arc::new(Snapshot::load(tx.as_read())?);
            let caller = Caller::user(services.facts.administrator);
            let rights = RightsChange::new(&services);
            let mut cx = WriteCx::of_service(tx, snapshot, &caller, &services, &rights);
            change(&mut cx);
            cx.tx.set_setting(DIGEST, "older")?;
            Ok(())
        });
        aged.unwrap();
    }

    fn rows(&self, organization: &Organization, table: &str, columns: &[&str]) -> Vec<(Uuid, Vec<Value>)> {
        let snapshot = organization.snapshot();
        let rows = self.store.reading(|tx| system::rows(tx, snapshot.require(table)?, columns, None)).unwrap();
        rows.iter().map(|row| (row.id, (0..columns.len()).map(|at| row.value(at).clone()).collect())).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[test] // STD-1
fn every_declaration_can_be_read_and_fits_the_others() {
    let declared: Vec<_> = TABLES.iter().map(|text| declaration::parse(text).unwrap()).collect();
    let names: HashSet<_> = declared.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names.len(), TABLES.len());
    for table in &declared {
        for name in table.key.iter().flat_map(|key| &key.columns) {
            assert!(table.column.iter().any(|column| column.name == *name), "a key of {} has the column {name}", table.name);
        }
        for side in table.many_to_many.iter().flat_map(|own| [&own.first, &own.second]) {
            assert!(names.contains(side.table.as_str()), "{} pairs rows of {}", table.name, side.table);
            assert!(table.is_intersect && table.column.iter().any(|column| column.name == side.column), "{} has {}", table.name, side.column);
        }
        for column in &table.column {
            for target in &column.target {
                assert!(names.contains(target.table.as_str()), "{}.{} refers to {}", table.name, column.name, target.table);
            }
        }
    }
}

#[test] // STD-6
fn users_of_an_older_store_get_their_settings() {
    let folder = Folder::new();
    folder.start();
    folder.age(|cx| {
        let administrator = cx.services.facts.administrator;
        assert!(system::delete(cx, "usersettings", administrator).unwrap());
    });
    let organization = folder.start();
    let settings = folder.rows(&organization, "usersettings", &["uilanguageid"]);
    assert_eq!(settings, [(organization.facts().administrator, vec![Value::Int(1033)])]);
    let again = folder.start();
    assert_eq!(folder.rows(&again, "usersettings", &["uilanguageid"]), settings);
}

#[test] // STD-1, STD-7
fn an_older_store_gets_the_tables_that_it_lacks() {
    let folder = Folder::new();
    // The first program had neither these tables nor those that refer to them, or to a table that is missing by that.
    let mut old: Vec<&'static str> = TABLES.iter().map(|text| without_column(text, "originatingleadid")).collect();
    let mut missing: HashSet<String> = ["connectionrole", "lead", "pricelevel", "subject", "uomschedule"].map(str::to_owned).into();
    let is_missing = |text: &str, missing: &HashSet<String>| {
        let table = declaration::parse(text).unwrap();
        let refers = table.column.iter().flat_map(|column| &column.target).any(|target| missing.contains(&target.table));
        (refers || missing.contains(&table.name)).then_some(table.name)
    };
    while let Some(at) = old.iter().position(|text| is_missing(text, &missing).is_some()) {
        missing.extend(is_missing(old.remove(at), &missing));
    }
    folder.start_with(&old);
    folder.age(|cx| {
        assert!(cx.snapshot.find("task").is_none() && cx.snapshot.find("activitypointer").is_none());
        system::insert(cx, "account", Some(Uuid::from_u128(1)), &[("name", Value::text("Older"))]).unwrap();
    });

    let organization = folder.start();
    let snapshot = organization.snapshot();
    assert_eq!(snapshot.tables().count(), TABLES.len());
    assert!(snapshot.referenced("account").iter().any(|relationship| *relationship.schema_name == *"Account_Tasks"));
    assert_eq!(folder.rows(&organization, "account", &["name", "originatingleadid"]), [(Uuid::from_u128(1), vec![Value::text("Older"), Value::Null])]);
    let filters = folder.rows(&organization, "sdkmessagefilter", &["primaryobjecttypecode"]);
    assert_eq!(filters.iter().filter(|(_, row)| row[0] == Value::text("task")).count(), 9);
    let privileges = folder.rows(&organization, "privilege", &["name"]);
    assert!(privileges.iter().any(|(_, row)| row[0] == Value::text("prvReadTask")));
}

/// The declaration of a table as it was before it had the column.
fn without_column(table: &str, name: &str) -> &'static str {
    let parts = table.split("\n[[column]]\n").filter(|part| !part.starts_with(&format!("name = \"{name}\"\n")));
    String::leak(parts.collect::<Vec<_>>().join("\n[[column]]\n").replace("\nversion = 2\n", "\nversion = 1\n"))
}

#[test] // STD-9
fn views_show_columns_that_are_there() {
    let folder = Folder::new();
    let organization = folder.start();
    let snapshot = organization.snapshot();
    let views = views::declared().unwrap();
    let (mut names, mut defaults) = (HashSet::new(), HashSet::new());
    for view in &views {
        let table = snapshot.require(&view.table).unwrap();
        let tested = view.conditions.iter().filter_map(|condition| condition.split(' ').next());
        for column in view.columns.iter().map(String::as_str).chain(tested).chain([view.order.as_str()]) {
            assert!(table.find(column).is_some(), "{}: {}.{column}", view.name, view.table);
        }
        assert!(names.insert((&view.table, &view.name)), "{} stands once", view.name);
        assert!(!view.default || defaults.insert(&view.table), "{} has one default view", view.table);
    }
    assert!(views.iter().all(|view| defaults.contains(&view.table)));
    let rows = folder.rows(&organization, "savedquery", &["fetchxml"]);
    assert_eq!(rows.len(), views.len());
    for (_, row) in &rows {
        let Value::Text(text) = &row[0] else { panic!("a view without FetchXML") };
        let query = fetch::read(text, &*snapshot, &FetchLimits::default()).unwrap().query;
        assert!(resolve(&query, &*snapshot, &Circumstances::default()).is_ok(), "{text}");
    }
}

#[test] // web-api 28
fn built_in_maps_name_columns_that_fit() {
    let folder = Folder::new();
    let organization = folder.start();
    let snapshot = organization.snapshot();
    for map in mappings::declared().unwrap() {
        let (source, target) = (snapshot.require(&map.source).unwrap(), snapshot.require(&map.target).unwrap());
        let used = organization.store().reading(|tx| crate::behaviors::mappings::of(tx, &snapshot, source, target)).unwrap().unwrap();
        assert_eq!(used.len(), map.columns().count(), "{map:?}");
    }
}

#[test] // web-api 26.3
fn tables_of_an_older_store_get_their_notes() {
    let claims = || TableSpec {
        id: None,
        schema_name: "new_Claim".to_owned(),
        set_name: None,
        collection_schema_name: None,
        display_name: Label::english("Claim"),
        display_collection_name: Label::english("Claims"),
        description: Label::default(),
        ownership: Ownership::User,
        change_tracking: false,
        has_notes: true,
        has_activities: false,
        customizable: true,
        enforce_state_transitions: false,
        columns: vec![ColumnSpec {
            id: None,
            schema_name: "new_Name".to_owned(),
            kind: ColumnType::Text(TextColumn { max_length: 100, format: TextFormat::Text }),
            required: RequiredLevel::None,
            display_name: Label::english("Name"),
            description: Label::default(),
            primary_name: true,
            secured: false,
            customizable: true,
        }],
        flags: Default::default(),
    };
    const NOTES: &str = "new_claim_Annotations";
    let folder = Folder::new();
    drop(folder.start());
    folder.age(move |cx| {
        metadata::tables::create(cx, &claims(), &Origin::Customizer { solution: None }).unwrap();
        let made = Arc::clone(cx.snapshot.relationship(NOTES).unwrap());
        metadata::relationships::delete(cx, &made.schema_name, Removal::ByCustomizer).unwrap();
        assert!(cx.snapshot.relationship(NOTES).is_none(), "as before there were any");
    });
    let organization = folder.start();
    let made = organization.snapshot().relationship(NOTES).map(|made| made.id).unwrap();
    let components = folder.rows(&organization, "solutioncomponent", &["objectid"]);
    assert_eq!(components.iter().filter(|(_, values)| values[0] == Value::Guid(made)).count(), 1, "it belongs to the solution that has the table");
}
