//! `column-types.md`: what columns can hold.

use driftless_model::{
    BooleanColumn, ChoiceColumn, ChoiceSet, ChoiceSource, Column, ColumnType, DateBehavior, DateTimeColumn, Decimal, DecimalColumn, FileColumn, FloatColumn,
    ImageColumn, IntegerColumn, Label, LookupColumn, LookupKind, MoneyColumn, RequiredLevel, Shape, StateColumn, StatusColumn, TextColumn, Uuid, Validity,
};

use super::golden::Exchange;
use super::{evidence, head, table};

const ABOUT: &str = "\
The types of columns. \"Made by\" says how a customizer gets one over the API; a solution package may hold any type but the ones that are not served.
\"Key\" says whether an alternate key may use it. Golden files are named where they write or read such a column.";

/// What a row says of a type besides its shape.
struct Facts {
    name: &'static str,
    json: &'static str,
    limits: &'static str,
    made_by: &'static str,
    key: bool,
    /// A column of this type that golden files use.
    column: &'static str,
}

const COLUMN: &str = "`POST …/Attributes`";
const RELATIONSHIP: &str = "`POST RelationshipDefinitions`";
const SERVICE: &str = "the service";

/// What is not there, with the reason.
const ABSENT: [(&str, &str); 1] = [("Text with `AutoNumberFormat`", "the service gives out no numbers")];

/// The page.
pub(crate) fn page(exchanges: &[Exchange]) -> String {
    let row = |kind: ColumnType| {
        let facts = facts(&kind);
        let [status, files] = evidence(exchanges, |exchange| exchange.succeeds() && exchange.text.contains(facts.column));
        let key = if facts.key { "yes" } else { "no" };
        vec![facts.name.into(), facts.json.into(), stored(shape(kind)).into(), facts.limits.into(), facts.made_by.into(), key.into(), status, files]
    };
    let titles = ["Type", "JSON", "Stored as", "Limits", "Made by", "Key", "Served", "Golden files"];
    let absent = ABSENT.map(|(name, reason)| vec![name.to_owned(), "no".to_owned(), reason.to_owned()]);
    let (rows, absent) = (table(&titles, kinds().into_iter().map(row)), table(&["Type", "Served", "Reason"], absent));
    format!("{}\n{rows}\n## Not there\n\n{absent}", head("Column types", ABOUT))
}

/// One of each; the match in [`facts`] has no default, so that a new kind asks for its row.
fn kinds() -> Vec<ColumnType> {
    let text = || TextColumn { max_length: 100, format: Default::default() };
    let choice = || ChoiceColumn { choice: options(), default: None };
    let date = |behavior| ColumnType::DateTime(DateTimeColumn { format: Default::default(), behavior });
    let lookup = |kind, polymorphic| ColumnType::Lookup(LookupColumn { kind, targets: vec!["account".into()], polymorphic });
    let (least, most) = (Decimal::ZERO, Decimal::ONE);
    vec![
        ColumnType::Text(text()),
        ColumnType::Memo(text()),
        ColumnType::Integer(IntegerColumn { min: 0, max: 1, format: Default::default() }),
        ColumnType::BigInt,
        ColumnType::Decimal(DecimalColumn { min: least, max: most, precision: 2 }),
        ColumnType::Float(FloatColumn { min: 0.0, max: 1.0, precision: 2 }),
        ColumnType::Money(MoneyColumn { min: 0, max: 1, precision: 2, source: Default::default(), is_base: false }),
        ColumnType::Boolean(BooleanColumn { default: None, choice: options() }),
        ColumnType::Choice(choice()),
        ColumnType::Choices(choice()),
        ColumnType::State(StateColumn { states: Vec::new() }),
        ColumnType::Status(StatusColumn { statuses: Vec::new() }),
        date(DateBehavior::UserLocal),
        date(DateBehavior::TimeZoneIndependent),
        date(DateBehavior::DateOnly),
        lookup(LookupKind::Plain, false),
        lookup(LookupKind::Customer, true),
        lookup(LookupKind::Owner, true),
        ColumnType::UniqueId { primary: true },
        ColumnType::File(FileColumn { max_kib: FileColumn::MAX_KIB_DEFAULT }),
        ColumnType::Image(ImageColumn { max_kib: ImageColumn::MAX_KIB_DEFAULT, full: false, primary: false }),
        ColumnType::EntityName,
        ColumnType::ManagedProperty,
        ColumnType::Virtual,
    ]
}

