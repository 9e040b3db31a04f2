//! Thumbnails: what a row shows of an image. They are made before the unit that writes the row, since the writer would wait for them.

use std::io::Cursor;
use std::sync::Arc;

use driftless_model::{ColumnIx, ColumnType, Error, ErrorCode, Result, Table, Value};
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use super::{FileFacts, WriteFile};
use crate::request::{Field, Identity, Record, Related, Request, Update};

/// Largest side of a thumbnail in pixels.
const SIDE: u32 = 144;
/// Largest side of an image that is taken, in pixels.
const SIDE_MAX: u32 = 32_768;
/// Memory that reading an image may take, in bytes: an image of 30 MB may stand for far more pixels than anybody wants.
const MEMORY_MAX: u64 = 512 << 20;

/// An image with its thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Square, at most 144 pixels wide, in the format of the image or as PNG.
    pub(crate) thumbnail: Vec<u8>,
    /// The image as it was given.
    pub(crate) original: Vec<u8>,
    /// Name of the file that it came as.
    pub(crate) name: String,
    /// Its media type.
    pub(crate) media_type: &'static str,
}

impl Picture {
    /// The image as it was given.
    pub fn original(&self) -> &[u8] {
        &self.original
    }
}

/// Makes the thumbnails of the images that a request writes.
///
/// # Errors
/// 0x80044A02 for an image beyond its column's limit, 0x80072553 for bytes that are no image of a known kind.
pub(crate) fn prepare(request: &mut Request) -> Result<()> {
    match request {
        Request::Create(create) => of_record(&mut create.record),
        Request::Update(update) => of_record(&mut update.record),
        Request::Upsert(upsert) => of_record(&mut upsert.record),
        Request::Multiple(requests) => requests.iter_mut().try_for_each(prepare),
        Request::WriteFile(write) => match of_file(write)? {
            Some(update) => {
                *request = Request::Update(update);
                Ok(())
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn of_record(record: &mut Record) -> Result<()> {
    if !record.table.files.is_empty() {
        for (column, field) in &mut record.fields {
            if let Field::Value(Value::Bytes(bytes)) = field
                && let ColumnType::Image(_) = record.table.column(*column).kind
            {
                *field = Field::Image(Arc::new(picture(&record.table, *column, bytes)?));
            }
        }
    }
    record.related.iter_mut().try_for_each(|related| match related {
        Related::Parent(_, parent) => of_record(parent),
        Related::Children(_, children) => children.iter_mut().try_for_each(of_record),
        Related::Links(..) => Ok(()),
    })
}

/// An image that came as a file is written as a value of its row.
fn of_file(write: &WriteFile) -> Result<Option<Update>> {
    let WriteFile::Whole(at, facts, bytes, condition) = write else { return Ok(None) };
    let table = &at.target.table;
    let is_image = matches!(table.column(at.column).kind, ColumnType::Image(_));
    // Whether the column is empty is known to the file's own way only; a Content-ID names its table when its request has run.
    if !is_image || condition.if_empty || matches!(at.target.identity, Identity::Result(_)) {
        return Ok(None);
    }
    let FileFacts { name, .. } = super::checked(facts)?;
    let picture = Picture { name, ..picture(table, at.column, bytes)? };
    let record = Record { table: Arc::clone(table), id: None, fields: vec![(at.column, Field::Image(Arc::new(picture)))], related: Vec::new() };
    Ok(Some(Update { target: at.target.clone(), record, if_version: condition.if_version, returning: None }))
}

/// An image of a column, with its thumbnail.
///
/// # Errors
/// As [`prepare`].
pub(super) fn picture(table: &Table, column: ColumnIx, bytes: &[u8]) -> Result<Picture> {
    let column = table.column(column);
    if let ColumnType::Image(kind) = &column.kind {
        column.check_size(table.name(), bytes.len() as u64, kind.max_kib)?;
    }
    let (thumbnail, format) = thumbnail(bytes).map_err(|reason| {
        let reason = format!("Error occured when processing image. Reason: {reason} for logicalName: {}, attribute: {}.", table.name(), column.name);
        Error::new(ErrorCode::ProcessImageFailure, format!("{reason} Images are of the formats GIF, JPEG, TIFF, BMP and PNG."))
    })?;
    let ending = format.extensions_str().first().copied().unwrap_or("bin");
    Ok(Picture { thumbnail, original: bytes.to_vec(), name: format!("{}.{ending}", column.name), media_type: format.to_mime_type() })
}

/// The media type of a thumbnail.
pub(super) fn media_type(thumbnail: &[u8]) -> &'static str {
    image::guess_format(thumbnail).map_or(super::OCTETS, |format| format.to_mime_type())
}

/// The middle square of an image, made smaller where it is larger than a thumbnail may be (Microsoft Learn: Use image column data).
fn thumbnail(bytes: &[u8]) -> std::result::Result<(Vec<u8>, ImageFormat), String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let format = reader.format().ok_or("the format of the image is not known")?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(MEMORY_MAX);
    reader.limits(limits);
    let image = reader.decode().map_err(|error| error.to_string())?;
    let side = image.width().min(image.height());
    let square = image.crop_imm((image.width() - side) / 2, (image.height() - side) / 2, side, side);
    let small = if side > SIDE { square.resize_exact(SIDE, SIDE, FilterType::Triangle) } else { square };
    let mut out = Cursor::new(Vec::new());
    let written = match format {
        ImageFormat::Jpeg => DynamicImage::ImageRgb8(small.to_rgb8()).write_to(&mut out, ImageFormat::Jpeg),
        _ => DynamicImage::ImageRgba8(small.to_rgba8()).write_to(&mut out, ImageFormat::Png),
    };
    written.map_err(|error| error.to_string())?;
    Ok((out.into_inner(), format))
}

#[cfg(test)]
mod tests {
    use image::RgbaImage;

    use super::*;

    fn image(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let pixels = RgbaImage::from_fn(width, height, |x, y| image::Rgba([(x % 256) as u8, (y % 256) as u8, 7, 255]));
        DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(pixels).to_rgb8()).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test] // web-api 32
    fn thumbnails_are_square_and_small() {
        for (width, height, side) in [(300, 428, 144), (91, 130, 91), (144, 144, 144), (1, 500, 1), (145, 20, 20)] {
            let (thumbnail, format) = thumbnail(&image(width, height, ImageFormat::Png)).unwrap();
            let small = image::load_from_memory(&thumbnail).unwrap();
            assert_eq!((small.width(), small.height(), format), (side, side, ImageFormat::Png), "{width} x {height}");
        }
    }

    #[test] // web-api 32
    fn every_listed_format_is_taken_and_nothing_else() {
        for (format, expected) in [
            (ImageFormat::Gif, "image/png"),
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Tiff, "image/png"),
            (ImageFormat::Bmp, "image/png"),
            (ImageFormat::Png, "image/png"),
        ] {
            let (thumbnail, found) = thumbnail(&image(200, 160, format)).unwrap();
            assert_eq!((media_type(&thumbnail), found), (expected, format));
        }
        for other in [&b""[..], b"no image", b"\x89PNG\r\n\x1a\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a\xff\xff\xff\xff\xf7\x00\x00"] {
            assert!(thumbnail(other).is_err(), "{other:?}");
        }
    }
}
