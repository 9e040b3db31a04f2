//! Tables and keys of a package.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;

use driftless_model::{Column, LogicalName, Ownership, Result, Table};
use driftless_solution_file::{ColumnElement, KeyElement, TableElement, TableExtent};

use super::choices::CUSTOMIZABLE_DEFAULT;
use super::columns::{grown, is_derived, is_lookup, is_system, says_nothing, spec};
use super::{Fate, Planner, Share, Step, changed_label, label, unusable};
use crate::metadata::validate::{component_type, shown};
use crate::metadata::{ColumnUpdate, KeySpec, TableSpec, TableUpdate};
use crate::solutions::known_tables;
use crate::solutions::report::Outcome;

/// Yes/no elements of a package's table that definitions keep, and the names that they have there.
pub(in crate::solutions) const TABLE_FLAGS: [(&str, &str); 47] = [
    ("AutoCreateAccessTeams", "AutoCreateAccessTeams"),
    ("AutoRouteToOwnerQueue", "AutoRouteToOwnerQueue"),
    ("CanBeInCustomEntityAssociation", "CanBeInCustomEntityAssociation"),
    ("CanBeInManyToMany", "CanBeInManyToMany"),
    ("CanBePrimaryEntityInRelationship", "CanBePrimaryEntityInRelationship"),
    ("CanBeRelatedEntityInRelationship", "CanBeRelatedEntityInRelationship"),
    ("CanChangeHierarchicalRelationship", "CanChangeHierarchicalRelationship"),
    ("CanCreateAttributes", "CanCreateAttributes"),
    ("CanCreateCharts", "CanCreateCharts"),
    ("CanCreateForms", "CanCreateForms"),
    ("CanCreateViews", "CanCreateViews"),
    ("CanEnableSyncToExternalSearchIndex", "CanEnableSyncToExternalSearchIndex"),
    ("CanModifyAdditionalSettings", "CanModifyAdditionalSettings"),
    ("CanTriggerWorkflow", "CanTriggerWorkflow"),
    ("EntityHelpUrlEnabled", "EntityHelpUrlEnabled"),
    ("HasFeedback", "HasFeedback"),
    ("IsAIRUpdated", "IsAIRUpdated"),
    ("IsActivityParty", "IsActivityParty"),
    ("IsAuditEnabled", "IsAuditEnabled"),
    ("IsBPFEntity", "IsBPFEntity"),
    ("IsBusinessProcessEnabled", "IsBusinessProcessEnabled"),
    ("IsConnectionsEnabled", "IsConnectionsEnabled"),
    ("IsDocumentManagementEnabled", "IsDocumentManagementEnabled"),
    ("IsDocumentRecommendationsEnabled", "IsDocumentRecommendationsEnabled"),
    ("IsDuplicateCheckSupported", "IsDuplicateDetectionEnabled"),
    ("IsEnabledForCharts", "IsEnabledForCharts"),
    ("IsEnabledForExternalChannels", "IsEnabledForExternalChannels"),
    ("IsEnabledForTrace", "IsEnabledForTrace"),
    ("IsImportable", "IsImportable"),
    ("IsInteractionCentricEnabled", "IsInteractionCentricEnabled"),
    ("IsKnowledgeManagementEnabled", "IsKnowledgeManagementEnabled"),
    ("IsMSTeamsIntegrationEnabled", "IsMSTeamsIntegrationEnabled"),
    ("IsMailMergeEnabled", "IsMailMergeEnabled"),
    ("IsMappable", "IsMappable"),
    ("IsOfflineInMobileClient", "IsOfflineInMobileClient"),
    ("IsOneNoteIntegrationEnabled", "IsOneNoteIntegrationEnabled"),
    ("IsQuickCreateEnabled", "IsQuickCreateEnabled"),
    ("IsReadOnlyInMobileClient", "IsReadOnlyInMobileClient"),
    ("IsReadingPaneEnabled", "IsReadingPaneEnabled"),
    ("IsRenameable", "IsRenameable"),
    ("IsRequiredOffline", "IsAvailableOffline"),
    ("IsSLAEnabled", "IsSLAEnabled"),
    ("IsSolutionAware", "IsSolutionAware"),
    ("IsValidForAdvancedFind", "IsValidForAdvancedFind"),
    ("IsValidForQueue", "IsValidForQueue"),
    ("IsVisibleInMobile", "IsVisibleInMobile"),
    ("IsVisibleInMobileClient", "IsVisibleInMobileClient"),
];
/// Schema name of a table's collection, where it is not the plural of the table's: a word of this service, which others pass over.
pub(in crate::solutions) const COLLECTION_NAME: &str = "CollectionSchemaName";

