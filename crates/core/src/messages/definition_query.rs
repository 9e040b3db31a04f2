//! The parameter of RetrieveMetadataChanges that says which definitions, and what of them, is wanted (web-api 26.8).

use driftless_model::{Error, Result};

use super::{Arg, ComplexType, EnumType, Param, ParamType as T, opt, req};
use crate::metadata::{Condition, ConditionOperator, Criteria, DefinitionQuery, PartQuery, Properties};

const LOGICAL_OPERATOR: EnumType = EnumType::choice("LogicalOperator", &[("And", 0), ("Or", OR)]);
const OR: i64 = 1;
const CONDITION_OPERATOR: EnumType =
    EnumType::choice("MetadataConditionOperator", &[("Equals", 0), ("NotEquals", 1), ("In", 2), ("NotIn", 3), ("GreaterThan", 4), ("LessThan", 5)]);

const PROPERTIES: ComplexType =
    ComplexType { name: "MetadataPropertiesExpression", members: &[opt("AllProperties", T::Bool), opt("PropertyNames", T::List(&T::Text))] };
const VALUE: ComplexType = ComplexType { name: "Object", members: &[opt("Type", T::Text), opt("Value", T::Scalars)] };
const CONDITION: ComplexType = ComplexType {
    name: "MetadataConditionExpression",
    members: &[req("PropertyName", T::Text), req("ConditionOperator", T::Enum(&CONDITION_OPERATOR)), opt("Value", T::Complex(&VALUE))],
};
/// Groups nest as deep as a body may.
static FILTER: ComplexType = ComplexType {
    name: "MetadataFilterExpression",
    members: &[
        opt("FilterOperator", T::Enum(&LOGICAL_OPERATOR)),
        opt("Conditions", T::List(&T::Complex(&CONDITION))),
        opt("Filters", T::List(&T::Complex(&FILTER))),
    ],
};
static PART: [Param; 2] = [opt("Properties", T::Complex(&PROPERTIES)), opt("Criteria", T::Complex(&FILTER))];
static COLUMNS: ComplexType = ComplexType { name: "AttributeQueryExpression", members: &PART };
static RELATIONSHIPS: ComplexType = ComplexType { name: "RelationshipQueryExpression", members: &PART };
static KEYS: ComplexType = ComplexType { name: "EntityKeyQueryExpression", members: &PART };
const LABELS: ComplexType =
    ComplexType { name: "LabelQueryExpression", members: &[opt("FilterLanguages", T::List(&T::Int)), opt("MissingLabelBehavior", T::Int)] };

/// The whole query.
pub(super) static QUERY: ComplexType = ComplexType {
    name: "EntityQueryExpression",
    members: &[
        opt("Properties", T::Complex(&PROPERTIES)),
        opt("Criteria", T::Complex(&FILTER)),
        opt("AttributeQuery", T::Complex(&COLUMNS)),
        opt("RelationshipQuery", T::Complex(&RELATIONSHIPS)),
        opt("KeyQuery", T::Complex(&KEYS)),
        opt("LabelQuery", T::Complex(&LABELS)),
    ],
};

/// The query that a parameter holds; without one everything is wanted.
///
/// # Errors
/// 0x80040203 for a language that is none.
pub(super) fn query(arg: Option<&Arg>) -> Result<DefinitionQuery> {
    let Some(arg) = arg else { return Ok(DefinitionQuery::default()) };
    let languages = list(arg.member("LabelQuery").and_then(|labels| labels.member("FilterLanguages")));
    let language = |value: &Arg| match value {
        Arg::Int(code) => u16::try_from(*code).map_err(|_| Error::argument(format!("The language {code} of 'FilterLanguages' does not exist."))),
        _ => Err(Error::argument("A language of 'FilterLanguages' must be a number.")),
    };
    Ok(DefinitionQuery {
        tables: part(arg),
        columns: arg.member("AttributeQuery").map(part),
        relationships: arg.member("RelationshipQuery").map(part),
        keys: arg.member("KeyQuery").map(part),
        languages: languages.iter().map(language).collect::<Result<_>>()?,
    })
}

fn part(arg: &Arg) -> PartQuery {
    let criteria = arg.member("Criteria").map(criteria).unwrap_or_default();
    PartQuery { properties: properties(arg.member("Properties")), criteria }
}

/// Who names no properties gets those alone that identify a definition.
fn properties(arg: Option<&Arg>) -> Properties {
    if matches!(arg.and_then(|arg| arg.member("AllProperties")), Some(Arg::Bool(true))) {
        return Properties::All;
    }
    Properties::Named(list(arg.and_then(|arg| arg.member("PropertyNames"))).iter().filter_map(text).collect())
}

fn criteria(arg: &Arg) -> Criteria {
    Criteria {
        any: matches!(arg.member("FilterOperator"), Some(Arg::BigInt(OR))),
        conditions: list(arg.member("Conditions")).iter().filter_map(condition).collect(),
        groups: list(arg.member("Filters")).iter().map(criteria).collect(),
    }
}

fn condition(arg: &Arg) -> Option<Condition> {
    let operator = match arg.member("ConditionOperator")? {
        Arg::BigInt(0) => ConditionOperator::Equals,
        Arg::BigInt(1) => ConditionOperator::NotEquals,
        Arg::BigInt(2) => ConditionOperator::In,
        Arg::BigInt(3) => ConditionOperator::NotIn,
        Arg::BigInt(4) => ConditionOperator::GreaterThan,
        _ => ConditionOperator::LessThan,
    };
    let values = list(arg.member("Value").and_then(|value| value.member("Value"))).iter().filter_map(text).collect();
    Some(Condition { property: arg.member("PropertyName").and_then(text)?, operator, values })
}

fn list(arg: Option<&Arg>) -> &[Arg] {
    match arg {
        Some(Arg::List(items)) => items,
        _ => &[],
    }
}

fn text(arg: &Arg) -> Option<String> {
    match arg {
        Arg::Text(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(name: &'static str, text: &str) -> (&'static str, Arg) {
        (name, Arg::Text(text.to_owned()))
    }

    #[test] // web-api 26.8
    fn queries_are_read_with_their_defaults() {
        assert_eq!(query(None).unwrap(), DefinitionQuery::default());
        let empty = query(Some(&Arg::Complex(Vec::new()))).unwrap();
        assert_eq!(empty.tables.properties, Properties::Named(Vec::new()));
        let value = Arg::Complex(vec![("Value", Arg::List(vec![Arg::Text("contact".to_owned())]))]);
        let condition = Arg::Complex(vec![scalar("PropertyName", "LogicalName"), ("ConditionOperator", Arg::BigInt(1)), ("Value", value)]);
        let group = Arg::Complex(vec![("FilterOperator", Arg::BigInt(OR)), ("Conditions", Arg::List(vec![condition]))]);
        let whole = Arg::Complex(vec![("Filters", Arg::List(vec![group]))]);
        let read = query(Some(&Arg::Complex(vec![("Criteria", whole)]))).unwrap().tables.criteria;
        assert!(!read.any && read.conditions.is_empty() && read.groups[0].any);
        let expected = Condition { property: "LogicalName".to_owned(), operator: ConditionOperator::NotEquals, values: vec!["contact".to_owned()] };
        assert_eq!(read.groups[0].conditions, [expected]);
        let labels = Arg::Complex(vec![("FilterLanguages", Arg::List(vec![Arg::Int(-1)]))]);
        assert!(query(Some(&Arg::Complex(vec![("LabelQuery", labels)]))).is_err());
    }
}
