//! Lists of rows and counts of them (web-api 15, 17).

use std::cell::RefCell;
use std::sync::Arc;

use driftless_contract::paging::{CookieEncoding, PagingCookie};
use driftless_core::{NextPage, Page, Request, Response, RetrieveMultiple, Snapshot, Target, TotalCount};
use driftless_model::{Error, ErrorCode, Result, Table};
use driftless_odata::json::JsonWriter;
use driftless_odata::link;
use driftless_query::Along;

use super::address::table;
use super::read::selected_columns;
use super::{RowAddress, applied, texts};
use crate::answer::{Answer, push_pieces};
use crate::call::Call;
use crate::error;
use crate::lower;
use crate::rows::{FETCH_COOKIE, JsonRows, Lowered, LoweredSlot, METADATA_VERSION, MORE_RECORDS, RowStyle, TOTAL, TOTAL_EXCEEDED};
use crate::write::unexpected;

/// Rows of a collection: the row that they belong to, and the way from it to them.
pub(super) type Within = Option<(Along, Target)>;

/// Finds the table and the collection of a list in a snapshot.
pub(super) type Rows<'a> = dyn Fn(&Snapshot) -> Result<(Arc<Table>, Within)> + 'a;

/// What stands behind the rows of a page.
#[derive(Debug)]
pub(crate) enum ListTail {
    /// Nothing: the list is complete.
    End,
    /// The link to the next page.
    Next(String),
    /// The link to the changes from here.
    Delta(String),
    /// The end of a page of FetchXML: the cookie that leads on, if there are more rows.
    Fetched(Option<String>),
}

/// `GET set`
pub(super) fn read(call: &Call<'_>, set: &str) -> Result<Answer> {
    table(&call.exchange.snapshot(), set)?;
    page(call, set, &|snapshot| Ok((Arc::clone(table(snapshot, set)?), None)))
}

/// `GET set(key)/collection`
pub(super) fn read_within(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<Answer> {
    let (table, _) = within(call, &call.exchange.snapshot(), address, name)?;
    page(call, &table.def.set_name, &|snapshot| within(call, snapshot, address, name))
}

/// `GET set/$count`
pub(super) fn count(call: &Call<'_>, set: &str) -> Result<Answer> {
    counted(call, &|snapshot| Ok((Arc::clone(table(snapshot, set)?), None)))
}

/// `GET set(key)/collection/$count`
pub(super) fn count_within(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<Answer> {
    counted(call, &|snapshot| within(call, snapshot, address, name))
}

/// The table of a collection, and which of its rows are meant.
fn within(call: &Call<'_>, snapshot: &Snapshot, address: RowAddress<'_>, name: &str) -> Result<(Arc<Table>, Within)> {
    let parent = address.target_for_read(call, snapshot)?;
    let collection = snapshot.collection(parent.table.name(), name).ok_or_else(|| error::no_such_segment(name))?;
    let table = Arc::clone(snapshot.require(collection.table())?);
    Ok((table, Some((collection.along(), parent))))
}

fn counted(call: &Call<'_>, source: &Rows<'_>) -> Result<Answer> {
    lower::unsupported_options(&call.options)?;
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let (table, within) = source(snapshot)?;
            let query = lower::query(snapshot, &table, &call.options, driftless_query::Columns::All, false, None)?;
            Ok(Request::Count(query, within))
        },
        &mut driftless_query::Collector::default(),
    )?;
    match response {
        Response::Count(count) => Ok(plain_count(count)),
        _ => Err(unexpected("a count")),
    }
}

/// A count as the service writes it: digits alone.
pub(crate) fn plain_count(count: u64) -> Answer {
    Answer::with_body(200, "text/plain", count.to_string())
}

fn page(call: &Call<'_>, set: &str, source: &Rows<'_>) -> Result<Answer> {
    if let Some(text) = texts::of(call)? {
        return texts::page(call, set, source, &text);
    }
    lower::unsupported_options(&call.options)?;
    let style = RowStyle { omit_nulls: call.options.apply.is_some(), ..RowStyle::of(call) };
    let slot: LoweredSlot = RefCell::new(None);
    let page_token = page_token(call)?;
    let mut sink = JsonRows::new(&style, &slot, set, call.exchange.organization.limits().page_bytes_max);
    let count = call.options.count == Some(true);
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let (table, within) = source(snapshot)?;
            let columns = lower::select(&table, call.options.select.as_deref())?;
            let mut query = lower::query(snapshot, &table, &call.options, columns, style.annotations.formatted, call.preferences.page_rows_max)?;
            query.limit = Some(page_rows(call));
            *slot.borrow_mut() = Some(Lowered::new(call.exchange, snapshot, &query, &call.options.expand)?);
            Ok(Request::RetrieveMultiple(RetrieveMultiple { query, within, count, skip: 0, page_token: page_token.clone(), aggregate_rows_max: None }))
        },
        &mut sink,
    )?;
    let tail = next_link(call, response, Some(sink.rows()))?;
    let context = format!("{}$metadata#{set}{}", call.exchange.root, selected_columns(call, &call.options.expand));
    let version = slot.borrow().as_ref().map_or(0, |lowered| lowered.around.snapshot.number().0);
    Ok(applied(write_list(call, &style, &context, version, sink, tail), call, true))
}

