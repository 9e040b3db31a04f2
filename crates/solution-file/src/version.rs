//! Version numbers of solutions and of the package format (SOL-21).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::error::{PackageError, excerpt};

/// The newest `SolutionPackageVersion` that is read; later files are refused (0x80048068).
pub const NEWEST_PACKAGE_VERSION: SolutionVersion = SolutionVersion { numbers: [9, 2, 0, 0], count: 2 };

const NUMBERS_MIN: usize = 2;
const NUMBERS_MAX: usize = 4;

/// A version of two to four numbers, `major.minor[.build[.revision]]`.
///
/// Compared number by number, a missing number counting as 0 (SOL-21), so `1.0` equals `1.0.0.0`
/// and is below `1.0.0.1`. Printed with as many numbers as were read. Each number is at most
/// 2,147,483,647.
#[derive(Debug, Clone, Copy)]
pub struct SolutionVersion {
    numbers: [u32; NUMBERS_MAX],
    count: u8,
}

impl SolutionVersion {
    /// A version of four numbers.
    pub const fn new(major: u32, minor: u32, build: u32, revision: u32) -> Self {
        Self { numbers: [major, minor, build, revision], count: 4 }
    }

    /// All four numbers, 0 for those the text did not have.
    pub const fn numbers(&self) -> [u32; 4] {
        self.numbers
    }

    /// True if major and minor number are above those of `other`; later numbers do not count.
    pub(crate) fn is_newer_format_than(&self, other: &Self) -> bool {
        self.numbers[..2] > other.numbers[..2]
    }
}

impl FromStr for SolutionVersion {
    type Err = PackageError;

    fn from_str(text: &str) -> Result<Self, PackageError> {
        let bad = || PackageError::BadVersion { text: excerpt(text) };
        let mut numbers = [0; NUMBERS_MAX];
        let mut count = 0;
        for piece in text.split('.') {
            // `u32::from_str` would accept a plus sign.
            if piece.is_empty() || !piece.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(bad());
            }
            let number: i32 = piece.parse().map_err(|_| bad())?;
            *numbers.get_mut(count).ok_or_else(bad)? = number.unsigned_abs();
            count += 1;
        }
        if count < NUMBERS_MIN {
            return Err(bad());
        }
        Ok(Self { numbers, count: u8::try_from(count).map_err(|_| bad())? })
    }
}

impl fmt::Display for SolutionVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.numbers.iter().take(usize::from(self.count)).enumerate() {
            let dot = if index == 0 { "" } else { "." };
            write!(f, "{dot}{number}")?;
        }
        Ok(())
    }
}

impl Default for SolutionVersion {
    fn default() -> Self {
        Self::new(1, 0, 0, 0)
    }
}

impl PartialEq for SolutionVersion {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Eq for SolutionVersion {}

impl Hash for SolutionVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.numbers.hash(state);
    }
}

impl PartialOrd for SolutionVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SolutionVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> SolutionVersion {
        text.parse().unwrap()
    }

    #[test] // SOL-21
    fn versions_are_compared_number_by_number() {
        assert!(version("1.10") > version("1.9.99.99"));
        assert!(version("1.0.0.1") > version("1.0"));
        assert!(version("2.0") > version("1.2147483647"));
        assert_eq!(version("1.0"), version("1.0.0.0"));
        assert_eq!(version("7.1.0000.1030"), version("7.1.0.1030"));
    }

    #[test] // SOL-21
    fn a_version_prints_as_many_numbers_as_it_was_read_with() {
        for text in ["1.0", "1.2.3", "1.2.3.4", "0.0.0.0", "2147483647.0"] {
            assert_eq!(version(text).to_string(), text);
        }
        assert_eq!(SolutionVersion::default().to_string(), "1.0.0.0");
        assert_eq!(NEWEST_PACKAGE_VERSION.to_string(), "9.2");
    }

    #[test] // SOL-16
    fn anything_else_is_no_version() {
        let long = format!("1.{}", "9".repeat(5000));
        for text in ["", "1", "1.", ".1", "1..2", "1.2.3.4.5", "1.-2", "1.+2", "1.x", "1. 2", " 1.0", "1.2147483648", "１.０", &long] {
            assert!(matches!(text.parse::<SolutionVersion>(), Err(PackageError::BadVersion { .. })), "{text:?}");
        }
    }

    #[test]
    fn only_major_and_minor_make_a_newer_format() {
        assert!(!version("9.2.77").is_newer_format_than(&NEWEST_PACKAGE_VERSION));
        assert!(!version("7.1").is_newer_format_than(&NEWEST_PACKAGE_VERSION));
        assert!(version("9.3").is_newer_format_than(&NEWEST_PACKAGE_VERSION));
        assert!(version("10.0").is_newer_format_than(&NEWEST_PACKAGE_VERSION));
    }
}
