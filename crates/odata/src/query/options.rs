//! Splitting the query string and reading each option.

use std::borrow::Cow;

use super::expand::ExpandParser;
use super::items::{order_items, select_items};
use super::{QueryLimits, QueryOptions, RawOption};
use crate::percent::{self, Plus};
use crate::{ParseError, ParseErrorKind, filter};

impl<'a> QueryOptions<'a> {
    /// Parses a raw query string, with or without the leading `?`.
    ///
    /// Names are case-sensitive. `+` is a blank. Empty options (stray `&`) and empty list entries (stray
    /// commas) are skipped, blanks around names and values trimmed (web-api 16, 28, 34).
    ///
    /// # Errors
    /// `Value` for a repeated or unreadable option, `Limit` beyond `limits`, else as the parser of the option.
    /// Offsets count in the decoded value of the option.
    pub fn parse(raw: &'a str, limits: &QueryLimits) -> Result<Self, ParseError> {
        let mut options = Self::default();
        let raw = raw.strip_prefix('?').unwrap_or(raw);
        for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
            if options.raw.len() == limits.options {
                return Err(ParseError::limit(0, "query options", limits.options));
            }
            let option = match piece.split_once('=') {
                Some((name, value)) => RawOption { name, value: Some(value) },
                None => RawOption { name: piece, value: None },
            };
            let name = trimmed(percent::decode(option.name, Plus::Blank)?);
            let value = trimmed(percent::decode(option.value.unwrap_or_default(), Plus::Blank)?);
            if name.is_empty() && value.is_empty() {
                continue;
            }
            options.raw.push(option);
            options.take(name, value, limits)?;
        }
        Ok(options)
    }

    /// The value of an option that is not OData's own, such as `tag`. Names are case-sensitive.
    #[must_use]
    pub fn unknown(&self, name: &str) -> Option<&str> {
        self.unknown.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_ref())
    }

    fn take(&mut self, name: Cow<'a, str>, value: Cow<'a, str>, limits: &QueryLimits) -> Result<(), ParseError> {
        match name.as_ref() {
            "$select" => once(&mut self.select, &name, || Ok(select_items(&value))),
            "$filter" => once(&mut self.filter, &name, || filter_option(&value, limits)),
            "$top" => once(&mut self.top, &name, || top(&value).map(Some)),
            "$count" => once(&mut self.count, &name, || count(&value).map(Some)),
            "$expand" => list_once(&mut self.expand, &name, || ExpandParser::new(limits).items(&value)),
            "$orderby" => list_once(&mut self.order_by, &name, || order_items(&value)),
            "$skip" => flag(&mut self.has_skip),
            "$search" => flag(&mut self.has_search),
            "$format" => flag(&mut self.has_format),
            _ => match self.text_slot(&name) {
                Some(slot) => once(slot, &name, || Ok(Some(value))),
                None => self.take_other(name, value),
            },
        }
    }

    /// The options that are kept as text.
    fn text_slot(&mut self, name: &str) -> Option<&mut Option<Cow<'a, str>>> {
        Some(match name {
            "$skiptoken" => &mut self.skip_token,
            "$deltatoken" => &mut self.delta_token,
            "$id" => &mut self.id,
            "$apply" => &mut self.apply,
            "fetchXml" => &mut self.fetch_xml,
            "savedQuery" => &mut self.saved_query,
            "userQuery" => &mut self.user_query,
            "sql" => &mut self.sql,
            _ => return None,
        })
    }

    fn take_other(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), ParseError> {
        let Some(alias) = name.strip_prefix('@') else {
            self.unknown.push((name, value));
            return Ok(());
        };
        match self.aliases.insert(alias.to_owned(), value.into_owned()) {
            None => Ok(()),
            Some(_) => Err(repeated(&name)),
        }
    }
}

/// Fills a slot that may be filled once. An option without a value (`$select=name,&$expand`) counts as absent.
fn once<T>(slot: &mut Option<T>, name: &str, read: impl FnOnce() -> Result<Option<T>, ParseError>) -> Result<(), ParseError> {
    if slot.is_some() {
        return Err(repeated(name));
    }
    *slot = read()?;
    Ok(())
}

fn list_once<T>(slot: &mut Vec<T>, name: &str, read: impl FnOnce() -> Result<Vec<T>, ParseError>) -> Result<(), ParseError> {
    if !slot.is_empty() {
        return Err(repeated(name));
    }
    *slot = read()?;
    Ok(())
}

fn flag(flag: &mut bool) -> Result<(), ParseError> {
    *flag = true;
    Ok(())
}

/// A filter; an empty one filters nothing.
pub(super) fn filter_option(value: &str, limits: &QueryLimits) -> Result<Option<filter::Expr>, ParseError> {
    if value.trim().is_empty() {
        return Ok(None);
    }
    filter::parse(value, &limits.filter).map(Some)
}

/// The number of `$top`.
pub(super) fn top(value: &str) -> Result<u64, ParseError> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let number = value.parse().ok().filter(|_| digits);
    number.ok_or_else(|| {
        invalid(format!("Invalid value '{}' for $top query option found. The $top query option requires a non-negative integer value.", excerpt(value)))
    })
}

fn count(value: &str) -> Result<bool, ParseError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(format!("Invalid value '{}' for $count query option found. Valid values are 'true' and 'false'.", excerpt(value)))),
    }
}

fn excerpt(value: &str) -> String {
    value.chars().take(64).collect()
}

