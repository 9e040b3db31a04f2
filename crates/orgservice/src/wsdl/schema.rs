//! Schemas: one document for each namespace of the table, and one for the types of .NET that XML Schema has none for.

use std::collections::BTreeSet;

use super::tag;
use crate::contracts::{self, Choice, Contract, Kind, Member, Shape};
use crate::namespaces::Ns;
use crate::xml::Writer;

/// The namespaces in the order of their documents: `xsd0` is the first.
pub(super) const FILES: [Ns; 22] = [
    Ns::Services,
    Ns::Serialization,
    Ns::Contracts,
    Ns::Generic,
    Ns::Arrays,
    Ns::Crm,
    Ns::Contracts71,
    Ns::Metadata,
    Ns::Metadata2013,
    Ns::Metadata71,
    Ns::Metadata90,
    Ns::Contracts2014,
    Ns::Contracts90,
    Ns::Contracts81,
    Ns::MetadataQuery,
    Ns::Query80,
    Ns::Contracts2012,
    Ns::Sdk,
    Ns::Contracts82,
    Ns::System,
    Ns::SdkMetadata,
    Ns::Discovery,
];

/// Types of .NET, each with the type of XML Schema that it narrows and what a value must match.
const SIMPLE: [(&str, &str, Option<&str>); 3] = [
    ("char", "x:int", None),
    ("duration", "x:duration", None),
    ("guid", "x:string", Some("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")),
];

/// The schema with a number.
pub(super) fn document(number: usize, address: &str) -> Option<Writer> {
    let ns = *FILES.get(number)?;
    let mut out = Writer::default();
    out.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    let used = used(ns);
    let mut attributes = vec![("xmlns:x".to_owned(), Ns::Schema.address())];
    for one in used.iter().chain([&ns, &Ns::Serialization]).collect::<BTreeSet<_>>() {
        attributes.push((format!("xmlns:{}", one.prefix()), one.address()));
    }
    attributes.push(("elementFormDefault".to_owned(), "qualified"));
    attributes.push(("targetNamespace".to_owned(), ns.address()));
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    tag(&mut out, "x:schema", &attributes, false);
    for imported in used.into_iter().filter(|used| *used != ns) {
        import(&mut out, imported, address);
    }
    if ns == Ns::Serialization {
        SIMPLE.iter().for_each(|simple| simple_type(&mut out, simple));
    }
    contracts::of_namespace(ns).for_each(|contract| named(&mut out, contract));
    out.close("x:schema");
    Some(out)
}

/// `<import>` of a namespace's schema.
pub(super) fn import(out: &mut Writer, ns: Ns, address: &str) {
    if let Some(number) = FILES.iter().position(|file| *file == ns) {
        tag(out, "x:import", &[("namespace", ns.address()), ("schemaLocation", &format!("{address}?xsd=xsd{number}"))], true);
    }
}

/// The namespaces whose types are named by those of a namespace. XML Schema's own needs no import.
fn used(ns: Ns) -> BTreeSet<Ns> {
    let mut used = BTreeSet::new();
    for contract in contracts::of_namespace(ns) {
        used.extend(contract.base().map(|base| base.ns));
        used.extend(contract.members().iter().map(|member| member.kind.type_name().0));
        if let Shape::List { item } = &contract.shape {
            used.insert(item.kind.type_name().0);
        }
    }
    used.remove(&Ns::Schema);
    used
}

fn simple_type(out: &mut Writer, (name, base, pattern): &(&str, &str, Option<&str>)) {
    tag(out, "x:simpleType", &[("name", name)], false);
    tag(out, "x:restriction", &[("base", base)], pattern.is_none());
    if let Some(pattern) = pattern {
        tag(out, "x:pattern", &[("value", pattern)], true);
        out.close("x:restriction");
    }
    out.close("x:simpleType");
    top_element(out, Ns::Serialization, name);
}

/// A type with its name, and the element that carries it where no member says another name.
fn named(out: &mut Writer, contract: &'static Contract) {
    let (ns, name) = (contract.ns, contract.name.as_ref());
    match &contract.shape {
        Shape::Element { members } => {
            tag(out, "x:element", &[("name", name)], false);
            out.open("x:complexType");
            sequence(out, members);
            out.close("x:complexType");
            return out.close("x:element");
        }
        Shape::Object { members, .. } => {
            tag(out, "x:complexType", &[("name", name)], false);
            match contract.base() {
                Some(base) => {
                    out.open("x:complexContent");
                    tag(out, "x:extension", &[("base", &qualified((base.ns, &base.name)))], false);
                    sequence(out, members);
                    out.close("x:extension");
                    out.close("x:complexContent");
                }
                None => sequence(out, members),
            }
            out.close("x:complexType");
        }
        Shape::List { item } => {
            tag(out, "x:complexType", &[("name", name)], false);
            out.open("x:sequence");
            element(out, item, Some("unbounded"));
            out.close("x:sequence");
            out.close("x:complexType");
        }
        Shape::Enum { members, is_flags } => {
            tag(out, "x:simpleType", &[("name", name)], false);
            if *is_flags {
                out.open("x:list");
                out.open("x:simpleType");
                choices(out, members);
                out.close("x:simpleType");
                out.close("x:list");
            } else {
                choices(out, members);
            }
            out.close("x:simpleType");
        }
    }
    top_element(out, ns, name);
}

fn top_element(out: &mut Writer, ns: Ns, name: &str) {
    tag(out, "x:element", &[("name", name), ("nillable", "true"), ("type", &qualified((ns, name)))], true);
}

fn sequence(out: &mut Writer, members: &[Member]) {
    out.open("x:sequence");
    members.iter().for_each(|member| element(out, member, None));
    out.close("x:sequence");
}

/// The element of a member or an item.
fn element(out: &mut Writer, member: &Member, occurs_max: Option<&str>) {
    let kind = qualified(member.kind.type_name());
    let mut attributes = Vec::with_capacity(5);
    if !member.required {
        attributes.push(("minOccurs", "0"));
    }
    attributes.extend(occurs_max.map(|count| ("maxOccurs", count)));
    attributes.push(("name", member.name));
    if member.nillable {
        attributes.push(("nillable", "true"));
    }
    attributes.push(("type", &kind));
    tag(out, "x:element", &attributes, !member.omit_default);
    if member.omit_default {
        annotated(out, |out| tag(out, "e:DefaultValue", &[("EmitDefaultValue", "false")], true));
        out.close("x:element");
    }
}

fn choices(out: &mut Writer, members: &[Choice]) {
    tag(out, "x:restriction", &[("base", &qualified(Kind::Text.type_name()))], false);
    for Choice { name, number } in members {
        tag(out, "x:enumeration", &[("value", name)], number.is_none());
        if let Some(number) = number {
            annotated(out, |out| out.element("e:EnumerationValue", &number.to_string()));
            out.close("x:enumeration");
        }
    }
    out.close("x:restriction");
}

/// What readers of .NET look at and others skip.
fn annotated(out: &mut Writer, content: impl FnOnce(&mut Writer)) {
    out.open("x:annotation");
    out.open("x:appinfo");
    content(out);
    out.close("x:appinfo");
    out.close("x:annotation");
}

fn qualified((ns, name): (Ns, &str)) -> String {
    format!("{}:{name}", ns.prefix())
}
