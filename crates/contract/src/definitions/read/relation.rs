//! Relationships and alternate keys (web-api 26.6, 26.7).

use driftless_core::metadata::{ColumnSpec, KeySpec, ManyToManySpec, ManyToManyUpdate, RelationshipSpec, RelationshipUpdate, SideSpec};
use driftless_model::{
    AssociatedMenu, Cascade, CascadeAction, ColumnType, DeleteAction, Error, ErrorCode, Label, LogicalName, LookupColumn, LookupKind, MenuBehavior, MenuGroup,
    RequiredLevel, Result,
};

use super::super::node::Node;
use super::column::shared;
use super::reader::{Members, unknown_word, wrong};

/// The member that says how the referring rows of a one-to-many relationship are listed.
const OWN_MENU: &str = "AssociatedMenuConfiguration";

/// True if a body describes a many-to-many relationship.
pub fn is_many_to_many(body: &Node<'_>) -> bool {
    let members = Members(body);
    members.type_name() == Some("ManyToManyRelationshipMetadata") || members.get("Entity1LogicalName").is_some()
}

/// The many-to-many relationship that a body asks for.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub fn many_to_many(body: &Node<'_>) -> Result<ManyToManySpec> {
    let members = Members(body);
    let side = |table: &str, navigation: &str, list: &str| {
        Ok::<_, Error>(SideSpec {
            table: LogicalName::from(members.required_text(table)?),
            navigation: members.text(navigation)?.map(str::to_owned),
            menu: menu(members, list)?.unwrap_or_default(),
        })
    };
    Ok(ManyToManySpec {
        id: None,
        schema_name: members.required_text("SchemaName")?.to_owned(),
        intersect: members.text("IntersectEntityName")?.map(str::to_owned),
        first: side("Entity1LogicalName", "Entity1NavigationPropertyName", "Entity1AssociatedMenuConfiguration")?,
        second: side("Entity2LogicalName", "Entity2NavigationPropertyName", "Entity2AssociatedMenuConfiguration")?,
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
    })
}

/// The change of a many-to-many relationship that a body asks for.
///
/// # Errors
/// As [`many_to_many`].
pub fn many_to_many_update(body: &Node<'_>) -> Result<ManyToManyUpdate> {
    let members = Members(body);
    Ok(ManyToManyUpdate { first_menu: menu(members, "Entity1AssociatedMenuConfiguration")?, second_menu: menu(members, "Entity2AssociatedMenuConfiguration")? })
}

fn menu(members: Members<'_>, name: &str) -> Result<Option<AssociatedMenu>> {
    let Some(menu) = members.object(name)? else { return Ok(None) };
    let label = menu.label("Label")?.unwrap_or_default();
    Ok(Some(AssociatedMenu {
        behavior: match menu.word("Behavior")? {
            None => MenuBehavior::of(&label),
            Some(word) => MenuBehavior::parse(word).ok_or_else(|| unknown_word("Behavior", word))?,
        },
        group: match menu.word("Group")? {
            None => MenuGroup::default(),
            Some(word) => MenuGroup::parse(word).ok_or_else(|| unknown_word("Group", word))?,
        },
        label,
        order: menu.number("Order")?,
    }))
}

/// The one-to-many relationship that a body asks for.
///
/// # Errors
/// 0x80048d19 for members of the wrong type, 0x80048204 for cascade values.
pub fn relationship(body: &Node<'_>) -> Result<RelationshipSpec> {
    let lookup = Members(body).object("Lookup")?.ok_or_else(|| wrong("Lookup", "the definition of the lookup column, which must be given"))?;
    Ok(RelationshipSpec { lookup: shared(lookup, lookup_kind(), None)?, ..relationship_without_lookup(body)? })
}

/// The lookup that an object describes.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub fn lookup(body: &Node<'_>) -> Result<ColumnSpec> {
    shared(Members(body), lookup_kind(), None)
}

