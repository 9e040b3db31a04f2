//! Alternate keys: their definition (AK-1 to AK-9) and the life of their index (AK-10 to AK-18).
//!
//! A key is stored as `Pending` with a job row in the same unit. The runner of jobs calls [`begin_build`] and then [`build`], each in a unit of its own. The
//! build is one unit of the one writer, so no write can come between the check of the rows and the index (AK-16).

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{
    AlternateKey, Column, ColumnType, Error, ErrorCode, KeyIndexStatus, Label, LogicalName, LookupKind, Result, SchemaName, Table, Uuid, Value,
    money_to_decimal,
};
use driftless_store::{DefinitionKind, KeyBuild, SchemaChange};
use serde::{Deserialize, Serialize};

use super::columns::require_extensible;
use super::validate::{Authority, Removal, component_type, identity, require_removable, shown, touched};
use super::{Definition, KeySpec, Origin};
use crate::context::WriteCx;
use crate::jobs::{KEY_INDEX, error_code};
use crate::records::system;
use crate::solutions::components;

/// Bytes of a key's decimal column.
const DECIMAL_BYTES: usize = 13;
/// Longest `asyncoperation.name`.
const JOB_NAME_MAX: usize = 256;
/// Most characters of a value that a job's message shows.
const SHOWN_VALUE_MAX: usize = 100;

/// What the `data` of an index job says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyJob {
    /// `MetadataId` of the table.
    pub(crate) table: Uuid,
    /// `MetadataId` of the key.
    pub(crate) key: Uuid,
}

/// State and status of a job (AK-11).
struct JobState(i32, i32);

const READY: JobState = JobState(0, 0);
const IN_PROGRESS: JobState = JobState(2, 20);
const SUCCEEDED: JobState = JobState(3, 30);
const FAILED: JobState = JobState(3, 31);
const CANCELLED: JobState = JobState(3, 32);

