//! `EntityRelationship`: how two tables hang together (SOL-10).

use std::collections::BTreeMap;

use super::{Labels, Properties, spelling_of, value_of};

/// One relationship.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelationshipElement {
    /// Attribute `Name`: the schema name.
    pub name: String,
    /// `EntityRelationshipType` and what comes with it.
    pub kind: RelationshipKind,
    /// `IntroducedVersion`.
    pub introduced_version: Option<String>,
    /// `RelationshipDescription/Descriptions`.
    pub descriptions: Labels,
    /// `EntityRelationshipRoles`.
    pub roles: Vec<RelationshipRole>,
    /// Anything else, such as the flags `IsCustomizable` and `IsHierarchical`.
    pub properties: Properties,
}

impl RelationshipElement {
    /// Navigation property from the referencing row to the referenced one (to-one), if the file
    /// names it.
    pub fn lookup_navigation(&self) -> Option<&str> {
        self.navigation(|role| role.role_type == Some(1))
    }

    /// Navigation property from the referenced row to the referencing ones (to-many), if the file
    /// names it.
    pub fn collection_navigation(&self) -> Option<&str> {
        self.navigation(|role| role.role_type == Some(0))
    }

    /// Navigation property on the first (1) or second (2) table of a many-to-many relationship,
    /// if the file names it.
    pub fn many_to_many_navigation(&self, ordinal: i32) -> Option<&str> {
        self.navigation(|role| role.association_ordinal == Some(ordinal))
    }

    fn navigation(&self, wanted: impl Fn(&RelationshipRole) -> bool) -> Option<&str> {
        self.roles.iter().find(|role| wanted(role)).and_then(|role| role.navigation_property.as_deref())
    }
}

/// Kind of a relationship (MD-30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationshipKind {
    /// `OneToMany`: a lookup column on the referencing table.
    OneToMany(Box<OneToMany>),
    /// `ManyToMany`: pairs of rows in a table of their own.
    ManyToMany(ManyToMany),
    /// Any other text.
    Other(String),
}

impl Default for RelationshipKind {
    fn default() -> Self {
        Self::OneToMany(Box::default())
    }
}

/// A one-to-many relationship.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OneToMany {
    /// `ReferencingEntityName`: the table with the lookup.
    pub referencing_table: String,
    /// `ReferencedEntityName`: the table that the lookup points to.
    pub referenced_table: String,
    /// `ReferencingAttributeName`: the lookup column.
    pub referencing_column: Option<String>,
    /// What happens to the referencing rows.
    pub cascades: Cascades,
    /// `field`: the lookup column once more, from the relationship's view.
    pub column: Option<RelationshipColumn>,
}

/// What an operation on the referenced row does to the referencing ones (MD-31).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cascades {
    /// `CascadeAssign`.
    pub assign: Option<CascadeAction>,
    /// `CascadeDelete`.
    pub delete: Option<CascadeAction>,
    /// `CascadeArchive`.
    pub archive: Option<CascadeAction>,
    /// `CascadeMerge`.
    pub merge: Option<CascadeAction>,
    /// `CascadeReparent`.
    pub reparent: Option<CascadeAction>,
    /// `CascadeShare`.
    pub share: Option<CascadeAction>,
    /// `CascadeUnshare`.
    pub unshare: Option<CascadeAction>,
    /// `CascadeRollupView`.
    pub rollup_view: Option<CascadeAction>,
}

/// One action of [`Cascades`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CascadeAction {
    /// `NoCascade`.
    NoCascade,
    /// `Cascade`: all referencing rows.
    Cascade,
    /// `Active`: those that are active.
    Active,
    /// `UserOwned`: those with the same owner.
    UserOwned,
    /// `RemoveLink`: the lookup is cleared.
    RemoveLink,
    /// `Restrict`: refused as long as there are any.
    Restrict,
    /// Any other text.
    Other(String),
}

const ACTIONS: &[(&str, CascadeAction)] = &[
    ("NoCascade", CascadeAction::NoCascade),
    ("Cascade", CascadeAction::Cascade),
    ("Active", CascadeAction::Active),
    ("UserOwned", CascadeAction::UserOwned),
    ("RemoveLink", CascadeAction::RemoveLink),
    ("Restrict", CascadeAction::Restrict),
];

impl CascadeAction {
    /// The action that a file's text stands for, upper and lower case taken as equal.
    pub fn parse(text: &str) -> Self {
        value_of(ACTIONS, text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// The text of the action in a file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => spelling_of(ACTIONS, known).unwrap_or_default(),
        }
    }
}

/// The lookup column as the relationship describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelationshipColumn {
    /// Attributes of `field` as written: `name`, `requiredlevel`, `lookupstyle`, `lookuptypes`, ...
    pub attributes: BTreeMap<String, String>,
    /// `displaynames`.
    pub labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// Anything else, such as the flag `IsSecured`.
    pub properties: Properties,
}

/// A many-to-many relationship.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManyToMany {
    /// `FirstEntityName`.
    pub first_table: String,
    /// `SecondEntityName`.
    pub second_table: String,
    /// `IntersectEntityName`: the table that holds the pairs.
    pub intersect_table: String,
}

/// `EntityRelationshipRole`: one side of a relationship.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelationshipRole {
    /// `RelationshipRoleType` of one-to-many: 1 the lookup's side, 0 the collection's side.
    pub role_type: Option<i32>,
    /// `AssociationRoleOrdinal` of many-to-many: 1 first table, 2 second table.
    pub association_ordinal: Option<i32>,
    /// `NavigationPropertyName`, in newer files.
    pub navigation_property: Option<String>,
    /// `CustomLabels`: what the list of related rows is called, where it has a name of its own.
    pub menu_labels: Labels,
    /// Anything else, such as `NavPaneArea`.
    pub properties: Properties,
}
