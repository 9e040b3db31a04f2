//! The form of a declaration file.

use driftless_model::{
    AlternateKey, AssociatedMenu, BooleanColumn, Cascade, CascadeAction, ChoiceColumn, ChoiceOption, ChoiceSet, ChoiceSource, Column, ColumnType, DateBehavior,
    DateFormat, DateTimeColumn, Decimal, DecimalColumn, DeleteAction, Error, FloatColumn, IntegerColumn, IntegerFormat, KeyIndexStatus, Label, LogicalName,
    LookupColumn, LookupKind, ManyToMany, MoneyColumn, Ownership, PrecisionSource, RequiredLevel, Result, SchemaName, Side, StateColumn, StateOption,
    StatusColumn, StatusOption, TextColumn, TextFormat, Validity, physical_name,
};
use serde::Deserialize;

use super::constant_id;

/// A table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableDeclaration {
    pub(super) name: String,
    pub(super) schema_name: String,
    pub(super) set_name: String,
    pub(super) collection_schema_name: String,
    pub(super) code: i32,
    pub(super) version: u32,
    pub(super) ownership: Ownership,
    pub(super) primary_id: String,
    pub(super) primary_id_schema_name: Option<String>,
    pub(super) primary_name: Option<String>,
    pub(super) display_name: String,
    pub(super) display_collection_name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) change_tracking: bool,
    #[serde(default = "yes")]
    pub(super) can_change_tracking_be_enabled: bool,
    #[serde(default)]
    pub(super) is_intersect: bool,
    #[serde(default)]
    pub(super) is_private: bool,
    #[serde(default = "yes")]
    pub(super) is_customizable: bool,
    #[serde(default)]
    pub(super) activity: bool,
    #[serde(default)]
    pub(super) has_notes: bool,
    #[serde(default)]
    pub(super) has_activities: bool,
    #[serde(default)]
    pub(super) enforce_state_transitions: bool,
    #[serde(default = "yes")]
    pub(super) standard: bool,
    #[serde(default)]
    pub(super) column: Vec<ColumnDeclaration>,
    pub(super) state: Option<StateDeclaration>,
    #[serde(default)]
    pub(super) key: Vec<KeyDeclaration>,
    pub(super) many_to_many: Option<ManyToManyDeclaration>,
}

/// The many-to-many relationship whose pairs the table holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManyToManyDeclaration {
    schema_name: String,
    pub(super) first: SideDeclaration,
    pub(super) second: SideDeclaration,
}

/// One side of a many-to-many relationship. The navigation property has the relationship's name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SideDeclaration {
    pub(super) table: String,
    pub(super) column: String,
}

/// An alternate key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyDeclaration {
    schema_name: String,
    display_name: String,
    pub(super) columns: Vec<String>,
}

