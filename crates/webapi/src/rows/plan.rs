//! What is the same for every row of a page, worked out once.

use driftless_contract::columns::{self, Flat, Places};
use driftless_contract::formatted::Formatter;
use driftless_contract::paging::{CookieEncoding, PagingCookie};
use driftless_core::Snapshot;
use driftless_model::{Column, ColumnIx, LogicalName, Table, TableCode, Uuid, ValueRef};
use driftless_odata::json::JsonWriter;
use driftless_odata::query::ExpandItem;
use driftless_odata::record::edm_type;
use driftless_query::{FlatValue, Group, Output, ResolvedQuery, RowView};

use super::value::{write_group_amount, write_value};
use super::{FORMATTED_VALUE, LOOKUP_TABLE, Lowered, NAVIGATION, RowStyle};
use crate::lower::{is_deep, is_principal, printed};

/// How the rows of one query become objects.
#[derive(Debug)]
pub(crate) struct RowPlan {
    root: Option<ObjectPlan>,
    /// Values beside the row's own columns, and all values of rows that were put together.
    values: Vec<ColumnPlan>,
    as_text: bool,
}

/// A nested object: the first of the alternatives whose row is there, else null. A property that leads to several tables has one for each.
#[derive(Debug)]
struct NestedPlan {
    name: Vec<u8>,
    /// Whether the address alone is shown (web-api 18).
    is_reference: bool,
    alternatives: Vec<ObjectPlan>,
}

#[derive(Debug)]
struct ObjectPlan {
    /// Place of the primary id; the version follows.
    first: usize,
    has_etag: bool,
    /// Type and names, with full control information only.
    full: Option<FullPlan>,
    /// The address up to the id.
    address: String,
    columns: Vec<ColumnPlan>,
    /// Names under which the primary id is written behind the columns.
    ids: Vec<Vec<u8>>,
    nested: Vec<NestedPlan>,
    lists: Vec<ListPlan>,
}

/// A list of rows nested in an object.
#[derive(Debug)]
struct ListPlan {
    name: Vec<u8>,
    /// Its place among the query's collections.
    at: usize,
    rows: RowPlan,
    next: NextPlan,
}

/// The link to the rest of a nested list, or to the list itself (web-api 18).
#[derive(Debug)]
struct NextPlan {
    name: Vec<u8>,
    /// The name of the list, with a slash before it.
    path: String,
    options: Vec<(&'static str, String)>,
    /// The link is there only when there is a rest, and leads to it: so it is where lists are nested beside other levels.
    only_rest: bool,
}

#[derive(Debug)]
struct FullPlan {
    type_name: String,
    set: String,
}

#[derive(Debug)]
struct ColumnPlan {
    at: usize,
    name: Vec<u8>,
    type_note: Option<(Vec<u8>, String)>,
    formatted: Option<(Vec<u8>, Formatter)>,
    lookup: Option<LookupPlan>,
    omit_null: bool,
    /// An amount that was made of those of a group.
    is_aggregate: bool,
}

/// The annotations of a lookup: for each table that it may lead to its name and the navigation property.
#[derive(Debug)]
struct LookupPlan {
    table_note: Option<Vec<u8>>,
    navigation_note: Option<Vec<u8>>,
    targets: Vec<(TableCode, String, String)>,
}

impl RowPlan {
    /// The plan for a query's rows.
    pub(crate) fn new(query: &ResolvedQuery, lowered: &Lowered, style: &RowStyle) -> Self {
        Self::of_level(query, &lowered.expand, is_deep(&lowered.expand), lowered, style)
    }

    fn of_level(query: &ResolvedQuery, expand: &[ExpandItem], deep: bool, lowered: &Lowered, style: &RowStyle) -> Self {
        let values = query.values.iter().map(|value| ColumnPlan::of_value(query, value, lowered, style)).collect();
        let root = query.groups.first().map(|_| ObjectPlan::tree(query, 0, expand, deep, (lowered, style)));
        Self { root, values, as_text: style.format.ieee754_compatible }
    }

