//! Bodies and queries of name and value pairs, bounded.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Request, header};

use super::fault::Fault;

/// Fields that a form may have.
const FIELDS_MAX: usize = 50;

/// The fields of a request, each at most once.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The body of a POST.
    pub(crate) fn of_body(request: &Request<Bytes>) -> Result<Self, Fault> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Fault::invalid_request("The body must be of the type application/x-www-form-urlencoded."));
        }
        let text = std::str::from_utf8(request.body()).map_err(|_| Fault::invalid_request("The body is not text."))?;
        Self::parse(text)
    }

    /// A query or a body. A field that stands twice is refused (RFC 6749, 3.1): which one counts must not be a matter of taste.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in pairs(text) {
            if fields.len() >= FIELDS_MAX {
                return Err(Fault::invalid_request("There are more than 50 fields."));
            }
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(Fault::invalid_request("A field stands twice."));
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// A field that was given and is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A field that must be there.
    pub(crate) fn require(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::missing(name))
    }
}

/// The pairs of a text, decoded.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn forms_are_bounded_and_their_fields_unique() {
        let form = Form::parse("a=1&b=x+y%26&c=").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), Some("x y&"), None));
        assert!(form.require("d").is_err() && Form::parse("a=1&a=1").is_err());
        let many = |count: usize| (0..count).map(|n| format!("f{n}=1")).collect::<Vec<_>>().join("&");
        assert!(Form::parse(&many(50)).is_ok() && Form::parse(&many(51)).is_err());
    }
}
