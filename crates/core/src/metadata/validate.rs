//! What the checks of all definitions share: who makes them, which prefixes their names may have, and who may change or remove them.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{ChoiceOption, Column, Error, ErrorCode, Label, Relationship, Result, Shape, Table, TableDef, Uuid, Value, check_name, physical_name};
use driftless_query::ResolvedCondition;
use driftless_store::DefinitionKind;
use serde::{Deserialize, Serialize};

use super::{ColumnSpec, Definition, Origin};
use crate::context::WriteCx;
use crate::records::system;
use crate::solutions::publishers::is_prefix;

/// Most stored columns of one table inside the store, deleted ones included (ADR 0002: SQLite allows 2,000, PostgreSQL 1,600).
const PHYSICAL_COLUMNS_MAX: usize = 1_500;
/// Factor between a publisher's option prefix and its first option value (MD-27).
const OPTION_FACTOR: i32 = 10_000;
/// The option prefix where no publisher has the prefix of a name.
const OPTION_PREFIX_DEFAULT: i32 = 10_000;
/// Version of components that a customizer makes outside of a solution.
const VERSION_DEFAULT: &str = "1.0.0.0";

/// Types of components, as `solutioncomponent.componenttype` has them.
pub(crate) mod component_type {
    pub(crate) const TABLE: i32 = 1;
    pub(crate) const COLUMN: i32 = 2;
    pub(crate) const CHOICE: i32 = 9;
    pub(crate) const RELATIONSHIP: i32 = 10;
    pub(crate) const KEY: i32 = 14;
}

/// On whose behalf a component is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// A customizer's: built-in and managed components stay (0x8004F032).
    ByCustomizer,
    /// The solution that brought the component is removed or upgraded: managed components go too. What other solutions need was checked before.
    WithSolution,
}

/// What the origin of a definition means for its names and flags.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    /// Prefixes that names may have, in lower case, with the option prefix of their publisher.
    publishers: Vec<(String, i32)>,
    /// A name may also have a prefix that no publisher has (ADR 0023).
    any_prefix: bool,
    /// The definition came with a managed solution.
    pub(crate) managed: bool,
    /// `IntroducedVersion` of the definition.
    pub(crate) version: String,
}

impl Authority {
    /// Reads what `origin` means.
    ///
    /// # Errors
    /// 0x80048037 when the customizer's solution does not exist, 0x8004F024 when it is managed.
    pub(crate) fn of(cx: &WriteCx<'_>, origin: &Origin) -> Result<Self> {
        match origin {
            Origin::Customizer { solution: None } => {
                Ok(Self { publishers: publishers(cx, None)?, any_prefix: true, managed: false, version: VERSION_DEFAULT.to_owned() })
            }
            Origin::Customizer { solution: Some(name) } => {
                let solutions = Arc::clone(cx.snapshot.require("solution")?);
                let filter = ResolvedCondition::equals(solutions.require("uniquename")?, Value::text(name.as_str()));
                let rows = system::rows(cx.tx.as_read(), &solutions, &["publisherid", "version", "ismanaged"], Some(filter))?;
                let row = rows.first().ok_or_else(|| Error::new(ErrorCode::SolutionNotFound, format!("The solution '{}' was not found.", shown(name))))?;
                if matches!(row.value(2), Value::Bool(true)) {
                    return Err(Error::of(ErrorCode::CannotUpdateManagedSolution));
                }
                Ok(Self { publishers: publishers(cx, row.value(0).id())?, any_prefix: false, managed: false, version: row.text(1).to_owned() })
            }
            Origin::Package { managed, version, prefix, .. } => {
                let prefix = prefix.to_ascii_lowercase();
                let known = publishers(cx, None)?.into_iter().find(|(own, _)| *own == prefix);
                Ok(Self { publishers: vec![known.unwrap_or((prefix, OPTION_PREFIX_DEFAULT))], any_prefix: false, managed: *managed, version: version.clone() })
            }
        }
    }

    /// Checks a schema name: its characters (MD-3) and its prefix (MD-2, AK-7).
    ///
    /// # Errors
    /// 0x80044364, 0x80044365, 0x80044367, 0x80044362; 0x80044366 for the prefix.
    pub(crate) fn check_name(&self, name: &str) -> Result<()> {
        check_characters(name)?;
        if self.has_prefix(name) {
            return Ok(());
        }
        let wanted: Vec<_> = self.publishers.iter().take(5).map(|(prefix, _)| format!("'{prefix}_'")).collect();
        let message =
            format!("The name '{name}' must begin with a publisher's prefix, an underscore and at least one more character: {}.", wanted.join(" or "));
        Err(Error::new(ErrorCode::InvalidNamePrefix, message))
    }

