use std::collections::BTreeMap;

use driftless_model::{
    AssociatedMenu, Cascade, ColumnType, LookupColumn, Relationship, SchemaName, SetName, TableCode, TableDef, TextColumn, TextFormat, Uuid, Validity, Version,
    physical_name,
};
use driftless_solution_file::{
    CascadeAction as FileAction, Cascades, ColumnElement, ColumnType as FileType, DependencyEnd, KeyElement, Manifest, MissingDependency, OneToMany,
    Properties, RelationshipElement, RelationshipKind, TableExtent,
};

use super::*;
use crate::metadata::Definition;

/// A snapshot with one table, its columns being text.
fn snapshot(tables: &[(&str, bool, bool, &[&str])]) -> Snapshot {
    let mut definitions = Vec::new();
    let mut next = 0;
    let mut id = || {
        next += 1;
        Uuid::from_u128(next)
    };
    for (at, (name, custom, managed, columns)) in tables.iter().enumerate() {
        let table = id();
        definitions.push(Definition::Table(def(table, 10_000 + i32::try_from(at).unwrap(), name, *custom, *managed)));
        let primary = format!("{name}id");
        let kinds = [(primary.as_str(), ColumnType::UniqueId { primary: true }), ("versionnumber", ColumnType::BigInt)].into_iter().chain(columns.iter().map(
            |column| {
                let kind = match *column {
                    "regardingobjectid" => {
                        ColumnType::Lookup(LookupColumn { targets: vec!["account".into()], polymorphic: true, ..LookupColumn::of("account") })
                    }
                    _ => ColumnType::Text(TextColumn { max_length: 100, format: TextFormat::Text }),
                };
                (*column, kind)
            },
        ));
        for (number, (column, kind)) in kinds.enumerate() {
            definitions.push(Definition::Column(table, self::column(id(), u16::try_from(number).unwrap(), column, kind, *managed)));
        }
    }
    let rows: Vec<_> = definitions.iter().zip(1..).map(|(definition, version)| definition.to_row(Version(version)).unwrap()).collect();
    Snapshot::default().apply(Version(100), &rows, &[]).unwrap()
}

fn def(id: Uuid, code: i32, name: &str, custom: bool, managed: bool) -> TableDef {
    TableDef {
        id,
        code: TableCode(code),
        name: name.into(),
        schema_name: name.into(),
        set_name: SetName::from(format!("{name}s")),
        collection_schema_name: SchemaName::from(format!("{name}s")),
        display_name: Label::english(name),
        display_collection_name: Label::default(),
        description: Label::default(),
        ownership: driftless_model::Ownership::User,
        primary_id: LogicalName::from(format!("{name}id")),
        primary_name: None,
        physical: physical_name(name),
        seed_version: 0,
        change_tracking: false,
        can_change_tracking_be_enabled: true,
        intersect: false,
        private: false,
        custom,
        managed,
        customizable: true,
        enforce_state_transitions: false,
        has_notes: false,
        has_activities: false,
        activity: false,
        introduced_version: "1.0.0.0".into(),
        flags: BTreeMap::new(),
        created_on: 0,
        modified_on: 0,
    }
}

fn column(id: Uuid, number: u16, name: &str, kind: ColumnType, managed: bool) -> driftless_model::Column {
    driftless_model::Column {
        id,
        name: name.into(),
        schema_name: name.into(),
        kind,
        required: Default::default(),
        valid: Validity::ALL,
        display_name: Label::english(name),
        description: Label::default(),
        physical: name.into(),
        number,
        attribute_of: None,
        custom: name.contains('_') && !name.ends_with("id"),
        managed,
        customizable: true,
        secured: false,
        introduced_version: "1.0.0.0".into(),
    }
}

fn text_column(name: &str) -> ColumnElement {
    ColumnElement {
        schema_name: name.into(),
        logical_name: name.to_ascii_lowercase(),
        max_length: Some(100),
        labels: english(&name.to_ascii_lowercase()),
        ..ColumnElement::default()
    }
}

