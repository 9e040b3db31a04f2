//! `$apply`: `filter(…)`, `groupby((…),aggregate(…))`, `aggregate(…)`, one behind the other with slashes (web-api 19).

use crate::ParseError;
use crate::filter::{self, Expr, FilterLimits};

/// Values that one `$apply` may name.
const VALUES_MAX: usize = 100;
/// Length of the text in bytes (SEC-07).
const BYTES_MAX: usize = 65_536;

/// What `$apply` asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Apply {
    /// Rows to put together: those of which all hold.
    pub filters: Vec<Expr>,
    /// Paths of properties to group by.
    pub group_by: Vec<Vec<String>>,
    /// What is made of each group; of all rows, if nothing is grouped by.
    pub aggregates: Vec<Aggregation>,
}

/// One value of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregation {
    /// The path of a property and what is made of it; none for the number of rows.
    pub of: Option<(Vec<String>, Method)>,
    /// Its name in the result.
    pub name: String,
}

/// What is made of the values of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `sum`
    Sum,
    /// `average`
    Average,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `countdistinct`
    CountDistinct,
}

/// Reads a decoded `$apply`.
///
/// # Errors
/// With the offset of what is not understood.
pub fn parse(text: &str) -> Result<Apply, ParseError> {
    if text.len() > BYTES_MAX {
        return Err(ParseError::limit(0, "bytes of $apply", BYTES_MAX));
    }
    let mut apply = Apply::default();
    let steps = split(text, b'/')?;
    for (at, (offset, step)) in steps.iter().enumerate() {
        let (name, inside, start) = call(step, *offset)?;
        match name {
            "filter" if at + 1 < steps.len() || steps.len() == 1 => {
                apply.filters.push(filter::parse(inside, &FilterLimits::default()).map_err(|error| error.shifted(start))?);
            }
            "groupby" if at + 1 == steps.len() => group_by(&mut apply, inside, start)?,
            "aggregate" if at + 1 == steps.len() => apply.aggregates = aggregates(inside, start)?,
            _ => return Err(ParseError::unsupported(*offset, "$apply takes filter(…) steps and then one of groupby(…) and aggregate(…)")),
        }
    }
    if apply.group_by.is_empty() && apply.aggregates.is_empty() {
        return Err(ParseError::unsupported(0, "$apply ends with groupby(…) or aggregate(…)"));
    }
    if apply.group_by.len() + apply.aggregates.len() > VALUES_MAX {
        return Err(ParseError::limit(0, "values of $apply", VALUES_MAX));
    }
    Ok(apply)
}

/// A name, what stands in the parentheses behind it, and where that begins.
fn call(text: &str, offset: usize) -> Result<(&str, &str, usize), ParseError> {
    let open = text.find('(').ok_or_else(|| ParseError::syntax(offset, text))?;
    let inside = text[open + 1..].trim_ascii_end().strip_suffix(')').ok_or_else(|| ParseError::syntax(offset + open, text))?;
    Ok((text[..open].trim_ascii(), inside, offset + open + 1))
}

fn group_by(apply: &mut Apply, text: &str, offset: usize) -> Result<(), ParseError> {
    let parts = split(text, b',')?;
    let Some((first, rest)) = parts.split_first() else { return Err(ParseError::syntax(offset, text)) };
    let columns = first.1.trim_ascii().strip_prefix('(').and_then(|columns| columns.strip_suffix(')'));
    let columns = columns.ok_or_else(|| ParseError::syntax(offset + first.0, text))?;
    for column in columns.split(',') {
        apply.group_by.push(path(column).ok_or_else(|| ParseError::syntax(offset + first.0, text))?);
    }
    match rest {
        [] => Ok(()),
        [(start, aggregate)] => {
            let (name, inside, start) = call(aggregate, offset + start)?;
            if name != "aggregate" {
                return Err(ParseError::unsupported(start, "groupby(…) takes columns and aggregate(…)"));
            }
            apply.aggregates = aggregates(inside, start)?;
            Ok(())
        }
        [_, (start, _), ..] => Err(ParseError::syntax(offset + start, text)),
    }
}

fn aggregates(text: &str, offset: usize) -> Result<Vec<Aggregation>, ParseError> {
    split(text, b',')?.into_iter().map(|(start, item)| aggregation(item).ok_or_else(|| ParseError::syntax(offset + start, text))).collect()
}

/// `column with sum as name`, `$count as name`.
fn aggregation(text: &str) -> Option<Aggregation> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match words.as_slice() {
        ["$count", "as", name] if is_name(name) => Some(Aggregation { of: None, name: (*name).to_owned() }),
        [column, "with", method, "as", name] if is_name(name) => {
            let methods =
                [("sum", Method::Sum), ("average", Method::Average), ("min", Method::Min), ("max", Method::Max), ("countdistinct", Method::CountDistinct)];
            let (_, method) = methods.iter().find(|(known, _)| known == method)?;
            Some(Aggregation { of: Some((path(column)?, *method)), name: (*name).to_owned() })
        }
        _ => None,
    }
}

fn path(text: &str) -> Option<Vec<String>> {
    let segments: Vec<String> = text.trim_ascii().split('/').map(str::to_owned).collect();
    let is_name = |name: &String| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    segments.iter().all(is_name).then_some(segments)
}

/// Splits where a separator stands outside of parentheses and quotes.
fn split(text: &str, separator: u8) -> Result<Vec<(usize, &str)>, ParseError> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            _ if quoted => {}
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1).ok_or_else(|| ParseError::syntax(at, text))?,
            _ if byte == separator && depth == 0 => {
                parts.push((start, &text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted || depth > 0 {
        return Err(ParseError::syntax(text.len(), text));
    }
    parts.push((start, &text[start..]));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(paths: &[Vec<String>]) -> Vec<String> {
        paths.iter().map(|path| path.join("/")).collect()
    }

    #[test] // web-api 19
    fn the_documented_forms_are_read() {
        let apply = parse("groupby((statuscode,primarycontactid/fullname),aggregate(revenue with sum as total, $count as n))").unwrap();
        assert_eq!(words(&apply.group_by), ["statuscode", "primarycontactid/fullname"]);
        assert_eq!(apply.aggregates[0], Aggregation { of: Some((vec!["revenue".to_owned()], Method::Sum)), name: "total".to_owned() });
        assert_eq!(apply.aggregates[1], Aggregation { of: None, name: "n".to_owned() });
        assert!(parse("aggregate(a with average as b,a with min as c,a with max as d,a with countdistinct as e)").unwrap().group_by.is_empty());
        let filtered = parse("filter(name eq 'a/b)')/filter(x gt 1)/groupby((name))").unwrap();
        assert_eq!((filtered.filters.len(), filtered.aggregates.len()), (2, 0));
    }

    #[test] // web-api 19
    fn anything_else_is_refused() {
        for text in [
            "",
            "groupby",
            "groupby(a)",
            "groupby((a)",
            "groupby(())",
            "groupby((a),aggregate(x with sum))",
            "groupby((a),top(1))",
            "aggregate(x with median as y)",
            "aggregate(x with sum as y)/filter(a eq 1)",
            "filter(a eq 1)",
            "compute(a as b)",
            "aggregate(x with sum as y'",
            "groupby((a),aggregate($count as n),b)",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
