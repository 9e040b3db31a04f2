//! Options of choices (web-api 26.2, 26.5), and global choices.

use driftless_core::Snapshot;
use driftless_core::metadata::{ChoiceSpec, ChoiceUpdate, ColumnSpec};
use driftless_model::{ChoiceOption, ChoiceSet, ChoiceSource, Error, ErrorCode, LogicalName, Result, SchemaName, StateColumn, StatusColumn, Uuid};

use super::super::node::Node;
use super::reader::{Members, wrong};

/// The member that refers to a global choice.
const GLOBAL: &str = "GlobalOptionSet";

/// A local set with these options. Identity and name are given by the service.
fn local(options: Vec<ChoiceOption>) -> ChoiceSource {
    ChoiceSource::Local(ChoiceSet {
        id: Uuid::nil(),
        name: LogicalName::from(""),
        schema_name: SchemaName::from(""),
        display_name: Default::default(),
        description: Default::default(),
        options,
        global: false,
        custom: true,
        managed: false,
        customizable: true,
        introduced_version: String::new(),
    })
}

/// The words of a yes/no column that says none.
pub(super) fn yes_no() -> ChoiceSource {
    local(vec![ChoiceOption::new(1, "Yes"), ChoiceOption::new(0, "No")])
}

/// The options of a new column: local, or a global choice.
///
/// # Errors
/// 0x80048d19 for members of the wrong type, 0x80040217 for a global choice that does not exist.
pub(super) fn source(snapshot: &Snapshot, members: Members<'_>) -> Result<ChoiceSource> {
    Ok(given(snapshot, members)?.unwrap_or_else(|| local(Vec::new())))
}

/// The options of a present column, as a body changes them. A global choice is changed by itself, not through a column.
///
/// # Errors
/// As [`source`].
pub(super) fn changed(snapshot: &Snapshot, members: Members<'_>, present: &ChoiceSource) -> Result<Option<ChoiceSource>> {
    if let ChoiceSource::Global(_) = present {
        return Ok(None);
    }
    given(snapshot, members)
}

fn given(snapshot: &Snapshot, members: Members<'_>) -> Result<Option<ChoiceSource>> {
    if let Some(reference) = members.object(GLOBAL)? {
        return global(snapshot, reference).map(Some);
    }
    let Some(set) = members.object("OptionSet")? else { return Ok(None) };
    if set.flag("IsGlobal")? == Some(true) {
        return named(snapshot, set.required_text("Name")?).map(Some);
    }
    let mut source = local(options(set)?);
    if let ChoiceSource::Local(local) = &mut source {
        local.display_name = set.label("DisplayName")?.unwrap_or_default();
        local.description = set.label("Description")?.unwrap_or_default();
    }
    Ok(Some(source))
}

/// The global choice that a reference names, by its `MetadataId` or its `Name`.
fn global(snapshot: &Snapshot, reference: Members<'_>) -> Result<ChoiceSource> {
    match reference.get("MetadataId") {
        Some(Node::Guid(id)) => {
            snapshot.choice_by_id(*id).map(|choice| ChoiceSource::Global(choice.name.clone())).ok_or_else(|| no_such_choice(&id.to_string()))
        }
        _ => named(snapshot, reference.required_text("Name")?),
    }
}

fn named(snapshot: &Snapshot, name: &str) -> Result<ChoiceSource> {
    let choice = snapshot.choice(&name.to_ascii_lowercase()).ok_or_else(|| no_such_choice(name))?;
    Ok(ChoiceSource::Global(choice.name.clone()))
}

fn no_such_choice(name: &str) -> Error {
    let name: String = name.chars().take(128).collect();
    Error::new(ErrorCode::ObjectDoesNotExist, format!("Could not find the global choice '{name}'."))
}

fn options(set: Members<'_>) -> Result<Vec<ChoiceOption>> {
    set.array("Options")?.unwrap_or_default().iter().map(|item| option(Members(item))).collect()
}

/// An option; one without a value is numbered by the service.
fn option(members: Members<'_>) -> Result<ChoiceOption> {
    let text = |name: &str| members.text(name).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
    Ok(ChoiceOption {
        value: members.number("Value")?.unwrap_or(ColumnSpec::NEW_OPTION),
        label: members.label("Label")?.unwrap_or_default(),
        description: members.label("Description")?.unwrap_or_default(),
        color: text("Color")?,
        external_value: text("ExternalValue")?,
    })
}

/// The words of a yes/no column, when a body gives them.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub(super) fn boolean(members: Members<'_>) -> Result<Option<ChoiceSource>> {
    let Some(set) = members.object("OptionSet")? else { return Ok(None) };
    let one = |name: &str, value: i32, word: &str| -> Result<ChoiceOption> {
        let Some(given) = set.object(name)? else { return Ok(ChoiceOption::new(value, word)) };
        Ok(ChoiceOption { value, ..option(given)? })
    };
    Ok(Some(local(vec![one("TrueOption", 1, "Yes")?, one("FalseOption", 0, "No")?])))
}

/// States as a body changes them: labels and default statuses, by value.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub(super) fn change_states(members: Members<'_>, state: &mut StateColumn) -> Result<()> {
    let Some(set) = members.object("OptionSet")? else { return Ok(()) };
    for item in set.array("Options")?.unwrap_or_default() {
        let item = Members(item);
        let given = option(item)?;
        if let Some(own) = state.states.iter_mut().find(|own| own.option.value == given.value) {
            own.option = given;
            own.default_status = item.number("DefaultStatus")?.unwrap_or(own.default_status);
        }
    }
    Ok(())
}

/// Statuses as a body gives them: the whole list.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub(super) fn change_statuses(members: Members<'_>, status: &mut StatusColumn) -> Result<()> {
    let Some(set) = members.object("OptionSet")? else { return Ok(()) };
    let mut statuses = Vec::new();
    for item in set.array("Options")?.unwrap_or_default() {
        let item = Members(item);
        let given = option(item)?;
        let present = status.statuses.iter().find(|own| own.option.value == given.value);
        let state = item.number("State")?.or(present.map(|own| own.state)).ok_or_else(|| wrong("State", "the state of the status, which must be given"))?;
        statuses.push(driftless_model::StatusOption { option: given, state, transitions: present.map(|own| own.transitions.clone()).unwrap_or_default() });
    }
    if !statuses.is_empty() {
        status.statuses = statuses;
    }
    Ok(())
}

/// The global choice that a body asks for.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub fn choice(body: &Node<'_>) -> Result<ChoiceSpec> {
    let members = Members(body);
    Ok(ChoiceSpec {
        id: None,
        name: members.required_text("Name")?.to_owned(),
        display_name: members.label("DisplayName")?.unwrap_or_default(),
        description: members.label("Description")?.unwrap_or_default(),
        options: options(members)?,
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
    })
}

/// The change of a global choice's own properties; its options have messages of their own.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub fn choice_update(body: &Node<'_>, merge_labels: bool) -> Result<ChoiceUpdate> {
    let members = Members(body);
    Ok(ChoiceUpdate { display_name: members.label("DisplayName")?, description: members.label("Description")?, merge_labels })
}
