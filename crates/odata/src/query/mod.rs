//! Query options: the text behind the `?` (web-api 15, 18, 20, 28).

mod expand;
mod items;
mod options;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::filter::{Expr, FilterLimits};

/// All options of one request, decoded once each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueryOptions<'a> {
    /// `$select`; `None` when absent or empty.
    pub select: Option<Vec<SelectItem>>,
    /// `$expand`
    pub expand: Vec<ExpandItem>,
    /// `$filter`
    pub filter: Option<Expr>,
    /// `$orderby`
    pub order_by: Vec<OrderItem>,
    /// `$top`
    pub top: Option<u64>,
    /// `$count`
    pub count: Option<bool>,
    /// `$skiptoken`: a paging cookie.
    pub skip_token: Option<Cow<'a, str>>,
    /// `$deltatoken`
    pub delta_token: Option<Cow<'a, str>>,
    /// `$id`, the reference that `DELETE …/$ref?$id=` removes.
    pub id: Option<Cow<'a, str>>,
    /// `$apply`, not taken apart.
    pub apply: Option<Cow<'a, str>>,
    /// `fetchXml`, not taken apart.
    pub fetch_xml: Option<Cow<'a, str>>,
    /// `savedQuery`, the id as written.
    pub saved_query: Option<Cow<'a, str>>,
    /// `userQuery`, the id as written.
    pub user_query: Option<Cow<'a, str>>,
    /// `sql`, not taken apart.
    pub sql: Option<Cow<'a, str>>,
    /// Whether `$skip` was sent, which is not supported.
    pub has_skip: bool,
    /// Whether `$search` was sent, which is not supported.
    pub has_search: bool,
    /// Whether `$format` was sent, which is not supported.
    pub has_format: bool,
    /// Parameter aliases by name without the sign, their texts not taken apart:
    /// [`parse_argument`](crate::filter::parse_argument) and [`read_argument`](crate::json::read_argument) do that.
    pub aliases: BTreeMap<String, String>,
    /// Options that are none of the above, such as `tag`, `annotations` or `$levels`.
    pub unknown: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Every option as it was written, in order, so that links can repeat them.
    pub raw: Vec<RawOption<'a>>,
}

/// One option as it stood in the address, percent-encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawOption<'a> {
    /// The text before `=`.
    pub name: &'a str,
    /// The text behind `=`; `None` without `=`.
    pub value: Option<&'a str>,
}

/// One entry of `$select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectItem {
    /// `*`
    All,
    /// A column, as written.
    Column(String),
}

/// One entry of `$expand`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpandItem {
    /// The navigation property; several segments when a type cast is written before it.
    pub path: Vec<String>,
    /// Whether `/$ref` follows.
    pub is_ref: bool,
    /// The options in parentheses.
    pub options: ExpandOptions,
}

/// The options inside one `$expand` entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExpandOptions {
    /// `$select`; `None` when absent or empty.
    pub select: Option<Vec<SelectItem>>,
    /// `$filter`
    pub filter: Option<Expr>,
    /// `$orderby`
    pub order_by: Vec<OrderItem>,
    /// `$top`
    pub top: Option<u64>,
    /// `$expand`
    pub expand: Vec<ExpandItem>,
}

/// One entry of `$orderby`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    /// What is ordered by.
    pub key: OrderKey,
    /// In which direction.
    pub direction: Direction,
}

/// What an `$orderby` entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderKey {
    /// A column, or a navigation and a column.
    Path(Vec<String>),
    /// `@p1`, without the sign: an alias that stands for a column name.
    Alias(String),
}

/// A sort direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `asc`, and when nothing is written.
    Ascending,
    /// `desc`
    Descending,
}

/// Bounds of one request's options. The length of the address is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// Options in one address.
    pub options: usize,
    /// Bounds of every filter, also those inside `$expand`.
    pub filter: FilterLimits,
    /// `$expand` entries of all levels together (SEC-08).
    pub expands: usize,
    /// Levels of `$expand` inside `$expand` (SEC-08).
    pub expand_depth: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { options: 100, filter: FilterLimits::default(), expands: 15, expand_depth: 10 }
    }
}
