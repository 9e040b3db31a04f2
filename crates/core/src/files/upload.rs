//! Uploads: a file at once, or begun, filled with blocks and put together.

use std::sync::Arc;

use driftless_model::{ColumnIx, ColumnType, Error, ErrorCode, Privilege, Result, Table, Uuid, Value};
use driftless_store::{Completion, FilePlace, StoredFile};

use super::token::FileToken;
use super::{FileChunk, FileCondition, FileFacts, FileTarget, WriteFile, checked, column, no_file_column, pictures, token};
use crate::behaviors::{self, notes};
use crate::context::WriteCx;
use crate::records::fields::FoundRow;
use crate::records::{load, update};
use crate::request::{Identity, Response, Target};
use crate::security::scopes;

/// Name of the one block of a file that came at once.
const WHOLE: &str = "whole";

/// Runs a write of a file.
pub(crate) fn run(cx: &mut WriteCx<'_>, write: &WriteFile, earlier: &[Response]) -> Result<Response> {
    match write {
        WriteFile::Whole(at, facts, bytes, condition) => {
            let file = open(cx, at, facts, *condition, earlier)?;
            let file = put(cx, file, WHOLE, bytes)?;
            complete(cx, &file, &[WHOLE.to_owned()], facts)?;
            Ok(Response::Done)
        }
        WriteFile::Begin(at, facts, condition) => begin(cx, at, facts, *condition, earlier).map(Response::UploadBegun),
        WriteFile::Part(at, chunk) => part(cx, at, chunk, earlier).map(|complete| Response::UploadPart { complete }),
    }
}

/// Begins an upload in parts, and gives its token.
///
/// # Errors
/// 0x80040217 without the row, 0x80040203 for another column and for the name, 0x80060882 when the condition does not hold.
pub(crate) fn begin(cx: &mut WriteCx<'_>, at: &FileTarget, facts: &FileFacts, condition: FileCondition, earlier: &[Response]) -> Result<String> {
    let file = open(cx, at, facts, condition, earlier)?;
    Ok(token::print(cx.services, FileToken { file, user: cx.caller.user, download: false }))
}

/// Adds a block to an upload.
///
/// # Errors
/// 0x80040203 for tokens and uploads that are no more, 0x80044A02 for a file that grows too large.
pub(crate) fn block(cx: &mut WriteCx<'_>, text: &str, name: &str, bytes: &[u8]) -> Result<()> {
    let file = token::read(cx.services, text, cx.caller.user, false)?;
    put(cx, file, name, bytes).map(drop)
}

/// Puts an upload together from blocks, and writes the row. Gives the file's id and its length in bytes.
///
/// # Errors
/// As [`block`]; 0x80040203 for a block that did not come.
pub(crate) fn commit(cx: &mut WriteCx<'_>, text: &str, blocks: &[String], facts: &FileFacts) -> Result<(Uuid, u64)> {
    let file = token::read(cx.services, text, cx.caller.user, false)?;
    let file = waiting(cx, file)?;
    complete(cx, &file, blocks, facts)
}

/// Adds a part by its place in the file; true when the file is whole and was completed.
fn part(cx: &mut WriteCx<'_>, at: &FileTarget, chunk: &FileChunk, earlier: &[Response]) -> Result<bool> {
    let file = token::read(cx.services, &chunk.token, cx.caller.user, false)?;
    let file = waiting(cx, file)?;
    let found = admitted(cx, &at.target, earlier)?;
    let here = FilePlace { table: found.table.def.code, row: found.id, column: found.table.column(at.column).id };
    if file.place != here {
        return Err(Error::argument("The session token belongs to another row or column."));
    }
    limit(cx, &found.table, at.column, chunk.total)?;
    // Names of one length sort as the places that they stand for.
    let file = put(cx, file.id, &format!("{:020}", chunk.offset), &chunk.bytes)?;
    if file.bytes < chunk.total {
        return Ok(false);
    }
    let blocks = cx.tx.file_blocks(file.id)?;
    let mut due = 0;
    for (name, bytes) in &blocks {
        if name.parse() != Ok(due) {
            return Err(Error::argument(format!("The parts of the file overlap or leave a gap at byte {due}. Begin the upload again.")));
        }
        due += bytes;
    }
    if due != chunk.total {
        return Err(Error::argument(format!("{due} bytes came of a file of {}. Begin the upload again.", chunk.total)));
    }
    let names: Vec<String> = blocks.into_iter().map(|(name, _)| name).collect();
    let facts = FileFacts { name: chunk.name.clone().unwrap_or_else(|| file.name.clone()), media_type: file.media_type.clone() };
    complete(cx, &file, &names, &facts)?;
    Ok(true)
}

/// Begins a file for a column, after all checks that need no bytes.
fn open(cx: &mut WriteCx<'_>, at: &FileTarget, facts: &FileFacts, condition: FileCondition, earlier: &[Response]) -> Result<Uuid> {
    let facts = checked(facts)?;
    let found = admitted(cx, &at.target, earlier)?;
    let table = &found.table;
    update::check_version(&found, condition.if_version)?;
    behaviors::tables::may_update(table)?;
    let id_column = table.file_id(at.column).ok_or_else(|| no_file_column(table, at.column))?;
    if condition.if_empty {
        let row = load::by_id(cx.tx.as_read(), table, found.id, &[id_column])?;
        if row.is_some_and(|row| !row.value(id_column).is_null()) {
            return Err(Error::new(ErrorCode::ConcurrencyVersionMismatch, format!("'{}' has a file already.", table.column(at.column).name)));
        }
    }
    let file = StoredFile {
        id: cx.new_id(),
        place: FilePlace { table: table.def.code, row: found.id, column: table.column(at.column).id },
        name: facts.name,
        media_type: facts.media_type,
        bytes: 0,
        blocks: 0,
        complete: false,
        at_s: cx.now_s,
    };
    cx.tx.begin_file(&file)?;
    Ok(file.id)
}

