//! Definitions inside the answers of messages (web-api 26.8): values of complex types that have the members of the definitions' own types, parts included.

use driftless_contract::definitions::{Chosen, Selection, Shown};
use driftless_core::metadata::{Condition, ConditionOperator, Criteria, SelectedDefinitions};
use driftless_model::{Error, ErrorCode, Result};
use driftless_odata::json::{Json, JsonLimits, JsonWriter, read_argument};

use super::json::{PREFIX, write, write_type};
use crate::error;

/// Writes all tables that are selected.
///
/// # Errors
/// 0x80060888 for properties that no definition has and values that do not fit.
pub(crate) fn write_tables(json: &mut JsonWriter, selected: &SelectedDefinitions, language: u16) -> Result<()> {
    let mut selected = selected.clone();
    let query = &mut selected.query;
    let parts = [&mut query.columns, &mut query.relationships, &mut query.keys].into_iter().flatten();
    parts.chain([&mut query.tables]).try_for_each(|part| separate_lists(&mut part.criteria))?;
    json.begin_array();
    Selection::new(&selected, language).tables().try_for_each(|table| write_chosen(json, &table?))?;
    json.end_array();
    Ok(())
}

/// Writes the one definition that is selected, where a value of the type `declared` is expected.
///
/// # Errors
/// As [`write_tables`].
pub(crate) fn write_one(json: &mut JsonWriter, selected: &SelectedDefinitions, declared: &'static str, language: u16) -> Result<()> {
    write_chosen(json, &Selection::new(selected, language).one(declared)?)
}

fn write_chosen(json: &mut JsonWriter, chosen: &Chosen<'_>) -> Result<()> {
    json.begin_object();
    if let Some(name) = chosen.derived_type() {
        write_type(json, PREFIX, name);
    }
    for property in chosen.properties() {
        json.name(property.name);
        match chosen.show(property)? {
            Shown::Value(node) => write(json, &node),
            Shown::Part(None) => json.null(),
            Shown::Part(Some(part)) => write_chosen(json, &part)?,
            Shown::Parts(parts) => {
                json.begin_array();
                parts.iter().try_for_each(|part| write_chosen(json, part))?;
                json.end_array();
            }
        }
    }
    json.end_object();
    Ok(())
}

/// Separates the values of lists that stand in one text, as JSON.
fn separate_lists(criteria: &mut Criteria) -> Result<()> {
    for condition in &mut criteria.conditions {
        if let Some(values) = listed(condition)? {
            condition.values = values;
        }
    }
    criteria.groups.iter_mut().try_for_each(separate_lists)
}

fn listed(condition: &Condition) -> Result<Option<Vec<String>>> {
    let is_list = matches!(condition.operator, ConditionOperator::In | ConditionOperator::NotIn);
    let [text] = condition.values.as_slice() else { return Ok(None) };
    if !is_list || !text.trim_start().starts_with('[') {
        return Ok(None);
    }
    let json = read_argument(text, &JsonLimits::default()).map_err(error::of_syntax)?;
    let item = |item: &Json<'_>| match item {
        Json::Text(text) => Ok(text.to_string()),
        Json::Number(text) => Ok((*text).to_owned()),
        Json::Bool(value) => Ok(value.to_string()),
        _ => {
            let property: String = condition.property.chars().take(64).collect();
            Err(Error::new(ErrorCode::ODataError, format!("The list of the condition on '{property}' must hold texts, numbers, yes or no.")))
        }
    };
    json.as_array().unwrap_or_default().iter().map(item).collect::<Result<_>>().map(Some)
}
