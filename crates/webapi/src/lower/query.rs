//! Query options to a query (web-api 15, 17, 18): `$select`, `$filter`, `$orderby`, `$expand` of single-valued navigation properties.

use std::sync::Arc;

use driftless_contract::companions;
use driftless_core::Snapshot;
use driftless_model::{ColumnIx, Error, ErrorCode, Result, Table};
use driftless_odata::filter::{Argument, FilterLimits, Operand, parse_argument};
use driftless_odata::query::{Direction, OrderItem, OrderKey, QueryOptions, SelectItem};
use driftless_query::{Columns, Order, OrderBy, Query};

use super::apply::apply;
use super::expand::expands;
use super::filter::Lowering;
use super::is_principal;
use super::key::lookup_in_name;
use crate::error;

/// The columns of `$select`.
///
/// # Errors
/// 0x80060888 for a name that is no property, a bare lookup and a navigation property included.
pub(crate) fn select(table: &Table, items: Option<&[SelectItem]>) -> Result<Columns> {
    let Some(items) = items else { return Ok(Columns::All) };
    if items.contains(&SelectItem::All) {
        return Ok(Columns::All);
    }
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        let SelectItem::Column(name) = item else { continue };
        if is_principal(table) && name == "ownerid" {
            continue;
        }
        columns.push(property(table, name)?);
    }
    companions::add(table, &mut columns);
    Ok(Columns::Some(columns.into_iter().map(|ix| table.column(ix).name.clone()).collect()))
}

/// The column behind a property's name.
///
/// # Errors
/// 0x80060888.
pub(crate) fn property(table: &Table, name: &str) -> Result<ColumnIx> {
    let plain = || table.find(name).filter(|ix| table.column(*ix).lookup().is_none() && table.column(*ix).is_stored());
    lookup_in_name(table, name).or_else(plain).ok_or_else(|| error::no_such_property(name, table.name()))
}

/// The query over `table` that the options ask for; `columns` are returned. Lists nested beside other levels have `rows` rows at most.
///
/// # Errors
/// 0x80060888 for what cannot be understood, 0x80040315 for what this version does not offer.
pub(crate) fn query(
    snapshot: &Snapshot,
    table: &Arc<Table>,
    options: &QueryOptions<'_>,
    columns: Columns,
    lookup_names: bool,
    rows: Option<u32>,
) -> Result<Query> {
    let lowering = Lowering { snapshot, aliases: &options.aliases, variable: None };
    let filter = options.filter.as_ref().map(|expr| lowering.filter(table, expr)).transpose()?;
    if let Some(text) = options.apply.as_deref() {
        return apply(&lowering, table, text, filter, options.order_by.is_empty(), lookup_names);
    }
    Ok(Query {
        columns,
        filter,
        orders: options.order_by.iter().map(|item| order(&lowering, table, item)).collect::<Result<_>>()?,
        expands: expands(snapshot, table, &options.expand, rows)?,
        lookup_names,
        ..Query::new(table.name().clone())
    })
}

pub(super) fn order(lowering: &Lowering<'_>, table: &Arc<Table>, item: &OrderItem) -> Result<Order> {
    let segments = match &item.key {
        OrderKey::Path(path) => path.clone(),
        OrderKey::Alias(name) => aliased_path(lowering, name)?,
    };
    Ok(Order { by: OrderBy::Column(lowering.path(table, &segments)?), descending: item.direction == Direction::Descending })
}

fn aliased_path(lowering: &Lowering<'_>, name: &str) -> Result<Vec<String>> {
    let text = lowering.aliases.get(name).map(String::as_str).unwrap_or_default();
    match parse_argument(text, &FilterLimits::default()).map_err(error::of_syntax)? {
        Argument::Single(Operand::Path(path)) => Ok(path),
        _ => Err(Error::new(ErrorCode::ODataError, format!("The parameter '@{name}' in $orderby must stand for a property."))),
    }
}

/// Refuses the options that ask for other ways of querying, and those that the service does not have.
///
/// # Errors
/// 0x80060888.
pub(crate) fn unsupported_options(options: &QueryOptions<'_>) -> Result<()> {
    let texts = [&options.fetch_xml, &options.saved_query, &options.user_query, &options.sql];
    if texts.iter().any(|text| text.is_some()) {
        return Err(Error::new(
            ErrorCode::ODataError,
            "The query options fetchXml, savedQuery, userQuery and sql ask for lists: they stand behind a set or a collection.",
        ));
    }
    unknown_options(options)
}