    /// Checks the schema name of a relationship: its prefix may also stand behind the name of a table, as tools make it from those of tables and lookup
    /// (`account_new_book_new_AccountId`).
    ///
    /// # Errors
    /// As [`Self::check_name`].
    pub(crate) fn check_relationship_name(&self, name: &str) -> Result<()> {
        let has_own_part = |(at, _): (usize, &str)| name.get(at + 1..).is_some_and(|rest| self.has_prefix(rest));
        if name.match_indices('_').any(has_own_part) { check_characters(name) } else { self.check_name(name) }
    }

    /// True if the name begins with a prefix that is allowed.
    pub(crate) fn has_prefix(&self, name: &str) -> bool {
        self.publisher(name).is_some() || (self.any_prefix && has_well_formed_prefix(name))
    }

    /// The first value for new options of a component of this name (MD-27).
    pub(crate) fn first_option(&self, name: &str) -> i32 {
        let prefix = self.publisher(name).or(self.publishers.first()).map_or(OPTION_PREFIX_DEFAULT, |(_, option)| *option);
        prefix.saturating_mul(OPTION_FACTOR)
    }

    fn publisher(&self, name: &str) -> Option<&(String, i32)> {
        let name = name.to_ascii_lowercase();
        let fits = |prefix: &str| name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).is_some_and(|rest| !rest.is_empty());
        self.publishers.iter().find(|(prefix, _)| !prefix.is_empty() && fits(prefix))
    }
}

/// True if the name begins with what a publisher could have as its prefix, an underscore and more.
fn has_well_formed_prefix(name: &str) -> bool {
    name.split_once('_').is_some_and(|(prefix, rest)| !rest.is_empty() && is_prefix(prefix))
}

/// MD-3, with the name in the message.
fn check_characters(name: &str) -> Result<()> {
    check_name(name).map_err(|error| Error::new(error.code(), format!("The name '{}' is not valid. {}", shown(name), error.code().text())))
}

#[cfg(test)]
impl Authority {
    /// An unmanaged origin with the prefix `new` and the option prefix 10000.
    pub(crate) fn example() -> Self {
        Self { publishers: vec![("new".to_owned(), 10_000)], any_prefix: false, managed: false, version: VERSION_DEFAULT.to_owned() }
    }
}

/// Customization prefix and option prefix of one publisher or of all.
fn publishers(cx: &WriteCx<'_>, only: Option<Uuid>) -> Result<Vec<(String, i32)>> {
    let table = Arc::clone(cx.snapshot.require("publisher")?);
    let filter = only.map(|id| ResolvedCondition::equals(table.id, Value::Guid(id)));
    let rows = system::rows(cx.tx.as_read(), &table, &["customizationprefix", "customizationoptionvalueprefix"], filter)?;
    let option = |value: &Value| match value {
        Value::Int(prefix) => *prefix,
        _ => OPTION_PREFIX_DEFAULT,
    };
    Ok(rows.iter().map(|row| (row.text(0).to_ascii_lowercase(), option(row.value(1)))).collect())
}

/// A name as an error message may show it.
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(128).collect()
}

/// The identity for a new definition: the one asked for, or a new one.
///
/// # Errors
/// 0x80040237 when a definition has the identity already.
pub(crate) fn identity(cx: &WriteCx<'_>, wanted: Option<Uuid>) -> Result<Uuid> {
    match wanted {
        Some(id) if cx.snapshot.version_of(id).is_some() => {
            Err(Error::new(ErrorCode::DuplicateRecord, format!("A definition with the id {id} exists already.")))
        }
        Some(id) => Ok(id),
        None => Ok(cx.new_id()),
    }
}

/// Checks that customizers may change a component (SOL-20).
///
/// # Errors
/// 0x8004F032.
pub(crate) fn require_customizable(customizable: bool, what: &str) -> Result<()> {
    if customizable { Ok(()) } else { Err(Error::new(ErrorCode::CannotDeleteMetadata, format!("{what} cannot be changed: it is not customizable."))) }
}