impl Planner<'_> {
    pub(super) fn tables(&mut self) -> Result<()> {
        // Lookups and keys may name tables that come later in the file.
        for element in &self.package.tables {
            let table = element.schema_name.to_ascii_lowercase();
            // A table of pairs is made by its relationship.
            let fate = if self.holds_pairs(&table) { Fate::LeftOut } else { self.fate(&table, element)? };
            self.fates.insert(table, fate);
        }
        for element in &self.package.tables {
            let table = element.schema_name.to_ascii_lowercase();
            match self.fates.get(&table).cloned() {
                Some(Fate::New) => self.create_table(&table, element)?,
                Some(Fate::Present(present)) => self.extend_table(&present, element)?,
                Some(Fate::LeftOut) | None => {
                    if self.holds_pairs(&table) {
                        self.log("table", &element.schema_name, None, Outcome::Success, "made by its relationship");
                        continue;
                    }
                    let why = if element.properties.flag("IsActivity") == Some(true) {
                        "activities are not available here"
                    } else {
                        "the table is not available here"
                    };
                    self.log("table", &element.schema_name, None, Outcome::Skipped, why);
                }
            }
        }
        Ok(())
    }

    fn fate(&self, table: &str, element: &TableElement) -> Result<Fate> {
        match (self.snapshot.find(table), element.extent) {
            (Some(present), _) => Ok(Fate::Present(Arc::clone(present))),
            (None, _) if known_tables::is_known(table) || element.properties.flag("IsActivity") == Some(true) => Ok(Fate::LeftOut),
            (None, TableExtent::Full) => Ok(Fate::New),
            (None, TableExtent::Unmodified | TableExtent::Parts) => Err(self.missing(table, &element.schema_name)),
        }
    }

    fn create_table(&mut self, table: &str, element: &TableElement) -> Result<()> {
        let mut columns = Vec::new();
        for column in element.columns.iter().filter(|column| !is_derived(column, &element.columns)) {
            let system = is_system(column);
            if (is_lookup(column) && !system) || (system && says_nothing(column)) {
                continue;
            }
            if !system && !column.schema_name.contains('_') {
                self.leave_out(table, column);
                continue;
            }
            if let Some(spec) = self.spec(table, column)? {
                columns.push(spec);
                self.coming.insert((table.to_owned(), column.logical_name.to_ascii_lowercase()));
            }
        }
        let flag = |name: &str| element.properties.flag(name);
        let spec = TableSpec {
            id: None,
            schema_name: element.schema_name.clone(),
            set_name: element.set_name.clone(),
            collection_schema_name: element.properties.setting(COLLECTION_NAME).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
            display_name: label(&element.labels),
            display_collection_name: label(&element.collection_labels),
            description: label(&element.descriptions),
            ownership: ownership(element.ownership.as_deref()),
            change_tracking: element.change_tracking(),
            has_notes: flag("HasRelatedNotes") == Some(true),
            has_activities: flag("HasRelatedActivities") == Some(true),
            customizable: flag("IsCustomizable").unwrap_or(CUSTOMIZABLE_DEFAULT),
            enforce_state_transitions: flag("EnforceStateTransitions") == Some(true),
            columns,
            flags: flags(element),
        };
        self.step(Step::CreateTable(Box::new(spec)));
        self.log("table", &element.schema_name, None, Outcome::Success, "");
        Ok(())
    }

    /// A column's definition, with a line in the log; none for what there is not.
    fn spec(&mut self, table: &str, column: &ColumnElement) -> Result<Option<crate::metadata::ColumnSpec>> {
        let spec = spec(table, column)?;
        let name = &column.schema_name;
        match &spec {
            None => {
                self.left_out.insert((table.to_owned(), column.logical_name.to_ascii_lowercase()));
                let why = format!("columns of type '{}' are not available here", column.column_type.as_str());
                self.log("attribute", name, Some(table), Outcome::Skipped, &why);
            }
            Some(_) if matches!(column.source_type, Some(1 | 2)) => {
                self.log("attribute", name, Some(table), Outcome::Warning, "the column is there, but its values are not calculated");
            }
            Some(_) if column.auto_number_format.as_ref().is_some_and(|format| !format.is_empty()) => {
                self.log("attribute", name, Some(table), Outcome::Warning, "the column is there, but its values are not numbered");
            }
            Some(_) => self.log("attribute", name, Some(table), Outcome::Success, ""),
        }
        Ok(spec)
    }

    fn extend_table(&mut self, present: &Arc<Table>, element: &TableElement) -> Result<()> {
        let def = &present.def;
        let is_full = element.extent == TableExtent::Full;
        if is_full {
            self.refuse_overwrite(def.custom, def.managed, "table", &element.schema_name)?;
        }
        let share = if def.custom && is_full { Share::Whole } else { Share::Additions };
        self.step(Step::Join(component_type::TABLE, def.id, share));
        if is_full && !def.custom {
            self.log(
                "table",
                &element.schema_name,
                None,
                Outcome::Warning,
                "a built-in table: it gets columns, keys and relationships, and keeps its own properties",
            );
        } else if is_full && !self.may_change(def.managed, def.customizable) {
            self.log("table", &element.schema_name, None, Outcome::Skipped, "the managed table is not customizable");
        } else {
            if let Some(update) = table_update(present, element).filter(|_| is_full) {
                self.step(Step::UpdateTable(def.name.clone(), update));
            }
            self.log("table", &element.schema_name, None, Outcome::Success, "");
        }
        for column in element.columns.iter().filter(|column| !is_derived(column, &element.columns)) {
            self.extend_column(present, column)?;
        }
        Ok(())
    }

    fn extend_column(&mut self, table: &Arc<Table>, column: &ColumnElement) -> Result<()> {
        let name = column.logical_name.to_ascii_lowercase();
        if let Some(ix) = table.find(&name) {
            return self.change_column(table, table.column(ix), column);
        }
        if is_lookup(column) {
            return Ok(());
        }
        if is_system(column) || !name.contains('_') {
            self.leave_out(table.name(), column);
            return Ok(());
        }
        if let Some(spec) = self.spec(table.name(), column)? {
            self.step(Step::CreateColumn(table.name().clone(), Box::new(spec)));
            self.coming.insert((table.name().to_string(), name));
        }
        Ok(())
    }

    /// Names a column of the original that is not here: custom ones have a prefix (MD-2).
    fn leave_out(&mut self, table: &str, column: &ColumnElement) {
        self.left_out.insert((table.to_owned(), column.logical_name.to_ascii_lowercase()));
        self.log("attribute", &column.schema_name, Some(table), Outcome::Skipped, "the built-in column is not available here");
    }

    fn change_column(&mut self, table: &Table, present: &Column, column: &ColumnElement) -> Result<()> {
        self.refuse_overwrite(present.custom, present.managed, "column", &column.schema_name)?;
        if !table.def.custom && !present.custom {
            return Ok(());
        }
        if present.custom {
            self.step(Step::Join(component_type::COLUMN, present.id, Share::Whole));
        }
        if !self.may_change(present.managed, present.customizable) {
            self.log("attribute", &column.schema_name, Some(table.name()), Outcome::Skipped, "the managed column is not customizable");
            return Ok(());
        }
        if let Some(update) = column_update(table, present, column)? {
            self.step(Step::UpdateColumn(table.name().clone(), present.name.clone(), Box::new(update)));
        }
        self.log("attribute", &column.schema_name, Some(table.name()), Outcome::Success, "");
        Ok(())
    }

    pub(super) fn keys(&mut self) -> Result<()> {
        for element in &self.package.tables {
            let table = element.schema_name.to_ascii_lowercase();
            for key in &element.keys {
                self.key(&table, key)?;
            }
        }
        Ok(())
    }

    fn key(&mut self, table: &str, key: &KeyElement) -> Result<()> {
        let name = key.logical_name.to_ascii_lowercase();
        let columns: Vec<_> = key.columns.iter().map(|column| LogicalName::from(column.to_ascii_lowercase())).collect();
        if !self.will_exist(table) {
            self.log("entitykey", &key.schema_name, Some(table), Outcome::Skipped, "its table is not available here");
            return Ok(());
        }
        if let Some(column) = columns.iter().find(|column| self.left_out.contains(&(table.to_owned(), column.to_string()))) {
            let why = format!("its column '{column}' is not available here");
            self.log("entitykey", &key.schema_name, Some(table), Outcome::Skipped, &why);
            return Ok(());
        }
        if let Some(Fate::Present(present)) = self.fates.get(table).cloned()
            && let Some(own) = present.key(&name)
        {
            self.refuse_overwrite(true, own.managed, "alternate key", &key.schema_name)?;
            let same = own.columns.len() == columns.len() && columns.iter().all(|column| own.columns.contains(column));
            if !same {
                // AK-9
                return Err(unusable(format!(
                    "The alternate key '{}' of '{table}' is there with other columns; keys cannot be changed.",
                    shown(&key.schema_name)
                )));
            }
            self.step(Step::Join(component_type::KEY, own.id, Share::Whole));
        } else {
            self.step(Step::CreateKey(
                LogicalName::from(table),
                KeySpec {
                    id: None,
                    schema_name: key.schema_name.clone(),
                    display_name: label(&key.labels),
                    columns,
                    customizable: key.properties.flag("IsCustomizable").unwrap_or(CUSTOMIZABLE_DEFAULT),
                },
            ));
        }
        self.log("entitykey", &key.schema_name, Some(table), Outcome::Success, "");
        Ok(())
    }
}

