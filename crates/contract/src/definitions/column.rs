//! Values of a column's definition (web-api 26.4).

use driftless_model::literal;
use driftless_model::{
    Column, ColumnIx, ColumnType, DateBehavior, DateFormat, IntegerFormat, LookupKind, PrecisionSource, RequiredLevel, Table, TextFormat, money_to_decimal,
};

use super::item::View;
use super::node::Node;

/// Largest side of a thumbnail, which is what rows show of an image.
const IMAGE_SIDE: i64 = 144;

/// The type of a column's definition.
pub(super) fn type_name(kind: &ColumnType) -> &'static str {
    match kind {
        ColumnType::Text(_) => "StringAttributeMetadata",
        ColumnType::Memo(_) => "MemoAttributeMetadata",
        ColumnType::Integer(_) => "IntegerAttributeMetadata",
        ColumnType::BigInt => "BigIntAttributeMetadata",
        ColumnType::Decimal(_) => "DecimalAttributeMetadata",
        ColumnType::Float(_) => "DoubleAttributeMetadata",
        ColumnType::Money(_) => "MoneyAttributeMetadata",
        ColumnType::Boolean(_) => "BooleanAttributeMetadata",
        ColumnType::Choice(_) => "PicklistAttributeMetadata",
        ColumnType::Choices(_) => "MultiSelectPicklistAttributeMetadata",
        ColumnType::State(_) => "StateAttributeMetadata",
        ColumnType::Status(_) => "StatusAttributeMetadata",
        ColumnType::DateTime(_) => "DateTimeAttributeMetadata",
        ColumnType::Lookup(_) => "LookupAttributeMetadata",
        ColumnType::UniqueId { .. } => "UniqueIdentifierAttributeMetadata",
        ColumnType::File(_) => "FileAttributeMetadata",
        ColumnType::Image(_) => "ImageAttributeMetadata",
        ColumnType::EntityName => "EntityNameAttributeMetadata",
        ColumnType::ManagedProperty => "ManagedPropertyAttributeMetadata",
        ColumnType::Virtual => "AttributeMetadata",
    }
}

/// `AttributeType` and `AttributeTypeName`.
fn type_codes(kind: &ColumnType) -> (&'static str, &'static str) {
    match kind {
        ColumnType::Text(_) => ("String", "StringType"),
        ColumnType::Memo(_) => ("Memo", "MemoType"),
        ColumnType::Integer(_) => ("Integer", "IntegerType"),
        ColumnType::BigInt => ("BigInt", "BigIntType"),
        ColumnType::Decimal(_) => ("Decimal", "DecimalType"),
        ColumnType::Float(_) => ("Double", "DoubleType"),
        ColumnType::Money(_) => ("Money", "MoneyType"),
        ColumnType::Boolean(_) => ("Boolean", "BooleanType"),
        ColumnType::Choice(_) => ("Picklist", "PicklistType"),
        ColumnType::Choices(_) => ("Virtual", "MultiSelectPicklistType"),
        ColumnType::State(_) => ("State", "StateType"),
        ColumnType::Status(_) => ("Status", "StatusType"),
        ColumnType::DateTime(_) => ("DateTime", "DateTimeType"),
        ColumnType::Lookup(lookup) => match lookup.kind {
            LookupKind::Plain => ("Lookup", "LookupType"),
            LookupKind::Customer => ("Customer", "CustomerType"),
            LookupKind::Owner => ("Owner", "OwnerType"),
        },
        ColumnType::UniqueId { .. } => ("Uniqueidentifier", "UniqueidentifierType"),
        ColumnType::File(_) => ("Virtual", "FileType"),
        ColumnType::Image(_) => ("Virtual", "ImageType"),
        ColumnType::EntityName => ("EntityName", "EntityNameType"),
        ColumnType::ManagedProperty => ("ManagedProperty", "ManagedPropertyType"),
        ColumnType::Virtual => ("Virtual", "VirtualType"),
    }
}

