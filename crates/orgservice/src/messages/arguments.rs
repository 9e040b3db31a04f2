//! Parameters of the messages that core declares (organization-service 8.1): by the types that their definitions give them.

use std::sync::Arc;

use driftless_contract::definitions::read;
use driftless_core::{Arg, Args, BOUND_ROW, Binding, ComplexType, MessageDef, Param, ParamType, Snapshot, Target};
use driftless_model::{Error, Result, Uuid};

use super::{Exchange, Message, flag};
use crate::definition;
use crate::records::{id_of, row_by_id};
use crate::values::{bytes_of, date_time, excerpt};
use crate::xml::Element;

/// Reads parameters with one snapshot.
pub(super) struct Reader<'a> {
    pub(super) exchange: Exchange<'a>,
    pub(super) snapshot: &'a Arc<Snapshot>,
}

/// The parameter under which the row that a message is bound to over the Web API stands here.
pub(super) fn bound_parameter(def: &MessageDef) -> Option<&'static str> {
    match def.binding {
        Binding::Row("systemuser") => Some("UserId"),
        Binding::Row("team") => Some("TeamId"),
        Binding::Row("role") => Some("RoleId"),
        Binding::Row(_) | Binding::Set(_) | Binding::None => None,
    }
}

impl<'a> Reader<'a> {
    /// The parameters of a message.
    ///
    /// # Errors
    /// 0x80040203 for parameters that are missing or cannot be read.
    pub(super) fn read(&self, def: &'static MessageDef, message: Message<'a>) -> Result<Args> {
        let mut args = Vec::new();
        for param in def.input {
            if param.kind == ParamType::Origin {
                args.push((param.name, Arg::Text(self.exchange.origin.to_owned())));
            } else if let Some(arg) = message.get(param.name).map(|element| self.value(param.name, &param.kind, element)).transpose()?.flatten() {
                args.push((param.name, arg));
            }
        }
        if let Binding::Row(table) = def.binding {
            args.push((BOUND_ROW, Arg::Row(self.bound_row(def, message, table)?)));
        }
        // What .NET leaves out of a value type has its default.
        let is_demanded = |param: &&Param| param.required && !matches!(param.kind, ParamType::Bool | ParamType::Enum(_));
        match def.input.iter().filter(is_demanded).find(|param| !args.iter().any(|(name, _)| *name == param.name)) {
            Some(param) => Err(Error::argument(format!("Required field '{}' is missing.", param.name))),
            None => Ok(Args(args)),
        }
    }

    /// The row that the message is about, as a reference or by its id.
    fn bound_row(&self, def: &MessageDef, message: Message<'a>, table: &str) -> Result<Target> {
        if let Some(principal) = message.get("Principal") {
            return self.exchange.reader(self.snapshot).reference(principal);
        }
        let name = bound_parameter(def).unwrap_or(BOUND_ROW);
        row_by_id(self.snapshot, table, &message.require(name)?.text())
    }

