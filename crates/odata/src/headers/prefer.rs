//! `Prefer` (web-api 4).

use super::{parameter, split_list};
use crate::{ParseError, ParseErrorKind};

/// What the client would like, as far as this service knows it. Unknown preferences are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences<'a> {
    /// `return=representation` or `return=minimal`
    pub returning: Option<Returning>,
    /// `odata.include-annotations="…"`
    pub annotations: Option<AnnotationFilter<'a>>,
    /// `odata.maxpagesize=N`, at least 1. The ceiling is the caller's.
    pub page_rows_max: Option<u32>,
    /// `odata.track-changes`
    pub track_changes: bool,
    /// `odata.continue-on-error`
    pub continue_on_error: bool,
    /// `respond-async`
    pub respond_async: bool,
    /// `driftless.expired=fault`: an expired delta token is answered by the fault, whatever the setting is.
    pub expired_fault: bool,
}

/// Whether a write answers with the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returning {
    /// `return=representation`
    Representation,
    /// `return=minimal`
    Minimal,
}

/// Which annotations are wanted: a comma separated list of names with `*` anywhere and a leading `-` for
/// exclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnotationFilter<'a> {
    text: &'a str,
}

impl<'a> Preferences<'a> {
    /// Reads the values of all `Prefer` headers. Preferences may be separated by commas or by headers, quoted or
    /// not; names match in any case, with or without `odata.`; of repeated ones the first counts.
    ///
    /// # Errors
    /// `Value` when a known preference has a value that cannot be read. The offset counts in its header.
    pub fn parse(values: impl IntoIterator<Item = &'a str>) -> Result<Self, ParseError> {
        let mut preferences = Self::default();
        for value in values {
            for piece in split_list(value, b',') {
                // Parameters of a preference come behind semicolons; none is defined for the known ones.
                let Some(preference) = split_list(piece, b';').next() else {
                    continue;
                };
                let offset = piece.as_ptr().addr().saturating_sub(value.as_ptr().addr());
                preferences.take(preference, offset)?;
            }
        }
        Ok(preferences)
    }

    fn take(&mut self, piece: &'a str, offset: usize) -> Result<(), ParseError> {
        let (full_name, value) = parameter(piece);
        let prefix = full_name.get(..6).filter(|prefix| prefix.eq_ignore_ascii_case("odata."));
        let name = if prefix.is_some() { &full_name[6..] } else { full_name };
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("return") {
            let returning = match value {
                Some("representation") => Returning::Representation,
                Some("minimal") => Returning::Minimal,
                _ => return Err(unreadable(offset, piece)),
            };
            self.returning.get_or_insert(returning);
        } else if is("include-annotations") {
            let text = value.ok_or_else(|| unreadable(offset, piece))?;
            self.annotations.get_or_insert(AnnotationFilter { text });
        } else if is("maxpagesize") {
            let rows = value.and_then(page_rows).ok_or_else(|| unreadable(offset, piece))?;
            self.page_rows_max.get_or_insert(rows);
        } else if is("track-changes") {
            self.track_changes = true;
        } else if is("continue-on-error") {
            self.continue_on_error = value != Some("false");
        } else if is("respond-async") {
            self.respond_async = true;
        } else if is("driftless.expired") {
            if value != Some("fault") {
                return Err(unreadable(offset, piece));
            }
            self.expired_fault = true;
        }
        Ok(())
    }
}

/// A positive number; one beyond 32 bits is as good as the largest.
fn page_rows(value: &str) -> Option<u32> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(value.parse().unwrap_or(u32::MAX)).filter(|rows| *rows > 0)
}

fn unreadable(offset: usize, piece: &str) -> ParseError {
    let piece: String = piece.chars().take(128).collect();
    let message = format!("The preference '{piece}' has a value that is not valid.");
    ParseError::new(ParseErrorKind::Value, offset, message)
}

