//! `optionset`: the values of a choice column (SOL-8).

use super::{Labels, Properties, spelling_of, value_of};

/// A set of options, local to one column or shared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChoiceElement {
    /// Attribute `Name`.
    pub name: String,
    /// Attribute `localizedName` of a shared choice: the name in the base language.
    pub localized_name: Option<String>,
    /// Attribute `description` of a shared choice, in the base language.
    pub description: Option<String>,
    /// `OptionSetType`.
    pub kind: ChoiceKind,
    /// `IntroducedVersion`.
    pub introduced_version: Option<String>,
    /// `displaynames`.
    pub labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// `options`, `states` or `statuses`.
    pub options: Vec<ChoiceOption>,
    /// Anything else, such as the flags `IsGlobal` and `IsCustomizable`.
    pub properties: Properties,
}

/// What a set of options is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ChoiceKind {
    /// `picklist`: a choice or choices column.
    #[default]
    Choice,
    /// `bit`: the two labels of a yes/no column.
    Boolean,
    /// `state`.
    State,
    /// `status`.
    Status,
    /// Any other text.
    Other(String),
}

const KINDS: &[(&str, ChoiceKind)] =
    &[("picklist", ChoiceKind::Choice), ("bit", ChoiceKind::Boolean), ("state", ChoiceKind::State), ("status", ChoiceKind::Status)];

impl ChoiceKind {
    /// The kind that a file's text stands for, upper and lower case taken as equal.
    pub fn parse(text: &str) -> Self {
        value_of(KINDS, text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// The text of the kind in a file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => spelling_of(KINDS, known).unwrap_or_default(),
        }
    }
}

/// One option, state or status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChoiceOption {
    /// `value`.
    pub value: i32,
    /// `labels`.
    pub labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// `defaultstatus`: the status that comes with a state.
    pub default_status: Option<i32>,
    /// `invariantname`: name of a state that no translation changes.
    pub invariant_name: Option<String>,
    /// `state`: the state that a status belongs to.
    pub state: Option<i32>,
    /// `Color`, such as `#0000ff`.
    pub color: Option<String>,
    /// `ExternalValue`.
    pub external_value: Option<String>,
    /// `IsHidden`.
    pub hidden: Option<bool>,
}

/// Where a column's options come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChoiceSource {
    /// `optionset`: they belong to the column alone.
    Local(Box<ChoiceElement>),
    /// `OptionSetName`: the shared choice of this name.
    Shared(String),
}