impl JobState {
    fn values(&self) -> [(&'static str, Value); 2] {
        [("statecode", Value::Int(self.0)), ("statuscode", Value::Int(self.1))]
    }
}

/// Makes a key in the status `Pending`, with the job that builds its index.
///
/// # Errors
/// 0x80041102 without the table, 0x80060893 and 0x80060894 for a name or a set of columns that a key has (AK-6), 0x80041103 for an unknown column, 0x80060896 for
/// a secured column (AK-3), 0x8006088F for a column's type, the number of keys and columns, and the size (AK-2, AK-4), the codes of MD-3 for the name.
pub(crate) fn create(cx: &mut WriteCx<'_>, table: &str, spec: &KeySpec, origin: &Origin) -> Result<Uuid> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let authority = Authority::of(cx, origin)?;
    require_extensible(&table, origin)?;
    authority.check_name(&spec.schema_name)?;
    let schema_name = SchemaName::from(spec.schema_name.as_str());
    check_columns(cx, &table, &schema_name, &spec.columns)?;
    let id = identity(cx, spec.id)?;
    let display_name = if spec.display_name.is_empty() { Label::english(schema_name.as_str()) } else { spec.display_name.clone() };
    let mut key = AlternateKey {
        id,
        name: schema_name.to_logical(),
        schema_name,
        display_name,
        columns: spec.columns.clone(),
        status: KeyIndexStatus::Pending,
        job: None,
        // By id: indexes share one space of names with tables in some stores.
        physical: format!("k_{}", id.simple()),
        managed: authority.managed,
        customizable: spec.customizable,
        introduced_version: authority.version,
    };
    key.job = Some(add_job(cx, &table, &key)?);
    let definitions = vec![touched(cx, &table), Definition::Key(table.def.id, key)];
    cx.define(definitions)?;
    components::add(cx, origin, component_type::KEY, id)?;
    Ok(id)
}

/// Removes a key and its index; a job that waits or runs is cancelled (AK-15).
///
/// # Errors
/// 0x80060890 without the key, 0x8004F032 for a managed key.
pub(crate) fn delete(cx: &mut WriteCx<'_>, table: &str, key: &str, removal: Removal) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let key = require_key(&table, key)?;
    require_removable(removal, true, key.managed, &format!("The alternate key '{}' of '{}'", key.name, table.name()))?;
    cancel_job(cx, key)?;
    cx.tx.change_schema(&SchemaChange::DropKey(&table, key))?;
    cx.define(vec![touched(cx, &table)])?;
    cx.undefine(&[(DefinitionKind::Key, key.id)])?;
    components::remove(cx, key.id)
}

/// Starts the index build of a failed key anew, with a new job (AK-13).
///
/// # Errors
/// 0x80041102 without the table, 0x80060890 without the key, 0x80060897 when the key has not failed.
pub(crate) fn reactivate(cx: &mut WriteCx<'_>, table: &str, key: &str) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let key = require_key(&table, key)?;
    if key.status != KeyIndexStatus::Failed {
        return Err(Error::of(ErrorCode::ReactivateEntityKeyOnlyForFailedJobs));
    }
    let job = add_job(cx, &table, key)?;
    cx.define(vec![Definition::Key(table.def.id, AlternateKey { status: KeyIndexStatus::Pending, job: Some(job), ..key.clone() })])
}

/// First step of a job: key and job become "in progress". Gives false, and cancels the job, when the key is gone or has another job by now.
///
/// # Errors
/// When the store fails.
pub(crate) fn begin_build(cx: &mut WriteCx<'_>, table_id: Uuid, key_id: Uuid, job: Uuid) -> Result<bool> {
    let Some((table, key)) = find_for_job(cx, table_id, key_id, job)? else { return Ok(false) };
    if key.status != KeyIndexStatus::InProgress {
        cx.define(vec![Definition::Key(table.def.id, AlternateKey { status: KeyIndexStatus::InProgress, ..key })])?;
    }
    let started = ("startedon", Value::DateTime(cx.now_s));
    update_job(cx, job, &IN_PROGRESS, [started])?;
    Ok(true)
}

/// Second step of a job, in a long unit: builds the index. The key becomes `Active`, or `Failed` if rows collide (AK-12); neither is an error. As
/// [`begin_build`] when the key is gone.
///
/// # Errors
/// When the store fails: then nothing is kept, and the job may run again.
pub(crate) fn build(cx: &mut WriteCx<'_>, table_id: Uuid, key_id: Uuid, job: Uuid) -> Result<()> {
    let Some((table, key)) = find_for_job(cx, table_id, key_id, job)? else { return Ok(()) };
    let built = cx.tx.change_schema(&SchemaChange::BuildKey(&table, &key))?;
    let completed = ("completedon", Value::DateTime(cx.now_s));
    match built {
        KeyBuild::Done => {
            cx.define(vec![Definition::Key(table.def.id, AlternateKey { status: KeyIndexStatus::Active, job: None, ..key })])?;
            update_job(cx, job, &SUCCEEDED, [completed])
        }
        KeyBuild::Collides { example, rows, values } => {
            let message = collision_message(&table, &key, &example, rows, values, cx.caller.language);
            tracing::warn!(table = %table.name(), key = %key.name, values, "an alternate key could not be built: rows collide");
            cx.define(vec![Definition::Key(table.def.id, AlternateKey { status: KeyIndexStatus::Failed, ..key })])?;
            let code = error_code(ErrorCode::DuplicateRecordEntityKey);
            update_job(
                cx,
                job,
                &FAILED,
                [completed, ("errorcode", code), ("message", Value::text(message.as_str())), ("friendlymessage", Value::text(message))],
            )
        }
    }
}

/// Marks the key that a job was to build as failed, after an error ended the job. The key is as after a collision: inert until it is activated again (AK-13).
///
/// # Errors
/// When the store fails.
pub(crate) fn fail_build(cx: &mut WriteCx<'_>, job: Uuid) -> Result<()> {
    let waits = |key: &&AlternateKey| key.job == Some(job) && matches!(key.status, KeyIndexStatus::Pending | KeyIndexStatus::InProgress);
    let found = cx.snapshot.tables().find_map(|table| table.keys.iter().find(waits).map(|key| (table.def.id, key.clone())));
    match found {
        Some((table, key)) => cx.define(vec![Definition::Key(table, AlternateKey { status: KeyIndexStatus::Failed, ..key })]),
        None => Ok(()),
    }
}

/// Cancels a key's job if it has not ended (AK-15).
///
/// # Errors
/// When the store fails.
pub(super) fn cancel_job(cx: &mut WriteCx<'_>, key: &AlternateKey) -> Result<()> {
    let unfinished = matches!(key.status, KeyIndexStatus::Pending | KeyIndexStatus::InProgress);
    match key.job.filter(|_| unfinished) {
        Some(job) => {
            let completed = ("completedon", Value::DateTime(cx.now_s));
            update_job(cx, job, &CANCELLED, [completed])
        }
        None => Ok(()),
    }
}

/// Checks that a key's columns have no more than `most` bytes together (AK-4).
///
/// # Errors
/// 0x8006088F.
pub(super) fn check_size<'c>(columns: impl Iterator<Item = &'c Column>, key: &str, most: usize) -> Result<()> {
    let bytes: usize = columns.filter_map(bytes).sum();
    if bytes <= most {
        return Ok(());
    }
    Err(refused(format!("The alternate key '{key}' has {bytes} bytes by the declared lengths of its columns; a key may have at most {most}.")))
}

fn require_key<'t>(table: &'t Table, key: &str) -> Result<&'t AlternateKey> {
    table
        .key(key)
        .ok_or_else(|| Error::new(ErrorCode::EntityKeyNotDefined, format!("The table '{}' has no alternate key with the name '{}'.", table.name(), shown(key))))
}

