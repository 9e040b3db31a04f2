//! The entry: from an HTTP request to an HTTP response (organization-service 3).

use std::sync::Arc;

use bytes::Bytes;
use driftless_core::{OnBehalf, Organization};
use driftless_model::{Caller, Error, Result, Uuid};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use crate::discovery;
use crate::fault::{self, Occasion};
use crate::messages::Exchange;
use crate::namespaces::Ns;
use crate::operations;
use crate::records::id_of;
use crate::route::Service;
use crate::values::not_offered;
use crate::wsdl;
use crate::xml::{self, Element, Limits, Writer, XSI_ADDRESS};

/// Where the envelopes of SOAP 1.1 are.
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// What stands before the name of an operation in `SOAPAction`.
const ACTION: &str = "http://schemas.microsoft.com/xrm/2011/Contracts/Services/IOrganizationService/";
/// The end of every envelope.
pub(crate) const ENVELOPE_END: &str = "</s:Body></s:Envelope>";

/// Answers one request of the Organization Service.
///
/// `origin` is scheme and authority as the client used them, without a slash at the end.
pub async fn respond(organization: &Arc<Organization>, caller: &Arc<Caller>, request: &Request<Bytes>, origin: &str, request_id: Uuid) -> Response<Vec<Bytes>> {
    let Some(service) = Service::of(request.uri().path()) else { return plain(StatusCode::NOT_FOUND, "There is no such service.") };
    let answered = match *request.method() {
        Method::POST => answer(organization, caller, request, origin, request_id, service).await.map(|body| envelope(StatusCode::OK, body)),
        Method::GET => Ok(match wsdl::document(service, request.uri().query().unwrap_or_default(), origin, request.uri().path()) {
            Some(document) => envelope(StatusCode::OK, document.into_bytes()),
            None => plain(StatusCode::OK, "The Organization Service is called with POST; its description is at ?wsdl."),
        }),
        _ => Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "The Organization Service is called with POST.")),
    };
    answered.unwrap_or_else(|error| refuse(organization, service, &error, request_id))
}

/// The fault for an error, before or while a request is carried out. A client reads it only under the status 500.
pub fn refuse(organization: &Organization, service: Service, error: &Error, request_id: Uuid) -> Response<Vec<Bytes>> {
    let occasion = Occasion { service, request_id, now_ms: organization.environment().now_ms() };
    envelope(StatusCode::INTERNAL_SERVER_ERROR, fault::envelope(error, occasion))
}

/// Most bytes of one piece of an answer.
const PIECE_BYTES_MAX: usize = 64 << 10;

fn envelope(status: StatusCode, body: Vec<u8>) -> Response<Vec<Bytes>> {
    let mut rest = Bytes::from(body);
    let mut pieces = Vec::with_capacity(rest.len() / PIECE_BYTES_MAX + 1);
    while rest.len() > PIECE_BYTES_MAX {
        pieces.push(rest.split_to(PIECE_BYTES_MAX));
    }
    pieces.push(rest);
    let mut response = Response::new(pieces);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Vec<Bytes>> {
    let mut response = Response::new(vec![Bytes::from_static(text.as_bytes())]);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

async fn answer(
    organization: &Arc<Organization>,
    caller: &Arc<Caller>,
    request: &Request<Bytes>,
    origin: &str,
    request_id: Uuid,
    service: Service,
) -> Result<Vec<u8>> {
    let limits = organization.limits();
    let text = xml::text(request.body())?;
    let document = xml::document(&text, Limits { nodes: limits.xml_nodes_max, depth: limits.xml_depth_max })?;
    let root = Element::root(&document);
    if root.name() != "Envelope" || root.namespace() != SOAP {
        return Err(Error::argument("The body must be an envelope of SOAP 1.1."));
    }
    let body = root.member("Body").ok_or_else(|| Error::argument("The envelope must have a Body."))?;
    let element = body.children().next().ok_or_else(|| Error::argument("The Body of the envelope must have an operation."))?;
    let acting = on_behalf(organization, caller, request.headers(), root.member("Header"))?;
    let exchange = Exchange { organization, caller: acting.as_ref().unwrap_or(caller), origin, request_id };
    let mut writer = Writer::default();
    envelope_begin(&mut writer);
    match service {
        Service::Organization => operations::run(exchange, operation_name(request.headers(), element)?, element, &mut writer).await?,
        Service::Discovery => discovery::run(exchange, element, &mut writer)?,
    }
    writer.raw(ENVELOPE_END);
    Ok(writer.into_bytes())
}

/// The operation that the action names, else the element.
fn operation_name<'a>(headers: &'a HeaderMap, element: Element<'a>) -> Result<&'a str> {
    let action = headers.get("soapaction").and_then(|value| value.to_str().ok()).map(|text| text.trim().trim_matches('"')).filter(|text| !text.is_empty());
    match action {
        None => Ok(element.name()),
        Some(action) => action.strip_prefix(ACTION).ok_or_else(|| not_offered(&format!("The action '{action}'"))),
    }
}

/// The caller who acts for the user that headers name, of the envelope or of the request; the user before the directory object (organization-service 3.2).
fn on_behalf(organization: &Organization, caller: &Arc<Caller>, headers: &HeaderMap, envelope: Option<Element<'_>>) -> Result<Option<Arc<Caller>>> {
    let http = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let soap = |name: &str| envelope.and_then(|header| header.member_text(name)).map(|text| text.into_owned());
    for (of, names) in
        [(OnBehalf::User as fn(Uuid) -> OnBehalf, ["CallerId", "mscrmcallerid"]), (OnBehalf::DirectoryObject, ["CallerObjectId", "callerobjectid"])]
    {
        let text = soap(names[0]).filter(|text| !text.trim().is_empty()).or_else(|| http(names[1]));
        if let Some(id) = text.map(|text| id_of(&text)).transpose()?.flatten() {
            return organization.on_behalf(caller, of(id)).map(Some);
        }
    }
    Ok(None)
}

/// Writes an envelope up to the content of its body.
pub(crate) fn envelope_begin(writer: &mut Writer) {
    for part in ["<s:Envelope xmlns:s=\"", SOAP, "\"><s:Body>"] {
        writer.raw(part);
    }
}

/// Writes the answer to an operation around `content`, with every prefix that answers use.
///
/// # Errors
/// Those of `content`.
pub(crate) fn operation(writer: &mut Writer, name: &str, content: impl FnOnce(&mut Writer) -> Result<()>) -> Result<()> {
    operation_of(writer, Ns::Services, name, content)
}

/// The same for an operation of another service.
///
/// # Errors
/// Those of `content`.
pub(crate) fn operation_of(writer: &mut Writer, own: Ns, name: &str, content: impl FnOnce(&mut Writer) -> Result<()>) -> Result<()> {
    let element = format!("{name}Response");
    for part in ["<", &element, " xmlns=\"", own.address(), "\""] {
        writer.raw(part);
    }
    declarations(writer);
    writer.raw(">");
    content(writer)?;
    writer.close(&element);
    Ok(())
}

/// Writes the declarations of all prefixes into a start tag. The operations' own namespace has none: it is the default one where it is used.
pub(crate) fn declarations(writer: &mut Writer) {
    for ns in Ns::ALL.into_iter().filter(|ns| *ns != Ns::Services) {
        for part in [" xmlns:", ns.prefix(), "=\"", ns.address(), "\""] {
            writer.raw(part);
        }
    }
    for part in [" xmlns:i=\"", XSI_ADDRESS, "\""] {
        writer.raw(part);
    }
}
