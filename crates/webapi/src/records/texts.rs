//! Lists that a text asks for: FetchXML, a view that holds some, SQL (web-api 20).

use std::borrow::Cow;
use std::cell::RefCell;

use driftless_contract::paging::{CookieEncoding, PagingCookie};
use driftless_core::{Identity, Page, Request, Response, RetrieveMultiple, Snapshot, Target};
use driftless_model::{Error, ErrorCode, LogicalName, Result, Table, Uuid, Value};
use driftless_odata::link;
use driftless_odata::percent::{self, Plus};
use driftless_odata::query::{RawOption, SelectItem};
use driftless_query::fetch::{self, FetchLimits};
use driftless_query::tsql::{self, SqlLimits, SqlQuery};
use driftless_query::{Columns, Query, QueryRequest, ResultKind};

use super::list::{ListTail, Rows, cookie, page_token, write_list};
use super::{applied, read};
use crate::answer::Answer;
use crate::call::Call;
use crate::lower;
use crate::rows::{JsonRows, Lowered, LoweredSlot, RowStyle, context_columns, wire_name};
use crate::write::unexpected;

/// What a list is asked for with.
pub(super) enum Text<'a> {
    /// `fetchXml`: pages are asked for in the text.
    Fetch(Cow<'a, str>),
    /// The FetchXML of a view; pages are asked for by links.
    View(String),
    /// `sql`; pages are asked for by links.
    Sql(&'a str),
}

/// The text that a request brings or names.
///
/// # Errors
/// 0x80060888 when there are several, or other options beside it; 0x80040217 for an unknown view.
pub(super) fn of<'a>(call: &'a Call<'_>) -> Result<Option<Text<'a>>> {
    let options = &call.options;
    let given = [
        ("fetchXml", options.fetch_xml.as_deref()),
        ("savedQuery", options.saved_query.as_deref()),
        ("userQuery", options.user_query.as_deref()),
        ("sql", options.sql.as_deref()),
    ];
    let mut given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let Some((name, value)) = given.next() else { return Ok(None) };
    if let Some((other, _)) = given.next() {
        return Err(refused(format!("The query options {name} and {other} cannot stand together.")));
    }
    refuse_others(call, name)?;
    Ok(Some(match name {
        "fetchXml" => Text::Fetch(decoded(value)),
        "savedQuery" => Text::View(view(call, "savedquery", value)?),
        "userQuery" => Text::View(view(call, "userquery", value)?),
        _ => Text::Sql(value),
    }))
}

fn refused(sentence: String) -> Error {
    Error::new(ErrorCode::ODataError, sentence)
}

/// Refuses options that say what the text says itself. `$top` and `$skiptoken` belong to our own links.
fn refuse_others(call: &Call<'_>, name: &str) -> Result<()> {
    let options = &call.options;
    let others = [
        ("$select", options.select.is_some()),
        ("$filter", options.filter.is_some()),
        ("$orderby", !options.order_by.is_empty()),
        ("$expand", !options.expand.is_empty()),
        ("$apply", options.apply.is_some()),
        ("$top", options.top.is_some() && (name == "fetchXml" || options.skip_token.is_none())),
        ("$skiptoken", options.skip_token.is_some() && name == "fetchXml"),
    ];
    match others.iter().find(|(_, given)| *given) {
        Some((other, _)) => Err(refused(format!("The query option {other} cannot stand beside {name}, which says all of a query itself."))),
        None => lower::unknown_options(options),
    }
}

/// Some clients encode the text once more than an address needs.
fn decoded(text: &str) -> Cow<'_, str> {
    let is_encoded = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%3c"));
    match percent::decode(text, Plus::Blank) {
        Ok(again) if is_encoded => Cow::Owned(again.into_owned()),
        _ => Cow::Borrowed(text),
    }
}

/// The FetchXML of a view.
fn view(call: &Call<'_>, table: &str, id: &str) -> Result<String> {
    let id =
        Uuid::try_parse(id.trim()).map_err(|_| refused(format!("A view is named by its identifier, not '{}'.", id.chars().take(64).collect::<String>())))?;
    let table = call.exchange.snapshot().require(table)?.clone();
    let target = Target { table, identity: Identity::Id(id) };
    match read::column_value(call, &target, LogicalName::from("fetchxml"))? {
        (_, Value::Text(text)) => Ok(text),
        _ => Err(Error::new(ErrorCode::InvalidFetchXml, "The view has no FetchXML.")),
    }
}

/// A list, as a text asks for it.
struct Asked {
    list: RetrieveMultiple,
    /// Rows that may still be returned.
    rows_max: Option<u64>,
}

/// What is known of an answer before its rows have been written.
struct Shape {
    context: String,
    rows_max: Option<u64>,
}