/// Refuses options that the service does not have.
///
/// # Errors
/// 0x80060888.
pub(crate) fn unknown_options(options: &QueryOptions<'_>) -> Result<()> {
    if let Some((name, _)) = options.unknown.iter().find(|(name, _)| name.starts_with('$')) {
        let shown: String = name.chars().take(64).collect();
        return Err(Error::new(
            ErrorCode::ODataError,
            format!("The query parameter '{shown}' is not supported; names of query parameters are case-sensitive."),
        ));
    }
    let never = [(options.has_skip, "$skip"), (options.has_search, "$search"), (options.has_format, "$format")];
    match never.iter().find(|(given, _)| *given) {
        Some((_, name)) => Err(error::no_such_option(name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use driftless_odata::query::QueryLimits;
    use driftless_query::resolve;

    use super::*;
    use crate::fixture::snapshot;

    fn lowered(text: &str) -> Result<Query> {
        let snapshot = snapshot();
        let table = snapshot.find("drf_parcel").unwrap();
        let options = QueryOptions::parse(text, &QueryLimits::default()).unwrap();
        unsupported_options(&options)?;
        let columns = select(table, options.select.as_deref())?;
        let query = query(&snapshot, table, &options, columns, false, None)?;
        // What is lowered must also be understood.
        resolve(&query, &*snapshot, &driftless_query::Circumstances::default())?;
        Ok(query)
    }

    #[test] // web-api 15
    fn columns_and_order() {
        let query = lowered("$select=drf_name,_drf_depotid_value&$orderby=drf_size desc,drf_DepotId/drf_name").unwrap();
        assert_eq!(query.columns, Columns::Some(vec!["drf_name".into(), "drf_depotid".into()]));
        assert!(query.orders[0].descending);
        let OrderBy::Column(path) = &query.orders[1].by else { panic!() };
        assert_eq!(path.lookups, [("drf_depotid".into(), "drf_depot".into())]);
    }

    #[test] // web-api 15, 16
    fn filters_of_all_kinds() {
        for text in [
            "$filter=drf_size eq 5 and (drf_name ne null or not contains(drf_name,'x'))",
            "$filter=5 lt drf_size",
            "$filter=_drf_depotid_value eq 7d0c0000-0000-0000-0000-000000000001",
            "$filter=drf_DepotId eq null",
            "$filter=drf_DepotId/drf_name eq 'a'",
            "$filter=drf_live",
            "$filter=drf_sent gt 2031-04-05T06:07:08Z or drf_sent lt '2031-01-01' or drf_sent eq 2031-01-01",
            "$filter=drf_name eq @p1&@p1='x'",
            "$filter=@p1 eq 'x'&@p1=drf_name",
            "$filter=drf_name eq drf_code",
            "$orderby=@p1&@p1=drf_name",
            "$expand=drf_DepotId/$ref",
            "$expand=drf_DepotId($select=drf_name;$filter=drf_name eq 'a')",
            "$filter=Microsoft.Dynamics.CRM.Today(PropertyName='drf_sent') and Microsoft.Dynamics.CRM.LastXDays(PropertyName=@p1,PropertyValue=@p2)&@p1='drf_sent'&@p2='3'",
            "$filter=Microsoft.Dynamics.CRM.In(PropertyName='drf_size',PropertyValues=[\"1\",\"2\"])",
            "$filter=Microsoft.Dynamics.CRM.Between(PropertyName='drf_size',PropertyValues=[\"1\",\"2\"])",
            "$apply=aggregate(drf_size with sum as total,$count as n)",
            "$apply=groupby((drf_name,drf_DepotId/drf_name),aggregate(drf_size with average as mean))",
            "$apply=filter(drf_size gt 1)/groupby((drf_name))",
            "$expand=drf_DepotId($select=drf_name),ownerid($select=drf_name)",
        ] {
            assert!(lowered(text).is_ok(), "{text}: {}", lowered(text).err().map(|e| e.to_string()).unwrap_or_default());
        }
    }

    #[test] // web-api 15, 16, 18, 29
    fn what_cannot_be_is_refused() {
        for (text, code) in [
            ("$select=drf_depotid", ErrorCode::ODataError),
            ("$select=drf_DepotId", ErrorCode::ODataError),
            ("$filter=nosuch eq 1", ErrorCode::ODataError),
            ("$filter=drf_size eq 'x'", ErrorCode::ODataError),
            ("$orderby=nosuch", ErrorCode::ODataError),
            ("$expand=nosuch", ErrorCode::ODataError),
            ("$skip=1", ErrorCode::ODataError),
            ("$Filter=drf_size eq 1", ErrorCode::ODataError),
            ("$expand=drf_DepotId($top=1)", ErrorCode::ODataError),
            ("$apply=aggregate(drf_size with sum as t)&$orderby=t", ErrorCode::ODataError),
            ("$apply=aggregate(drf_size with median as t)", ErrorCode::ODataError),
            ("$apply=groupby(drf_size)", ErrorCode::ODataError),
            ("$apply=aggregate(drf_name with sum as t)", ErrorCode::ODataError),
            ("fetchXml=<fetch/>", ErrorCode::ODataError),
            ("sql=SELECT 1", ErrorCode::ODataError),
            ("$filter=Microsoft.Dynamics.CRM.Todays(PropertyName='drf_sent')", ErrorCode::ODataError),
            ("$filter=Microsoft.Dynamics.CRM.Today(PropertyName='drf_name')", ErrorCode::ODataError),
            ("$filter=Microsoft.Dynamics.CRM.In(PropertyName='drf_name')", ErrorCode::ODataError),
            ("$filter=a/any()", ErrorCode::ODataError),
        ] {
            let error = lowered(text).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert_eq!(error.code(), code, "{text}: {}", error.message());
        }
        assert_eq!(lowered("$select=x").unwrap_err().message(), "Could not find a property named 'x' on type 'Microsoft.Dynamics.CRM.drf_parcel'.");
    }
}
