//! OData syntax in both directions: addresses, query options, `$filter`, JSON, headers, batch framing,
//! and links.
//!
//! Text goes in, plain syntax trees come out, and back. Nothing here knows tables, columns, records or HTTP
//! servers: whether `accounts(x='1')` is a key or a call is decided by who has the definitions. Every bound
//! is a field of a small limits structure that the caller passes. Texts of single values, which other wire
//! formats share, are in `driftless_model::literal`.
//!
//! Start reading at [`url::parse_path`] and [`query::QueryOptions::parse`] for requests, at [`json`] for bodies.

pub mod apply;
pub mod batch;
pub mod csdl;
mod error;
pub mod filter;
pub mod headers;
pub mod json;
pub mod link;
pub mod percent;
pub mod query;
pub mod record;
pub mod url;

pub use error::{ParseError, ParseErrorKind};