    /// Writes the members of one row's object, without its braces.
    pub(crate) fn write_members(&self, json: &mut JsonWriter, row: &dyn RowView, scratch: &mut String) {
        if let Some(root) = &self.root {
            root.write_members(json, row, self.as_text, scratch);
        }
        for value in &self.values {
            value.write(json, row, self.as_text, scratch);
        }
    }

    /// Primary id and version of a row.
    pub(crate) fn identity(&self, row: &dyn RowView) -> Option<(Uuid, i64)> {
        let root = self.root.as_ref()?;
        let id = root.id(row)?;
        match row.get(root.first + 1) {
            ValueRef::BigInt(version) => Some((id, version)),
            _ => None,
        }
    }
}

impl ObjectPlan {
    /// The plan of a group, with those nested in it.
    fn tree(query: &ResolvedQuery, at: usize, expand: &[ExpandItem], deep: bool, (lowered, style): (&Lowered, &RowStyle)) -> Self {
        let item = |name: &str| expand.iter().find(|item| item.path.len() == 1 && item.path.first().is_some_and(|own| own == name));
        let inner_items = |name: &str| item(name).map(|item| item.options.expand.as_slice()).unwrap_or_default();
        let mut object = Self::new(query.source(query.groups[at].source), &query.groups[at], lowered, style);
        for (inner, group) in query.groups.iter().enumerate().filter(|(inner, group)| *inner != at && group.parent == at) {
            let Some(name) = &group.name else { continue };
            let nested = Self::tree(query, inner, inner_items(name), deep, (lowered, style));
            let is_reference = item(name).is_some_and(|item| item.is_ref);
            let name = JsonWriter::prepare_name(name);
            match object.nested.iter_mut().find(|plan| plan.name == name) {
                Some(plan) => plan.alternatives.push(nested),
                None => object.nested.push(NestedPlan { name, is_reference, alternatives: vec![nested] }),
            }
        }
        for (place, list) in query.collections.iter().enumerate().filter(|(_, list)| list.group == at) {
            let rows = RowPlan::of_level(&list.query, inner_items(&list.name), deep, lowered, style);
            let next = NextPlan {
                name: JsonWriter::prepare_name(&format!("{}@odata.nextLink", list.name)),
                path: format!("/{}", list.name),
                options: item(&list.name).map(|item| printed(&item.options)).unwrap_or_default(),
                only_rest: deep,
            };
            object.lists.push(ListPlan { name: JsonWriter::prepare_name(&list.name), at: place, rows, next });
        }
        object
    }

    fn new(table: &Table, group: &Group, lowered: &Lowered, style: &RowStyle) -> Self {
        let columns = columns::of_group(table, group).map(|(ix, places)| ColumnPlan::new(table, ix, places, lowered, style)).collect();
        let mut ids = Vec::new();
        if !group.columns.contains(&table.id) {
            ids.push(JsonWriter::prepare_name(&table.def.primary_id));
        }
        if is_principal(table) && !group.columns.iter().any(|ix| *table.column(*ix).name == *"ownerid") {
            ids.push(JsonWriter::prepare_name("ownerid"));
        }
        let full =
            style.is_full().then(|| FullPlan { type_name: format!("#Microsoft.Dynamics.CRM.{}", table.name()), set: format!("{}(", table.def.set_name) });
        Self {
            first: group.first,
            has_etag: style.has_control(),
            full,
            address: format!("{}{}(", style.root, table.def.set_name),
            columns,
            ids,
            nested: Vec::new(),
            lists: Vec::new(),
        }
    }

    fn id(&self, row: &dyn RowView) -> Option<Uuid> {
        row.get(self.first).id()
    }

    /// The object `{"@odata.id":"…"}`.
    fn write_reference(&self, json: &mut JsonWriter, row: &dyn RowView, scratch: &mut String) {
        json.begin_object();
        if let Some(id) = self.id(row) {
            write_address(json, "@odata.id", &self.address, id, scratch);
        }
        json.end_object();
    }

