//! Choices: named integers, local to one column or shared.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Label, LogicalName};

/// One option of a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceOption {
    /// The number that rows hold.
    pub value: i32,
    /// What people read.
    pub label: Label,
    /// More words for people.
    #[serde(default, skip_serializing_if = "Label::is_empty")]
    pub description: Label,
    /// Display color such as `#0000ff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The number that an outside system uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_value: Option<String>,
}

impl ChoiceOption {
    /// An option with an English label.
    pub fn new(value: i32, label: &str) -> Self {
        Self { value, label: Label::english(label), description: Label::default(), color: None, external_value: None }
    }
}

/// A set of options. A global one is a definition of its own (MD-26); a local one lies inside its column and carries the name `<table>_<column>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceSet {
    /// Stable identity (MD-8).
    pub id: Uuid,
    /// Unique name.
    pub name: LogicalName,
    /// The name with its letters' case kept.
    pub schema_name: crate::SchemaName,
    /// What people read.
    #[serde(default)]
    pub display_name: Label,
    /// More words for people.
    #[serde(default)]
    pub description: Label,
    /// The options in display order.
    pub options: Vec<ChoiceOption>,
    /// Shared by columns.
    pub global: bool,
    /// Made by a customizer, not built in.
    pub custom: bool,
    /// Came with a managed solution.
    pub managed: bool,
    /// May be changed by customizers.
    pub customizable: bool,
    /// Version of the solution that brought it.
    pub introduced_version: String,
}

impl ChoiceSet {
    /// The option with this value.
    pub fn option(&self, value: i32) -> Option<&ChoiceOption> {
        self.options.iter().find(|option| option.value == value)
    }
}

/// Where the options of a column come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChoiceSource {
    /// Options of this column alone.
    Local(ChoiceSet),
    /// A global choice, by name. Readers find the set in the metadata snapshot.
    Global(LogicalName),
}

/// One state of a table (SU-8). State values are fixed per table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateOption {
    /// The option.
    pub option: ChoiceOption,
    /// The status that a row gets when only the state is set (SU-10).
    pub default_status: i32,
    /// The name that programs use.
    pub invariant_name: String,
}

/// One status of a table; it belongs to one state (SU-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusOption {
    /// The option.
    pub option: ChoiceOption,
    /// The state that the status belongs to.
    pub state: i32,
    /// Statuses that a row may move to from here, when the table enforces transitions (SU-11); empty means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<i32>,
}
