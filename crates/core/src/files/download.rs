//! Downloads: a file whole, or a part of it.

use std::sync::Arc;

use driftless_model::{ColumnIx, ColumnType, Error, ErrorCode, Result, Table, Uuid, Value};
use driftless_query::{Collector, ResolvedQuery};
use driftless_store::StoredFile;

use super::documents;
use super::token::FileToken;
use super::{ByteRange, FileFacts, FilePart, FileTarget, ReadFile, no_file, no_file_column, token};
use crate::context::ReadCx;
use crate::records::retrieve;
use crate::request::{Identity, Target};

/// Runs a read of a file; none for an image that is not there in the size that is asked for.
///
/// # Errors
/// 0x80040217 without the row or the file, 0x80044A02 for a file that is too large to be sent at once.
pub(crate) fn run(cx: &ReadCx<'_>, read: &ReadFile) -> Result<Option<FilePart>> {
    let row = find(cx, &read.at)?;
    let file = match &row.table.column(read.at.column).kind {
        ColumnType::Image(_) if !read.full => return thumbnail(cx, read, row),
        ColumnType::Image(_) => match row.file {
            // Of an image that is not kept as it was given there is no file.
            Some(id) => cx.tx.file(id)?,
            None => None,
        },
        _ => Some(row.stored(cx, read.at.column)?),
    };
    let Some(file) = file else { return Ok(None) };
    let facts = FileFacts { name: file.name, media_type: file.media_type };
    let range = read.range.map_or(Some((0, file.bytes)), |range| range.within(file.bytes));
    let pieces = match range {
        Some((from, to)) => pieces(cx, file.id, from, to)?,
        None => Vec::new(),
    };
    Ok(Some(FilePart { facts, size: file.bytes, range, pieces }))
}

fn thumbnail(cx: &ReadCx<'_>, read: &ReadFile, row: FoundFile) -> Result<Option<FilePart>> {
    let Value::Bytes(bytes) = row.value else { return Ok(None) };
    let kept = row.file.map_or(Ok(None), |id| cx.tx.file(id))?;
    let media_type = super::pictures::media_type(&bytes).to_owned();
    let name = kept.map_or_else(|| format!("{}.{}", row.table.column(read.at.column).name, media_type.trim_start_matches("image/")), |file| file.name);
    let size = bytes.len() as u64;
    let range = read.range.map_or(Some((0, size)), |range| range.within(size));
    let part = range.and_then(|(from, to)| bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?));
    Ok(Some(FilePart { facts: FileFacts { name, media_type }, size, range, pieces: part.map(<[u8]>::to_vec).into_iter().collect() }))
}

/// Begins a download in blocks: what is known of the file, and the token.
///
/// # Errors
/// 0x80040217 without the row or the file, and for an image that is not kept as it was given.
pub(crate) fn begin(cx: &ReadCx<'_>, at: &FileTarget) -> Result<(StoredFile, String)> {
    let row = find(cx, at)?;
    let file = row.stored(cx, at.column)?;
    let token = token::print(cx.services, FileToken { file: file.id, user: cx.caller.user, download: true });
    Ok((file, token))
}

/// A block of a download.
///
/// # Errors
/// 0x80040203 for tokens that are none, 0x80040217 when the file was removed or replaced. A token that names no file is one of a note's document.
pub(crate) fn block(cx: &ReadCx<'_>, text: &str, offset: u64, length: u64) -> Result<Vec<u8>> {
    let id = token::read(cx.services, text, cx.caller.user, true)?;
    let gone = || Error::new(ErrorCode::ObjectDoesNotExist, "The file was removed or replaced since the download began.");
    let Some(file) = cx.tx.file(id)? else {
        let absent = |error: Error| if error.code() == ErrorCode::ObjectDoesNotExist { gone() } else { error };
        return documents::block(cx, id, offset, length).map_err(absent);
    };
    if !file.complete {
        return Err(gone());
    }
    // What the caller may read may have changed since.
    let (table, column) = cx.snapshot.column_by_id(file.place.column).ok_or_else(gone)?;
    let target = Target { table: Arc::clone(table), identity: Identity::Id(file.place.row) };
    find(cx, &FileTarget { target, column })?;
    let range = length.checked_sub(1).and_then(|last| ByteRange::From(offset, Some(offset.saturating_add(last))).within(file.bytes));
    range.map_or_else(|| Ok(Vec::new()), |(from, to)| pieces(cx, id, from, to).map(|pieces| pieces.concat()))
}

/// A row's file.
struct FoundFile {
    table: Arc<Table>,
    row: Uuid,
    file: Option<Uuid>,
    /// The column's value: of an image, the thumbnail.
    value: Value,
}

impl FoundFile {
    fn stored(&self, cx: &ReadCx<'_>, column: ColumnIx) -> Result<StoredFile> {
        let file = self.file.map_or(Ok(None), |id| cx.tx.file(id))?;
        file.filter(|file| file.complete).ok_or_else(|| no_file(&self.table, column, self.row))
    }
}

/// The file of a row that the caller may read.
fn find(cx: &ReadCx<'_>, at: &FileTarget) -> Result<FoundFile> {
    let table = &at.target.table;
    let id_column = table.file_id(at.column).ok_or_else(|| no_file_column(table, at.column))?;
    let filter = retrieve::row_filter(&at.target)?;
    let query = cx.secure(ResolvedQuery::plain(table, &[id_column, at.column], Some(filter)))?;
    let mut rows = Collector::default();
    cx.tx.select(&query, None, &mut rows)?;
    let Some(row) = rows.rows.pop() else { return Err(retrieve::absent_or_hidden(cx, &at.target)?) };
    // Primary id and version stand before the columns that were asked for.
    let mut values = row.values.into_iter();
    let row = values.next().and_then(|value| value.id()).unwrap_or_default();
    let file = values.nth(1).and_then(|value| value.id());
    Ok(FoundFile { table: Arc::clone(table), row, file, value: values.next().unwrap_or(Value::Null) })
}

/// The bytes of a range, in the pieces that the store gives.
fn pieces(cx: &ReadCx<'_>, id: Uuid, from: u64, to: u64) -> Result<Vec<Vec<u8>>> {
    let most = cx.services.limits.file_read_bytes_max;
    if to - from > most {
        let message = format!("One answer may have at most {most} bytes of a file. Ask for a range of bytes.");
        return Err(Error::new(ErrorCode::AttachmentTooLarge, message));
    }
    let mut pieces = Vec::new();
    cx.tx.read_file(id, from..to, &mut |piece| {
        pieces.push(piece.to_vec());
        Ok(())
    })?;
    Ok(pieces)
}
