//! The columns that the service itself gives to every table, with their relationships (MD-15, MD-16, MD-18, MD-24). Built-in and custom tables get them from here.

use driftless_model::{
    AssociatedMenu, Cascade, ChoiceOption, Column, ColumnType, DateBehavior, DateFormat, DateTimeColumn, Decimal, DecimalColumn, DeleteAction, IntegerColumn,
    IntegerFormat, Label, LogicalName, LookupColumn, LookupKind, Ownership, Relationship, RequiredLevel, SchemaName, StateColumn, StateOption, StatusColumn,
    StatusOption, TableDef, Uuid, Validity, physical_name,
};

/// System columns of a table and the relationships of the lookups among them.
#[derive(Debug, Default)]
pub(crate) struct SystemColumns {
    pub(crate) columns: Vec<Column>,
    pub(crate) relationships: Vec<Relationship>,
}

/// What decides which system columns a table gets, besides its definition.
pub(crate) struct SystemExtras<'a> {
    /// The table has the four columns of ordinary data tables: import number, overridden creation time and the two of time zones.
    pub(crate) standard: bool,
    /// The table's states and statuses, if it has any.
    pub(crate) state: Option<(StateColumn, StatusColumn)>,
    /// The table has a money column (MD-24).
    pub(crate) has_money: bool,
    /// Number of the first generated column; the others follow.
    pub(crate) first_number: u16,
    /// A column of this logical name is declared already: it is not generated.
    pub(crate) declared: &'a dyn Fn(&str) -> bool,
}

/// The system columns of a table. `new_id` gives the identity of each definition from a stable text such as `column/account.createdon` or
/// `relationship/lk_account_createdby`.
///
/// Tables of pairs (`intersect`) get their primary id and version only.
pub(crate) fn system_columns(def: &TableDef, extras: &SystemExtras<'_>, new_id: &mut dyn FnMut(&str) -> Uuid) -> SystemColumns {
    let mut maker = Maker { def, declared: extras.declared, next: extras.first_number, new_id, made: SystemColumns::default() };
    maker.identity();
    if !def.intersect {
        maker.creation_and_change();
        if extras.standard {
            maker.standard();
        }
        maker.owner();
        maker.state(extras.state.as_ref());
        if extras.has_money {
            maker.currency();
        }
    }
    maker.made
}

/// The states and statuses of a custom table (SU-8): Active with the status Active, Inactive with the status Inactive.
pub(crate) fn default_state() -> (StateColumn, StatusColumn) {
    let state = |value, label: &str, default_status| StateOption { option: ChoiceOption::new(value, label), default_status, invariant_name: label.to_owned() };
    let status = |value, label: &str, state| StatusOption { option: ChoiceOption::new(value, label), state, transitions: Vec::new() };
    (
        StateColumn { states: vec![state(0, "Active", 1), state(1, "Inactive", 2)] },
        StatusColumn { statuses: vec![status(1, "Active", 0), status(2, "Inactive", 1)] },
    )
}

/// Smallest money value, in ten-thousandths (MD-21).
pub(crate) const MONEY_MIN: i64 = -9_223_370_000_000_000_000;
/// Largest money value, in ten-thousandths (MD-21).
pub(crate) const MONEY_MAX: i64 = 9_223_370_000_000_000_000;

/// What is particular to one system column.
struct Sketch<'s> {
    schema_name: &'s str,
    kind: ColumnType,
    required: RequiredLevel,
    valid: Validity,
    label: &'s str,
    attribute_of: Option<&'s str>,
}

impl<'s> Sketch<'s> {
    fn new(schema_name: &'s str, label: &'s str, kind: ColumnType, valid: Validity) -> Self {
        Self { schema_name, kind, required: RequiredLevel::None, valid, label, attribute_of: None }
    }

    fn required(mut self) -> Self {
        self.required = RequiredLevel::System;
        self
    }
}

struct Maker<'a> {
    def: &'a TableDef,
    declared: &'a dyn Fn(&str) -> bool,
    next: u16,
    new_id: &'a mut dyn FnMut(&str) -> Uuid,
    made: SystemColumns,
}