/// A column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnDeclaration {
    pub(super) name: String,
    pub(super) schema_name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    max_length: Option<u32>,
    format: Option<String>,
    min: Option<Number>,
    max: Option<Number>,
    precision: Option<u8>,
    behavior: Option<String>,
    #[serde(default)]
    required: RequiredLevel,
    #[serde(default = "yes")]
    create: bool,
    #[serde(default = "yes")]
    update: bool,
    #[serde(default = "yes")]
    read: bool,
    display_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    options: Vec<OptionDeclaration>,
    default: Option<DefaultDeclaration>,
    true_label: Option<String>,
    false_label: Option<String>,
    #[serde(default)]
    pub(super) target: Vec<TargetDeclaration>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Float(f64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum DefaultDeclaration {
    Bool(bool),
    Int(i32),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionDeclaration {
    value: i32,
    label: String,
}

/// What a lookup refers to, with the relationship.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetDeclaration {
    pub(super) table: String,
    pub(super) relationship: String,
    pub(super) navigation: String,
    pub(super) collection: String,
    #[serde(default)]
    delete: DeleteAction,
    #[serde(default)]
    assign: CascadeAction,
    #[serde(default)]
    reparent: CascadeAction,
    #[serde(default)]
    share: CascadeAction,
    #[serde(default)]
    unshare: CascadeAction,
    #[serde(default)]
    merge: CascadeAction,
    #[serde(default)]
    pub(super) hierarchical: bool,
}

/// States and statuses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateDeclaration {
    states: Vec<StateOptionDeclaration>,
    statuses: Vec<StatusOptionDeclaration>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateOptionDeclaration {
    value: i32,
    label: String,
    name: String,
    default_status: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusOptionDeclaration {
    value: i32,
    label: String,
    state: i32,
}

fn yes() -> bool {
    true
}

/// Version of the product with which built-in components were introduced, as exports of the original say.
pub(super) const INTRODUCED: &str = "5.0.0.0";

/// Reads a declaration.
pub(super) fn parse(text: &str) -> Result<TableDeclaration> {
    toml::from_str(text).map_err(|error| Error::damaged(format!("a built-in table cannot be read: {error}")))
}

impl KeyDeclaration {
    /// The key's definition, before its index is built.
    pub(super) fn key(&self, table: &str) -> AlternateKey {
        let schema_name = SchemaName::from(self.schema_name.as_str());
        let id = constant_id(&format!("key/{table}.{}", schema_name.to_logical()));
        AlternateKey {
            id,
            name: schema_name.to_logical(),
            schema_name,
            display_name: Label::english(self.display_name.as_str()),
            columns: self.columns.iter().map(|name| LogicalName::from(name.as_str())).collect(),
            status: KeyIndexStatus::Pending,
            job: None,
            physical: format!("k_{}", id.simple()),
            managed: true,
            customizable: false,
            introduced_version: INTRODUCED.to_owned(),
        }
    }
}

impl ManyToManyDeclaration {
    /// The relationship's definition.
    pub(super) fn relationship(&self, intersect: &str) -> ManyToMany {
        let side = |own: &SideDeclaration| Side {
            table: LogicalName::from(own.table.as_str()),
            column: LogicalName::from(own.column.as_str()),
            navigation: self.schema_name.clone(),
            menu: AssociatedMenu::default(),
        };
        ManyToMany {
            id: constant_id(&format!("relationship/{}", self.schema_name)),
            schema_name: SchemaName::from(self.schema_name.as_str()),
            intersect: LogicalName::from(intersect),
            first: side(&self.first),
            second: side(&self.second),
            custom: false,
            managed: true,
            customizable: false,
            introduced_version: INTRODUCED.to_owned(),
        }
    }
}

impl TargetDeclaration {
    pub(super) fn cascade(&self) -> Cascade {
        Cascade { delete: self.delete, assign: self.assign, reparent: self.reparent, share: self.share, unshare: self.unshare, merge: self.merge }
    }
}

impl StateDeclaration {
    /// The states and statuses.
    pub(super) fn columns(&self) -> (StateColumn, StatusColumn) {
        let states = self.states.iter().map(|state| StateOption {
            option: ChoiceOption::new(state.value, &state.label),
            default_status: state.default_status,
            invariant_name: state.name.clone(),
        });
        let statuses = self.statuses.iter().map(|status| StatusOption {
            option: ChoiceOption::new(status.value, &status.label),
            state: status.state,
            transitions: Vec::new(),
        });
        (StateColumn { states: states.collect() }, StatusColumn { statuses: statuses.collect() })
    }
}

impl ColumnDeclaration {
    /// The column's definition.
    pub(super) fn column(&self, table: &str, number: u16) -> Result<Column> {
        let name = LogicalName::from(self.name.as_str());
        Ok(Column {
            id: constant_id(&format!("column/{table}.{name}")),
            schema_name: SchemaName::from(self.schema_name.as_str()),
            kind: self.kind(table)?,
            required: self.required,
            valid: Validity { create: self.create, read: self.read, update: self.update },
            display_name: Label::english(self.display_name.as_str()),
            description: label(&self.description),
            physical: physical_name(&name),
            number,
            attribute_of: None,
            custom: false,
            managed: true,
            customizable: true,
            secured: false,
            introduced_version: INTRODUCED.to_owned(),
            name,
        })
    }

    fn kind(&self, table: &str) -> Result<ColumnType> {
        let text = || TextColumn { max_length: self.max_length.unwrap_or(100), format: self.text_format() };
        Ok(match self.kind.as_str() {
            "text" => ColumnType::Text(text()),
            "memo" => ColumnType::Memo(text()),
            "integer" => ColumnType::Integer(IntegerColumn {
                min: self.whole(self.min.as_ref()).and_then(|n| i32::try_from(n).ok()).unwrap_or(i32::MIN),
                max: self.whole(self.max.as_ref()).and_then(|n| i32::try_from(n).ok()).unwrap_or(i32::MAX),
                format: self.integer_format(),
            }),
            "bigint" => ColumnType::BigInt,
            "decimal" => ColumnType::Decimal(DecimalColumn {
                min: self.decimal(self.min.as_ref()).unwrap_or_else(|| Decimal::new(-100_000_000_000, 0)),
                max: self.decimal(self.max.as_ref()).unwrap_or_else(|| Decimal::new(100_000_000_000, 0)),
                precision: self.precision.unwrap_or(2),
            }),
            "float" => ColumnType::Float(FloatColumn {
                min: self.float(self.min.as_ref()).unwrap_or(-1e11),
                max: self.float(self.max.as_ref()).unwrap_or(1e11),
                precision: self.precision.unwrap_or(2),
            }),
            "money" => ColumnType::Money(MoneyColumn {
                min: self.whole(self.min.as_ref()).map_or(-9_223_370_000_000_000_000, |n| n * 10_000),
                max: self.whole(self.max.as_ref()).map_or(9_223_370_000_000_000_000, |n| n * 10_000),
                precision: self.precision.unwrap_or(2),
                source: PrecisionSource::Currency,
                is_base: false,
            }),
            "boolean" => {
                let words = [(0, self.false_label.as_deref().unwrap_or("No")), (1, self.true_label.as_deref().unwrap_or("Yes"))];
                let options = words.map(|(value, word)| ChoiceOption::new(value, word)).to_vec();
                let default = match self.default {
                    Some(DefaultDeclaration::Bool(value)) => Some(value),
                    Some(DefaultDeclaration::Int(value)) => Some(value != 0),
                    None => None,
                };
                ColumnType::Boolean(BooleanColumn { default, choice: ChoiceSource::Local(self.choice(table, options)) })
            }
            "choice" | "choices" => {
                let options = self.options.iter().map(|option| ChoiceOption::new(option.value, &option.label)).collect();
                let default = match self.default {
                    Some(DefaultDeclaration::Int(value)) => Some(value),
                    Some(DefaultDeclaration::Bool(_)) | None => None,
                };
                let kind = ChoiceColumn { choice: ChoiceSource::Local(self.choice(table, options)), default };
                if self.kind == "choice" { ColumnType::Choice(kind) } else { ColumnType::Choices(kind) }
            }
            "datetime" => ColumnType::DateTime(DateTimeColumn {
                format: if self.format.as_deref() == Some("DateOnly") { DateFormat::DateOnly } else { DateFormat::DateAndTime },
                behavior: match self.behavior.as_deref() {
                    Some("DateOnly") => DateBehavior::DateOnly,
                    Some("TimeZoneIndependent") => DateBehavior::TimeZoneIndependent,
                    _ => DateBehavior::UserLocal,
                },
            }),
            "lookup" | "customer" | "owner" => ColumnType::Lookup(LookupColumn {
                kind: match self.kind.as_str() {
                    "customer" => LookupKind::Customer,
                    "owner" => LookupKind::Owner,
                    _ => LookupKind::Plain,
                },
                targets: self.target.iter().map(|target| LogicalName::from(target.table.as_str())).collect(),
                polymorphic: self.target.len() > 1,
            }),
            "uniqueid" => ColumnType::UniqueId { primary: false },
            "entityname" => ColumnType::EntityName,
            "managedproperty" => ColumnType::ManagedProperty,
            other => return Err(Error::damaged(format!("the column '{}' of '{table}' has the unknown type '{other}'", self.name))),
        })
    }

    fn choice(&self, table: &str, options: Vec<ChoiceOption>) -> ChoiceSet {
        let name = format!("{table}_{}", self.name);
        ChoiceSet {
            id: constant_id(&format!("choice/{name}")),
            schema_name: SchemaName::from(name.as_str()),
            name: LogicalName::from(name),
            display_name: Label::english(self.display_name.as_str()),
            description: Label::default(),
            options,
            global: false,
            custom: false,
            managed: true,
            customizable: true,
            introduced_version: INTRODUCED.to_owned(),
        }
    }

    fn text_format(&self) -> TextFormat {
        match self.format.as_deref() {
            Some("TextArea") => TextFormat::TextArea,
            Some("Email") => TextFormat::Email,
            Some("Url") => TextFormat::Url,
            Some("Phone") => TextFormat::Phone,
            Some("TickerSymbol") => TextFormat::TickerSymbol,
            _ => TextFormat::Text,
        }
    }

    fn integer_format(&self) -> IntegerFormat {
        match self.format.as_deref() {
            Some("Duration") => IntegerFormat::Duration,
            Some("TimeZone") => IntegerFormat::TimeZone,
            Some("Language") => IntegerFormat::Language,
            Some("Locale") => IntegerFormat::Locale,
            _ => IntegerFormat::None,
        }
    }

    fn whole(&self, number: Option<&Number>) -> Option<i64> {
        match number {
            Some(Number::Whole(n)) => Some(*n),
            Some(Number::Float(n)) if n.fract() == 0.0 && n.abs() < 9e15 => format!("{n:.0}").parse().ok(),
            Some(Number::Text(text)) => text.parse().ok(),
            _ => None,
        }
    }

    fn decimal(&self, number: Option<&Number>) -> Option<Decimal> {
        match number {
            Some(Number::Whole(n)) => Some(Decimal::from(*n)),
            Some(Number::Float(n)) => n.to_string().parse().ok(),
            Some(Number::Text(text)) => text.parse().ok(),
            None => None,
        }
    }

    fn float(&self, number: Option<&Number>) -> Option<f64> {
        match number {
            Some(Number::Whole(n)) => n.to_string().parse().ok(),
            Some(Number::Float(n)) => Some(*n),
            Some(Number::Text(text)) => text.parse().ok(),
            None => None,
        }
    }
}

/// A label; none for empty text.
pub(super) fn label(text: &str) -> Label {
    if text.is_empty() { Label::default() } else { Label::english(text) }
}
