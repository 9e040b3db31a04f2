//! Messages that are not operations on records or definitions. One file each; the fronts derive their wire forms from the definitions listed here, and so does
//! the compatibility page.

pub(crate) mod filters;

mod import_solution;
mod publish;
mod reactivate_entity_key;
mod retrieve_version;
mod uninstall_solution;
mod who_am_i;

use std::sync::Arc;

use driftless_model::{Error, Limits, Result, Scopes, Uuid};
use driftless_store::Length;

use crate::context::{ReadCx, WriteCx};

/// Every message.
pub const MESSAGES: &[MessageDef] = &[
    import_solution::DEF,
    import_solution::ASYNC,
    publish::PUBLISH_ALL_XML,
    publish::PUBLISH_XML,
    reactivate_entity_key::DEF,
    retrieve_version::DEF,
    uninstall_solution::DEF,
    who_am_i::DEF,
];

/// A message: its name, parameters, results and code.
pub struct MessageDef {
    /// Name on the wire.
    pub name: &'static str,
    /// Function (GET) or action (POST).
    pub kind: MessageKind,
    /// What it is bound to.
    pub binding: Binding,
    /// What a token must have been made for to call it (AUTH-25).
    pub scope: Scopes,
    /// Parameters.
    pub input: &'static [Param],
    /// Results.
    pub output: &'static [Param],
    /// How its unit may be scheduled.
    pub length: Length,
    /// Work that needs no transaction, such as reading a package; done once, before the unit.
    pub(crate) prepare: Option<fn(&mut Args, &Limits) -> Result<()>>,
    /// What it does.
    pub(crate) run: Run,
    /// What a failure leaves behind, in a unit of its own.
    pub(crate) on_failure: Option<OnFailure>,
}

/// Records a failure, from the message's parameters and the error.
pub(crate) type OnFailure = fn(&mut WriteCx<'_>, &Args, &Error) -> Result<()>;

impl std::fmt::Debug for MessageDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A message either reads or writes.
pub(crate) enum Run {
    Read(fn(&ReadCx<'_>, &Args) -> Result<Outputs>),
    Write(fn(&mut WriteCx<'_>, &Args) -> Result<Outputs>),
}

/// How a message is called over the Web API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// By GET, without side effects.
    Function,
    /// By POST.
    Action,
}

/// What a message is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing.
    None,
}

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
    /// Unique identifier.
    Guid,
    /// Bytes; base64 on the wire.
    Bytes,
    /// Anything: taken and not looked at.
    Any,
    /// A value with named members.
    Complex(&'static ComplexType),
    /// A list of values of one type.
    List(&'static ParamType),
}

/// The type of a value with named members.
#[derive(Debug, PartialEq, Eq)]
pub struct ComplexType {
    /// Name on the wire, unique among all messages.
    pub name: &'static str,
    /// The members. Others that a caller gives are not looked at.
    pub members: &'static [Param],
}

/// A parameter's value.
#[derive(Clone, Debug)]
pub enum Arg {
    /// Text.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// Whole number.
    Int(i32),
    /// Unique identifier.
    Guid(Uuid),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Values by name: those of the members of a [`ComplexType`] that were given.
    Complex(Vec<(&'static str, Arg)>),
    /// Values in order.
    List(Vec<Arg>),
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
        match self.get(name) {
            Some(Arg::Text(text)) => Ok(text),
            _ => Err(missing(name)),
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
}

pub(crate) fn missing(name: &str) -> Error {
    Error::argument(format!("The parameter '{name}' must be given."))
}

/// Results by name.
#[derive(Clone, Debug, Default)]
pub struct Outputs(pub Vec<(&'static str, Arg)>);
