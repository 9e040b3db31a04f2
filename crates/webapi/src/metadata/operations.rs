//! Functions and actions (web-api 2, 24, 28): messages from the organization's list, and the bulk actions of every table.

use std::collections::BTreeSet;

use driftless_core::{MESSAGES, MessageDef, MessageKind, Param, ParamType, Snapshot};
use driftless_odata::csdl::CsdlWriter;

use super::{collection, type_name};
use crate::messages::edm_type;

/// The unbound messages; the type of an answer stands directly above its operation.
pub(super) fn messages(out: &mut CsdlWriter) {
    let mut known = BTreeSet::new();
    for def in MESSAGES {
        def.input.iter().chain(def.output).for_each(|param| complex_types(out, param.kind, &mut known));
        if !def.output.is_empty() {
            complex_type(out, &response(def), def.output);
        }
        out.begin(element(def), &[("Name", def.name)]);
        for param in def.input {
            out.empty("Parameter", &[("Name", param.name), ("Type", &edm_type(param.kind)), ("Nullable", if param.required { "false" } else { "true" })]);
        }
        if !def.output.is_empty() {
            out.empty("ReturnType", &[("Type", &type_name(&response(def))), ("Nullable", "false")]);
        }
        out.end();
    }
}

/// The complex types that a type is made of, each once.
fn complex_types(out: &mut CsdlWriter, kind: ParamType, known: &mut BTreeSet<&'static str>) {
    match kind {
        ParamType::List(item) => complex_types(out, *item, known),
        ParamType::Complex(complex) if known.insert(complex.name) => {
            complex.members.iter().for_each(|member| complex_types(out, member.kind, known));
            complex_type(out, complex.name, complex.members);
        }
        _ => {}
    }
}

fn complex_type(out: &mut CsdlWriter, name: &str, members: &[Param]) {
    out.begin("ComplexType", &[("Name", name)]);
    for param in members {
        out.empty("Property", &[("Name", param.name), ("Type", &edm_type(param.kind)), ("Nullable", if param.required { "false" } else { "true" })]);
    }
    out.end();
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
    for def in MESSAGES {
        let name = type_name(def.name);
        match def.kind {
            MessageKind::Function => out.empty("FunctionImport", &[("Name", def.name), ("Function", &name)]),
            MessageKind::Action => out.empty("ActionImport", &[("Name", def.name), ("Action", &name)]),
        }
    }
}
