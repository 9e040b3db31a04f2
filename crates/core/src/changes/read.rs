//! Reads of the feed (part 1 of the semantics).

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Position, Result, Table, Value};
use driftless_query::{Query, ResolvedQuery, RowSink, SecuredQuery};
use driftless_store::{ChangeRequest, Cut, Phase, PositionState};
use sha2::{Digest, Sha256};

use super::counts::{Counted, FeedAnswer, Resync};
use super::token::{self, Bytes, ChangesToken, DeltaToken, TableMark, Token};
use crate::context::ReadCx;
use crate::organization::ExpiredTokens;
use crate::records::system;
use crate::request::{Changes, ChangesPage, NextPage, Response};

const DAY_S: i64 = 86_400;

/// The part of the feed that a request asks for.
struct Scan {
    since: Option<Position>,
    until: Position,
    cut: Option<Cut>,
    begun_s: i64,
    number: u32,
}

/// Reads a page of changes, and counts how it was answered.
pub(crate) fn run(cx: &ReadCx<'_>, request: &Changes, sink: &mut dyn RowSink) -> Result<Response> {
    let mut sink = Counted::new(sink);
    let answer = page(cx, request, &mut sink);
    let kind = match &answer {
        Err(_) => FeedAnswer::Refused,
        Ok(_) if request.page_token.is_some() => FeedAnswer::Page,
        Ok(_) if request.token.is_none() => FeedAnswer::First,
        Ok(page) if page.delta => FeedAnswer::Delta,
        Ok(_) => FeedAnswer::Full,
    };
    cx.services.feed.answered(kind, &sink);
    answer.map(Response::Changes)
}

fn page(cx: &ReadCx<'_>, request: &Changes, sink: &mut dyn RowSink) -> Result<ChangesPage> {
    let table = tracked(cx, request)?;
    let secured = secure(cx, &request.query)?;
    let columns = columns_digest(secured.query());
    let scan = match &request.page_token {
        Some(text) => continued(cx, &table, &columns, text)?,
        None => begun(cx, &table, request)?,
    };
    let limits = &cx.services.limits;
    let change = ChangeRequest {
        query: &secured,
        since: scan.since.as_ref(),
        until: &scan.until,
        cut: scan.cut.as_ref(),
        limit: request.page_rows.clamp(1, limits.page_rows_max),
    };
    let end = cx.tx.changes(&change, sink)?;
    let mark = TableMark { name: table.name().clone(), id: table.def.id };
    let (next, delta_token) = match end.next {
        Some(cut) => {
            let number = scan.number + 1;
            let page = ChangesToken {
                table: mark,
                columns,
                since: scan.since.as_ref().map(Bytes::of),
                until: Bytes::of(&scan.until),
                begun_s: scan.begun_s,
                removed: cut.phase == Phase::Removed,
                version: cut.version.0,
                id: cut.id,
                number,
            };
            (Some(NextPage { token: token::print(cx.services, &Token::Changes(page)), number, first_last: None }), None)
        }
        None => {
            let delta = DeltaToken { table: mark, position: Bytes::of(&scan.until), issued_s: cx.now_s() };
            (None, Some(token::print_delta(cx.services, delta)))
        }
    };
    Ok(ChangesPage { next, token: delta_token, delta: scan.since.is_some() })
}

/// Counts changes (CT-29).
pub(crate) fn count(cx: &ReadCx<'_>, request: &Changes) -> Result<Response> {
    let table = tracked(cx, request)?;
    let secured = secure(cx, &request.query)?;
    let scan = begun(cx, &table, request)?;
    let change = ChangeRequest { query: &secured, since: scan.since.as_ref(), until: &scan.until, cut: None, limit: u32::MAX };
    Ok(Response::Count(cx.tx.count_changes(&change)?))
}

fn tracked(cx: &ReadCx<'_>, request: &Changes) -> Result<Arc<Table>> {
    let table = Arc::clone(cx.snapshot.require(&request.table)?);
    if table.def.change_tracking {
        return Ok(table);
    }
    let name = table.name();
    // CT-6: pairs have no switch of their own.
    Err(match cx.snapshot.pairs_in(name) {
        Some(_) => Error::new(
            ErrorCode::ChangeTrackingNotEnabledForRelated,
            format!("Changes cannot be retrieved for intersect entity {name} since both related entities are not enabled for change tracking."),
        ),
        None => Error::new(ErrorCode::ChangeTrackingNotEnabled, format!("Entity {name} isn't enabled for change tracking.")),
    })
}

/// The rights are checked at every page and every use of a token (CT-62, CT-63).
fn secure(cx: &ReadCx<'_>, query: &Query) -> Result<SecuredQuery> {
    let mut query = cx.resolve(query)?;
    query.orders.clear();
    cx.secure_all(query)
}

