//! Definitions as JSON: values written, and bodies read into values.

use std::borrow::Cow;

use driftless_contract::definitions::{Node, Object};
use driftless_model::{Error, ErrorCode, Label, Result, Uuid, literal};
use driftless_odata::json::{Json, JsonWriter};
use driftless_odata::url::{KeyPredicate, Segment, parse_path, parse_root};

use crate::error;

/// The namespace of types, with its dot.
const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

/// What complex types of definitions begin with, before the name of the definition's type.
pub(crate) const PREFIX: &str = "Complex";

/// The member that says the type of an object.
const TYPE: &str = "@odata.type";

/// The member that refers to a global choice, the value that is led to, and the set that it is in.
const GLOBAL_BIND: &str = "GlobalOptionSet@odata.bind";
const GLOBAL: &str = "GlobalOptionSet";
const GLOBAL_SET: &str = "GlobalOptionSetDefinitions";

/// Writes a value.
pub(crate) fn write(json: &mut JsonWriter, node: &Node<'_>) {
    match node {
        Node::Null => json.null(),
        Node::Bool(value) => json.boolean(*value),
        Node::Int(value) => json.integer(*value),
        Node::Double(value) => json.double(*value),
        Node::Decimal(value) => json.decimal(value.mantissa(), u8::try_from(value.scale()).unwrap_or(u8::MAX)),
        Node::Guid(id) => json.guid(id.as_bytes()),
        Node::DateTime(seconds) => json.date_time(*seconds),
        Node::Text(text) => json.text(text),
        Node::Number(text) => json.text(text),
        Node::List(items) => {
            json.begin_array();
            items.iter().for_each(|item| write(json, item));
            json.end_array();
        }
        Node::Object(object) => {
            json.begin_object();
            write_members(json, object);
            json.end_object();
        }
    }
}

/// Writes the members of an object, its type before them if it says one.
pub(super) fn write_members(json: &mut JsonWriter, object: &Object<'_>) {
    if let Some(name) = object.type_name {
        write_type(json, "", name);
    }
    for (name, value) in &object.members {
        json.name(name);
        write(json, value);
    }
}

/// Writes the member that says the type of an object.
pub(super) fn write_type(json: &mut JsonWriter, prefix: &str, name: &str) {
    json.name(TYPE);
    json.text(&format!("#{NAMESPACE}{prefix}{name}"));
}

/// Writes a label with its languages, and the one that a reader of `language` reads.
pub(crate) fn write_label(json: &mut JsonWriter, label: &Label, language: u16) {
    write(json, &Node::label(label, language));
}

/// The value that a body holds. Annotations go, but for those that say a type or refer to a global choice.
///
/// # Errors
/// 0x80048d19 for a reference to a global choice that is none, 0x80060888 for one that cannot be read.
pub(crate) fn node<'a>(json: &'a Json<'_>) -> Result<Node<'a>> {
    Ok(match json {
        Json::Null => Node::Null,
        Json::Bool(value) => Node::Bool(*value),
        Json::Number(text) => Node::Number(text),
        Json::Text(text) => Node::Text(Cow::Borrowed(text)),
        Json::Array(items) => Node::List(items.iter().map(node).collect::<Result<_>>()?),
        Json::Object(members) => Node::Object(object(members)?),
    })
}

fn object<'a>(members: &'a [(Cow<'_, str>, Json<'_>)]) -> Result<Object<'a>> {
    let mut object = Object { type_name: None, members: Vec::with_capacity(members.len()) };
    for (name, value) in members {
        match (name.as_ref(), value) {
            (TYPE, value) => object.type_name = object.type_name.or_else(|| value.as_text().map(type_name)),
            (GLOBAL_BIND, Json::Null) => {}
            (GLOBAL_BIND, Json::Text(reference)) => object.members.push((GLOBAL, global(reference)?)),
            (GLOBAL_BIND, _) => return Err(refused(&format!("The property '{GLOBAL_BIND}' must be a text."))),
            // What is led to is not set by its value.
            (GLOBAL, _) => {}
            (name, _) if name.contains('@') => {}
            (name, value) => object.members.push((name, node(value)?)),
        }
    }
    Ok(object)
}

