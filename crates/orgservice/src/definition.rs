//! Definitions as elements (organization-service 8.9): the table of types says which members an element has and in what order, the definition says their values.
//! Reading goes by local names in any order, and gives the tree that the readers of definitions take.

use std::borrow::Cow;

use driftless_contract::definitions::{Chosen, Node, Object, Shown};
use driftless_model::literal::print::{push_date_time, push_double, push_guid};
use driftless_model::{Error, Result};

use crate::contracts::{self, Contract, Kind, Member, Reference, Shape};
use crate::values::write_decimal;
use crate::xml::{Element, Writer};

/// What the default of a moment is in .NET.
const FIRST_MOMENT: &str = "0001-01-01T00:00:00";
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

/// When an element says its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Where any value may stand.
    Always,
    /// Where the declared type is another one that it derives from.
    WhenDerived,
}

/// What becomes of properties that were not asked for, or that this service has no values of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unasked {
    /// They are nil, or have the default of their type: in answers of RetrieveEntity and its like.
    Nil,
    /// They are left out: in answers of RetrieveMetadataChanges.
    Absent,
}

/// The type of definitions, or of what stands in them, with a name.
fn contract(name: &str) -> Option<&'static Contract> {
    contracts::named(name).map(Reference::contract)
}

/// Writes a definition as an element; `element` is its name with prefix.
///
/// # Errors
/// 0x80060888 for properties that no part has and values that do not fit, in what is asked of its parts.
pub(crate) fn write(out: &mut Writer, element: &str, chosen: &Chosen<'_>, typed: Typed, unasked: Unasked) -> Result<()> {
    let name = chosen.item().def.name;
    let contract = contract(name).ok_or_else(|| Error::damaged("a definition has no type on the wire"))?;
    open(out, element, contract, typed == Typed::Always || chosen.derived_type().is_some());
    for (_, member) in contract.all_members() {
        match chosen.get(member.name)? {
            Some(Shown::Value(node)) => value(out, member, &node),
            Some(Shown::Part(Some(part))) => write(out, &member.element, &part, Typed::WhenDerived, unasked)?,
            Some(Shown::Part(None)) => nothing(out, member),
            Some(Shown::Parts(parts)) => write_parts(out, member, &parts, unasked)?,
            None if unasked == Unasked::Absent => {}
            None => nothing(out, member),
        }
    }
    out.close(element);
    Ok(())
}

