//! Parameters of functions and actions: from the parentheses and aliases of an address, and from a body (web-api 28).

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_contract::definitions::read;
use driftless_core::{Arg, Args, ComplexType, Identity, MessageDef, Param, ParamType, Record, SOLUTION, Snapshot, Target};
use driftless_model::literal;
use driftless_model::{Error, Result, Table, Uuid};
use driftless_odata::json::{Json, JsonLimits, read_argument};
use driftless_odata::url::{KeyLiteral, NamedSegment, parse_argument};

use super::results::described;
use super::{NAMESPACE, bad};
use crate::call::Call;
use crate::definitions::json;
use crate::error;
use crate::lower::{self, RecordReader};
use crate::write::Earlier;

/// Reads the parameters of one call with one snapshot.
pub(super) struct Reader<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) def: &'static MessageDef,
    pub(super) snapshot: &'a Arc<Snapshot>,
    pub(super) earlier: &'a Earlier<'a>,
}

impl Reader<'_> {
    /// The parameters in the parentheses of a segment. One whose alias stands for nothing is not given.
    ///
    /// # Errors
    /// 0x80060888 for parameters that the message does not have, lacks or cannot read.
    pub(super) fn of_address(&self, segment: &NamedSegment<'_>) -> Result<Args> {
        let Some(pairs) = segment.arguments() else {
            return Err(bad(self.def, "parameters need their names"));
        };
        let mut args = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let param = self.param(name)?;
            let aliased = match value {
                KeyLiteral::Alias(alias) => match self.call.options.aliases.get(alias.as_ref()) {
                    Some(text) => Some(parse_argument(text).map_err(error::of_syntax)?),
                    None => continue,
                },
                _ => None,
            };
            args.extend(self.literal(param, aliased.as_ref().unwrap_or(value))?.map(|arg| (param.name, arg)));
        }
        self.complete(args)
    }

    /// The parameters in a body.
    ///
    /// # Errors
    /// 0x80048d19 when the body is no object; 0x80060888 as [`Reader::of_address`].
    pub(super) fn of_body(&self, body: &Json<'_>) -> Result<Args> {
        let Some(members) = body.as_object() else {
            return Err(error::payload(self.def.name, "The body must be a JSON object."));
        };
        let mut args = Vec::with_capacity(members.len());
        for (name, value) in members.iter().filter(|(name, _)| !name.contains('@')) {
            let param = self.param(name)?;
            args.extend(self.json(param, &param.kind, value)?.map(|arg| (param.name, arg)));
        }
        self.complete(args)
    }

    fn param(&self, name: &str) -> Result<&'static Param> {
        self.def.input.iter().find(|param| param.name == name && param.kind != ParamType::Origin).ok_or_else(|| {
            let name: String = name.chars().take(128).collect();
            bad(self.def, &format!("'{name}' is not one of its parameters"))
        })
    }

    /// Checks that what must be given is there, and adds what the service itself knows.
    fn complete(&self, mut args: Vec<(&'static str, Arg)>) -> Result<Args> {
        let origins = self.def.input.iter().filter(|param| param.kind == ParamType::Origin);
        args.extend(origins.map(|param| (param.name, Arg::Text(self.call.exchange.origin.to_owned()))));
        let joins = self.def.input.iter().any(|param| param.name == SOLUTION) && !args.iter().any(|(name, _)| *name == SOLUTION);
        args.extend(self.call.solution().filter(|_| joins).map(|name| (SOLUTION, Arg::Text(name.to_owned()))));
        match self.def.input.iter().find(|param| param.required && !args.iter().any(|(name, _)| *name == param.name)) {
            Some(param) => Err(bad(self.def, &format!("the parameter '{}' must be given", param.name))),
            None => Ok(Args(args)),
        }
    }

    fn literal(&self, param: &'static Param, value: &KeyLiteral<'_>) -> Result<Option<Arg>> {
        match value {
            KeyLiteral::Json(text) => {
                let json = read_argument(text, &JsonLimits::default()).map_err(error::of_syntax)?;
                self.json(param, &param.kind, &json)
            }
            KeyLiteral::Bare(text) if text == "null" => Ok(None),
            // An enumeration's member may also stand as plain text: .NET sends it so.
            KeyLiteral::Enum { type_name, member } => match param.kind {
                ParamType::Enum(own) if type_name.strip_prefix(NAMESPACE) == Some(own.name) => self.text(param, &param.kind, member).map(Some),
                ParamType::Any => Ok(None),
                _ => Err(self.wrong(param)),
            },
            value => match param.kind {
                ParamType::Any => Ok(None),
                _ => self.text(param, &param.kind, value.text()).map(Some),
            },
        }
    }

    /// A value of a body. Null is no value.
    fn json(&self, param: &'static Param, kind: &'static ParamType, value: &Json<'_>) -> Result<Option<Arg>> {
        if matches!(value, Json::Null) || *kind == ParamType::Any {
            return Ok(None);
        }
        Ok(Some(match (kind, value) {
            (ParamType::Bool, Json::Bool(value)) => Arg::Bool(*value),
            (ParamType::List(item), Json::Array(items)) => {
                let item = |value| self.json(param, item, value)?.ok_or_else(|| self.wrong(param));
                Arg::List(items.iter().map(item).collect::<Result<_>>()?)
            }
            (ParamType::Complex(own), Json::Object(members)) => self.object(param, own, members)?,
            (ParamType::Scalars, Json::Array(items)) => {
                let item = |value| scalar(value).ok_or_else(|| self.wrong(param));
                Arg::List(items.iter().map(item).collect::<Result<_>>()?)
            }
            (ParamType::Object, value) => value_with_type(value).ok_or_else(|| self.wrong(param))?,
            (ParamType::Scalars, value) => Arg::List(vec![scalar(value).ok_or_else(|| self.wrong(param))?]),
            (ParamType::Label, Json::Object(_)) => Arg::Label(read::label(&json::node(value)?).map_err(json::in_body)?),
            (ParamType::Definition(declared), Json::Object(_)) => {
                let arg = read::argument(self.snapshot, declared, &json::node(value)?).map_err(json::in_body)?;
                arg.ok_or_else(|| self.wrong(param))?
            }
            (ParamType::Row, Json::Object(_)) => Arg::Row(self.row(param, value)?),
            (ParamType::Record, Json::Object(_)) => Arg::Record(Box::new(self.record(value)?)),
            (_, Json::Text(text)) => self.text(param, kind, text)?,
            (ParamType::Int | ParamType::BigInt | ParamType::Enum(_), Json::Number(text)) => self.text(param, kind, text)?,
            _ => return Err(self.wrong(param)),
        }))
    }

    fn object(&self, param: &'static Param, own: &'static ComplexType, members: &[(Cow<'_, str>, Json<'_>)]) -> Result<Arg> {
        let mut args = Vec::with_capacity(members.len());
        for (name, value) in members {
            if let Some(member) = own.members.iter().find(|member| member.name == name) {
                args.extend(self.json(member, &member.kind, value)?.map(|arg| (member.name, arg)));
            }
        }
        match own.members.iter().find(|member| member.required && !args.iter().any(|(name, _)| *name == member.name)) {
            Some(member) => Err(bad(self.def, &format!("the parameter '{}' needs the member '{}'", param.name, member.name))),
            None => Ok(Arg::Complex(args)),
        }
    }

    /// A value that is written as text, in an address or in quotes.
    fn text(&self, param: &'static Param, kind: &'static ParamType, text: &str) -> Result<Arg> {
        let arg = match kind {
            ParamType::Text => Some(Arg::Text(text.to_owned())),
            ParamType::Scalars => Some(Arg::List(vec![Arg::Text(text.to_owned())])),
            ParamType::Bool => literal::boolean(text).ok().map(Arg::Bool),
            ParamType::Int => literal::int32(text).ok().map(Arg::Int),
            ParamType::BigInt => text.parse().ok().map(Arg::BigInt),
            ParamType::DateTime => literal::date_time(text).ok().map(Arg::DateTime),
            ParamType::Guid => literal::guid(text).ok().map(|bytes| Arg::Guid(Uuid::from_bytes(bytes))),
            ParamType::Bytes => STANDARD.decode(text).ok().map(|bytes| Arg::Bytes(Arc::from(bytes))),
            ParamType::Enum(own) => own.parse(text).map(Arg::BigInt),
            ParamType::Row => Some(Arg::Row(lower::reference(self.call.exchange.origin, self.snapshot, self.earlier, text)?)),
            ParamType::Label
            | ParamType::Record
            | ParamType::Complex(_)
            | ParamType::List(_)
            | ParamType::Definition(_)
            | ParamType::Object
            | ParamType::Origin
            | ParamType::Any => None,
        };
        arg.ok_or_else(|| self.wrong(param))
    }

    /// A row by its address (`@odata.id`), or by its type and primary id.
    fn row(&self, param: &'static Param, value: &Json<'_>) -> Result<Target> {
        if let Some(address) = value.get("@odata.id").and_then(Json::as_text) {
            return lower::reference(self.call.exchange.origin, self.snapshot, self.earlier, address);
        }
        let table = self.table(value)?;
        let key = |name: &str| value.get(name).and_then(Json::as_text);
        let text = key(&table.def.primary_id).or_else(|| key("ownerid").filter(|_| lower::is_principal(&table)));
        let id = text.ok_or_else(no_key)?;
        let id = literal::guid(id).map(Uuid::from_bytes).map_err(|_| self.wrong(param))?;
        Ok(Target { table, identity: Identity::Id(id) })
    }

    fn record(&self, value: &Json<'_>) -> Result<Record> {
        RecordReader::new(self.call.exchange, self.snapshot, self.earlier).record(&self.table(value)?, value)
    }

    /// The table that an object's `@odata.type` names: parameters are declared for rows of any table.
    fn table(&self, value: &Json<'_>) -> Result<Arc<Table>> {
        let named = value.get("@odata.type").and_then(Json::as_text).ok_or_else(no_key)?;
        let name = named.trim_start_matches('#').strip_prefix(NAMESPACE).unwrap_or_default();
        let table = self.snapshot.find(name).cloned();
        table.ok_or_else(|| {
            let named: String = named.chars().take(128).collect();
            error::payload(self.def.name, &format!("A type named '{named}' could not be resolved by the model."))
        })
    }

    fn wrong(&self, param: &Param) -> Error {
        bad(self.def, &format!("the parameter '{}' must be {}", param.name, described(&param.kind)))
    }
}

/// The value in an object of `Type` and `Value`, or by itself. What it is compared with says which type is meant.
fn value_with_type(value: &Json<'_>) -> Option<Arg> {
    match value {
        Json::Object(_) => value.get("Value").and_then(plain_value),
        value => plain_value(value),
    }
}

fn plain_value(value: &Json<'_>) -> Option<Arg> {
    match value {
        Json::Null => Some(Arg::Null),
        Json::Array(items) => items.iter().map(scalar).collect::<Option<_>>().map(Arg::List),
        value => scalar(value),
    }
}

/// The text of a value that is neither list nor object.
fn scalar(value: &Json<'_>) -> Option<Arg> {
    match value {
        Json::Text(text) => Some(Arg::Text(text.to_string())),
        Json::Number(text) => Some(Arg::Text((*text).to_owned())),
        Json::Bool(value) => Some(Arg::Text(value.to_string())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The refusal of a row that does not say which one it is (web-api 28).
fn no_key() -> Error {
    error::payload("crmbaseentity", "EdmEntityObject passed should have the key property value set.")
}
