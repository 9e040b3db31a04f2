//! Conditions of RetrieveMetadataChanges (web-api 26.8), judged item by item.

use std::cmp::Ordering;

use driftless_core::metadata::{Condition, ConditionOperator, Criteria};
use driftless_model::literal;
use driftless_model::{Decimal, Error, ErrorCode, Result, Uuid};

use super::item::{Item, View};
use super::node::Node;
use super::types::{self, ENUMS, Kind};
use crate::error;

/// True if the conditions hold of an item where one of the type `declared` stands; without any they do.
///
/// # Errors
/// 0x80060888 for properties that no such type has, that cannot be compared, and for values that do not fit.
pub(super) fn hold(view: View<'_>, declared: &str, item: &Item<'_>, criteria: &Criteria) -> Result<bool> {
    if criteria.conditions.is_empty() && criteria.groups.is_empty() {
        return Ok(true);
    }
    let (mut any, mut all) = (false, true);
    // Every one is judged, so that what is wrong is told whichever item comes first.
    for condition in &criteria.conditions {
        let holds = one(view, declared, item, condition)?;
        (any, all) = (any | holds, all & holds);
    }
    for group in &criteria.groups {
        let holds = hold(view, declared, item, group)?;
        (any, all) = (any | holds, all & holds);
    }
    Ok(if criteria.any { any } else { all })
}

fn one(view: View<'_>, declared: &str, item: &Item<'_>, condition: &Condition) -> Result<bool> {
    let Some(property) = item.property(&condition.property) else {
        let known = types::all().any(|def| def.is_a(declared) && def.property(&condition.property).is_some());
        // Only some of the derived types have the property: for the others it is null.
        return if known { compare(&Node::Null, Kind::Text, condition) } else { Err(error::no_such_property(&condition.property, declared)) };
    };
    if property.kind.is_navigation() {
        return Err(refused(condition, "a part cannot be compared"));
    }
    // Settings that solutions may lock, and names of formats and types, count by their value.
    let (node, kind) = match (item.get(view, property), property.kind) {
        (node @ Node::Object(_), Kind::Complex(type_name)) => {
            let value = types::find(type_name).and_then(|def| def.property("Value"));
            let kind = value.map(|value| value.kind).ok_or_else(|| refused(condition, "a value with several parts cannot be compared"))?;
            (node.get("Value").cloned().unwrap_or(Node::Null), kind)
        }
        (node, kind) => (node, kind),
    };
    compare(&node, kind, condition)
}

fn compare(node: &Node, kind: Kind, condition: &Condition) -> Result<bool> {
    let first = condition.values.first().map(String::as_str);
    let equals = |value: Option<&str>| match (node, value) {
        (Node::Null, None) => Ok(true),
        (Node::Null, _) | (_, None) => Ok(false),
        (node, Some(text)) => order(node, kind, text).map(|order| order == Some(Ordering::Equal)).ok_or_else(|| refused(condition, "the value does not fit")),
    };
    let among = || condition.values.iter().try_fold(false, |found, value| Ok::<_, Error>(found | equals(Some(value))?));
    let ordered = |wanted: Ordering| match (node, first) {
        (Node::Int(_) | Node::Decimal(_) | Node::Double(_) | Node::DateTime(_), Some(text)) => {
            order(node, kind, text).map(|order| order == Some(wanted)).ok_or_else(|| refused(condition, "the value does not fit"))
        }
        (Node::Null, _) => Ok(false),
        _ => Err(refused(condition, "only numbers and times can be larger or smaller")),
    };
    match condition.operator {
        ConditionOperator::Equals => equals(first),
        ConditionOperator::NotEquals => equals(first).map(|equal| !equal),
        ConditionOperator::In => among(),
        ConditionOperator::NotIn => among().map(|found| !found),
        ConditionOperator::GreaterThan => ordered(Ordering::Greater),
        ConditionOperator::LessThan => ordered(Ordering::Less),
    }
}

/// How a value stands to a text of its type: none inside when they have no order, none at all when the text is not of the type.
fn order(node: &Node, kind: Kind, text: &str) -> Option<Option<Ordering>> {
    Some(match node {
        Node::Bool(own) => Some(own.cmp(&literal::boolean(&text.to_ascii_lowercase()).ok()?)),
        Node::Int(own) => Some(Decimal::from(*own).cmp(&Decimal::from_str_exact(text).ok()?)),
        Node::Decimal(own) => Some(own.cmp(&Decimal::from_str_exact(text).ok()?)),
        Node::Double(own) => own.partial_cmp(&literal::double(text).ok()?),
        Node::Guid(own) => Some(own.cmp(&literal::guid(text).map(Uuid::from_bytes).ok()?)),
        Node::DateTime(own) => Some(own.cmp(&literal::date_time(text).ok()?)),
        Node::Text(own) => match kind {
            // Members of enumerations may be named or numbered.
            Kind::Enum(name) => {
                let def = ENUMS.iter().find(|def| def.name == name)?;
                Some(def.parse(own)?.cmp(&def.parse(text)?))
            }
            _ => Some(own.to_lowercase().cmp(&text.to_lowercase())),
        },
        Node::Null | Node::Number(_) | Node::List(_) | Node::Object(_) => return None,
    })
}

fn refused(condition: &Condition, why: &str) -> Error {
    let property: String = condition.property.chars().take(64).collect();
    Error::new(ErrorCode::ODataError, format!("The condition on '{property}' cannot be judged: {why}."))
}