    fn write_members(&self, json: &mut JsonWriter, row: &dyn RowView, as_text: bool, scratch: &mut String) {
        let id = self.id(row);
        if let (Some(full), Some(id)) = (&self.full, id) {
            full.write(json, &self.address, id, scratch);
        }
        if self.has_etag
            && let ValueRef::BigInt(version) = row.get(self.first + 1)
        {
            write_etag(json, version);
        }
        for column in &self.columns {
            column.write(json, row, as_text, scratch);
        }
        for name in &self.ids {
            json.prepared_name(name);
            match id {
                Some(id) => json.guid(id.as_bytes()),
                None => json.null(),
            }
        }
        for nested in &self.nested {
            json.prepared_name(&nested.name);
            match nested.alternatives.iter().find(|object| object.id(row).is_some()) {
                None => json.null(),
                Some(object) if nested.is_reference => object.write_reference(json, row, scratch),
                Some(object) => {
                    json.begin_object();
                    object.write_members(json, row, as_text, scratch);
                    json.end_object();
                }
            }
        }
        for list in &self.lists {
            json.prepared_name(&list.name);
            json.begin_array();
            for row in row.nested(list.at).into_iter().flat_map(|nested| &nested.rows) {
                json.begin_object();
                list.rows.write_members(json, row, scratch);
                json.end_object();
            }
            json.end_array();
            if let Some(id) = id {
                list.next.write(json, &self.address, id, row.nested(list.at).and_then(|nested| nested.next.as_deref()));
            }
        }
    }
}

impl NextPlan {
    /// `address` is that of the row up to its id.
    fn write(&self, json: &mut JsonWriter, address: &str, id: Uuid, token: Option<&str>) {
        if self.only_rest && token.is_none() {
            return;
        }
        let mut link = format!("{address}{id}){}", self.path);
        for (name, value) in &self.options {
            driftless_odata::link::push_option(&mut link, name, value);
        }
        if let Some(token) = token.filter(|_| self.only_rest) {
            let token = Some(token.to_owned());
            let cookie = PagingCookie { page: 2, token, ..PagingCookie::default() };
            link = driftless_odata::link::next_link(&link, &[], &cookie.print(CookieEncoding::Once));
        }
        json.prepared_name(&self.name);
        json.text(&link);
    }
}

impl FullPlan {
    fn write(&self, json: &mut JsonWriter, address: &str, id: Uuid, scratch: &mut String) {
        json.name("@odata.type");
        json.text(&self.type_name);
        write_address(json, "@odata.id", address, id, scratch);
        write_address(json, "@odata.editLink", &self.set, id, scratch);
    }
}

/// Writes the address of a row, which begins with `start`.
fn write_address(json: &mut JsonWriter, name: &str, start: &str, id: Uuid, scratch: &mut String) {
    scratch.clear();
    scratch.push_str(start);
    scratch.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    scratch.push(')');
    json.name(name);
    json.text(scratch);
}

/// Writes `"@odata.etag":"W/\"n\""`.
fn write_etag(json: &mut JsonWriter, version: i64) {
    let mut text = [0_u8; 32];
    let mut at = 0;
    let mut push = |bytes: &[u8]| {
        if let Some(slot) = text.get_mut(at..at + bytes.len()) {
            slot.copy_from_slice(bytes);
            at += bytes.len();
        }
    };
    push(b"\"W/\\\"");
    push(itoa::Buffer::new().format(version).as_bytes());
    push(b"\\\"\"");
    json.prepared_name(b"\"@odata.etag\":");
    json.raw(text.get(..at).unwrap_or_default());
}

impl ColumnPlan {
    fn new(table: &Table, ix: ColumnIx, places: Places, lowered: &Lowered, style: &RowStyle) -> Self {
        Self::named(table, ix, &wire_name(table.column(ix)), places, lowered, style)
    }

    /// A flat value under its own name.
    fn of_value(query: &ResolvedQuery, value: &FlatValue, lowered: &Lowered, style: &RowStyle) -> Self {
        let name = |column: Option<&Column>| value.name.clone().or_else(|| column.map(wire_name)).unwrap_or_default();
        match columns::of_value(query, value) {
            Flat::Column(table, ix, places) => {
                let plan = Self::named(table, ix, &name(Some(table.column(ix))), places, lowered, style);
                Self { is_aggregate: query.outputs.get(value.at).is_some_and(Output::is_aggregate), ..plan }
            }
            Flat::Number(of) => {
                let name = name(of.map(|(table, ix)| table.column(ix)));
                let formatted =
                    style.annotations.formatted.then(|| (JsonWriter::prepare_name(&format!("{name}@{FORMATTED_VALUE}")), Formatter::Number { digits: 0 }));
                Self {
                    at: value.at,
                    name: JsonWriter::prepare_name(&name),
                    type_note: None,
                    formatted,
                    lookup: None,
                    omit_null: style.omit_nulls,
                    is_aggregate: false,
                }
            }
        }
    }