fn english(text: &str) -> Labels {
    BTreeMap::from([(1033, text.to_owned())])
}

fn book() -> TableElement {
    TableElement {
        schema_name: "new_Book".into(),
        object_type_code: Some(10_050),
        labels: english("new_book"),
        columns: vec![
            ColumnElement { column_type: FileType::PrimaryKey, ..text_column("new_BookId") },
            ColumnElement { column_type: FileType::Lookup, ..text_column("CreatedBy") },
            ColumnElement { display_mask: vec!["PrimaryName".into()], ..text_column("new_Name") },
            text_column("new_Code"),
            ColumnElement { column_type: FileType::PartyList, ..text_column("new_Scan") },
        ],
        keys: vec![
            KeyElement { schema_name: "new_CodeKey".into(), logical_name: "new_codekey".into(), columns: vec!["new_code".into()], ..KeyElement::default() },
            KeyElement { schema_name: "new_ScanKey".into(), logical_name: "new_scankey".into(), columns: vec!["new_scan".into()], ..KeyElement::default() },
        ],
        forms: Some("<FormXml/>".into()),
        ..TableElement::default()
    }
}

fn relationship(name: &str, referencing: &str, column: &str, referenced: &str) -> RelationshipElement {
    RelationshipElement {
        name: name.into(),
        kind: RelationshipKind::OneToMany(Box::new(OneToMany {
            referencing_table: referencing.into(),
            referenced_table: referenced.into(),
            referencing_column: Some(column.into()),
            cascades: Cascades { delete: Some(FileAction::Cascade), ..Cascades::default() },
            column: None,
        })),
        ..RelationshipElement::default()
    }
}

fn package(tables: Vec<TableElement>, relationships: Vec<RelationshipElement>) -> Package {
    Package { manifest: Manifest { unique_name: "Books".into(), managed: true, ..Manifest::default() }, tables, relationships, ..Package::default() }
}

fn built_in() -> Snapshot {
    snapshot(&[("account", false, false, &["name"]), ("asyncoperation", false, false, &["regardingobjectid"]), ("systemuser", false, false, &["fullname"])])
}

/// The steps in words.
fn steps(plan: &Plan) -> Vec<String> {
    let word = |step: &Step| match step {
        Step::CreateChoice(spec) => format!("choice {}", spec.name),
        Step::ChangeChoice(choice) => format!("change choice {}", choice.name),
        Step::CreateTable(spec) => {
            format!("table {} with {}", spec.schema_name, spec.columns.iter().map(|c| c.schema_name.as_str()).collect::<Vec<_>>().join(" "))
        }
        Step::UpdateTable(table, _) => format!("change table {table}"),
        Step::CreateColumn(table, spec) => format!("column {table}.{}", spec.schema_name),
        Step::UpdateColumn(table, column, _) => format!("change column {table}.{column}"),
        Step::CreateRelationship(spec) => format!("relationship {}", spec.schema_name),
        Step::UpdateRelationship(name, _) => format!("change relationship {name}"),
        Step::CreateManyToMany(spec) => format!("pairs {}", spec.schema_name),
        Step::UpdateManyToMany(name, _) => format!("change pairs {name}"),
        Step::CreateKey(table, spec) => format!("key {table}.{}", spec.schema_name),
        Step::Join(kind, _, share) => format!("join {kind} {share:?}"),
        Step::Keep(part) => format!("keep {}", part.kind),
    };
    plan.steps.iter().map(word).collect()
}

fn outcomes(plan: &Plan, outcome: Outcome) -> Vec<&str> {
    plan.entries.iter().filter(|entry| entry.outcome == outcome).map(|entry| entry.name.as_str()).collect()
}

