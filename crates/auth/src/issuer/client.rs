//! Which application asks, and whether it is who it says (AUTH-03).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use uuid::Uuid;

use super::fault::Fault;
use super::form::{self, Form};
use crate::applications::{Application, Applications};

/// What a client gave to prove who it is.
#[derive(Debug)]
pub(super) enum Proof {
    /// Nothing.
    None,
    /// Its secret.
    Secret(String),
    /// A signed assertion (AUTH-15).
    Assertion(String),
}

/// Who asks, and by what proof.
pub(super) fn named(headers: &HeaderMap, form: &Form) -> Result<(Uuid, Proof), Fault> {
    let basic = basic(headers)?;
    let posted = form.get("client_id");
    let id = match (&basic, posted) {
        (Some((id, _)), Some(posted)) if id != posted => {
            return Err(Fault::invalid_request("The client id of the header is another than that of the body."));
        }
        (Some((id, _)), _) => id.as_str(),
        (None, Some(posted)) => posted,
        (None, None) => return Err(Fault::missing("client_id")),
    };
    let id = Uuid::try_parse(id).map_err(|_| unknown())?;
    let secret = form.get("client_secret");
    let assertion = form.get("client_assertion");
    let proof = match (basic, secret, assertion) {
        (Some((_, secret)), None, None) => Proof::Secret(secret),
        (None, Some(secret), None) => Proof::Secret(secret.to_owned()),
        (None, None, Some(assertion)) => {
            if form.get("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
                return Err(Fault::invalid_request("The client_assertion_type must be that of a JWT bearer assertion."));
            }
            Proof::Assertion(assertion.to_owned())
        }
        (None, None, None) => Proof::None,
        _ => return Err(Fault::invalid_request("A client proves itself in one way: by header, by client_secret, or by client_assertion.")),
    };
    Ok((id, proof))
}

/// The application of this id.
pub(super) fn find(applications: &Applications, id: Uuid) -> Result<&Application, Fault> {
    applications.find(id).ok_or_else(unknown)
}

fn unknown() -> Fault {
    Fault::new("invalid_client", 700_016, "There is no application with this client id. Register it, or see whether the address is that of the right service.")
}

/// Client id and secret of a Basic header, each form-encoded (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Fault> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(|text| {
        let (scheme, encoded) = text.split_once(' ')?;
        let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((decoded(id), decoded(secret)))
    });
    parsed.map(Some).ok_or_else(|| Fault::new("invalid_client", 7_000_218, "The Authorization header is not Basic with a client id and a secret."))
}

fn decoded(text: &str) -> String {
    // A name without `=` and `&` is decoded as the one name of a form.
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    form::pairs(&escaped).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(basic: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(basic))).unwrap());
        headers
    }

    #[test] // AUTH-03
    fn secrets_by_header_or_body_but_not_both() {
        let id = "51f81489-12ee-4a9e-aaae-a2591f45987d";
        let posted = Form::parse(&format!("client_id={id}&client_secret=s%3D1")).unwrap();
        let (_, proof) = named(&HeaderMap::new(), &posted).unwrap();
        assert!(matches!(proof, Proof::Secret(secret) if secret == "s=1"));
        let (_, proof) = named(&headers(&format!("{id}:s%3D1")), &Form::default()).unwrap();
        assert!(matches!(proof, Proof::Secret(secret) if secret == "s=1"));
        assert_eq!(named(&headers(&format!("{id}:x")), &posted).unwrap_err().error, "invalid_request");
        assert_eq!(named(&headers("other:x"), &posted).unwrap_err().error, "invalid_request");
        assert_eq!(named(&headers("other:x"), &Form::default()).unwrap_err().error, "invalid_client");
        assert_eq!(named(&HeaderMap::new(), &Form::default()).unwrap_err().error, "invalid_request");
    }
}
