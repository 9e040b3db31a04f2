//! Writing the texts of values, without quotes and without allocation per value.

use super::calendar::civil_from_days;

/// Both lower-case hexadecimal digits of every byte.
const HEX: [[u8; 2]; 256] = hex_table();
/// Both decimal digits of the numbers below one hundred.
const TWO: [[u8; 2]; 100] = two_digit_table();

const fn hex_table() -> [[u8; 2]; 256] {
    let digits = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
}

const fn two_digit_table() -> [[u8; 2]; 100] {
    let mut table = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        table[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    table
}

/// The 36 characters of a GUID: lower case, dashed, no braces.
#[must_use]
pub fn guid_text(guid: &[u8; 16]) -> [u8; 36] {
    let mut out = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in guid.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        out[at..at + 2].copy_from_slice(&HEX[usize::from(*byte)]);
        at += 2;
    }
    out
}

/// Appends a GUID.
pub fn push_guid(out: &mut Vec<u8>, guid: &[u8; 16]) {
    out.extend_from_slice(&guid_text(guid));
}

/// Appends a whole number.
pub fn push_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a finite number with the fewest digits that read back as the same value. Numbers that are not
/// finite have no decimal form; they are written as OData names them, `INF`, `-INF` and `NaN`.
pub fn push_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        let name: &[u8] = match (value.is_nan(), value > 0.0) {
            (true, _) => b"NaN",
            (false, true) => b"INF",
            (false, false) => b"-INF",
        };
        out.extend_from_slice(name);
    }
}

/// Appends the decimal number `mantissa` / 10^`scale` with all its digits.
pub fn push_decimal(out: &mut Vec<u8>, mantissa: i128, scale: u8) {
    if mantissa < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(mantissa.unsigned_abs()).as_bytes();
    let scale = usize::from(scale);
    if scale == 0 {
        out.extend_from_slice(digits);
    } else if let Some(whole) = digits.len().checked_sub(scale).filter(|whole| *whole > 0) {
        out.extend_from_slice(&digits[..whole]);
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// Appends a date as `yyyy-MM-dd`; `days` are counted from 1970-01-01. Years outside 0 to 9999 do not occur
/// and are cut to their last four digits.
pub fn push_date(out: &mut Vec<u8>, days: i32) {
    let (year, month, day) = civil_from_days(days);
    let year = year.rem_euclid(10_000) as usize;
    let mut text = *b"0000-00-00";
    text[..2].copy_from_slice(&TWO[year / 100]);
    text[2..4].copy_from_slice(&TWO[year % 100]);
    text[5..7].copy_from_slice(&TWO[month as usize]);
    text[8..].copy_from_slice(&TWO[day as usize]);
    out.extend_from_slice(&text);
}

/// Appends a date-time as `yyyy-MM-ddTHH:mm:ssZ`; `seconds` are counted from 1970-01-01T00:00:00Z.
pub fn push_date_time(out: &mut Vec<u8>, seconds: i64) {
    push_date(out, whole_days(seconds));
    let clock = clock_text(seconds);
    out.push(b'T');
    out.extend_from_slice(&clock);
    out.push(b'Z');
}

/// The day of a moment. Moments beyond the `i32` days do not occur and are cut.
fn whole_days(seconds: i64) -> i32 {
    i32::try_from(seconds.div_euclid(86_400)).unwrap_or(i32::MAX)
}

/// `HH:mm:ss` of a moment.
fn clock_text(seconds: i64) -> [u8; 8] {
    let second = seconds.rem_euclid(86_400) as usize;
    let mut text = *b"00:00:00";
    text[..2].copy_from_slice(&TWO[second / 3_600]);
    text[3..5].copy_from_slice(&TWO[second / 60 % 60]);
    text[6..].copy_from_slice(&TWO[second % 60]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::literal;

    fn printed(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test] // web-api 22
    fn dates_have_no_fraction_and_end_in_z() {
        let text = "2031-04-05T06:07:08Z";
        let seconds = literal::date_time(text).unwrap();
        assert_eq!(printed(|o| push_date_time(o, seconds)), text);
        assert_eq!(printed(|o| push_date_time(o, literal::SECONDS_MIN)), "1753-01-01T00:00:00Z");
        assert_eq!(printed(|o| push_date_time(o, literal::SECONDS_MAX)), "9999-12-31T23:59:59Z");
        assert_eq!(printed(|o| push_date_time(o, i64::MAX)).len(), 20);
        assert_eq!(printed(|o| push_date(o, -1)), "1969-12-31");
    }

    #[test]
    fn decimals_print_their_scale() {
        for (mantissa, scale, text) in [(200_000_000, 4, "20000.0000"), (5, 2, "0.05"), (-5, 1, "-0.5"), (0, 4, "0.0000"), (12, 0, "12"), (-12, 2, "-0.12")] {
            assert_eq!(printed(|o| push_decimal(o, mantissa, scale)), text);
        }
        assert_eq!(printed(|o| push_decimal(o, i128::MIN, 255)).len(), 258);
    }

    #[test]
    fn guids_and_numbers() {
        let text = "00112233-4455-6677-8899-aabbccddeeff";
        assert_eq!(printed(|o| push_guid(o, &literal::guid(text).unwrap())), text);
        assert_eq!(printed(|o| push_integer(o, i64::MIN)), "-9223372036854775808");
        assert_eq!(printed(|o| push_double(o, 47.63958)), "47.63958");
        assert_eq!(printed(|o| push_double(o, f64::NEG_INFINITY)), "-INF");
    }
}