/// The value of a property; none for one that has the default of its type.
pub(super) fn value<'a>(view: View<'_>, table: &'a Table, ix: ColumnIx, name: &str) -> Option<Node<'a>> {
    let column = table.column(ix);
    let open = column.customizable && table.def.customizable;
    Some(match name {
        "MetadataId" => Node::Guid(column.id),
        "LogicalName" => Node::text(column.name.as_str()),
        "SchemaName" => Node::text(column.schema_name.as_str()),
        "EntityLogicalName" => Node::text(table.name().as_str()),
        "AttributeOf" => Node::text_if(column.attribute_of.as_ref()),
        "AttributeType" => Node::text(type_codes(&column.kind).0),
        "AttributeTypeName" => Node::named(type_codes(&column.kind).1),
        "ColumnNumber" => Node::Int(i64::from(column.number)),
        "DisplayName" => Node::label(&column.display_name, view.language),
        "Description" => Node::label(&column.description, view.language),
        "RequiredLevel" => required_level(column, open),
        "IsCustomAttribute" => Node::Bool(column.custom),
        "IsManaged" => Node::Bool(column.managed),
        "IsCustomizable" => Node::managed(column.customizable, !column.managed, "iscustomizable"),
        "IsRenameable" => Node::managed(open, !column.managed, "isrenameable"),
        "CanModifyAdditionalSettings" => Node::managed(open, !column.managed, "canmodifyadditionalsettings"),
        "IsPrimaryId" => Node::Bool(ix == table.id),
        "IsPrimaryName" => Node::Bool(table.special.name == Some(ix)),
        "IsSecured" => Node::Bool(column.secured),
        "IsLogical" => Node::Bool(!column.is_stored()),
        "IsRetrievable" | "IsValidForRead" => Node::Bool(column.valid.read),
        "IsValidForCreate" => Node::Bool(column.valid.create),
        "IsValidForUpdate" => Node::Bool(column.valid.update),
        "IsValidODataAttribute" => Node::Bool(column.is_stored()),
        "IsFilterable" | "IsSearchable" => Node::Bool(false),
        "IsValidForAdvancedFind" => Node::managed(column.is_stored(), open, "canmodifysearchsettings"),
        "IsAuditEnabled" => Node::managed(false, open, "canmodifyauditsettings"),
        "IsGlobalFilterEnabled" => Node::managed(false, open, "canmodifyglobalfiltersettings"),
        "IsSortableEnabled" => Node::managed(false, open, "canmodifyissortablesettings"),
        "CanBeSecuredForCreate" | "CanBeSecuredForRead" | "CanBeSecuredForUpdate" => Node::Bool(column.custom),
        "IntroducedVersion" => Node::text(column.introduced_version.as_str()),
        "CreatedOn" => Node::DateTime(table.def.created_on),
        "ModifiedOn" => Node::DateTime(table.def.modified_on),
        "SourceTypeMask" => Node::Int(0),
        _ => return of_kind(column, open, name),
    })
}

fn required_level(column: &Column, open: bool) -> Node<'static> {
    Node::object(vec![
        ("Value", Node::text(level_name(column.required))),
        ("CanBeChanged", Node::Bool(open && column.required != RequiredLevel::System)),
        ("ManagedPropertyLogicalName", Node::text("canmodifyrequirementlevelsettings")),
    ])
}

/// The name of a level.
pub(super) fn level_name(level: RequiredLevel) -> &'static str {
    match level {
        RequiredLevel::None => "None",
        RequiredLevel::System => "SystemRequired",
        RequiredLevel::Application => "ApplicationRequired",
        RequiredLevel::Recommended => "Recommended",
    }
}

