//! The OData Web API front: requests in the service's wire form become requests of the organization, and its answers become bytes.
//!
//! [`respond`] is the only entry. Its path is always the same: parse (syntax, by `driftless-odata`), lower (names to places, with the metadata
//! snapshot that the organization gives), execute, render. Nothing here holds state between requests, waits for a socket or knows SQL.
//!
//! - `call`: one request, with everything parsed that needs no definitions; `answer` and `error`: what goes back.
//! - `lower/`: keys, record bodies and query options to core's requests; `rows/`: result rows to JSON.
//! - `records/`, `changes`, `bulk`, `batch`, `messages`: the resources of rows; `definitions/`: those of definitions; `metadata/`: `$metadata`.

mod answer;
mod batch;
mod bulk;
mod call;
mod changes;
mod definitions;
mod error;
#[cfg(test)]
mod fixture;
mod lower;
mod messages;
mod metadata;
mod records;
mod respond;
mod route;
mod rows;
mod weight;
mod write;

pub use call::RequestId;
pub use respond::{is_bulk, refuse, respond};
pub use route::Route;
pub use weight::Weight;
