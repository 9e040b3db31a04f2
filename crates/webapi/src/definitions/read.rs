//! Reads of definitions: `$select`, `$filter`, `$expand`, `$top`, `$count` over items. Everything is in one answer (web-api 26.1).

use driftless_contract::definitions::types::{self, Kind, Property, TypeDef};
use driftless_contract::definitions::{Item, Node, View};
use driftless_model::Result;
use driftless_odata::headers::MetadataLevel;
use driftless_odata::json::JsonWriter;
use driftless_odata::query::{ExpandItem, SelectItem};

use super::filter::Filter;
use super::json;
use super::path::{Found, Place, follow};
use crate::answer::Answer;
use crate::call::Call;
use crate::error;
use crate::lower;
use crate::records::plain_count;

/// Answers a read.
///
/// # Errors
/// What [`follow`] refuses; 0x80060888 for unknown properties; 0x80040220 when the caller may not see definitions.
pub(super) fn respond(call: &Call<'_>) -> Result<Answer> {
    call.exchange.organization.require_member(call.exchange.caller)?;
    lower::unsupported_options(&call.options)?;
    if !call.options.order_by.is_empty() {
        return Err(error::no_such_option("$orderby"));
    }
    check_expands(&call.options.expand)?;
    let snapshot = call.exchange.snapshot();
    let view = View { snapshot: &snapshot, language: call.exchange.caller.language };
    let place = follow(view, &call.path)?;
    match &place.found {
        Found::Many(items) => many(call, view, &place, items),
        Found::One(item) => one(call, view, &place, item),
        Found::Value(item, property) => Ok(single_value(call, view, &place, item, property)),
    }
}

/// Refuses, on all levels, what the service does not have for expanded definitions: their order, and references instead of them (web-api 18, 26.1).
fn check_expands(parts: &[ExpandItem]) -> Result<()> {
    for part in parts {
        if part.is_ref {
            return Err(error::no_expanded_reference());
        }
        if !part.options.order_by.is_empty() {
            return Err(error::no_such_option("$orderby"));
        }
        check_expands(&part.options.expand)?;
    }
    Ok(())
}

/// Writes items with what was selected and expanded.
struct Writer<'c, 'a> {
    call: &'c Call<'c>,
    view: View<'a>,
}

fn many(call: &Call<'_>, view: View<'_>, place: &Place<'_>, items: &[Item<'_>]) -> Result<Answer> {
    let mut kept = Vec::with_capacity(items.len());
    match &call.options.filter {
        None => kept.extend(items),
        Some(expr) => {
            let filter = Filter { expr, aliases: &call.options.aliases };
            for item in items {
                if filter.holds(view, place.declared, item)? {
                    kept.push(item);
                }
            }
        }
    }
    if place.counted {
        return Ok(plain_count(u64::try_from(kept.len()).unwrap_or(u64::MAX)));
    }
    let total = kept.len();
    if let Some(top) = call.options.top {
        kept.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    }
    let writer = Writer { call, view };
    let mut json = JsonWriter::new();
    json.begin_object();
    let selected = crate::rows::context_columns(call.options.select.as_deref(), &call.options.expand);
    writer.context(&mut json, &format!("{}{selected}", place.context));
    if call.options.count == Some(true) {
        json.name("@odata.count");
        json.integer(i64::try_from(total).unwrap_or(i64::MAX));
    }
    json.name("value");
    json.begin_array();
    for item in kept {
        json.begin_object();
        writer.members(&mut json, item, place.declared, &place.context, call.options.select.as_deref(), &call.options.expand)?;
        json.end_object();
    }
    json.end_array();
    json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), json.into_bytes()))
}

fn one(call: &Call<'_>, view: View<'_>, place: &Place<'_>, item: &Item<'_>) -> Result<Answer> {
    let writer = Writer { call, view };
    let mut json = JsonWriter::new();
    json.begin_object();
    let selected = crate::rows::context_columns(call.options.select.as_deref(), &call.options.expand);
    writer.context(&mut json, &format!("{}{selected}/$entity", without_key(&place.context)));
    writer.members(&mut json, item, place.declared, without_key(&place.context), call.options.select.as_deref(), &call.options.expand)?;
    json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), json.into_bytes()))
}

/// The context of an item's set: its own key goes, also one before a cast.
fn without_key(context: &str) -> String {
    let (path, cast) = match context.rsplit_once('/') {
        Some((path, cast)) if cast.starts_with("Microsoft.") => (path, Some(cast)),
        _ => (context, None),
    };
    let path = path.strip_suffix(')').and_then(|path| path.rsplit_once('(')).map_or(path, |(path, _)| path);
    cast.map_or_else(|| path.to_owned(), |cast| format!("{path}/{cast}"))
}

fn single_value(call: &Call<'_>, view: View<'_>, place: &Place<'_>, item: &Item<'_>, property: &Property) -> Answer {
    let node = item.get(view, property);
    if node == Node::Null {
        return Answer::no_content();
    }
    let mut out = JsonWriter::new();
    out.begin_object();
    Writer { call, view }.context(&mut out, &place.context);
    match node {
        // A complex value is its own object.
        Node::Object(object) => json::write_members(&mut out, &object),
        node => {
            out.name("value");
            json::write(&mut out, &node);
        }
    }
    out.end_object();
    Answer::with_body(200, call.format.content_type(), out.into_bytes())
}