/// The name of a type without namespace. Parameters of messages have complex types of the same members.
fn type_name(name: &str) -> &str {
    let name = name.rsplit('.').next().unwrap_or(name);
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// What the address of a global choice says of it: `/GlobalOptionSetDefinitions(guid)` or `(Name='x')`.
fn global(reference: &str) -> Result<Node<'static>> {
    let path = match reference.find("://") {
        Some(at) => reference.get(at + 3..).and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..))).unwrap_or_default(),
        None => reference,
    };
    let path = parse_root(path).map_or(path, |root| root.rest);
    let segments = parse_path(path).map_err(error::of_syntax)?.segments;
    let key = match segments.as_slice() {
        [Segment::Named(segment)] if segment.name == GLOBAL_SET => segment.key.as_ref(),
        _ => None,
    };
    let named = |name: &'static str, value: Node<'static>| Node::Object(Object { type_name: None, members: vec![(name, value)] });
    let found = match key {
        Some(KeyPredicate::Positional(id)) => literal::guid(id.text()).ok().map(|id| named("MetadataId", Node::Guid(Uuid::from_bytes(id)))),
        Some(KeyPredicate::Named(pairs)) => {
            pairs.iter().find(|(name, _)| name == "Name").map(|(_, name)| named("Name", Node::Text(Cow::Owned(name.text().to_owned()))))
        }
        Some(KeyPredicate::Empty) | None => None,
    };
    found.ok_or_else(|| refused(&format!("The property '{GLOBAL_BIND}' must be the address of a global choice.")))
}

/// A definition that cannot be read, in this door's words.
pub(crate) fn in_body(error: Error) -> Error {
    if error.code() == ErrorCode::InvalidPayload { refused(error.message()) } else { error }
}

fn refused(why: &str) -> Error {
    error::payload("definition", why)
}

#[cfg(test)]
mod tests {
    use driftless_odata::json::{JsonLimits, read};

    use super::*;

    fn shown(body: &str) -> Result<String> {
        let json = read(body.as_bytes(), &JsonLimits::default()).unwrap();
        let mut writer = JsonWriter::new();
        write(&mut writer, &node(&json)?);
        Ok(String::from_utf8(writer.into_bytes()).unwrap())
    }

    #[test] // web-api 26.1, 26.8
    fn types_lose_their_namespace_and_annotations_go() {
        let body = r##"{"@odata.type":"#Microsoft.Dynamics.CRM.ComplexStringAttributeMetadata","@odata.context":"x","MaxLength":5,"Targets":["a",null]}"##;
        assert_eq!(shown(body).unwrap(), r##"{"@odata.type":"#Microsoft.Dynamics.CRM.StringAttributeMetadata","MaxLength":"5","Targets":["a",null]}"##);
    }

    #[test] // web-api 26.2
    fn references_to_global_choices_become_their_keys() {
        for (address, key) in [
            ("/GlobalOptionSetDefinitions(00000000-0000-0000-0000-000000000001)", r#""MetadataId":"00000000-0000-0000-0000-000000000001""#),
            ("http://h/api/data/v9.2/GlobalOptionSetDefinitions(Name='New_x')", r#""Name":"New_x""#),
        ] {
            let body = format!(r#"{{"GlobalOptionSet":null,"GlobalOptionSet@odata.bind":"{address}"}}"#);
            assert_eq!(shown(&body).unwrap(), format!(r#"{{"GlobalOptionSet":{{{key}}}}}"#));
        }
        for address in ["/accounts(1)", "/GlobalOptionSetDefinitions", "/GlobalOptionSetDefinitions(1)"] {
            let error = shown(&format!(r#"{{"GlobalOptionSet@odata.bind":"{address}"}}"#)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidPayload, "{address}");
        }
        assert_eq!(shown(r#"{"GlobalOptionSet@odata.bind":5}"#).unwrap_err().code(), ErrorCode::InvalidPayload);
    }
}
