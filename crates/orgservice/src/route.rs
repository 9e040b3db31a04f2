//! Which addresses are ours (organization-service 1): with or without an organization before them, in any case, with or without a slash at the end.

/// A service of the Organization Service's family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `Organization.svc`, and `Organization.svc/web`, which is the same.
    Organization,
    /// `Discovery.svc`.
    Discovery,
}

impl Service {
    /// The service at a path.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let mut segments = path.trim_end_matches('/').strip_prefix('/')?.split('/');
        let first = segments.next()?;
        let is_root = |segment: &str| segment.eq_ignore_ascii_case("XRMServices");
        if !is_root(first) && !is_root(segments.next()?) {
            return None;
        }
        if segments.next()? != "2011" {
            return None;
        }
        let (name, rest) = (segments.next()?, segments.next());
        let is_web = rest.is_some_and(|rest| rest.eq_ignore_ascii_case("web"));
        if segments.next().is_some() || (rest.is_some() && !is_web) {
            return None;
        }
        if name.eq_ignore_ascii_case("Organization.svc") {
            return Some(Self::Organization);
        }
        name.eq_ignore_ascii_case("Discovery.svc").then_some(Self::Discovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // organization-service 1
    fn addresses_of_the_services() {
        for (path, expected) in [
            ("/XRMServices/2011/Organization.svc", Some(Service::Organization)),
            ("/xrmservices/2011/organization.svc/WEB/", Some(Service::Organization)),
            ("/drf/XRMServices/2011/Organization.svc/web", Some(Service::Organization)),
            ("/XRMServices/2011/Discovery.svc", Some(Service::Discovery)),
            ("/drf/x/XRMServices/2011/Organization.svc", None),
            ("/XRMServices/2012/Organization.svc", None),
            ("/XRMServices/2011/Organization.svc/other", None),
            ("/XRMServices/2011/OrganizationData.svc", None),
            ("/XRMServices", None),
            ("", None),
        ] {
            assert_eq!(Service::of(path), expected, "{path}");
        }
    }
}