fn refused(message: String) -> Error {
    Error::new(ErrorCode::InvalidEntityKeyOperation, message)
}

fn check_columns(cx: &WriteCx<'_>, table: &Table, schema_name: &SchemaName, names: &[LogicalName]) -> Result<()> {
    let limits = &cx.services.limits;
    if table.key(&schema_name.to_logical()).is_some() {
        return Err(Error::new(
            ErrorCode::EntityKeyNameExists,
            format!("An entity key with the name {schema_name} already exists on entity {}.", table.name()),
        ));
    }
    if table.keys.len() >= limits.keys_per_table_max {
        return Err(refused(format!("The table '{}' has {} alternate keys already; it may have no more.", table.name(), table.keys.len())));
    }
    if names.is_empty() || names.len() > limits.key_columns_max {
        return Err(refused(format!("An alternate key has between 1 and {} columns; '{schema_name}' has {}.", limits.key_columns_max, names.len())));
    }
    let set: BTreeSet<_> = names.iter().collect();
    if set.len() != names.len() {
        return Err(refused(format!("A column stands twice in the alternate key '{schema_name}'.")));
    }
    if table.keys.iter().any(|key| key.columns.iter().collect::<BTreeSet<_>>() == set) {
        return Err(Error::of(ErrorCode::EntityKeyWithSelectedAttributesExists));
    }
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let column = table.column(table.require(name)?);
        if bytes(column).is_none() {
            return Err(refused(format!(
                "The column '{name}' cannot be part of an alternate key: decimals, whole numbers, single lines of text, dates, lookups of one table and choices can."
            )));
        }
        if column.secured {
            return Err(Error::new(
                ErrorCode::CannotSecureEntityKeyAttribute,
                format!("The column '{name}' is secured and cannot be part of an alternate key."),
            ));
        }
        columns.push(column);
    }
    check_size(columns.into_iter(), schema_name, limits.key_bytes_max)
}

/// The declared bytes of a key's column (AK-4); none for types that cannot be in a key (AK-2).
fn bytes(column: &Column) -> Option<usize> {
    match &column.kind {
        ColumnType::Text(text) => Some(2 * text.max_length as usize),
        ColumnType::Integer(_) | ColumnType::Choice(_) => Some(4),
        ColumnType::DateTime(_) => Some(8),
        ColumnType::Decimal(_) => Some(DECIMAL_BYTES),
        ColumnType::Lookup(lookup) if lookup.kind == LookupKind::Plain && !lookup.is_polymorphic() => Some(16),
        ColumnType::Lookup(_)
        | ColumnType::Memo(_)
        | ColumnType::BigInt
        | ColumnType::Float(_)
        | ColumnType::Money(_)
        | ColumnType::Boolean(_)
        | ColumnType::Choices(_)
        | ColumnType::State(_)
        | ColumnType::Status(_)
        | ColumnType::UniqueId { .. }
        | ColumnType::File(_)
        | ColumnType::Image(_)
        | ColumnType::EntityName
        | ColumnType::ManagedProperty
        | ColumnType::Virtual => None,
    }
}

/// Adds the row of a job that builds a key's index (AK-11), and wakes the runner after commit.
fn add_job(cx: &mut WriteCx<'_>, table: &Table, key: &AlternateKey) -> Result<Uuid> {
    let display = key.display_name.text(cx.caller.language).unwrap_or(&key.schema_name);
    let name: String = format!("Create index for {display} for table {}", table.name()).chars().take(JOB_NAME_MAX).collect();
    let data = serde_json::to_string(&KeyJob { table: table.def.id, key: key.id }).map_err(|error| Error::damaged("a job cannot be written").because(error))?;
    let [state, status] = READY.values();
    let values = [
        ("name", Value::text(name)),
        ("operationtype", Value::Int(KEY_INDEX)),
        ("primaryentitytype", Value::text(table.name().as_str())),
        ("data", Value::text(data)),
        ("correlationid", Value::Guid(cx.new_id())),
        ("correlationupdatedtime", Value::DateTime(cx.now_s)),
        ("depth", Value::Int(1)),
        state,
        status,
    ];
    cx.effects.jobs = true;
    system::insert(cx, "asyncoperation", None, &values)
}

/// Writes state and further columns of a job. A job whose row is gone needs none.
fn update_job<const N: usize>(cx: &mut WriteCx<'_>, job: Uuid, state: &JobState, further: [(&'static str, Value); N]) -> Result<()> {
    let values: Vec<_> = state.values().into_iter().chain(further).collect();
    system::update(cx, "asyncoperation", job, &values)?;
    Ok(())
}

