//! Blocking HTTP client of the Web API.
//!
//! In it: one reused connection with a bearer token and an optional certificate authority, bounded retries, delta links read page
//! by page, and the few typed calls that the command line makes (tables, alternate keys, records, solutions).
//!
//! Not in it: sign-in dialogs, knowledge of any table's columns, anything asynchronous. It works against every service that speaks the
//! same protocol, so it depends on no other crate of this workspace.
//!
//! Start reading at [`Connection`]; [`Changes`] is the reader of the change feed.

mod address;
mod answer;
mod changes;
mod connection;
mod error;
mod keys;
mod outbound;
mod outgoing;
mod records;
mod retry;
mod settings;
mod solutions;
mod tables;
mod tls;

#[cfg(any(test, feature = "test-support"))]
pub mod scripted;

pub use address::{Address, encode_component};
pub use answer::Answer;
pub use changes::{Change, Changes, ChangesOptions, version_of};
pub use connection::{Body, Connection, Exchange, Headers, Observer};
pub use error::{ClientError, Delivery, Result, code};
pub use keys::{KeyStatus, TableKey};
pub use outbound::Outbound;
pub use records::{Existence, KeyValue, RecordKey};
pub use retry::RetryPolicy;
pub use settings::Settings;
pub use solutions::{ImportOptions, ImportReport, Solution};
pub use tables::{TableColumn, TableSummary};
