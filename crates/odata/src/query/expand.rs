//! `$expand` with its nested options (web-api 18).

use super::items::{order_items, path, select_items};
use super::options::{filter_option, repeated, top};
use super::{ExpandItem, ExpandOptions, QueryLimits};
use crate::ParseError;

/// Counts entries and levels over the whole `$expand`.
pub(super) struct ExpandParser<'l> {
    limits: &'l QueryLimits,
    count: usize,
    depth: usize,
}

impl<'l> ExpandParser<'l> {
    pub(super) fn new(limits: &'l QueryLimits) -> Self {
        Self { limits, count: 0, depth: 0 }
    }

    /// The entries of a decoded `$expand`.
    pub(super) fn items(&mut self, text: &str) -> Result<Vec<ExpandItem>, ParseError> {
        if self.depth == self.limits.expand_depth {
            return Err(ParseError::limit(0, "levels of $expand", self.limits.expand_depth));
        }
        self.depth += 1;
        let mut items = Vec::new();
        for (offset, entry) in split_outside(text, b',')? {
            if self.count == self.limits.expands {
                return Err(ParseError::limit(offset, "expanded properties", self.limits.expands));
            }
            self.count += 1;
            items.push(self.item(entry).map_err(|error| error.shifted(offset))?);
        }
        self.depth -= 1;
        Ok(items)
    }

    fn item(&mut self, text: &str) -> Result<ExpandItem, ParseError> {
        let open = text.find('(');
        let name = text[..open.unwrap_or(text.len())].trim_ascii_end();
        let (name, is_ref) = match name.strip_suffix("/$ref") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let path = path(name).ok_or_else(|| ParseError::syntax(0, text))?;
        let options = match open {
            None => ExpandOptions::default(),
            Some(open) => {
                let inside = text[open + 1..].strip_suffix(')');
                let inside = inside.ok_or_else(|| ParseError::syntax(text.len(), text))?;
                self.options(inside).map_err(|error| error.shifted(open + 1))?
            }
        };
        Ok(ExpandItem { path, is_ref, options })
    }

    fn options(&mut self, text: &str) -> Result<ExpandOptions, ParseError> {
        let mut options = ExpandOptions::default();
        let mut seen: Vec<&str> = Vec::new();
        for (offset, entry) in split_outside(text, b';')? {
            let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
            let value_offset = offset + (entry.len() - value.len());
            let (name, value) = (name.trim_ascii(), value);
            if seen.contains(&name) {
                return Err(repeated(name).shifted(offset));
            }
            seen.push(name);
            self.option(&mut options, name, value).map_err(|error| error.shifted(value_offset))?;
        }
        Ok(options)
    }

    fn option(&mut self, options: &mut ExpandOptions, name: &str, value: &str) -> Result<(), ParseError> {
        match name {
            "$select" => options.select = select_items(value),
            "$filter" => options.filter = filter_option(value, self.limits)?,
            "$orderby" => options.order_by = order_items(value)?,
            "$top" => options.top = Some(top(value.trim_ascii())?),
            "$expand" => options.expand = self.items(value)?,
            _ => {
                let name: String = name.chars().take(64).collect();
                let message = format!("The query option '{name}' is not supported inside $expand.");
                return Err(ParseError::unsupported(0, message));
            }
        }
        Ok(())
    }
}

/// The entries between separators that stand outside quotes and parentheses: trimmed, with offsets, empty
/// ones skipped.
fn split_outside(text: &str, separator: u8) -> Result<Vec<(usize, &str)>, ParseError> {
    let mut entries = Vec::new();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some((open, _)), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'') => quote = Some((byte, at)),
            (None, b'"') if depth > 0 => quote = Some((byte, at)),
            (None, b'(' | b'[') => depth += 1,
            (None, b')' | b']') => {
                depth = depth.checked_sub(1).ok_or_else(|| ParseError::syntax(at, text))?;
            }
            (None, _) if depth == 0 && byte == separator => {
                push_entry(&mut entries, text, start, at);
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    if let Some((_, open)) = quote {
        return Err(ParseError::unterminated(open, text));
    }
    if depth > 0 {
        return Err(ParseError::syntax(text.len(), text));
    }
    push_entry(&mut entries, text, start, text.len());
    Ok(entries)
}

fn push_entry<'t>(entries: &mut Vec<(usize, &'t str)>, text: &'t str, start: usize, end: usize) {
    let entry = &text[start..end];
    let indent = entry.len() - entry.trim_ascii_start().len();
    let entry = entry.trim_ascii();
    if !entry.is_empty() {
        entries.push((start + indent, entry));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, SelectItem};
    use super::*;
    use crate::ParseErrorKind;
    use crate::filter::print;

    fn parsed(text: &str) -> Result<Vec<ExpandItem>, ParseError> {
        ExpandParser::new(&QueryLimits::default()).items(text)
    }

    fn names(items: &[ExpandItem]) -> Vec<String> {
        items.iter().map(|item| item.path.join("/")).collect()
    }

    #[test]
    fn several_with_nested_options() {
        let items = parsed("primarycontactid($select=fullname;$expand=tasks($select=a,b;$filter=contains(s,'x;y),(') and d eq 1)), Account_Tasks( $orderby=a desc ; $top=2;),owner/$ref,").unwrap();
        assert_eq!(names(&items), ["primarycontactid", "Account_Tasks", "owner"]);
        let contact = &items[0].options;
        assert_eq!(contact.select, Some(vec![SelectItem::Column("fullname".to_owned())]));
        let tasks = &contact.expand[0].options;
        assert_eq!(tasks.select.as_ref().map(Vec::len), Some(2));
        assert_eq!(tasks.filter.as_ref().map(print).as_deref(), Some("contains(s,'x;y),(') and d eq 1"));
        assert_eq!(items[1].options.order_by[0].direction, Direction::Descending);
        assert_eq!(items[1].options.top, Some(2));
        assert!(items[2].is_ref);
        assert_eq!(parsed("Keys()").map(|items| items.len()), Ok(1));
    }

    #[test] // web-api 15
    fn options_that_expand_does_not_know() {
        for bad in ["a($count=true)", "a($levels=2)", "a($skip=1)", "a(x)"] {
            assert_eq!(parsed(bad).unwrap_err().kind, ParseErrorKind::Unsupported, "{bad}");
        }
    }

    #[test]
    fn malformed_entries_name_the_place() {
        for (bad, offset) in [
            ("a b", 0),
            ("a,b(", 4),
            ("a)", 1),
            ("a($select=x)y", 13),
            ("a,b($filter=c eq)", 16),
            ("a/$count", 0),
            ("a($filter=b eq 'x)", 15),
            ("(a)", 0),
            ("a($select=b;$select=c)", 12),
        ] {
            let error = parsed(bad).unwrap_err();
            assert_eq!(error.offset, offset, "{bad}: {error}");
        }
    }

    #[test] // SEC-08
    fn count_and_depth_are_bounded() {
        let wide = |n: usize| vec!["a"; n].join(",");
        assert_eq!(parsed(&wide(15)).map(|items| items.len()), Ok(15));
        assert_eq!(parsed(&wide(16)).unwrap_err().kind, ParseErrorKind::Limit);
        let deep = |n: usize| "a($expand=".repeat(n - 1) + "a" + &")".repeat(n - 1);
        assert!(parsed(&deep(10)).is_ok());
        assert_eq!(parsed(&deep(11)).unwrap_err().kind, ParseErrorKind::Limit);
    }
}
