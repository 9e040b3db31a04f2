//! One row as one object with its context: answers to reads of a row, and rows that writes return.

use std::sync::Arc;

use driftless_core::{OwnedSink, Returning};
use driftless_model::{Error, Result, Uuid};
use driftless_odata::json::JsonWriter;
use driftless_query::{Flow, PageHead, Query, RowSink, RowView};

use super::{Lowered, LoweredSlot, RowPlan, RowStyle};

/// A sink for one row.
pub(crate) struct RetrievedRecord<'a> {
    style: &'a RowStyle,
    slot: &'a LoweredSlot,
    context: String,
    plan: Option<RowPlan>,
    body: Vec<u8>,
    identity: Option<(Uuid, i64)>,
}

impl<'a> RetrievedRecord<'a> {
    /// A sink whose object begins with this context.
    pub(crate) fn new(style: &'a RowStyle, slot: &'a LoweredSlot, context: String) -> Self {
        Self { style, slot, context, plan: None, body: Vec::new(), identity: None }
    }

    /// The object, and the row's etag.
    pub(crate) fn finish(self) -> (Vec<u8>, Option<String>) {
        (self.body, self.identity.map(|(_, version)| etag(version)))
    }
}

impl RowSink for RetrievedRecord<'_> {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        let lowered = self.slot.borrow();
        let lowered = lowered.as_ref().ok_or_else(|| Error::damaged("a row came before the request was lowered"))?;
        self.plan = Some(RowPlan::new(head.query, lowered, self.style));
        Ok(())
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        let plan = self.plan.as_ref().ok_or_else(|| Error::damaged("a row came before the start of its page"))?;
        self.identity = plan.identity(row);
        self.body = object(plan, self.style, &self.context, row);
        Ok(Flow::Stop)
    }

    fn removed(&mut self, _: Uuid) -> Result<Flow> {
        Ok(Flow::Stop)
    }
}

/// The text of an etag.
pub(crate) fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

fn object(plan: &RowPlan, style: &RowStyle, context: &str, row: &dyn RowView) -> Vec<u8> {
    let mut json = JsonWriter::new();
    json.begin_object();
    if style.has_control() {
        json.name("@odata.context");
        json.text(context);
    }
    plan.write_members(&mut json, row, &mut String::new());
    json.end_object();
    json.into_bytes()
}

/// What a write returns: the row that `query` describes, as an object with this context.
pub(crate) fn returning(query: Query, lowered: Lowered, style: RowStyle, context: String) -> Returning {
    let (lowered, style) = (Arc::new(lowered), Arc::new(style));
    Returning {
        query,
        sink: Arc::new(move || {
            Box::new(ReturnedRecord { style: Arc::clone(&style), lowered: Arc::clone(&lowered), context: context.clone(), plan: None, body: Vec::new() })
        }),
    }
}

/// A sink that the unit of a write owns.
struct ReturnedRecord {
    style: Arc<RowStyle>,
    lowered: Arc<Lowered>,
    context: String,
    plan: Option<RowPlan>,
    body: Vec<u8>,
}

impl RowSink for ReturnedRecord {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.plan = Some(RowPlan::new(head.query, &self.lowered, &self.style));
        Ok(())
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        let plan = self.plan.as_ref().ok_or_else(|| Error::damaged("a row came before the start of its page"))?;
        self.body = object(plan, &self.style, &self.context, row);
        Ok(Flow::Stop)
    }

    fn removed(&mut self, _: Uuid) -> Result<Flow> {
        Ok(Flow::Stop)
    }
}

impl OwnedSink for ReturnedRecord {
    fn finish(self: Box<Self>) -> Vec<u8> {
        self.body
    }
}