/// The row of a file that the caller writes or clears. A token must have been made for what its table needs (AUTH-25), also where a message names the row.
pub(crate) fn admitted(cx: &WriteCx<'_>, target: &Target, earlier: &[Response]) -> Result<FoundRow> {
    let found = update::admitted(cx, Privilege::Write, target, earlier)?;
    scopes::require(cx.caller, scopes::rows_of(&found.table))?;
    Ok(found)
}

/// An upload that waits for blocks.
pub(super) fn waiting(cx: &WriteCx<'_>, file: Uuid) -> Result<StoredFile> {
    cx.tx.file(file)?.filter(|file| !file.complete).ok_or_else(gone)
}

fn gone() -> Error {
    Error::argument("The upload is complete, was given up, or took too long. Begin it again.")
}

/// Adds a block within the limits of column and service, and gives what is known of the file then.
fn put(cx: &mut WriteCx<'_>, file: Uuid, name: &str, bytes: &[u8]) -> Result<StoredFile> {
    let (table, column) = place(cx, &waiting(cx, file)?)?;
    limit(cx, &table, column, bytes.len() as u64)?;
    if !cx.tx.put_block(file, name, bytes, cx.now_s)? {
        return Err(gone());
    }
    let file = waiting(cx, file)?;
    limit(cx, &table, column, file.bytes)?;
    let most = cx.services.limits.file_blocks_max;
    if file.blocks > most {
        return Err(Error::argument(format!("A file may have at most {most} blocks: send larger ones.")));
    }
    Ok(file)
}

/// Table and column that a file is for.
fn place(cx: &WriteCx<'_>, file: &StoredFile) -> Result<(Arc<Table>, ColumnIx)> {
    let found = cx.snapshot.column_by_id(file.place.column).filter(|(table, _)| table.def.code == file.place.table);
    found.map(|(table, column)| (Arc::clone(table), column)).ok_or_else(gone)
}

/// Refuses a file that is larger than its column allows.
fn limit(cx: &WriteCx<'_>, table: &Table, column: ColumnIx, bytes: u64) -> Result<()> {
    let max_kib = match &table.column(column).kind {
        ColumnType::File(kind) => kind.max_kib,
        ColumnType::Image(kind) => kind.max_kib,
        _ if notes::is_document(table, column) => return notes::check_size(cx, bytes),
        _ => return Err(no_file_column(table, column)),
    };
    table.column(column).check_size(table.name(), bytes, max_kib)
}

/// Puts a file together and writes it into its row.
fn complete(cx: &mut WriteCx<'_>, file: &StoredFile, blocks: &[String], facts: &FileFacts) -> Result<(Uuid, u64)> {
    let facts = checked(facts)?;
    let (table, column) = place(cx, file)?;
    table.file_id(column).ok_or_else(|| no_file_column(&table, column))?;
    let target = Target { table: Arc::clone(&table), identity: Identity::Id(file.place.row) };
    let found = admitted(cx, &target, &[])?;
    let bytes = put_together(cx, file.id, blocks, &facts)?;
    match &table.column(column).kind {
        ColumnType::Image(_) => set_image(cx, &found, column, file.id, bytes)?,
        _ => {
            let mut cells = vec![(column, Value::Guid(file.id))];
            cells.extend(table.companion(column, "_name").map(|name| (name, Value::text(facts.name))));
            update::apply(cx, &found, cells)?;
        }
    }
    Ok((file.id, bytes))
}

/// Makes one file of blocks, and gives its length in bytes.
///
/// # Errors
/// 0x80040203 for an upload that is no more and for a block that did not come.
pub(super) fn put_together(cx: &mut WriteCx<'_>, file: Uuid, blocks: &[String], facts: &FileFacts) -> Result<u64> {
    match cx.tx.complete_file(file, blocks, &facts.name, &facts.media_type)? {
        Completion::Done(bytes) => Ok(bytes),
        Completion::NoSuchFile => Err(gone()),
        Completion::NoSuchBlock(name) => {
            let name: String = name.chars().take(100).collect();
            Err(Error::argument(format!("The block '{name}' is not among those that came, or is named twice.")))
        }
    }
}

/// The bytes of a file of the store.
pub(super) fn whole(cx: &WriteCx<'_>, file: Uuid, bytes: u64) -> Result<Vec<u8>> {
    let mut all = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    cx.tx.read_file(file, 0..bytes, &mut |piece| {
        all.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(all)
}

/// Sets an image from a file of the store.
fn set_image(cx: &mut WriteCx<'_>, found: &FoundRow, column: ColumnIx, file: Uuid, bytes: u64) -> Result<()> {
    let all = whole(cx, file, bytes)?;
    let picture = pictures::picture(&found.table, column, &all)?;
    column::expect(cx, &found.table, column, column::Original::Stored(file));
    update::apply(cx, found, vec![(column, Value::Bytes(picture.thumbnail))]).map(drop)
}
