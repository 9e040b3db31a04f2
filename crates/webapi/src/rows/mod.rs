//! Result rows to JSON (web-api 9, 15, 21, 22).
//!
//! What does not change from row to row is worked out once, when the page starts: member names with their quotes, annotations, labels. A row is then
//! written straight from the statement's values into one buffer, without allocation.

mod plan;
mod record;
mod sink;
mod value;

pub(crate) use plan::{RowPlan, wire_name};
pub(crate) use record::{RetrievedRecord, etag, returning};
pub(crate) use sink::JsonRows;
pub(crate) use value::write_value;

use std::cell::RefCell;
use std::sync::Arc;

use driftless_contract::formatted::Surroundings;
use driftless_core::Snapshot;
use driftless_model::Result;
use driftless_odata::headers::{Format, MetadataLevel};
use driftless_odata::query::{ExpandItem, SelectItem};
use driftless_query::Query;

use crate::call::{Call, Exchange};

/// What a request was lowered with.
#[derive(Clone, Debug)]
pub(crate) struct Lowered {
    /// What rows are shown with.
    pub(crate) around: Surroundings,
    /// What was asked to be nested, as it was written.
    pub(crate) expand: Vec<ExpandItem>,
}

impl Lowered {
    /// What a query over `table` and its expansions, asked for as `expand`, is shown with.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn new(exchange: &Exchange<'_>, snapshot: &Arc<Snapshot>, query: &Query, expand: &[ExpandItem]) -> Result<Self> {
        Ok(Self { around: Surroundings::of(exchange.organization, exchange.caller, snapshot, query)?, expand: expand.to_vec() })
    }
}

/// What a request was lowered with last: set by the lowering, read by the sink of the same request.
pub(crate) type LoweredSlot = RefCell<Option<Lowered>>;

/// How rows are written for one request.
#[derive(Clone, Debug)]
pub(crate) struct RowStyle {
    pub(crate) format: Format,
    pub(crate) annotations: Annotations,
    /// Properties without a value are left out, as in the results of FetchXML, of views and of `$apply` (web-api 15).
    pub(crate) omit_nulls: bool,
    pub(crate) root: String,
}

/// Which annotations are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Annotations {
    pub(crate) formatted: bool,
    pub(crate) lookup_table: bool,
    pub(crate) navigation: bool,
    pub(crate) total: bool,
    pub(crate) total_exceeded: bool,
    pub(crate) metadata_version: bool,
    pub(crate) more_records: bool,
}

pub(crate) const FORMATTED_VALUE: &str = "OData.Community.Display.V1.FormattedValue";
pub(crate) const LOOKUP_TABLE: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";
pub(crate) const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";
pub(crate) const TOTAL: &str = "Microsoft.Dynamics.CRM.totalrecordcount";
pub(crate) const TOTAL_EXCEEDED: &str = "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded";
pub(crate) const FETCH_COOKIE: &str = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie";
pub(crate) const MORE_RECORDS: &str = "Microsoft.Dynamics.CRM.morerecords";
pub(crate) const METADATA_VERSION: &str = "Microsoft.Dynamics.CRM.globalmetadataversion";

impl RowStyle {
    /// The style that a request asks for.
    pub(crate) fn of(call: &Call<'_>) -> Self {
        let wants = |name: &str| call.preferences.annotations.is_some_and(|filter| filter.wants(name));
        let annotations = Annotations {
            formatted: wants(FORMATTED_VALUE),
            lookup_table: wants(LOOKUP_TABLE),
            navigation: wants(NAVIGATION),
            total: wants(TOTAL),
            total_exceeded: wants(TOTAL_EXCEEDED),
            metadata_version: wants(METADATA_VERSION),
            more_records: wants(MORE_RECORDS),
        };
        Self { format: call.format, annotations, omit_nulls: false, root: call.exchange.root.clone() }
    }

    /// True when control information such as etags and the context is written.
    pub(crate) fn has_control(&self) -> bool {
        self.format.metadata != MetadataLevel::None
    }

    /// True when every property tells its type and every row its address.
    pub(crate) fn is_full(&self) -> bool {
        self.format.metadata == MetadataLevel::Full
    }
}

/// The part of a context that names columns: nothing, or `(a,b,nav(c))`, exactly as selected (web-api 9).
pub(crate) fn context_columns(select: Option<&[SelectItem]>, expand: &[ExpandItem]) -> String {
    let names = select.filter(|items| !items.contains(&SelectItem::All));
    if names.is_none() && expand.is_empty() {
        return String::new();
    }
    let name = |item: &SelectItem| if let SelectItem::Column(name) = item { Some(name.clone()) } else { None };
    let mut parts: Vec<String> = names.unwrap_or_default().iter().filter_map(name).collect();
    for item in expand {
        let inner = context_columns(item.options.select.as_deref(), &item.options.expand);
        let part = format!("{}{}", item.path.join("/"), if inner.is_empty() { "()" } else { &inner });
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    format!("({})", parts.join(","))
}
