//! RetrieveMultiple: QueryExpression, QueryByAttribute and FetchXML (organization-service 7).

use std::cell::RefCell;
use std::sync::Arc;

use driftless_contract::paging::PagingCookie;
use driftless_core::{
    ComplexType, FETCH_EXPRESSION, PageCookie, QUERY_BY_ATTRIBUTE, QUERY_EXPRESSION, Request, Response, RetrieveMultiple, Snapshot, Target, TotalCount,
    read_query,
};
use driftless_model::{Result, Table};
use driftless_query::Along;

use super::arguments::Reader;
use super::records::add_currency;
use super::{Act, Exchange, Message, unexpected};
use crate::namespaces::Ns;
use crate::rows::{EntitySink, Frame, Lowered};
use crate::values::not_offered;
use crate::xml::{Element, Writer};

/// The row that the rows of a query belong to, and the way from it to them.
pub(super) type Within<'a> = dyn Fn(&Snapshot) -> Result<Option<(Along, Target)>> + 'a;

/// The types of queries.
const QUERIES: [&ComplexType; 3] = [&QUERY_EXPRESSION, &QUERY_BY_ATTRIBUTE, &FETCH_EXPRESSION];

pub(super) fn act<'a>(exchange: Exchange<'a>, message: Message<'a>) -> Result<Act<'a>> {
    let query = message.require("Query")?;
    Ok(Act::read(move |writer| {
        writer.raw("<a:KeyValuePairOfstringanyType><g:key>EntityCollection</g:key>");
        writer.open_typed("g:value", (Ns::Contracts, "EntityCollection"));
        entity_collection(exchange, query, writer)?;
        writer.raw("</g:value></a:KeyValuePairOfstringanyType>");
        Ok(())
    }))
}

/// The type of a query: the one that it says, else the one whose members it has.
fn type_of(query: Element<'_>) -> Result<&'static ComplexType> {
    match query.type_name() {
        Some((_, name)) => QUERIES.into_iter().find(|own| own.name == name).ok_or_else(|| not_offered(&format!("The query '{name}'"))),
        None if query.member("Query").is_some() => Ok(&FETCH_EXPRESSION),
        None if query.member("Attributes").is_some() => Ok(&QUERY_BY_ATTRIBUTE),
        None => Ok(&QUERY_EXPRESSION),
    }
}

/// Reads rows, and writes the members of an `EntityCollection`.
///
/// # Errors
/// Whatever the query is refused with.
pub(crate) fn entity_collection(exchange: Exchange<'_>, query: Element<'_>, writer: &mut Writer) -> Result<()> {
    collection_within(exchange, query, &|_| Ok(None), writer)
}

/// The same of rows that belong to one row only, if `within` says so.
///
/// # Errors
/// As [`entity_collection`].
pub(super) fn collection_within(exchange: Exchange<'_>, query: Element<'_>, within: &Within<'_>, writer: &mut Writer) -> Result<()> {
    let limits = exchange.organization.limits();
    let type_of_query = type_of(query)?;
    let lowered = Lowered::default();
    let asked: RefCell<Option<(Arc<Table>, bool)>> = RefCell::default();
    writer.raw("<a:Entities>");
    let mut sink = EntitySink::new(writer, &lowered, Frame::Element("a:Entity"), limits.page_bytes_max);
    let mut lower = |snapshot: &Arc<Snapshot>| {
        let arg = Reader { exchange, snapshot }.object(type_of_query, query)?;
        let request = read_query(&arg, snapshot, limits)?;
        let cookie = request.paging_cookie.as_deref().filter(|text| !text.trim().is_empty()).map(PagingCookie::parse).transpose()?;
        let is_top = request.top.is_some();
        let mut list = RetrieveMultiple::of(request, cookie.map(|cookie| PageCookie { page: cookie.page, token: cookie.token }), None, limits);
        add_currency(snapshot.require(&list.query.table)?, &mut list.query.columns);
        list.query.lookup_names = true;
        list.within = within(snapshot)?;
        lowered.keep(exchange, snapshot, &list.query)?;
        *asked.borrow_mut() = Some((Arc::clone(snapshot.require(&list.query.table)?), is_top));
        Ok(Request::RetrieveMultiple(list))
    };
    let response = exchange.organization.execute(exchange.caller, &mut lower, &mut sink)?;
    let total = TotalCount::of(sink.count, limits);
    let Response::Page(page) = response else { return Err(unexpected("a list")) };
    let (table, is_top) = asked.take().ok_or_else(|| unexpected("a list"))?;
    let next = page.next.filter(|_| !is_top);
    writer.raw("</a:Entities>");
    writer.element("a:EntityName", table.name());
    writer.element("a:MinActiveRowVersion", "-1");
    writer.element("a:MoreRecords", if next.is_some() { "true" } else { "false" });
    let cookie = next.map(|next| PagingCookie::to_next(&next, Some(&table)).print_inner());
    writer.element_if("a:PagingCookie", cookie.as_deref());
    writer.element("a:TotalRecordCount", &total.rows.to_string());
    writer.element("a:TotalRecordCountLimitExceeded", if total.limit_exceeded { "true" } else { "false" });
    Ok(())
}
