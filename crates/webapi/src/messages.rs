//! Functions and actions (web-api 28), derived from the organization's list of messages: a new message needs no line here.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_core::{Arg, Args, MESSAGES, MessageDef, MessageKind, Outputs, Param, ParamType, Request, Response};
use driftless_model::{Error, ErrorCode, Result, Uuid};
use driftless_odata::json::{Json, JsonLimits, JsonWriter, read_argument};
use driftless_odata::literal;
use driftless_odata::url::{KeyLiteral, NamedSegment};
use driftless_query::Collector;

use crate::answer::Answer;
use crate::call::Call;
use crate::error;
use crate::write::{Action, Write, unexpected};

/// The message that a first path segment calls.
pub(crate) fn find(name: &str) -> Option<&'static MessageDef> {
    let name = name.strip_prefix("Microsoft.Dynamics.CRM.").unwrap_or(name);
    MESSAGES.iter().find(|def| def.name == name)
}

/// Calls a message.
///
/// # Errors
/// 0x80060888 for parameters that the message does not have, lacks or cannot read; what the message refuses.
pub(crate) fn act<'a>(call: &'a Call<'a>, def: &'static MessageDef, segment: &NamedSegment<'_>) -> Result<Action<'a>> {
    match (def.kind, call.method) {
        (MessageKind::Function, "GET") => {
            let args = function_args(call, def, segment)?;
            let response =
                call.exchange.organization.execute(call.exchange.caller, &mut |_| Ok(Request::Message(def, args.clone())), &mut Collector::default())?;
            render(call, def, response).map(Action::Answer)
        }
        (MessageKind::Action, "POST") => {
            let args = action_args(call, def)?;
            Ok(Action::Write(Write::new(move |_, _| Ok(Request::Message(def, args.clone())), move |response| render(call, def, response))))
        }
        _ => Err(call.wrong_method()),
    }
}

fn function_args(call: &Call<'_>, def: &'static MessageDef, segment: &NamedSegment<'_>) -> Result<Args> {
    let Some(pairs) = segment.arguments() else {
        return Err(bad(def, "parameters need their names"));
    };
    let mut args = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let param = param(def, name)?;
        let text = match value {
            KeyLiteral::Alias(alias) => match call.options.aliases.get(alias.as_ref()) {
                Some(text) => unquoted(text),
                None => continue,
            },
            value => value.text(),
        };
        if let Some(arg) = arg_of_text(def, param, text)? {
            args.push((param.name, arg));
        }
    }
    complete(def, args)
}

fn action_args(call: &Call<'_>, def: &'static MessageDef) -> Result<Args> {
    let body = call.json(&JsonLimits::BULK)?;
    let Some(members) = body.as_object() else {
        return Err(error::payload(def.name, "The body must be a JSON object."));
    };
    let mut args = Vec::with_capacity(members.len());
    for (name, value) in members.iter().filter(|(name, _)| !name.contains('@')) {
        let param = param(def, name)?;
        args.extend(arg_of_json(def, param, value)?.map(|arg| (param.name, arg)));
    }
    complete(def, args)
}

fn arg_of_json(def: &MessageDef, param: &Param, value: &Json<'_>) -> Result<Option<Arg>> {
    Ok(match (param.kind, value) {
        (_, Json::Null) | (ParamType::Any, _) => None,
        (ParamType::Bool, Json::Bool(value)) => Some(Arg::Bool(*value)),
        (ParamType::Text | ParamType::Guid | ParamType::Bytes | ParamType::Bool | ParamType::Int, Json::Text(text)) => arg_of_text(def, param, text)?,
        (ParamType::Int, Json::Number(text)) => arg_of_text(def, param, text)?,
        (ParamType::Complex(complex), Json::Object(members)) => {
            let mut args = Vec::with_capacity(complex.members.len());
            for (name, value) in members {
                if let Some(own) = complex.members.iter().find(|own| own.name == name) {
                    args.extend(arg_of_json(def, own, value)?.map(|arg| (own.name, arg)));
                }
            }
            match complex.members.iter().find(|own| own.required && !args.iter().any(|(name, _)| *name == own.name)) {
                Some(own) => return Err(bad(def, &format!("the member '{}' of '{}' must be given", own.name, param.name))),
                None => Some(Arg::Complex(args)),
            }
        }
        (ParamType::List(kind), Json::Array(items)) => {
            let item = Param { kind: *kind, ..*param };
            let items = items.iter().map(|value| arg_of_json(def, &item, value)?.ok_or_else(|| wrong_value(def, param)));
            Some(Arg::List(items.collect::<Result<_>>()?))
        }
        _ => return Err(wrong_value(def, param)),
    })
}

