//! What an address of the issuer asks for (AUTH-01, AUTH-02). Letter case and a trailing slash do not matter.

use uuid::Uuid;

/// How this organization is named in addresses: by id, and by name if that can stand in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) name: Option<String>,
}

impl Tenant {
    /// A name of letters, digits and hyphens can stand in an address.
    pub(crate) fn new(id: Uuid, name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let fits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        Self { id, name: (fits && !RESERVED.contains(&name.as_str())).then_some(name) }
    }

    pub(crate) fn is(&self, segment: &str) -> bool {
        self.name.as_deref() == Some(segment) || Uuid::try_parse(segment) == Ok(self.id)
    }
}

/// First segments that mean something else.
const RESERVED: [&str; 7] = ["adfs", "common", "organizations", "api", "xrmservices", "discovery", "signin"];

/// Which family of clients an authority is shaped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `/adfs`: works with the default settings of most libraries.
    AdFs,
    /// `/{tenant}/oauth2/…`, with a `resource` instead of scopes.
    First,
    /// `/{tenant}/oauth2/v2.0/…`.
    Second,
}

/// An issuer as clients address it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) shape: Shape,
    /// The first segment, in lower case: `adfs`, or the tenant as the client spelled it.
    pub(crate) segment: String,
}

impl Authority {
    /// The authority that is advertised.
    pub(crate) fn ad_fs() -> Self {
        Self { shape: Shape::AdFs, segment: "adfs".to_owned() }
    }

    /// `iss` of its tokens.
    pub(crate) fn issuer(&self, origin: &str) -> String {
        match self.shape {
            Shape::AdFs | Shape::First => format!("{origin}/{}", self.segment),
            Shape::Second => format!("{origin}/{}/v2.0", self.segment),
        }
    }

    /// Address of an endpoint.
    pub(crate) fn endpoint(&self, origin: &str, endpoint: Endpoint) -> String {
        let version = if self.shape == Shape::Second { "v2.0/" } else { "" };
        format!("{origin}/{}/oauth2/{version}{}", self.segment, endpoint.name())
    }

    /// Address of the published keys.
    pub(crate) fn keys(&self, origin: &str) -> String {
        let version = if self.shape == Shape::Second { "v2.0/" } else { "" };
        format!("{origin}/{}/discovery/{version}keys", self.segment)
    }
}

/// Where a client sends people or requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    Authorize,
    DeviceCode,
}

impl Endpoint {
    const ALL: [Self; 3] = [Self::Token, Self::Authorize, Self::DeviceCode];

    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Authorize => "authorize",
            Self::DeviceCode => "devicecode",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }
}

/// An address of the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// OpenID configuration of an authority.
    Configuration(Authority),
    /// The published keys.
    Keys,
    /// An endpoint of an authority.
    Endpoint(Authority, Endpoint),
    /// The page that gives the first administrator a password.
    Setup,
    /// The page for the code that a device shows.
    Device,
    /// A script or style of the pages.
    Asset(String),
    /// `/.well-known/webfinger` (AUTH-09).
    WebFinger,
    /// `/common/discovery/instance` (AUTH-10).
    Instance,
    /// `/common/userrealm/{name}` (AUTH-10).
    UserRealm,
}

impl Route {
    /// The route of a path; `None` if it is not the issuer's.
    pub(crate) fn parse(path: &str, tenant: &Tenant) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path).to_ascii_lowercase();
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            [".well-known", "openid-configuration"] => Some(Self::Configuration(Authority::ad_fs())),
            [".well-known", "webfinger"] => Some(Self::WebFinger),
            ["common", "discovery", "instance"] => Some(Self::Instance),
            ["common", "userrealm", _] => Some(Self::UserRealm),
            ["discovery", "keys"] => Some(Self::Keys),
            ["signin", "setup"] => Some(Self::Setup),
            ["signin", "device"] => Some(Self::Device),
            ["signin", name] => Some(Self::Asset((*name).to_owned())),
            [first, rest @ ..] if *first == "adfs" || tenant.is(first) => Self::of_authority(first, rest),
            _ => None,
        }
    }

    fn of_authority(first: &str, rest: &[&str]) -> Option<Self> {
        let authority = |shape| Authority { shape, segment: first.to_owned() };
        let plain = if first == "adfs" { Shape::AdFs } else { Shape::First };
        match rest {
            [".well-known", "openid-configuration"] => Some(Self::Configuration(authority(plain))),
            ["v2.0", ".well-known", "openid-configuration"] => Some(Self::Configuration(authority(Shape::Second))),
            ["discovery", "keys"] | ["discovery", "v2.0", "keys"] => Some(Self::Keys),
            ["oauth2", name] => Some(Self::Endpoint(authority(plain), Endpoint::parse(name)?)),
            ["oauth2", "v2.0", name] => Some(Self::Endpoint(authority(Shape::Second), Endpoint::parse(name)?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // AUTH-01, AUTH-02
    fn addresses_of_all_shapes_whatever_their_case_and_last_slash() {
        let tenant = Tenant::new(Uuid::from_u128(7), "Contoso");
        let id = tenant.id;
        let token = |shape, segment: &str| Some(Route::Endpoint(Authority { shape, segment: segment.to_owned() }, Endpoint::Token));
        let text = id.to_string();
        for (path, expected) in [
            ("/adfs/oauth2/token".to_owned(), token(Shape::AdFs, "adfs")),
            ("/ADFS/OAuth2/Token/".to_owned(), token(Shape::AdFs, "adfs")),
            (format!("/{id}/oauth2/v2.0/token"), token(Shape::Second, &text)),
            (format!("/{id}/oauth2/token"), token(Shape::First, &text)),
            ("/contoso/oauth2/token".to_owned(), token(Shape::First, "contoso")),
            ("/fabrikam/oauth2/token".to_owned(), None),
            ("/common/oauth2/token".to_owned(), None),
            ("/common/userrealm/a@b".to_owned(), Some(Route::UserRealm)),
            ("/.well-known/openid-configuration".to_owned(), Some(Route::Configuration(Authority::ad_fs()))),
            ("/api/data/v9.2/accounts".to_owned(), None),
            ("/".to_owned(), None),
        ] {
            assert_eq!(Route::parse(&path, &tenant), expected, "{path}");
        }
        assert_eq!(Tenant::new(id, "API").name, None);
    }
}
