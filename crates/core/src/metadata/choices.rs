//! Making, changing and removing global choices (MD-26 to MD-29). Local choices live in their columns.

use std::sync::Arc;

use driftless_model::{ChoiceSet, ChoiceSource, ColumnType, Error, ErrorCode, Label, Result, SchemaName, Uuid};
use driftless_store::DefinitionKind;

use super::validate::{Authority, Removal, component_type, identity, name_taken, number_options, require_removable, set_label, shown};
use super::{ChoiceSpec, ChoiceUpdate, Definition, Origin};
use crate::context::WriteCx;
use crate::solutions::components;

/// Makes a global choice and gives its `MetadataId`.
///
/// # Errors
/// 0x80044345 when the name exists, 0x80044333 for an option value that stands twice, the codes of MD-3 and 0x80044366 for the name.
pub(crate) fn create(cx: &mut WriteCx<'_>, spec: &ChoiceSpec, origin: &Origin) -> Result<Uuid> {
    let authority = Authority::of(cx, origin)?;
    authority.check_name(&spec.name)?;
    let schema_name = SchemaName::from(spec.name.as_str());
    let name = schema_name.to_logical();
    if let Some(present) = cx.snapshot.choice(&name) {
        return Err(name_taken(&authority, present.custom, present.managed, ErrorCode::ChoiceNameExists, &name));
    }
    let mut options = spec.options.clone();
    number_options(options.iter_mut(), authority.first_option(&name), cx.services.limits.choice_options_max)?;
    let id = identity(cx, spec.id)?;
    let display_name = if spec.display_name.is_empty() { Label::english(spec.name.as_str()) } else { spec.display_name.clone() };
    cx.define(vec![Definition::Choice(ChoiceSet {
        id,
        name,
        schema_name,
        display_name,
        description: spec.description.clone(),
        options,
        global: true,
        custom: true,
        managed: authority.managed,
        customizable: spec.customizable,
        introduced_version: authority.version,
    })])?;
    components::add(cx, origin, component_type::CHOICE, id)?;
    Ok(id)
}

/// Changes a global choice's own properties. Whether customizers may change it is checked by the caller.
///
/// # Errors
/// 0x80040217 without the choice.
pub(crate) fn update(cx: &mut WriteCx<'_>, name: &str, change: &ChoiceUpdate) -> Result<()> {
    let present = require(cx, name)?;
    let mut choice = ChoiceSet::clone(&present);
    set_label(&mut choice.display_name, change.display_name.as_ref(), change.merge_labels);
    set_label(&mut choice.description, change.description.as_ref(), change.merge_labels);
    if choice == *present { Ok(()) } else { cx.define(vec![Definition::Choice(choice)]) }
}

/// Removes a global choice.
///
/// # Errors
/// 0x80040217 without the choice, 0x8004F032 for built-in and managed ones, 0x80048417 while columns use it (MD-29).
pub(crate) fn delete(cx: &mut WriteCx<'_>, name: &str, removal: Removal) -> Result<()> {
    let choice = require(cx, name)?;
    require_removable(removal, choice.custom, choice.managed, &format!("The global choice '{}'", choice.name))?;
    let users = cx.snapshot.tables().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    if let Some((table, column)) = users.into_iter().find(|(_, column)| is_of(&column.kind, &choice)) {
        return Err(Error::new(
            ErrorCode::GlobalChoiceInUse,
            format!("The global choice '{}' cannot be deleted: the column '{}' of '{}' uses it.", choice.name, column.name, table.name()),
        ));
    }
    cx.undefine(&[(DefinitionKind::Choice, choice.id)])?;
    components::remove(cx, choice.id)
}

/// The global choice of this name.
///
/// # Errors
/// 0x80040217.
pub(super) fn require(cx: &WriteCx<'_>, name: &str) -> Result<Arc<ChoiceSet>> {
    let found = cx.snapshot.choice(name).cloned();
    found.ok_or_else(|| Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no global choice with the name '{}'.", shown(name))))
}

fn is_of(kind: &ColumnType, choice: &ChoiceSet) -> bool {
    let source = match kind {
        ColumnType::Choice(column) | ColumnType::Choices(column) => &column.choice,
        ColumnType::Boolean(column) => &column.choice,
        _ => return false,
    };
    matches!(source, ChoiceSource::Global(name) if *name == choice.name)
}
