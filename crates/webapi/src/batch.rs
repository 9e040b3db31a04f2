//! `$batch` (web-api 23): requests one after the other, change sets as one transaction each.

use bytes::Bytes;
use driftless_model::{Error, ErrorCode, Result};
use driftless_odata::batch::{BatchAnswer, BatchItem, BatchLimits, BatchWriter, Part, parse_batch};
use driftless_odata::headers::{AnnotationFilter, Preferences};
use driftless_odata::url::{parse_root, split_query};

use crate::answer::{Answer, push_pieces};
use crate::call::{Call, Exchange, Headers};
use crate::error::{self, ErrorFrame};
use crate::respond::{act, is_bulk, run};
use crate::write::{Action, Earlier, Write};

/// `POST $batch`
///
/// # Errors
/// 0x80060888 when the batch cannot be taken apart; errors of its parts are in the answer.
pub(crate) async fn respond(call: &Call<'_>) -> Result<Answer> {
    if call.method != "POST" {
        return Err(call.wrong_method());
    }
    let limits = call.exchange.organization.limits();
    let batch_limits = BatchLimits { operations: limits.batch_requests_max, ..BatchLimits::default() };
    let items = parse_batch(call.headers.one("content-type").unwrap_or_default(), call.body, &batch_limits).map_err(error::of_syntax)?;
    let mut out = Output { writer: BatchWriter::new(call.exchange.request_id.as_bytes()), pieces: Vec::new(), bytes: 0 };
    let content_type = out.writer.content_type();
    let mut status = 200;
    for (number, item) in (1_u32..).zip(&items) {
        let failed = match item {
            _ if out.bytes > limits.bulk_body_bytes_max => {
                out.refuse(call, &Error::new(ErrorCode::RequestLengthTooLarge, "The answer to the batch is too large. Send fewer requests at once."))
            }
            BatchItem::Single(part) => {
                let answer = single(call.exchange, part).await;
                out.write(&answer, part.content_id)
            }
            BatchItem::ChangeSet(parts) => match change_set(call.exchange, parts).await {
                Ok(answers) => {
                    out.writer.begin_change_set(&change_set_id(call, number));
                    for (part, answer) in parts.iter().zip(&answers) {
                        out.write(answer, part.content_id);
                    }
                    out.writer.end_change_set();
                    None
                }
                Err(failure) => out.write(&failure.answer, failure.content_id),
            },
        };
        if let Some(failed) = failed.filter(|_| !call.preferences.continue_on_error) {
            status = if number == 1 { status_of_unbegun(failed) } else { failed };
            break;
        }
    }
    let mut answer = Answer::new(status).header("Content-Type", content_type);
    let last = out.writer.finish();
    answer.body = out.pieces;
    push_pieces(&mut answer.body, last.into());
    Ok(answer)
}

/// The status of a batch whose first request failed. Clients take other statuses as told of the batch itself, and do not read its parts (ADR 0021); of these
/// 429 and those of the service are to be tried again.
fn status_of_unbegun(failed: u16) -> u16 {
    if failed == 429 || failed >= 500 { failed } else { 400 }
}

/// What has been answered so far.
struct Output {
    writer: BatchWriter,
    pieces: Vec<Bytes>,
    bytes: usize,
}

impl Output {
    /// Writes an answer; gives its status if it is an error.
    fn write(&mut self, answer: &Answer, content_id: Option<&str>) -> Option<u16> {
        let is_error = answer.status >= 400;
        let mut headers: Vec<(&str, String)> = answer.headers.iter().map(|(name, value)| (*name, value.clone())).collect();
        for (name, value) in &mut headers {
            if *name == "Content-Type" && value.starts_with("application/json") && !is_error {
                value.push_str("; odata.streaming=true");
            }
        }
        headers.push(("OData-Version", "4.0".to_owned()));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.writer.answer(&BatchAnswer { status: answer.status, headers: &headers, body: &answer.body_bytes(), content_id });
        let written = self.writer.take();
        self.bytes += written.len();
        push_pieces(&mut self.pieces, written.into());
        is_error.then_some(answer.status)
    }

    fn refuse(&mut self, call: &Call<'_>, error: &Error) -> Option<u16> {
        let request_id = call.exchange.request_id.to_string();
        self.write(&error::render(error, &ErrorFrame { method: call.method, annotations: None, request_id: &request_id }), None)
    }
}

/// A request outside any change set.
async fn single(exchange: &Exchange<'_>, part: &Part<'_>) -> Answer {
    carry_out(exchange, part).await.unwrap_or_else(|error| refusal(exchange, part, &error))
}

async fn carry_out(exchange: &Exchange<'_>, part: &Part<'_>) -> Result<Answer> {
    let acting = Headers(&part.headers).caller(exchange.organization, exchange.caller)?;
    let acting = acting.as_ref().map(|caller| Exchange { caller, root: exchange.root.clone(), ..*exchange });
    run(&parsed(acting.as_ref().unwrap_or(exchange), part)?).await
}

/// The one answer to a change set that failed: that of the request which did, under its Content-ID (web-api 23).
struct Failure<'a> {
    answer: Answer,
    content_id: Option<&'a str>,
}

