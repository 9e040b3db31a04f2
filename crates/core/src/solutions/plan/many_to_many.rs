//! Many-to-many relationships of a package (SOL-10, SOL-15).

use driftless_model::{LogicalName, Result};
use driftless_solution_file::{ManyToMany as ManyToManyElement, RelationshipElement, RelationshipKind};

use super::choices::CUSTOMIZABLE_DEFAULT;
use super::relationships::KIND;
use super::{Planner, Share, Step, unusable};
use crate::metadata::validate::{component_type, shown};
use crate::metadata::{ManyToManySpec, ManyToManyUpdate, SideSpec};
use crate::solutions::menus;
use crate::solutions::report::Outcome;

/// `AssociationRoleOrdinal` of the two sides.
const FIRST: i32 = 1;
const SECOND: i32 = 2;

impl Planner<'_> {
    pub(super) fn many_to_many(&mut self, element: &RelationshipElement, relationship: &ManyToManyElement) -> Result<()> {
        let tables = [&relationship.first_table, &relationship.second_table].map(|name| name.to_ascii_lowercase());
        for table in &tables {
            if !self.require_table(table, &element.name)? {
                self.log(KIND, &element.name, None, Outcome::Skipped, &format!("the table '{table}' is not available here"));
                return Ok(());
            }
        }
        let [first, second] = &tables;
        let intersect = Some(relationship.intersect_table.as_str()).filter(|name| !name.is_empty());
        let spec = ManyToManySpec {
            id: None,
            schema_name: element.name.clone(),
            intersect: intersect.map(str::to_owned),
            first: side(element, first, FIRST),
            second: side(element, second, SECOND),
            customizable: element.properties.flag("IsCustomizable").unwrap_or(CUSTOMIZABLE_DEFAULT),
        };
        match self.snapshot.many_to_many_named(&element.name).cloned() {
            None => self.step(Step::CreateManyToMany(Box::new(spec))),
            Some(present) if present.first.table != spec.first.table || present.second.table != spec.second.table => {
                return Err(unusable(format!("The relationship '{}' is there between other tables.", shown(&element.name))));
            }
            Some(present) => {
                self.refuse_overwrite(present.custom, present.managed, "relationship", &element.name)?;
                if present.custom {
                    self.step(Step::Join(component_type::RELATIONSHIP, present.id, Share::Whole));
                }
                let is_changed = present.first.menu != spec.first.menu || present.second.menu != spec.second.menu;
                if present.custom && is_changed && self.may_change(present.managed, present.customizable) {
                    let update = ManyToManyUpdate { first_menu: Some(spec.first.menu), second_menu: Some(spec.second.menu) };
                    self.step(Step::UpdateManyToMany(present.schema_name.to_string(), update));
                }
            }
        }
        self.log(KIND, &element.name, Some(first), Outcome::Success, "");
        Ok(())
    }

    /// True for a table of the package that one of its relationships makes.
    pub(super) fn holds_pairs(&self, table: &str) -> bool {
        self.package.relationships.iter().any(|element| match &element.kind {
            RelationshipKind::ManyToMany(many) => many.intersect_table.eq_ignore_ascii_case(table),
            RelationshipKind::OneToMany(_) | RelationshipKind::Other(_) => false,
        })
    }
}

fn side(element: &RelationshipElement, table: &str, ordinal: i32) -> SideSpec {
    let role = element.roles.iter().find(|role| role.association_ordinal == Some(ordinal));
    SideSpec {
        table: LogicalName::from(table),
        navigation: element.many_to_many_navigation(ordinal).map(str::to_owned),
        menu: role.map(menus::of_role).unwrap_or_default(),
    }
}
