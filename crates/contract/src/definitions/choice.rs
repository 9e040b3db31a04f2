//! Values of sets of options: global choices and the options of columns (web-api 26.2, 26.5).

use driftless_model::{ChoiceOption, ChoiceSet, Column, StateColumn, StatusColumn, Table, Uuid};

use super::item::View;
use super::node::{Node, Object};

/// A set of options, as definitions show it.
#[derive(Clone, Copy, Debug)]
pub enum Options<'a> {
    /// A choice, local or global.
    Set(&'a ChoiceSet, SetKind),
    /// The states of a table.
    States(&'a Table, &'a Column, &'a StateColumn),
    /// The statuses of a table.
    Statuses(&'a Table, &'a Column, &'a StatusColumn),
}

/// What a choice is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetKind {
    /// One or several of many.
    Picklist,
    /// Yes or no.
    Boolean,
}

impl<'a> Options<'a> {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Set(_, SetKind::Boolean) => "BooleanOptionSetMetadata",
            Self::Set(..) | Self::States(..) | Self::Statuses(..) => "OptionSetMetadata",
        }
    }

    pub(super) fn id(&self) -> Uuid {
        match self {
            Self::Set(set, _) => set.id,
            // The options of a state belong to their column and have its identity.
            Self::States(_, column, _) | Self::Statuses(_, column, _) => column.id,
        }
    }

    /// The value of a property; none for one that has the default of its type.
    pub(super) fn value(&self, view: View<'_>, name: &str) -> Option<Node<'a>> {
        match self {
            Self::Set(set, kind) => set_value(view, set, *kind, name),
            Self::States(table, column, kind) => column_value(view, table, column, name).or_else(|| match name {
                "OptionSetType" => Some(Node::text("State")),
                "Options" => Some(Node::List(
                    kind.states
                        .iter()
                        .map(|state| {
                            let more =
                                [("DefaultStatus", Node::Int(i64::from(state.default_status))), ("InvariantName", Node::text(state.invariant_name.as_str()))];
                            derived("StateOptionMetadata", option(view, &state.option, column.managed), more)
                        })
                        .collect(),
                )),
                _ => None,
            }),
            Self::Statuses(table, column, kind) => column_value(view, table, column, name).or_else(|| match name {
                "OptionSetType" => Some(Node::text("Status")),
                "Options" => Some(Node::List(
                    kind.statuses
                        .iter()
                        .map(|status| {
                            let more = [("State", Node::Int(i64::from(status.state))), ("TransitionData", Node::Null)];
                            derived("StatusOptionMetadata", option(view, &status.option, column.managed), more)
                        })
                        .collect(),
                )),
                _ => None,
            }),
        }
    }
}

fn set_value<'a>(view: View<'_>, set: &'a ChoiceSet, kind: SetKind, name: &str) -> Option<Node<'a>> {
    let of_value = |value: i32| set.option(value).map_or(Node::Null, |found| Node::object(option(view, found, set.managed)));
    Some(match name {
        "MetadataId" => Node::Guid(set.id),
        "Name" => Node::text(if set.global { set.schema_name.as_str() } else { set.name.as_str() }),
        "DisplayName" => Node::label(&set.display_name, view.language),
        "Description" => Node::label(&set.description, view.language),
        "IsGlobal" => Node::Bool(set.global),
        "IsCustomOptionSet" => Node::Bool(set.custom),
        "IsManaged" => Node::Bool(set.managed),
        "IsCustomizable" => Node::managed(set.customizable, !set.managed, "iscustomizable"),
        "IntroducedVersion" => Node::text(set.introduced_version.as_str()),
        "OptionSetType" => Node::text(if kind == SetKind::Boolean { "Boolean" } else { "Picklist" }),
        "Options" => Node::List(set.options.iter().map(|found| Node::object(option(view, found, set.managed))).collect()),
        "TrueOption" => of_value(1),
        "FalseOption" => of_value(0),
        _ => return None,
    })
}

fn column_value<'a>(view: View<'_>, table: &Table, column: &'a Column, name: &str) -> Option<Node<'a>> {
    Some(match name {
        "MetadataId" => Node::Guid(column.id),
        "Name" => Node::text(format!("{}_{}", table.name(), column.name)),
        "DisplayName" => Node::label(&column.display_name, view.language),
        "Description" => Node::label(&column.description, view.language),
        "IsManaged" => Node::Bool(column.managed),
        "IsCustomizable" => Node::managed(column.customizable, !column.managed, "iscustomizable"),
        "IntroducedVersion" => Node::text(column.introduced_version.as_str()),
        _ => return None,
    })
}

/// The members of an option.
fn option<'a>(view: View<'_>, option: &'a ChoiceOption, managed: bool) -> Vec<(&'a str, Node<'a>)> {
    vec![
        ("Value", Node::Int(i64::from(option.value))),
        ("Label", Node::label(&option.label, view.language)),
        ("Description", Node::label(&option.description, view.language)),
        ("Color", option.color.as_deref().map_or(Node::Null, Node::text)),
        ("IsManaged", Node::Bool(managed)),
        ("ExternalValue", Node::text(option.external_value.as_deref().unwrap_or_default())),
        ("ParentValues", Node::List(Vec::new())),
        ("MetadataId", Node::Null),
        ("HasChanged", Node::Null),
    ]
}

/// An option of a type derived from the declared one, which says so.
fn derived<'a>(type_name: &'static str, mut members: Vec<(&'a str, Node<'a>)>, more: [(&'a str, Node<'a>); 2]) -> Node<'a> {
    members.extend(more);
    Node::Object(Object { type_name: Some(type_name), members })
}
