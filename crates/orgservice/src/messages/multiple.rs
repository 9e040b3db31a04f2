//! Several messages in one: ExecuteMultiple, one after the other, and ExecuteTransaction, all or nothing (organization-service 8.6, 8.7).

use driftless_core::Snapshot;
use driftless_model::{Error, ErrorCode, Result};

use super::{Act, Exchange, Known, Message, flag, not_here, pair_begin, pair_end, response, simple_pair};
use crate::fault;
use crate::namespaces::Ns;
use crate::xml::Element;

/// Messages that may not stand in others.
const NOT_NESTED: [&str; 2] = ["ExecuteMultiple", "ExecuteTransaction"];

/// The messages of a collection.
///
/// # Errors
/// 0x80040203 for more than the limit.
fn requests<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Vec<Message<'a>>> {
    let requests: Vec<_> = message.require("Requests")?.children().map(Message::new).collect();
    let most = exchange.organization.limits().batch_requests_max;
    if requests.len() > most {
        return Err(not_here(&format!("The request batch size exceeds the maximum batch size allowed: {} requests, at most {most}.", requests.len())));
    }
    Ok(requests)
}

/// Refuses to add to an answer that is large already: it lies in memory whole.
///
/// # Errors
/// 0x8004418a.
pub(super) fn check_size(exchange: Exchange<'_>, bytes: usize) -> Result<()> {
    if bytes <= exchange.organization.limits().bulk_body_bytes_max {
        return Ok(());
    }
    Err(Error::new(ErrorCode::RequestLengthTooLarge, "The answer to the requests is too large. Send fewer requests at once."))
}

/// What a message in a collection does.
fn inner<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Known<'a>> {
    let name = message.name()?;
    if NOT_NESTED.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
        return Err(not_here("An ExecuteMultiple or ExecuteTransaction request cannot stand in another one."));
    }
    message.act(exchange)
}

pub(super) fn execute_multiple<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let requests = requests(exchange, message)?;
    let settings = message.require("Settings")?;
    let setting = |name| settings.member(name).map_or(Ok(false), |element: Element<'_>| flag(element, name));
    let (goes_on, answers) = (setting("ContinueOnError")?, setting("ReturnResponses")?);
    Ok(Act::read(move |writer| {
        // The flag comes first and is known last: it has the same length either way but for one letter, so the items are written apart.
        let mut items = crate::xml::Writer::default();
        let mut is_faulted = false;
        for (number, request) in requests.into_iter().enumerate() {
            let begun = items.len();
            items.raw("<l:ExecuteMultipleResponseItem><l:Fault i:nil=\"true\"/><l:RequestIndex>");
            items.raw(&number.to_string());
            items.raw("</l:RequestIndex>");
            // The requests before this one have been carried out, so their answers stand.
            let outcome =
                check_size(exchange, begun).and_then(|()| pollster::block_on(inner(exchange, request)?.carry_out(exchange, "l:Response"))?(&mut items));
            match outcome {
                Ok(()) if answers => items.raw("</l:ExecuteMultipleResponseItem>"),
                Ok(()) => items.truncate(begun),
                Err(error) => {
                    is_faulted = true;
                    items.truncate(begun);
                    items.raw("<l:ExecuteMultipleResponseItem><l:Fault>");
                    fault::members(&mut items, exchange, &error);
                    items.raw("</l:Fault><l:RequestIndex>");
                    items.raw(&number.to_string());
                    items.raw("</l:RequestIndex><l:Response i:nil=\"true\"/></l:ExecuteMultipleResponseItem>");
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        simple_pair(writer, "IsFaulted", (Ns::Schema, "boolean"), if is_faulted { "true" } else { "false" });
        pair_begin(writer, "Responses", (Ns::Contracts2012, "OrganizationResponseCollection"));
        writer.bytes().append(&mut items.into_bytes());
        pair_end(writer);
        Ok(())
    }))
}

pub(super) fn execute_transaction<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let requests = requests(exchange, message)?;
    let answers = message.flag("ReturnResponses")?;
    let mut writes = Vec::with_capacity(requests.len());
    for (number, request) in requests.into_iter().enumerate() {
        let known = inner(exchange, request).map_err(|error| error.in_request(number))?;
        match known.act {
            Act::Write(write) => writes.push((known.name, known.ns, write)),
            Act::Read(_) => {
                return Err(not_here(&format!("The message '{}' reads: an ExecuteTransaction may hold writes only.", known.name)).in_request(number));
            }
        }
    }
    Ok(Act::read(move |writer| {
        let mut lower = |snapshot: &std::sync::Arc<Snapshot>| {
            let lowered = writes.iter().enumerate().map(|(number, (_, _, write))| (write.lower)(snapshot).map_err(|error: Error| error.in_request(number)));
            lowered.collect::<Result<Vec<_>>>()
        };
        let responses = exchange.organization.execute_all(exchange.caller, &mut lower)?;
        pair_begin(writer, "Responses", (Ns::Contracts71, "OrganizationResponseCollection"));
        for ((name, ns, write), result) in writes.iter().zip(responses).filter(|_| answers) {
            response(writer, "k:OrganizationResponse", name, *ns, |writer| (write.results)(result, writer))?;
        }
        pair_end(writer);
        Ok(())
    }))
}
