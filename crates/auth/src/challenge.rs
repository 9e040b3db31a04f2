//! What a caller without a valid token is told.

/// Error code of every 401 of the Web API (AUTH-24).
pub const REFUSED_CODE: &str = "0x8005f101";

/// Error text of every 401 of the Web API (AUTH-24).
pub const REFUSED_MESSAGE: &str = "The requested resource requires authentication.";

/// The value of `WWW-Authenticate` in a 401, in the form that clients of the service read (web-api 31).
///
/// `origin` is scheme, host and port as the client used them, without a trailing slash. Both values are quoted and the
/// blank after the comma is kept, since clients split at it.
#[must_use]
pub fn challenge(origin: &str) -> String {
    format!("Bearer authorization_uri=\"{origin}/adfs/oauth2/authorize\", resource_id=\"{origin}/\"")
}

#[cfg(test)]
mod tests {
    use super::challenge;

    #[test] // web-api 31
    fn both_values_are_quoted_and_separated_by_comma_and_blank() {
        assert_eq!(
            challenge("https://localhost:8443"),
            "Bearer authorization_uri=\"https://localhost:8443/adfs/oauth2/authorize\", resource_id=\"https://localhost:8443/\""
        );
    }
}