    /// The value of an element. Nil is no value.
    pub(super) fn value(&self, name: &str, kind: &'static ParamType, element: Element<'a>) -> Result<Option<Arg>> {
        if element.is_nil() {
            return Ok(None);
        }
        let wrong = |expected: &str| Error::argument(format!("The value '{}' of '{name}' must be {expected}.", excerpt(&element.text())));
        Ok(Some(match kind {
            ParamType::Text => Arg::Text(element.text().into_owned()),
            ParamType::Bool => Arg::Bool(flag(element, name)?),
            ParamType::Int => Arg::Int(element.text().trim_ascii().parse().map_err(|_| wrong("a whole number of 32 bits"))?),
            ParamType::BigInt => Arg::BigInt(element.text().trim_ascii().parse().map_err(|_| wrong("a whole number of 64 bits"))?),
            ParamType::DateTime => Arg::DateTime(date_time(&element.text()).map_err(|_| wrong("a date and time"))?),
            ParamType::Guid => Arg::Guid(id_of(&element.text())?.unwrap_or(Uuid::nil())),
            ParamType::Bytes => {
                let bytes = bytes_of(&element.text()).ok_or_else(|| Error::argument(format!("The value of '{name}' must be base64.")))?;
                Arg::Bytes(bytes.into())
            }
            ParamType::Enum(own) => {
                let words = element.text().split_ascii_whitespace().collect::<Vec<_>>().join(",");
                Arg::BigInt(own.parse(&words).ok_or_else(|| wrong(&format!("of the enumeration {}", own.name)))?)
            }
            ParamType::Row => Arg::Row(self.exchange.reader(self.snapshot).reference(element)?),
            ParamType::Record => Arg::Record(Box::new(self.exchange.reader(self.snapshot).entity(element)?.record)),
            ParamType::Complex(own) if own.name == "Object" => self.any(name, own, element)?,
            ParamType::Complex(own) => self.object(own, element)?,
            ParamType::List(item) => {
                let item = |child| Ok(self.value(name, item, child)?.unwrap_or(Arg::Null));
                Arg::List(element.children().map(item).collect::<Result<_>>()?)
            }
            ParamType::Object => self.typed(name, element)?,
            ParamType::Scalars => {
                let items: Vec<_> = element.children().map(|item| Arg::Text(item.text().into_owned())).collect();
                Arg::List(if items.is_empty() && !is_array(element) { vec![Arg::Text(element.text().into_owned())] } else { items })
            }
            ParamType::Label => Arg::Label(read::label(&definition::node(element, "Label")?)?),
            ParamType::Definition(declared) => {
                let arg = read::argument(self.snapshot, declared, &definition::node(element, declared)?)?;
                arg.ok_or_else(|| Error::damaged(format!("the parameter {name} has a type that no message takes")))?
            }
            ParamType::Origin | ParamType::Any => return Ok(None),
        }))
    }

    /// A value of the type that its element states; a text without one.
    fn typed(&self, name: &str, element: Element<'a>) -> Result<Arg> {
        let kind = match element.type_name() {
            None | Some((_, "string" | "decimal" | "double" | "float")) => &ParamType::Text,
            Some((_, "boolean")) => &ParamType::Bool,
            Some((_, "int" | "short" | "byte")) => &ParamType::Int,
            Some((_, "long")) => &ParamType::BigInt,
            Some((_, "guid")) => &ParamType::Guid,
            Some((_, "dateTime")) => &ParamType::DateTime,
            Some(_) if is_array(element) => &ParamType::List(&ParamType::Object),
            // Values of choices and lookups, as columns have them.
            Some((_, "OptionSetValue" | "Money")) => return Ok(Arg::Text(element.member_text("Value").unwrap_or_default().trim().to_owned())),
            Some((_, "EntityReference")) => return Ok(Arg::Guid(id_of(&element.member_text("Id").unwrap_or_default())?.unwrap_or(Uuid::nil()))),
            Some((_, other)) => return Err(Error::argument(format!("A value of '{name}' cannot be of the type '{}'.", excerpt(other)))),
        };
        Ok(self.value(name, kind, element)?.unwrap_or(Arg::Null))
    }

    /// A value of any type, which the Web API has in an object beside the name of its type.
    fn any(&self, name: &str, own: &'static ComplexType, element: Element<'a>) -> Result<Arg> {
        let value = own.members.iter().find(|param| param.name == "Value");
        let value = value.map(|param| Ok::<_, Error>((param.name, self.value(name, &param.kind, element)?.unwrap_or(Arg::Null)))).transpose()?;
        Ok(Arg::Complex(value.into_iter().collect()))
    }

    /// An object by the members that its type declares.
    ///
    /// # Errors
    /// 0x80040203 for members that cannot be read.
    pub(super) fn object(&self, own: &'static ComplexType, element: Element<'a>) -> Result<Arg> {
        let mut members = Vec::new();
        for param in own.members {
            if let Some(arg) = element.member(param.name).map(|child| self.value(param.name, &param.kind, child)).transpose()?.flatten() {
                members.push((param.name, arg));
            }
        }
        Ok(Arg::Complex(members))
    }
}

/// True for values that are arrays.
fn is_array(element: Element<'_>) -> bool {
    element.type_name().is_some_and(|(_, name)| name.starts_with("ArrayOf"))
}
