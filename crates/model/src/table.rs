//! Tables.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AlternateKey, Column, ColumnIx, ColumnRole, ColumnType, Error, ErrorCode, Label, LogicalName, Result, SchemaName, SetName, TableCode, Version};

/// Who owns rows of a table (MD-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// A user or a team.
    User,
    /// A business unit.
    Business,
    /// The organization.
    Organization,
    /// Nobody.
    None,
}

/// A table's own definition, without its columns and keys: those are definitions with identities and versions of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDef {
    /// Stable identity (MD-8).
    pub id: Uuid,
    /// The table's number.
    pub code: TableCode,
    /// Unique name.
    pub name: LogicalName,
    /// The name with its letters' case kept.
    pub schema_name: SchemaName,
    /// Name of the collection in addresses.
    pub set_name: SetName,
    /// Name of the collection in the original's class libraries.
    pub collection_schema_name: SchemaName,
    /// What people read for one row.
    pub display_name: Label,
    /// What people read for many.
    pub display_collection_name: Label,
    /// More words for people.
    #[serde(default, skip_serializing_if = "Label::is_empty")]
    pub description: Label,
    /// Who owns rows.
    pub ownership: Ownership,
    /// Name of the primary id column.
    pub primary_id: LogicalName,
    /// Name of the primary name column, where there is one.
    pub primary_name: Option<LogicalName>,
    /// Name inside the store.
    pub physical: String,
    /// Version of the built-in declaration that this was made from; 0 for custom tables.
    #[serde(default)]
    pub seed_version: u32,
    /// Changes can be asked for (CT-1).
    pub change_tracking: bool,
    /// Tracking may be switched on (CT-4).
    pub can_change_tracking_be_enabled: bool,
    /// Pairs of a many-to-many relationship.
    #[serde(default)]
    pub intersect: bool,
    /// Not meant for customizers.
    #[serde(default)]
    pub private: bool,
    /// Made by a customizer, not built in.
    pub custom: bool,
    /// Came with a managed solution.
    pub managed: bool,
    /// May be changed by customizers.
    pub customizable: bool,
    /// Status may move along listed transitions only (SU-11).
    #[serde(default)]
    pub enforce_state_transitions: bool,
    /// Rows may have notes.
    #[serde(default)]
    pub has_notes: bool,
    /// Rows may have activities.
    #[serde(default)]
    pub has_activities: bool,
    /// Rows are activities.
    #[serde(default)]
    pub activity: bool,
    /// Version of the solution that brought it.
    pub introduced_version: String,
    /// Definition properties that the service stores and gives back without acting on them, by their wire name (true and false values only).
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub flags: std::collections::BTreeMap<String, bool>,
    /// Time of creation, seconds since 1970-01-01 UTC.
    pub created_on: i64,
    /// Time of the last change of the table or one of its parts.
    pub modified_on: i64,
}

/// Places of the columns that the service itself fills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecialColumns {
    /// Primary name.
    pub name: Option<ColumnIx>,
    /// `createdon`.
    pub created_on: Option<ColumnIx>,
    /// `createdby`.
    pub created_by: Option<ColumnIx>,
    /// `createdonbehalfby`.
    pub created_on_behalf_by: Option<ColumnIx>,
    /// `modifiedon`.
    pub modified_on: Option<ColumnIx>,
    /// `modifiedby`.
    pub modified_by: Option<ColumnIx>,
    /// `modifiedonbehalfby`.
    pub modified_on_behalf_by: Option<ColumnIx>,
    /// `overriddencreatedon`.
    pub overridden_created_on: Option<ColumnIx>,
    /// `ownerid`.
    pub owner: Option<ColumnIx>,
    /// `owninguser`.
    pub owning_user: Option<ColumnIx>,
    /// `owningteam`.
    pub owning_team: Option<ColumnIx>,
    /// `owningbusinessunit`.
    pub owning_business_unit: Option<ColumnIx>,
    /// `organizationid`.
    pub organization: Option<ColumnIx>,
    /// `statecode`.
    pub state: Option<ColumnIx>,
    /// `statuscode`.
    pub status: Option<ColumnIx>,
}

/// A table as readers of a metadata snapshot see it: definition, columns and keys together, with places looked up once.
#[derive(Clone, Debug)]
pub struct Table {
    /// The table's own definition.
    pub def: TableDef,
    /// Version of the newest definition among the table and its parts.
    pub version: Version,
    /// All columns, by number.
    pub columns: Vec<Column>,
    /// All alternate keys, active or not.
    pub keys: Vec<AlternateKey>,
    /// Place of the primary id.
    pub id: ColumnIx,
    /// Place of `versionnumber`.
    pub row_version: ColumnIx,
    /// Places of other columns that the service fills.
    pub special: SpecialColumns,
    /// Places of columns of files and images.
    pub files: Vec<ColumnIx>,
    by_name: HashMap<LogicalName, ColumnIx>,
}