fn invalid(message: String) -> ParseError {
    ParseError::new(ParseErrorKind::Value, 0, message)
}

/// The sentence for an option that comes twice.
pub(super) fn repeated(name: &str) -> ParseError {
    invalid(format!("Query option '{}' was specified more than once, but it must be specified at most once.", excerpt(name)))
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
        Cow::Owned(text) if text.trim_ascii().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, OrderKey, SelectItem};
    use super::*;
    use crate::filter::print;

    fn parsed(raw: &str) -> QueryOptions<'_> {
        QueryOptions::parse(raw, &QueryLimits::default()).unwrap_or_else(|error| panic!("{raw}: {error}"))
    }

    fn error(raw: &str) -> ParseError {
        QueryOptions::parse(raw, &QueryLimits::default()).unwrap_err()
    }

    fn columns(options: &QueryOptions<'_>) -> Vec<String> {
        let items = options.select.iter().flatten();
        items
            .map(|item| match item {
                SelectItem::All => "*".to_owned(),
                SelectItem::Column(c) => c.clone(),
            })
            .collect()
    }

    #[test]
    fn a_usual_query() {
        let options = parsed("?$select=name,_d_value&$filter=%20a+eq%20%27x%2By%27+&$orderby=name desc,nav/c&$top=3&$count=true");
        assert_eq!(columns(&options), ["name", "_d_value"]);
        assert_eq!(options.filter.as_ref().map(print).as_deref(), Some("a eq 'x+y'"));
        assert_eq!(options.order_by[0].direction, Direction::Descending);
        assert_eq!(options.order_by[1].key, OrderKey::Path(vec!["nav".to_owned(), "c".to_owned()]));
        assert_eq!((options.top, options.count), (Some(3), Some(true)));
        assert_eq!(options.raw.len(), 5);
        assert_eq!(options.raw[1], RawOption { name: "$filter", value: Some("%20a+eq%20%27x%2By%27+") });
    }

    #[test] // web-api 34 rows 12 and 25, web-api 28
    fn stray_separators_are_tolerated() {
        let options = parsed("&$select=name,&$expand&&@p1='a'& $top= 5 &");
        assert_eq!(columns(&options), ["name"]);
        assert_eq!(options.expand, []);
        assert_eq!(options.top, Some(5));
        assert_eq!(options.aliases.get("p1").map(String::as_str), Some("'a'"));
        assert_eq!(parsed("?&@p1=1").aliases.len(), 1);
        assert_eq!(parsed("$select=,,").select, None);
        assert_eq!(parsed("$filter=+").filter, None);
        assert_eq!(parsed("$select=*").select, Some(vec![SelectItem::All]));
    }

    #[test] // web-api 20
    fn texts_of_other_languages_are_kept() {
        let options = parsed(
            "fetchXml=%3cfetch+count%3d%222%22/%3e&savedQuery=1&userQuery={2}&sql=SELECT+a&$apply=aggregate(x with sum as t)&$id=/a(1)&$deltatoken=4711%2104%2f05&$skiptoken=<c+/>",
        );
        assert_eq!(options.fetch_xml.as_deref(), Some("<fetch count=\"2\"/>"));
        assert_eq!(options.saved_query.as_deref(), Some("1"));
        assert_eq!(options.user_query.as_deref(), Some("{2}"));
        assert_eq!(options.sql.as_deref(), Some("SELECT a"));
        assert_eq!(options.apply.as_deref(), Some("aggregate(x with sum as t)"));
        assert_eq!(options.id.as_deref(), Some("/a(1)"));
        assert_eq!(options.delta_token.as_deref(), Some("4711!04/05"));
        assert_eq!(options.skip_token.as_deref(), Some("<c />"));
    }

    #[test] // web-api 1: names are case-sensitive
    fn unknown_options_are_kept() {
        let options = parsed("$Select=a&tag=x&annotations=true&$skip=1&$search=a&$format=json&$levels=2");
        assert_eq!(options.select, None);
        assert_eq!(options.unknown("tag"), Some("x"));
        assert_eq!(options.unknown("Tag"), None);
        assert_eq!(options.unknown.len(), 4);
        assert!(options.has_skip && options.has_search && options.has_format);
    }

    #[test]
    fn options_come_once() {
        for bad in ["$select=a&$select=b", "$top=1&$top=1", "@p=1&@p=2", "$expand=a&$expand=b", "sql=a&sql=b"] {
            let error = error(bad);
            assert!(error.message.ends_with("it must be specified at most once."), "{bad}");
        }
    }

    #[test]
    fn unreadable_values_are_refused() {
        for bad in ["$top=-1", "$top=", "$top=x", "$top=99999999999999999999", "$count=1", "$count=True"] {
            assert_eq!(error(bad).kind, ParseErrorKind::Value, "{bad}");
        }
        for bad in ["$filter=a%2", "$filter=%ff", "$orderby=a b", "$orderby=a desc x", "$orderby=a//b", "$orderby='a'"] {
            assert_eq!(error(bad).kind, ParseErrorKind::Syntax, "{bad}");
        }
        assert_eq!(error(&"a=1&".repeat(101)).kind, ParseErrorKind::Limit);
        assert_eq!(parsed(&"a=1&".repeat(100)).raw.len(), 100);
    }

    #[test] // web-api 16
    fn a_raw_ampersand_ends_the_filter() {
        let error = error("$filter=name eq 'A&B'");
        assert_eq!(error.message, "There is an unterminated literal at position 10 in 'name eq 'A'.");
    }
}
