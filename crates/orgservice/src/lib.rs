//! The Organization Service front: SOAP requests become requests of the organization, and its answers become envelopes.
//!
//! - `namespaces` and `contracts`: the types of the wire as data, from which WSDL and schemas are made; `xml/`: elements in and out.

mod contracts;
mod namespaces;
mod xml;
