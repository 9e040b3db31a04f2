//! Definitions for the tests of this crate: parcels (tracked, one key, lookups) and depots.

use std::sync::Arc;

use driftless_core::Snapshot;
use driftless_core::metadata::Definition;
use driftless_model::{
    AlternateKey, AssociatedMenu, BooleanColumn, Cascade, ChoiceColumn, ChoiceOption, ChoiceSet, ChoiceSource, Column, ColumnType, DateTimeColumn, Decimal,
    DecimalColumn, IntegerColumn, IntegerFormat, KeyIndexStatus, Label, LogicalName, LookupColumn, LookupKind, MoneyColumn, Ownership, PrecisionSource,
    Relationship, RequiredLevel, SchemaName, SetName, TableCode, TableDef, TextColumn, TextFormat, Uuid, Validity, Version,
};

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn table(number: u128, name: &str, set: &str) -> Definition {
    Definition::Table(TableDef {
        id: id(number),
        code: TableCode(i32::try_from(number).unwrap()),
        name: LogicalName::from(name),
        schema_name: SchemaName::from(name),
        set_name: SetName::from(set),
        collection_schema_name: SchemaName::from(set),
        display_name: Label::english(name),
        display_collection_name: Label::english(set),
        description: Label::default(),
        ownership: Ownership::User,
        primary_id: LogicalName::from(format!("{name}id")),
        primary_name: Some(LogicalName::from("drf_name")),
        physical: name.to_owned(),
        seed_version: 0,
        change_tracking: name == "drf_parcel",
        can_change_tracking_be_enabled: true,
        intersect: false,
        private: false,
        custom: true,
        managed: false,
        customizable: true,
        enforce_state_transitions: false,
        has_notes: false,
        has_activities: false,
        activity: false,
        introduced_version: "1.0".to_owned(),
        flags: Default::default(),
        created_on: 0,
        modified_on: 0,
    })
}

fn column(owner: u128, number: u16, name: &str, kind: ColumnType) -> Definition {
    let is_name = name == "drf_name";
    Definition::Column(
        id(owner),
        Column {
            id: id(owner * 1_000 + u128::from(number)),
            name: LogicalName::from(name),
            schema_name: SchemaName::from(name),
            kind,
            required: if is_name { RequiredLevel::Application } else { RequiredLevel::None },
            valid: if name == "versionnumber" { Validity::READ_ONLY } else { Validity::ALL },
            display_name: Label::english(name),
            description: Label::default(),
            physical: name.to_owned(),
            number,
            attribute_of: None,
            custom: true,
            managed: false,
            customizable: true,
            secured: false,
            introduced_version: "1.0".to_owned(),
        },
    )
}

fn relationship(number: u128, lookup: &str, target: &str, navigation: &str, collection: &str) -> Definition {
    Definition::Relationship(Relationship {
        id: id(number),
        schema_name: SchemaName::from(collection),
        referenced_table: LogicalName::from(target),
        referenced_column: LogicalName::from(format!("{target}id")),
        referencing_table: LogicalName::from("drf_parcel"),
        referencing_column: LogicalName::from(lookup),
        referencing_navigation: navigation.to_owned(),
        referenced_navigation: collection.to_owned(),
        cascade: Cascade::default(),
        hierarchical: false,
        menu: AssociatedMenu::default(),
        custom: true,
        managed: false,
        customizable: true,
        introduced_version: "1.0".to_owned(),
    })
}

fn choice(number: u128, options: &[(i32, &str)]) -> ChoiceSource {
    ChoiceSource::Local(ChoiceSet {
        id: id(number),
        name: LogicalName::from("drf_choice"),
        schema_name: SchemaName::from("drf_Choice"),
        display_name: Label::default(),
        description: Label::default(),
        options: options.iter().map(|(value, label)| ChoiceOption::new(*value, label)).collect(),
        global: false,
        custom: true,
        managed: false,
        customizable: true,
        introduced_version: "1.0".to_owned(),
    })
}

/// The snapshot: tables 20 (`drf_parcel`), 21 (`drf_depot`), 8 (`systemuser`), 9 (`team`).
pub(crate) fn snapshot() -> Arc<Snapshot> {
    let text = || ColumnType::Text(TextColumn { max_length: 100, format: TextFormat::Text });
    let mut definitions = Vec::new();
    for (number, name, set) in [(20, "drf_parcel", "drf_parcels"), (21, "drf_depot", "drf_depots"), (8, "systemuser", "systemusers"), (9, "team", "teams")] {
        definitions.push(table(number, name, set));
        definitions.push(column(number, 1, &format!("{name}id"), ColumnType::UniqueId { primary: true }));
        definitions.push(column(number, 2, "versionnumber", ColumnType::BigInt));
        definitions.push(column(number, 3, "drf_name", text()));
    }
    let owner = LookupColumn { kind: LookupKind::Owner, targets: vec!["systemuser".into(), "team".into()], polymorphic: true };
    for (number, name, kind) in [
        (4, "drf_code", text()),
        (5, "drf_size", ColumnType::Integer(IntegerColumn { min: i32::MIN, max: i32::MAX, format: IntegerFormat::None })),
        (6, "drf_weight", ColumnType::Decimal(DecimalColumn { min: Decimal::MIN, max: Decimal::MAX, precision: 2 })),
        (7, "drf_price", ColumnType::Money(MoneyColumn { min: 0, max: i64::MAX, precision: 2, source: PrecisionSource::Column, is_base: false })),
        (8, "drf_live", ColumnType::Boolean(BooleanColumn { default: None, choice: choice(30, &[(1, "Running"), (0, "Stopped")]) })),
        (9, "drf_kind", ColumnType::Choice(ChoiceColumn { choice: choice(31, &[(1, "Box")]), default: None })),
        (10, "drf_sent", ColumnType::DateTime(DateTimeColumn { format: Default::default(), behavior: Default::default() })),
        (11, "drf_depotid", ColumnType::Lookup(LookupColumn::of("drf_depot"))),
        (12, "ownerid", ColumnType::Lookup(owner)),
        (13, "drf_depotidname", ColumnType::Virtual),
    ] {
        definitions.push(column(20, number, name, kind));
    }
    definitions.push(relationship(40, "drf_depotid", "drf_depot", "drf_DepotId", "drf_depot_parcels"));
    definitions.push(relationship(41, "ownerid", "systemuser", "ownerid", "user_drf_parcels"));
    definitions.push(relationship(42, "ownerid", "team", "ownerid", "team_drf_parcels"));
    for (number, name, columns) in [(50, "drf_codekey", vec!["drf_code"]), (51, "drf_depotkey", vec!["drf_depotid", "drf_size"])] {
        definitions.push(Definition::Key(
            id(20),
            AlternateKey {
                id: id(number),
                name: LogicalName::from(name),
                schema_name: SchemaName::from(name),
                display_name: Label::english(name),
                columns: columns.into_iter().map(LogicalName::from).collect(),
                status: KeyIndexStatus::Active,
                job: None,
                physical: name.to_owned(),
                managed: false,
                customizable: true,
                introduced_version: "1.0".to_owned(),
            },
        ));
    }
    let rows: Vec<_> = definitions.iter().map(|definition| definition.to_row(Version(7)).unwrap()).collect();
    Arc::new(Snapshot::default().apply(Version(7), &rows, &[]).unwrap())
}
