//! Texts of single values, shared by every wire format: parsing here, printing in [`mod@print`].

mod calendar;
mod column;
mod parse;
pub mod print;

pub use calendar::{DATE_MAX, DATE_MIN, SECONDS_MAX, SECONDS_MIN};
pub use column::{value_of_column, value_of_shape};
pub use parse::{DecimalParts, LiteralError, boolean, date, date_time, decimal, double, guid, hex_value, int32, int64, integer, wall_time};
