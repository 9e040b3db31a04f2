//! Files and images at the addresses of their columns (web-api 32).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use driftless_core::{ByteRange, FileChunk, FileCondition, FileFacts, FilePart, FileTarget, ReadFile, Request, Response, Snapshot, WriteFile};
use driftless_model::{Error, ErrorCode, Result};
use driftless_odata::headers::{ContentRange, ContentType, EntityTag, Preconditions, Range};
use driftless_odata::json::JsonWriter;
use driftless_query::Collector;

use super::{RowAddress, property};
use crate::answer::{Answer, push_pieces};
use crate::call::Call;
use crate::error::{self, ErrorFrame};
use crate::write::{Earlier, Write, unexpected};

/// Names of headers that scripts in browsers may read.
const EXPOSED: &str = "x-ms-file-size, x-ms-file-name, x-ms-chunk-size, mimetype";

/// How a file is written into an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its bytes.
    Raw,
    /// Base64 inside JSON.
    Json,
}

/// True for a body of bytes: anything but JSON.
pub(super) fn is_binary(call: &Call<'_>) -> bool {
    call.headers.one("content-type").is_some_and(|text| !ContentType::parse(text).is("application/json"))
}

/// `PATCH set(key)/column`: a file whole, the beginning of an upload, or a part of one.
///
/// # Errors
/// 0x80060888 for headers that cannot be understood.
pub(super) fn patch<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Result<Write<'a>> {
    if let Some(token) = call.options.unknown("sessiontoken") {
        return part(call, address, name, token);
    }
    match call.headers.one("x-ms-transfer-mode").map(str::trim) {
        None | Some("") => whole(call, address, name),
        Some(mode) if mode.eq_ignore_ascii_case("chunked") => Ok(begin(call, address, name)),
        Some(_) => Err(Error::new(ErrorCode::ODataError, "The header x-ms-transfer-mode must be chunked.")),
    }
}

/// `PATCH` and `PUT` with all bytes of the file.
///
/// # Errors
/// 0x80048d19 for a JSON body.
pub(super) fn whole<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Result<Write<'a>> {
    if !is_binary(call) && !call.body.is_empty() {
        return Err(error::payload(call.resource, "The bytes of a file are expected, with the Content-Type application/octet-stream."));
    }
    let bytes: Arc<[u8]> = Arc::from(call.body);
    Ok(Write::new(
        move |snapshot, earlier| {
            let at = place(call, address, name, snapshot, earlier)?;
            let facts = facts(call, &at);
            Ok(Request::WriteFile(WriteFile::Whole(at, facts, Arc::clone(&bytes), condition(call))))
        },
        |_| Ok(Answer::no_content()),
    ))
}

fn begin<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Write<'a> {
    Write::new(
        move |snapshot, earlier| {
            let at = place(call, address, name, snapshot, earlier)?;
            let facts = facts(call, &at);
            Ok(Request::WriteFile(WriteFile::Begin(at, facts, condition(call))))
        },
        move |response| {
            let Response::UploadBegun(token) = response else { return Err(unexpected("the beginning of an upload")) };
            Ok(Answer::new(200)
                .header("Accept-Ranges", "bytes")
                .header("Location", format!("{}?sessiontoken={token}", call.address()))
                .header("x-ms-chunk-size", call.exchange.organization.limits().file_chunk_bytes.to_string())
                .header("Access-Control-Expose-Headers", EXPOSED))
        },
    )
}

fn part<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str, token: &'a str) -> Result<Write<'a>> {
    let malformed = || Error::new(ErrorCode::ODataError, "A part of a file needs the header Content-Range: bytes first-last/total, and as many bytes.");
    let range = call.headers.one("content-range").and_then(ContentRange::parse).filter(|range| range.bytes() == call.body.len() as u64);
    let range = range.ok_or_else(malformed)?;
    let bytes: Arc<[u8]> = Arc::from(call.body);
    Ok(Write::new(
        move |snapshot, earlier| {
            let at = place(call, address, name, snapshot, earlier)?;
            let name = given_name(call).map(str::to_owned);
            let chunk = FileChunk { token: token.to_owned(), name, offset: range.first, total: range.total, bytes: Arc::clone(&bytes) };
            Ok(Request::WriteFile(WriteFile::Part(at, chunk)))
        },
        |response| match response {
            Response::UploadPart { complete: true } => Ok(Answer::no_content()),
            Response::UploadPart { complete: false } => Ok(Answer::new(206)),
            _ => Err(unexpected("a part of an upload")),
        },
    ))
}

/// `GET set(key)/column` and `GET set(key)/column/$value` of a file or image.
///
/// # Errors
/// 0x80040217 without the row or the file.
pub(super) fn read(call: &Call<'_>, address: RowAddress<'_>, name: &str, form: Form) -> Result<Answer> {
    let full = call.options.unknown("size").is_some_and(|size| size.eq_ignore_ascii_case("full"));
    let range = call.headers.one("range").and_then(Range::parse).map(|range| match range {
        Range::From(first, last) => ByteRange::From(first, last),
        Range::Last(bytes) => ByteRange::Last(bytes),
    });
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let at = place(call, address, name, snapshot, &Earlier::default())?;
            Ok(Request::ReadFile(ReadFile { at, full, range }))
        },
        &mut Collector::default(),
    )?;
    match response {
        Response::File(None) => Ok(Answer::no_content()),
        Response::File(Some(part)) => Ok(found(call, part, range.is_some(), form)),
        _ => Err(unexpected("a file")),
    }
}