    fn named(table: &Table, ix: ColumnIx, name: &str, places: Places, lowered: &Lowered, style: &RowStyle) -> Self {
        let (column, snapshot) = (table.column(ix), &*lowered.around.snapshot);
        let note = |annotation: &str| JsonWriter::prepare_name(&format!("{name}@{annotation}"));
        let formatter = || Formatter::of(column, places, &lowered.around);
        let edm = edm_type(column.shape());
        Self {
            at: places.value,
            type_note: (style.is_full() && !matches!(edm, "Edm.String" | "Edm.Boolean" | "Edm.Int32" | "Edm.Double"))
                .then(|| (note("odata.type"), format!("#{}", edm.trim_start_matches("Edm.")))),
            formatted: style.annotations.formatted.then(formatter).flatten().map(|formatter| (note(FORMATTED_VALUE), formatter)),
            lookup: column.lookup().filter(|_| style.annotations.lookup_table || style.annotations.navigation).map(|lookup| LookupPlan {
                table_note: style.annotations.lookup_table.then(|| note(LOOKUP_TABLE)),
                navigation_note: style.annotations.navigation.then(|| note(NAVIGATION)),
                targets: lookup.targets.iter().filter_map(|target| lookup_target(table, column, target, snapshot)).collect(),
            }),
            name: JsonWriter::prepare_name(name),
            omit_null: style.omit_nulls,
            is_aggregate: false,
        }
    }

    fn write(&self, json: &mut JsonWriter, row: &dyn RowView, as_text: bool, scratch: &mut String) {
        let value = row.get(self.at);
        match value {
            ValueRef::Null if self.omit_null => return,
            ValueRef::Null => {}
            value => self.write_notes(json, row, value, scratch),
        }
        json.prepared_name(&self.name);
        match value {
            ValueRef::Money(units) if self.is_aggregate => write_group_amount(json, units, as_text),
            value => write_value(json, value, as_text),
        }
    }

    fn write_notes(&self, json: &mut JsonWriter, row: &dyn RowView, value: ValueRef<'_>, scratch: &mut String) {
        if let Some((name, type_name)) = &self.type_note {
            json.prepared_name(name);
            json.text(type_name);
        }
        if let Some((name, formatter)) = &self.formatted
            && formatter.format(value, row, scratch)
        {
            json.prepared_name(name);
            json.text(scratch);
        }
        if let (Some(lookup), ValueRef::Ref(reference)) = (&self.lookup, value) {
            lookup.write(json, reference.table);
        }
    }
}

impl LookupPlan {
    fn write(&self, json: &mut JsonWriter, code: TableCode) {
        let target = match self.targets.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|(own, _, _)| *own == code),
        };
        let Some((_, table, navigation)) = target else { return };
        for (note, text) in [(&self.navigation_note, navigation), (&self.table_note, table)] {
            if let Some(name) = note {
                json.prepared_name(name);
                json.text(text);
            }
        }
    }
}

fn lookup_target(table: &Table, column: &Column, target: &LogicalName, snapshot: &Snapshot) -> Option<(TableCode, String, String)> {
    let code = snapshot.find(target)?.def.code;
    let navigation = match snapshot.lookup_relationship(table.name(), &column.name, target) {
        Some(relationship) => relationship.referencing_navigation.clone(),
        None => column.name.to_string(),
    };
    Some((code, target.to_string(), navigation))
}

/// The name of a column in rows: `_x_value` for lookups.
pub(crate) fn wire_name(column: &Column) -> String {
    if column.lookup().is_some() { format!("_{}_value", column.name) } else { column.name.to_string() }
}
