//! Values of a table's definition (web-api 26.3).

use driftless_core::metadata::{eligibility, privileges_of};
use driftless_model::{Column, ColumnType, Ownership, Table};

use super::item::View;
use super::node::Node;

/// The value of a property; none for one that has the default of its type.
pub(super) fn value<'a>(view: View<'_>, table: &'a Table, name: &str) -> Option<Node<'a>> {
    let def = &table.def;
    Some(match name {
        "MetadataId" => Node::Guid(def.id),
        "LogicalName" => Node::text(def.name.as_str()),
        "SchemaName" => Node::text(def.schema_name.as_str()),
        "EntitySetName" => Node::text(def.set_name.as_str()),
        "LogicalCollectionName" => Node::text(def.collection_schema_name.as_str().to_ascii_lowercase()),
        "CollectionSchemaName" => Node::text(def.collection_schema_name.as_str()),
        "DisplayName" => Node::label(&def.display_name, view.language),
        "DisplayCollectionName" => Node::label(&def.display_collection_name, view.language),
        "Description" => Node::label(&def.description, view.language),
        "OwnershipType" => Node::text(ownership(def.ownership)),
        "PrimaryIdAttribute" => Node::text(def.primary_id.as_str()),
        "PrimaryImageAttribute" => {
            let is_primary = |column: &&Column| matches!(&column.kind, ColumnType::Image(image) if image.primary);
            Node::text_if(table.columns.iter().find(is_primary).map(|column| &column.name))
        }
        "PrimaryNameAttribute" => Node::text_if(def.primary_name.as_ref()),
        "ObjectTypeCode" => Node::Int(i64::from(def.code.0)),
        "ChangeTrackingEnabled" => Node::Bool(def.change_tracking),
        "CanChangeTrackingBeEnabled" => Node::managed(def.can_change_tracking_be_enabled, def.can_change_tracking_be_enabled, "canchangetrackingbeenabled"),
        "IsOptimisticConcurrencyEnabled" => Node::Bool(!def.intersect),
        "IsCustomEntity" => Node::Bool(def.custom),
        "IsManaged" => Node::Bool(def.managed),
        "IsIntersect" => Node::Bool(def.intersect),
        "IsPrivate" => Node::Bool(def.private),
        "IsActivity" => Node::Bool(def.activity),
        "IsCustomizable" => Node::managed(def.customizable, !def.managed, "iscustomizable"),
        "IsRenameable" => Node::managed(def.customizable, !def.managed, "isrenameable"),
        "HasNotes" => Node::Bool(def.has_notes),
        "HasActivities" => Node::Bool(def.has_activities),
        "EnforceStateTransitions" => Node::Bool(def.enforce_state_transitions),
        "IsStateModelAware" => Node::Bool(table.columns.iter().any(|column| matches!(column.kind, ColumnType::State(_)))),
        "IntroducedVersion" => Node::text(def.introduced_version.as_str()),
        "CreatedOn" => Node::DateTime(def.created_on),
        "ModifiedOn" => Node::DateTime(def.modified_on),
        "TableType" => Node::text("Standard"),
        "Privileges" => Node::List(privileges(table)),
        _ => return flag(table, name),
    })
}

/// A setting that is stored and given back.
fn flag(table: &Table, name: &str) -> Option<Node<'static>> {
    let property = super::types::find("EntityMetadata")?.property(name)?;
    let open = table.def.customizable && !table.def.intersect;
    let default = match name {
        "IsValidForAdvancedFind" | "IsImportable" | "IsAIRUpdated" => !table.def.private && !table.def.intersect,
        "CanCreateAttributes" | "CanCreateCharts" | "CanCreateForms" | "CanCreateViews" | "CanModifyAdditionalSettings" | "IsMappable" => open,
        "CanBePrimaryEntityInRelationship" => eligibility(&table.def).referenced,
        "CanBeRelatedEntityInRelationship" => eligibility(&table.def).referencing,
        "CanBeInManyToMany" => eligibility(&table.def).many_to_many,
        "CanBeInCustomEntityAssociation" | "CanChangeHierarchicalRelationship" => open,
        _ => false,
    };
    let value = table.def.flags.get(name).copied().unwrap_or(default);
    match property.kind {
        super::types::Kind::Bool => Some(Node::Bool(value)),
        super::types::Kind::Complex("BooleanManagedProperty") => Some(Node::managed(value, open, name.to_ascii_lowercase())),
        _ => None,
    }
}

/// The ownership as the service names it.
pub(super) fn ownership(ownership: Ownership) -> &'static str {
    match ownership {
        Ownership::User => "UserOwned",
        Ownership::Business => "BusinessOwned",
        Ownership::Organization => "OrganizationOwned",
        Ownership::None => "None",
    }
}

fn privileges(table: &Table) -> Vec<Node<'static>> {
    privileges_of(&table.def)
        .map(|own| {
            Node::object(vec![
                ("CanBeBasic", Node::Bool(own.below_organization)),
                ("CanBeDeep", Node::Bool(own.below_organization)),
                ("CanBeGlobal", Node::Bool(true)),
                ("CanBeLocal", Node::Bool(own.below_organization)),
                ("CanBeEntityReference", Node::Bool(false)),
                ("CanBeParentEntityReference", Node::Bool(false)),
                ("Name", Node::text(own.name)),
                ("PrivilegeId", Node::Guid(own.id)),
                ("PrivilegeType", Node::text(own.privilege.verb())),
            ])
        })
        .collect()
}
