//! Views: they show rows of a table that is there (STD-9), and the FetchXML that they hold must be such that the service can run it (web-api 20).

use driftless_model::{ColumnIx, Error, ErrorCode, Result, Table, Value};
use driftless_query::fetch::{self, FetchLimits};
use driftless_query::{Circumstances, resolve};

use crate::context::WriteCx;
use crate::records::fields::get;

/// Checks the table and the FetchXML that are written into a view.
///
/// # Errors
/// 0x80041102 without the table; as the reader of FetchXML; 0x80040303 when it asks for another table than the view is of.
pub(crate) fn check(cx: &WriteCx<'_>, table: &Table, cells: &[(ColumnIx, Value)]) -> Result<()> {
    let text_of = |name: &str| match table.find(name).and_then(|column| get(cells, column)) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let of = text_of("returnedtypecode");
    of.map_or(Ok(()), |of| cx.snapshot.require(of).map(drop))?;
    let Some(text) = text_of("fetchxml") else { return Ok(()) };
    let query = fetch::read(text, &*cx.snapshot, &FetchLimits::default())?.query;
    if let Some(of) = of.filter(|of| *of != query.table.as_str()) {
        let message = format!("{} The view is of '{of}', its FetchXML asks for rows of '{}'.", ErrorCode::InvalidFetchXml.text(), query.table);
        return Err(Error::new(ErrorCode::InvalidFetchXml, message));
    }
    resolve(&query, &*cx.snapshot, &Circumstances::default()).map(drop)
}
