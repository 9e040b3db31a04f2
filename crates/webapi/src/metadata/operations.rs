//! Functions and actions (web-api 2, 24, 28): messages from the organization's list, and the bulk actions of every table.

use std::collections::HashSet;

use driftless_contract::definitions::types;
use driftless_core::{BOUND_ROW, Binding, ComplexType, EnumType, MESSAGES, MessageDef, MessageKind, Param, ParamType, Snapshot};
use driftless_odata::csdl::CsdlWriter;

use super::{collection, type_name};
use crate::messages::{edm_type, is_record};

/// The enumerations and complex types of the messages' parameters and results, once each, those of a type's members before it.
pub(super) fn parameter_types(out: &mut CsdlWriter) {
    // Definitions have types of their own, which messages may use.
    let mut seen: HashSet<_> = types::ENUMS.iter().map(|own| own.name).chain(types::all().map(|own| own.name)).collect();
    for param in MESSAGES.iter().flat_map(|def| def.input.iter().chain(def.output)) {
        type_of(out, &param.kind, &mut seen);
    }
}

fn type_of(out: &mut CsdlWriter, kind: &'static ParamType, seen: &mut HashSet<&'static str>) {
    match kind {
        ParamType::List(item) => type_of(out, item, seen),
        ParamType::Enum(own) if seen.insert(own.name) => enumeration(out, own),
        ParamType::Complex(own) if seen.insert(own.name) => {
            own.members.iter().for_each(|member| type_of(out, &member.kind, seen));
            complex(out, own.name, own.members);
        }
        ParamType::Object if seen.insert(OBJECT.name) => complex(out, OBJECT.name, OBJECT.members),
        _ => {}
    }
}

/// The type of a value with the name of its type.
static OBJECT: ComplexType = {
    const fn text(name: &'static str) -> Param {
        Param { name, kind: ParamType::Text, required: false }
    }
    ComplexType { name: "Object", members: &[text("Type"), text("Value")] }
};

/// An enumeration.
pub(super) fn enumeration(out: &mut CsdlWriter, own: &EnumType) {
    let mut attributes = vec![("Name", own.name)];
    if own.is_flags {
        attributes.push(("IsFlags", "true"));
    }
    out.begin("EnumType", &attributes);
    for (name, value) in own.members {
        out.empty("Member", &[("Name", name), ("Value", &value.to_string())]);
    }
    out.end();
}

fn complex(out: &mut CsdlWriter, name: &str, members: &'static [Param]) {
    out.begin("ComplexType", &[("Name", name)]);
    for member in members {
        match member.kind {
            // What has a key is led to, not held.
            ParamType::List(ParamType::Row | ParamType::Record) => out.empty("NavigationProperty", &[("Name", member.name), ("Type", &edm_type(&member.kind))]),
            ParamType::Row | ParamType::Record => typed(out, "NavigationProperty", member),
            _ => typed(out, "Property", member),
        }
    }
    out.end();
}

fn typed(out: &mut CsdlWriter, element: &'static str, param: &'static Param) {
    let nullable = if param.required { "false" } else { "true" };
    out.empty(element, &[("Name", param.name), ("Type", &edm_type(&param.kind)), ("Nullable", nullable)]);
}

/// The messages; the type of an answer stands directly above its first operation. A bound one has what it is called on as its first parameter.
pub(super) fn messages(out: &mut CsdlWriter) {
    let mut named = HashSet::new();
    for def in MESSAGES {
        let has_response = !def.output.is_empty() && !is_record(def);
        if has_response && named.insert(def.name) {
            complex(out, &response(def), def.output);
        }
        let mut attributes = vec![("Name", def.name)];
        let bound = match def.binding {
            Binding::None => None,
            Binding::Row(table) => Some((BOUND_ROW, type_name(table))),
            Binding::Set(table) => Some(("entityset", collection(table))),
        };
        if bound.is_some() {
            attributes.push(("IsBound", "true"));
        }
        out.begin(element(def), &attributes);
        if let Some((name, kind)) = bound {
            out.empty("Parameter", &[("Name", name), ("Type", &kind), ("Nullable", "false")]);
        }
        def.input.iter().filter(|param| param.kind != ParamType::Origin).for_each(|param| typed(out, "Parameter", param));
        if has_response {
            out.empty("ReturnType", &[("Type", &type_name(&response(def))), ("Nullable", "false")]);
        } else if is_record(def) {
            out.empty("ReturnType", &[("Type", &type_name("crmbaseentity")), ("Nullable", "false")]);
        }
        out.end();
    }
}

fn element(def: &MessageDef) -> &'static str {
    match def.kind {
        MessageKind::Function => "Function",
        MessageKind::Action => "Action",
    }
}

fn response(def: &MessageDef) -> String {
    format!("{}Response", def.name)
}

/// CreateMultiple, UpdateMultiple and UpsertMultiple of every table.
pub(super) fn bulk_actions(out: &mut CsdlWriter, snapshot: &Snapshot) {
    out.begin("ComplexType", &[("Name", "CreateMultipleResponse")]);
    out.empty("Property", &[("Name", "Ids"), ("Type", "Collection(Edm.Guid)"), ("Nullable", "false")]);
    out.end();
    for name in ["CreateMultiple", "UpdateMultiple", "UpsertMultiple"] {
        for table in snapshot.tables() {
            let rows = collection(table.name());
            out.begin("Action", &[("Name", name), ("IsBound", "true")]);
            out.empty("Parameter", &[("Name", "entityset"), ("Type", &rows), ("Nullable", "false")]);
            out.empty("Parameter", &[("Name", "Targets"), ("Type", &rows), ("Nullable", "false")]);
            if name == "CreateMultiple" {
                out.empty("ReturnType", &[("Type", "mscrm.CreateMultipleResponse"), ("Nullable", "false")]);
            }
            out.end();
        }
    }
}

/// How the container offers the unbound messages.
pub(super) fn imports(out: &mut CsdlWriter) {
    for def in MESSAGES.iter().filter(|def| def.binding == Binding::None) {
        let name = type_name(def.name);
        match def.kind {
            MessageKind::Function => out.empty("FunctionImport", &[("Name", def.name), ("Function", &name)]),
            MessageKind::Action => out.empty("ActionImport", &[("Name", def.name), ("Action", &name)]),
        }
    }
}
