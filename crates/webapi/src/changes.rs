//! Change tracking (web-api 25): the first read, the changes since a token, and their count.

use std::cell::RefCell;

use driftless_contract::paging::{CookieEncoding, PagingCookie};
use driftless_core::{Changes, ChangesPage, Request, Response, Snapshot};
use driftless_model::{Error, ErrorCode, Result};
use driftless_odata::link;
use driftless_query::{Collector, Query};

use crate::answer::Answer;
use crate::call::Call;
use crate::lower;
use crate::records::{ListTail, applied, cookie, page_rows, page_token, plain_count, table, write_list};
use crate::rows::{JsonRows, Lowered, LoweredSlot, RowStyle, context_columns};
use crate::write::unexpected;

/// The preference that begins a feed.
const TRACK_CHANGES: &str = "odata.track-changes";

/// True when a read of a set is a read of its changes: by the preference, by a token, or by the link to a next page of changes, which clients follow
/// without the preference.
pub(crate) fn is_asked_for(call: &Call<'_>) -> bool {
    call.preferences.track_changes || call.options.delta_token.is_some() || is_next_page(call)
}

fn is_next_page(call: &Call<'_>) -> bool {
    let cookie = call.options.skip_token.as_deref().and_then(|text| PagingCookie::parse(text).ok());
    cookie.is_some_and(|cookie| cookie.is_tracking)
}

/// `GET set` with the preference or a token.
pub(crate) fn read(call: &Call<'_>, set: &str) -> Result<Answer> {
    refuse_options(call)?;
    table(&call.exchange.snapshot(), set)?;
    let style = RowStyle::of(call);
    let slot: LoweredSlot = RefCell::new(None);
    let mut sink = JsonRows::new(&style, &slot, set, call.exchange.organization.limits().page_bytes_max);
    let page_token = page_token(call)?;
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let request = request(call, snapshot, set, style.annotations.formatted, page_token.clone())?;
            *slot.borrow_mut() = Some(Lowered::new(call.exchange, snapshot, &request.query, &[])?);
            Ok(Request::Changes(request))
        },
        &mut sink,
    )?;
    let Response::Changes(page) = response else { return Err(unexpected("a read of changes")) };
    let context = context(call, slot.borrow().as_ref().map(|lowered| &*lowered.around.snapshot), set, page.delta)?;
    let version = slot.borrow().as_ref().map_or(0, |lowered| lowered.around.snapshot.number().0);
    let answer = write_list(call, &style, &context, version, sink, tail(call, &page));
    let answer = applied(answer, call, true);
    // The preference is granted where it began the feed, not where a token did (web-api 25.4).
    let begun = call.preferences.track_changes && call.options.delta_token.is_none();
    Ok(if begun { answer.header("Preference-Applied", TRACK_CHANGES) } else { answer })
}

/// `GET set/$count?$deltatoken=…`
pub(crate) fn count(call: &Call<'_>, set: &str) -> Result<Answer> {
    refuse_options(call)?;
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| request(call, snapshot, set, false, None).map(Request::CountChanges),
        &mut Collector::default(),
    )?;
    match response {
        Response::Count(count) => Ok(plain_count(count)),
        _ => Err(unexpected("a count of changes")),
    }
}

fn request(call: &Call<'_>, snapshot: &Snapshot, set: &str, lookup_names: bool, page_token: Option<String>) -> Result<Changes> {
    let table = table(snapshot, set)?;
    let columns = lower::select(table, call.options.select.as_deref())?;
    let query = Query { columns, lookup_names, ..Query::new(table.name().clone()) };
    Ok(Changes {
        table: table.name().clone(),
        query,
        token: call.options.delta_token.as_deref().map(str::to_owned),
        page_token,
        page_rows: page_rows(call),
        expired_fault: call.preferences.expired_fault,
    })
}

/// `$select` is the only option of a read of changes (web-api 25.6).
fn refuse_options(call: &Call<'_>) -> Result<()> {
    let options = &call.options;
    let refused = [
        (options.filter.is_some(), "$filter"),
        (!options.order_by.is_empty(), "$orderby"),
        (options.top.is_some(), "$top"),
        (!options.expand.is_empty(), "$expand"),
        (options.apply.is_some(), "$apply"),
        // The number of changes is asked for by the segment (web-api 25.5).
        (options.count == Some(true), "$count"),
    ];
    match refused.iter().find(|(given, _)| *given) {
        Some((_, name)) => Err(Error::new(ErrorCode::ODataError, format!("The \"{name}\" query parameter isn't supported when Change Tracking is enabled."))),
        None => lower::unsupported_options(options),
    }
}

fn context(call: &Call<'_>, snapshot: Option<&Snapshot>, set: &str, delta: bool) -> Result<String> {
    let snapshot = snapshot.ok_or_else(|| unexpected("a read of changes"))?;
    table(snapshot, set)?;
    let columns = context_columns(call.options.select.as_deref(), &[]);
    Ok(format!("{}$metadata#{set}{columns}{}", call.exchange.root, if delta { "/$delta" } else { "" }))
}

/// Exactly one link stands behind a page: to the next page, or on the last page to the changes from here.
fn tail(call: &Call<'_>, page: &ChangesPage) -> ListTail {
    match (&page.next, &page.token) {
        (Some(next), _) => {
            let cookie = cookie(call, next, true).print(CookieEncoding::Once);
            ListTail::Next(link::next_link(&call.address(), &call.options.raw, &cookie))
        }
        (None, Some(token)) => ListTail::Delta(link::delta_link(&call.address(), &call.options.raw, token)),
        (None, None) => ListTail::End,
    }
}
