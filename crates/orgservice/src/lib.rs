//! The Organization Service front: SOAP requests become requests of the organization, and its answers become envelopes.
//!
//! [`respond`] is the entry. Like the Web API it parses, lowers with the definitions that the organization gives, executes and writes; it holds no state between
//! requests.
//!
//! - `route`, `respond`: addresses, envelopes, who is acted for; `operations`: the eight operations; `fault`: errors.
//! - `messages/`: messages of Execute; `records`: rows as clients write them; `rows`: rows of answers; `values`: values of columns both ways.
//! - `definition`: definitions as elements and back.
//! - `tree`: whole answers by the types of the wire, for tests and tools.
//! - `namespaces` and `contracts`: the types of the wire as data; `wsdl`: descriptions for toolkits, made from them; `xml/`: elements in and out.

#[allow(dead_code, reason = "the front's other modules come to use all of it")]
mod contracts;
mod definition;
mod discovery;
mod fault;
mod messages;
#[allow(dead_code, reason = "the front's other modules come to use all of it")]
mod namespaces;
mod operations;
mod records;
mod respond;
mod route;
mod rows;
#[cfg(any(test, feature = "test-support"))]
mod tree;
mod values;
mod wsdl;
mod xml;

pub use messages::message_names;
pub use respond::{refuse, respond};
pub use route::Service;
#[cfg(any(test, feature = "test-support"))]
pub use tree::rewrite;
