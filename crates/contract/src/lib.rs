//! What every door shows alike and is no syntax: a front says the same things as another, in letters of its own.
//!
//! - [`formatted`]: what people read instead of a value; [`columns`]: where the values of rows stand; [`companions`]: the
//!   columns that come along unasked.
//! - [`definitions`]: tables, columns and the like as typed values, and back.
//! - [`paging`]: the cookie that leads from page to page, which clients carry from door to door.
//!
//! Nothing here knows JSON, XML or HTTP, and no rule of the service stands here: those are in `driftless-core`.

pub mod columns;
pub mod companions;
pub mod definitions;
pub mod error;
pub mod formatted;
pub mod paging;
