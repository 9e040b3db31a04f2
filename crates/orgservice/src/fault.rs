//! Faults: the one place where errors become envelopes (organization-service 9).

use std::borrow::Cow;

use driftless_model::{Error, ErrorCode};

use crate::messages::Exchange;
use crate::namespaces::Ns;
use crate::respond::{self, ENVELOPE_END};
use crate::route::Service;
use crate::xml::{Writer, XSI_ADDRESS};

/// What stands in the place of an error that callers shall not see.
const INTERNAL: &str = "The server was unable to process the request due to an internal error.";

/// The number that .NET gives to exceptions of the service.
const SUB_ERROR: &str = "-2146233088";

/// When and for which request a fault is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion {
    pub(crate) service: Service,
    pub(crate) request_id: driftless_model::Uuid,
    /// Milliseconds since 1970-01-01.
    pub(crate) now_ms: i64,
}

/// The envelope of a fault. Its cause, if it has one, is logged here and nowhere else.
pub(crate) fn envelope(error: &Error, occasion: Occasion) -> Vec<u8> {
    log(error, occasion);
    let mut writer = Writer::default();
    respond::envelope_begin(&mut writer);
    writer.raw("<s:Fault><faultcode>");
    if is_internal(error) {
        writer.raw("s:InternalServiceFault</faultcode>");
        fault_string(&mut writer, INTERNAL);
    } else {
        writer.raw("s:Client</faultcode>");
        fault_string(&mut writer, &legible(error.message()));
        writer.raw("<detail>");
        detail(&mut writer, error, occasion);
        writer.raw("</detail>");
    }
    writer.raw("</s:Fault>");
    writer.raw(ENVELOPE_END);
    writer.into_bytes()
}

fn log(error: &Error, occasion: Occasion) {
    if let Some(cause) = error.cause() {
        let request_id = occasion.request_id;
        tracing::error!(%request_id, code = format_args!("0x{:08x}", error.code().number()), %cause, "a request failed");
    }
}

/// True for failures of the service itself: these have no detail.
fn is_internal(error: &Error) -> bool {
    error.code() == ErrorCode::UnExpected && error.cause().is_some()
}

fn fault_string(writer: &mut Writer, text: &str) {
    writer.raw("<faultstring xml:lang=\"en-US\">");
    writer.text(text);
    writer.raw("</faultstring>");
}

/// A sentence in which what XML cannot hold became U+FFFD: it may repeat what a client sent, and a fault that cannot be read tells nothing.
fn legible(text: &str) -> Cow<'_, str> {
    let is_foreign = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_foreign) { Cow::Owned(text.replace(is_foreign, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

fn detail(writer: &mut Writer, error: &Error, occasion: Occasion) {
    let name = match occasion.service {
        Service::Organization => "a:OrganizationServiceFault",
        Service::Discovery => "a:DiscoveryServiceFault",
    };
    writer.raw("<");
    writer.raw(name);
    let request = error.request();
    if request.is_some() {
        writer.raw(" i:type=\"k:ExecuteTransactionFault\"");
    }
    for (prefix, address) in [
        ("a", Ns::Contracts.address()),
        ("g", Ns::Generic.address()),
        ("x", Ns::Schema.address()),
        ("e", Ns::Serialization.address()),
        ("k", Ns::Contracts71.address()),
        ("i", XSI_ADDRESS),
    ] {
        for part in [" xmlns:", prefix, "=\"", address, "\""] {
            writer.raw(part);
        }
    }
    writer.raw(">");
    write_members(writer, error, occasion);
    if let Some(number) = request {
        writer.element("k:FaultedRequestIndex", &number.to_string());
    }
    writer.close(name);
}

/// The members of an `OrganizationServiceFault` in the answer to several messages.
pub(crate) fn members(writer: &mut Writer, exchange: Exchange<'_>, error: &Error) {
    let occasion = Occasion { service: Service::Organization, request_id: exchange.request_id, now_ms: exchange.organization.environment().now_ms() };
    log(error, occasion);
    write_members(writer, error, occasion);
}

fn write_members(writer: &mut Writer, error: &Error, occasion: Occasion) {
    let message = if is_internal(error) { Cow::Borrowed(INTERNAL) } else { legible(error.message()) };
    writer.element("a:ActivityId", &occasion.request_id.to_string());
    writer.element("a:ErrorCode", &error.code().number().cast_signed().to_string());
    writer.raw("<a:ErrorDetails>");
    for (key, text) in [("OperationStatus", "0"), ("SubErrorCode", SUB_ERROR)] {
        crate::messages::simple_pair(writer, key, (Ns::Schema, "string"), text);
    }
    if let Some(seconds) = error.retry_after_s() {
        // Clients wait only for what they can read as a span of time.
        crate::messages::simple_pair(writer, "Retry-After", (Ns::Serialization, "duration"), &format!("PT{seconds}S"));
    }
    writer.raw("</a:ErrorDetails>");
    writer.nil("a:HelpLink");
    writer.element("a:Message", &message);
    writer.element("a:Timestamp", &timestamp(occasion.now_ms));
    if occasion.service == Service::Discovery {
        writer.nil("a:InnerFault");
        return;
    }
    writer.raw("<a:ExceptionRetriable>false</a:ExceptionRetriable>");
    for name in ["a:ExceptionSource", "a:InnerFault", "a:OriginalException", "a:TraceText"] {
        writer.nil(name);
    }
}

/// A moment with seven digits of a second, as .NET writes it.
fn timestamp(now_ms: i64) -> String {
    let mut text = Vec::new();
    driftless_model::literal::print::push_date_time(&mut text, now_ms.div_euclid(1_000));
    let text = String::from_utf8(text).unwrap_or_default();
    format!("{}.{:03}0000Z", text.trim_end_matches('Z'), now_ms.rem_euclid(1_000))
}

#[cfg(test)]
mod tests {
    use driftless_model::Uuid;

    use super::*;

    #[test] // organization-service 9
    fn a_fault_is_read_whatever_its_sentence_repeats() {
        let occasion = Occasion { service: Service::Organization, request_id: Uuid::nil(), now_ms: 0 };
        let text = String::from_utf8(envelope(&Error::argument("not '\u{11}' or '\u{fffe}' but\t<é>"), occasion)).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let find = |name: &str| document.descendants().find(|node| node.tag_name().name() == name).and_then(|node| node.text());
        assert_eq!(find("faultstring"), Some("not '\u{fffd}' or '\u{fffd}' but\t<é>"));
        assert_eq!(find("faultstring"), find("Message"));
    }
}