/// Checks that a component may be removed: it is not built in, and a managed one goes with its solution only.
///
/// # Errors
/// 0x8004F032.
pub(crate) fn require_removable(removal: Removal, custom: bool, managed: bool, what: &str) -> Result<()> {
    if !custom {
        return Err(Error::new(ErrorCode::CannotDeleteMetadata, format!("{what} cannot be deleted: it is built in.")));
    }
    if managed && removal == Removal::ByCustomizer {
        return Err(Error::new(ErrorCode::CannotDeleteMetadata, format!("{what} cannot be deleted: it came with a managed solution.")));
    }
    Ok(())
}

/// The error for a name that exists: for a managed package over an unmanaged component it is 0x8004F016 (SOL-19).
pub(crate) fn name_taken(authority: &Authority, custom: bool, managed: bool, code: ErrorCode, name: &str) -> Error {
    if authority.managed && custom && !managed {
        return Error::new(
            ErrorCode::ManagedOverwritesUnmanaged,
            format!("The managed component '{name}' cannot overwrite the unmanaged one of the same name."),
        );
    }
    Error::of(code)
}

/// Sets a label, or adds its texts to those of other languages (MD-9).
pub(crate) fn set_label(label: &mut Label, given: Option<&Label>, merge: bool) {
    match given {
        Some(given) if merge => label.merge(given),
        Some(given) => label.clone_from(given),
        None => {}
    }
}

/// Gives values to new options and checks that no value stands twice.
///
/// # Errors
/// 0x80044333 for a value that stands twice; 0x80040203 for too many options, or when values run out.
pub(crate) fn number_options<'o>(options: impl Iterator<Item = &'o mut ChoiceOption>, first: i32, most: usize) -> Result<()> {
    let mut options: Vec<_> = options.collect();
    if options.len() > most {
        return Err(Error::argument(format!("A choice may have at most {most} options; {} are given.", options.len())));
    }
    let mut taken = BTreeSet::new();
    for option in options.iter().filter(|option| option.value != ColumnSpec::NEW_OPTION) {
        if !taken.insert(option.value) {
            return Err(Error::new(ErrorCode::OptionAlreadyExists, format!("The option value {} stands twice.", option.value)));
        }
    }
    let mut next = first;
    for option in options.iter_mut().filter(|option| option.value == ColumnSpec::NEW_OPTION) {
        while !taken.insert(next) {
            next = next.checked_add(1).ok_or_else(|| Error::argument("There are no option values left."))?;
        }
        option.value = next;
    }
    Ok(())
}

/// The table's own definition with the time of this change.
pub(crate) fn touched(cx: &WriteCx<'_>, table: &Table) -> Definition {
    Definition::Table(TableDef { modified_on: cx.now_s, ..table.def.clone() })
}

/// What is remembered of a table's deleted columns: their names inside the store and numbers are not used again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detached {
    physical: BTreeSet<String>,
    last_number: u16,
}

impl Detached {
    /// Reads what is remembered of a table.
    pub(crate) fn load(cx: &WriteCx<'_>, table: Uuid) -> Result<Self> {
        match cx.tx.setting(&setting_name(table))?.filter(|text| !text.is_empty()) {
            Some(text) => serde_json::from_str(&text).map_err(|error| Error::damaged("the list of deleted columns cannot be read").because(error)),
            None => Ok(Self::default()),
        }
    }

    /// Remembers columns that are removed.
    pub(crate) fn add(cx: &mut WriteCx<'_>, table: Uuid, columns: &[&Column]) -> Result<()> {
        let mut detached = Self::load(cx, table)?;
        for column in columns {
            detached.physical.extend(physical_names(column));
            detached.last_number = detached.last_number.max(column.number);
        }
        let text = serde_json::to_string(&detached).map_err(|error| Error::damaged("the list of deleted columns cannot be written").because(error))?;
        Ok(cx.tx.set_setting(&setting_name(table), &text)?)
    }

    /// Forgets what was remembered of a table that is removed.
    pub(crate) fn clear(cx: &mut WriteCx<'_>, table: Uuid) -> Result<()> {
        Ok(cx.tx.set_setting(&setting_name(table), "")?)
    }
}

fn setting_name(table: Uuid) -> String {
    format!("detached/{table}")
}

/// The names that a column has inside the store.
fn physical_names(column: &Column) -> Vec<String> {
    match column.shape() {
        Shape::None => Vec::new(),
        Shape::PolyLookup => vec![column.physical.clone(), format!("{}__t", column.physical)],
        _ => vec![column.physical.clone()],
    }
}

