//! The entry: from an HTTP request to an HTTP response, in named steps.

use std::sync::Arc;

use bytes::Bytes;
use driftless_core::Organization;
use driftless_model::{Caller, Error, Result};
use driftless_odata::headers::Preferences;
use driftless_odata::url::{Segment, parse_root, split_query};
use driftless_query::Collector;
use http::{Request, Response};

use crate::answer::Answer;
use crate::call::{Call, Exchange, Headers, RequestId};
use crate::error::{self, ErrorFrame};
use crate::messages::On;
use crate::write::{Action, Earlier};
use crate::{batch, definitions, messages, metadata, records};

/// Answers one request of the Web API whole, in pieces of at most 64 KiB.
///
/// `origin` is scheme and authority as the client used them, without a slash at the end: links repeat it, and the form of the path before the resource. The id
/// under which errors are logged is the [`RequestId`] among the request's extensions.
pub async fn respond(organization: &Arc<Organization>, caller: &Arc<Caller>, request: &Request<Bytes>, origin: &str) -> Response<Vec<Bytes>> {
    let outcome = answer(organization, caller, request, origin).await;
    outcome.map_or_else(|error| refuse(request, &error), Answer::into_response)
}

async fn answer(organization: &Arc<Organization>, caller: &Arc<Caller>, request: &Request<Bytes>, origin: &str) -> Result<Answer> {
    let request_id = request.extensions().get::<RequestId>().copied().unwrap_or_default().0;
    let address = request.uri().path_and_query().map_or("/", |address| address.as_str());
    // A header that is not text cannot be one that counts.
    let headers: Vec<(&str, &str)> =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?))).collect();
    let headers = Headers(&headers);
    let (root, resource) = root(address, origin).ok_or_else(|| error::no_such_segment(split_query(address).0))?;
    let acting = headers.caller(organization, caller)?;
    let exchange = Exchange { organization, caller: acting.as_ref().unwrap_or(caller), origin, root, request_id };
    let call = Call::parse(&exchange, request.method().as_str(), resource, headers, request.body())?;
    match call.path.as_slice() {
        [Segment::Batch] => batch::respond(&call).await,
        _ => run(&call).await,
    }
}

/// The answer to a request that is refused with `error`, before or while it is carried out.
pub fn refuse(request: &Request<Bytes>, error: &Error) -> Response<Vec<Bytes>> {
    let request_id = request.extensions().get::<RequestId>().copied().unwrap_or_default().0.to_string();
    let prefer = request.headers().get_all("prefer").iter().filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
    let annotations = Preferences::parse(prefer).ok().and_then(|preferences| preferences.annotations);
    let method = request.method().as_str();
    error::render(error, &ErrorFrame { method, annotations, request_id: &request_id }).into_response()
}

/// True for requests whose bodies may have the larger size: batches, bulk actions, solution packages and the bytes of files (SEC-03).
pub fn is_bulk(method: &str, path: &str) -> bool {
    let mut segments = path.trim_end_matches('/').rsplit('/');
    let (last, row) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    match method {
        "POST" => {
            matches!(last, "$batch" | "%24batch" | "StageSolution" | "CreateEntities") || last.ends_with("Multiple") || last.starts_with("ImportSolution")
        }
        // `set(key)/column`
        "PATCH" | "PUT" => row.ends_with(')') && !last.contains(['(', '$']),
        _ => false,
    }
}

/// The absolute service root, and the address behind it with its query.
fn root<'a>(address: &'a str, origin: &str) -> Option<(String, &'a str)> {
    let (path, query) = split_query(address);
    let root = parse_root(path)?;
    let behind = root.rest.len() + query.map_or(0, |query| query.len() + 1);
    let resource = address.len().checked_sub(behind).and_then(|at| address.get(at..))?;
    let organization = root.organization.map(|name| format!("/{name}")).unwrap_or_default();
    Some((format!("{origin}{organization}/api/data/{}/", root.version), resource))
}

/// Carries out one request.
///
/// # Errors
/// Whatever it is refused with.
pub(crate) async fn run(call: &Call<'_>) -> Result<Answer> {
    if !call.format.accepts_json && !matches!(call.path.as_slice(), [Segment::Metadata] | [.., Segment::Count | Segment::Value]) {
        let request_id = call.exchange.request_id.to_string();
        let frame = ErrorFrame { method: call.method, annotations: call.preferences.annotations, request_id: &request_id };
        return Ok(error::not_acceptable(&frame));
    }
    match act(call)? {
        Action::Answer(answer) => Ok(answer),
        Action::Write(write) => {
            let lower = |snapshot: &_| (write.lower)(snapshot, &Earlier::default());
            let response = call.exchange.organization.perform(call.exchange.caller, lower, &mut Collector::default()).await?;
            (write.render)(response)
        }
    }
}

/// Finds out what a request is: reads are answered, writes are handed back to be run alone or with others.
///
/// # Errors
/// Whatever it is refused with.
pub(crate) fn act<'a>(call: &'a Call<'a>) -> Result<Action<'a>> {
    match call.path.as_slice() {
        [] => metadata::service_document(call).map(Action::Answer),
        [Segment::Metadata] => metadata::document(call).map(Action::Answer),
        [Segment::Named(first), ..] if definitions::is_set(&first.name) => definitions::act(call),
        [Segment::Named(first)] => match messages::find(&first.name) {
            Some(def) => messages::act(call, def, On::Nothing, first),
            None => records::act(call),
        },
        [first, Segment::Named(operation)] => match messages::find_bound(call, first, &operation.name)? {
            Some((def, on)) => messages::act(call, def, on, operation),
            None => records::act(call),
        },
        _ => records::act(call),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 1
    fn roots_repeat_what_the_client_used() {
        for (address, expected) in [
            ("/api/data/v9.2/accounts(k='a?b')?$top=1", Some(("http://h:1/api/data/v9.2/", "accounts(k='a?b')?$top=1"))),
            ("/org/api/data/v8.0/", Some(("http://h:1/org/api/data/v8.0/", ""))),
            ("/api/data/v9.2?$top=1", Some(("http://h:1/api/data/v9.2/", "?$top=1"))),
            ("/api/data/v9.9/x", None),
        ] {
            let found = root(address, "http://h:1");
            assert_eq!(found.as_ref().map(|(root, resource)| (root.as_str(), *resource)), expected, "{address}");
        }
    }

    #[test] // SEC-03
    fn bulk_requests_are_told_by_method_and_path() {
        assert!(is_bulk("POST", "/api/data/v9.2/$batch"));
        assert!(is_bulk("POST", "/api/data/v9.2/accounts/Microsoft.Dynamics.CRM.CreateMultiple"));
        assert!(is_bulk("POST", "/api/data/v9.2/ImportSolutionAsync"));
        assert!(!is_bulk("POST", "/api/data/v9.2/accounts"));
        assert!(!is_bulk("GET", "/api/data/v9.2/$batch"));
        assert!(is_bulk("PATCH", "/api/data/v9.2/new_cargoes(7d0c0000-0000-0000-0000-000000000001)/new_bill"));
        assert!(!is_bulk("PATCH", "/api/data/v9.2/new_cargoes(7d0c0000-0000-0000-0000-000000000001)"));
        assert!(!is_bulk("PUT", "/api/data/v9.2/new_cargoes(1)/parentcustomerid/$ref"));
    }
}