fn write_parts(out: &mut Writer, member: &Member, parts: &[Chosen<'_>], unasked: Unasked) -> Result<()> {
    let Some(item) = member.item().filter(|_| !parts.is_empty()) else {
        out.empty(&member.element);
        return Ok(());
    };
    out.open(&member.element);
    for part in parts {
        write(out, &item.element, part, Typed::WhenDerived, unasked)?;
    }
    out.close(&member.element);
    Ok(())
}

/// Writes the value of a member, or an item of a list.
fn value(out: &mut Writer, member: &Member, node: &Node<'_>) {
    match node {
        Node::Null => nothing(out, member),
        Node::Object(object) => write_object(out, member, object),
        // The job that builds a key's index is known by its identity.
        Node::Guid(_) if member.kind != Kind::Guid => {
            let job = Object { type_name: None, members: vec![("Id", node.clone()), ("LogicalName", Node::Text(Cow::Borrowed("asyncoperation")))] };
            write_object(out, member, &job);
        }
        Node::List(items) => match member.item().filter(|_| !items.is_empty()) {
            Some(item) => {
                out.open(&member.element);
                items.iter().for_each(|node| value(out, item, node));
                out.close(&member.element);
            }
            None => out.empty(&member.element),
        },
        leaf => {
            out.open(&member.element);
            write_leaf(out, member, leaf);
            out.close(&member.element);
        }
    }
}

fn write_object(out: &mut Writer, member: &Member, object: &Object<'_>) {
    let Some(declared) = member.kind.contract() else { return nothing(out, member) };
    let own = object.type_name.and_then(contract).filter(|own| own.is_a(declared.ns, &declared.name));
    let contract = own.unwrap_or(declared);
    open(out, &member.element, contract, !std::ptr::eq(contract, declared));
    write_members(out, contract, object);
    out.close(&member.element);
}

/// Writes the members of an object, in the order of its type.
pub(crate) fn write_members(out: &mut Writer, contract: &'static Contract, object: &Object<'_>) {
    for (_, part) in contract.all_members() {
        match object.get(part.name) {
            Some(node) => value(out, part, node),
            // Readers of .NET make no collections of their own.
            None if part.item().is_some() => out.empty(&part.element),
            None => nothing(out, part),
        }
    }
}

fn write_leaf(out: &mut Writer, member: &Member, leaf: &Node<'_>) {
    match leaf {
        Node::Bool(value) => out.raw(if *value { "true" } else { "false" }),
        Node::Int(value) => out.raw(itoa::Buffer::new().format(*value)),
        Node::Double(value) => push_double(out.bytes(), *value),
        Node::Decimal(value) => write_decimal(out, *value),
        Node::Guid(id) => push_guid(out.bytes(), id.as_bytes()),
        Node::DateTime(seconds) => push_date_time(out.bytes(), *seconds),
        Node::Text(text) if is_flags(member) => out.text(&text.replace(',', " ").split_ascii_whitespace().collect::<Vec<_>>().join(" ")),
        Node::Text(text) => out.text(text),
        Node::Number(text) => out.text(text),
        Node::Null | Node::List(_) | Node::Object(_) => {}
    }
}

fn is_flags(member: &Member) -> bool {
    member.kind.contract().is_some_and(|contract| matches!(contract.shape, Shape::Enum { is_flags: true, .. }))
}

/// Writes a member that has no value: nil, or what .NET has in its place.
fn nothing(out: &mut Writer, member: &Member) {
    if member.omit_default {
        return;
    }
    let default = match member.kind {
        _ if member.nillable => None,
        Kind::Bool => Some("false"),
        Kind::Short | Kind::Int | Kind::Long | Kind::Decimal | Kind::Double => Some("0"),
        Kind::Guid => Some(NO_ID),
        Kind::DateTime => Some(FIRST_MOMENT),
        Kind::Text | Kind::Bytes | Kind::Any => None,
        Kind::Of(_) => member.kind.contract().and_then(|contract| match &contract.shape {
            Shape::Enum { members, .. } => members.first().map(|first| first.name),
            _ => None,
        }),
    };
    out.element_if(&member.element, default);
}

fn open(out: &mut Writer, element: &str, contract: &Contract, is_typed: bool) {
    if is_typed {
        out.open_typed(element, (contract.ns, &contract.name));
    } else {
        out.open(element);
    }
}

/// Reads an element of which the type with a name is expected, as [`read`] does.
///
/// # Errors
/// 0x80040216 when there is no such type: a mistake of this program.
pub(crate) fn node<'a>(element: Element<'a>, type_name: &str) -> Result<Node<'a>> {
    let contract = contract(type_name).ok_or_else(|| Error::damaged(format!("there is no type {type_name}")))?;
    Ok(read(element, contract))
}

/// Reads an element that is expected to be of a type, or of one that derives from it. Numbers stay texts, and members that the type does not have are left out.
pub(crate) fn read<'a>(element: Element<'a>, declared: &'static Contract) -> Node<'a> {
    if element.is_nil() {
        return Node::Null;
    }
    let stated = element.type_name();
    let own = stated.and_then(|(ns, name)| contracts::stated(ns, name)).and_then(Kind::contract);
    let contract = own.filter(|own| own.is_a(declared.ns, &declared.name)).unwrap_or(declared);
    match &contract.shape {
        Shape::Object { .. } | Shape::Element { .. } => {
            let known = |child: Element<'a>| contract.all_members().find(|(_, member)| member.name == child.name()).map(|(_, member)| member);
            let members = element.children().filter_map(|child| Some((child.name(), read_member(child, known(child)?)))).collect();
            Node::Object(Object { type_name: stated.map(|(_, name)| name), members })
        }
        Shape::List { item } => Node::List(element.children().map(|child| read_member(child, item)).collect()),
        Shape::Enum { members, is_flags: true } => {
            let text = trimmed(element.text());
            let compact: String = text.split_ascii_whitespace().collect();
            // A toolkit that takes a list for several members writes a text that it is given instead letter by letter (zeep does).
            Node::Text(if members.iter().any(|member| member.name == compact) { Cow::Owned(compact) } else { text })
        }
        Shape::Enum { .. } => Node::Text(trimmed(element.text())),
    }
}

fn read_member<'a>(element: Element<'a>, member: &Member) -> Node<'a> {
    match member.kind {
        _ if element.is_nil() => Node::Null,
        Kind::Of(reference) => read(element, reference.contract()),
        Kind::Text | Kind::Any => Node::Text(element.text()),
        Kind::Bool => match trimmed(element.text()) {
            text if matches!(&*text, "true" | "1") => Node::Bool(true),
            text if matches!(&*text, "false" | "0") => Node::Bool(false),
            text => Node::Text(text),
        },
        _ => Node::Text(trimmed(element.text())),
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests;