/// The error for a token that leads nowhere any more: the client must begin again.
fn expired(cx: &ReadCx<'_>, why: Resync) -> Error {
    cx.services.feed.expired(why);
    token::expired()
}

/// A new chain of pages: its end is fixed now (CT-37).
fn begun(cx: &ReadCx<'_>, table: &Table, request: &Changes) -> Result<Scan> {
    let until = cx.tx.position()?;
    let now_s = cx.now_s();
    let since = match request.token.as_deref() {
        None => None,
        Some(text) => from_token(cx, table, text, request.expired_fault)?,
    };
    Ok(Scan { since, until, cut: None, begun_s: now_s, number: 1 })
}

/// The position of a delta token; none when the token is too old and too old tokens get everything.
///
/// The age is judged before the purge horizon, so that the answer to an old token does not depend on when the purge ran (CT-46).
fn from_token(cx: &ReadCx<'_>, table: &Table, text: &str, fault: bool) -> Result<Option<Position>> {
    let token = token::read_delta(cx.services, text)?;
    check_table(cx, table, &token.table)?;
    let position = token.position.position()?;
    let state = cx.tx.judge(table.def.code, &position)?;
    if state == PositionState::Foreign {
        return Err(expired(cx, Resync::Foreign));
    }
    let days = retention_days(cx)?;
    let age_s = cx.now_s().saturating_sub(token.issued_s);
    if days == 0 || age_s > days * DAY_S {
        let fault = fault || cx.services.expired_tokens == ExpiredTokens::Fault;
        let error = expired(cx, Resync::Age);
        return if fault { Err(error) } else { Ok(None) };
    }
    match state {
        PositionState::Good => Ok(Some(position)),
        PositionState::Foreign => Err(expired(cx, Resync::Foreign)),
        PositionState::Purged => Err(expired(cx, Resync::Purged)),
        PositionState::Malformed => Err(token::malformed()),
    }
}

/// The next page of a chain (CT-38, CT-40).
fn continued(cx: &ReadCx<'_>, table: &Table, columns: &str, text: &str) -> Result<Scan> {
    let Token::Changes(page) = token::read(cx.services, text)? else { return Err(token::malformed()) };
    check_table(cx, table, &page.table)?;
    if page.columns != columns {
        return Err(Error::new(ErrorCode::InvalidPagingCookie, "The page link belongs to another list of columns. Follow the link as it is."));
    }
    if cx.now_s().saturating_sub(page.begun_s) > cx.services.limits.chain_life_s {
        return Err(expired(cx, Resync::Age));
    }
    let until = page.until.position()?;
    let since = page.since.as_ref().map(Bytes::position).transpose()?;
    // The end of the range must be of this incarnation; purged removals matter for its beginning only.
    for (position, is_end) in since.iter().map(|position| (position, false)).chain([(&until, true)]) {
        match cx.tx.judge(table.def.code, position)? {
            PositionState::Good => {}
            PositionState::Purged if is_end => {}
            PositionState::Foreign => return Err(expired(cx, Resync::Foreign)),
            PositionState::Purged => return Err(expired(cx, Resync::Purged)),
            PositionState::Malformed => return Err(token::malformed()),
        }
    }
    Ok(Scan { since, until, cut: Some(page.cut()), begun_s: page.begun_s, number: page.number })
}

/// A token of another table is refused; one of another table of the same name has expired (CT-31, CT-50).
fn check_table(cx: &ReadCx<'_>, table: &Table, mark: &TableMark) -> Result<()> {
    if mark.name != *table.name() {
        return Err(Error::argument(format!("The token belongs to the table '{}'.", mark.name)));
    }
    if mark.id != table.def.id { Err(expired(cx, Resync::Table)) } else { Ok(()) }
}

/// Days that removals are kept (CT-42); lowering the setting acts at once (CT-47).
pub(crate) fn retention_days(cx: &ReadCx<'_>) -> Result<i64> {
    organization_days(cx, "expirechangetrackingindays", DEFAULT_RETENTION_DAYS)
}

/// A setting of the organization in days.
pub(crate) fn organization_days(cx: &ReadCx<'_>, setting: &str, default: i64) -> Result<i64> {
    let table = cx.snapshot.require("organization")?;
    let rows = system::rows(cx.tx, table, &[setting], None)?;
    Ok(match rows.first().map(|row| row.value(0)) {
        Some(Value::Int(days)) => i64::from(*days),
        _ => default,
    })
}

/// Retention when the organization says nothing (CT-43).
pub(crate) const DEFAULT_RETENTION_DAYS: i64 = 90;

fn columns_digest(query: &ResolvedQuery) -> String {
    let names: Vec<&str> = query.groups.iter().flat_map(|group| &group.columns).map(|ix| query.table.column(*ix).name.as_str()).collect();
    Sha256::digest(names.join(",").as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