impl Writer<'_, '_> {
    fn context(&self, json: &mut JsonWriter, resource: &str) {
        if self.call.format.metadata != MetadataLevel::None {
            json.name("@odata.context");
            json.text(&format!("{}$metadata#{resource}", self.call.exchange.root));
        }
    }

    /// The members of an item's object. `declared` is the type that a reader expects here, `context` the set in which the item is.
    fn members(
        &self,
        out: &mut JsonWriter,
        item: &Item<'_>,
        declared: &TypeDef,
        context: impl AsRef<str>,
        select: Option<&[SelectItem]>,
        expand: &[ExpandItem],
    ) -> Result<()> {
        if item.def.name != declared.name || self.call.format.metadata == MetadataLevel::Full {
            json::write_type(out, "", item.def.name);
        }
        for property in selected(item, declared, select)? {
            out.name(property.name);
            self.value(out, property, &item.get(self.view, property));
        }
        for part in expand {
            self.expanded(out, item, declared, context.as_ref(), part)?;
        }
        Ok(())
    }

    /// A value; 64-bit integers and decimals become texts for readers that asked for that (web-api 3).
    fn value(&self, out: &mut JsonWriter, property: &Property, node: &Node<'_>) {
        match (property.kind, node) {
            (Kind::BigInt, Node::Int(value)) if self.call.format.ieee754_compatible => out.quoted_integer(*value),
            (Kind::Decimal, Node::Decimal(value)) if self.call.format.ieee754_compatible => {
                out.quoted_decimal(value.mantissa(), u8::try_from(value.scale()).unwrap_or(u8::MAX));
            }
            _ => json::write(out, node),
        }
    }

    fn expanded(&self, json: &mut JsonWriter, item: &Item<'_>, declared: &TypeDef, context: &str, part: &ExpandItem) -> Result<()> {
        let Some(name) = part.path.last() else { return Ok(()) };
        let kind = item.part_kind(name).or_else(|| declared.property(name).map(|property| property.kind).filter(|kind| kind.is_navigation()));
        let (Kind::Part(type_name) | Kind::Parts(type_name) | Kind::Other(type_name)) = kind.ok_or_else(|| error::no_such_property(name, declared.name))?
        else {
            return Err(error::no_such_property(name, declared.name));
        };
        let part_type = types::find(type_name).unwrap_or(item.def);
        let options = &part.options;
        let items = item.parts(self.view, name);
        let inner = format!("{context}({})/{name}", item.id());
        if self.call.format.metadata != MetadataLevel::None {
            json.name(&format!("{name}@odata.context"));
            let columns = crate::rows::context_columns(options.select.as_deref(), &options.expand);
            let entity = if matches!(kind, Some(Kind::Parts(_))) { "" } else { "/$entity" };
            json.text(&format!("{}$metadata#{inner}{columns}{entity}", self.call.exchange.root));
        }
        json.name(name);
        if !matches!(kind, Some(Kind::Parts(_))) {
            match items.first() {
                None => json.null(),
                Some(only) => {
                    json.begin_object();
                    self.members(json, only, part_type, &inner, options.select.as_deref(), &options.expand)?;
                    json.end_object();
                }
            }
            return Ok(());
        }
        json.begin_array();
        let mut left = options.top.unwrap_or(u64::MAX);
        for item in &items {
            let wanted = match &options.filter {
                None => true,
                Some(expr) => Filter { expr, aliases: &self.call.options.aliases }.holds(self.view, part_type, item)?,
            };
            if wanted && left > 0 {
                left -= 1;
                json.begin_object();
                self.members(json, item, part_type, &inner, options.select.as_deref(), &options.expand)?;
                json.end_object();
            }
        }
        json.end_array();
        Ok(())
    }
}

/// The properties to write: all, or those named and `MetadataId`.
fn selected(item: &Item<'_>, declared: &TypeDef, select: Option<&[SelectItem]>) -> Result<Vec<&'static Property>> {
    let all = || item.def.all_properties().into_iter().filter(|property| !property.kind.is_navigation());
    let Some(items) = select.filter(|items| !items.contains(&SelectItem::All)) else { return Ok(all().collect()) };
    let mut properties = Vec::with_capacity(items.len() + 1);
    for name in items.iter().filter_map(|item| if let SelectItem::Column(name) = item { Some(name) } else { None }) {
        match item.property(name) {
            Some(property) if !property.kind.is_navigation() => properties.push(property),
            Some(_) => {}
            None if types::all().any(|def| def.is_a(declared.name) && def.property(name).is_some()) => {}
            None => return Err(error::no_such_property(name, declared.name)),
        }
    }
    if !properties.iter().any(|property| property.name == "MetadataId") {
        properties.extend(item.property("MetadataId"));
    }
    Ok(properties)
}