/// Rows of one page: the preferred number, else `$top`, below the limit.
pub(crate) fn page_rows(call: &Call<'_>) -> u32 {
    let limit = call.exchange.organization.limits().page_rows_max;
    match (call.preferences.page_rows_max, call.options.top) {
        (Some(rows), _) => rows.min(limit),
        (None, Some(top)) => u32::try_from(top).unwrap_or(u32::MAX).min(limit),
        (None, None) => limit,
    }
}

/// The organization's own text in `$skiptoken`.
///
/// # Errors
/// 0x8004112a when the cookie is not one of ours.
pub(crate) fn page_token(call: &Call<'_>) -> Result<Option<String>> {
    let Some(text) = call.options.skip_token.as_deref() else { return Ok(None) };
    let cookie = PagingCookie::parse(text).ok().and_then(|cookie| cookie.token);
    cookie.map(Some).ok_or_else(|| Error::of(ErrorCode::InvalidPagingCookie))
}

/// The link behind a page. `$top` ends the list; what is left of it goes along when it is larger than a page.
///
/// # Errors
/// When the answer is not a page.
pub(super) fn next_link(call: &Call<'_>, response: Response, rows: Option<usize>) -> Result<ListTail> {
    let Response::Page(Page { next }) = response else { return Err(unexpected("a list")) };
    let Some(next) = next else { return Ok(ListTail::End) };
    let top = call.options.top.filter(|_| call.preferences.page_rows_max.is_none());
    let cookie = cookie(call, &next, false).print(CookieEncoding::Once);
    let Some(top) = top else {
        return Ok(ListTail::Next(link::next_link(&call.address(), &call.options.raw, &cookie)));
    };
    let left = top.saturating_sub(u64::try_from(rows.unwrap_or_default()).unwrap_or(u64::MAX));
    if left == 0 {
        return Ok(ListTail::End);
    }
    let left = left.to_string();
    let options: Vec<_> = call
        .options
        .raw
        .iter()
        .map(|option| {
            if option.name.trim() == "$top" || option.name.eq_ignore_ascii_case("%24top") {
                driftless_odata::query::RawOption { name: "$top", value: Some(&left) }
            } else {
                *option
            }
        })
        .collect();
    Ok(ListTail::Next(link::next_link(&call.address(), &options, &cookie)))
}

/// The cookie that leads to the next page, in the shape that clients know.
pub(crate) fn cookie(call: &Call<'_>, next: &NextPage, is_tracking: bool) -> PagingCookie {
    let snapshot = call.exchange.snapshot();
    let table = match call.path.first() {
        Some(driftless_odata::url::Segment::Named(first)) => snapshot.by_set(&first.name),
        _ => None,
    };
    PagingCookie { is_tracking, ..PagingCookie::to_next(next, table.map(|table| &**table)) }
}

/// The answer around a page's array of rows.
pub(crate) fn write_list(call: &Call<'_>, style: &RowStyle, context: &str, metadata_version: i64, sink: JsonRows<'_>, tail: ListTail) -> Answer {
    let mut head = JsonWriter::new();
    head.begin_object();
    if style.has_control() {
        head.name("@odata.context");
        head.text(context);
    }
    let total = TotalCount::of(sink.count(), call.exchange.organization.limits());
    if sink.count().is_some() {
        head.name("@odata.count");
        head.integer(total.rows);
    }
    if style.annotations.total {
        head.name(&format!("@{TOTAL}"));
        head.integer(total.rows);
    }
    if style.annotations.total_exceeded {
        head.name(&format!("@{TOTAL_EXCEEDED}"));
        head.boolean(total.limit_exceeded);
    }
    if style.annotations.metadata_version {
        head.name(&format!("@{METADATA_VERSION}"));
        head.text(&metadata_version.to_string());
    }
    if let ListTail::Fetched(cookie) = &tail {
        write_paging(&mut head, style, cookie.as_deref());
    }
    head.name("value");
    let mut end = JsonWriter::new();
    match tail {
        ListTail::End | ListTail::Fetched(_) => end.raw(b"}"),
        ListTail::Next(link) => close(&mut end, b",\"@odata.nextLink\":", &link),
        ListTail::Delta(link) => close(&mut end, b",\"@odata.deltaLink\":", &link),
    }
    let mut answer = Answer::new(200).header("Content-Type", call.format.content_type());
    push_pieces(&mut answer.body, head.into_bytes().into());
    answer.body.extend(sink.finish());
    push_pieces(&mut answer.body, end.into_bytes().into());
    answer
}

/// What leads to the next page of FetchXML. It has no link, so this is told even when no annotations are asked for (web-api 20; rows 32 and 33 of 34).
fn write_paging(head: &mut JsonWriter, style: &RowStyle, cookie: Option<&str>) {
    if let Some(cookie) = cookie {
        head.name(&format!("@{FETCH_COOKIE}"));
        head.text(cookie);
    }
    if cookie.is_some() || style.annotations.more_records {
        head.name(&format!("@{MORE_RECORDS}"));
        head.boolean(cookie.is_some());
    }
}

/// The last member of a document and its closing brace.
fn close(end: &mut JsonWriter, name: &[u8], link: &str) {
    end.prepared_name(name);
    end.text(link);
    end.end_object();
}
