//! `$metadata` and the service document (web-api 1, 2).

mod cache;
mod definitions;
mod operations;
mod tables;

use driftless_core::Snapshot;
use driftless_model::Result;
use driftless_odata::csdl::CsdlWriter;
use driftless_odata::json::JsonWriter;

use crate::answer::{Answer, push_pieces};
use crate::call::Call;
use crate::definitions::SETS;
use crate::lower::PRINCIPALS_SET;

/// The namespace of all types.
const NAMESPACE: &str = "Microsoft.Dynamics.CRM";
/// Its short form, with which types are named inside the document.
const ALIAS: &str = "mscrm";

/// Whether the document says more than types and sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Plain,
    Annotated,
}

/// `GET $metadata`. Annotations come by `?annotations=true` or by preference.
///
/// # Errors
/// 0x80040220 when the caller may not see definitions.
pub(crate) fn document(call: &Call<'_>) -> Result<Answer> {
    if call.method != "GET" {
        return Err(call.wrong_method());
    }
    call.exchange.organization.require_member(call.exchange.caller)?;
    let asked = call.options.unknown("annotations").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let preferred = call.preferences.annotations.filter(|filter| filter.wants("Org.OData.Capabilities.V1.ChangeTracking"));
    let detail = if asked || preferred.is_some() { Detail::Annotated } else { Detail::Plain };
    let snapshot = call.exchange.snapshot();
    let text = cache::find_or(&snapshot, detail, || render(&snapshot, detail));
    let mut answer = Answer::new(200).header("Content-Type", "application/xml");
    push_pieces(&mut answer.body, text);
    Ok(answer.header_if("Preference-Applied", preferred.map(|filter| format!("odata.include-annotations=\"{}\"", filter.text()))))
}

/// The whole document.
fn render(snapshot: &Snapshot, detail: Detail) -> String {
    let mut out = CsdlWriter::new(NAMESPACE, ALIAS);
    tables::bases(&mut out);
    tables::types(&mut out, snapshot, detail);
    definitions::types(&mut out);
    definitions::complex_types(&mut out);
    operations::parameter_types(&mut out);
    operations::messages(&mut out);
    operations::bulk_actions(&mut out, snapshot);
    out.begin("EntityContainer", &[("Name", "System")]);
    tables::sets(&mut out, snapshot, detail);
    definitions::sets(&mut out);
    operations::imports(&mut out);
    out.end();
    out.finish()
}

/// `GET {root}`: the sets by name.
///
/// # Errors
/// 0x80040220 when the caller may not see definitions.
pub(crate) fn service_document(call: &Call<'_>) -> Result<Answer> {
    if call.method != "GET" {
        return Err(call.wrong_method());
    }
    call.exchange.organization.require_member(call.exchange.caller)?;
    let snapshot = call.exchange.snapshot();
    let mut names: Vec<&str> =
        snapshot.tables().map(|table| table.def.set_name.as_str()).chain(SETS.iter().map(|(name, _)| *name)).chain([PRINCIPALS_SET]).collect();
    names.sort_unstable();
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("@odata.context");
    json.text(&format!("{}$metadata", call.exchange.root));
    json.name("value");
    json.begin_array();
    for name in names {
        json.begin_object();
        for (member, text) in [("name", name), ("kind", "EntitySet"), ("url", name)] {
            json.name(member);
            json.text(text);
        }
        json.end_object();
    }
    json.end_array();
    json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), json.into_bytes()))
}

/// The name of a type inside the document.
fn type_name(name: &str) -> String {
    format!("{ALIAS}.{name}")
}

/// The name of a collection of a type inside the document.
fn collection(name: &str) -> String {
    format!("Collection({ALIAS}.{name})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 2
    fn an_organization_without_tables_still_has_the_definition_types() {
        let text = render(&Snapshot::default(), Detail::Annotated);
        for part in [
            r#"<EntityType Name="crmbaseentity" Abstract="true"/>"#,
            r#"<EntityType Name="StringAttributeMetadata" BaseType="mscrm.AttributeMetadata">"#,
            r#"<EntitySet Name="EntityDefinitions" EntityType="mscrm.EntityMetadata">"#,
            r#"<EnumType Name="OwnershipTypes" IsFlags="true">"#,
            r#"<Function Name="WhoAmI"><ReturnType Type="mscrm.WhoAmIResponse" Nullable="false"/></Function>"#,
            r#"<FunctionImport Name="WhoAmI" Function="mscrm.WhoAmI"/>"#,
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