/// The key that a job is to build; without one, or if the key has another job by now, the job is cancelled.
fn find_for_job(cx: &mut WriteCx<'_>, table_id: Uuid, key_id: Uuid, job: Uuid) -> Result<Option<(Arc<Table>, AlternateKey)>> {
    let found = cx.snapshot.by_id(table_id).and_then(|table| {
        let key = table.keys.iter().find(|key| key.id == key_id && key.job == Some(job))?;
        let unfinished = matches!(key.status, KeyIndexStatus::Pending | KeyIndexStatus::InProgress);
        unfinished.then(|| (Arc::clone(table), key.clone()))
    });
    if found.is_none() {
        let completed = ("completedon", Value::DateTime(cx.now_s));
        update_job(cx, job, &CANCELLED, [completed])?;
    }
    Ok(found)
}

/// What a failed job says (AK-12).
fn collision_message(table: &Table, key: &AlternateKey, example: &[Value], rows: u64, values: u64, language: u16) -> String {
    let display = key.display_name.text(language).unwrap_or(&key.schema_name);
    let pairs: Vec<_> = key.columns.iter().zip(example).map(|(column, value)| format!("{column} = {}", shown_value(value))).collect();
    let others = match values {
        0 | 1 => String::new(),
        2 => " One further combination of values occurs more than once.".to_owned(),
        many => format!(" {} further combinations of values occur more than once.", many - 1),
    };
    format!(
        "The alternate key '{display}' ({}) of '{}' cannot become active: {rows} records have {}.{others} Change or delete the duplicates, then reactivate the key.",
        key.name,
        table.name(),
        pairs.join(", "),
    )
}

fn shown_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::BigInt(value) => value.to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Money(units) => money_to_decimal(*units).normalize().to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => format!("'{}'", text.chars().take(SHOWN_VALUE_MAX).collect::<String>()),
        Value::Guid(id) => id.to_string(),
        Value::Ref(reference) => reference.id.to_string(),
        Value::DateTime(seconds) => jiff::Timestamp::from_second(*seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string()),
        Value::Date(days) => {
            jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(*days)).map_or_else(|_| days.to_string(), |date| date.to_string())
        }
        Value::Choices(chosen) => Value::choices_text(chosen),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use driftless_model::{ChoiceColumn, ChoiceSource, Decimal, DecimalColumn, LookupColumn, RequiredLevel, TextColumn, TextFormat, Validity};

    use super::*;

    fn column(name: &str, kind: ColumnType) -> Column {
        Column {
            id: Uuid::nil(),
            name: name.into(),
            schema_name: name.into(),
            kind,
            required: RequiredLevel::None,
            valid: Validity::ALL,
            display_name: Label::default(),
            description: Label::default(),
            physical: name.to_owned(),
            number: 1,
            attribute_of: None,
            custom: true,
            managed: false,
            customizable: true,
            secured: false,
            introduced_version: String::new(),
        }
    }

    fn text(max_length: u32) -> Column {
        column("new_text", ColumnType::Text(TextColumn { max_length, format: TextFormat::Text }))
    }

    #[test] // AK-4
    fn sizes_follow_the_declared_maxima() {
        for (columns, fits) in [
            (vec![text(450)], true),
            (vec![text(451)], false),
            (vec![text(442), column("new_l", ColumnType::Lookup(LookupColumn::of("account")))], true),
            (vec![text(443), column("new_l", ColumnType::Lookup(LookupColumn::of("account")))], false),
            (vec![column("new_d", ColumnType::Decimal(DecimalColumn { min: Decimal::ZERO, max: Decimal::ONE, precision: 2 }))], true),
        ] {
            assert_eq!(check_size(columns.iter(), "new_key", 900).is_ok(), fits, "{columns:?}");
        }
    }

    #[test] // AK-2
    fn some_types_cannot_be_in_a_key() {
        let choice = || ChoiceColumn { choice: ChoiceSource::Global("new_c".into()), default: None };
        for (kind, expected) in [
            (ColumnType::Choice(choice()), Some(4)),
            (ColumnType::Choices(choice()), None),
            (ColumnType::Memo(TextColumn { max_length: 10, format: TextFormat::Text }), None),
            (ColumnType::BigInt, None),
            (ColumnType::UniqueId { primary: false }, None),
            (ColumnType::Lookup(LookupColumn { kind: LookupKind::Customer, targets: vec!["account".into()], polymorphic: true }), None),
        ] {
            assert_eq!(bytes(&column("new_x", kind.clone())), expected, "{kind:?}");
        }
    }

    #[test]
    fn values_are_shown_for_people() {
        for (value, expected) in
            [(Value::DateTime(0), "1970-01-01T00:00:00Z"), (Value::Date(1), "1970-01-02"), (Value::Text("A".to_owned()), "'A'"), (Value::Money(12_500), "1.25")]
        {
            assert_eq!(shown_value(&value), expected);
        }
    }
}
