//! What the doors refuse in the same words.

use driftless_model::{Error, ErrorCode};

/// A property in a query that the type does not have (0x80060888).
#[must_use]
pub fn no_such_property(property: &str, type_name: &str) -> Error {
    let property: String = property.chars().take(128).collect();
    Error::new(ErrorCode::ODataError, format!("Could not find a property named '{property}' on type 'Microsoft.Dynamics.CRM.{type_name}'."))
}

/// Something that the interface has and this version of the service does not (0x80040315): the sentence names it.
#[must_use]
pub fn not_offered(what: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("{what} is not offered by this version of the service."))
}