impl<'a> AnnotationFilter<'a> {
    /// A filter from its text, as it stands between the quotes.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// The text as it was sent, without quotes, for `Preference-Applied`.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Whether the annotation `name` is wanted, without its `@`: some entry includes it and none excludes it.
    /// Costs a walk over the list; callers ask once for each annotation, not for each row.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        let mut wanted = false;
        for entry in self.text.split(',') {
            let entry = entry.trim_ascii();
            match entry.strip_prefix('-') {
                Some(excluded) if matches_pattern(excluded, name) => return false,
                Some(_) => {}
                None => wanted = wanted || matches_pattern(entry, name),
            }
        }
        wanted
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for any text. Names are short, so the walk back to the
/// last star is cheap.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((star_at, from)) = star {
            star = Some((star_at, from + 1));
            p = star_at + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 4
    fn one_header_and_many_mean_the_same() {
        let one = Preferences::parse(["return=representation, odata.include-annotations=\"*\",odata.maxpagesize=50,odata.track-changes"]);
        let many = Preferences::parse(["return=representation", "odata.include-annotations=*", "odata.maxpagesize=\"50\"", "Odata.Track-Changes"]);
        assert_eq!(one, many);
        let one = one.unwrap();
        assert_eq!(one.returning, Some(Returning::Representation));
        assert_eq!(one.page_rows_max, Some(50));
        assert!(one.track_changes && !one.continue_on_error);
        assert_eq!(one.annotations.map(|a| a.text()), Some("*"));
    }

    #[test]
    fn quoted_lists_keep_their_commas() {
        let text = "OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname";
        let header = format!("odata.include-annotations=\"{text}\" , odata.continue-on-error,respond-async,callback,url=\"https://x/?a,b\"");
        let preferences = Preferences::parse([header.as_str()]).unwrap();
        assert_eq!(preferences.annotations.map(|a| a.text()), Some(text));
        assert!(preferences.continue_on_error && preferences.respond_async);
    }

    #[test]
    fn unknown_preferences_are_ignored_and_the_first_counts() {
        let preferences =
            Preferences::parse(["", ",,", "wait=10; x=y, handling=strict", "maxpagesize=2, odata.maxpagesize=3;a=b", "driftless.expired=fault"]).unwrap();
        assert_eq!(preferences.page_rows_max, Some(2));
        assert!(preferences.expired_fault);
        assert_eq!(Preferences::parse(["odata.maxpagesize=99999999999"]).unwrap().page_rows_max, Some(u32::MAX));
    }

    #[test] // web-api 3: a known header with an unparsable value is a 400
    fn unreadable_values_are_refused() {
        for bad in [
            "return",
            "return=all",
            "odata.maxpagesize=0",
            "odata.maxpagesize=-1",
            "odata.maxpagesize=x",
            "odata.maxpagesize",
            "odata.include-annotations",
            "driftless.expired=full",
        ] {
            let header = format!("a, {bad}");
            let error = Preferences::parse([header.as_str()]).unwrap_err();
            assert_eq!((error.kind, error.offset), (ParseErrorKind::Value, 3), "{bad}");
        }
    }

    #[test] // web-api 4
    fn annotation_patterns() {
        let formatted = "OData.Community.Display.V1.FormattedValue";
        for (text, name, expected) in [
            ("*", formatted, true),
            (formatted, formatted, true),
            ("", formatted, false),
            ("Microsoft.Dynamics.CRM.*", formatted, false),
            ("Microsoft.Dynamics.CRM.*, OData*Value", formatted, true),
            ("*,-OData.*", formatted, false),
            ("-OData.*,*", "Microsoft.Dynamics.CRM.totalrecordcount", true),
            ("-x", formatted, false),
            ("Microsoft.PowerApps.CDS.ErrorDetails*", "Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode", true),
            ("*a*b*", "xaxxbab", true),
            ("*a*b", "xaxxbaa", false),
        ] {
            assert_eq!(AnnotationFilter::new(text).wants(name), expected, "{text} {name}");
        }
    }
}
