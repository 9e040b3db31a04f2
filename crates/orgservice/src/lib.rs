//! The Organization Service front: SOAP requests become requests of the organization, and its answers become envelopes.
//!
//! - `namespaces` and `contracts`: the types of the wire as data; `wsdl`: descriptions for toolkits, made from them; `xml/`: elements in and out.

#[allow(dead_code, reason = "the front's other modules come to use all of it")]
mod contracts;
#[allow(dead_code, reason = "the front's other modules come to use all of it")]
mod namespaces;
pub mod wsdl;
mod xml;