fn found(call: &Call<'_>, part: FilePart, is_part: bool, form: Form) -> Answer {
    let Some((from, to)) = part.range else { return unsatisfiable(call, part.size) };
    let mut answer = match form {
        Form::Raw => raw(part.pieces),
        Form::Json => json(call, &part.pieces),
    };
    if is_part {
        answer.status = 206;
        answer = answer
            .header("Content-Range", format!("bytes {from}-{}/{}", to.saturating_sub(1), part.size))
            .header("x-ms-chunk-size", call.exchange.organization.limits().file_chunk_bytes.to_string());
    }
    let name = ascii(&part.facts.name);
    answer
        .header("Accept-Ranges", "bytes")
        // A file is never shown as a page of this origin (SEC-34).
        .header("Content-Disposition", disposition(&part.facts.name))
        .header("X-Content-Type-Options", "nosniff")
        .header("Content-Security-Policy", "sandbox; default-src 'none'")
        .header("x-ms-file-name", name)
        .header("x-ms-file-size", part.size.to_string())
        .header("mimetype", part.facts.media_type)
        .header("Access-Control-Expose-Headers", EXPOSED)
}

fn raw(pieces: Vec<Vec<u8>>) -> Answer {
    let mut answer = Answer::new(200).header("Content-Type", "application/octet-stream");
    for piece in pieces {
        push_pieces(&mut answer.body, Bytes::from(piece));
    }
    answer
}

fn json(call: &Call<'_>, pieces: &[Vec<u8>]) -> Answer {
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("@odata.context");
    json.text(&format!("{}$metadata#Edm.Binary", call.exchange.root));
    json.name("value");
    json.text(&STANDARD.encode(pieces.concat()));
    json.end_object();
    Answer::with_body(200, call.format.content_type(), json.into_bytes())
}

/// 416: the range that was asked for has no byte of the file.
fn unsatisfiable(call: &Call<'_>, size: u64) -> Answer {
    let error = Error::new(ErrorCode::ODataError, format!("The range has no byte of the file, which has {size}."));
    let request_id = call.exchange.request_id.to_string();
    let frame = ErrorFrame { method: call.method, annotations: call.preferences.annotations, request_id: &request_id };
    let answer = Answer { status: 416, ..error::render(&error, &frame) };
    answer.header("Content-Range", format!("bytes */{size}")).header("x-ms-file-size", size.to_string())
}

/// The column that a path names.
fn place(call: &Call<'_>, address: RowAddress<'_>, name: &str, snapshot: &Snapshot, earlier: &Earlier<'_>) -> Result<FileTarget> {
    let target = address.target(call, snapshot, earlier)?;
    let column = property::column(&target.table, name)?;
    if !target.table.files.contains(&column) {
        return Err(call.wrong_method());
    }
    Ok(FileTarget { target, column })
}

/// What the client says of the file. An image needs no name.
fn facts(call: &Call<'_>, at: &FileTarget) -> FileFacts {
    let column = at.target.table.column(at.column);
    let is_image = matches!(column.kind, driftless_model::ColumnType::Image(_));
    let name = given_name(call).map_or_else(|| if is_image { column.name.to_string() } else { String::new() }, str::to_owned);
    FileFacts { name, media_type: call.headers.one("content-type").unwrap_or_default().to_owned() }
}

/// The name of the file: the header goes before the option, which alone can hold every letter.
fn given_name<'a>(call: &'a Call<'_>) -> Option<&'a str> {
    let header = call.headers.one("x-ms-file-name").filter(|name| !name.trim().is_empty());
    header.or_else(|| call.options.unknown("x-ms-file-name"))
}

fn condition(call: &Call<'_>) -> FileCondition {
    FileCondition { if_version: property::if_version(call), if_empty: call.preconditions == Preconditions::IfNoneMatch(EntityTag::Any) }
}

/// A name for a header: what is not ASCII is percent-encoded.
fn ascii(name: &str) -> String {
    if name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) { name.to_owned() } else { encoded(name) }
}

fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len() * 2);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// `Content-Disposition` with the name in both forms of RFC 6266.
fn disposition(name: &str) -> String {
    let plain: String = name.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    if plain == name { format!("attachment; filename=\"{name}\"") } else { format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encoded(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 32
    fn names_go_into_headers() {
        assert_eq!(disposition("small note.txt"), "attachment; filename=\"small note.txt\"");
        assert_eq!(disposition("a\"é.txt"), "attachment; filename=\"a__.txt\"; filename*=UTF-8''a%22%C3%A9.txt");
        assert_eq!((ascii("a b.txt"), ascii("é.txt")), ("a b.txt".to_owned(), "%C3%A9.txt".to_owned()));
    }
}
