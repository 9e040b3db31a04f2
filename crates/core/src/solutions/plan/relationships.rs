//! Relationships of a package, with their lookups (SOL-10, SOL-15).

use driftless_model::{
    AssociatedMenu, Cascade, CascadeAction, ColumnType, DeleteAction, Error, ErrorCode, LogicalName, LookupColumn, LookupKind, Relationship, RequiredLevel,
    Result,
};
use driftless_solution_file::{
    CascadeAction as FileAction, ColumnElement, ColumnType as FileType, OneToMany, RelationshipElement, RelationshipKind, RequiredLevel as FileLevel,
};

use super::choices::CUSTOMIZABLE_DEFAULT;
use super::columns::{is_lookup, is_system, is_system_name, level, spec};
use super::{Planner, Share, Step, label, unusable};
use crate::metadata::validate::{component_type, shown};
use crate::metadata::{ColumnSpec, RelationshipSpec, RelationshipUpdate};
use crate::solutions::report::Outcome;
use crate::solutions::{is_built_in, menus};

pub(super) const KIND: &str = "entityrelationship";
/// What packages call users and teams together. There is no such table.
const OWNERS: &str = "owner";

impl Planner<'_> {
    pub(super) fn relationships(&mut self) -> Result<()> {
        for element in &self.package.relationships {
            match &element.kind {
                RelationshipKind::OneToMany(relationship) => self.relationship(element, relationship)?,
                RelationshipKind::ManyToMany(relationship) => self.many_to_many(element, relationship)?,
                RelationshipKind::Other(kind) => {
                    let why = format!("relationships of type '{}' are not available here", shown(kind));
                    self.log(KIND, &element.name, None, Outcome::Skipped, &why);
                }
            }
        }
        self.lookups_without_relationship();
        Ok(())
    }

    fn relationship(&mut self, element: &RelationshipElement, relationship: &OneToMany) -> Result<()> {
        let referencing = relationship.referencing_table.to_ascii_lowercase();
        let referenced = relationship.referenced_table.to_ascii_lowercase();
        let name = relationship.referencing_column.as_deref().unwrap_or_default();
        let column = name.to_ascii_lowercase();
        if column.is_empty() {
            return Err(unusable(format!("The relationship '{}' names no lookup (ReferencingAttributeName).", shown(&element.name))));
        }
        let log = |planner: &mut Self, outcome, text: &str| planner.log(KIND, &element.name, Some(&referencing), outcome, text);
        if self.will_exist(&referencing) && (is_system_name(&column) || referenced == OWNERS) {
            return self.system_relationship(element, &referencing, &column, &referenced);
        }
        for side in [&referencing, &referenced] {
            if !self.require_table(side, &element.name)? {
                let why = format!("the table '{side}' is not available here");
                self.left_out.insert((referencing.clone(), column.clone()));
                log(self, Outcome::Skipped, &why);
                return Ok(());
            }
        }
        if let Some(present) = self.snapshot.relationship(&element.name).cloned() {
            let same = *present.referencing_table == *referencing && *present.referenced_table == *referenced && *present.referencing_column == *column;
            if !same {
                return Err(unusable(format!("The relationship '{}' is there between other tables.", shown(&element.name))));
            }
            return self.change_relationship(element, relationship, &present);
        }
        let of_built_in = is_built_in(self.snapshot, &referencing);
        if of_built_in && !self.can_widen(&referencing, &column) && !column.contains('_') {
            let why = format!("the column '{column}' of the built-in table '{referencing}' cannot refer to another table here");
            log(self, Outcome::Skipped, &why);
            return Ok(());
        }
        let spec = self.relationship_spec(element, relationship, name)?;
        self.step(Step::CreateRelationship(Box::new(spec)));
        self.coming.insert((referencing.clone(), column));
        log(self, Outcome::Success, "");
        Ok(())
    }

    /// A relationship of a column that the service makes itself, and whose relationships it makes too. No package makes another one.
    fn system_relationship(&mut self, element: &RelationshipElement, referencing: &str, column: &str, referenced: &str) -> Result<()> {
        let (outcome, text) = if is_own_target(column, referenced) {
            (Outcome::Success, "made by the service itself".to_owned())
        } else if self.require_table(referenced, &element.name)? {
            (Outcome::Skipped, format!("the column '{column}' is made by the service itself and cannot refer to '{referenced}'"))
        } else {
            (Outcome::Skipped, format!("the table '{referenced}' is not available here"))
        };
        self.log(KIND, &element.name, Some(referencing), outcome, &text);
        Ok(())
    }

    fn change_relationship(&mut self, element: &RelationshipElement, relationship: &OneToMany, present: &Relationship) -> Result<()> {
        self.refuse_overwrite(present.custom, present.managed, "relationship", &element.name)?;
        if present.custom {
            self.step(Step::Join(component_type::RELATIONSHIP, present.id, Share::Whole));
            let cascade = cascade(&element.name, relationship)?;
            let hierarchical = element.properties.flag("IsHierarchical").unwrap_or(present.hierarchical);
            let menu = menu(element);
            let is_changed = cascade != present.cascade || hierarchical != present.hierarchical || menu != present.menu;
            if self.may_change(present.managed, present.customizable) && is_changed {
                let update = RelationshipUpdate { cascade: Some(cascade), hierarchical: Some(hierarchical), menu: Some(menu) };
                self.step(Step::UpdateRelationship(present.schema_name.to_string(), update));
            }
        }
        self.log(KIND, &element.name, Some(&present.referencing_table), Outcome::Success, "");
        Ok(())
    }

    /// True if a column that is here can get one more target.
    fn can_widen(&self, table: &str, column: &str) -> bool {
        let column = self.snapshot.find(table).and_then(|table| table.find(column).map(|ix| table.column(ix)));
        column.and_then(|column| column.lookup()).is_some_and(|lookup| lookup.kind == LookupKind::Plain && lookup.is_polymorphic())
    }

    fn relationship_spec(&self, element: &RelationshipElement, relationship: &OneToMany, name: &str) -> Result<RelationshipSpec> {
        let referencing = relationship.referencing_table.to_ascii_lowercase();
        let referenced = relationship.referenced_table.to_ascii_lowercase();
        let default_navigation = is_built_in(self.snapshot, &referencing)
            .then(|| self.snapshot.find(&referencing))
            .flatten()
            .and_then(|table| table.find(&name.to_ascii_lowercase()))
            .map(|_| format!("{}_{referenced}", name.to_ascii_lowercase()));
        Ok(RelationshipSpec {
            id: None,
            schema_name: element.name.clone(),
            referenced_table: LogicalName::from(referenced),
            referencing_table: LogicalName::from(referencing.as_str()),
            lookup: self.lookup(&referencing, relationship, name)?,
            referencing_navigation: element.lookup_navigation().map(str::to_owned).or(default_navigation),
            referenced_navigation: element.collection_navigation().map(str::to_owned),
            cascade: cascade(&element.name, relationship)?,
            hierarchical: element.properties.flag("IsHierarchical") == Some(true),
            menu: menu(element),
            customizable: element.properties.flag("IsCustomizable").unwrap_or(CUSTOMIZABLE_DEFAULT),
        })
    }

    /// The lookup of a relationship: as its table describes it, else as the relationship does.
    fn lookup(&self, table: &str, relationship: &OneToMany, name: &str) -> Result<ColumnSpec> {
        let column = self.element(table).and_then(|element| element.columns.iter().find(|column| column.logical_name.eq_ignore_ascii_case(name)));
        let kind = if column.is_some_and(|column| column.column_type == FileType::Customer) { LookupKind::Customer } else { LookupKind::Plain };
        let shared = |other: &RelationshipElement| match &other.kind {
            RelationshipKind::OneToMany(other) => {
                other.referencing_table.eq_ignore_ascii_case(table)
                    && other.referencing_column.as_deref().is_some_and(|column| column.eq_ignore_ascii_case(name))
            }
            RelationshipKind::ManyToMany(_) | RelationshipKind::Other(_) => false,
        };
        let polymorphic = kind == LookupKind::Customer || self.package.relationships.iter().filter(|other| shared(other)).count() > 1;
        let kind = ColumnType::Lookup(LookupColumn { kind, targets: Vec::new(), polymorphic });
        if let Some(spec) = column.map(|column| spec(table, column)).transpose()?.flatten() {
            return Ok(ColumnSpec { kind, primary_name: false, ..spec });
        }
        let field = relationship.column.as_ref();
        Ok(ColumnSpec {
            id: None,
            schema_name: name.to_owned(),
            kind,
            required: field.and_then(|field| field.attributes.get("requiredlevel")).map_or(RequiredLevel::None, |text| level(Some(&FileLevel::parse(text)))),
            display_name: field.map(|field| label(&field.labels)).unwrap_or_default(),
            description: field.map(|field| label(&field.descriptions)).unwrap_or_default(),
            primary_name: false,
            secured: false,
            customizable: CUSTOMIZABLE_DEFAULT,
        })
    }

    /// Names lookups that no relationship makes.
    fn lookups_without_relationship(&mut self) {
        for element in &self.package.tables {
            let table = element.schema_name.to_ascii_lowercase();
            for column in element.columns.iter().filter(|column| is_lookup(column) && !is_system(column)) {
                self.lookup_without_relationship(&table, column);
            }
        }
    }

    fn lookup_without_relationship(&mut self, table: &str, column: &ColumnElement) {
        let place = (table.to_owned(), column.logical_name.to_ascii_lowercase());
        let present = self.snapshot.find(table).is_some_and(|table| table.find(&place.1).is_some());
        if !self.will_exist(table) || present || self.coming.contains(&place) {
            return;
        }
        self.left_out.insert(place);
        self.log("attribute", &column.schema_name, Some(table), Outcome::Skipped, "the package has no relationship for the lookup that can be made here");
    }
}

