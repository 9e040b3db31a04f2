//! Reading the texts of values (web-api 7, 22).

use super::calendar::{DATE_MAX, DATE_MIN, SECONDS_MAX, SECONDS_MIN, days_from_civil, days_in_month};

/// Why a text is not a value of the wanted type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiteralError {
    /// The text has another form.
    Malformed,
    /// The form is right, the value is outside the range.
    OutOfRange,
}

/// An exact decimal number: `mantissa` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecimalParts {
    /// All digits, with the sign.
    pub mantissa: i128,
    /// Digits after the point; zeros at the end are kept.
    pub scale: u8,
}

/// Most digits after the point that [`decimal`] accepts.
const SCALE_MAX: u8 = 38;

/// A date-time as seconds since 1970-01-01T00:00:00Z.
///
/// RFC 3339 with any offset and any fraction, which is cut; seconds may be absent, a missing offset means
/// UTC, a bare date means midnight.
///
/// # Errors
/// `OutOfRange` outside the years 1753 to 9999.
pub fn date_time(text: &str) -> Result<i64, LiteralError> {
    let (days, rest) = date_prefix(text.as_bytes())?;
    let seconds = if rest.is_empty() { 0 } else { time_part(rest)? };
    let seconds = i64::from(days) * 86_400 + seconds;
    if (SECONDS_MIN..=SECONDS_MAX).contains(&seconds) { Ok(seconds) } else { Err(LiteralError::OutOfRange) }
}

/// A date and time of day as written, as seconds since 1970-01-01T00:00:00 of the same clock: an offset is checked and dropped. Otherwise as [`date_time`].
///
/// # Errors
/// `OutOfRange` outside the years 1753 to 9999.
pub fn wall_time(text: &str) -> Result<i64, LiteralError> {
    let (days, rest) = date_prefix(text.as_bytes())?;
    let seconds = if rest.is_empty() { 0 } else { clock_and_offset(rest)?.0 };
    let seconds = i64::from(days) * 86_400 + seconds;
    if (SECONDS_MIN..=SECONDS_MAX).contains(&seconds) { Ok(seconds) } else { Err(LiteralError::OutOfRange) }
}

/// A date as days since 1970-01-01. A time part after it is checked and dropped: the date counts as written.
///
/// # Errors
/// `OutOfRange` outside the years 1753 to 9999.
pub fn date(text: &str) -> Result<i32, LiteralError> {
    let (days, rest) = date_prefix(text.as_bytes())?;
    if !rest.is_empty() {
        time_part(rest)?;
    }
    if (DATE_MIN..=DATE_MAX).contains(&days) { Ok(days) } else { Err(LiteralError::OutOfRange) }
}

/// The date `yyyy-MM-dd` at the start, and what follows it.
fn date_prefix(bytes: &[u8]) -> Result<(i32, &[u8]), LiteralError> {
    let (head, rest) = bytes.split_at_checked(10).ok_or(LiteralError::Malformed)?;
    if head[4] != b'-' || head[7] != b'-' {
        return Err(LiteralError::Malformed);
    }
    let year = number(&head[..4])? as i32;
    let month = number(&head[5..7])?;
    let day = number(&head[8..])?;
    if day == 0 || day > days_in_month(year, month) {
        return Err(LiteralError::Malformed);
    }
    Ok((days_from_civil(year, month, day), rest))
}

/// Seconds since midnight UTC of `Thh:mm[:ss[.f]][offset]`; may be negative or beyond a day by the offset.
fn time_part(bytes: &[u8]) -> Result<i64, LiteralError> {
    clock_and_offset(bytes).map(|(clock, offset)| clock - offset)
}

/// Seconds since midnight as written, and the offset from UTC in seconds.
fn clock_and_offset(bytes: &[u8]) -> Result<(i64, i64), LiteralError> {
    let (b'T' | b't' | b' ', bytes) = bytes.split_first().ok_or(LiteralError::Malformed)? else {
        return Err(LiteralError::Malformed);
    };
    let (minutes, mut rest) = hours_minutes(bytes)?;
    let mut seconds = minutes * 60;
    if let [b':', tens, ones, after @ ..] = rest {
        let whole = number(&[*tens, *ones])?;
        if whole > 59 {
            return Err(LiteralError::Malformed);
        }
        seconds += i64::from(whole);
        rest = fraction(after)?;
    }
    match rest {
        [] | b"Z" | b"z" => Ok((seconds, 0)),
        [sign @ (b'+' | b'-'), offset @ ..] => {
            let (minutes, []) = hours_minutes(offset)? else {
                return Err(LiteralError::Malformed);
            };
            Ok((seconds, if *sign == b'+' { minutes * 60 } else { -minutes * 60 }))
        }
        _ => Err(LiteralError::Malformed),
    }
}