fn param(def: &'static MessageDef, name: &str) -> Result<&'static Param> {
    def.input.iter().find(|param| param.name == name).ok_or_else(|| {
        let name: String = name.chars().take(128).collect();
        bad(def, &format!("'{name}' is not one of its parameters"))
    })
}

/// Checks that what must be given is there.
fn complete(def: &'static MessageDef, args: Vec<(&'static str, Arg)>) -> Result<Args> {
    match def.input.iter().find(|param| param.required && !args.iter().any(|(name, _)| *name == param.name)) {
        Some(param) => Err(bad(def, &format!("the parameter '{}' must be given", param.name))),
        None => Ok(Args(args)),
    }
}

fn arg_of_text(def: &MessageDef, param: &Param, text: &str) -> Result<Option<Arg>> {
    if text == "null" && param.kind != ParamType::Text {
        return Ok(None);
    }
    let arg = match param.kind {
        ParamType::Any => return Ok(None),
        ParamType::Text => Some(Arg::Text(text.to_owned())),
        ParamType::Bool => literal::boolean(text).ok().map(Arg::Bool),
        ParamType::Int => literal::int32(text).ok().map(Arg::Int),
        ParamType::Guid => literal::guid(text).ok().map(|bytes| Arg::Guid(Uuid::from_bytes(bytes))),
        ParamType::Bytes => STANDARD.decode(text).ok().map(|bytes| Arg::Bytes(Arc::from(bytes))),
        ParamType::Complex(_) | ParamType::List(_) => {
            let json = read_argument(text, &JsonLimits::default()).map_err(|_| wrong_value(def, param))?;
            return arg_of_json(def, param, &json);
        }
    };
    arg.map(Some).ok_or_else(|| wrong_value(def, param))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')).unwrap_or(text)
}

fn bad(def: &MessageDef, why: &str) -> Error {
    Error::new(ErrorCode::ODataError, format!("The operation '{}' cannot be called so: {why}.", def.name))
}

fn wrong_value(def: &MessageDef, param: &Param) -> Error {
    bad(def, &format!("the parameter '{}' must be {}", param.name, edm_type(param.kind)))
}

/// The type of a parameter in `$metadata`.
pub(crate) fn edm_type(kind: ParamType) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        ParamType::Text => "Edm.String",
        ParamType::Bool => "Edm.Boolean",
        ParamType::Int => "Edm.Int32",
        ParamType::Guid => "Edm.Guid",
        ParamType::Bytes => "Edm.Binary",
        ParamType::Any => "mscrm.expando",
        ParamType::Complex(complex) => return format!("mscrm.{}", complex.name).into(),
        ParamType::List(item) => return format!("Collection({})", edm_type(*item)).into(),
    })
}

fn render(call: &Call<'_>, def: &MessageDef, response: Response) -> Result<Answer> {
    let Response::Outputs(Outputs(outputs)) = response else { return Err(unexpected("a message")) };
    if def.output.is_empty() {
        return Ok(Answer::no_content());
    }
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("@odata.context");
    json.text(&format!("{}$metadata#Microsoft.Dynamics.CRM.{}Response", call.exchange.root, def.name));
    for (name, value) in &outputs {
        json.name(name);
        write(&mut json, value);
    }
    json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), json.into_bytes()))
}

fn write(json: &mut JsonWriter, value: &Arg) {
    match value {
        Arg::Text(text) => json.text(text),
        Arg::Bool(value) => json.boolean(*value),
        Arg::Int(value) => json.integer(i64::from(*value)),
        Arg::Guid(id) => json.guid(id.as_bytes()),
        Arg::Bytes(bytes) => json.text(&STANDARD.encode(bytes)),
        Arg::Complex(members) => {
            json.begin_object();
            for (name, value) in members {
                json.name(name);
                write(json, value);
            }
            json.end_object();
        }
        Arg::List(items) => {
            json.begin_array();
            items.iter().for_each(|item| write(json, item));
            json.end_array();
        }
        Arg::Package(_) => json.null(),
    }
}