/// Who owns rows (MD-5); a mask may name several words.
fn ownership(mask: Option<&str>) -> Ownership {
    let mask = mask.unwrap_or_default().to_ascii_lowercase();
    if mask.contains("org") { Ownership::Organization } else { Ownership::User }
}

fn flags(element: &TableElement) -> BTreeMap<String, bool> {
    TABLE_FLAGS.iter().filter_map(|(file, own)| element.properties.flag(file).map(|flag| ((*own).to_owned(), flag))).collect()
}

/// What the package changes of a table that is here; none if nothing.
fn table_update(present: &Table, element: &TableElement) -> Option<TableUpdate> {
    let def = &present.def;
    let mut flags = flags(element);
    flags.retain(|name, flag| def.flags.get(name) != Some(flag));
    let newly = |flag: &str, present: bool| element.properties.flag(flag).filter(|given| *given != present);
    let update = TableUpdate {
        set_name: None,
        display_name: changed_label(&element.labels, &def.display_name),
        display_collection_name: changed_label(&element.collection_labels, &def.display_collection_name),
        description: changed_label(&element.descriptions, &def.description),
        // Once on, it stays on (CT-3).
        change_tracking: (element.change_tracking() && !def.change_tracking).then_some(true),
        has_notes: newly("HasRelatedNotes", def.has_notes),
        has_activities: newly("HasRelatedActivities", def.has_activities),
        flags,
        merge_labels: true,
    };
    (update != TableUpdate { merge_labels: true, ..TableUpdate::default() }).then_some(update)
}

