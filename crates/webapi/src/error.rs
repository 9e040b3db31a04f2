//! Errors: the one place where they become answers (web-api 29), and the conversions from the parsers' errors.

pub(crate) use driftless_contract::error::{no_such_property, not_offered};
use driftless_model::{Error, ErrorCode};
use driftless_odata::headers::AnnotationFilter;
use driftless_odata::json::JsonWriter;
use driftless_odata::record::ValueError;
use driftless_odata::{ParseError, ParseErrorKind};

use crate::answer::Answer;

/// The page that the service's payload errors point to.
const PAYLOAD_HELP: &str = "https://go.microsoft.com/fwlink/?linkid=2195293";

/// The error for an address, a header or a query option that cannot be read.
pub(crate) fn of_syntax(error: ParseError) -> Error {
    let code = match error.kind {
        ParseErrorKind::UnknownSegment => ErrorCode::ResourceNotFound,
        ParseErrorKind::Syntax | ParseErrorKind::Value | ParseErrorKind::Limit | ParseErrorKind::Unsupported => ErrorCode::ODataError,
    };
    Error::new(code, error.message)
}

/// The error for a body that is no JSON, or not the expected one.
pub(crate) fn of_body(resource: &str, error: &ParseError) -> Error {
    payload(resource, &error.message)
}

/// An error in a body, in the service's words around `inner` (0x80048d19).
pub(crate) fn payload(resource: &str, inner: &str) -> Error {
    Error::new(
        ErrorCode::InvalidPayload,
        format!(
            "Error identified in Payload provided by the user for Entity :'{resource}', For more information on this error please follow this help link {PAYLOAD_HELP}  ---->  InnerException : {inner}"
        ),
    )
}

/// A property in a body that the type does not have.
pub(crate) fn unknown_property(set: &str, table: &str, property: &str) -> Error {
    payload(
        set,
        &format!(
            "Microsoft.Crm.CrmException: Invalid property '{property}' was found in entity 'Microsoft.Dynamics.CRM.{table}'. ---> Microsoft.OData.ODataException: The property '{property}' does not exist on type 'Microsoft.Dynamics.CRM.{table}'. Make sure to only use property names that are defined by the type."
        ),
    )
}

/// A bind to a navigation property that the type does not have.
pub(crate) fn unknown_navigation(set: &str, property: &str) -> Error {
    payload(
        set,
        &format!(
            "Microsoft.OData.ODataException: An undeclared property '{property}' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values."
        ),
    )
}

/// A value of the wrong type in a body.
pub(crate) fn wrong_type(set: &str, property: &str, error: &ValueError) -> Error {
    payload(
        set,
        &format!(
            "Microsoft.OData.ODataException: Cannot convert the literal '{}' to the expected type '{}'. The property is '{property}'.",
            error.literal, error.expected
        ),
    )
}

/// A path segment that leads nowhere.
pub(crate) fn no_such_segment(segment: &str) -> Error {
    let segment: String = segment.chars().take(128).collect();
    Error::new(ErrorCode::ResourceNotFound, format!("Resource not found for the segment '{segment}'."))
}

/// A query option that the service does not have here.
pub(crate) fn no_such_function(name: &str) -> Error {
    let shown: String = name.chars().take(100).collect();
    Error::new(
        ErrorCode::ODataError,
        format!("An unknown function with name '{shown}' was found. A query function is named Microsoft.Dynamics.CRM and its own name."),
    )
}

/// A query option that the service does not have.
pub(crate) fn no_such_option(name: &str) -> Error {
    Error::new(ErrorCode::ODataError, format!("The query parameter {name} is not supported"))
}

/// `$ref` behind something in `$expand` that is not a lookup (web-api 18).
pub(crate) fn no_expanded_reference() -> Error {
    Error::new(ErrorCode::ODataError, "Expand with $ref is only supported on lookup type navigation property.")
}

/// A method that the resource does not have.
pub(crate) fn wrong_method(method: &str, resource: &str) -> Error {
    Error::new(ErrorCode::InvalidOperation, format!("The method {method} cannot be used on {resource}."))
}

