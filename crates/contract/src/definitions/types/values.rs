//! Complex types: what stands inside definitions.

use super::Kind::{Bool, Complex, Complexes, DateTime, Enum, Guid, Int, Ints, Text};
use super::{Property, TypeDef, TypeShape, p};

const fn complex(name: &'static str, base: Option<&'static str>, properties: &'static [Property]) -> TypeDef {
    TypeDef { name, base, shape: TypeShape::Complex, properties }
}

const VALUE: &[Property] = &[p("Value", Text)];

/// The complex types.
pub(super) const TYPES: &[TypeDef] = &[
    complex("LocalizedLabel", None, &[p("Label", Text), p("LanguageCode", Int), p("IsManaged", Bool), p("MetadataId", Guid), p("HasChanged", Bool)]),
    complex("Label", None, &[p("LocalizedLabels", Complexes("LocalizedLabel")), p("UserLocalizedLabel", Complex("LocalizedLabel"))]),
    complex("BooleanManagedProperty", None, &[p("Value", Bool), p("CanBeChanged", Bool), p("ManagedPropertyLogicalName", Text)]),
    complex(
        "AttributeRequiredLevelManagedProperty",
        None,
        &[p("Value", Enum("AttributeRequiredLevel")), p("CanBeChanged", Bool), p("ManagedPropertyLogicalName", Text)],
    ),
    complex("AttributeTypeDisplayName", None, VALUE),
    complex("StringFormatName", None, VALUE),
    complex("MemoFormatName", None, VALUE),
    complex("DateTimeBehavior", None, VALUE),
    complex(
        "OptionMetadata",
        None,
        &[
            p("Value", Int),
            p("Label", Complex("Label")),
            p("Description", Complex("Label")),
            p("Color", Text),
            p("IsManaged", Bool),
            p("ExternalValue", Text),
            p("ParentValues", Ints),
            p("MetadataId", Guid),
            p("HasChanged", Bool),
        ],
    ),
    complex("StateOptionMetadata", Some("OptionMetadata"), &[p("DefaultStatus", Int), p("InvariantName", Text)]),
    complex("StatusOptionMetadata", Some("OptionMetadata"), &[p("State", Int), p("TransitionData", Text)]),
    complex(
        "AssociatedMenuConfiguration",
        None,
        &[
            p("Behavior", Enum("AssociatedMenuBehavior")),
            p("Group", Enum("AssociatedMenuGroup")),
            p("Label", Complex("Label")),
            p("Order", Int),
            p("IsCustomizable", Bool),
            p("Icon", Text),
            p("ViewId", Guid),
            p("AvailableOffline", Bool),
            p("MenuId", Text),
            p("QueryApi", Text),
        ],
    ),
    complex(
        "CascadeConfiguration",
        None,
        &[
            p("Assign", Enum("CascadeType")),
            p("Delete", Enum("CascadeType")),
            p("Archive", Enum("CascadeType")),
            p("Merge", Enum("CascadeType")),
            p("Reparent", Enum("CascadeType")),
            p("Share", Enum("CascadeType")),
            p("Unshare", Enum("CascadeType")),
            p("RollupView", Enum("CascadeType")),
        ],
    ),
    complex(
        "SecurityPrivilegeMetadata",
        None,
        &[
            p("CanBeBasic", Bool),
            p("CanBeDeep", Bool),
            p("CanBeGlobal", Bool),
            p("CanBeLocal", Bool),
            p("CanBeEntityReference", Bool),
            p("CanBeParentEntityReference", Bool),
            p("Name", Text),
            p("PrivilegeId", Guid),
            p("PrivilegeType", Enum("PrivilegeType")),
        ],
    ),
    complex("EntitySetting", None, &[p("Name", Text), p("Value", Text), p("ModifiedOn", DateTime)]),
];
