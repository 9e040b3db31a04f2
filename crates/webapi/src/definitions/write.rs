//! Writes of definitions: POST makes, PUT replaces, DELETE removes (web-api 26.1).

use driftless_core::metadata::Origin;
use driftless_core::{Define, Request, Response};
use driftless_model::{Error, ErrorCode, Result};
use driftless_odata::json::{Json, JsonLimits};
use driftless_odata::url::Segment;

use super::body;
use super::choice::Options;
use super::item::{Source, View};
use super::path::{Found, follow};
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
        move |snapshot, _| {
            let view = View { snapshot, language: call.exchange.caller.language };
            let origin = Origin::Customizer { solution: call.solution().map(str::to_owned) };
            let (parent, last) = match call.path.as_slice() {
                [Segment::Named(set)] if set.key.is_none() => (None, set.name.as_ref()),
                [before @ .., Segment::Named(last)] if last.key.is_none() => (follow(view, before)?.found.source(), last.name.as_ref()),
                _ => return Err(call.wrong_method()),
            };
            Ok(Request::Define(match (parent, last) {
                (None, "EntityDefinitions") => Define::CreateTable(body::table(snapshot, &body)?, origin),
                (None, "RelationshipDefinitions") if body::is_many_to_many(&body) => Define::CreateManyToMany(body::many_to_many(&body)?, origin),
                (None, "RelationshipDefinitions") => Define::CreateRelationship(body::relationship(&body)?, origin),
                (None, "GlobalOptionSetDefinitions") => Define::CreateChoice(body::choice(&body)?, origin),
                (Some(Source::Table(table)), "Attributes") => Define::CreateColumn(table.name().clone(), body::column(snapshot, &body, None)?, origin),
                (Some(Source::Table(table)), "Keys") => Define::CreateKey(table.name().clone(), body::key(&body)?, origin),
                _ => return Err(call.wrong_method()),
            }))
        },
        move |response| {
            let Response::Defined(id) = response else { return Err(unexpected("a new definition")) };
            // The parent stays as the client addressed it: one reads the id from the first group of digits in parentheses (web-api 5).
            let address = format!("{}({id})", call.address().trim_end_matches('/'));
            Ok(Answer::no_content().header("OData-EntityId", address.clone()).header("Location", address))
        },
    ))
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
            let place = follow(view, &call.path)?;
            let define = match (&place.found, place.found.source()) {
                (_, Some(Source::Table(table))) => Define::UpdateTable(table.name().clone(), body::table_update(view, table, &body, merge_labels)?),
                (_, Some(Source::Column(table, ix))) => {
                    let column = table.column(ix);
                    Define::UpdateColumn(table.name().clone(), column.name.clone(), body::column_update(snapshot, column, &body, merge_labels)?)
                }
                (_, Some(Source::Relationship(relationship))) => {
                    Define::UpdateRelationship(relationship.schema_name.to_string(), body::relationship_update(&body)?)
                }
                (_, Some(Source::ManyToMany(relationship))) => {
                    Define::UpdateManyToMany(relationship.schema_name.to_string(), body::many_to_many_update(&body)?)
                }
                (_, Some(Source::Options(Options::Set(set, _)))) if set.global => {
                    Define::UpdateChoice(set.name.clone(), body::choice_update(&body, merge_labels)?)
                }
                (Found::One(_), Some(Source::Key(..))) => {
                    return Err(Error::new(ErrorCode::InvalidOperation, "An alternate key cannot be changed: delete it and make another one."));
                }
                _ => return Err(call.wrong_method()),
            };
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
            Ok(Request::Define(match follow(view, &call.path)?.found.source() {
                Some(Source::Table(table)) => Define::DeleteTable(table.name().clone()),
                Some(Source::Column(table, ix)) => Define::DeleteColumn(table.name().clone(), table.column(ix).name.clone()),
                Some(Source::Key(table, key)) => Define::DeleteKey(table.name().clone(), key.name.clone()),
                Some(Source::Relationship(relationship)) => Define::DeleteRelationship(relationship.schema_name.to_string()),
                Some(Source::ManyToMany(relationship)) => Define::DeleteManyToMany(relationship.schema_name.to_string()),
                Some(Source::Options(Options::Set(set, _))) if set.global => Define::DeleteChoice(set.name.clone()),
                _ => return Err(call.wrong_method()),
            }))
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
