//! RetrieveMultiple: pages of rows. Pages are cut by the values of the order's keys, so that rows written in between neither shift nor repeat others.

use driftless_model::{Error, ErrorCode, Result, Uuid, Value};
use driftless_query::{Along, Flow, OrderKey, Output, PageHead, Query, ResolvedQuery, RowSink, RowView};
use sha2::{Digest, Sha256};

use super::nested;
use crate::changes::token::{self, ListToken, Token};
use crate::context::ReadCx;
use crate::request::{NextPage, Page, Response, RetrieveMultiple, Target};

/// Runs a list.
pub(crate) fn run(cx: &ReadCx<'_>, list: &RetrieveMultiple, sink: &mut dyn RowSink) -> Result<Response> {
    let page = list.page_token.as_ref().map(|text| ListToken::read(cx, text)).transpose()?;
    // Conditions such as "the last hour" mean on each page what they meant on the first.
    let moment_s = page.as_ref().map_or_else(|| cx.now_s(), |page| page.moment_s);
    let mut query = cx.resolve_within(&list.query, list.within.as_ref(), moment_s)?;
    let limits = &cx.services.limits;
    let page_rows = list.query.limit.unwrap_or(limits.page_rows_max).min(limits.page_rows_max);
    query.limit = Some(page_rows);
    query.skip = list.skip;
    if list.skip > limits.skipped_rows_max {
        return Err(Error::of(ErrorCode::PagingLimitWithoutCookie));
    }
    let marks = Marks::of(&query);
    let mut number = list.skip / u64::from(page_rows.max(1)) + 1;
    if let Some(page) = page {
        marks.check(&page)?;
        if page.after.len() != if query.grouped { 0 } else { query.orders.len() } {
            return Err(Error::of(ErrorCode::InvalidPagingCookie));
        }
        number = page.number.into();
        query.skip = page.skip;
        query.after = Some(page.after).filter(|_| !query.grouped);
    }
    refuse_large_groups(cx, &query, list.aggregate_rows_max)?;
    let (skip, grouped) = (query.skip, query.grouped);
    let keys = if grouped { Vec::new() } else { add_order_outputs(&mut query) };
    let mut last = LastRow { sink, keys, values: Vec::new(), rows: 0, is_row: !grouped, first: None, last: None };
    let more = nested::deliver(cx, query, list.count, &mut last)?;
    let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
    let next = (more && last.rows > 0).then(|| NextPage {
        token: marks.print(cx, last.values, if grouped { skip + last.rows } else { 0 }, number),
        number,
        first_last: last.first.zip(last.last),
    });
    Ok(Response::Page(Page { next }))
}

/// Counts rows, up to the limit of counts.
pub(crate) fn count(cx: &ReadCx<'_>, query: &Query, within: Option<&(Along, Target)>) -> Result<Response> {
    let secured = cx.secure(cx.resolve_within(query, within, cx.now_s())?)?;
    cx.tx.count(&secured, Some(cx.services.limits.count_max)).map(Response::Count).map_err(Into::into)
}

/// Refuses to put more rows together than the limit of aggregates allows (SEC-10).
fn refuse_large_groups(cx: &ReadCx<'_>, query: &ResolvedQuery, asked: Option<u64>) -> Result<()> {
    let most = cx.services.limits.aggregate_rows_max;
    let most = asked.map_or(most, |asked| asked.min(most));
    if most == u64::MAX || !query.outputs.iter().any(Output::is_aggregate) {
        return Ok(());
    }
    let rows = ResolvedQuery { grouped: false, outputs: Vec::new(), orders: Vec::new(), skip: 0, ..query.clone() };
    if cx.tx.count(&cx.secure(rows)?, Some(most + 1))? > most {
        return Err(Error::of(ErrorCode::AggregateQueryRecordLimitExceeded));
    }
    Ok(())
}

/// A token for the rows of a query behind the one whose keys of the order are `after`.
pub(crate) fn page_token(cx: &ReadCx<'_>, query: &ResolvedQuery, after: Vec<Value>, number: u32) -> String {
    Marks::of(query).print(cx, after, 0, number)
}

/// What tells queries apart in page tokens.
struct Marks {
    scan: String,
    orders: String,
    moment_s: i64,
}

impl Marks {
    fn of(query: &ResolvedQuery) -> Self {
        Self { scan: scan_hash(query), orders: digest(&format!("{:?}", query.orders)), moment_s: query.moment_s }
    }

    fn print(&self, cx: &ReadCx<'_>, after: Vec<Value>, skip: u64, number: u32) -> String {
        token::print(
            cx.services,
            &Token::List(ListToken { scan: self.scan.clone(), orders: self.orders.clone(), after, skip, number, moment_s: self.moment_s }),
        )
    }

    /// # Errors
    /// 0x80041129 when the order has changed, 0x8004112a when anything else has.
    fn check(&self, page: &ListToken) -> Result<()> {
        match page {
            page if page.scan == self.scan => Ok(()),
            page if page.orders != self.orders => Err(Error::of(ErrorCode::PagingCookieOrder)),
            _ => Err(Error::of(ErrorCode::InvalidPagingCookie)),
        }
    }
}

impl ListToken {
    /// # Errors
    /// 0x8004112a when the text is not one of ours, or of something else.
    fn read(cx: &ReadCx<'_>, text: &str) -> Result<Self> {
        match token::read(cx.services, text)? {
            Token::List(page) => Ok(page),
            _ => Err(Error::of(ErrorCode::InvalidPagingCookie)),
        }
    }
}

/// What a page token must have been made for: table, filter and order. The columns may change between pages.
fn scan_hash(query: &ResolvedQuery) -> String {
    let others: Vec<_> = query.others.iter().map(|table| table.def.id).collect();
    let groups = query.grouped.then_some(&query.outputs);
    digest(&format!("{:?}", (query.table.def.id, others, &query.joins, &query.filter, &query.orders, groups)))
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes sure that the values of the order's keys are among the outputs; gives their places.
pub(crate) fn add_order_outputs(query: &mut ResolvedQuery) -> Vec<usize> {
    let mut places = Vec::with_capacity(query.orders.len());
    for order in &query.orders {
        let OrderKey::Column(source, column) = order.key else { continue };
        let wanted = Output::Column { source, column };
        let at = query.outputs.iter().position(|output| *output == wanted).unwrap_or_else(|| {
            query.outputs.push(wanted);
            query.outputs.len() - 1
        });
        places.push(at);
    }
    places
}

/// Remembers the values of the order's keys of the last row.
struct LastRow<'a> {
    sink: &'a mut dyn RowSink,
    keys: Vec<usize>,
    values: Vec<Value>,
    rows: u64,
    /// A result row is a row of the table.
    is_row: bool,
    first: Option<Uuid>,
    last: Option<Uuid>,
}

impl RowSink for LastRow<'_> {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.sink.start(head)
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        self.values.clear();
        self.values.extend(self.keys.iter().map(|at| row.get(*at).to_owned()));
        self.rows += 1;
        if self.is_row {
            self.last = row.get(0).id();
            self.first = self.first.or(self.last);
        }
        self.sink.row(row)
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.sink.removed(id)
    }
}
