//! Forms in which stores keep numbers so that bytes or integers order as the numbers do.

use rust_decimal::Decimal;

use crate::{Error, ErrorCode, Result};

/// Digits after the point that decimals keep (MD-21).
const DECIMAL_SCALE: u32 = 10;

/// A decimal as 16 bytes that order as the numbers do: units of 10^-10 in a big-endian integer with its sign bit turned.
///
/// # Errors
/// 0x80044330 when the number has more than 10 digits after the point or is too large.
pub fn decimal_to_order_bytes(value: Decimal) -> Result<[u8; 16]> {
    let value = value.normalize();
    let out_of_range =
        || Error::new(ErrorCode::DecimalValueOutOfRange, format!("The decimal {value} is out of range or has more than 10 digits after the point."));
    let raise = DECIMAL_SCALE.checked_sub(value.scale()).ok_or_else(out_of_range)?;
    let units = 10_i128.checked_pow(raise).and_then(|factor| value.mantissa().checked_mul(factor)).ok_or_else(out_of_range)?;
    Ok((units ^ i128::MIN).to_be_bytes())
}

/// The decimal that [`decimal_to_order_bytes`] made these bytes of; null-like input of another length gives none.
pub fn decimal_from_order_bytes(bytes: &[u8]) -> Option<Decimal> {
    let units = i128::from_be_bytes(bytes.try_into().ok()?) ^ i128::MIN;
    Decimal::try_from_i128_with_scale(units, DECIMAL_SCALE).ok().map(|value| value.normalize())
}

/// Money in ten-thousandths from a decimal; further digits are rounded half away from zero.
///
/// # Errors
/// 0x80044330 when it does not fit.
pub fn money_from_decimal(value: Decimal) -> Result<i64> {
    let rounded = value.round_dp_with_strategy(4, rust_decimal::RoundingStrategy::MidpointAwayFromZero).normalize();
    10_i128
        .checked_pow(4 - rounded.scale().min(4))
        .and_then(|factor| rounded.mantissa().checked_mul(factor))
        .and_then(|units| i64::try_from(units).ok())
        .ok_or_else(|| Error::new(ErrorCode::DecimalValueOutOfRange, format!("The amount {value} is out of range.")))
}

/// Money in ten-thousandths as a decimal with four digits after the point.
pub fn money_to_decimal(units: i64) -> Decimal {
    Decimal::new(units, 4)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn decimals_keep_value_and_order() {
        let numbers = ["-100000000000", "-1.5", "-0.0000000001", "0", "0.0000000001", "1", "1.5", "99999999999.9999999999", "100000000000"];
        let bytes: Vec<_> = numbers.iter().map(|n| decimal_to_order_bytes(Decimal::from_str(n).unwrap()).unwrap()).collect();
        assert!(bytes.is_sorted());
        for (text, bytes) in numbers.iter().zip(&bytes) {
            assert_eq!(decimal_from_order_bytes(bytes).unwrap(), Decimal::from_str(text).unwrap());
        }
        assert!(decimal_to_order_bytes(Decimal::from_str("0.00000000001").unwrap()).is_err());
        assert!(decimal_to_order_bytes(Decimal::MAX).is_err());
    }

    #[test]
    fn money_rounds_to_four_digits() {
        for (text, units) in [("1", 10_000), ("0.00005", 1), ("-0.00005", -1), ("922337000000000", 9_223_370_000_000_000_000)] {
            assert_eq!(money_from_decimal(Decimal::from_str(text).unwrap()).unwrap(), units);
        }
        assert!(money_from_decimal(Decimal::from_str("99999999999999999").unwrap()).is_err());
    }
}
