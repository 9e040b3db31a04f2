//! Choices of a package: global ones, those of columns, states and statuses (SOL-8).

use std::collections::BTreeMap;

use driftless_model::{ChoiceOption, ChoiceSet, StateColumn, StatusColumn};
use driftless_solution_file::{ChoiceElement, ChoiceKind, ChoiceOption as OptionElement, Properties};

use super::{flags, labels};

/// A global choice.
pub(super) fn shared(choice: &ChoiceSet) -> ChoiceElement {
    ChoiceElement {
        localized_name: choice.display_name.text(driftless_model::ENGLISH).map(str::to_owned),
        introduced_version: Some(choice.introduced_version.clone()),
        properties: flags([("IsGlobal", true), ("IsCustomizable", choice.customizable)]),
        ..local(choice, ChoiceKind::Choice)
    }
}

/// The choice of a column.
pub(super) fn local(choice: &ChoiceSet, kind: ChoiceKind) -> ChoiceElement {
    ChoiceElement {
        name: choice.schema_name.to_string(),
        kind,
        labels: labels(&choice.display_name),
        descriptions: labels(&choice.description),
        options: choice.options.iter().map(option).collect(),
        properties: flags([("IsGlobal", false)]),
        ..ChoiceElement::default()
    }
}

/// The states of a table.
pub(super) fn states(table: &str, column: &StateColumn) -> ChoiceElement {
    let state = |state: &driftless_model::StateOption| OptionElement {
        default_status: Some(state.default_status),
        invariant_name: Some(state.invariant_name.clone()).filter(|name| !name.is_empty()),
        ..option(&state.option)
    };
    of_table(table, "statecode", ChoiceKind::State, column.states.iter().map(state).collect())
}

/// The statuses of a table.
pub(super) fn statuses(table: &str, column: &StatusColumn) -> ChoiceElement {
    let status = |status: &driftless_model::StatusOption| OptionElement { state: Some(status.state), ..option(&status.option) };
    of_table(table, "statuscode", ChoiceKind::Status, column.statuses.iter().map(status).collect())
}

fn of_table(table: &str, column: &str, kind: ChoiceKind, options: Vec<OptionElement>) -> ChoiceElement {
    ChoiceElement {
        name: format!("{table}_{column}"),
        kind,
        options,
        properties: Properties { flags: BTreeMap::new(), ..Properties::default() },
        ..ChoiceElement::default()
    }
}

fn option(option: &ChoiceOption) -> OptionElement {
    OptionElement {
        value: option.value,
        labels: labels(&option.label),
        descriptions: labels(&option.description),
        color: option.color.clone(),
        external_value: option.external_value.clone(),
        ..OptionElement::default()
    }
}