/// Gives out numbers and names inside the store to new columns of one table, and keeps its limits.
#[derive(Debug)]
pub(crate) struct Places {
    physical: BTreeSet<String>,
    next_number: u16,
    columns: usize,
    columns_max: usize,
}

impl Places {
    /// The places that are free beside `columns` and what was deleted.
    pub(crate) fn new(columns: &[Column], detached: Detached, columns_max: usize) -> Self {
        let last = columns.iter().map(|column| column.number).max().unwrap_or(0).max(detached.last_number);
        let mut physical = detached.physical;
        physical.extend(columns.iter().flat_map(physical_names));
        Self { physical, next_number: last.saturating_add(1), columns: columns.len(), columns_max }
    }

    /// Gives `column` its number and its name inside the store: the logical name, or that and the number where the name was used before.
    ///
    /// # Errors
    /// 0x80040203 when the table has as many columns as it may have.
    pub(crate) fn give(&mut self, column: &mut Column) -> Result<()> {
        column.number = self.next_number;
        column.physical = physical_name(&column.name);
        if physical_names(column).iter().any(|name| self.physical.contains(name)) {
            column.physical = physical_name(&format!("{}_{}", column.name, column.number));
        }
        let names = physical_names(column);
        if names.iter().any(|name| self.physical.contains(name)) {
            return Err(Error::argument(format!("The column name '{}' cannot be used: it is too similar to another one. Choose another name.", column.name)));
        }
        self.physical.extend(names);
        self.columns += 1;
        self.next_number = self.next_number.checked_add(1).ok_or_else(|| self.full())?;
        if self.columns > self.columns_max || self.physical.len() > PHYSICAL_COLUMNS_MAX {
            return Err(self.full());
        }
        Ok(())
    }

    fn full(&self) -> Error {
        Error::argument(format!(
            "A table may have at most {} columns, and {PHYSICAL_COLUMNS_MAX} with those that were deleted from it. Remove the table or use another one.",
            self.columns_max
        ))
    }
}

/// Kind and identity of relationships, for their removal.
pub(crate) fn identities<'r>(relationships: impl IntoIterator<Item = &'r Arc<Relationship>>) -> Vec<(DefinitionKind, Uuid)> {
    relationships.into_iter().map(|relationship| (DefinitionKind::Relationship, relationship.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // MD-2
    fn names_need_a_prefix() {
        let authority = Authority::example();
        for (name, code) in [
            ("new_Book", None),
            ("NEW_Book", None),
            ("new_", Some(ErrorCode::InvalidNamePrefix)),
            ("newBook", Some(ErrorCode::InvalidNamePrefix)),
            ("old_Book", Some(ErrorCode::InvalidNamePrefix)),
            ("new_Bö", Some(ErrorCode::InvalidNameCharacters)),
        ] {
            assert_eq!(authority.check_name(name).err().map(|error| error.code()), code, "{name}");
        }
    }

    #[test] // MD-2
    fn names_of_relationships_have_it_behind_a_table_too() {
        let authority = Authority::example();
        for (name, code) in [
            ("new_book_shelf", None),
            ("account_new_book_new_AccountId", None),
            ("account_new_", Some(ErrorCode::InvalidNamePrefix)),
            ("account_newbook", Some(ErrorCode::InvalidNamePrefix)),
            ("accountnew_book", Some(ErrorCode::InvalidNamePrefix)),
            ("1_new_book", Some(ErrorCode::InvalidNameStart)),
        ] {
            assert_eq!(authority.check_relationship_name(name).err().map(|error| error.code()), code, "{name}");
        }
    }

    #[test] // MD-27
    fn new_options_are_numbered_from_the_prefix() {
        let mut options: Vec<_> = [ColumnSpec::NEW_OPTION, 100_000_001, ColumnSpec::NEW_OPTION].map(|value| ChoiceOption::new(value, "x")).into();
        number_options(options.iter_mut(), Authority::example().first_option("new_x"), 10).unwrap();
        assert_eq!(options.iter().map(|option| option.value).collect::<Vec<_>>(), [100_000_000, 100_000_001, 100_000_002]);
        options[0].value = 100_000_001;
        assert_eq!(number_options(options.iter_mut(), 0, 10).unwrap_err().code(), ErrorCode::OptionAlreadyExists);
        assert_eq!(number_options(options.iter_mut(), 0, 2).unwrap_err().code(), ErrorCode::InvalidArgument);
    }
}
