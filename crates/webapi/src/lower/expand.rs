//! `$expand` to nested rows and lists (web-api 18).

use std::collections::BTreeMap;
use std::sync::Arc;

use driftless_core::Snapshot;
use driftless_model::{Error, ErrorCode, Result, Table};
use driftless_odata::query::{Direction, ExpandItem, ExpandOptions, OrderItem, OrderKey, SelectItem};
use driftless_query::{Along, Columns, Expand};

use super::filter::Lowering;
use super::navigation::{single, target_of, way};
use super::query::{order, property, select};
use crate::error;

/// True if rows are nested in nested rows.
pub(crate) fn is_deep(items: &[ExpandItem]) -> bool {
    items.iter().any(|item| !item.options.expand.is_empty())
}

/// The rows to nest. Beside other levels, lists have `rows` rows at most, which is the size of a page (web-api 18).
///
/// # Errors
/// 0x80060888 for unknown properties, and for options that the service does not take where they stand.
pub(crate) fn expands(snapshot: &Snapshot, table: &Arc<Table>, items: &[ExpandItem], rows: Option<u32>) -> Result<Vec<Expand>> {
    let level = Level { snapshot, aliases: BTreeMap::new(), is_deep: is_deep(items), rows };
    level.expands(table, items)
}

struct Level<'a> {
    snapshot: &'a Snapshot,
    /// Parameters cannot be used here.
    aliases: BTreeMap<String, String>,
    is_deep: bool,
    rows: Option<u32>,
}

impl Level<'_> {
    fn expands(&self, table: &Arc<Table>, items: &[ExpandItem]) -> Result<Vec<Expand>> {
        let mut expands = Vec::with_capacity(items.len());
        for item in items {
            let [name] = item.path.as_slice() else {
                return Err(error::no_such_property(&item.path.join("/"), table.name()));
            };
            if let Some(navigation) = single(self.snapshot, table, name) {
                let lookup = &table.column(navigation.column).name;
                for target in &navigation.targets {
                    let along = Along::Lookup { lookup: lookup.clone(), target: target.clone() };
                    expands.push(self.expand(item, name, along, navigation.targets.len() > 1)?);
                }
            } else if let Some(along) = way(self.snapshot, table, name) {
                if item.is_ref {
                    return Err(error::no_expanded_reference());
                }
                expands.push(self.expand(item, name, along, false)?);
            } else {
                return Err(error::no_such_property(name, table.name()));
            }
        }
        Ok(expands)
    }

    fn expand(&self, item: &ExpandItem, name: &str, along: Along, is_one_of_several: bool) -> Result<Expand> {
        let options = &item.options;
        let is_list = !matches!(along, Along::Lookup { .. });
        if (!is_list || self.is_deep) && (!options.order_by.is_empty() || options.top.is_some()) {
            return Err(Error::new(
                ErrorCode::ODataError,
                "Only $select and $filter clause can be provided while doing $expand on many-to-one relationship or nested one-to-many relationship.",
            ));
        }
        let target = Arc::clone(self.snapshot.require(target_of(&along))?);
        let columns = match select(&target, options.select.as_deref()) {
            // Of a reference only the address is shown.
            _ if item.is_ref => Columns::Some(Vec::new()),
            Ok(columns) => columns,
            // Of several targets, those that lack a column are returned with what they have.
            Err(_) if is_one_of_several => select_known(&target, options.select.as_deref().unwrap_or_default()),
            Err(error) => return Err(error),
        };
        let lowering = Lowering { snapshot: self.snapshot, aliases: &self.aliases, variable: None };
        let top = options.top.map(|top| u32::try_from(top).unwrap_or(u32::MAX));
        Ok(Expand {
            along,
            name: name.to_owned(),
            columns,
            filter: options.filter.as_ref().map(|expr| lowering.filter(&target, expr)).transpose()?,
            orders: options.order_by.iter().map(|item| order(&lowering, &target, item)).collect::<Result<_>>()?,
            limit: if is_list { top.or(self.rows.filter(|_| self.is_deep)) } else { None },
            expands: self.expands(&target, &options.expand)?,
        })
    }
}

fn select_known(table: &Table, items: &[SelectItem]) -> Columns {
    let name = |item: &SelectItem| if let SelectItem::Column(name) = item { property(table, name).ok() } else { None };
    Columns::Some(items.iter().filter_map(name).map(|ix| table.column(ix).name.clone()).collect())
}

/// The options of a nested list as those of a request for the list itself.
pub(crate) fn printed(options: &ExpandOptions) -> Vec<(&'static str, String)> {
    let mut printed = Vec::new();
    if let Some(items) = &options.select {
        printed.push(("$select", names(items).join(",")));
    }
    if let Some(filter) = &options.filter {
        printed.push(("$filter", driftless_odata::filter::print(filter)));
    }
    if !options.order_by.is_empty() {
        printed.push(("$orderby", options.order_by.iter().map(ordered).collect::<Vec<_>>().join(",")));
    }
    if let Some(top) = options.top {
        printed.push(("$top", top.to_string()));
    }
    if !options.expand.is_empty() {
        printed.push(("$expand", options.expand.iter().map(nested).collect::<Vec<_>>().join(",")));
    }
    printed
}

fn nested(item: &ExpandItem) -> String {
    let options: Vec<_> = printed(&item.options).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let reference = if item.is_ref { "/$ref" } else { "" };
    let name = item.path.join("/");
    if options.is_empty() { format!("{name}{reference}") } else { format!("{name}{reference}({})", options.join(";")) }
}

fn ordered(item: &OrderItem) -> String {
    let key = match &item.key {
        OrderKey::Path(path) => path.join("/"),
        OrderKey::Alias(name) => format!("@{name}"),
    };
    match item.direction {
        Direction::Ascending => key,
        Direction::Descending => format!("{key} desc"),
    }
}

fn names(items: &[SelectItem]) -> Vec<String> {
    items
        .iter()
        .map(|item| match item {
            SelectItem::Column(name) => name.clone(),
            SelectItem::All => "*".to_owned(),
        })
        .collect()
}