/// The requests of a change set in one transaction; an error is answered once for all of them.
async fn change_set<'a>(exchange: &Exchange<'_>, parts: &[Part<'a>]) -> Result<Vec<Answer>, Failure<'a>> {
    let Some(first) = parts.first() else { return Ok(Vec::new()) };
    let at = |part: &Part<'a>, error: &Error| Failure { answer: refusal(exchange, part, error), content_id: part.content_id };
    let mut calls = Vec::with_capacity(parts.len());
    for part in parts {
        as_all(exchange, part).map_err(|error| at(part, &error))?;
        calls.push(parsed(exchange, part).map_err(|error| at(part, &error))?);
    }
    let mut writes: Vec<Write<'_>> = Vec::with_capacity(parts.len());
    for (part, call) in parts.iter().zip(&calls) {
        match act(call) {
            Ok(Action::Write(write)) => writes.push(write),
            Ok(Action::Answer(_)) => {
                return Err(at(part, &Error::new(ErrorCode::ODataError, "A change set may hold requests that write rows or definitions only.")));
            }
            Err(error) => return Err(at(part, &error)),
        }
    }
    let lower = |snapshot: &_| {
        let mut earlier = Earlier::default();
        let mut requests = Vec::with_capacity(writes.len());
        for (number, (part, write)) in parts.iter().zip(&writes).enumerate() {
            let request = (write.lower)(snapshot, &earlier).map_err(|error| error.in_request(number))?;
            earlier.push(part.content_id, &request);
            requests.push(request);
        }
        Ok(requests)
    };
    let responses = exchange.organization.perform_all(exchange.caller, lower).await;
    let responses = responses.map_err(|error| match error.request().and_then(|number| parts.get(number)) {
        Some(part) => at(part, &error),
        // No single request failed, for example when the commit did.
        None => Failure { answer: refusal(exchange, first, &error), content_id: None },
    })?;
    let rendered = parts.iter().zip(writes).zip(responses).map(|((part, write), response)| (write.render)(response).map_err(|error| at(part, &error)));
    rendered.collect()
}

/// Refuses a part of a change set that is made for another user than the batch: a transaction has one caller.
fn as_all(exchange: &Exchange<'_>, part: &Part<'_>) -> Result<()> {
    match Headers(&part.headers).caller(exchange.organization, exchange.caller)? {
        Some(acting) if acting != *exchange.caller => {
            Err(Error::new(ErrorCode::ODataError, "The requests of a change set are made for one user: name them in the headers of the batch."))
        }
        _ => Ok(()),
    }
}

fn parsed<'a>(exchange: &'a Exchange<'a>, part: &'a Part<'a>) -> Result<Call<'a>> {
    refuse_too_large(exchange, part)?;
    Call::parse(exchange, part.method, resource(part.url), Headers(&part.headers), part.body)
}

/// Refuses a part that is larger than a request of its own may be: for addresses the limit is another one, for bodies the same (SEC-01, SEC-03).
fn refuse_too_large(exchange: &Exchange<'_>, part: &Part<'_>) -> Result<()> {
    if has_long_address(exchange, part) {
        return Err(Error::new(ErrorCode::RequestLengthTooLarge, "Request message length is too large: the URL has too many characters."));
    }
    let limits = exchange.organization.limits();
    let (path, _) = split_query(part.url);
    let most = if is_bulk(part.method, path) { limits.bulk_body_bytes_max } else { limits.body_bytes_max };
    if part.body.len() > most { Err(Error::of(ErrorCode::RequestLengthTooLarge)) } else { Ok(()) }
}

fn has_long_address(exchange: &Exchange<'_>, part: &Part<'_>) -> bool {
    part.url.len() > exchange.organization.limits().batch_address_bytes_max
}

/// The address behind the service root: parts write it absolute, from the host, or relative to the root.
fn resource(url: &str) -> &str {
    let path = match url.find("://").filter(|at| url.get(..*at).is_some_and(|scheme| scheme.bytes().all(|b| b.is_ascii_alphabetic()))) {
        Some(at) => {
            let host = url.get(at + 3..).unwrap_or_default();
            host.find('/').and_then(|slash| host.get(slash..)).unwrap_or_default()
        }
        None => url,
    };
    parse_root(path).map_or(path, |root| root.rest)
}

fn refusal(exchange: &Exchange<'_>, part: &Part<'_>, error: &Error) -> Answer {
    let annotations: Option<AnnotationFilter<'_>> = Preferences::parse(part.header_values("prefer")).ok().and_then(|preferences| preferences.annotations);
    let request_id = exchange.request_id.to_string();
    let answer = error::render(error, &ErrorFrame { method: part.method, annotations, request_id: &request_id });
    // One code stands for everything that is too long; addresses have a status of their own.
    if has_long_address(exchange, part) { Answer { status: 414, ..answer } } else { answer }
}

/// The boundary of the n-th item's answer: the batch's id with the number in it.
fn change_set_id(call: &Call<'_>, number: u32) -> [u8; 16] {
    let mut id = *call.exchange.request_id.as_bytes();
    for (byte, own) in id.iter_mut().zip(number.to_be_bytes()) {
        *byte ^= own;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 23
    fn addresses_of_parts() {
        for (url, expected) in [
            ("https://h:8443/api/data/v9.2/accounts(1)?$select=a", "accounts(1)?$select=a"),
            ("/api/data/v9.2/accounts", "accounts"),
            ("/org/api/data/v9.0/accounts", "accounts"),
            ("accounts?$filter=a eq 'x://y/'", "accounts?$filter=a eq 'x://y/'"),
            ("$1/name", "$1/name"),
        ] {
            assert_eq!(resource(url), expected);
        }
    }
}
