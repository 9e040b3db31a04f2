//! Parameters and results of messages: their types, and values of them. A front reads and writes every message by these alone.

use std::sync::Arc;

use driftless_model::{Error, Label, Result, Uuid};

use crate::metadata::{ColumnSpec, RelationshipSpec, SelectedDefinitions, TableSpec};
use crate::request::{Record, Target};

/// The name under which the row that a message is bound to stands among the arguments.
pub const BOUND_ROW: &str = "entity";

/// The parameter that names the unmanaged solution which new components join. Fronts that name it elsewhere give it under this name (web-api 3).
pub const SOLUTION: &str = "SolutionUniqueName";

/// A parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Name on the wire.
    pub name: &'static str,
    /// Its type.
    pub kind: ParamType,
    /// A parameter that must be given; a result that is always there.
    pub required: bool,
}

/// A parameter that must be given, or a result.
pub(crate) const fn req(name: &'static str, kind: ParamType) -> Param {
    Param { name, kind, required: true }
}

/// A parameter that may be left out.
pub(crate) const fn opt(name: &'static str, kind: ParamType) -> Param {
    Param { name, kind, required: false }
}

/// Type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// Text.
    Text,
    /// Yes or no.
    Bool,
    /// Whole number.
    Int,
    /// 64-bit whole number.
    BigInt,
    /// Point in time, without fractions of seconds.
    DateTime,
    /// Unique identifier.
    Guid,
    /// Bytes; base64 on the wire.
    Bytes,
    /// Words for people in several languages.
    Label,
    /// A member of an enumeration; members joined by commas where they may be combined.
    Enum(&'static EnumType),
    /// A row, by its address.
    Row,
    /// A definition, of the type with this name or one derived from it: a definition to make as a parameter, what a query of definitions selects as a result.
    Definition(&'static str),
    /// A row with values of its columns. A message with this as its only result answers the row itself.
    Record,
    /// An object with members of its own.
    Complex(&'static ComplexType),
    /// Several values of one type.
    List(&'static ParamType),
    /// Scheme and authority by which the client reached the service, without a slash at the end. The front gives it; no parameter of the wire is of this type.
    Origin,
    /// A text, a number, yes or no, or a list of these: as a list of texts.
    Scalars,
    /// A value of any type, with the name of that type beside it: an object of `Type` and `Value` over the Web API. The argument is the value alone, which is a text
    /// if it is of a type that no other argument has.
    Object,
    /// Anything: taken and not looked at.
    Any,
}

/// An enumeration.
#[derive(Debug, PartialEq, Eq)]
pub struct EnumType {
    /// Name on the wire, without namespace.
    pub name: &'static str,
    /// Members can be combined.
    pub is_flags: bool,
    /// Members with their published numbers.
    pub members: &'static [(&'static str, i64)],
}

impl EnumType {
    /// An enumeration of which one member is chosen.
    pub const fn choice(name: &'static str, members: &'static [(&'static str, i64)]) -> Self {
        Self { name, is_flags: false, members }
    }

    /// An enumeration whose members can be combined.
    pub const fn flags(name: &'static str, members: &'static [(&'static str, i64)]) -> Self {
        Self { name, is_flags: true, members }
    }

    /// The number that a text stands for: a member's name, a member's number, or several joined by commas. Letters' case does not count.
    pub fn parse(&self, text: &str) -> Option<i64> {
        let one = |word: &str| {
            let named = self.members.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, number)| *number);
            named.or_else(|| word.parse().ok().filter(|number| self.holds(*number)))
        };
        match text.contains(',') {
            false => one(text.trim()),
            true if self.is_flags => text.split(',').map(|word| one(word.trim())).try_fold(0, |all, number| number.map(|number| all | number)),
            true => None,
        }
    }

    /// The name of a number: that of its member, else of the members that it is combined of.
    pub fn print(&self, number: i64) -> String {
        if let Some((name, _)) = self.members.iter().find(|(_, own)| *own == number) {
            return (*name).to_owned();
        }
        let parts: Vec<_> = self.members.iter().filter(|(_, own)| *own != 0 && self.is_flags && number & own == *own).map(|(name, _)| *name).collect();
        if parts.is_empty() { number.to_string() } else { parts.join(", ") }
    }

    /// True if the number is a member's, or combined of members.
    fn holds(&self, number: i64) -> bool {
        let all = self.members.iter().fold(0, |all, (_, own)| all | own);
        self.members.iter().any(|(_, own)| *own == number) || (self.is_flags && number & !all == 0)
    }
}

/// An object type.
pub struct ComplexType {
    /// Name on the wire, without namespace.
    pub name: &'static str,
    /// Its members. Others that a caller gives are not looked at.
    pub members: &'static [Param],
}

impl PartialEq for ComplexType {
    /// Types may have members of their own type: the name decides.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ComplexType {}

impl std::fmt::Debug for ComplexType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A value of a parameter or result.
#[derive(Clone, Debug)]
pub enum Arg {
    /// Text.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// Whole number.
    Int(i32),
    /// 64-bit whole number, or the number of an enumeration's members.
    BigInt(i64),
    /// Point in time, in seconds since 1970-01-01 UTC.
    DateTime(i64),
    /// Unique identifier.
    Guid(Uuid),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Words for people.
    Label(Label),
    /// A row.
    Row(Target),
    /// A row with values.
    Record(Box<Record>),
    /// A table to make.
    Table(Box<TableSpec>),
    /// A lookup to make.
    Column(Box<ColumnSpec>),
    /// A one-to-many relationship to make; its lookup is another argument.
    Relationship(Box<RelationshipSpec>),
    /// What a query selects of definitions.
    Definitions(Arc<SelectedDefinitions>),
    /// Values by name: those of the members of a [`ComplexType`] that were given.
    Complex(Vec<(&'static str, Arg)>),
    /// Values in order.
    List(Vec<Arg>),
    /// Nothing, where a member that may be empty is.
    Null,
    /// A solution package that `prepare` read from bytes.
    Package(Arc<driftless_solution_file::Package>),
}

impl Arg {
    /// The value of a member.
    pub fn member(&self, name: &str) -> Option<&Arg> {
        match self {
            Self::Complex(members) => members.iter().find(|(own, _)| *own == name).map(|(_, arg)| arg),
            _ => None,
        }
    }
}

/// Parameters by name.
#[derive(Clone, Debug, Default)]
pub struct Args(pub Vec<(&'static str, Arg)>);

impl Args {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Arg> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, arg)| arg)
    }

    /// A text parameter.
    ///
    /// # Errors
    /// 0x80040203 when it is missing.
    pub fn text(&self, name: &str) -> Result<&str> {
        self.text_if(name).ok_or_else(|| missing(name))
    }

    /// A text parameter, if given.
    pub fn text_if(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Arg::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A unique identifier, if given.
    pub fn guid(&self, name: &str) -> Option<Uuid> {
        match self.get(name) {
            Some(Arg::Guid(id)) => Some(*id),
            _ => None,
        }
    }

    /// A yes/no parameter; no if it is missing.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Arg::Bool(true)))
    }

    /// A whole number, if given.
    pub fn int(&self, name: &str) -> Option<i32> {
        match self.get(name) {
            Some(Arg::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// A point in time in seconds since 1970-01-01 UTC, if given.
    pub fn moment(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Arg::DateTime(seconds)) => Some(*seconds),
            _ => None,
        }
    }

    /// The number of an enumeration's members, if given.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Arg::BigInt(number)) => Some(*number),
            _ => None,
        }
    }

    /// A label, if given.
    pub fn label(&self, name: &str) -> Option<&Label> {
        match self.get(name) {
            Some(Arg::Label(label)) => Some(label),
            _ => None,
        }
    }

    /// A row.
    ///
    /// # Errors
    /// 0x80040203 when it is missing.
    pub fn row(&self, name: &str) -> Result<&Target> {
        match self.get(name) {
            Some(Arg::Row(target)) => Ok(target),
            _ => Err(missing(name)),
        }
    }

    /// A row with values.
    ///
    /// # Errors
    /// 0x80040203 when it is missing.
    pub fn record(&self, name: &str) -> Result<&Record> {
        match self.get(name) {
            Some(Arg::Record(record)) => Ok(record),
            _ => Err(missing(name)),
        }
    }

    /// The items of a list; none if it is missing.
    pub fn list(&self, name: &str) -> &[Arg] {
        match self.get(name) {
            Some(Arg::List(items)) => items,
            _ => &[],
        }
    }
}

/// The error for a parameter that must be given.
pub(crate) fn missing(name: &str) -> Error {
    Error::argument(format!("The parameter '{name}' must be given."))
}

/// Results by name.
#[derive(Clone, Debug, Default)]
pub struct Outputs(pub Vec<(&'static str, Arg)>);

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHTS: EnumType = EnumType::flags("Rights", &[("None", 0), ("Read", 1), ("Write", 2), ("Both", 3), ("Delete", 4)]);
    const KIND: EnumType = EnumType::choice("Kind", &[("Default", 0), ("Internet", 1)]);

    #[test] // web-api 28
    fn members_of_enumerations_have_names_and_numbers() {
        for (text, number) in [("Read", Some(1)), ("read, Delete", Some(5)), ("5", Some(5)), ("8", None), ("", None), ("Read,", None)] {
            assert_eq!(RIGHTS.parse(text), number, "{text}");
        }
        for (text, number) in [("Default", Some(0)), ("1", Some(1)), ("2", None), ("Default,Internet", None)] {
            assert_eq!(KIND.parse(text), number, "{text}");
        }
        assert_eq!([0, 1, 3, 5].map(|number| RIGHTS.print(number)), ["None", "Read", "Both", "Read, Delete"]);
        assert_eq!(KIND.print(7), "7");
    }
}
