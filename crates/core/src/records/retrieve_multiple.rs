//! RetrieveMultiple: pages of rows. Pages are cut by the values of the order's keys, so that rows written in between neither shift nor repeat others.

use driftless_model::{ColumnIx, Error, ErrorCode, Privilege, Reference, Result, Uuid, Value};
use driftless_query::{Flow, Output, PageHead, Query, ResolvedCondition, ResolvedFilter, ResolvedQuery, RowSink, RowView, resolve};
use sha2::{Digest, Sha256};

use crate::changes::token::{self, ListToken, Token};
use crate::context::ReadCx;
use crate::keys;
use crate::request::{NextPage, Page, Response, RetrieveMultiple, Target};

/// Runs a list.
pub(crate) fn run(cx: &ReadCx<'_>, list: &RetrieveMultiple, sink: &mut dyn RowSink) -> Result<Response> {
    let mut query = prepare(cx, &list.query, list.within.as_ref())?;
    let limits = &cx.services.limits;
    let page_rows = list.query.limit.unwrap_or(limits.page_rows_max).min(limits.page_rows_max);
    query.limit = Some(page_rows);
    let (scan, orders) = (scan_hash(&query), orders_hash(&query));
    let number = match &list.page_token {
        None => 1,
        Some(text) => match token::read(cx.services, text)? {
            Token::List(page) if page.scan == scan && page.after.len() == query.orders.len() => {
                query.after = Some(page.after);
                page.number
            }
            Token::List(page) if page.orders != orders => return Err(Error::of(ErrorCode::PagingCookieOrder)),
            _ => return Err(Error::of(ErrorCode::InvalidPagingCookie)),
        },
    };
    let keys = add_order_outputs(&mut query);
    let secured = cx.secure(query)?;
    let count = if list.count { Some(cx.tx.count(&secured, Some(limits.count_max))?) } else { None };
    let mut last = LastRow { sink, keys, values: Vec::new(), first: None, last: None };
    let more = cx.tx.select(&secured, count, &mut last)?;
    let next = (more && !last.values.is_empty()).then(|| NextPage {
        token: token::print(cx.services, &Token::List(ListToken { scan, orders, after: last.values, number: number + 1 })),
        number: number + 1,
        first_last: last.first.zip(last.last),
    });
    Ok(Response::Page(Page { next }))
}

/// Counts rows, up to the limit of counts.
pub(crate) fn count(cx: &ReadCx<'_>, query: &Query, within: Option<&(ColumnIx, Target)>) -> Result<Response> {
    let secured = cx.secure(prepare(cx, query, within)?)?;
    cx.tx.count(&secured, Some(cx.services.limits.count_max)).map(Response::Count).map_err(Into::into)
}

fn prepare(cx: &ReadCx<'_>, query: &Query, within: Option<&(ColumnIx, Target)>) -> Result<ResolvedQuery> {
    let mut query = resolve(query, &*cx.snapshot)?;
    if let Some((lookup, parent)) = within {
        let parent = keys::require(cx.tx, &cx.snapshot, parent, &[])?;
        cx.require_row(Privilege::Read, &parent.table, parent.id)?;
        let reference = Value::Ref(Reference { table: parent.table.def.code, id: parent.id });
        let of_parent = ResolvedCondition::equals(*lookup, reference);
        query.filter = Some(match query.filter.take() {
            Some(filter) => ResolvedFilter::And(vec![of_parent, filter]),
            None => of_parent,
        });
    }
    Ok(query)
}

/// What a page token must have been made for: table, filter and order. The columns may change between pages.
fn scan_hash(query: &ResolvedQuery) -> String {
    let joins: Vec<_> = query.joins.iter().map(|join| (join.parent, join.lookup, join.table.def.id)).collect();
    digest(&format!("{:?}", (query.table.def.id, &query.filter, &query.orders, joins)))
}

/// The order alone, so that a changed order can be told from another query.
fn orders_hash(query: &ResolvedQuery) -> String {
    digest(&format!("{:?}", query.orders))
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes sure that the values of the order's keys are among the outputs; gives their places.
fn add_order_outputs(query: &mut ResolvedQuery) -> Vec<usize> {
    let mut places = Vec::with_capacity(query.orders.len());
    for order in &query.orders {
        let wanted = Output::Column { source: order.source, column: order.column };
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
        self.last = row.get(0).id();
        self.first = self.first.or(self.last);
        self.sink.row(row)
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.sink.removed(id)
    }
}
