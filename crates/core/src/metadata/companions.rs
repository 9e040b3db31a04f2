//! Columns that come with another one and go with it: the base value of money (MD-24), the name of a file, what is known of an image.

use driftless_model::{
    Column, ColumnType, Label, LogicalName, MoneyColumn, PrecisionSource, RequiredLevel, SchemaName, TextColumn, TextFormat, Uuid, Validity, physical_name,
};

use super::system_columns::{MONEY_MAX, MONEY_MIN};

/// Most characters of a file's name.
pub(crate) const FILE_NAME_MAX: u32 = 255;
/// Most characters of an image's address.
const IMAGE_URL_MAX: u32 = 500;

/// The columns that come with `of`, without numbers. `new_id` gives an identity for a logical name.
pub(crate) fn companions(of: &Column, new_id: &mut dyn FnMut(&LogicalName) -> Uuid) -> Vec<Column> {
    let text = |max_length| ColumnType::Text(TextColumn { max_length, format: TextFormat::Text });
    let mut made = Vec::new();
    let mut add = |ending: &str, label: &str, kind| made.push(companion(of, ending, label, kind, new_id));
    match &of.kind {
        ColumnType::Money(money) if !money.is_base => {
            let base = MoneyColumn { min: MONEY_MIN, max: MONEY_MAX, precision: 4, source: PrecisionSource::Organization, is_base: true };
            add("_Base", " (Base)", ColumnType::Money(base));
        }
        ColumnType::File(_) => add("_Name", " (Name)", text(FILE_NAME_MAX)),
        ColumnType::Image(_) => {
            add("Id", " (Id)", ColumnType::UniqueId { primary: false });
            add("_Timestamp", " (Timestamp)", ColumnType::BigInt);
            add("_URL", " (URL)", text(IMAGE_URL_MAX));
        }
        _ => {}
    }
    made
}

fn companion(of: &Column, ending: &str, label: &str, kind: ColumnType, new_id: &mut dyn FnMut(&LogicalName) -> Uuid) -> Column {
    let schema_name = SchemaName::from(format!("{}{ending}", of.schema_name));
    let name = schema_name.to_logical();
    Column {
        id: new_id(&name),
        physical: physical_name(&name),
        schema_name,
        kind,
        required: RequiredLevel::None,
        valid: Validity::READ_ONLY,
        display_name: of.display_name.texts().map(|(language, text)| (language, format!("{text}{label}"))).collect(),
        description: Label::default(),
        number: 0,
        attribute_of: Some(of.name.clone()),
        secured: false,
        name,
        ..of.clone()
    }
}

/// True for the name of a column that comes with a file or an image called `of`.
pub(crate) fn comes_with_file(name: &str, of: &str) -> bool {
    name.strip_prefix(of) == Some("_name")
}

/// As [`comes_with_file`], for images.
pub(crate) fn comes_with_image(name: &str, of: &str) -> bool {
    matches!(name.strip_prefix(of), Some("id" | "_timestamp" | "_url"))
}
