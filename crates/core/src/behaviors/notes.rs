//! Notes: what a note regards, and the size of the document that it may hold (STD-8).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{ColumnIx, Error, Result, Table, Value};

use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::system;

/// Largest document of a note in bytes, where the organization does not say.
const DOCUMENT_BYTES: i32 = 5_242_880;

/// Columns of a note that follow from others.
pub(crate) fn derive(cx: &WriteCx<'_>, table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    if table.name().as_str() != "annotation" {
        return Ok(());
    }
    if let Some(object) = get(cells, table.require("objectid")?) {
        let name = match object {
            Value::Ref(reference) => cx.snapshot.by_code(reference.table).map_or(Value::Null, |table| Value::text(table.name().as_str())),
            _ => Value::Null,
        };
        set(cells, table.require("objecttypecode")?, name);
    }
    let Some(document) = get(cells, table.require("documentbody")?) else { return Ok(()) };
    let size = match document {
        Value::Text(text) => Some(size(cx, text)?),
        _ => None,
    };
    set(cells, table.require("filesize")?, size.map_or(Value::Null, Value::Int));
    set(cells, table.require("isdocument")?, Value::Bool(size.is_some()));
    Ok(())
}

/// Size in bytes of a document in base64.
fn size(cx: &WriteCx<'_>, text: &str) -> Result<i32> {
    let bytes = STANDARD.decode(text).map_err(|_| Error::argument("'documentbody' of 'annotation' is not valid: base64 is expected."))?;
    let organizations = system::rows(cx.tx.as_read(), cx.snapshot.require("organization")?, &["maxuploadfilesize"], None)?;
    let max = match organizations.first().map(|row| row.value(0)) {
        Some(Value::Int(max)) => *max,
        _ => DOCUMENT_BYTES,
    };
    i32::try_from(bytes.len()).ok().filter(|size| *size <= max).ok_or_else(|| {
        Error::argument(format!(
            "The document of a note may have {max} bytes, and this one has {}: raise 'maxuploadfilesize' of the organization.",
            bytes.len()
        ))
    })
}
