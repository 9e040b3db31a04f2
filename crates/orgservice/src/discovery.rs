//! The discovery service: which organizations a caller belongs to (organization-service 12). Here that is one.

use driftless_core::{Arg, Args, ComplexType, MESSAGES, MessageDef, Outputs, ParamType, Request, Response};
use driftless_model::{Error, Result};
use driftless_query::Collector;

use crate::contracts;
use crate::messages::{Exchange, results, unexpected};
use crate::namespaces::Ns;
use crate::respond;
use crate::values::not_offered;
use crate::xml::{Element, Writer};

/// What is asked where the organization's details are told.
const DETAILS: &str = "RetrieveCurrentOrganization";

/// Carries out the operation of a body and writes its answer.
///
/// # Errors
/// 0x80040315 for requests that are not there, 0x80040203 for an organization that is not ours.
pub(crate) fn run(exchange: Exchange<'_>, element: Element<'_>, writer: &mut Writer) -> Result<()> {
    let request = match element.name() {
        "Execute" => element.member("request").ok_or_else(|| Error::argument("Required field 'request' is missing."))?,
        other => return Err(not_offered(&format!("The operation '{other}'"))),
    };
    let asked = request.type_name().map(|(_, name)| name).unwrap_or_default();
    let (answer, is_list) = match asked {
        "RetrieveOrganizationsRequest" => ("RetrieveOrganizationsResponse", true),
        "RetrieveOrganizationRequest" => ("RetrieveOrganizationResponse", false),
        other => return Err(not_offered(&format!("The request '{other}'"))),
    };
    let (own, members) = details(exchange)?;
    if !is_list {
        let wanted = request.member_text("UniqueName").unwrap_or_default();
        let is_ours = members.iter().any(|(name, arg)| *name == "UniqueName" && matches!(arg, Arg::Text(name) if name.eq_ignore_ascii_case(wanted.trim())));
        if !is_ours {
            return Err(Error::argument(format!("There is no organization '{}'.", crate::values::excerpt(&wanted))));
        }
    }
    let contract = contracts::find(Ns::Discovery, "OrganizationDetail").ok_or_else(|| unexpected("an organization"))?;
    let snapshot = exchange.organization.snapshot();
    respond::operation_of(writer, Ns::Discovery, "Execute", |writer| {
        writer.open_typed("ExecuteResult", (Ns::Discovery, answer));
        if is_list {
            writer.open("d:Details");
            results::write_object(writer, ("d:OrganizationDetail", contract), own, &members, &snapshot)?;
            writer.close("d:Details");
        } else {
            results::write_object(writer, ("d:Detail", contract), own, &members, &snapshot)?;
        }
        writer.close("ExecuteResult");
        Ok(())
    })
}

/// The organization's details, as the message about it answers them.
fn details(exchange: Exchange<'_>) -> Result<(&'static ComplexType, Vec<(&'static str, Arg)>)> {
    let def: &'static MessageDef = MESSAGES.iter().find(|def| def.name == DETAILS).ok_or_else(|| unexpected("an organization"))?;
    let origin = def.input.iter().filter(|param| param.kind == ParamType::Origin).map(|param| (param.name, Arg::Text(exchange.origin.to_owned())));
    let args = Args(origin.collect());
    let response = exchange.organization.execute(exchange.caller, &mut |_| Ok(Request::Message(def, args.clone())), &mut Collector::default())?;
    match (response, def.output) {
        (Response::Outputs(Outputs(outputs)), [output]) => match (&output.kind, outputs.into_iter().next()) {
            (ParamType::Complex(own), Some((_, Arg::Complex(members)))) => Ok((own, members)),
            _ => Err(unexpected("an organization")),
        },
        _ => Err(unexpected("an organization")),
    }
}
