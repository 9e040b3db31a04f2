//! Enumerations of definitions, with the published numbers of their members.

use driftless_core::EnumType;

/// All enumerations.
pub const ENUMS: &[EnumType] = &[
    EnumType::choice("AssociatedMenuBehavior", &[("UseCollectionName", 0), ("UseLabel", 1), ("DoNotDisplay", 2)]),
    EnumType::choice("AssociatedMenuGroup", &[("Details", 0), ("Sales", 1), ("Service", 2), ("Marketing", 3)]),
    EnumType::choice("AttributeRequiredLevel", &[("None", 0), ("SystemRequired", 1), ("ApplicationRequired", 2), ("Recommended", 3)]),
    EnumType::choice(
        "AttributeTypeCode",
        &[
            ("Boolean", 0),
            ("Customer", 1),
            ("DateTime", 2),
            ("Decimal", 3),
            ("Double", 4),
            ("Integer", 5),
            ("Lookup", 6),
            ("Memo", 7),
            ("Money", 8),
            ("Owner", 9),
            ("PartyList", 10),
            ("Picklist", 11),
            ("State", 12),
            ("Status", 13),
            ("String", 14),
            ("Uniqueidentifier", 15),
            ("CalendarRules", 16),
            ("Virtual", 17),
            ("BigInt", 18),
            ("ManagedProperty", 19),
            ("EntityName", 20),
        ],
    ),
    EnumType::choice("CascadeType", &[("NoCascade", 0), ("Cascade", 1), ("Active", 2), ("UserOwned", 3), ("RemoveLink", 4), ("Restrict", 5)]),
    EnumType::choice("DateTimeFormat", &[("DateOnly", 0), ("DateAndTime", 1)]),
    EnumType::choice("EntityKeyIndexStatus", &[("Pending", 0), ("InProgress", 1), ("Active", 2), ("Failed", 3)]),
    EnumType::choice("ImeMode", &[("Auto", 0), ("Inactive", 1), ("Active", 2), ("Disabled", 3)]),
    EnumType::choice("IntegerFormat", &[("None", 0), ("Duration", 1), ("TimeZone", 2), ("Language", 3), ("Locale", 4)]),
    EnumType::choice("LookupFormat", &[("None", 0), ("Connection", 1), ("Regarding", 2), ("Text", 3)]),
    EnumType::choice("ManagedPropertyType", &[("Operation", 0), ("Attribute", 1), ("CustomEvaluator", 2), ("Custom", 3)]),
    EnumType::choice("OptionSetType", &[("Picklist", 0), ("State", 1), ("Status", 2), ("Boolean", 3)]),
    EnumType::flags(
        "OwnershipTypes",
        &[("None", 0), ("UserOwned", 1), ("TeamOwned", 2), ("BusinessOwned", 4), ("OrganizationOwned", 8), ("BusinessParented", 16)],
    ),
    EnumType::choice(
        "PrivilegeType",
        &[("None", 0), ("Create", 1), ("Read", 2), ("Write", 3), ("Delete", 4), ("Assign", 5), ("Share", 6), ("Append", 7), ("AppendTo", 8)],
    ),
    EnumType::choice("RelationshipType", &[("OneToManyRelationship", 0), ("Default", 0), ("ManyToManyRelationship", 1)]),
    EnumType::flags("SecurityTypes", &[("None", 0), ("Append", 1), ("ParentChild", 2), ("Pointer", 4), ("Inheritance", 8)]),
    EnumType::choice(
        "StringFormat",
        &[
            ("Email", 0),
            ("Text", 1),
            ("TextArea", 2),
            ("Url", 3),
            ("TickerSymbol", 4),
            ("PhoneticGuide", 5),
            ("VersionNumber", 6),
            ("Phone", 7),
            ("Json", 8),
            ("RichText", 9),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for def in ENUMS {
            assert_eq!(ENUMS.iter().filter(|other| other.name == def.name).count(), 1);
            assert!(def.members.iter().all(|(name, _)| def.members.iter().filter(|(other, _)| other == name).count() == 1));
        }
    }
}
