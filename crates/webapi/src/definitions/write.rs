//! Writes of definitions: POST makes, PUT replaces, DELETE removes (web-api 26.1).

use driftless_contract::definitions::{self, Node, Source, View, read};
use driftless_core::metadata::Origin;
use driftless_core::{Define, Request, Response, Snapshot};
use driftless_model::Result;
use driftless_odata::json::{Json, JsonLimits};
use driftless_odata::url::Segment;

use super::json;
use super::path::follow;
use crate::answer::Answer;
use crate::call::Call;
use crate::error;
use crate::write::{Write, unexpected};

/// `POST` to a set or to the parts of a table.
///
/// # Errors
/// 0x80048d19 when the body is malformed.
pub(super) fn create<'a>(call: &'a Call<'a>) -> Result<Write<'a>> {
    let body = object(call)?;
    Ok(Write::new(
        move |snapshot, _| creation(call, snapshot, &json::node(&body)?).map_err(json::in_body).map(Request::Define),
        move |response| {
            let Response::Defined(id) = response else { return Err(unexpected("a new definition")) };
            // The parent stays as the client addressed it: one reads the id from the first group of digits in parentheses (web-api 5).
            let address = format!("{}({id})", call.address().trim_end_matches('/'));
            Ok(Answer::no_content().header("OData-EntityId", address.clone()).header("Location", address))
        },
    ))
}

fn creation(call: &Call<'_>, snapshot: &Snapshot, body: &Node<'_>) -> Result<Define> {
    let view = View { snapshot, language: call.exchange.caller.language };
    let origin = Origin::Customizer { solution: call.solution().map(str::to_owned) };
    let (parent, last) = match call.path.as_slice() {
        [Segment::Named(set)] if set.key.is_none() => (None, set.name.as_ref()),
        [before @ .., Segment::Named(last)] if last.key.is_none() => (follow(view, before)?.found.source(), last.name.as_ref()),
        _ => return Err(call.wrong_method()),
    };
    Ok(match (parent, last) {
        (None, "EntityDefinitions") => Define::CreateTable(read::table(snapshot, body)?, origin),
        (None, "RelationshipDefinitions") if read::is_many_to_many(body) => Define::CreateManyToMany(read::many_to_many(body)?, origin),
        (None, "RelationshipDefinitions") => Define::CreateRelationship(read::relationship(body)?, origin),
        (None, "GlobalOptionSetDefinitions") => Define::CreateChoice(read::choice(body)?, origin),
        (Some(Source::Table(table)), "Attributes") => Define::CreateColumn(table.name().clone(), read::column(snapshot, body, None)?, origin),
        (Some(Source::Table(table)), "Keys") => Define::CreateKey(table.name().clone(), read::key(body)?, origin),
        _ => return Err(call.wrong_method()),
    })
}

/// `PUT` of one definition.
///
/// # Errors
/// 0x80048d19 when the body is malformed, 0x80060888 for a header that is.
pub(super) fn update<'a>(call: &'a Call<'a>) -> Result<Write<'a>> {
    let body = object(call)?;
    let merge_labels = call.headers.flag("mscrm.mergelabels")?;
    Ok(Write::new(
        move |snapshot, _| {
            let view = View { snapshot, language: call.exchange.caller.language };
            let source = follow(view, &call.path)?.found.source().ok_or_else(|| call.wrong_method())?;
            let define = definitions::update(view, source, &json::node(&body)?, merge_labels).map_err(json::in_body)?;
            let define = define.ok_or_else(|| call.wrong_method())?;
            Ok(Request::Define(match call.solution() {
                Some(solution) => Define::In(solution.to_owned(), Box::new(define)),
                None => define,
            }))
        },
        |_| Ok(Answer::no_content()),
    ))
}

/// `DELETE` of one definition.
pub(super) fn delete<'a>(call: &'a Call<'a>) -> Write<'a> {
    Write::new(
        move |snapshot, _| {
            let view = View { snapshot, language: call.exchange.caller.language };
            let define = follow(view, &call.path)?.found.source().and_then(definitions::delete);
            define.map(Request::Define).ok_or_else(|| call.wrong_method())
        },
        |_| Ok(Answer::no_content()),
    )
}

fn object<'a>(call: &Call<'a>) -> Result<Json<'a>> {
    let body = call.json(&JsonLimits::BULK)?;
    match body {
        Json::Object(_) => Ok(body),
        _ => Err(error::payload(call.resource, "The body must be a JSON object.")),
    }
}
