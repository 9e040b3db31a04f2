//! `Accept` and `Content-Type` (web-api 3).

use super::{parameter, split_list};

/// How JSON is written, as the client asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Which control information is written.
    pub metadata: MetadataLevel,
    /// Whether `Int64` and `Decimal` are written as strings. Only then may the answer's `Content-Type` name it.
    pub ieee754_compatible: bool,
    /// Whether the client accepts JSON at all.
    pub accepts_json: bool,
}

/// How much control information answers carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetadataLevel {
    /// `odata.metadata=minimal`
    #[default]
    Minimal,
    /// `odata.metadata=full`
    Full,
    /// `odata.metadata=none`
    None,
}

impl Default for Format {
    fn default() -> Self {
        Self { metadata: MetadataLevel::Minimal, ieee754_compatible: false, accepts_json: true }
    }
}

impl Format {
    /// Reads the values of all `Accept` headers; the first range that JSON fits decides. No header accepts
    /// everything. Unknown parameters and levels are ignored.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut any_range = false;
        for value in values {
            for range in split_list(value, b',') {
                any_range = true;
                let content_type = ContentType::parse(range);
                if ["application/json", "application/*", "*/*"].iter().any(|m| content_type.is(m)) {
                    return content_type.format();
                }
            }
        }
        Self { accepts_json: !any_range, ..Self::default() }
    }

    /// The `Content-Type` of an answer in this format.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match (self.metadata, self.ieee754_compatible) {
            (MetadataLevel::Minimal, false) => "application/json; odata.metadata=minimal",
            (MetadataLevel::Full, false) => "application/json; odata.metadata=full",
            (MetadataLevel::None, false) => "application/json; odata.metadata=none",
            (MetadataLevel::Minimal, true) => "application/json; odata.metadata=minimal; IEEE754Compatible=true",
            (MetadataLevel::Full, true) => "application/json; odata.metadata=full; IEEE754Compatible=true",
            (MetadataLevel::None, true) => "application/json; odata.metadata=none; IEEE754Compatible=true",
        }
    }
}

/// A media type with its parameters, any of which may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentType<'a> {
    text: &'a str,
}

impl<'a> ContentType<'a> {
    /// Takes a header value or one entry of a list.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        Self { text }
    }

    /// The media type in front of the parameters, as written.
    #[must_use]
    pub fn media(&self) -> &'a str {
        self.text.split(';').next().unwrap_or_default().trim_ascii()
    }

    /// Whether the media type is `media`, in any case.
    #[must_use]
    pub fn is(&self, media: &str) -> bool {
        self.media().eq_ignore_ascii_case(media)
    }

    /// The value of a parameter without its quotes; names match in any case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let parameters = split_list(self.text, b';').skip(1).map(parameter);
        parameters.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).and_then(|(_, value)| value)
    }

    fn format(&self) -> Format {
        let level = self.parameter("odata.metadata").or_else(|| self.parameter("metadata"));
        let metadata = match level {
            Some(level) if level.eq_ignore_ascii_case("full") => MetadataLevel::Full,
            Some(level) if level.eq_ignore_ascii_case("none") => MetadataLevel::None,
            _ => MetadataLevel::Minimal,
        };
        let ieee754 = self.parameter("IEEE754Compatible");
        Format { metadata, ieee754_compatible: ieee754.is_some_and(|value| value.eq_ignore_ascii_case("true")), accepts_json: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 3
    fn accept_chooses_the_format() {
        assert_eq!(Format::parse([]), Format::default());
        assert_eq!(Format::parse(["application/json"]), Format::default());
        assert_eq!(Format::parse(["text/html, */*;q=0.1"]), Format::default());
        let full = Format::parse(["application/json;odata.metadata=full; ieee754compatible=\"true\""]);
        assert_eq!((full.metadata, full.ieee754_compatible), (MetadataLevel::Full, true));
        assert_eq!(full.content_type(), "application/json; odata.metadata=full; IEEE754Compatible=true");
        assert_eq!(Format::parse(["application/json; metadata=none"]).metadata, MetadataLevel::None);
        assert_eq!(Format::parse(["application/json;odata=verbose"]), Format::default());
        assert!(!Format::parse(["application/xml"]).accepts_json);
    }

    #[test] // web-api 3, 23
    fn content_types_may_have_any_parameters() {
        let entry = ContentType::parse("Application/JSON;odata.metadata=minimal;odata.streaming=true;type=entry;charset=utf-8");
        assert!(entry.is("application/json"));
        assert_eq!(entry.parameter("charset"), Some("utf-8"));
        let batch = ContentType::parse("multipart/mixed; boundary=\"batch;x\"");
        assert_eq!((batch.media(), batch.parameter("Boundary")), ("multipart/mixed", Some("batch;x")));
        assert_eq!(ContentType::parse("multipart/mixed;boundary= b ").parameter("boundary"), Some("b"));
        assert_eq!(ContentType::parse("").media(), "");
        assert_eq!(ContentType::parse("a;boundary").parameter("boundary"), None);
    }
}