/// What only some types of columns have.
fn of_kind<'a>(column: &'a Column, open: bool, name: &str) -> Option<Node<'a>> {
    Some(match (&column.kind, name) {
        (ColumnType::Text(_) | ColumnType::Memo(_), "ImeMode") => Node::text("Auto"),
        (ColumnType::Text(kind) | ColumnType::Memo(kind), "MaxLength") => Node::Int(i64::from(kind.max_length)),
        (ColumnType::Text(kind), "DatabaseLength") => Node::Int(i64::from(kind.max_length) * 2),
        (ColumnType::Text(kind) | ColumnType::Memo(kind), "Format") => Node::text(text_format(kind.format)),
        (ColumnType::Text(kind) | ColumnType::Memo(kind), "FormatName") => Node::named(text_format(kind.format)),
        (ColumnType::Integer(kind), "MinValue") => Node::Int(i64::from(kind.min)),
        (ColumnType::Integer(kind), "MaxValue") => Node::Int(i64::from(kind.max)),
        (ColumnType::Integer(kind), "Format") => Node::text(integer_format(kind.format)),
        (ColumnType::BigInt, "MinValue") => Node::Int(i64::MIN),
        (ColumnType::BigInt, "MaxValue") => Node::Int(i64::MAX),
        (ColumnType::Decimal(kind), "MinValue") => Node::Decimal(kind.min),
        (ColumnType::Decimal(kind), "MaxValue") => Node::Decimal(kind.max),
        (ColumnType::Decimal(kind), "Precision") => Node::Int(i64::from(kind.precision)),
        (ColumnType::Float(kind), "MinValue") => Node::Double(kind.min),
        (ColumnType::Float(kind), "MaxValue") => Node::Double(kind.max),
        (ColumnType::Float(kind), "Precision") => Node::Int(i64::from(kind.precision)),
        (ColumnType::Money(kind), "MinValue") => Node::Decimal(money_to_decimal(kind.min).normalize()),
        (ColumnType::Money(kind), "MaxValue") => Node::Decimal(money_to_decimal(kind.max).normalize()),
        (ColumnType::Money(kind), "Precision") => Node::Int(i64::from(kind.precision)),
        (ColumnType::Money(kind), "IsBaseCurrency") => Node::Bool(kind.is_base),
        (ColumnType::Money(kind), "CalculationOf") if kind.is_base => Node::text_if(column.attribute_of.as_ref()),
        (ColumnType::Money(kind), "PrecisionSource") => Node::Int(match kind.source {
            PrecisionSource::Column => 0,
            PrecisionSource::Organization => 1,
            PrecisionSource::Currency => 2,
        }),
        (ColumnType::Decimal(_) | ColumnType::Float(_) | ColumnType::Money(_) | ColumnType::DateTime(_), "ImeMode") => Node::text("Auto"),
        (ColumnType::Boolean(kind), "DefaultValue") => Node::Bool(kind.default.unwrap_or(false)),
        (ColumnType::Choice(kind) | ColumnType::Choices(kind), "DefaultFormValue") => Node::Int(i64::from(kind.default.unwrap_or(-1))),
        (ColumnType::State(kind), "DefaultFormValue") => kind.states.first().map_or(Node::Null, |state| Node::Int(i64::from(state.option.value))),
        (ColumnType::DateTime(kind), "Format") => Node::text(match kind.format {
            DateFormat::DateOnly => "DateOnly",
            DateFormat::DateAndTime => "DateAndTime",
        }),
        (ColumnType::DateTime(kind), "DateTimeBehavior") => Node::named(match kind.behavior {
            DateBehavior::UserLocal => "UserLocal",
            DateBehavior::DateOnly => "DateOnly",
            DateBehavior::TimeZoneIndependent => "TimeZoneIndependent",
        }),
        (ColumnType::DateTime(_), "CanChangeDateTimeBehavior") => Node::managed(open, !column.managed, "canchangedatetimebehavior"),
        (ColumnType::DateTime(_), "MinSupportedValue") => Node::DateTime(literal::SECONDS_MIN),
        (ColumnType::DateTime(_), "MaxSupportedValue") => Node::DateTime(literal::SECONDS_MAX),
        (ColumnType::Lookup(_), "Format") => Node::text("None"),
        (ColumnType::Lookup(kind), "Targets") => Node::List(kind.targets.iter().map(|target| Node::text(target.as_str())).collect()),
        (ColumnType::File(kind), "MaxSizeInKB") => Node::Int(i64::from(kind.max_kib)),
        (ColumnType::Image(kind), "MaxSizeInKB") => Node::Int(i64::from(kind.max_kib)),
        (ColumnType::Image(kind), "CanStoreFullImage") => Node::Bool(kind.full),
        (ColumnType::Image(kind), "IsPrimaryImage") => Node::Bool(kind.primary),
        (ColumnType::Image(_), "MaxHeight" | "MaxWidth") => Node::Int(IMAGE_SIDE),
        (ColumnType::ManagedProperty, "ValueAttributeTypeCode") => Node::text("Boolean"),
        (ColumnType::ManagedProperty, "ManagedPropertyLogicalName") => Node::text(column.name.as_str()),
        _ => return None,
    })
}

/// The name of a text's format.
pub(super) fn text_format(format: TextFormat) -> &'static str {
    match format {
        TextFormat::Text => "Text",
        TextFormat::TextArea => "TextArea",
        TextFormat::Email => "Email",
        TextFormat::Url => "Url",
        TextFormat::Phone => "Phone",
        TextFormat::TickerSymbol => "TickerSymbol",
        TextFormat::PhoneticGuide => "PhoneticGuide",
        TextFormat::VersionNumber => "VersionNumber",
        TextFormat::Json => "Json",
        TextFormat::RichText => "RichText",
    }
}

/// The name of a whole number's format.
pub(super) fn integer_format(format: IntegerFormat) -> &'static str {
    match format {
        IntegerFormat::None => "None",
        IntegerFormat::Duration => "Duration",
        IntegerFormat::TimeZone => "TimeZone",
        IntegerFormat::Language => "Language",
        IntegerFormat::Locale => "Locale",
    }
}
