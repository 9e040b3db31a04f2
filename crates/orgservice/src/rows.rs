//! Result rows as `Entity` elements (organization-service 6.1). What does not change from row to row is worked out once, when the page starts; a row is then
//! written straight from the statement's values.

use std::cell::RefCell;
use std::sync::Arc;

use driftless_contract::columns::{self, Flat, Places};
use driftless_contract::formatted::{Formatter, Surroundings};
use driftless_core::Snapshot;
use driftless_model::{ColumnIx, Error, Result, Table, Uuid, ValueRef};
use driftless_query::{FlatValue, Flow, Group, Output, PageHead, Query, ResolvedQuery, RowSink, RowView, Source};

use crate::messages::Exchange;
use crate::namespaces::Ns;
use crate::values::{Aliased, ColumnWriter};
use crate::xml::Writer;

/// What a request was lowered with last: set by the lowering, read by the sink of the same request.
#[derive(Default)]
pub(crate) struct Lowered(RefCell<Option<Surroundings>>);

impl Lowered {
    /// Keeps what the rows of `query` are shown with.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn keep(&self, exchange: Exchange<'_>, snapshot: &Arc<Snapshot>, query: &Query) -> Result<()> {
        *self.0.borrow_mut() = Some(Surroundings::of(exchange.organization, exchange.caller, snapshot, query)?);
        Ok(())
    }
}

/// How rows stand in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Each as an element of this name.
    Element(&'static str),
    /// As the value of a pair.
    Value,
    /// As items of a list of changes, deleted rows among them (organization-service 8.4).
    Changes,
}

/// Writes the rows of a page.
pub(crate) struct EntitySink<'a> {
    pub(crate) writer: &'a mut Writer,
    lowered: &'a Lowered,
    frame: Frame,
    bytes_max: usize,
    begun: usize,
    plan: Option<EntityPlan>,
    scratch: String,
    /// The number of matching rows, if it was asked for.
    pub(crate) count: Option<u64>,
    /// Rows that are related to the row, as elements.
    related: Vec<u8>,
}

impl<'a> EntitySink<'a> {
    /// A sink whose pages end when they have `bytes_max` bytes.
    pub(crate) fn new(writer: &'a mut Writer, lowered: &'a Lowered, frame: Frame, bytes_max: usize) -> Self {
        let begun = writer.len();
        Self { writer, lowered, frame, bytes_max, begun, plan: None, scratch: String::new(), count: None, related: Vec::new() }
    }

    /// The sink for one row, with pairs of rows that are related to it.
    pub(crate) fn with_related(self, related: Vec<u8>) -> Self {
        Self { related, ..self }
    }

    fn flow(&self) -> Flow {
        if self.writer.len() - self.begun >= self.bytes_max { Flow::Stop } else { Flow::Continue }
    }

    fn plan(&self) -> Result<&EntityPlan> {
        self.plan.as_ref().ok_or_else(|| Error::damaged("a row came before the start of its page"))
    }
}

impl RowSink for EntitySink<'_> {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        let lowered = self.lowered.0.borrow();
        let around = lowered.as_ref().ok_or_else(|| Error::damaged("rows came before the request was lowered"))?;
        self.plan = Some(EntityPlan::new(head.query, around));
        self.count = head.count;
        Ok(())
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        let plan = self.plan.as_ref().ok_or_else(|| Error::damaged("a row came before the start of its page"))?;
        let writer = &mut *self.writer;
        match self.frame {
            Frame::Element(name) => {
                writer.open(name);
                plan.write(writer, row, &self.related, &mut self.scratch);
                writer.close(name);
            }
            Frame::Value => {
                writer.open_typed("g:value", (Ns::Contracts, "Entity"));
                plan.write(writer, row, &self.related, &mut self.scratch);
                writer.close("g:value");
            }
            Frame::Changes => {
                writer.raw("<k:anyType i:type=\"k:NewOrUpdatedItem\"><k:NewOrUpdatedEntity>");
                plan.write(writer, row, &self.related, &mut self.scratch);
                writer.raw("</k:NewOrUpdatedEntity><k:Type>NewOrUpdated</k:Type></k:anyType>");
            }
        }
        Ok(self.flow())
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        let table = self.plan()?.table.clone();
        self.writer.raw("<k:anyType i:type=\"k:RemovedOrDeletedItem\"><k:RemovedItem>");
        write_reference(self.writer, id, &table, None);
        self.writer.raw("</k:RemovedItem><k:Type>RemoveOrDeleted</k:Type></k:anyType>");
        Ok(self.flow())
    }
}

/// The members of an `EntityReference`.
pub(crate) fn write_reference(writer: &mut Writer, id: Uuid, table: &str, name: Option<&str>) {
    writer.raw("<a:Id>");
    write_id(writer, id);
    writer.raw("</a:Id><a:KeyAttributes/><a:LogicalName>");
    writer.raw(table);
    writer.raw("</a:LogicalName>");
    writer.element_if("a:Name", name);
    writer.nil("a:RowVersion");
}

pub(crate) fn write_id(writer: &mut Writer, id: Uuid) {
    driftless_model::literal::print::push_guid(writer.bytes(), id.as_bytes());
}

/// How the rows of one query become entities.
struct EntityPlan {
    table: String,
    /// Place of the primary id; none for rows that were put together, unless they are told apart by it.
    id: Option<usize>,
    /// Place of the version.
    version: Option<usize>,
    columns: Vec<ColumnPlan>,
}