impl Maker<'_> {
    fn identity(&mut self) {
        let primary = format!("{}Id", self.def.schema_name);
        let schema_name = if primary.eq_ignore_ascii_case(&self.def.primary_id) { primary } else { self.def.primary_id.to_string() };
        let label = self.def.display_name.text(driftless_model::ENGLISH).unwrap_or(&self.def.schema_name).to_owned();
        self.column(Sketch::new(&schema_name, &label, ColumnType::UniqueId { primary: true }, Validity::CREATE_ONLY).required());
        self.column(Sketch::new("VersionNumber", "Version Number", ColumnType::BigInt, Validity::READ_ONLY));
    }

    fn creation_and_change(&mut self) {
        self.column(Sketch::new("CreatedOn", "Created On", instant(DateFormat::DateAndTime), Validity::READ_ONLY));
        self.user("CreatedBy", "Created By");
        self.user("CreatedOnBehalfBy", "Created By (Delegate)");
        self.column(Sketch::new("ModifiedOn", "Modified On", instant(DateFormat::DateAndTime), Validity::READ_ONLY));
        self.user("ModifiedBy", "Modified By");
        self.user("ModifiedOnBehalfBy", "Modified By (Delegate)");
    }

    fn standard(&mut self) {
        let any = ColumnType::Integer(IntegerColumn { min: i32::MIN, max: i32::MAX, format: IntegerFormat::None });
        let zone = || ColumnType::Integer(IntegerColumn { min: -1, max: i32::MAX, format: IntegerFormat::None });
        self.column(Sketch::new("ImportSequenceNumber", "Import Sequence Number", any, Validity::CREATE_ONLY));
        self.column(Sketch::new("OverriddenCreatedOn", "Record Created On", instant(DateFormat::DateOnly), Validity::CREATE_ONLY));
        self.column(Sketch::new("TimeZoneRuleVersionNumber", "Time Zone Rule Version Number", zone(), Validity::ALL));
        self.column(Sketch::new("UTCConversionTimeZoneCode", "UTC Conversion Time Zone Code", zone(), Validity::ALL));
    }

    fn owner(&mut self) {
        let table = self.def.name.clone();
        match self.def.ownership {
            Ownership::User => {
                let kind = LookupColumn { kind: LookupKind::Owner, targets: vec!["systemuser".into(), "team".into()], polymorphic: true };
                if self.column(Sketch::new("OwnerId", "Owner", ColumnType::Lookup(kind), Validity::ALL).required()) {
                    // There is no table of owners: one relationship for each kind of owner, both under the navigation property `ownerid`.
                    self.relationship(&format!("owner_{table}_systemuser"), "ownerid", "systemuser", DeleteAction::NoCascade);
                    self.relationship(&format!("owner_{table}_team"), "ownerid", "team", DeleteAction::NoCascade);
                    self.names("OwnerId", true);
                    let kind = Sketch::new("OwnerIdType", "Owner Type", ColumnType::Virtual, Validity::ALL);
                    self.column(Sketch { attribute_of: Some("ownerid"), ..kind });
                }
                self.lookup("OwningUser", "Owning User", "systemuser", &format!("user_{table}"));
                self.lookup("OwningTeam", "Owning Team", "team", &format!("team_{table}"));
                if self.lookup("OwningBusinessUnit", "Owning Business Unit", "businessunit", &format!("business_unit_{table}")) {
                    self.names("OwningBusinessUnit", false);
                }
            }
            Ownership::Organization if *table != *"organization" => {
                if self.lookup("OrganizationId", "Organization Id", "organization", &format!("organization_{table}")) {
                    self.names("OrganizationId", false);
                }
            }
            Ownership::Organization | Ownership::Business | Ownership::None => {}
        }
    }

    fn state(&mut self, state: Option<&(StateColumn, StatusColumn)>) {
        let Some((state, status)) = state else { return };
        let (state_name, status_name) = if self.def.custom { ("statecode", "statuscode") } else { ("StateCode", "StatusCode") };
        let valid = Validity { create: false, read: true, update: true };
        self.column(Sketch::new(state_name, "Status", ColumnType::State(state.clone()), valid).required());
        self.column(Sketch::new(status_name, "Status Reason", ColumnType::Status(status.clone()), Validity::ALL));
    }

    fn currency(&mut self) {
        let made = self.column(Sketch::new("TransactionCurrencyId", "Currency", lookup_of("transactioncurrency"), Validity::ALL));
        if made {
            let name = format!("TransactionCurrency_{}", self.def.name);
            self.relationship(&name, "transactioncurrencyid", "transactioncurrency", DeleteAction::Restrict);
            self.names("TransactionCurrencyId", false);
        }
        let rate = DecimalColumn { min: Decimal::new(1, 10), max: Decimal::new(100_000_000_000, 0), precision: 10 };
        self.column(Sketch::new("ExchangeRate", "Exchange Rate", ColumnType::Decimal(rate), Validity::READ_ONLY));
    }

    /// A lookup of the user who did something.
    fn user(&mut self, schema_name: &str, label: &str) {
        let relationship = format!("lk_{}_{}", self.def.name, schema_name.to_ascii_lowercase());
        if self.lookup(schema_name, label, "systemuser", &relationship) {
            self.names(schema_name, true);
        }
    }

    /// A lookup that only the service sets, with its relationship.
    fn lookup(&mut self, schema_name: &str, label: &str, target: &str, relationship: &str) -> bool {
        let made = self.column(Sketch::new(schema_name, label, lookup_of(target), Validity::READ_ONLY));
        if made {
            self.relationship(relationship, &schema_name.to_ascii_lowercase(), target, DeleteAction::NoCascade);
        }
        made
    }

    /// The virtual names of a lookup; users have one in another script too.
    fn names(&mut self, lookup: &str, yomi: bool) {
        let of = lookup.to_ascii_lowercase();
        let endings: &[&str] = if yomi { &["Name", "YomiName"] } else { &["Name"] };
        for ending in endings {
            let schema_name = format!("{lookup}{ending}");
            let name = Sketch::new(&schema_name, &schema_name, ColumnType::Virtual, Validity::READ_ONLY);
            self.column(Sketch { attribute_of: Some(&of), ..name });
        }
    }

    /// Makes a column unless one of its name is declared. Gives true if it was made.
    fn column(&mut self, sketch: Sketch<'_>) -> bool {
        let schema_name = SchemaName::from(sketch.schema_name);
        let name = schema_name.to_logical();
        if (self.declared)(&name) {
            return false;
        }
        self.made.columns.push(Column {
            id: (self.new_id)(&format!("column/{}.{name}", self.def.name)),
            physical: physical_name(&name),
            name,
            schema_name,
            kind: sketch.kind,
            required: sketch.required,
            valid: sketch.valid,
            display_name: Label::english(sketch.label),
            description: Label::default(),
            number: self.next,
            attribute_of: sketch.attribute_of.map(LogicalName::from),
            custom: false,
            managed: self.def.managed,
            customizable: true,
            secured: false,
            introduced_version: self.def.introduced_version.clone(),
        });
        self.next = self.next.saturating_add(1);
        true
    }

    fn relationship(&mut self, name: &str, lookup: &str, target: &str, delete: DeleteAction) {
        self.made.relationships.push(Relationship {
            id: (self.new_id)(&format!("relationship/{name}")),
            schema_name: name.into(),
            referenced_table: target.into(),
            referenced_column: format!("{target}id").into(),
            referencing_table: self.def.name.clone(),
            referencing_column: lookup.into(),
            referencing_navigation: lookup.to_owned(),
            referenced_navigation: name.to_owned(),
            cascade: Cascade { delete, ..Cascade::default() },
            hierarchical: false,
            menu: AssociatedMenu::default(),
            custom: false,
            managed: self.def.managed,
            customizable: true,
            introduced_version: self.def.introduced_version.clone(),
        });
    }
}

