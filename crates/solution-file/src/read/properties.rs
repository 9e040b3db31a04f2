//! What an element says beyond the fields of its type.

use super::xml::{Element, parse_boolean};
use crate::error::PackageError;
use crate::package::Properties;

/// Flags whose wrong reading would change what a package means: nonsense in them is an error.
const STRICT_FLAGS: &[&str] = &[
    "ChangeTrackingEnabled",
    "IsActivity",
    "IsAuditEnabled",
    "IsCustomField",
    "IsCustomizable",
    "IsGlobal",
    "IsHierarchical",
    "IsLogical",
    "IsSecured",
    "ValidForCreateApi",
    "ValidForReadApi",
    "ValidForUpdateApi",
];

const FLAG_BEGINNINGS: &[&str] = &["Is", "Can", "Has", "ValidFor"];
const FLAG_ENDINGS: &[&str] = &["Enabled"];
const OTHER_FLAGS: &[&str] = &["AutoCreateAccessTeams", "AutoRouteToOwnerQueue", "EnforceStateTransitions"];

/// Files a child element away by its shape: flag, setting or element.
pub(super) fn take(properties: &mut Properties, child: Element<'_>) -> Result<(), PackageError> {
    if child.is_nil() {
        return Ok(());
    }
    let has_structure = child.has_attributes() || child.has_namespace() || child.children().next().is_some();
    if has_structure {
        properties.elements.push(child.raw());
        return Ok(());
    }
    let name = child.name();
    let text = child.text();
    let flag = if is_strict_flag(name) {
        child.boolean()?
    } else if is_flag_name(name) {
        parse_boolean(text.trim())
    } else {
        None
    };
    match flag {
        Some(value) => {
            properties.flags.insert(name.to_owned(), value);
        }
        None => {
            properties.settings.insert(name.to_owned(), text);
        }
    }
    Ok(())
}

fn is_strict_flag(name: &str) -> bool {
    STRICT_FLAGS.iter().any(|flag| flag.eq_ignore_ascii_case(name))
}

/// Whether a name follows the format's custom for flags. Many are not listed anywhere, and newer
/// files add more.
fn is_flag_name(name: &str) -> bool {
    let begins =
        FLAG_BEGINNINGS.iter().any(|beginning| name.strip_prefix(beginning).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase())));
    begins || FLAG_ENDINGS.iter().any(|ending| name.ends_with(ending)) || OTHER_FLAGS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_told_by_their_names() {
        for flag in ["IsCustomizable", "CanModifyAdditionalSettings", "HasRelatedNotes", "ValidForReadApi", "EntityHelpUrlEnabled", "EnforceStateTransitions"] {
            assert!(is_flag_name(flag), "{flag}");
        }
        for other in ["Isolation", "Canvas", "Hash", "Is", "ActivityTypeMask", "isprivate"] {
            assert!(!is_flag_name(other), "{other}");
        }
    }
}
