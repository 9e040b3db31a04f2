//! Options of choices (web-api 26.2, 26.5), and global choices.

use driftless_core::Snapshot;
use driftless_core::metadata::{ChoiceSpec, ChoiceUpdate, ColumnSpec};
use driftless_model::literal;
use driftless_model::{ChoiceOption, ChoiceSet, ChoiceSource, Error, ErrorCode, LogicalName, Result, SchemaName, StateColumn, StatusColumn, Uuid};
use driftless_odata::json::Json;
use driftless_odata::url::{KeyPredicate, Segment, parse_path, parse_root};

use super::reader::{Members, wrong};
use crate::error;

/// The set that global choices are in.
const GLOBAL: &str = "GlobalOptionSetDefinitions";

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
    if let Some(reference) = members.text("GlobalOptionSet@odata.bind")? {
        return global(snapshot, reference).map(|name| Some(ChoiceSource::Global(name)));
    }
    let Some(set) = members.object("OptionSet")? else { return Ok(None) };
    if set.flag("IsGlobal")? == Some(true) {
        let name = set.required_text("Name")?.to_ascii_lowercase();
        let choice = snapshot.choice(&name).ok_or_else(|| no_such_choice(&name))?;
        return Ok(Some(ChoiceSource::Global(choice.name.clone())));
    }
    let mut source = local(options(set)?);
    if let ChoiceSource::Local(local) = &mut source {
        local.display_name = set.label("DisplayName")?.unwrap_or_default();
        local.description = set.label("Description")?.unwrap_or_default();
    }
    Ok(Some(source))
}

/// The global choice that a reference names: `/GlobalOptionSetDefinitions(guid)` or `(Name='x')`.
fn global(snapshot: &Snapshot, reference: &str) -> Result<LogicalName> {
    let path = match reference.find("://") {
        Some(at) => reference.get(at + 3..).and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..))).unwrap_or_default(),
        None => reference,
    };
    let path = parse_root(path).map_or(path, |root| root.rest);
    let segments = parse_path(path).map_err(error::of_syntax)?.segments;
    let key = match segments.as_slice() {
        [Segment::Named(segment)] if segment.name == GLOBAL => segment.key.as_ref(),
        _ => None,
    };
    let choice = match key {
        Some(KeyPredicate::Positional(id)) => literal::guid(id.text()).ok().and_then(|id| snapshot.choice_by_id(Uuid::from_bytes(id))),
        Some(KeyPredicate::Named(pairs)) => {
            pairs.iter().find(|(name, _)| name == "Name").and_then(|(_, name)| snapshot.choice(&name.text().to_ascii_lowercase()))
        }
        Some(KeyPredicate::Empty) | None => return Err(wrong("GlobalOptionSet@odata.bind", "the address of a global choice")),
    };
    choice.map(|choice| choice.name.clone()).ok_or_else(|| no_such_choice(reference))
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
pub(in crate::definitions) fn choice(body: &Json<'_>) -> Result<ChoiceSpec> {
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
pub(in crate::definitions) fn choice_update(body: &Json<'_>, merge_labels: bool) -> Result<ChoiceUpdate> {
    let members = Members(body);
    Ok(ChoiceUpdate { display_name: members.label("DisplayName")?, description: members.label("Description")?, merge_labels })
}