/// Skips a fraction of a second, if there is one.
fn fraction(bytes: &[u8]) -> Result<&[u8], LiteralError> {
    let [b'.', digits @ ..] = bytes else {
        return Ok(bytes);
    };
    match digits.iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => Err(LiteralError::Malformed),
        count => Ok(&digits[count..]),
    }
}

/// `hh:mm` as minutes, and what follows.
fn hours_minutes(bytes: &[u8]) -> Result<(i64, &[u8]), LiteralError> {
    let (head, rest) = bytes.split_at_checked(5).ok_or(LiteralError::Malformed)?;
    let hours = number(&head[..2])?;
    let minutes = number(&head[3..])?;
    if head[2] != b':' || hours > 23 || minutes > 59 {
        return Err(LiteralError::Malformed);
    }
    Ok((i64::from(hours * 60 + minutes), rest))
}

/// A few ASCII digits as a number; the callers pass at most four.
fn number(digits: &[u8]) -> Result<u32, LiteralError> {
    digits.iter().try_fold(0, |value: u32, digit| match digit {
        b'0'..=b'9' => Ok(value * 10 + u32::from(digit - b'0')),
        _ => Err(LiteralError::Malformed),
    })
}

/// A GUID as its 16 bytes in reading order: dashed, either case, braces tolerated.
///
/// # Errors
/// `Malformed` for anything else.
pub fn guid(text: &str) -> Result<[u8; 16], LiteralError> {
    let bytes = match text.as_bytes() {
        [b'{', inner @ .., b'}'] => inner,
        plain => plain,
    };
    let bytes: &[u8; 36] = bytes.try_into().map_err(|_| LiteralError::Malformed)?;
    let mut out = [0; 16];
    let mut at = 0;
    for (index, slot) in out.iter_mut().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            if bytes[at] != b'-' {
                return Err(LiteralError::Malformed);
            }
            at += 1;
        }
        let (Some(high), Some(low)) = (hex_value(bytes[at]), hex_value(bytes[at + 1])) else {
            return Err(LiteralError::Malformed);
        };
        *slot = high << 4 | low;
        at += 2;
    }
    Ok(out)
}

/// Value of a hexadecimal digit of either case.
#[must_use]
pub const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// A whole number between `min` and `max`, both included. A sign and leading zeros are accepted.
///
/// # Errors
/// `OutOfRange` for whole numbers outside the range, also for those beyond 64 bits.
pub fn integer(text: &str, min: i64, max: i64) -> Result<i64, LiteralError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(LiteralError::Malformed);
    }
    let value: i64 = text.parse().map_err(|_| LiteralError::OutOfRange)?;
    if (min..=max).contains(&value) { Ok(value) } else { Err(LiteralError::OutOfRange) }
}

/// A 32-bit whole number.
///
/// # Errors
/// As [`integer`].
pub fn int32(text: &str) -> Result<i32, LiteralError> {
    let value = integer(text, i64::from(i32::MIN), i64::from(i32::MAX))?;
    i32::try_from(value).map_err(|_| LiteralError::OutOfRange)
}

/// A 64-bit whole number.
///
/// # Errors
/// As [`integer`].
pub fn int64(text: &str) -> Result<i64, LiteralError> {
    integer(text, i64::MIN, i64::MAX)
}

/// An exact decimal number, with or without exponent. Nothing is rounded.
///
/// # Errors
/// `OutOfRange` when it needs more than 38 digits after the point or more than an `i128` holds.
pub fn decimal(text: &str) -> Result<DecimalParts, LiteralError> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, integer(exponent, -64, 64)?),
        None => (text, 0),
    };
    let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(LiteralError::Malformed);
    }
    let mut mantissa: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        mantissa = push_digit(mantissa, digit - b'0')?;
    }
    let mut scale = i64::try_from(fraction.len()).map_err(|_| LiteralError::OutOfRange)? - exponent;
    while scale < 0 {
        mantissa = push_digit(mantissa, 0)?;
        scale += 1;
    }
    let scale = u8::try_from(scale).map_err(|_| LiteralError::OutOfRange)?;
    if scale > SCALE_MAX {
        return Err(LiteralError::OutOfRange);
    }
    let mantissa = if number.starts_with('-') { -mantissa } else { mantissa };
    Ok(DecimalParts { mantissa, scale })
}

fn push_digit(mantissa: i128, digit: u8) -> Result<i128, LiteralError> {
    mantissa.checked_mul(10).and_then(|m| m.checked_add(i128::from(digit))).ok_or(LiteralError::OutOfRange)
}

/// A finite floating-point number.
///
/// # Errors
/// `OutOfRange` for numbers whose nearest value is infinite; names such as `NaN` are malformed.
pub fn double(text: &str) -> Result<f64, LiteralError> {
    if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return Err(LiteralError::Malformed);
    }
    let value: f64 = text.parse().map_err(|_| LiteralError::Malformed)?;
    if value.is_finite() { Ok(value) } else { Err(LiteralError::OutOfRange) }
}

