//! Tables for the tests of the readers.

use std::sync::Arc;

use driftless_model::{
    Column, ColumnIx, ColumnType, DateBehavior, DateFormat, DateTimeColumn, IntegerColumn, IntegerFormat, Label, LogicalName, LookupColumn, LookupKind,
    Ownership, RequiredLevel, SchemaName, SetName, Table, TableCode, TableDef, TextColumn, TextFormat, Uuid, Validity, Version,
};

use crate::Tables;

/// Accounts with a main contact and a parent, contacts of an account, tasks about either.
pub(crate) struct Definitions(Vec<Arc<Table>>);

impl Tables for Definitions {
    fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.0.iter().find(|table| table.name().as_str() == name).cloned()
    }

    fn hierarchy(&self, table: &Table) -> Option<ColumnIx> {
        table.find("parentaccountid")
    }
}

fn lookup(targets: &[&str]) -> ColumnType {
    let targets: Vec<LogicalName> = targets.iter().map(|target| LogicalName::from(*target)).collect();
    ColumnType::Lookup(LookupColumn { kind: LookupKind::Plain, polymorphic: targets.len() > 1, targets })
}

fn column(number: u16, schema_name: &str, kind: ColumnType) -> Column {
    Column {
        id: Uuid::from_u128(u128::from(number)),
        name: SchemaName::from(schema_name).to_logical(),
        schema_name: SchemaName::from(schema_name),
        kind,
        required: RequiredLevel::None,
        valid: Validity::ALL,
        display_name: Label::default(),
        description: Label::default(),
        physical: schema_name.to_owned(),
        number,
        attribute_of: None,
        custom: false,
        managed: false,
        customizable: true,
        secured: false,
        introduced_version: "1.0".to_owned(),
    }
}

fn table(code: i32, name: &str, columns: Vec<(&str, ColumnType)>) -> Arc<Table> {
    let id = format!("{name}id");
    let text = || ColumnType::Text(TextColumn { max_length: 100, format: TextFormat::Text });
    let first = vec![(id.as_str(), ColumnType::UniqueId { primary: true }), ("VersionNumber", ColumnType::BigInt), ("Name", text())];
    let columns = (1_u16..).zip(first.into_iter().chain(columns)).map(|(number, (name, kind))| column(number, name, kind)).collect();
    let def = TableDef {
        id: Uuid::from_u128(u128::from(code.unsigned_abs())),
        code: TableCode(code),
        name: name.into(),
        schema_name: name.into(),
        set_name: SetName::from(format!("{name}s")),
        collection_schema_name: name.into(),
        display_name: Label::default(),
        display_collection_name: Label::default(),
        description: Label::default(),
        ownership: Ownership::None,
        primary_id: LogicalName::from(id.as_str()),
        primary_name: Some("name".into()),
        physical: name.to_owned(),
        seed_version: 0,
        change_tracking: false,
        can_change_tracking_be_enabled: true,
        intersect: false,
        private: false,
        custom: false,
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
    };
    Arc::new(Table::new(def, Version(1), columns, Vec::new()).unwrap())
}

/// The tables.
pub(crate) fn definitions() -> Definitions {
    let number = || ColumnType::Integer(IntegerColumn { min: 0, max: 1_000, format: IntegerFormat::None });
    let date = || ColumnType::DateTime(DateTimeColumn { behavior: DateBehavior::UserLocal, format: DateFormat::DateAndTime });
    Definitions(vec![
        table(
            1,
            "account",
            vec![("Employees", number()), ("CreatedOn", date()), ("PrimaryContactId", lookup(&["contact"])), ("ParentAccountId", lookup(&["account"]))],
        ),
        table(2, "contact", vec![("Age", number()), ("ParentCustomerId", lookup(&["account", "contact"]))]),
        table(3, "task", vec![("RegardingId", lookup(&["account"])), ("OtherId", lookup(&["account"]))]),
    ])
}
