//! Notes: what a note regards, and the size of the document that it may hold (STD-8).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{ColumnIx, Error, Result, Table, Value};

use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::system;

/// The table of notes.
pub(crate) const NOTES: &str = "annotation";
/// Its column with documents, in base64.
pub(crate) const DOCUMENT: &str = "documentbody";

/// Largest document of a note in bytes, where the organization does not say.
const DOCUMENT_BYTES: i32 = 5_242_880;

/// Columns of a note that follow from others.
pub(crate) fn derive(cx: &WriteCx<'_>, table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    if table.name().as_str() != NOTES {
        return Ok(());
    }
    if let Some(object) = get(cells, table.require("objectid")?) {
        let name = match object {
            Value::Ref(reference) => cx.snapshot.by_code(reference.table).map_or(Value::Null, |table| Value::text(table.name().as_str())),
            _ => Value::Null,
        };
        set(cells, table.require("objecttypecode")?, name);
    }
    let Some(document) = get(cells, table.require(DOCUMENT)?) else { return Ok(()) };
    let size = match document {
        Value::Text(text) => Some(size(cx, text)?),
        _ => None,
    };
    set(cells, table.require("filesize")?, size.map_or(Value::Null, Value::Int));
    set(cells, table.require("isdocument")?, Value::Bool(size.is_some()));
    Ok(())
}

/// True for the column of notes that has documents.
pub(crate) fn is_document(table: &Table, column: ColumnIx) -> bool {
    table.name().as_str() == NOTES && table.column(column).name.as_str() == DOCUMENT
}

/// Size in bytes of a document in base64.
fn size(cx: &WriteCx<'_>, text: &str) -> Result<i32> {
    let bytes = STANDARD.decode(text).map_err(|_| Error::argument("'documentbody' of 'annotation' is not valid: base64 is expected."))?;
    check_size(cx, bytes.len() as u64)?;
    Ok(i32::try_from(bytes.len()).unwrap_or(i32::MAX))
}

/// Refuses a document that is larger than the organization allows.
pub(crate) fn check_size(cx: &WriteCx<'_>, bytes: u64) -> Result<()> {
    let organizations = system::rows(cx.tx.as_read(), cx.snapshot.require("organization")?, &["maxuploadfilesize"], None)?;
    let max = match organizations.first().map(|row| row.value(0)) {
        Some(Value::Int(max)) => *max,
        _ => DOCUMENT_BYTES,
    };
    if i64::try_from(bytes).is_ok_and(|bytes| bytes <= i64::from(max)) {
        return Ok(());
    }
    Err(Error::argument(format!("The document of a note may have {max} bytes, and this one has {bytes}: raise 'maxuploadfilesize' of the organization.")))
}
