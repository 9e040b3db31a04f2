//! What the issuer says of itself (AUTH-01, AUTH-09, AUTH-10).

use serde_json::{Value, json};

use super::form;
use super::route::{Authority, Endpoint, Tenant};

/// The relation that clients ask for (F-07 of the published clients).
const TRUSTED_REALM: &str = "http://schemas.microsoft.com/rel/trusted-realm";

/// OpenID configuration of an authority.
pub(crate) fn configuration(authority: &Authority, origin: &str, has_password_grant: bool) -> Value {
    let mut grants = vec!["client_credentials", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];
    grants.extend(has_password_grant.then_some("password"));
    json!({
        "issuer": authority.issuer(origin),
        "token_endpoint": authority.endpoint(origin, Endpoint::Token),
        "authorization_endpoint": authority.endpoint(origin, Endpoint::Authorize),
        "device_authorization_endpoint": authority.endpoint(origin, Endpoint::DeviceCode),
        "jwks_uri": authority.keys(origin),
        "grant_types_supported": grants,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256"],
    })
}

/// Answer of `/.well-known/webfinger`: for our own host without its port, since clients drop it.
pub(crate) fn web_finger(query: &str, origin: &str) -> Option<Value> {
    let host = host_of(origin)?;
    let own = format!("https://{host}");
    let asked = form::pairs(query).find(|(name, _)| name == "resource").map(|(_, value)| value)?;
    if !asked.eq_ignore_ascii_case(&own) {
        return None;
    }
    Some(json!({"subject": asked, "links": [{"rel": TRUSTED_REALM, "href": asked}]}))
}

/// Answer of `/common/discovery/instance`.
pub(crate) fn instance(origin: &str, tenant: &Tenant) -> Value {
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    json!({
        "tenant_discovery_endpoint": format!("{origin}/{}/v2.0/.well-known/openid-configuration", tenant.id),
        "api-version": "1.1",
        "metadata": [{"preferred_network": authority, "preferred_cache": authority, "aliases": [authority]}],
    })
}

/// The host of an origin, without its port.
fn host_of(origin: &str) -> Option<&str> {
    let (_, authority) = origin.split_once("://")?;
    let end = if authority.starts_with('[') { authority.find(']')? + 1 } else { authority.find(':').unwrap_or(authority.len()) };
    authority.get(..end)
}

#[cfg(test)]
mod tests {
    use super::{TRUSTED_REALM, web_finger};

    #[test] // AUTH-09
    fn the_finger_points_at_our_own_host_only() {
        let asked = |resource: &str, origin: &str| web_finger(&format!("rel={TRUSTED_REALM}&resource={resource}"), origin);
        let found = asked("https://localhost", "https://localhost:8443").unwrap();
        assert_eq!(found["links"][0]["href"], "https://localhost");
        assert_eq!(found["links"][0]["rel"], TRUSTED_REALM);
        assert!(asked("https%3A%2F%2F%5B%3A%3A1%5D", "https://[::1]:8443").is_some());
        for (resource, origin) in
            [("https://other", "https://localhost"), ("http://localhost", "https://localhost"), ("https://localhost:8443", "https://localhost:8443")]
        {
            assert!(asked(resource, origin).is_none(), "{resource}");
        }
        assert!(web_finger("", "https://localhost").is_none());
    }
}
