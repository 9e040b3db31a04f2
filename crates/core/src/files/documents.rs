//! Documents of notes, in blocks (web-api 32). They come as files do; a whole one stands in the note's `documentbody` like one that came with the note.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{ColumnIx, Error, ErrorCode, Privilege, Result, Table, Uuid, Value};
use driftless_query::{Collector, ResolvedQuery};
use driftless_store::{FilePlace, StoredFile};

use super::token::FileToken;
use super::{ByteRange, FileFacts, token, upload};
use crate::behaviors::notes::{DOCUMENT, NOTES};
use crate::context::{ReadCx, WriteCx};
use crate::keys;
use crate::records::{retrieve, upsert};
use crate::request::{Existence, Field, Identity, Record, Target, Upsert};
use crate::security::scopes;

/// Begins the upload of a note's document, and gives its token. The note is there, or is made when the document is whole.
///
/// # Errors
/// 0x80040203 for a row of another table, 0x80040220 without the right to write the note, or to make notes.
pub(crate) fn begin(cx: &mut WriteCx<'_>, note: &Record) -> Result<String> {
    let table = &note.table;
    let column = document(table)?;
    scopes::require(cx.caller, scopes::rows_of(table))?;
    let row = note.id.unwrap_or_else(|| cx.new_id());
    match keys::find(cx.tx.as_read(), &cx.snapshot, &of(table, row), &[])? {
        Some(found) => cx.require_row(Privilege::Write, &found.table, found.id)?,
        None => cx.require(Privilege::Create, table)?,
    }
    let file = StoredFile {
        id: cx.new_id(),
        place: FilePlace { table: table.def.code, row, column: table.column(column).id },
        name: String::new(),
        media_type: String::new(),
        bytes: 0,
        blocks: 0,
        complete: false,
        at_s: cx.now_s,
    };
    cx.tx.begin_file(&file)?;
    Ok(token::print(cx.services, FileToken { file: file.id, user: cx.caller.user, download: false }))
}

/// Puts a document together from blocks and writes the note with it. Gives the note's id and the document's length in bytes.
///
/// # Errors
/// As [`begin`], [`upload::put_together`] and writes of notes; 0x80040203 for another note than the one that the upload was begun for.
pub(crate) fn commit(cx: &mut WriteCx<'_>, note: &Record, text: &str, blocks: &[String]) -> Result<(Uuid, u64)> {
    let column = document(&note.table)?;
    scopes::require(cx.caller, scopes::rows_of(&note.table))?;
    let file = upload::waiting(cx, token::read(cx.services, text, cx.caller.user, false)?)?;
    let row = file.place.row;
    if file.place.column != note.table.column(column).id || note.id.is_some_and(|id| id != row) {
        return Err(Error::argument("The token belongs to another row or column."));
    }
    let bytes = upload::put_together(cx, file.id, blocks, &FileFacts { name: DOCUMENT.to_owned(), media_type: String::new() })?;
    let all = upload::whole(cx, file.id, bytes)?;
    cx.tx.remove_file(file.id)?;
    let mut record = Record { id: None, ..note.clone() };
    record.fields.retain(|(given, _)| *given != column);
    record.fields.push((column, Field::Value(Value::text(STANDARD.encode(all)))));
    let upsert = Upsert { target: of(&note.table, row), record, existence: Existence::MayCreate, returning: None };
    upsert::run(cx, &upsert, &[])?;
    Ok((row, bytes))
}

/// A document that is read in blocks.
pub(crate) struct Document {
    /// `filename` of the note.
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// Continues the download.
    pub(crate) token: String,
}

/// Begins a download.
///
/// # Errors
/// 0x80040217 without the note or its document, 0x80040203 for a row of another table.
pub(crate) fn read(cx: &ReadCx<'_>, target: &Target) -> Result<Document> {
    let (row, name, all) = find(cx, target)?;
    let token = token::print(cx.services, FileToken { file: row, user: cx.caller.user, download: true });
    Ok(Document { name, bytes: all.len() as u64, token })
}

/// A block of a download.
///
/// # Errors
/// As [`read`].
pub(crate) fn block(cx: &ReadCx<'_>, row: Uuid, offset: u64, length: u64) -> Result<Vec<u8>> {
    let (_, _, all) = find(cx, &of(cx.snapshot.require(NOTES)?, row))?;
    let size = all.len() as u64;
    let range = length.checked_sub(1).and_then(|last| ByteRange::From(offset, Some(offset.saturating_add(last))).within(size));
    let part = range.and_then(|(from, to)| all.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?));
    Ok(part.unwrap_or_default().to_vec())
}

/// Id, file name and document of a note that the caller may read.
fn find(cx: &ReadCx<'_>, target: &Target) -> Result<(Uuid, String, Vec<u8>)> {
    let table = &target.table;
    let columns = [table.require("filename")?, document(table)?];
    let query = cx.secure(ResolvedQuery::plain(table, &columns, Some(retrieve::row_filter(target)?)))?;
    let mut rows = Collector::default();
    cx.tx.select(&query, None, &mut rows)?;
    let Some(row) = rows.rows.pop() else { return Err(retrieve::absent_or_hidden(cx, target)?) };
    // Primary id and version stand before the columns that were asked for.
    let mut values = row.values.into_iter();
    let id = values.next().and_then(|value| value.id()).unwrap_or_default();
    let name = values.nth(1);
    let Some(Value::Text(body)) = values.next() else {
        return Err(Error::new(ErrorCode::ObjectDoesNotExist, format!("The note {id} has no document.")));
    };
    let all = STANDARD.decode(&*body).map_err(|error| Error::damaged("the document of a note is not base64").because(error))?;
    let name = if let Some(Value::Text(name)) = name { name.to_string() } else { String::new() };
    Ok((id, name, all))
}

/// The column of documents.
fn document(table: &Table) -> Result<ColumnIx> {
    if table.name().as_str() != NOTES {
        return Err(Error::argument(format!("Documents of notes belong to rows of '{NOTES}', not of '{}'.", table.name())));
    }
    table.require(DOCUMENT)
}

fn of(table: &Arc<Table>, row: Uuid) -> Target {
    Target { table: Arc::clone(table), identity: Identity::Id(row) }
}
