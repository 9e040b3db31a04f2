//! Rows of a page into one JSON array, in pieces.

use bytes::Bytes;
use driftless_model::{Error, Result, Uuid};
use driftless_odata::json::JsonWriter;
use driftless_query::{Flow, PageHead, RowSink, RowView};

use super::{LoweredSlot, RowPlan, RowStyle};
use crate::answer::{PIECE_BYTES_MAX, push_pieces};

/// Room that is left in a piece for the row that fills it.
const PIECE_SLACK: usize = 4 << 10;

/// A sink for pages of rows and of changes. Written is the array alone; what stands around it is known when the page has ended.
pub(crate) struct JsonRows<'a> {
    style: &'a RowStyle,
    slot: &'a LoweredSlot,
    /// The context of deleted items, as a JSON text.
    removed_context: Vec<u8>,
    bytes_max: usize,
    plan: Option<RowPlan>,
    json: JsonWriter,
    pieces: Vec<Bytes>,
    flushed: usize,
    scratch: String,
    count: Option<u64>,
    rows: usize,
}

impl<'a> JsonRows<'a> {
    /// A sink whose pages end at `bytes_max` bytes. `set` names the deleted items' set.
    pub(crate) fn new(style: &'a RowStyle, slot: &'a LoweredSlot, set: &str, bytes_max: usize) -> Self {
        let mut context = JsonWriter::new();
        context.text(&format!("{}$metadata#{set}/$deletedEntity", style.root));
        let mut json = JsonWriter::appending_to(Vec::with_capacity(PIECE_BYTES_MAX));
        json.begin_array();
        Self {
            style,
            slot,
            removed_context: context.into_bytes(),
            bytes_max,
            plan: None,
            json,
            pieces: Vec::new(),
            flushed: 0,
            scratch: String::new(),
            count: None,
            rows: 0,
        }
    }

    /// The number of matching rows, if it was asked for.
    pub(crate) fn count(&self) -> Option<u64> {
        self.count
    }

    /// Items written so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The pieces of the complete array.
    pub(crate) fn finish(mut self) -> Vec<Bytes> {
        self.json.end_array();
        push_pieces(&mut self.pieces, self.json.into_bytes().into());
        self.pieces
    }

    fn flow(&mut self) -> Flow {
        self.rows += 1;
        if self.json.len() >= PIECE_BYTES_MAX - PIECE_SLACK {
            let full = self.json.take(Vec::with_capacity(PIECE_BYTES_MAX));
            self.flushed += full.len();
            push_pieces(&mut self.pieces, full.into());
        }
        if self.flushed + self.json.len() >= self.bytes_max { Flow::Stop } else { Flow::Continue }
    }
}