/// A page of the list.
pub(super) fn page(call: &Call<'_>, set: &str, source: &Rows<'_>, text: &Text<'_>) -> Result<Answer> {
    let style = RowStyle { omit_nulls: true, ..RowStyle::of(call) };
    let slot: LoweredSlot = RefCell::new(None);
    let shape = RefCell::new(Shape { context: String::new(), rows_max: None });
    let mut sink = JsonRows::new(&style, &slot, set, call.exchange.organization.limits().page_bytes_max);
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let (table, within) = source(snapshot)?;
            let Asked { mut list, rows_max } = asked(call, snapshot, &table, text)?;
            list.query.lookup_names = style.annotations.formatted;
            list.within = within;
            *slot.borrow_mut() = Some(Lowered::new(call.exchange, snapshot, &list.query, &[])?);
            *shape.borrow_mut() = Shape { context: format!("{}$metadata#{set}{}", call.exchange.root, columns(&table, &list.query)), rows_max };
            Ok(Request::RetrieveMultiple(list))
        },
        &mut sink,
    )?;
    let Shape { context, rows_max } = shape.into_inner();
    let left = rows_max.map(|rows| rows.saturating_sub(u64::try_from(sink.rows()).unwrap_or(u64::MAX)));
    let tail = tail(call, response, left, matches!(text, Text::Fetch(_)))?;
    let version = slot.borrow().as_ref().map_or(0, |lowered| lowered.around.snapshot.number().0);
    Ok(applied(write_list(call, &style, &context, version, sink, tail), call, true))
}

/// What stands behind the rows: a cookie for FetchXML, else a link. `left` is what may still be returned.
fn tail(call: &Call<'_>, response: Response, left: Option<u64>, is_fetch: bool) -> Result<ListTail> {
    let Response::Page(Page { next }) = response else { return Err(unexpected("a list")) };
    let next = next.filter(|_| left != Some(0));
    if is_fetch {
        return Ok(ListTail::Fetched(next.map(|next| cookie(call, &next, false).print(CookieEncoding::Twice))));
    }
    let Some(next) = next else { return Ok(ListTail::End) };
    let left = left.map(|left| left.to_string());
    let mut options: Vec<_> =
        call.options.raw.iter().copied().filter(|option| option.name.trim() != "$top" && !option.name.eq_ignore_ascii_case("%24top")).collect();
    options.extend(left.as_deref().map(|left| RawOption { name: "$top", value: Some(left) }));
    Ok(ListTail::Next(link::next_link(&call.address(), &options, &cookie(call, &next, false).print(CookieEncoding::Once))))
}

fn asked(call: &Call<'_>, snapshot: &Snapshot, table: &Table, text: &Text<'_>) -> Result<Asked> {
    let limits = call.exchange.organization.limits();
    let top = limits.page_rows_max;
    let preferred = call.preferences.page_rows_max;
    let asked = match text {
        Text::Fetch(text) => {
            let request = fetch::read(text, snapshot, &FetchLimits { top, ..FetchLimits::default() })?;
            let cookie = request.paging_cookie.as_deref().map(PagingCookie::parse).transpose()?.map(Into::into);
            Asked { rows_max: request.top.map(u64::from), list: RetrieveMultiple::of(request, cookie, preferred, limits) }
        }
        Text::View(text) => {
            let request = fetch::read(text, snapshot, &FetchLimits { top, ..FetchLimits::default() })?;
            linked(call, request)?
        }
        Text::Sql(text) => {
            let SqlQuery { query, rows_max, skip } = tsql::read(text, snapshot, &SqlLimits { top, ..SqlLimits::default() })?;
            let request = QueryRequest { query, page: None, page_rows: None, paging_cookie: None, top: rows_max, total: false, aggregate_rows_max: None };
            let asked = linked(call, request)?;
            Asked { list: RetrieveMultiple { skip, ..asked.list }, ..asked }
        }
    };
    if asked.list.query.table != *table.name() {
        return Err(refused(format!("The query asks for rows of '{}', which are not in the set '{}'.", asked.list.query.table, table.def.set_name)));
    }
    let count = asked.list.count || call.options.count == Some(true);
    Ok(Asked { list: RetrieveMultiple { count, ..asked.list }, ..asked })
}

/// A list whose pages are asked for by links, and not by the text.
fn linked(call: &Call<'_>, request: QueryRequest) -> Result<Asked> {
    let rows_max = call.options.top.or(request.top.map(u64::from));
    let page_rows = call.preferences.page_rows_max.or(request.page_rows);
    let top = rows_max.map(|rows| u32::try_from(rows).unwrap_or(u32::MAX));
    let request = QueryRequest { page: None, page_rows, paging_cookie: None, top, total: false, ..request };
    let mut list = RetrieveMultiple::of(request, None, None, call.exchange.organization.limits());
    list.page_token = page_token(call)?;
    Ok(Asked { list, rows_max })
}

/// The columns of the set's own table, as the context repeats them. Values with names of their own are no properties of it.
fn columns(table: &Table, query: &Query) -> String {
    let (ResultKind::Rows, Columns::Some(names)) = (query.result, &query.columns) else { return String::new() };
    let mut columns: Vec<SelectItem> = Vec::with_capacity(names.len().max(1));
    for name in names.iter().chain(names.is_empty().then_some(&table.def.primary_id)) {
        let column = SelectItem::Column(table.find(name).map_or_else(|| name.to_string(), |ix| wire_name(table.column(ix))));
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    context_columns(Some(&columns), &[])
}
