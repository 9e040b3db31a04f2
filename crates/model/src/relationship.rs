//! One-to-many relationships, what happens along them, and how user interfaces list related rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Label, LogicalName, SchemaName};

/// What an action on the referenced row does to the rows that refer to it (MD-31).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CascadeAction {
    /// Nothing.
    #[default]
    NoCascade,
    /// The same to all of them.
    Cascade,
    /// The same to those in an active state (MD-33).
    Active,
    /// The same to those that have the same owner.
    UserOwned,
}

/// What deleting the referenced row does to the rows that refer to it (MD-32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteAction {
    /// Their lookup is cleared.
    #[default]
    RemoveLink,
    /// They are deleted too.
    Cascade,
    /// The delete is refused.
    Restrict,
    /// Nothing: the lookup keeps the id of a row that is gone. Links of the system only.
    NoCascade,
}

/// The cascade rules of a relationship.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cascade {
    /// On delete.
    pub delete: DeleteAction,
    /// On assignment to another owner.
    pub assign: CascadeAction,
    /// On change of the parent.
    pub reparent: CascadeAction,
    /// On sharing.
    pub share: CascadeAction,
    /// On unsharing.
    pub unshare: CascadeAction,
    /// On merging: `Cascade` or `NoCascade`.
    pub merge: CascadeAction,
}

impl Cascade {
    /// True when the relationship is parental: some action cascades (MD-34).
    pub fn is_parental(&self) -> bool {
        self.delete == DeleteAction::Cascade || [self.assign, self.reparent, self.share, self.unshare].iter().any(|action| *action != CascadeAction::NoCascade)
    }
}

/// A one-to-many relationship: a lookup seen from both sides. A polymorphic lookup has one for each table that it may refer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// Stable identity (MD-8).
    pub id: Uuid,
    /// Unique name in the organization.
    pub schema_name: SchemaName,
    /// The table that lookups refer to.
    pub referenced_table: LogicalName,
    /// Its primary id.
    pub referenced_column: LogicalName,
    /// The table that has the lookup.
    pub referencing_table: LogicalName,
    /// The lookup.
    pub referencing_column: LogicalName,
    /// Name of the single-valued navigation property on the referencing table; case counts.
    pub referencing_navigation: String,
    /// Name of the collection-valued navigation property on the referenced table; case counts.
    pub referenced_navigation: String,
    /// What happens to referring rows.
    pub cascade: Cascade,
    /// The relationship makes a tree of the table's own rows (SU-19).
    pub hierarchical: bool,
    /// How user interfaces list the referring rows.
    #[serde(default, alias = "menu_label", skip_serializing_if = "AssociatedMenu::is_default")]
    pub menu: AssociatedMenu,
    /// Made by a customizer, not built in.
    pub custom: bool,
    /// Came with a managed solution.
    pub managed: bool,
    /// May be changed by customizers.
    pub customizable: bool,
    /// Version of the solution that brought it.
    pub introduced_version: String,
}

/// What a related list is called in user interfaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MenuBehavior {
    /// As the related table's rows are called.
    #[default]
    UseCollectionName,
    /// As [`AssociatedMenu::label`] says.
    UseLabel,
    /// There is no list.
    DoNotDisplay,
}

impl MenuBehavior {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::UseCollectionName, Self::UseLabel, Self::DoNotDisplay];

    /// Its name on the wire and in packages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UseCollectionName => "UseCollectionName",
            Self::UseLabel => "UseLabel",
            Self::DoNotDisplay => "DoNotDisplay",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.as_str() == name)
    }

    /// What is meant where only the label is given.
    pub fn of(label: &Label) -> Self {
        if label.is_empty() { Self::UseCollectionName } else { Self::UseLabel }
    }
}

/// The group in which user interfaces show a related list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MenuGroup {
    /// Details.
    #[default]
    Details,
    /// Sales.
    Sales,
    /// Service.
    Service,
    /// Marketing.
    Marketing,
}

impl MenuGroup {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Details, Self::Sales, Self::Service, Self::Marketing];

    /// Its name on the wire and in packages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Details => "Details",
            Self::Sales => "Sales",
            Self::Service => "Service",
            Self::Marketing => "Marketing",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.as_str() == name)
    }
}

/// How user interfaces list related rows (web-api 26.6). The service keeps it and gives it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptMenu")]
pub struct AssociatedMenu {
    /// What the list is called.
    pub behavior: MenuBehavior,
    /// Where it stands.
    pub group: MenuGroup,
    /// Its label, when one was given.
    #[serde(skip_serializing_if = "Label::is_empty")]
    pub label: Label,
    /// Its place among the others of the group, when one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<i32>,
}

impl AssociatedMenu {
    /// True if nothing was said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A menu as it is kept. Earlier programs kept the texts of its label alone, by language.
#[derive(Default, Deserialize)]
#[serde(default)]
struct KeptMenu {
    behavior: Option<MenuBehavior>,
    group: MenuGroup,
    label: Label,
    order: Option<i32>,
    #[serde(flatten)]
    texts: BTreeMap<String, Box<str>>,
}

impl From<KeptMenu> for AssociatedMenu {
    fn from(kept: KeptMenu) -> Self {
        let texts = kept.texts.into_iter().filter_map(|(language, text)| Some((language.parse().ok()?, text)));
        let label = if kept.label.is_empty() { texts.collect() } else { kept.label };
        Self { behavior: kept.behavior.unwrap_or_else(|| MenuBehavior::of(&label)), group: kept.group, label, order: kept.order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 26.6
    fn menus_of_earlier_programs_are_read() {
        let label = Label::english("Boxes");
        let read = |text: &str| serde_json::from_str::<AssociatedMenu>(text).unwrap();
        assert_eq!(read(r#"{"1033":"Boxes"}"#), AssociatedMenu { behavior: MenuBehavior::UseLabel, label: label.clone(), ..AssociatedMenu::default() });
        let whole = AssociatedMenu { behavior: MenuBehavior::DoNotDisplay, group: MenuGroup::Sales, label, order: Some(7) };
        assert_eq!(read(&serde_json::to_string(&whole).unwrap()), whole);
        assert!(read("{}").is_default());
    }

    #[test] // web-api 26.6
    fn relationships_of_earlier_programs_are_read() {
        let mut relationship = Relationship {
            id: Uuid::nil(),
            schema_name: "new_depot_boxes".into(),
            referenced_table: "new_depot".into(),
            referenced_column: "new_depotid".into(),
            referencing_table: "new_box".into(),
            referencing_column: "new_depotid".into(),
            referencing_navigation: "new_DepotId".to_owned(),
            referenced_navigation: "new_depot_boxes".to_owned(),
            cascade: Cascade::default(),
            hierarchical: false,
            menu: AssociatedMenu::default(),
            custom: true,
            managed: false,
            customizable: true,
            introduced_version: "1.0.0.0".to_owned(),
        };
        let mut kept = serde_json::to_value(&relationship).unwrap();
        assert_eq!(serde_json::from_value::<Relationship>(kept.clone()).unwrap(), relationship);
        kept.as_object_mut().unwrap().insert("menu_label".to_owned(), serde_json::json!({ "1033": "Boxes" }));
        relationship.menu = AssociatedMenu { behavior: MenuBehavior::UseLabel, label: Label::english("Boxes"), ..AssociatedMenu::default() };
        assert_eq!(serde_json::from_str::<Relationship>(&kept.to_string()).unwrap(), relationship);
    }
}