/// `true` or `false` in any case: some clients write `True` (web-api 22).
///
/// # Errors
/// `Malformed` for anything else.
pub fn boolean(text: &str) -> Result<bool, LiteralError> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(LiteralError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MALFORMED: LiteralError = LiteralError::Malformed;
    const RANGE: LiteralError = LiteralError::OutOfRange;

    #[test] // web-api 22
    fn date_times_take_any_offset_and_fraction() {
        let expected = Ok(1_932_876_428);
        for text in ["2031-04-02T06:13:08Z", "2031-04-02T06:13:08", "2031-04-02t08:13:08.9999999+02:00", "2031-04-02 00:43:08.1-05:30"] {
            assert_eq!(date_time(text), date_time("2031-04-02T06:13:08Z"), "{text}");
        }
        assert_eq!(date_time("2031-04-02T06:13:08Z").map(|s| s / 86_400), expected.map(|s: i64| s / 86_400));
        assert_eq!(date_time("1970-01-02"), Ok(86_400));
        assert_eq!(date_time("1970-01-01T00:01Z"), Ok(60));
    }

    #[test]
    fn date_times_end_with_the_range() {
        assert_eq!(date_time("1753-01-01T00:00:00Z"), Ok(SECONDS_MIN));
        assert_eq!(date_time("1753-01-01T00:00:00+00:01"), Err(RANGE));
        assert_eq!(date_time("9999-12-31T23:59:59Z"), Ok(SECONDS_MAX));
        assert_eq!(date_time("9999-12-31T23:59:59-00:01"), Err(RANGE));
        assert_eq!(date("1752-12-31"), Err(RANGE));
    }

    #[test]
    fn malformed_dates_are_refused() {
        for bad in [
            "",
            "2031",
            "2031-02-29",
            "2031-13-01",
            "2031-00-01",
            "2031-01-00",
            "2031/01/01",
            "2031-01-01T",
            "2031-01-01T24:00:00Z",
            "2031-01-01T00:00:60Z",
            "2031-01-01T00:00:00.Z",
            "2031-01-01T00:00:00+2",
            "2031-01-01T00:00:00Zx",
            "2031-01-01T00:00:00+02:00x",
            "+031-01-01",
            "2031-01-01é",
        ] {
            assert_eq!(date_time(bad), Err(MALFORMED), "{bad}");
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_date_keeps_its_day_whatever_the_time_part_says() {
        assert_eq!(date("2031-04-05T23:30:00-08:00"), date("2031-04-05"));
    }

    #[test]
    fn guids_are_dashed_with_or_without_braces() {
        let plain = guid("00112233-4455-6677-8899-aAbBcCdDeEfF").unwrap();
        assert_eq!(plain[..3], [0, 0x11, 0x22]);
        assert_eq!(plain[15], 0xff);
        assert_eq!(guid("{00112233-4455-6677-8899-aabbccddeeff}"), Ok(plain));
        for bad in [
            "",
            "{}",
            "00112233445566778899aabbccddeeff",
            "{00112233-4455-6677-8899-aabbccddeeff",
            "0011223-34455-6677-8899-aabbccddeeff",
            "00112233-4455-6677-8899-aabbccddeefg",
        ] {
            assert_eq!(guid(bad), Err(MALFORMED), "{bad}");
        }
    }

    #[test]
    fn integers_tell_form_from_range() {
        assert_eq!(int32("-2147483648"), Ok(i32::MIN));
        assert_eq!(int32("2147483648"), Err(RANGE));
        assert_eq!(int64("9223372036854775808"), Err(RANGE));
        for bad in ["", "-", "1.0", "1e3", "0x1", " 1", "１"] {
            assert_eq!(int64(bad), Err(MALFORMED), "{bad}");
        }
    }

    #[test]
    fn decimals_keep_all_digits() {
        assert_eq!(decimal("20000.0000"), Ok(DecimalParts { mantissa: 200_000_000, scale: 4 }));
        assert_eq!(decimal("-0.5"), Ok(DecimalParts { mantissa: -5, scale: 1 }));
        assert_eq!(decimal("1.5e2"), Ok(DecimalParts { mantissa: 150, scale: 0 }));
        assert_eq!(decimal("15e-3"), Ok(DecimalParts { mantissa: 15, scale: 3 }));
        assert_eq!(decimal(&"9".repeat(40)), Err(RANGE));
        assert_eq!(decimal("1e999999999"), Err(RANGE));
        for bad in ["", ".", "-", "1.2.3", "e5", "1e", "NaN"] {
            assert_eq!(decimal(bad), Err(MALFORMED), "{bad}");
        }
    }

    #[test]
    fn doubles_and_booleans() {
        assert_eq!(double("4.5e1"), Ok(45.0));
        assert_eq!(double("1e999"), Err(RANGE));
        assert_eq!(double("inf"), Err(MALFORMED));
        assert_eq!(boolean("True"), Ok(true));
        assert_eq!(boolean("1"), Err(MALFORMED));
    }
}
