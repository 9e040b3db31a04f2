//! From a multipart body to requests.

use super::head::{Lines, is_allowed};
use super::multipart::{boundary, malformed, parts};
use super::{BatchItem, BatchLimits, Part};
use crate::headers::ContentType;
use crate::{ParseError, ParseErrorKind};

/// Parses the body of `POST $batch`. `content_type` is that of the request.
///
/// Everything is accepted that published clients write (web-api 23): CRLF or bare LF, quoted boundaries, no
/// blank behind the colon of a header, `Content-ID` of the part or of the request, missing blank lines behind
/// the last request.
///
/// # Errors
/// `Syntax` for a malformed batch, `Limit` beyond `limits`, `Unsupported` for a nested batch, for `GET` in a
/// change set and for other methods. Offsets count in `body`.
pub fn parse_batch<'a>(content_type: &str, body: &'a [u8], limits: &BatchLimits) -> Result<Vec<BatchItem<'a>>, ParseError> {
    let boundary = boundary(content_type, limits)?;
    let mut items = Vec::new();
    let mut operations = 0;
    for (offset, bytes) in parts(body, boundary, limits)? {
        let mut lines = Lines::new(bytes, offset, limits);
        let head = PartHead::read(&mut lines)?;
        if head.content_type.is("application/http") {
            count(&mut operations, 1, offset, limits)?;
            items.push(BatchItem::Single(request(lines, head.content_id)?));
        } else {
            let parts = change_set(&lines, head.content_type_text, limits)?;
            count(&mut operations, parts.len(), offset, limits)?;
            items.push(BatchItem::ChangeSet(parts));
        }
    }
    Ok(items)
}

fn count(operations: &mut usize, more: usize, offset: usize, limits: &BatchLimits) -> Result<(), ParseError> {
    *operations += more;
    if *operations > limits.operations {
        return Err(ParseError::limit(offset, "operations in one batch", limits.operations));
    }
    Ok(())
}

/// The requests of a change set; `lines` is behind the head of its part.
fn change_set<'a>(lines: &Lines<'a>, content_type: &str, limits: &BatchLimits) -> Result<Vec<Part<'a>>, ParseError> {
    let start = lines.offset;
    let boundary = boundary(content_type, limits).map_err(|error| error.shifted(start))?;
    let inner = parts(lines.rest(), boundary, limits).map_err(|error| error.shifted(start))?;
    let mut requests: Vec<Part<'a>> = Vec::with_capacity(inner.len());
    for (offset, bytes) in inner {
        let offset = start + offset;
        let mut lines = Lines::new(bytes, offset, limits);
        let head = PartHead::read(&mut lines)?;
        if !head.content_type.is("application/http") {
            return Err(ParseError::unsupported(offset, "A change set cannot contain another multipart body."));
        }
        let part = request(lines, head.content_id)?;
        if matches!(part.method, "GET" | "HEAD") {
            return Err(ParseError::unsupported(offset, "A change set cannot contain GET requests."));
        }
        requests.push(part);
    }
    check_content_ids(&requests, start)?;
    Ok(requests)
}

/// Content ids name one request each, within one change set (web-api 23).
fn check_content_ids(requests: &[Part<'_>], offset: usize) -> Result<(), ParseError> {
    let mut ids: Vec<&str> = requests.iter().filter_map(|part| part.content_id).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => {
            let message = format!("The Content-ID '{}' is used more than once in one change set.", pair[0]);
            Err(ParseError::new(ParseErrorKind::Value, offset, message))
        }
    }
}

/// What the headers of a part say.
struct PartHead<'a> {
    content_type: ContentType<'a>,
    content_type_text: &'a str,
    content_id: Option<&'a str>,
}

impl<'a> PartHead<'a> {
    fn read(lines: &mut Lines<'a>) -> Result<Self, ParseError> {
        let offset = lines.offset;
        let mut content_type = None;
        let mut content_id = None;
        while let Some((name, value)) = lines.header()? {
            if name.eq_ignore_ascii_case("content-type") {
                content_type = Some(value);
            } else if name.eq_ignore_ascii_case("content-id") {
                content_id = check_content_id(value, offset)?;
            }
        }
        let text = content_type.unwrap_or_default();
        let parsed = ContentType::parse(text);
        if !parsed.is("application/http") && !parsed.is("multipart/mixed") {
            let message = "The content type of a part of a batch must be application/http or multipart/mixed.";
            return Err(malformed(offset, message));
        }
        Ok(Self { content_type: parsed, content_type_text: text, content_id })
    }
}

/// A usable content id; an empty one counts as absent.
fn check_content_id(value: &str, offset: usize) -> Result<Option<&str>, ParseError> {
    const LENGTH_MAX: usize = 64;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    if value.is_empty() {
        Ok(None)
    } else if value.len() <= LENGTH_MAX && value.bytes().all(plain) {
        Ok(Some(value))
    } else {
        Err(malformed(offset, "A Content-ID may have up to 64 letters, digits and the marks -_.~"))
    }
}

/// The request inside a part; `lines` is at its request line.
fn request<'a>(mut lines: Lines<'a>, outer_id: Option<&'a str>) -> Result<Part<'a>, ParseError> {
    let offset = lines.offset;
    let (method, url) = request_line(lines.line()?, offset)?;
    let mut headers = Vec::new();
    let mut inner_id = None;
    let mut length = None;
    while let Some((name, value)) = lines.header()? {
        if name.eq_ignore_ascii_case("content-id") {
            inner_id = check_content_id(value, offset)?;
        } else if name.eq_ignore_ascii_case("content-length") {
            let number = value.parse::<usize>().ok();
            if number.is_none() || length.is_some_and(|other| Some(other) != number) {
                return Err(malformed(offset, "The Content-Length of a request in the batch is not valid."));
            }
            length = number;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(malformed(offset, "A request in a batch cannot have a Transfer-Encoding."));
        } else if is_allowed(name) {
            headers.push((name, value));
        }
    }
    let body = sized_body(lines.rest(), length, offset)?;
    Ok(Part { content_id: outer_id.or(inner_id), method, url, headers, body })
}

/// The body by its declared length, which the bytes up to the boundary must agree with.
fn sized_body(rest: &[u8], length: Option<usize>, offset: usize) -> Result<&[u8], ParseError> {
    let Some(length) = length else {
        return Ok(rest);
    };
    match rest.split_at_checked(length) {
        Some((body, after)) if after.trim_ascii().is_empty() => Ok(body),
        _ => Err(malformed(offset, "The Content-Length of a request in the batch differs from its body.")),
    }
}

/// `METHOD address HTTP/1.1`; the address may contain raw blanks.
fn request_line(line: &str, offset: usize) -> Result<(&str, &str), ParseError> {
    let bad = || malformed(offset, "A request line of the batch is malformed.");
    let (method, rest) = line.trim_ascii().split_once(' ').ok_or_else(bad)?;
    let (url, version) = rest.rsplit_once(' ').ok_or_else(bad)?;
    let url = url.trim_ascii();
    if url.is_empty() || !version.starts_with("HTTP/1.") {
        return Err(bad());
    }
    if !matches!(method, "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE") {
        return Err(ParseError::unsupported(offset, "A request in the batch has a method that is not supported."));
    }
    let path = url.split('?').next().unwrap_or_default().trim_end_matches('/');
    if path.ends_with("$batch") {
        return Err(ParseError::unsupported(offset, "A batch cannot contain another batch."));
    }
    Ok((method, url))
}
