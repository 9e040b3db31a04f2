//! QueryExpressionToFetchXml, FetchXmlToQueryExpression and ValidateSavedQuery (organization-service 8.2, 10): queries in other forms, and whether they are queries.

use driftless_model::Result;
use driftless_query::expression::Expression;
use driftless_query::fetch::{self, FetchLimits};

use super::query_expression::{self, QUERY_EXPRESSION};
use super::{Arg, Args, MessageDef, MessageKind, Outputs, Param, ParamType as T, missing, opt, req};
use crate::context::ReadCx;

const QUERY: &str = "Query";
const FETCH_XML: &str = "FetchXml";

static QUERY_PARAM: [Param; 1] = [req(QUERY, T::Complex(&QUERY_EXPRESSION))];

pub(super) const TO_FETCH: MessageDef =
    MessageDef::reading("QueryExpressionToFetchXml", MessageKind::Action, &QUERY_PARAM, &[req(FETCH_XML, T::Text)], to_fetch);

pub(super) const FROM_FETCH: MessageDef =
    MessageDef::reading("FetchXmlToQueryExpression", MessageKind::Function, &[req(FETCH_XML, T::Text)], &QUERY_PARAM, from_fetch);

pub(super) const VALIDATE: MessageDef =
    MessageDef::reading("ValidateSavedQuery", MessageKind::Action, &[req(FETCH_XML, T::Text), opt("QueryType", T::Int)], &[], validate);

fn limits(cx: &ReadCx<'_>) -> FetchLimits {
    FetchLimits { top: cx.services.limits.page_rows_max, ..FetchLimits::default() }
}

/// What is no query is refused, as when it is run.
fn to_fetch(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let query = query_expression::expression(args.get(QUERY).ok_or_else(|| missing(QUERY))?)?;
    cx.resolve(&query.lower(&*cx.snapshot, &limits(cx))?.query)?;
    Ok(Outputs(vec![(FETCH_XML, Arg::Text(fetch::print(&query)?))]))
}

fn from_fetch(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let request = fetch::read(args.text(FETCH_XML)?, &*cx.snapshot, &limits(cx))?;
    cx.resolve(&request.query)?;
    let query = Expression::of(&request, &*cx.snapshot)?;
    Ok(Outputs(vec![(QUERY, query_expression::write::query(&query, &cx.snapshot))]))
}

fn validate(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let request = fetch::read(args.text(FETCH_XML)?, &*cx.snapshot, &limits(cx))?;
    cx.resolve(&request.query)?;
    Ok(Outputs::default())
}
