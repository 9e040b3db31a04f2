//! Values of an alternate key's definition (web-api 26.7).

use driftless_model::{AlternateKey, KeyIndexStatus, Table};

use super::item::View;
use super::node::Node;

/// The value of a property; none for one that has the default of its type.
pub(super) fn value<'a>(view: View<'_>, table: &'a Table, key: &'a AlternateKey, name: &str) -> Option<Node<'a>> {
    Some(match name {
        "MetadataId" => Node::Guid(key.id),
        "LogicalName" => Node::text(key.name.as_str()),
        "SchemaName" => Node::text(key.schema_name.as_str()),
        "EntityLogicalName" => Node::text(table.name().as_str()),
        "DisplayName" => Node::label(&key.display_name, view.language),
        "KeyAttributes" => Node::List(key.columns.iter().map(|column| Node::text(column.as_str())).collect()),
        "EntityKeyIndexStatus" => Node::text(match key.status {
            KeyIndexStatus::Pending => "Pending",
            KeyIndexStatus::InProgress => "InProgress",
            KeyIndexStatus::Active => "Active",
            KeyIndexStatus::Failed => "Failed",
        }),
        "AsyncJob" => key.job.map_or(Node::Null, Node::Guid),
        "IsManaged" => Node::Bool(key.managed),
        "IsCustomizable" => Node::managed(key.customizable, !key.managed, "iscustomizable"),
        "IntroducedVersion" => Node::text(key.introduced_version.as_str()),
        _ => return None,
    })
}
