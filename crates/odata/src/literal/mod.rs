//! Texts of single values, shared by JSON bodies, key values and filters: parsing here, printing in [`mod@print`].

mod calendar;
mod parse;
pub mod print;

pub use calendar::{DATE_MAX, DATE_MIN, SECONDS_MAX, SECONDS_MIN};
pub use parse::{DecimalParts, LiteralError, boolean, date, date_time, decimal, double, guid, int32, int64, integer, wall_time};