#[test] // SOL-14, SOL-15, MD-38
fn a_new_table_comes_with_what_can_be_made() {
    let relationships = vec![
        relationship("lk_new_book_createdby", "new_Book", "CreatedBy", "SystemUser"),
        relationship("owner_new_book", "new_Book", "OwnerId", "Owner"),
        relationship("new_book_Annotations", "Annotation", "ObjectId", "new_book"),
        relationship("new_book_AsyncOperations", "AsyncOperation", "RegardingObjectId", "new_book"),
        relationship("new_account_book", "new_book", "new_AccountId", "Account"),
    ];
    let plan = plan(&package(vec![book()], relationships), &built_in()).unwrap();
    assert_eq!(
        steps(&plan),
        [
            "table new_Book with new_BookId CreatedBy new_Name new_Code",
            "relationship new_book_AsyncOperations",
            "relationship new_account_book",
            "key new_book.new_CodeKey",
            "keep form",
        ]
    );
    assert_eq!(outcomes(&plan, Outcome::Skipped), ["new_Scan", "new_book_Annotations", "new_ScanKey"]);
    assert_eq!(outcomes(&plan, Outcome::Warning), ["form of new_book"]);
}

#[test] // SOL-15
fn unknown_tables_are_missing_dependencies() {
    let package = package(vec![book()], vec![relationship("new_x", "new_book", "new_ShelfId", "other_shelf")]);
    let error = plan(&package, &built_in()).unwrap_err();
    assert_eq!(error.code().number(), 0x8004_801d);
    assert!(error.message().contains("'other_shelf'"), "{error}");
    let extension = TableElement { extent: TableExtent::Unmodified, schema_name: "other_Shelf".into(), ..TableElement::default() };
    assert_eq!(plan(&self::package(vec![extension], Vec::new()), &built_in()).unwrap_err().code().number(), 0x8004_801d);
    let attributes = BTreeMap::from([("type".to_owned(), "1".to_owned()), ("schemaName".to_owned(), "other_shelf".to_owned())]);
    let mut needing = self::package(vec![book()], Vec::new());
    needing.manifest.missing_dependencies = vec![MissingDependency { required: DependencyEnd { attributes }, dependent: DependencyEnd::default() }];
    assert_eq!(plan(&needing, &built_in()).unwrap_err().code().number(), 0x8004_801d);
}

#[test] // SOL-15
fn relationships_of_system_columns_lead_where_the_service_leads_them() {
    let of = |column: &str, referenced: &str| package(vec![book()], vec![relationship("new_x", "new_book", column, referenced)]);
    for (column, referenced) in [("CreatedBy", "other_shelf"), ("OwnerId", "other_shelf"), ("TransactionCurrencyId", "new_nothing")] {
        let error = plan(&of(column, referenced), &built_in()).unwrap_err();
        assert_eq!(error.code().number(), 0x8004_801d, "{column}");
        assert!(error.message().contains(&format!("'{referenced}'")) && error.message().contains("'new_x'"), "{error}");
    }
    for (column, referenced, outcome) in [
        ("CreatedBy", "SystemUser", Outcome::Success),
        ("OwnerId", "Owner", Outcome::Success),
        ("OwnerId", "Team", Outcome::Success),
        ("OwningBusinessUnit", "BusinessUnit", Outcome::Success),
        ("CreatedBy", "Annotation", Outcome::Skipped),
        ("CreatedBy", "Account", Outcome::Skipped),
        ("OwnerId", "new_Book", Outcome::Skipped),
    ] {
        let plan = plan(&of(column, referenced), &built_in()).unwrap();
        let entry = plan.entries.iter().find(|entry| entry.name == "new_x").unwrap();
        assert_eq!(entry.outcome, outcome, "{column} to {referenced}");
        assert!(outcome == Outcome::Success || entry.text.contains(&format!("'{}'", referenced.to_ascii_lowercase())), "{}", entry.text);
        assert!(!steps(&plan).contains(&"relationship new_x".to_owned()));
    }
}

