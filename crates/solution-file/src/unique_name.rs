//! The rule for a solution's unique name.

use crate::error::{PackageError, excerpt};

/// Characters that a solution's unique name has at most (SOL-35).
pub const UNIQUE_NAME_CHARACTERS_MAX: usize = 65;

/// Checks a solution's unique name: an ASCII letter or underscore, then ASCII letters, digits and
/// underscores, 65 characters at most.
///
/// # Errors
///
/// [`PackageError::BadUniqueName`] (0x8004F002) if the name breaks the rule.
pub fn check_unique_name(name: &str) -> Result<(), PackageError> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let goes_on_well = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if starts_well && goes_on_well && name.len() <= UNIQUE_NAME_CHARACTERS_MAX { Ok(()) } else { Err(PackageError::BadUniqueName { text: excerpt(name) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SOL-16, SOL-35
    fn letters_digits_and_underscores_make_a_unique_name() {
        let longest = "a".repeat(65);
        for name in ["Sample", "fab_order", "_x", "A1", "Default", &longest] {
            assert_eq!(check_unique_name(name), Ok(()), "{name}");
        }
        let too_long = "a".repeat(66);
        for name in ["", "1a", "a-b", "a b", "a.b", "ä", "a\u{0}", &too_long] {
            assert!(check_unique_name(name).is_err(), "{name}");
        }
    }
}
