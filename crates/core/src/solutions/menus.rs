//! How user interfaces list related rows, as packages say it (`NavPane…` of a relationship's role), both ways.

use driftless_model::{AssociatedMenu, MenuBehavior, MenuGroup};
use driftless_solution_file::{Properties, RelationshipRole};

use super::{export, plan};

/// Settings of a role.
const BEHAVIOR: &str = "NavPaneDisplayOption";
const GROUP: &str = "NavPaneArea";
const ORDER: &str = "NavPaneOrder";

/// What a role says. Words that are not known are those of nothing said.
pub(super) fn of_role(role: &RelationshipRole) -> AssociatedMenu {
    let setting = |name: &str| role.properties.setting(name).unwrap_or_default();
    let label = plan::label(&role.menu_labels);
    AssociatedMenu {
        behavior: match setting(BEHAVIOR) {
            "UseLabel" => MenuBehavior::UseLabel,
            "DoNotDisplay" => MenuBehavior::DoNotDisplay,
            "" => MenuBehavior::of(&label),
            _ => MenuBehavior::UseCollectionName,
        },
        group: match setting(GROUP) {
            "Sales" => MenuGroup::Sales,
            "Service" => MenuGroup::Service,
            "Marketing" => MenuGroup::Marketing,
            _ => MenuGroup::Details,
        },
        label,
        order: setting(ORDER).parse().ok(),
    }
}

/// The role that says it.
pub(super) fn in_role(menu: &AssociatedMenu, role: RelationshipRole) -> RelationshipRole {
    let behavior = match menu.behavior {
        MenuBehavior::UseCollectionName => "UseCollectionName",
        MenuBehavior::UseLabel => "UseLabel",
        MenuBehavior::DoNotDisplay => "DoNotDisplay",
    };
    let group = match menu.group {
        MenuGroup::Details => "Details",
        MenuGroup::Sales => "Sales",
        MenuGroup::Service => "Service",
        MenuGroup::Marketing => "Marketing",
    };
    let mut settings = vec![(BEHAVIOR.to_owned(), behavior.to_owned()), (GROUP.to_owned(), group.to_owned())];
    settings.extend(menu.order.map(|order| (ORDER.to_owned(), order.to_string())));
    let properties = Properties { settings: settings.into_iter().collect(), ..Properties::default() };
    RelationshipRole { menu_labels: export::labels(&menu.label), properties, ..role }
}
