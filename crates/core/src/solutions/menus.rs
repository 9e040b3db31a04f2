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
            "" => MenuBehavior::of(&label),
            behavior => MenuBehavior::parse(behavior).unwrap_or_default(),
        },
        group: MenuGroup::parse(setting(GROUP)).unwrap_or_default(),
        label,
        order: setting(ORDER).parse().ok(),
    }
}

/// The role that says it.
pub(super) fn in_role(menu: &AssociatedMenu, role: RelationshipRole) -> RelationshipRole {
    let mut settings = vec![(BEHAVIOR.to_owned(), menu.behavior.as_str().to_owned()), (GROUP.to_owned(), menu.group.as_str().to_owned())];
    settings.extend(menu.order.map(|order| (ORDER.to_owned(), order.to_string())));
    let properties = Properties { settings: settings.into_iter().collect(), ..Properties::default() };
    RelationshipRole { menu_labels: export::labels(&menu.label), properties, ..role }
}