#[test] // SOL-19
fn managed_components_do_not_overwrite_unmanaged_ones() {
    let here = snapshot(&[("new_book", true, false, &["new_name"])]);
    assert_eq!(plan(&package(vec![book()], Vec::new()), &here).unwrap_err().code().number(), 0x8004_f016);
    let mut unmanaged = package(vec![book()], Vec::new());
    unmanaged.manifest.managed = false;
    plan(&unmanaged, &here).unwrap();
    let here = snapshot(&[("account", false, false, &["name", "new_code"])]);
    let account =
        TableElement { extent: TableExtent::Unmodified, schema_name: "Account".into(), columns: vec![text_column("new_Code")], ..TableElement::default() };
    assert_eq!(plan(&package(vec![account], Vec::new()), &here).unwrap_err().code().number(), 0x8004_f016);
}

#[test] // SOL-17, SOL-18
fn a_package_that_is_here_changes_only_what_differs() {
    let here = snapshot(&[("new_book", true, true, &["new_name", "new_code", "new_old"])]);
    let mut element = book();
    element.columns.truncate(4);
    element.keys.clear();
    element.forms = None;
    let same = plan(&package(vec![element.clone()], Vec::new()), &here).unwrap();
    assert_eq!(steps(&same), ["join 1 Whole", "join 2 Whole", "join 2 Whole"]);
    element.columns[3].labels = english("Code");
    element.columns.push(text_column("new_Extra"));
    element.properties = Properties { flags: BTreeMap::from([("ChangeTrackingEnabled".to_owned(), true)]), ..Properties::default() };
    let changed = plan(&package(vec![element], Vec::new()), &here).unwrap();
    assert_eq!(
        steps(&changed),
        ["join 1 Whole", "change table new_book", "join 2 Whole", "join 2 Whole", "change column new_book.new_code", "column new_book.new_Extra"]
    );
}

#[test] // SOL-24
fn built_in_tables_only_get_additions() {
    let account = TableElement {
        schema_name: "Account".into(),
        columns: vec![text_column("Name"), text_column("new_Code"), text_column("TraversedPath")],
        keys: vec![KeyElement {
            schema_name: "new_CodeKey".into(),
            logical_name: "new_codekey".into(),
            columns: vec!["new_code".into()],
            ..KeyElement::default()
        }],
        ..TableElement::default()
    };
    let plan = plan(&package(vec![account], Vec::new()), &built_in()).unwrap();
    assert_eq!(steps(&plan), ["join 1 Additions", "column account.new_Code", "key account.new_CodeKey"]);
    assert_eq!(outcomes(&plan, Outcome::Skipped), ["TraversedPath"]);
}

#[test] // SOL-17
fn a_relationship_that_is_here_is_not_made_twice() {
    let here = snapshot(&[("account", false, false, &["name"]), ("new_book", true, true, &["new_name", "new_account"])]);
    let present = Relationship {
        id: Uuid::from_u128(900),
        schema_name: "new_account_book".into(),
        referenced_table: "account".into(),
        referenced_column: "accountid".into(),
        referencing_table: "new_book".into(),
        referencing_column: "new_account".into(),
        referencing_navigation: "new_account".into(),
        referenced_navigation: "new_account_book".into(),
        cascade: Cascade::default(),
        hierarchical: false,
        menu: AssociatedMenu::default(),
        custom: true,
        managed: true,
        customizable: true,
        introduced_version: "1.0.0.0".into(),
    };
    let row = Definition::Relationship(present).to_row(Version(101)).unwrap();
    let here = here.apply(Version(101), &[row], &[]).unwrap();
    let plan = plan(&package(Vec::new(), vec![relationship("new_Account_Book", "new_book", "new_account", "account")]), &here).unwrap();
    assert_eq!(steps(&plan), [format!("join {} Whole", component_type::RELATIONSHIP), "change relationship new_account_book".to_owned()]);
}