impl RowSink for JsonRows<'_> {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        let lowered = self.slot.borrow();
        let lowered = lowered.as_ref().ok_or_else(|| Error::damaged("rows came before the request was lowered"))?;
        self.plan = Some(RowPlan::new(head.query, lowered, self.style));
        self.count = head.count;
        Ok(())
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        let plan = self.plan.as_ref().ok_or_else(|| Error::damaged("a row came before the start of its page"))?;
        self.json.begin_object();
        plan.write_members(&mut self.json, row, &mut self.scratch);
        self.json.end_object();
        Ok(self.flow())
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        // The order of these members is fixed: another one makes a known reader lose values (web-api 25.4).
        self.json.begin_object();
        self.json.prepared_name(b"\"@odata.context\":");
        self.json.raw(&self.removed_context);
        self.json.prepared_name(b"\"id\":");
        self.json.guid(id.as_bytes());
        self.json.prepared_name(b"\"reason\":");
        self.json.raw(b"\"deleted\"");
        self.json.end_object();
        Ok(self.flow())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use driftless_contract::formatted::Surroundings;
    use driftless_model::{Decimal, LogicalName, Reference, TableCode, Value};
    use driftless_odata::headers::{Format, MetadataLevel};
    use driftless_query::{Along, Circumstances, CollectedRow, Columns, Expand, Query, ResolvedQuery, resolve};

    use super::super::{Annotations, Lowered};
    use super::*;
    use crate::fixture::{id, snapshot};

    fn query(names: &[&str], expand: bool) -> ResolvedQuery {
        let mut query = Query::new("drf_parcel".into());
        query.columns = Columns::Some(names.iter().map(|name| LogicalName::from(*name)).collect());
        query.lookup_names = true;
        if expand {
            let depot = Columns::Some(vec!["drf_name".into()]);
            query.expands = vec![Expand {
                along: Along::Lookup { lookup: "drf_depotid".into(), target: "drf_depot".into() },
                name: "drf_DepotId".to_owned(),
                columns: depot,
                filter: None,
                orders: Vec::new(),
                limit: None,
                expands: Vec::new(),
            }];
        }
        resolve(&query, &*snapshot(), &Circumstances::default()).unwrap()
    }

    fn style(metadata: MetadataLevel, ieee754_compatible: bool, annotated: bool) -> RowStyle {
        let annotations = Annotations { formatted: annotated, lookup_table: annotated, navigation: annotated, ..Annotations::default() };
        RowStyle {
            format: Format { metadata, ieee754_compatible, accepts_json: true },
            annotations,
            omit_nulls: false,
            root: "http://h/api/data/v9.2/".to_owned(),
        }
    }

    fn lowered() -> LoweredSlot {
        RefCell::new(Some(Lowered { around: Surroundings::plain(snapshot(), 1033), expand: Vec::new() }))
    }

    fn written(query: &ResolvedQuery, style: &RowStyle, rows: &[Vec<Value>], removed: &[u128]) -> String {
        let slot = lowered();
        let mut sink = JsonRows::new(style, &slot, "drf_parcels", usize::MAX);
        sink.start(&PageHead { query, count: None }).unwrap();
        for row in rows {
            assert_eq!(sink.row(&CollectedRow::new(row.clone())).unwrap(), Flow::Continue);
        }
        for number in removed {
            sink.removed(id(*number)).unwrap();
        }
        String::from_utf8(sink.finish().concat()).unwrap()
    }

    #[test] // web-api 9, 25.4
    fn rows_have_etag_columns_in_order_and_id_and_deleted_items_their_fixed_order() {
        let text = written(
            &query(&["drf_name", "drf_price", "drf_weight"], false),
            &style(MetadataLevel::Minimal, false, false),
            &[vec![Value::Guid(id(1)), Value::BigInt(801), Value::Text("Crate".to_owned()), Value::Money(45_000), Value::Null]],
            &[2],
        );
        assert_eq!(
            text,
            concat!(
                r#"[{"@odata.etag":"W/\"801\"","drf_name":"Crate","drf_price":4.5000,"drf_weight":null,"drf_parcelid":"00000000-0000-0000-0000-000000000001"},"#,
                r#"{"@odata.context":"http://h/api/data/v9.2/$metadata#drf_parcels/$deletedEntity","id":"00000000-0000-0000-0000-000000000002","reason":"deleted"}]"#
            )
        );
    }

    #[test] // web-api 18
    fn expanded_rows_are_objects_or_null() {
        let query = query(&["drf_name"], true);
        let row = |depot: Value, name: Value| vec![Value::Guid(id(1)), Value::BigInt(1), Value::Null, depot.clone(), Value::BigInt(2), name];
        let text = written(
            &query,
            &style(MetadataLevel::Minimal, false, false),
            &[row(Value::Guid(id(3)), Value::Text("North".to_owned())), row(Value::Null, Value::Null)],
            &[],
        );
        assert!(text.contains(r#""drf_DepotId":{"@odata.etag":"W/\"2\"","drf_name":"North","drf_depotid":"00000000-0000-0000-0000-000000000003"}"#), "{text}");
        assert!(text.ends_with(r#""drf_DepotId":null}]"#), "{text}");
    }

    #[test] // web-api 21
    fn annotations_stand_before_their_property() {
        let query = query(&["drf_live", "ownerid", "drf_kind"], false);
        let owner = Value::Ref(Reference { table: TableCode(9), id: id(5) });
        let rows = [vec![Value::Guid(id(1)), Value::BigInt(1), Value::Bool(true), owner, Value::Null, Value::Text("Team".to_owned())]];
        let text = written(&query, &style(MetadataLevel::Minimal, false, true), &rows, &[]);
        assert!(
            text.contains(concat!(
                r#""drf_live@OData.Community.Display.V1.FormattedValue":"Running","drf_live":true,"#,
                r#""_ownerid_value@OData.Community.Display.V1.FormattedValue":"Team","#,
                r#""_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty":"ownerid","#,
                r#""_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"team","#,
                r#""_ownerid_value":"00000000-0000-0000-0000-000000000005","drf_kind":null,"#
            )),
            "{text}"
        );
    }

    #[test] // web-api 3
    fn metadata_levels_and_numbers_as_text() {
        let query = query(&["drf_weight"], false);
        let rows = [vec![Value::Guid(id(1)), Value::BigInt(1), Value::Decimal(Decimal::new(45, 1))]];
        let none = written(&query, &style(MetadataLevel::None, true, false), &rows, &[]);
        assert_eq!(none, r#"[{"drf_weight":"4.5","drf_parcelid":"00000000-0000-0000-0000-000000000001"}]"#);
        let full = written(&query, &style(MetadataLevel::Full, false, false), &rows, &[]);
        for part in [
            r##""@odata.type":"#Microsoft.Dynamics.CRM.drf_parcel""##,
            r#""@odata.id":"http://h/api/data/v9.2/drf_parcels(00000000-0000-0000-0000-000000000001)""#,
            r#""@odata.editLink":"drf_parcels(00000000-0000-0000-0000-000000000001)""#,
            r##""drf_weight@odata.type":"#Decimal","drf_weight":4.5"##,
        ] {
            assert!(full.contains(part), "{part} in {full}");
        }
    }

    #[test] // A9
    fn a_page_ends_when_its_bytes_are_used_up_and_pieces_stay_small() {
        let query = query(&["drf_name"], false);
        let (style, slot) = (style(MetadataLevel::Minimal, false, false), lowered());
        let mut sink = JsonRows::new(&style, &slot, "drf_parcels", 200_000);
        sink.start(&PageHead { query: &query, count: None }).unwrap();
        let row = CollectedRow::new(vec![Value::Guid(id(1)), Value::BigInt(1), Value::Text("x".repeat(70_000))]);
        let flows: Vec<_> = (0..3).map(|_| sink.row(&row).unwrap()).collect();
        assert_eq!(flows, [Flow::Continue, Flow::Continue, Flow::Stop]);
        assert!(sink.finish().iter().all(|piece| piece.len() <= PIECE_BYTES_MAX));
    }
}