/// A lookup; its relationships say what it refers to.
fn lookup_kind() -> ColumnType {
    ColumnType::Lookup(LookupColumn { kind: LookupKind::Plain, targets: Vec::new(), polymorphic: false })
}

/// The one-to-many relationship that an object describes, with a lookup without a name: the one that is meant is told elsewhere.
///
/// # Errors
/// As [`relationship`].
pub fn relationship_without_lookup(body: &Node<'_>) -> Result<RelationshipSpec> {
    let members = Members(body);
    let name = |member: &str| members.text(member).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
    Ok(RelationshipSpec {
        id: None,
        schema_name: members.required_text("SchemaName")?.to_owned(),
        referenced_table: LogicalName::from(members.required_text("ReferencedEntity")?),
        referencing_table: LogicalName::from(members.required_text("ReferencingEntity")?),
        lookup: unnamed_lookup(),
        referencing_navigation: name("ReferencingEntityNavigationPropertyName")?,
        referenced_navigation: name("ReferencedEntityNavigationPropertyName")?,
        cascade: cascade(members)?.unwrap_or_default(),
        hierarchical: members.flag("IsHierarchical")?.unwrap_or(false),
        menu: menu(members, OWN_MENU)?.unwrap_or_default(),
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
    })
}

fn unnamed_lookup() -> ColumnSpec {
    ColumnSpec {
        id: None,
        schema_name: String::new(),
        kind: lookup_kind(),
        required: RequiredLevel::None,
        display_name: Label::default(),
        description: Label::default(),
        primary_name: false,
        secured: false,
        customizable: true,
    }
}

/// The change of a relationship that a body asks for.
///
/// # Errors
/// As [`relationship`].
pub fn relationship_update(body: &Node<'_>) -> Result<RelationshipUpdate> {
    let members = Members(body);
    Ok(RelationshipUpdate { cascade: cascade(members)?, hierarchical: members.flag("IsHierarchical")?, menu: menu(members, OWN_MENU)? })
}

fn cascade(members: Members<'_>) -> Result<Option<Cascade>> {
    let Some(rules) = members.object("CascadeConfiguration")? else { return Ok(None) };
    let bad = |name: &str, word: &str| {
        let word: String = word.chars().take(64).collect();
        Error::new(ErrorCode::InvalidCascadeValue, format!("The cascade value '{word}' is not valid for '{name}'."))
    };
    let action = |name: &str| {
        Ok(match rules.word(name)? {
            None | Some("NoCascade") => CascadeAction::NoCascade,
            Some("Cascade") => CascadeAction::Cascade,
            Some("Active") => CascadeAction::Active,
            Some("UserOwned") => CascadeAction::UserOwned,
            Some(other) => return Err(bad(name, other)),
        })
    };
    let delete = match rules.word("Delete")? {
        None | Some("RemoveLink") => DeleteAction::RemoveLink,
        Some("Cascade") => DeleteAction::Cascade,
        Some("Restrict") => DeleteAction::Restrict,
        Some("NoCascade") => DeleteAction::NoCascade,
        Some(other) => return Err(bad("Delete", other)),
    };
    Ok(Some(Cascade {
        delete,
        assign: action("Assign")?,
        reparent: action("Reparent")?,
        share: action("Share")?,
        unshare: action("Unshare")?,
        merge: action("Merge")?,
    }))
}

/// The alternate key that a body asks for.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub fn key(body: &Node<'_>) -> Result<KeySpec> {
    let members = Members(body);
    let columns = members.array("KeyAttributes")?.ok_or_else(|| wrong("KeyAttributes", "an array of column names, which must be given"))?;
    Ok(KeySpec {
        id: None,
        schema_name: members.required_text("SchemaName")?.to_owned(),
        display_name: members.label("DisplayName")?.unwrap_or_default(),
        columns: columns
            .iter()
            .map(|name| name.as_text().map(LogicalName::from).ok_or_else(|| wrong("KeyAttributes", "an array of column names")))
            .collect::<Result<_>>()?,
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
    })
}
