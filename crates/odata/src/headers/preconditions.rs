//! `If-Match` and `If-None-Match` (SEC-36).

use crate::{ParseError, ParseErrorKind};

/// The condition of a request. There is one at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preconditions {
    /// Neither header, or only empty ones and `null`.
    #[default]
    None,
    /// `If-Match`
    IfMatch(EntityTag),
    /// `If-None-Match`
    IfNoneMatch(EntityTag),
}

/// What a condition names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityTag {
    /// `*`: any existing record.
    Any,
    /// `W/"n"`: the version `n`.
    Version(u64),
}

impl Preconditions {
    /// Reads the values of all `If-Match` and all `If-None-Match` headers. The value `null` and an empty value
    /// mean no condition, because published samples send them.
    ///
    /// # Errors
    /// `Value` for lists, for anything that is neither `*` nor `W/"n"`, and when both headers set a condition.
    pub fn parse<'a>(if_match: impl IntoIterator<Item = &'a str>, if_none_match: impl IntoIterator<Item = &'a str>) -> Result<Self, ParseError> {
        let if_match = condition("If-Match", if_match)?;
        let if_none_match = condition("If-None-Match", if_none_match)?;
        match (if_match, if_none_match) {
            (None, None) => Ok(Self::None),
            (Some(tag), None) => Ok(Self::IfMatch(tag)),
            (None, Some(tag)) => Ok(Self::IfNoneMatch(tag)),
            (Some(_), Some(_)) => Err(invalid("The headers If-Match and If-None-Match cannot be used together.".to_owned())),
        }
    }
}

impl EntityTag {
    /// Reads `*` or `W/"n"`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let digits = text.strip_prefix("W/\"")?.strip_suffix('"')?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(Self::Version)
    }
}

fn condition<'a>(header: &str, values: impl IntoIterator<Item = &'a str>) -> Result<Option<EntityTag>, ParseError> {
    let mut condition = None;
    for value in values {
        let value = value.trim_ascii();
        if value.is_empty() || value == "null" {
            continue;
        }
        let tag = EntityTag::parse(value).filter(|_| condition.is_none());
        condition = Some(tag.ok_or_else(|| {
            let value: String = value.chars().take(64).collect();
            invalid(format!("The value '{value}' of the header {header} is not valid: one value, * or W/\"n\", is expected."))
        })?);
    }
    Ok(condition)
}

fn invalid(message: String) -> ParseError {
    ParseError::new(ParseErrorKind::Value, 0, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(if_match: &[&str], if_none_match: &[&str]) -> Option<Preconditions> {
        Preconditions::parse(if_match.iter().copied(), if_none_match.iter().copied()).ok()
    }

    #[test] // SEC-36
    fn single_conditions() {
        assert_eq!(check(&[], &[]), Some(Preconditions::None));
        assert_eq!(check(&["*"], &[]), Some(Preconditions::IfMatch(EntityTag::Any)));
        assert_eq!(check(&[" W/\"4690\" "], &[]), Some(Preconditions::IfMatch(EntityTag::Version(4690))));
        assert_eq!(check(&[], &["*"]), Some(Preconditions::IfNoneMatch(EntityTag::Any)));
    }

    #[test] // SEC-36, web-api 3
    fn null_and_empty_mean_none() {
        assert_eq!(check(&[], &["null"]), Some(Preconditions::None));
        assert_eq!(check(&["", "null"], &[" "]), Some(Preconditions::None));
        assert_eq!(check(&["*"], &["null"]), Some(Preconditions::IfMatch(EntityTag::Any)));
    }

    #[test] // SEC-36
    fn lists_malformed_values_and_both_together_are_refused() {
        for bad in ["W/\"1\",W/\"2\"", "*,*", "\"1\"", "W/1", "W/\"\"", "W/\"a\"", "W/\"-1\"", "w/\"1\"", "W/\"99999999999999999999\"", "W/\"1"] {
            assert_eq!(check(&[bad], &[]), None, "{bad}");
            assert_eq!(check(&[], &[bad]), None, "{bad}");
        }
        assert_eq!(check(&["*", "*"], &[]), None);
        assert_eq!(check(&["*"], &["*"]), None);
    }
}
