//! The messages that move files in blocks (web-api 32). The addresses of columns do the same in another form; both end in `files`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{Error, ErrorCode, Result, Scopes, Value};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, missing, opt, req};
use crate::context::{ReadCx, WriteCx};
use crate::files::{FileCondition, FileFacts, FileTarget, documents, download, upload};
use crate::records::update;
use crate::request::{Identity, Target};

/// Longest id of a block in bytes, before it is written in base64.
const BLOCK_ID_BYTES_MAX: usize = 64;

const fn def(name: &'static str, scope: Scopes, input: &'static [super::Param], output: &'static [super::Param], run: Run) -> MessageDef {
    MessageDef { name, kind: MessageKind::Action, binding: Binding::None, scope, input, output, length: Length::Short, prepare: None, run, on_failure: None }
}

pub(super) const INITIALIZE_UPLOAD: MessageDef = def(
    "InitializeFileBlocksUpload",
    Scopes::WRITE,
    &[req("Target", T::Row), req("FileName", T::Text), req("FileAttributeName", T::Text)],
    &[req("FileContinuationToken", T::Text)],
    Run::Write(initialize_upload),
);

pub(super) const UPLOAD_BLOCK: MessageDef = def(
    "UploadBlock",
    Scopes::WRITE,
    &[req("BlockId", T::Text), req("BlockData", T::Bytes), req("FileContinuationToken", T::Text)],
    &[],
    Run::Write(upload_block),
);

pub(super) const COMMIT_UPLOAD: MessageDef = def(
    "CommitFileBlocksUpload",
    Scopes::WRITE,
    &[req("FileName", T::Text), opt("MimeType", T::Text), req("BlockList", T::List(&T::Text)), req("FileContinuationToken", T::Text)],
    &[req("FileId", T::Guid), req("FileSizeInBytes", T::BigInt)],
    Run::Write(commit_upload),
);

pub(super) const INITIALIZE_DOWNLOAD: MessageDef = def(
    "InitializeFileBlocksDownload",
    Scopes::READ,
    &[req("Target", T::Row), req("FileAttributeName", T::Text)],
    &[req("FileContinuationToken", T::Text), req("FileSizeInBytes", T::BigInt), req("FileName", T::Text), req("IsChunkingSupported", T::Bool)],
    Run::Read(initialize_download),
);

pub(super) const DOWNLOAD_BLOCK: MessageDef = def(
    "DownloadBlock",
    Scopes::READ,
    &[req("Offset", T::BigInt), req("BlockLength", T::BigInt), req("FileContinuationToken", T::Text)],
    &[req("Data", T::Bytes)],
    Run::Read(download_block),
);

pub(super) const INITIALIZE_NOTE_UPLOAD: MessageDef = def(
    "InitializeAnnotationBlocksUpload",
    Scopes::WRITE,
    &[req("Target", T::Record)],
    &[req("FileContinuationToken", T::Text)],
    Run::Write(initialize_note_upload),
);

pub(super) const COMMIT_NOTE_UPLOAD: MessageDef = def(
    "CommitAnnotationBlocksUpload",
    Scopes::WRITE,
    &[req("Target", T::Record), req("BlockList", T::List(&T::Text)), req("FileContinuationToken", T::Text)],
    &[req("AnnotationId", T::Guid), req("FileSizeInBytes", T::Int)],
    Run::Write(commit_note_upload),
);

pub(super) const INITIALIZE_NOTE_DOWNLOAD: MessageDef = def(
    "InitializeAnnotationBlocksDownload",
    Scopes::READ,
    &[req("Target", T::Row)],
    &[req("FileContinuationToken", T::Text), req("FileSizeInBytes", T::Int), req("FileName", T::Text)],
    Run::Read(initialize_note_download),
);

pub(super) const DELETE_FILE: MessageDef = def("DeleteFile", Scopes::WRITE, &[req("FileId", T::Guid)], &[], Run::Write(delete_file));

/// The column that `Target` and `FileAttributeName` name.
fn place(args: &Args) -> Result<FileTarget> {
    let target = args.row("Target")?;
    let column = target.table.require(args.text("FileAttributeName")?)?;
    Ok(FileTarget { target: target.clone(), column })
}

