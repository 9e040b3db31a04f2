//! What writing a column of files or images does: the columns that come with it follow, and the file that was there before goes. Every way to such a column
//! ends here, as every write of a row does.

use std::sync::Arc;

use driftless_model::{ColumnIx, ColumnType, Error, ErrorCode, Result, Table, Uuid, Value};
use driftless_store::{FilePlace, StoredFile};

use super::pictures::Picture;
use crate::context::WriteCx;
use crate::records::fields;
use crate::records::load::Loaded;

/// .NET's count of 100 nanoseconds at 1970-01-01: timestamps of images begin in the year 1.
const TICKS_1970: i64 = 621_355_968_000_000_000;

/// Where the image that was given is, while only its thumbnail stands among the columns to write.
#[derive(Clone, Debug)]
pub(crate) enum Original {
    /// Here.
    Given(Arc<Picture>),
    /// A complete file of the store.
    Stored(Uuid),
}

/// An image that is about to be written.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    table: Uuid,
    column: ColumnIx,
    original: Original,
}

/// Remembers the image behind a thumbnail until its row is written. Rows inside rows are written before those around them, so the last one is taken first.
pub(crate) fn expect(cx: &WriteCx<'_>, table: &Table, column: ColumnIx, original: Original) {
    cx.pictures.borrow_mut().push(Expected { table: table.def.id, column, original });
}

fn take(cx: &WriteCx<'_>, table: &Table, column: ColumnIx) -> Result<Original> {
    let mut pictures = cx.pictures.borrow_mut();
    let at = pictures.iter().rposition(|one| one.table == table.def.id && one.column == column);
    at.map(|at| pictures.remove(at).original).ok_or_else(|| Error::damaged("an image was written without its thumbnail"))
}

/// Columns whose present values are needed to write `cells`.
pub(crate) fn inputs(table: &Table, cells: &[(ColumnIx, Value)]) -> Vec<ColumnIx> {
    written(table, cells).filter_map(|column| table.file_id(column)).collect()
}

fn written(table: &Table, cells: &[(ColumnIx, Value)]) -> impl Iterator<Item = ColumnIx> {
    table.files.iter().copied().filter(|column| fields::get(cells, *column).is_some())
}

/// Before a row is made or changed.
///
/// # Errors
/// 0x80090487 for an image of a new row that is not the table's primary image.
pub(crate) fn before_write(cx: &mut WriteCx<'_>, table: &Table, row: Uuid, before: Option<&Loaded>, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    if table.files.is_empty() {
        return Ok(());
    }
    for column in written(table, cells).collect::<Vec<_>>() {
        let id_column = table.file_id(column).ok_or_else(|| Error::damaged("a file column has no place for its id"))?;
        let previous = before.and_then(|before| before.value(id_column).id());
        let value = fields::get(cells, column).cloned().unwrap_or(Value::Null);
        let kept = match (&table.column(column).kind, value) {
            (ColumnType::Image(image), Value::Bytes(_)) => {
                if before.is_none() && !image.primary {
                    return Err(not_at_create(table, column));
                }
                let original = take(cx, table, column)?;
                let id = if image.full { store(cx, table, row, column, original)? } else { forget(cx, &original)? };
                follow_image(cx, table, row, column, Some(id), cells);
                Some(id)
            }
            (ColumnType::Image(_), _) => {
                follow_image(cx, table, row, column, None, cells);
                None
            }
            (_, Value::Guid(id)) => Some(id),
            (_, _) => {
                if let Some(name) = table.companion(column, "_name") {
                    fields::set(cells, name, Value::Null);
                }
                None
            }
        };
        if let Some(previous) = previous.filter(|previous| Some(*previous) != kept) {
            cx.tx.remove_file(previous)?;
        }
    }
    Ok(())
}

fn not_at_create(table: &Table, column: ColumnIx) -> Error {
    let name = &table.column(column).name;
    let message = format!("Non-primary image attribute {name} of entity {} is not allowed to upload during Create operation.", table.name());
    Error::new(ErrorCode::CannotUploadNonPrimaryImageAttributeOnCreate, message)
}

/// Keeps an image as it was given, and gives its id.
fn store(cx: &mut WriteCx<'_>, table: &Table, row: Uuid, column: ColumnIx, original: Original) -> Result<Uuid> {
    let picture = match original {
        Original::Stored(id) => return Ok(id),
        Original::Given(picture) => picture,
    };
    let id = cx.new_id();
    let place = FilePlace { table: table.def.code, row, column: table.column(column).id };
    let (name, media_type) = (picture.name.clone(), picture.media_type.to_owned());
    let file = StoredFile { id, place, name, media_type, bytes: 0, blocks: 0, complete: false, at_s: cx.now_s };
    cx.tx.begin_file(&file)?;
    let block = "whole".to_owned();
    cx.tx.put_block(id, &block, &picture.original, cx.now_s)?;
    cx.tx.complete_file(id, &[block], &file.name, &file.media_type)?;
    Ok(id)
}

/// The id of an image of which the thumbnail alone is kept.
fn forget(cx: &mut WriteCx<'_>, original: &Original) -> Result<Uuid> {
    if let Original::Stored(id) = original {
        cx.tx.remove_file(*id)?;
    }
    Ok(cx.new_id())
}

/// Sets the columns that come with an image.
fn follow_image(cx: &WriteCx<'_>, table: &Table, row: Uuid, column: ColumnIx, id: Option<Uuid>, cells: &mut Vec<(ColumnIx, Value)>) {
    let name = &table.column(column).name;
    let ticks = TICKS_1970.saturating_add(cx.services.environment.now_ms().saturating_mul(10_000));
    let url = format!("/api/data/v9.2/{}({row})/{name}/$value", table.def.set_name);
    let values = [("id", id.map(Value::Guid)), ("_timestamp", id.map(|_| Value::BigInt(ticks))), ("_url", id.map(|_| Value::Text(url)))];
    for (ending, value) in values {
        if let Some(companion) = table.companion(column, ending) {
            fields::set(cells, companion, value.unwrap_or(Value::Null));
        }
    }
}
