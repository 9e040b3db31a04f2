//! FetchXML to a query, and back (web-api 20; Microsoft's public FetchXML reference). Nothing is read from a store: names are checked where their meaning depends on it,
//! and by [`resolve`](crate::resolve) after that.

mod columns;
mod filter;
mod link;
mod print;
mod xml;

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Result, Table};
use roxmltree::{Document, ParsingOptions};

use crate::{Filter, Link, Query, QueryRequest, ResultKind, Tables};
use columns::Chosen;
use link::{Aliases, Place};
pub use print::print;
use xml::{Element, malformed};

/// Bounds of one FetchXML text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// Bytes of the text (SEC-07).
    pub bytes: usize,
    /// XML nodes of all kinds.
    pub nodes: u32,
    /// Levels of filters and links inside each other (SEC-07).
    pub depth: usize,
    /// `link-entity` elements (SEC-08).
    pub links: usize,
    /// `condition` and `link-entity` elements together (SEC-07).
    pub conditions: usize,
    /// Columns that are returned.
    pub columns: usize,
    /// Rows that `top` may ask for.
    pub top: u32,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { bytes: 64 << 10, nodes: 10_000, depth: 64, links: 15, conditions: 500, columns: 5_000, top: 5_000 }
    }
}

/// Attributes of `fetch` that change nothing here: hints to another engine, what editors of views write, and the wish to order choices by number, which is what
/// the service does.
const IGNORED: &[&str] =
    &["version", "mapping", "output-format", "no-lock", "latematerialize", "options", "min-active-row-version", "utc-offset", "savedqueryid", "useraworderby"];

/// Reads FetchXML.
///
/// # Errors
/// 0x80040303 with a sentence for what is no FetchXML, 0x80041102 and 0x80041103 for unknown tables and columns, 0x8004430c and 0x8004430d for too many conditions
/// and links, 0x80040315 for what the service does not offer.
pub fn read(text: &str, tables: &dyn Tables, limits: &FetchLimits) -> Result<QueryRequest> {
    if text.len() > limits.bytes {
        return Err(malformed(format!("The text may have at most {} bytes.", limits.bytes)));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: limits.nodes, entity_resolver: None };
    let document = Document::parse_with_options(text.trim(), options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => malformed("A document type is not allowed."),
        roxmltree::Error::NodesLimitReached => malformed(format!("The text may have at most {} elements and texts.", limits.nodes)),
        other => malformed(format!("At line {}, column {}, this is no XML.", other.pos().row, other.pos().col)),
    })?;
    let fetch = Element::root(&document);
    if fetch.name() != "fetch" {
        return Err(malformed(format!("The root element must be 'fetch', not '{}'.", fetch.name())));
    }
    let head = Head::of(&fetch, limits)?;
    let [entity] = fetch.children(&["entity"])?.try_into().map_err(|_| malformed("The element 'fetch' must have exactly one element 'entity'."))?;
    let query = Reader::start(&entity, &head, tables, limits)?.entity(&entity)?;
    let Head { page, page_rows, paging_cookie, top, total, aggregate_rows_max, .. } = head;
    Ok(QueryRequest { query, page, page_rows, paging_cookie, top, total, aggregate_rows_max })
}

/// What stands at the root element.
struct Head {
    result: ResultKind,
    page: Option<u32>,
    page_rows: Option<u32>,
    paging_cookie: Option<String>,
    top: Option<u32>,
    total: bool,
    aggregate_rows_max: Option<u64>,
}

impl Head {
    fn of(fetch: &Element<'_>, limits: &FetchLimits) -> Result<Self> {
        const KNOWN: &[&str] = &["aggregate", "aggregatelimit", "count", "datasource", "distinct", "page", "paging-cookie", "returntotalrecordcount", "top"];
        fetch.expect(KNOWN, IGNORED)?;
        if let Some(source) = fetch.attribute("datasource") {
            return Err(not_offered(&format!("The data source '{}' of FetchXML", xml::excerpt(source))));
        }
        let result = match (fetch.flag("aggregate")?, fetch.flag("distinct")?) {
            (true, _) => ResultKind::Groups,
            (false, true) => ResultKind::Distinct,
            (false, false) => ResultKind::Rows,
        };
        let head = Self {
            result,
            page: fetch.number("page")?,
            page_rows: fetch.number("count")?,
            paging_cookie: fetch.attribute("paging-cookie").filter(|cookie| !cookie.trim().is_empty()).map(str::to_owned),
            top: fetch.number("top")?,
            total: fetch.flag("returntotalrecordcount")?,
            aggregate_rows_max: fetch.number("aggregatelimit")?.map(u64::from),
        };
        if head.top.is_some() && (head.page.is_some() || head.page_rows.is_some() || head.paging_cookie.is_some() || head.total) {
            return Err(malformed(
                "The attribute 'top' cannot stand beside 'page', 'count', 'paging-cookie' and 'returntotalrecordcount': ask for pages or for the first rows.",
            ));
        }
        if head.top.is_some_and(|top| top > limits.top) {
            return Err(malformed(format!("The attribute 'top' may be at most {}; ask for pages to get more rows.", limits.top)));
        }
        Ok(head)
    }
}

/// What is asked for, as it is being read.
struct Reader<'a> {
    tables: &'a dyn Tables,
    limits: &'a FetchLimits,
    aliases: Aliases,
    query: Query,
    chosen: Chosen,
    root: Arc<Table>,
}

impl<'a> Reader<'a> {
    fn start(entity: &Element<'_>, head: &Head, tables: &'a dyn Tables, limits: &'a FetchLimits) -> Result<Self> {
        entity.expect(&["name"], &["enableprefiltering", "prefilterparametername"])?;
        let name = entity.required("name")?;
        let root = tables.table(name).ok_or_else(|| Error::no_such_table(name))?;
        let aliases = Aliases::of(entity, limits)?;
        let query = Query { result: head.result, ..Query::new(root.name().clone()) };
        Ok(Self { tables, limits, aliases, query, chosen: Chosen::default(), root })
    }

    fn entity(mut self, entity: &Element<'_>) -> Result<Query> {
        let place = Place { table: Arc::clone(&self.root), alias: None, kind: None };
        let children = entity.children(&["attribute", "all-attributes", "order", "filter", "link-entity", "no-attrs"])?;
        // Orders of joined tables come after those of the query's own (Microsoft: order rows).
        let mut later = Vec::new();
        let mut filters = Vec::new();
        for child in &children {
            match child.name() {
                "order" => {
                    let order = self.order(child, &place)?;
                    self.query.orders.push(order);
                }
                "filter" => filters.extend(self.filter(child, &place, 1)?),
                "link-entity" => match self.link(child, &place, &mut later, 1)? {
                    Joined::Link(link) => self.query.links.push(link),
                    Joined::Condition(filter) => filters.push(filter),
                },
                _ => self.column(child, &place)?,
            }
        }
        self.query.orders.append(&mut later);
        self.query.filter = Filter::all(filters);
        self.finish_columns()?;
        self.query.name_rows(&self.root);
        Ok(self.query)
    }
}

/// What a `link-entity` becomes.
enum Joined {
    /// A table that is joined.
    Link(Link),
    /// A condition that there are partners, or none.
    Condition(Filter),
}

fn not_offered(what: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("{what} is not offered by this version of the service."))
}

#[cfg(test)]
mod tests;