fn facts(kind: &ColumnType) -> Facts {
    let row = |name, json, limits, made_by, key, column| Facts { name, json, limits, made_by, key, column };
    const TEXT: &str = "text";
    const DATES: &str = "1753-01-01 to 9999-12-31, whole seconds";
    match kind {
        ColumnType::Text(_) => row("Text", TEXT, "1 to 4,000 UTF-16 units", COLUMN, true, "new_code"),
        ColumnType::Memo(_) => row("Memo", TEXT, "1 to 1,048,576 UTF-16 units; built-in ones more", COLUMN, false, "new_note"),
        ColumnType::Integer(_) => row("Integer", "number", "-2,147,483,648 to 2,147,483,647", COLUMN, true, "new_number"),
        ColumnType::BigInt => row("BigInt", "number", "64 bits, signed", COLUMN, false, "new_big"),
        ColumnType::Decimal(_) => row("Decimal", "number", "±100,000,000,000; 0 to 10 digits after the point", COLUMN, true, "new_amount"),
        ColumnType::Float(_) => row("Double", "number", "±100,000,000,000; 0 to 5 digits after the point", COLUMN, false, "new_ratio"),
        ColumnType::Money(_) => row("Money", "number with four decimals", "±922,337,000,000,000; 0 to 4 digits after the point", COLUMN, false, "new_price"),
        ColumnType::Boolean(_) => row("Boolean", "true or false", "", COLUMN, false, "new_fragile"),
        ColumnType::Choice(_) => row("Picklist", "number", "one of the options, local or global", COLUMN, true, "new_kind"),
        ColumnType::Choices(_) => row("MultiSelectPicklist", "text, numbers with commas between", "150 options", COLUMN, false, "new_tags"),
        ColumnType::State(_) => row("State", "number", "one of the states", SERVICE, false, "statecode"),
        ColumnType::Status(_) => row("Status", "number", "one of the statuses of the state; -1 for its default", SERVICE, false, "statuscode"),
        ColumnType::DateTime(date) => match date.behavior {
            DateBehavior::UserLocal => row("DateTime, user local", "text, UTC", DATES, COLUMN, true, "new_moment"),
            DateBehavior::TimeZoneIndependent => row("DateTime, zone independent", "text with Z", DATES, COLUMN, true, "new_wall"),
            DateBehavior::DateOnly => row("DateTime, date only", "text", "1753-01-01 to 9999-12-31", COLUMN, true, "new_day"),
        },
        ColumnType::Lookup(lookup) => match lookup.kind {
            LookupKind::Plain => {
                row("Lookup", "`_name_value`; bound with `nav@odata.bind`", "a row of the table", RELATIONSHIP, true, "new_DepotId@odata.bind")
            }
            LookupKind::Customer => row("Customer", "`_name_value`", "an account or contact", "a solution package", false, "_parentcustomerid_value"),
            LookupKind::Owner => row("Owner", "`_ownerid_value`", "a user or team", SERVICE, false, "ownerid"),
        },
        ColumnType::UniqueId { .. } => row("Uniqueidentifier", "text", "", SERVICE, false, "new_parcelid"),
        ColumnType::File(_) => row("File", "the file's id; its bytes at `…/column`", "1 KB to 10 GB", COLUMN, false, "new_bill"),
        ColumnType::Image(_) => row("Image", "base64 of the thumbnail, when selected", "1 KB to 30 MB", COLUMN, false, "new_photo"),
        ColumnType::EntityName => row("EntityName", TEXT, "128 UTF-16 units", SERVICE, false, "returnedtypecode"),
        ColumnType::ManagedProperty => row("ManagedProperty", "true or false", "", SERVICE, false, "iscustomizable"),
        ColumnType::Virtual => row("Virtual", "not sent", "listed in definitions only", SERVICE, false, "AttributeMetadata/Virtual"),
    }
}

fn stored(shape: Shape) -> &'static str {
    match shape {
        Shape::Bool => "0 or 1",
        Shape::Int => "32-bit integer",
        Shape::BigInt => "64-bit integer",
        Shape::Decimal => "16 bytes in order",
        Shape::Money => "64-bit integer, ten-thousandths",
        Shape::Float => "floating point",
        Shape::Text | Shape::Choices => "text",
        Shape::Guid => "16 bytes",
        Shape::Bytes => "bytes",
        Shape::DateTime => "seconds since 1970",
        Shape::Date => "days since 1970",
        Shape::Lookup => "id",
        Shape::PolyLookup => "id and table number",
        Shape::None => "not stored",
    }
}

/// The shape of a column of this type; a shape belongs to a column, so one is made for the asking.
fn shape(kind: ColumnType) -> Shape {
    let column = Column {
        id: Uuid::nil(),
        name: "column".into(),
        schema_name: "Column".into(),
        kind,
        required: RequiredLevel::None,
        valid: Validity::ALL,
        display_name: Label::default(),
        description: Label::default(),
        physical: String::new(),
        number: 0,
        attribute_of: None,
        custom: false,
        managed: false,
        customizable: false,
        secured: false,
        introduced_version: String::new(),
    };
    column.shape()
}

fn options() -> ChoiceSource {
    ChoiceSource::Local(ChoiceSet {
        id: Uuid::nil(),
        name: "options".into(),
        schema_name: "Options".into(),
        display_name: Label::default(),
        description: Label::default(),
        options: Vec::new(),
        global: false,
        custom: false,
        managed: false,
        customizable: false,
        introduced_version: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::golden::{Door, parse};
    use super::*;

    #[test] // MD-20
    fn every_kind_has_a_row_of_its_own() {
        let names: Vec<&str> = kinds().iter().map(|kind| facts(kind).name).collect();
        let page = page(&[]);
        for name in &names {
            assert_eq!(page.matches(&format!("\n| {name} | ")).count(), 1, "{name}");
        }
        assert!(page.contains("| Decimal | number | 16 bytes in order |"), "{page}");
        assert!(!page.contains("| yes | ["));
    }

    #[test]
    fn files_that_use_a_column_are_named() {
        let exchanges = parse(Door::WebApi, "records/x", "=== x\nPOST /api/data/v9.2/new_cargoes\n\n{\"new_big\":1}\n--- 204\n");
        assert!(page(&exchanges).contains("| no | yes | [records/x](../../golden/webapi/records/x.http) |"));
    }
}