fn instant(format: DateFormat) -> ColumnType {
    ColumnType::DateTime(DateTimeColumn { format, behavior: DateBehavior::UserLocal })
}

fn lookup_of(target: &str) -> ColumnType {
    ColumnType::Lookup(LookupColumn::of(target))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use driftless_model::{SetName, TableCode};

    use super::*;

    fn def(ownership: Ownership, intersect: bool) -> TableDef {
        TableDef {
            id: Uuid::nil(),
            code: TableCode(10_000),
            name: "new_book".into(),
            schema_name: "new_Book".into(),
            set_name: SetName::from("new_books"),
            collection_schema_name: "new_Books".into(),
            display_name: Label::english("Book"),
            display_collection_name: Label::english("Books"),
            description: Label::default(),
            ownership,
            primary_id: "new_bookid".into(),
            primary_name: None,
            physical: "new_book".to_owned(),
            seed_version: 0,
            change_tracking: false,
            can_change_tracking_be_enabled: true,
            intersect,
            private: false,
            custom: true,
            managed: false,
            customizable: true,
            enforce_state_transitions: false,
            has_notes: false,
            has_activities: false,
            activity: false,
            introduced_version: "1.0.0.0".to_owned(),
            flags: std::collections::BTreeMap::new(),
            created_on: 0,
            modified_on: 0,
        }
    }

    fn make(def: &TableDef, has_money: bool, declared: &dyn Fn(&str) -> bool) -> (SystemColumns, Vec<String>) {
        let mut asked = Vec::new();
        let extras = SystemExtras { standard: true, state: Some(default_state()), has_money, first_number: 3, declared };
        let made = system_columns(def, &extras, &mut |text| {
            asked.push(text.to_owned());
            Uuid::from_u128(asked.len() as u128)
        });
        (made, asked)
    }

    #[test] // MD-15, MD-16
    fn user_owned_tables_have_all_of_them() {
        let (made, asked) = make(&def(Ownership::User, false), false, &|_| false);
        let names: BTreeSet<_> = made.columns.iter().map(|column| column.name.as_str()).collect();
        for name in [
            "new_bookid",
            "versionnumber",
            "createdon",
            "createdby",
            "createdonbehalfby",
            "modifiedon",
            "modifiedby",
            "modifiedonbehalfby",
            "importsequencenumber",
            "overriddencreatedon",
            "timezoneruleversionnumber",
            "utcconversiontimezonecode",
            "ownerid",
            "owneridname",
            "owneridyominame",
            "owneridtype",
            "owninguser",
            "owningteam",
            "owningbusinessunit",
            "statecode",
            "statuscode",
            "createdbyname",
            "modifiedbyyominame",
        ] {
            assert!(names.contains(name), "{name}");
        }
        assert!(!names.contains("organizationid") && !names.contains("exchangerate"));
        assert_eq!(made.columns.iter().map(|column| column.number).collect::<Vec<_>>(), (3..3 + made.columns.len() as u16).collect::<Vec<_>>());
        assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len());
        assert!(asked.contains(&"column/new_book.createdon".to_owned()) && asked.contains(&"relationship/lk_new_book_createdby".to_owned()));
        let owners: Vec<_> = made.relationships.iter().filter(|r| *r.referencing_column == *"ownerid").collect();
        assert_eq!(owners.len(), 2);
        assert!(owners.iter().all(|r| r.referencing_navigation == "ownerid"));
    }

    #[test] // MD-18, MD-24
    fn other_tables_have_what_fits_them() {
        let names = |made: SystemColumns| made.columns.into_iter().map(|column| column.name.to_string()).collect::<BTreeSet<_>>();
        let (made, _) = make(&def(Ownership::Organization, false), true, &|name| name == "createdon");
        let restrict: Vec<_> = made.relationships.iter().filter(|r| r.cascade.delete == DeleteAction::Restrict).map(|r| r.schema_name.to_string()).collect();
        assert_eq!(restrict, ["TransactionCurrency_new_book"]);
        let made = names(made);
        assert!(made.contains("organizationid") && made.contains("exchangerate") && made.contains("transactioncurrencyid"));
        assert!(!made.contains("ownerid") && !made.contains("createdon"));
        let (pairs, _) = make(&def(Ownership::None, true), false, &|_| false);
        assert_eq!(names(pairs), ["new_bookid", "versionnumber"].map(str::to_owned).into());
    }
}