/// True if the service makes the relationship of its own column `column` to `referenced` (MD-15, MD-16, MD-24).
fn is_own_target(column: &str, referenced: &str) -> bool {
    match column {
        "createdby" | "createdonbehalfby" | "modifiedby" | "modifiedonbehalfby" | "owninguser" => referenced == "systemuser",
        "ownerid" => matches!(referenced, "systemuser" | "team" | OWNERS),
        "owningbusinessunit" => referenced == "businessunit",
        "owningteam" => referenced == "team",
        "organizationid" => referenced == "organization",
        "transactioncurrencyid" => referenced == "transactioncurrency",
        _ => referenced == OWNERS,
    }
}

/// How user interfaces list the referring rows: what the role says that speaks of it.
fn menu(element: &RelationshipElement) -> AssociatedMenu {
    element.roles.iter().map(menus::of_role).find(|menu| !menu.is_default()).unwrap_or_default()
}

fn cascade(name: &str, relationship: &OneToMany) -> Result<Cascade> {
    let cascades = &relationship.cascades;
    let invalid = |action: &FileAction| {
        let message = format!("The cascade action '{}' of the relationship '{}' is not valid there.", shown(action.as_str()), shown(name));
        Error::new(ErrorCode::InvalidCascadeValue, message)
    };
    let action = |action: &Option<FileAction>| match action {
        None | Some(FileAction::NoCascade) => Ok(CascadeAction::NoCascade),
        Some(FileAction::Cascade) => Ok(CascadeAction::Cascade),
        Some(FileAction::Active) => Ok(CascadeAction::Active),
        Some(FileAction::UserOwned) => Ok(CascadeAction::UserOwned),
        Some(other) => Err(invalid(other)),
    };
    let delete = match &cascades.delete {
        None | Some(FileAction::RemoveLink) => DeleteAction::RemoveLink,
        Some(FileAction::Cascade) => DeleteAction::Cascade,
        Some(FileAction::Restrict) => DeleteAction::Restrict,
        Some(FileAction::NoCascade) => DeleteAction::NoCascade,
        Some(other) => return Err(invalid(other)),
    };
    Ok(Cascade {
        delete,
        assign: action(&cascades.assign)?,
        reparent: action(&cascades.reparent)?,
        share: action(&cascades.share)?,
        unshare: action(&cascades.unshare)?,
        merge: action(&cascades.merge)?,
    })
}