/// The answer to a request that does not accept JSON. What the service says is JSON all the same: without a body a client could not tell why.
pub(crate) fn not_acceptable(frame: &ErrorFrame<'_>) -> Answer {
    let error = Error::new(ErrorCode::ODataError, "Only JSON is served: the header Accept must allow application/json.");
    Answer { status: 406, ..render(&error, frame) }
}

/// What an error's answer needs to know of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorFrame<'a> {
    /// The request's method.
    pub(crate) method: &'a str,
    /// Which annotations the caller wants.
    pub(crate) annotations: Option<AnnotationFilter<'a>>,
    /// The request's id as text.
    pub(crate) request_id: &'a str,
}

/// The answer for an error. Its cause, if it has one, is logged here and nowhere else.
pub(crate) fn render(error: &Error, frame: &ErrorFrame<'_>) -> Answer {
    let number = error.code().number();
    if let Some(cause) = error.cause() {
        tracing::error!(request_id = frame.request_id, method = frame.method, code = format_args!("0x{number:08x}"), %cause, "a request failed");
    }
    let mut answer = Answer::with_body(status(error, frame.method), "application/json; odata.metadata=minimal", body(error, frame))
        .header("REQ_ID", frame.request_id)
        .header_if("Retry-After", error.retry_after_s().map(|seconds| seconds.to_string()));
    if let Some(filter) = frame.annotations {
        answer = answer.header("Preference-Applied", format!("odata.include-annotations=\"{}\"", filter.text()));
    }
    answer
}

/// The HTTP status. A read that is not offered is "not implemented": its method is right for the resource.
fn status(error: &Error, method: &str) -> u16 {
    match error.code() {
        ErrorCode::NotSupported if method == "GET" => 501,
        code => code.status(),
    }
}

fn body(error: &Error, frame: &ErrorFrame<'_>) -> Vec<u8> {
    let number = error.code().number();
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("error");
    json.begin_object();
    json.name("code");
    json.text(&format!("0x{number:08x}"));
    json.name("message");
    json.text(error.message());
    if let Some(filter) = frame.annotations {
        let link = format!("http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{number:08x}&client=platform");
        for (name, value) in [
            ("Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus", "0"),
            ("Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode", "2146233088"),
            ("Microsoft.PowerApps.CDS.HelpLink", link.as_str()),
            ("Microsoft.PowerApps.CDS.TraceText", ""),
            ("Microsoft.PowerApps.CDS.InnerError.Message", error.message()),
        ] {
            if filter.wants(name) {
                json.name(&format!("@{name}"));
                json.text(value);
            }
        }
    }
    json.end_object();
    json.end_object();
    json.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame<'a>(method: &'a str, annotations: Option<&'a str>) -> ErrorFrame<'a> {
        ErrorFrame { method, annotations: annotations.map(AnnotationFilter::new), request_id: "0c" }
    }

    fn text(answer: &Answer) -> String {
        String::from_utf8(answer.body_bytes()).unwrap()
    }

    #[test] // web-api 29
    fn code_and_message_alone() {
        let answer = render(&Error::new(ErrorCode::StringLengthTooLong, "Too \"long\"."), &frame("POST", None));
        assert_eq!(answer.status, 400);
        assert_eq!(text(&answer), r#"{"error":{"code":"0x80044331","message":"Too \"long\"."}}"#);
        assert!(answer.headers.contains(&("REQ_ID", "0c".to_owned())));
    }

    #[test] // web-api 29
    fn annotations_come_when_asked_for() {
        let answer = render(&Error::of(ErrorCode::InvalidArgument), &frame("GET", Some("Microsoft.PowerApps.CDS.Help*")));
        assert!(text(&answer).ends_with(
            r#""@Microsoft.PowerApps.CDS.HelpLink":"http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a80040203&client=platform"}}"#
        ));
    }

    #[test]
    fn unsupported_reads_are_501_and_retry_after_is_carried() {
        assert_eq!(render(&not_offered("The option $apply"), &frame("GET", None)).status, 501);
        assert_eq!(render(&not_offered("The option $apply"), &frame("POST", None)).status, 405);
        let answer = render(&Error::of(ErrorCode::StoreUnavailable).retry_after(2), &frame("POST", None));
        assert!(answer.headers.contains(&("Retry-After", "2".to_owned())));
    }
}
