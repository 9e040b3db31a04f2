//! What a customizer or a package asks for, before names, prefixes and limits are checked and identities are given.

use std::collections::BTreeMap;

use driftless_model::{AssociatedMenu, Cascade, ChoiceOption, ColumnType, Label, LogicalName, Ownership, RequiredLevel, Uuid};

/// Who makes a definition: decides which prefixes are allowed, and what the definition says of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A customizer; the component joins this unmanaged solution, else the default one (SOL-33).
    Customizer {
        /// Unique name of the solution.
        solution: Option<String>,
    },
    /// An import.
    Package {
        /// The installed solution's id.
        solution: Uuid,
        /// The package is managed.
        managed: bool,
        /// Version of the package.
        version: String,
        /// The publisher's prefix, without underscore.
        prefix: String,
    },
}

/// A table to make.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSpec {
    /// Identity to give; a new one if none.
    pub id: Option<Uuid>,
    /// Schema name.
    pub schema_name: String,
    /// Set name; by default the logical name in the plural.
    pub set_name: Option<String>,
    /// Schema name of the collection; by default the schema name in the plural.
    pub collection_schema_name: Option<String>,
    /// What people read for one row.
    pub display_name: Label,
    /// What people read for many.
    pub display_collection_name: Label,
    /// More words for people.
    pub description: Label,
    /// Who owns rows.
    pub ownership: Ownership,
    /// Changes can be asked for.
    pub change_tracking: bool,
    /// Rows may have notes.
    pub has_notes: bool,
    /// Rows may have activities.
    pub has_activities: bool,
    /// May be changed by customizers.
    pub customizable: bool,
    /// Status moves along listed transitions only.
    pub enforce_state_transitions: bool,
    /// Columns, the primary name among them. System columns are made by the service; one that is listed may bring labels, states and statuses.
    pub columns: Vec<ColumnSpec>,
    /// Definition properties that are only stored, by wire name.
    pub flags: BTreeMap<String, bool>,
}

/// A column to make.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSpec {
    /// Identity to give; a new one if none.
    pub id: Option<Uuid>,
    /// Schema name.
    pub schema_name: String,
    /// What it holds. Identities and names of local choices are given by the service; options without a value (see `NEW_OPTION`) are numbered.
    pub kind: ColumnType,
    /// Whether a value must be there.
    pub required: RequiredLevel,
    /// What people read.
    pub display_name: Label,
    /// More words for people.
    pub description: Label,
    /// It is the table's primary name.
    pub primary_name: bool,
    /// Readable through a field security profile only.
    pub secured: bool,
    /// May be changed by customizers.
    pub customizable: bool,
}

impl ColumnSpec {
    /// The value of an option that is to be numbered from the publisher's option prefix (MD-27).
    pub const NEW_OPTION: i32 = i32::MIN;
}

/// A change of a table's own definition. What is none stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableUpdate {
    /// Set name; only of custom tables (MD-1).
    pub set_name: Option<String>,
    /// What people read for one row.
    pub display_name: Option<Label>,
    /// What people read for many.
    pub display_collection_name: Option<Label>,
    /// More words for people.
    pub description: Option<Label>,
    /// Changes can be asked for (CT-1, CT-3).
    pub change_tracking: Option<bool>,
    /// Rows may have notes.
    pub has_notes: Option<bool>,
    /// Rows may have activities.
    pub has_activities: Option<bool>,
    /// Definition properties that are only stored.
    pub flags: BTreeMap<String, bool>,
    /// Keep labels of languages that are not given (MD-9).
    pub merge_labels: bool,
}

/// A change of a column. What is none stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnUpdate {
    /// What people read.
    pub display_name: Option<Label>,
    /// More words for people.
    pub description: Option<Label>,
    /// Whether a value must be there.
    pub required: Option<RequiredLevel>,
    /// The same type with other limits: length may grow (MD-25), ranges, formats and defaults may change; options of a local choice are given whole.
    pub kind: Option<ColumnType>,
    /// Readable through a field security profile only.
    pub secured: Option<bool>,
    /// Keep labels of languages that are not given.
    pub merge_labels: bool,
}

/// An alternate key to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Identity to give; a new one if none.
    pub id: Option<Uuid>,
    /// Schema name.
    pub schema_name: String,
    /// What people read.
    pub display_name: Label,
    /// Logical names of the columns.
    pub columns: Vec<LogicalName>,
    /// May be changed by customizers.
    pub customizable: bool,
}

/// A one-to-many relationship to make, with its lookup.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationshipSpec {
    /// Identity to give; a new one if none.
    pub id: Option<Uuid>,
    /// Schema name.
    pub schema_name: String,
    /// The table that lookups refer to.
    pub referenced_table: LogicalName,
    /// The table that has the lookup.
    pub referencing_table: LogicalName,
    /// The lookup to make. Its kind may be left as a lookup without targets. If the column exists already, it gets the target.
    pub lookup: ColumnSpec,
    /// Name of the single-valued navigation property; by default the lookup's schema name.
    pub referencing_navigation: Option<String>,
    /// Name of the collection-valued navigation property; by default the relationship's schema name.
    pub referenced_navigation: Option<String>,
    /// What happens to referring rows.
    pub cascade: Cascade,
    /// Makes a tree of the table's own rows.
    pub hierarchical: bool,
    /// How user interfaces list the referring rows.
    pub menu: AssociatedMenu,
    /// May be changed by customizers.
    pub customizable: bool,
}

/// A change of a relationship. What is none stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RelationshipUpdate {
    /// What happens to referring rows.
    pub cascade: Option<Cascade>,
    /// Makes a tree of the table's own rows.
    pub hierarchical: Option<bool>,
    /// How user interfaces list the referring rows.
    pub menu: Option<AssociatedMenu>,
}

/// A many-to-many relationship to make, with its table of pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManyToManySpec {
    /// Identity to give; a new one if none.
    pub id: Option<Uuid>,
    /// Schema name.
    pub schema_name: String,
    /// Schema name of the table of pairs; by default the relationship's.
    pub intersect: Option<String>,
    /// The side that the original calls `Entity1`.
    pub first: SideSpec,
    /// The side that the original calls `Entity2`.
    pub second: SideSpec,
    /// May be changed by customizers.
    pub customizable: bool,
}

/// One side of a many-to-many relationship to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideSpec {
    /// The table whose rows are paired.
    pub table: LogicalName,
    /// Name of the collection-valued navigation property on the table; by default the relationship's schema name.
    pub navigation: Option<String>,
    /// The related list.
    pub menu: AssociatedMenu,
}

/// A change of a many-to-many relationship. What is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManyToManyUpdate {
    /// The related list of the first side.
    pub first_menu: Option<AssociatedMenu>,
    /// The related list of the second side.
    pub second_menu: Option<AssociatedMenu>,
}

/// A global choice to make.
#[derive(Clone, Debug, PartialEq)]
pub struct ChoiceSpec {
    /// Identity to give; a new one if none.
    pub id: Option<Uuid>,
    /// Name, with its letters' case.
    pub name: String,
    /// What people read.
    pub display_name: Label,
    /// More words for people.
    pub description: Label,
    /// The options; see [`ColumnSpec::NEW_OPTION`].
    pub options: Vec<ChoiceOption>,
    /// May be changed by customizers.
    pub customizable: bool,
}

/// A change of a global choice's own properties; options have messages of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChoiceUpdate {
    /// What people read.
    pub display_name: Option<Label>,
    /// More words for people.
    pub description: Option<Label>,
    /// Keep labels of languages that are not given.
    pub merge_labels: bool,
}
