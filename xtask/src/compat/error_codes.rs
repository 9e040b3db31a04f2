//! `error-codes.md`: every code that the service answers with.

use driftless_model::ErrorCode;

use super::{head, table};

const ABOUT: &str = "\
Every error code of the service. An answer carries it as `error.code` in hexadecimal; the Organization Service and logs of clients show the same number
as a signed decimal. The message of an answer is often more precise than the text listed here. A code on a read that is not offered is answered with 501.";

/// The page.
pub(crate) fn page() -> String {
    let mut codes: Vec<ErrorCode> = ErrorCode::ALL.to_vec();
    codes.sort_by_key(|code| code.number());
    let row = |code: &ErrorCode| {
        let number = code.number();
        vec![format!("{code:?}"), format!("0x{number:08x}"), number.cast_signed().to_string(), code.status().to_string(), code.text().to_owned()]
    };
    let rows = table(&["Name", "Code", "Decimal", "Status", "Text"], codes.iter().map(row));
    format!("{}\n{rows}", head("Error codes", ABOUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_row() {
        let page = page();
        assert_eq!(page.lines().filter(|line| line.contains("| 0x")).count(), ErrorCode::ALL.len());
        assert!(page.contains("| DuplicateRecord | 0x80040237 | -2147220937 | 412 | Operation failed due to a SQL integrity violation. |"), "{page}");
    }
}