impl Table {
    /// Puts a table together.
    ///
    /// # Errors
    /// 0x80040216 when the primary id or `versionnumber` is missing, or the table has more than 65,535 columns: the definitions are damaged.
    pub fn new(def: TableDef, version: Version, mut columns: Vec<Column>, mut keys: Vec<AlternateKey>) -> Result<Self> {
        columns.sort_by_key(|column| column.number);
        columns.shrink_to_fit();
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        let mut by_name = HashMap::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let ix = u16::try_from(at).map_err(|_| Error::damaged(format!("table '{}' has too many columns", def.name)))?;
            by_name.insert(column.name.clone(), ColumnIx(ix));
        }
        let find = |name: &str| by_name.get(name).copied();
        let missing = |name: &str| Error::damaged(format!("table '{}' has no column '{name}'", def.name));
        let id = find(&def.primary_id).ok_or_else(|| missing(&def.primary_id))?;
        let row_version = find("versionnumber").ok_or_else(|| missing("versionnumber"))?;
        let special = SpecialColumns {
            name: def.primary_name.as_deref().and_then(find),
            created_on: find("createdon"),
            created_by: find("createdby"),
            created_on_behalf_by: find("createdonbehalfby"),
            modified_on: find("modifiedon"),
            modified_by: find("modifiedby"),
            modified_on_behalf_by: find("modifiedonbehalfby"),
            overridden_created_on: find("overriddencreatedon"),
            owner: find("ownerid").filter(|_| def.ownership == Ownership::User),
            owning_user: find("owninguser"),
            owning_team: find("owningteam"),
            owning_business_unit: find("owningbusinessunit"),
            organization: find("organizationid").filter(|_| *def.name != *"organization"),
            state: find("statecode"),
            status: find("statuscode"),
        };
        let has_file = |column: &Column| matches!(column.kind, ColumnType::File(_) | ColumnType::Image(_));
        let files = columns.iter().zip(0..).filter(|(column, _)| has_file(column)).map(|(_, ix)| ColumnIx(ix)).collect();
        Ok(Self { def, version, columns, keys, id, row_version, special, files, by_name })
    }

    /// The table's logical name.
    pub fn name(&self) -> &LogicalName {
        &self.def.name
    }

    /// The column at a place.
    pub fn column(&self, ix: ColumnIx) -> &Column {
        &self.columns[ix.at()]
    }

    /// The place of a column, by logical name.
    pub fn find(&self, name: &str) -> Option<ColumnIx> {
        self.by_name.get(name).copied()
    }

    /// The place of a column, by logical name.
    ///
    /// # Errors
    /// 0x80041103 when the table has no such column.
    pub fn require(&self, name: &str) -> Result<ColumnIx> {
        self.find(name).ok_or_else(|| {
            Error::new(ErrorCode::QueryBuilderNoAttribute, format!("'{}' entity doesn't contain attribute with Name = '{name}'.", self.def.name))
        })
    }

    /// The column that comes with the one at `of` and is named after it: `_name` of a file, `id` of an image.
    pub fn companion(&self, of: ColumnIx, ending: &str) -> Option<ColumnIx> {
        let of = self.column(of);
        self.find(&format!("{}{ending}", of.name)).filter(|ix| self.column(*ix).attribute_of.as_ref() == Some(&of.name))
    }

    /// Where the id of the file or image at `of` stands; none for other columns.
    pub fn file_id(&self, of: ColumnIx) -> Option<ColumnIx> {
        match self.column(of).kind {
            ColumnType::File(_) => Some(of),
            ColumnType::Image(_) => self.companion(of, "id"),
            _ => None,
        }
    }

    /// The alternate key with this logical name.
    pub fn key(&self, name: &str) -> Option<&AlternateKey> {
        self.keys.iter().find(|key| *key.name == *name)
    }

    /// Places and columns in order.
    pub fn indexed(&self) -> impl Iterator<Item = (ColumnIx, &Column)> {
        (0_u16..).map(ColumnIx).zip(&self.columns)
    }

    /// What the service itself does with a column.
    pub fn role(&self, ix: ColumnIx) -> ColumnRole {
        let special = &self.special;
        let pairs = [
            (special.created_on, ColumnRole::CreatedOn),
            (special.created_by, ColumnRole::CreatedBy),
            (special.created_on_behalf_by, ColumnRole::CreatedOnBehalfBy),
            (special.modified_on, ColumnRole::ModifiedOn),
            (special.modified_by, ColumnRole::ModifiedBy),
            (special.modified_on_behalf_by, ColumnRole::ModifiedOnBehalfBy),
            (special.overridden_created_on, ColumnRole::OverriddenCreatedOn),
            (special.owner, ColumnRole::Owner),
            (special.owning_user, ColumnRole::OwningUser),
            (special.owning_team, ColumnRole::OwningTeam),
            (special.owning_business_unit, ColumnRole::OwningBusinessUnit),
            (special.organization, ColumnRole::Organization),
            (special.state, ColumnRole::State),
            (special.status, ColumnRole::Status),
        ];
        match ix {
            ix if ix == self.id => ColumnRole::PrimaryId,
            ix if ix == self.row_version => ColumnRole::Version,
            ix => pairs.iter().find(|(at, _)| *at == Some(ix)).map_or(ColumnRole::Plain, |(_, role)| *role),
        }
    }
}