fn initialize_upload(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let facts = FileFacts { name: args.text("FileName")?.to_owned(), media_type: String::new() };
    let token = upload::begin(cx, &place(args)?, &facts, FileCondition::default(), &[])?;
    Ok(Outputs(vec![("FileContinuationToken", Arg::Text(token))]))
}

fn upload_block(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let id = args.text("BlockId")?;
    if STANDARD.decode(id).map_or(true, |decoded| decoded.is_empty() || decoded.len() > BLOCK_ID_BYTES_MAX) {
        return Err(Error::argument(format!("'BlockId' must be base64 of 1 to {BLOCK_ID_BYTES_MAX} bytes.")));
    }
    let Some(Arg::Bytes(bytes)) = args.get("BlockData") else { return Err(missing("BlockData")) };
    let most = cx.services.limits.file_chunk_bytes;
    if bytes.len() as u64 > u64::from(most) {
        return Err(Error::new(ErrorCode::AttachmentTooLarge, format!("'BlockData' may have at most {most} bytes.")));
    }
    upload::block(cx, args.text("FileContinuationToken")?, id, bytes)?;
    Ok(Outputs::default())
}

fn commit_upload(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let names = block_names(cx, args);
    let facts = FileFacts { name: args.text("FileName")?.to_owned(), media_type: args.text_if("MimeType").unwrap_or_default().to_owned() };
    let (id, bytes) = upload::commit(cx, args.text("FileContinuationToken")?, &names, &facts)?;
    Ok(Outputs(vec![("FileId", Arg::Guid(id)), ("FileSizeInBytes", size(bytes))]))
}

/// The blocks of a file, in its order.
fn block_names(cx: &WriteCx<'_>, args: &Args) -> Vec<String> {
    let names = args.list("BlockList").iter().filter_map(|name| if let Arg::Text(name) = name { Some(name.clone()) } else { None });
    names.take(cx.services.limits.file_blocks_max as usize + 1).collect()
}

fn initialize_note_upload(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let token = documents::begin(cx, args.record("Target")?)?;
    Ok(Outputs(vec![("FileContinuationToken", Arg::Text(token))]))
}

fn commit_note_upload(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let names = block_names(cx, args);
    let (id, bytes) = documents::commit(cx, args.record("Target")?, args.text("FileContinuationToken")?, &names)?;
    Ok(Outputs(vec![("AnnotationId", Arg::Guid(id)), ("FileSizeInBytes", short_size(bytes))]))
}

fn initialize_note_download(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let document = documents::read(cx, args.row("Target")?)?;
    Ok(Outputs(vec![
        ("FileContinuationToken", Arg::Text(document.token)),
        ("FileSizeInBytes", short_size(document.bytes)),
        ("FileName", Arg::Text(document.name)),
    ]))
}

fn initialize_download(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let (file, token) = download::begin(cx, &place(args)?)?;
    Ok(Outputs(vec![
        ("FileContinuationToken", Arg::Text(token)),
        ("FileSizeInBytes", size(file.bytes)),
        ("FileName", Arg::Text(file.name)),
        ("IsChunkingSupported", Arg::Bool(true)),
    ]))
}

fn download_block(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let place = |name| args.number(name).and_then(|number| u64::try_from(number).ok()).ok_or_else(|| Error::argument(format!("'{name}' must be 0 or above.")));
    let bytes = download::block(cx, args.text("FileContinuationToken")?, place("Offset")?, place("BlockLength")?)?;
    Ok(Outputs(vec![("Data", Arg::Bytes(bytes.into()))]))
}

/// Clears the column whose file this is.
fn delete_file(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let id = args.guid("FileId").ok_or_else(|| missing("FileId"))?;
    let no_such_file = || Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no file with the id {id}."));
    let file = cx.tx.file(id)?.filter(|file| file.complete).ok_or_else(no_such_file)?;
    let (table, column) = cx.snapshot.column_by_id(file.place.column).ok_or_else(no_such_file)?;
    let target = Target { table: std::sync::Arc::clone(table), identity: Identity::Id(file.place.row) };
    let found = upload::admitted(cx, &target, &[])?;
    update::apply(cx, &found, vec![(column, Value::Null)])?;
    Ok(Outputs::default())
}

fn size(bytes: u64) -> Arg {
    Arg::BigInt(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// Documents of notes are small enough.
fn short_size(bytes: u64) -> Arg {
    Arg::Int(i32::try_from(bytes).unwrap_or(i32::MAX))
}