/// What the package changes of a column that is here; none if nothing.
fn column_update(table: &Table, present: &Column, column: &ColumnElement) -> Result<Option<ColumnUpdate>> {
    let Some(spec) = spec(table.name(), column)? else { return Ok(None) };
    if discriminant(&spec.kind) != discriminant(&present.kind) {
        // The service keeps some of its own columns in another form than packages tell of.
        if !present.custom {
            return Ok(None);
        }
        let name = shown(&column.schema_name);
        return Err(unusable(format!("The column '{name}' of '{}' is there with another type; the type of a column is fixed.", table.name())));
    }
    let kind = match &spec.kind {
        driftless_model::ColumnType::Lookup(_) | driftless_model::ColumnType::UniqueId { .. } => None,
        driftless_model::ColumnType::Status(_) => Some(grown(&present.kind, spec.kind)),
        _ if !present.custom => None,
        _ => Some(grown(&present.kind, spec.kind)).filter(|kind| *kind != present.kind),
    };
    let update = ColumnUpdate {
        display_name: changed_label(&column.labels, &present.display_name),
        description: changed_label(&column.descriptions, &present.description),
        required: Some(spec.required).filter(|level| present.custom && *level != present.required),
        kind,
        secured: (spec.secured && !present.secured && present.custom).then_some(true),
        merge_labels: true,
    };
    Ok((update != ColumnUpdate { merge_labels: true, ..ColumnUpdate::default() }).then_some(update))
}
