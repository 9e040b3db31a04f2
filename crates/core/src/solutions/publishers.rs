//! Publishers: whose prefixes the names of components have. An import makes the publisher that its package names, and the last managed solution of a publisher
//! that came so takes it along (SOL-14, SOL-29).

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Label, Result, Uuid, Value};
use driftless_query::ResolvedCondition;
use driftless_solution_file::Publisher;

use crate::context::WriteCx;
use crate::metadata::validate::shown;
use crate::records::system;

/// Letters and digits of a prefix.
const PREFIX_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=8;
/// Prefixes that the original keeps for itself begin with this.
const PREFIX_RESERVED: &str = "mscrm";
/// Option prefixes (MD-27).
const OPTION_PREFIXES: std::ops::RangeInclusive<i32> = 10_000..=99_999;
/// The option prefix of a publisher whose package names none.
const OPTION_PREFIX_DEFAULT: i32 = 10_000;
/// Characters of a unique name.
const NAME_CHARACTERS_MAX: usize = 256;

/// The publisher of this unique name.
pub(crate) fn find(cx: &WriteCx<'_>, unique_name: &str) -> Result<Option<Uuid>> {
    let table = Arc::clone(cx.snapshot.require("publisher")?);
    let name = ResolvedCondition::equals(table.require("uniquename")?, Value::text(unique_name));
    Ok(system::rows(cx.tx.as_read(), &table, &[], Some(name))?.first().map(|row| row.id))
}

/// Makes the publisher of a package. That of a managed one is marked as read-only: it goes with the last solution that uses it.
///
/// # Errors
/// 0x80040203 or 0x80048402 when the package gives it a prefix that is not valid.
pub(crate) fn make(cx: &mut WriteCx<'_>, publisher: &Publisher, managed: bool) -> Result<Uuid> {
    check_name(&publisher.unique_name)?;
    let prefix = publisher.prefix.as_deref().unwrap_or_default();
    check_prefix(prefix)?;
    let option_prefix = publisher.option_value_prefix.unwrap_or(OPTION_PREFIX_DEFAULT);
    check_option_prefix(option_prefix)?;
    let language = cx.caller.language;
    let friendly_name = Label::from_iter(publisher.labels.clone()).text(language).unwrap_or(&publisher.unique_name).to_owned();
    let description = Label::from_iter(publisher.descriptions.clone()).text(language).unwrap_or_default().to_owned();
    system::insert(
        cx,
        "publisher",
        None,
        &[
            ("uniquename", Value::text(publisher.unique_name.as_str())),
            ("friendlyname", Value::text(clip(&friendly_name, 256))),
            ("description", Value::text(clip(&description, 2_000))),
            ("customizationprefix", Value::text(prefix)),
            ("customizationoptionvalueprefix", Value::Int(option_prefix)),
            ("emailaddress", Value::text(clip(publisher.email.as_deref().unwrap_or_default(), 100))),
            ("supportingwebsiteurl", Value::text(clip(publisher.website.as_deref().unwrap_or_default(), 200))),
            ("isreadonly", Value::Bool(managed)),
        ],
    )
}

/// Removes a publisher that an import of a managed solution made, unless a solution uses it still (SOL-29).
pub(crate) fn remove_unused(cx: &mut WriteCx<'_>, publisher: Uuid) -> Result<()> {
    if publisher == cx.services.facts.default_publisher {
        return Ok(());
    }
    let publishers = Arc::clone(cx.snapshot.require("publisher")?);
    let own = ResolvedCondition::equals(publishers.id, Value::Guid(publisher));
    let rows = system::rows(cx.tx.as_read(), &publishers, &["isreadonly"], Some(own))?;
    if !rows.first().is_some_and(|row| *row.value(0) == Value::Bool(true)) {
        return Ok(());
    }
    let solutions = Arc::clone(cx.snapshot.require("solution")?);
    let reference = crate::behaviors::tables::reference(&publishers, publisher);
    let using = ResolvedCondition::equals(solutions.require("publisherid")?, reference);
    if system::rows(cx.tx.as_read(), &solutions, &[], Some(using))?.is_empty() {
        system::delete(cx, "publisher", publisher)?;
    }
    Ok(())
}

/// Checks a publisher's unique name: letters, digits and underscores, a letter or underscore first.
///
/// # Errors
/// 0x80040203.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if starts_well && name.len() <= NAME_CHARACTERS_MAX && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(());
    }
    let message = format!("The unique name '{}' of the publisher is not valid: letters, digits and underscores, a letter or underscore first.", shown(name));
    Err(Error::argument(message))
}

/// Checks a customization prefix: 2 to 8 letters or digits, a letter first, not beginning with `mscrm`.
///
/// # Errors
/// 0x80040203.
pub(crate) fn check_prefix(prefix: &str) -> Result<()> {
    if is_prefix(prefix) {
        return Ok(());
    }
    let message = format!(
        "The customization prefix '{}' of the publisher is not valid: 2 to 8 letters or digits, a letter first, not beginning with '{PREFIX_RESERVED}'.",
        shown(prefix)
    );
    Err(Error::argument(message))
}

/// Whether a publisher could have this customization prefix.
pub(crate) fn is_prefix(prefix: &str) -> bool {
    let is_plain = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) && prefix.starts_with(|first: char| first.is_ascii_alphabetic());
    is_plain && PREFIX_CHARACTERS.contains(&prefix.len()) && !prefix.to_ascii_lowercase().starts_with(PREFIX_RESERVED)
}

/// Checks an option prefix (MD-27).
///
/// # Errors
/// 0x80048402.
pub(crate) fn check_option_prefix(prefix: i32) -> Result<()> {
    if OPTION_PREFIXES.contains(&prefix) { Ok(()) } else { Err(Error::of(ErrorCode::InvalidOptionPrefix)) }
}

/// The first `most` characters.
pub(crate) fn clip(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_checked() {
        for (prefix, valid) in
            [("new", true), ("s1", true), ("samples8", true), ("a", false), ("ninechars", false), ("1a", false), ("MsCrmX", false), ("a_b", false), ("", false)]
        {
            assert_eq!(check_prefix(prefix).is_ok(), valid, "{prefix}");
        }
    }

    #[test] // MD-27
    fn option_prefixes_have_five_digits() {
        for (prefix, valid) in [(9_999, false), (10_000, true), (99_999, true), (100_000, false)] {
            assert_eq!(check_option_prefix(prefix).is_ok(), valid, "{prefix}");
        }
    }
}
