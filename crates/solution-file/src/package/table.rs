//! `Entity`: a table with its columns, keys, forms and views (SOL-4, SOL-5, SOL-9, SOL-11).

use super::{ColumnElement, Labels, Properties, RawElement};

/// One table, or additions to a table that the target already has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableElement {
    /// `Name`, or `entity@Name` in its absence: the schema name.
    pub schema_name: String,
    /// `Name@LocalizedName`.
    pub localized_name: Option<String>,
    /// `Name@OriginalName`.
    pub original_name: Option<String>,
    /// `ObjectTypeCode`: the table's number where the file was made.
    pub object_type_code: Option<i32>,
    /// How much of the definition is in the file. Everything down to `properties` is empty if
    /// this is [`TableExtent::Parts`].
    pub extent: TableExtent,
    /// `LocalizedNames`.
    pub labels: Labels,
    /// `LocalizedCollectionNames`: the plural.
    pub collection_labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// `attributes`.
    pub columns: Vec<ColumnElement>,
    /// `EntityKeys`.
    pub keys: Vec<KeyElement>,
    /// `EntitySetName`, in newer files.
    pub set_name: Option<String>,
    /// `OwnershipTypeMask`, such as `UserOwned` or `OrgOwned`.
    pub ownership: Option<String>,
    /// `IntroducedVersion`.
    pub introduced_version: Option<String>,
    /// Anything else in the definition, such as the flags `IsActivity`, `IsCustomizable` and
    /// `HasRelatedNotes`.
    pub properties: Properties,
    /// `FormXml`: the forms, as XML text of the whole element.
    pub forms: Option<String>,
    /// `SavedQueries`.
    pub views: Vec<ViewElement>,
    /// `RibbonDiffXml`, as XML text of the whole element.
    pub ribbon: Option<String>,
    /// Any other child of `Entity`, such as charts.
    pub other_elements: Vec<RawElement>,
}

impl TableElement {
    /// `ChangeTrackingEnabled`: true only if the file says so.
    pub fn change_tracking(&self) -> bool {
        self.properties.flag("ChangeTrackingEnabled") == Some(true)
    }
}

/// How much of a table's definition a package holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableExtent {
    /// All of it.
    #[default]
    Full,
    /// `entity@unmodified`: columns and keys to add, while the table's own values are unchanged.
    Unmodified,
    /// No `EntityInfo`: only forms, views and the like of a table that must exist.
    Parts,
}

/// `EntityKey`: an alternate key (SOL-9).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyElement {
    /// `Name`: the schema name.
    pub schema_name: String,
    /// `LogicalName`, or the schema name in its absence.
    pub logical_name: String,
    /// `IntroducedVersion`.
    pub introduced_version: Option<String>,
    /// `EntityKeyAttributes`: logical names of the columns, in the key's order.
    pub columns: Vec<String>,
    /// `displaynames`.
    pub labels: Labels,
    /// Anything else, such as the flag `IsCustomizable`.
    pub properties: Properties,
}

/// `savedquery`: a view (SOL-11).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewElement {
    /// `savedqueryid`; as written, braces included.
    pub id: Option<String>,
    /// `LocalizedNames`.
    pub labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// `querytype`: 0 public, 1 advanced find, 2 associated, 4 quick find, 64 lookup.
    pub query_type: Option<i32>,
    /// `isdefault`.
    pub is_default: Option<bool>,
    /// Content of `layoutxml`, as XML text.
    pub layout_xml: Option<String>,
    /// Content of `fetchxml`, as XML text.
    pub fetch_xml: Option<String>,
    /// `IntroducedVersion`.
    pub introduced_version: Option<String>,
    /// Anything else, such as `returnedtypecode` or the flag `CanBeDeleted`.
    pub properties: Properties,
}
