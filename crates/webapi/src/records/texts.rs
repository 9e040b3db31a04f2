//! Lists that a text asks for: FetchXML, a view that holds some, SQL (web-api 20).

use std::borrow::Cow;
use std::cell::RefCell;

use driftless_contract::paging::{CookieEncoding, PagingCookie};
use driftless_core::{Identity, Page, Request, Response, RetrieveMultiple, Snapshot, Target};
use driftless_model::{Error, ErrorCode, LogicalName, Result, Table, Uuid, Value};
use driftless_odata::link;
use driftless_odata::percent::{self, Plus};
use driftless_odata::query::{RawOption, SelectItem};
use driftless_query::fetch::{self, FetchLimits, FetchQuery};
use driftless_query::tsql::{self, SqlLimits};
use driftless_query::{Columns, Query, ResultKind};

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
    query: Query,
    /// Rows of one page.
    page_rows: u32,
    skip: u64,
    page_token: Option<String>,
    /// Rows that may still be returned.
    rows_max: Option<u64>,
    count: bool,
    aggregate_rows_max: Option<u64>,
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
            let mut asked = asked(call, snapshot, &table, text)?;
            asked.query.lookup_names = style.annotations.formatted;
            asked.query.limit = Some(asked.rows_max.map_or(asked.page_rows, |rows| asked.page_rows.min(u32::try_from(rows).unwrap_or(u32::MAX))));
            *slot.borrow_mut() = Some(Lowered::new(call.exchange, snapshot, &asked.query, &[])?);
            *shape.borrow_mut() =
                Shape { context: format!("{}$metadata#{set}{}", call.exchange.root, columns(&table, &asked.query)), rows_max: asked.rows_max };
            let Asked { query, skip, page_token, count, aggregate_rows_max, .. } = asked;
            Ok(Request::RetrieveMultiple(RetrieveMultiple { query, within, count, skip, page_token, aggregate_rows_max }))
        },
        &mut sink,
    )?;
    let Shape { context, rows_max } = shape.into_inner();
    let left = rows_max.map(|rows| rows.saturating_sub(u64::try_from(sink.rows()).unwrap_or(u64::MAX)));
    let tail = tail(call, response, left, matches!(text, Text::Fetch(_)))?;
    let version = slot.borrow().as_ref().map_or(0, |lowered| lowered.snapshot.number().0);
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
    let most = call.exchange.organization.limits().page_rows_max;
    let preferred = call.preferences.page_rows_max;
    let count = call.options.count == Some(true);
    let asked = match text {
        Text::Fetch(text) => fetched(fetch::read(text, snapshot, &FetchLimits { top: most, ..FetchLimits::default() })?, preferred, most, count)?,
        Text::View(text) => {
            let fetch = fetch::read(text, snapshot, &FetchLimits { top: most, ..FetchLimits::default() })?;
            let rows_max = call.options.top.or(fetch.top.map(u64::from));
            let page_rows = preferred.or(fetch.page_rows).unwrap_or(most);
            Asked { query: fetch.query, page_rows, skip: 0, page_token: page_token(call)?, rows_max, count, aggregate_rows_max: fetch.aggregate_rows_max }
        }
        Text::Sql(text) => {
            let sql = tsql::read(text, snapshot, &SqlLimits { top: most, ..SqlLimits::default() })?;
            let rows_max = call.options.top.or(sql.rows_max.map(u64::from));
            let page_rows = preferred.unwrap_or(most);
            Asked { query: sql.query, page_rows, skip: sql.skip, page_token: page_token(call)?, rows_max, count, aggregate_rows_max: None }
        }
    };
    if asked.query.table != *table.name() {
        return Err(refused(format!("The query asks for rows of '{}', which are not in the set '{}'.", asked.query.table, table.def.set_name)));
    }
    Ok(Asked { page_rows: asked.page_rows.min(most), ..asked })
}

/// The page of FetchXML. A cookie of our own leads behind the last row of the page before; without one, or for another page than it leads to, rows are counted.
fn fetched(fetch: FetchQuery, preferred: Option<u32>, most: u32, count: bool) -> Result<Asked> {
    let page_rows = fetch.page_rows.or(preferred).unwrap_or(most).min(most);
    let cookie = fetch.paging_cookie.as_deref().map(PagingCookie::parse).transpose()?;
    let page = fetch.page.or(cookie.as_ref().map(|cookie| cookie.page)).unwrap_or(1);
    let page_token = cookie.filter(|cookie| cookie.page == page).and_then(|cookie| cookie.token);
    let skip = if page_token.is_some() { 0 } else { u64::from(page.saturating_sub(1)) * u64::from(page_rows) };
    let rows_max = fetch.top.map(u64::from);
    Ok(Asked { query: fetch.query, page_rows, skip, page_token, rows_max, count: count || fetch.total, aggregate_rows_max: fetch.aggregate_rows_max })
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