/// A column of the answer.
struct ColumnPlan {
    at: usize,
    writer: ColumnWriter,
    /// The beginning of its formatted value, and what it is.
    formatted: Option<(String, Formatter)>,
}

impl EntityPlan {
    fn new(query: &ResolvedQuery, around: &Surroundings) -> Self {
        let maker = PlanMaker { around };
        let mut columns = Vec::new();
        let root = query.groups.first();
        if let Some(group) = root {
            maker.of_group(query.source(group.source), group, &mut columns);
        }
        columns.extend(query.values.iter().map(|value| maker.of_value(query, value)));
        let own = |column| {
            let output = Output::Column { source: Source::ROOT, column };
            query.values.iter().find(|value| value.name.is_none() && query.outputs.get(value.at) == Some(&output)).map(|value| value.at)
        };
        let id = root.map(|group| group.first).or_else(|| own(query.table.id));
        let version = root.map(|group| group.first + 1).or_else(|| id.and_then(|_| own(query.table.row_version)));
        Self { table: query.table.name().to_string(), id, version, columns }
    }

    fn write(&self, writer: &mut Writer, row: &dyn RowView, related: &[u8], scratch: &mut String) {
        writer.raw("<a:Attributes>");
        for column in &self.columns {
            column.writer.write(writer, row, row.get(column.at));
        }
        writer.raw("</a:Attributes><a:EntityState i:nil=\"true\"/><a:FormattedValues>");
        for column in &self.columns {
            column.write_formatted(writer, row, scratch);
        }
        writer.raw("</a:FormattedValues><a:Id>");
        write_id(writer, self.id.and_then(|at| row.get(at).id()).unwrap_or_default());
        writer.raw("</a:Id><a:KeyAttributes/><a:LogicalName>");
        writer.raw(&self.table);
        writer.raw("</a:LogicalName><a:RelatedEntities>");
        writer.bytes().extend_from_slice(related);
        writer.raw("</a:RelatedEntities>");
        match self.version.map(|at| row.get(at)) {
            Some(ValueRef::BigInt(version)) => {
                writer.raw("<a:RowVersion>");
                writer.raw(itoa::Buffer::new().format(version));
                writer.raw("</a:RowVersion>");
            }
            _ => writer.nil("a:RowVersion"),
        }
    }
}

impl ColumnPlan {
    fn write_formatted(&self, writer: &mut Writer, row: &dyn RowView, scratch: &mut String) {
        let Some((begin, formatter)) = &self.formatted else { return };
        let value = row.get(self.at);
        if matches!(value, ValueRef::Null) {
            return;
        }
        if !formatter.format(value, row, scratch) {
            return;
        }
        writer.raw(begin);
        writer.text(scratch);
        writer.raw("</g:value></a:KeyValuePairOfstringstring>");
    }
}

/// Makes the plans of columns.
struct PlanMaker<'a> {
    around: &'a Surroundings,
}

impl PlanMaker<'_> {
    /// The row's own columns; the primary id is always one of them (organization-service 6.1).
    fn of_group(&self, table: &Table, group: &Group, columns: &mut Vec<ColumnPlan>) {
        columns.extend(columns::of_group(table, group).map(|(ix, places)| self.column(table, ix, &table.column(ix).name, places, None)));
        if !group.columns.contains(&table.id) {
            let places = Places { value: group.first, name: None, currency: None };
            columns.push(self.column(table, table.id, &table.column(table.id).name, places, None));
        }
    }

    fn of_value(&self, query: &ResolvedQuery, value: &FlatValue) -> ColumnPlan {
        let aliased = |table: &Table, column: &str| Aliased { table: table.name().to_string(), column: column.to_owned() };
        match columns::of_value(query, value) {
            Flat::Number(None) => self.number(value.name.as_deref().unwrap_or_default(), value.at, Some(aliased(&query.table, ""))),
            Flat::Number(Some((table, ix))) => {
                let column = &table.column(ix).name;
                self.number(value.name.as_deref().unwrap_or(column), value.at, value.name.is_some().then(|| aliased(table, column)))
            }
            Flat::Column(table, ix, places) => {
                let column = &table.column(ix).name;
                self.column(table, ix, value.name.as_deref().unwrap_or(column), places, value.name.is_some().then(|| aliased(table, column)))
            }
        }
    }

    fn number(&self, name: &str, at: usize, aliased: Option<Aliased>) -> ColumnPlan {
        ColumnPlan { at, writer: ColumnWriter::number(name, aliased.as_ref()), formatted: Some((formatted_begin(name), Formatter::Number { digits: 0 })) }
    }

    fn column(&self, table: &Table, ix: ColumnIx, name: &str, places: Places, aliased: Option<Aliased>) -> ColumnPlan {
        let column = table.column(ix);
        ColumnPlan {
            at: places.value,
            writer: ColumnWriter::new(column, name, places.name, &self.around.snapshot, aliased.as_ref()),
            formatted: Formatter::of(column, places, self.around).map(|formatter| (formatted_begin(name), formatter)),
        }
    }
}

fn formatted_begin(name: &str) -> String {
    let mut writer = Writer::default();
    writer.raw("<a:KeyValuePairOfstringstring><g:key>");
    writer.text(name);
    writer.raw("</g:key><g:value>");
    String::from_utf8(writer.into_bytes()).unwrap_or_default()
}
